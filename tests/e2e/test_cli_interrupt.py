"""Ctrl+C while workers are drawing: the first finishes with the best so far, the second leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.files.territory_file import write_territory
from data.sample import make_town


def children_of(pid: int) -> str:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def begin(town: Path, plan: Path) -> subprocess.Popen[str]:
    """Start a drawing, and wait until its workers have begun."""
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
    deadline = time.monotonic() + 120
    while len(children_of(process.pid).split()) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert children_of(process.pid), "the drawing ended before it had workers"
    return process


def wait_for_word(process: subprocess.Popen[str]) -> None:
    """Read until the first Ctrl+C is answered: two that come before the program looks are one."""
    said = ""
    while "finishing with the best plan so far" not in said:
        line = process.stderr.readline()
        assert line, f"the program ended without a word:\n{said}"
        said += line


def wait_until_gone(pids: list[str]) -> None:
    deadline = time.monotonic() + 60
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_running, pids))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see the workers")
def test_a_second_ctrl_c_leaves_no_file_no_trace_and_no_worker(tmp_path) -> None:
    town, plan = tmp_path / "town.gpkg", tmp_path / "plan.gpkg"
    with begin(town, plan) as process:
        workers = children_of(process.pid).split()
        os.killpg(process.pid, signal.SIGINT)
        wait_for_word(process)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert err.strip().splitlines()[-1] == "Interrupted; nothing was written half."
    assert [path.name for path in tmp_path.iterdir()] == ["town.gpkg"]
    wait_until_gone(workers)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see the workers")
def test_the_first_ctrl_c_finishes_with_the_best_plan_so_far_and_says_so(tmp_path) -> None:
    town, plan = tmp_path / "town.gpkg", tmp_path / "plan.gpkg"
    with begin(town, plan) as process:
        workers = children_of(process.pid).split()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode in (0, 1)
    assert "finishing with the best plan so far" in err
    assert "Called off" in out
    assert plan.exists()
    checked = [sys.executable, "-m", "api.cli", "check", str(plan), str(town), "--json"]
    report = json.loads(subprocess.run(checked, capture_output=True, text=True, timeout=120).stdout)
    assert all(row["passed"] for row in report["checks"])
    wait_until_gone(workers)
