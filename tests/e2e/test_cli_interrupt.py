"""Ctrl+C while workers are drawing: the first finishes with the best so far, the second leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from data.files.territory_file import write_territory
from data.sample import make_town

WAIT_S = 300  # far more than any of it takes, however busy the machine


def workers_of(pid: int) -> list[str]:
    """Workers that have begun: from then on Ctrl+C is their parent's to answer."""
    children = read(pid, f"task/{pid}/children").decode().split()
    return [child for child in children if b"spawn_main" in read(child, "cmdline") and ignores_ctrl_c(child)]


def ignores_ctrl_c(pid: str) -> bool:
    ignored = next((line for line in read(pid, "status").splitlines() if line.startswith(b"SigIgn:")), b"SigIgn: 0")
    return bool(int(ignored.split()[1], 16) >> (signal.SIGINT - 1) & 1)


def is_running(pid: str) -> bool:
    return read(pid, "stat").rpartition(b")")[2].split()[:1] not in ([], [b"Z"])


def read(pid: str | int, name: str) -> bytes:
    """A file of the system about a process; empty when that has ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


@contextmanager
def drawing(town: Path, plan: Path) -> Iterator[subprocess.Popen[str]]:
    """A drawing whose workers have begun; none of it is left in the end, whatever happens."""
    write_territory(make_town(40_000, 1).territory, town)
    command = [sys.executable, "-m", "api.cli", "draw", str(town), "--out", str(plan), "--workers", "2", "--lang", "en"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that runs the tests in the background has Ctrl+C ignored, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + WAIT_S
        while process.poll() is None and len(workers_of(process.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert process.poll() is None, f"the drawing ended before it had workers:\n{process.stderr.read()}"
        assert len(workers_of(process.pid)) == 2
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for_word(process: subprocess.Popen[str]) -> None:
    """Read until the first Ctrl+C is answered: two that come before the program looks are one."""
    said = ""
    while "finishing with the best plan so far" not in said:
        line = process.stderr.readline()
        assert line, f"the program ended without a word:\n{said}"
        said += line


def wait_until_gone(pids: list[str]) -> None:
    deadline = time.monotonic() + WAIT_S
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_running, pids))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see the workers")
def test_a_second_ctrl_c_leaves_no_file_no_trace_and_no_worker(tmp_path) -> None:
    town, plan = tmp_path / "town.gpkg", tmp_path / "plan.gpkg"
    with drawing(town, plan) as process:
        workers = workers_of(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        wait_for_word(process)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130, err
    assert out == ""
    assert err.strip().splitlines()[-1] == "Interrupted; nothing was written half."
    assert [path.name for path in tmp_path.iterdir()] == ["town.gpkg"]
    wait_until_gone(workers)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see the workers")
def test_the_first_ctrl_c_finishes_with_the_best_plan_so_far_and_says_so(tmp_path) -> None:
    town, plan = tmp_path / "town.gpkg", tmp_path / "plan.gpkg"
    with drawing(town, plan) as process:
        workers = workers_of(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode in (0, 1)
    assert "finishing with the best plan so far" in err
    assert "Called off" in out
    assert plan.exists()
    checked = [sys.executable, "-m", "api.cli", "check", str(plan), str(town), "--json"]
    report = json.loads(subprocess.run(checked, capture_output=True, text=True, timeout=WAIT_S).stdout)
    assert all(row["passed"] for row in report["checks"])
    wait_until_gone(workers)
