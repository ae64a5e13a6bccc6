"""Tasks for the tests of executors: functions that workers find by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from partition.stop import Call


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


def wait_for_the_end(task: float, is_called_off: Call) -> str:
    end = time.monotonic() + task
    while time.monotonic() < end:
        if is_called_off():
            return "called off"
        time.sleep(0.02)
    return "slept"


def deaf(task: float, is_called_off: Call) -> str:
    time.sleep(task)
    return "slept"
