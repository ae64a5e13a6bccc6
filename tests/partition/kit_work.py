"""Tasks for the tests of executors: functions that workers find by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from partition.stop import Call

_AN_HOUR_S = 3600


def square(task: int, is_called_off: Call) -> tuple[int, int]:
    return task, task * task


def refuse(task: int, is_called_off: Call) -> int:
    raise ValueError(f"task {task}")


def kill_once(task: tuple[int, str], is_called_off: Call) -> int:
    """Kill the own worker the first time task 3 is met; a file remembers."""
    number, folder = task
    with (Path(folder) / "log").open("a") as log:
        log.write(f"{number}\n")
    mark = Path(folder) / "killed"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def kill_always(task: int, is_called_off: Call) -> int:
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def listen(folder: str, is_called_off: Call) -> str:
    """Leave a mark on beginning, then wait to be called off; without a folder there is nothing to wait for."""
    if not folder:
        return "nothing to do"
    _mark(folder)
    for _ in range(_AN_HOUR_S * 50):
        if is_called_off():
            return "called off"
        time.sleep(0.02)
    return "nobody called"


def deaf(folder: str, is_called_off: Call) -> str:
    """Leave a mark on beginning, then listen to nobody for longer than any test lasts."""
    _mark(folder)
    time.sleep(_AN_HOUR_S)
    return "slept"


def n_begun(folder: Path) -> int:
    """How many tasks have left a mark."""
    return len(list(folder.glob("begun-*")))


def _mark(folder: str) -> None:
    (Path(folder) / f"begun-{os.getpid()}").touch()
