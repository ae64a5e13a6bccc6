"""Ctrl+C while workers are drawing: one sentence, status 130, nothing on the disk."""

from __future__ import annotations

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


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see the workers")
def test_an_interrupted_drawing_leaves_no_file_no_trace_and_no_worker(tmp_path) -> None:
    town, plan = tmp_path / "town.gpkg", tmp_path / "plan.gpkg"
    write_territory(make_town(40_000, 1).territory, town)
    command = [sys.executable, "-m", "api.cli", "draw", str(town), "--out", str(plan), "--workers", "2", "--lang", "en"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 120
        while not children_of(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = children_of(process.pid).split()
        assert workers, "the drawing ended before it had workers"
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err == "Interrupted; nothing was written half.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["town.gpkg"]
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_running, workers))
