"""What tests of jobs share: a small town in a store, jobs asked for, workers in this process and apart from it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.jobs import worker
from api.jobs.hold import Hold
from api.jobs.params import draw_params
from api.jobs.worker import Worker
from data.store import Act, SqlStore, Tx
from data.store.rooms.jobs import JobCard, JobEvent
from gis.territory import Territory
from partition.executor import Executor

CAP_S = 180.0
"""Longest wait for something that has to happen."""


def now() -> datetime:
    return datetime.now(UTC)


def by(who: str = "tester", jurisdiction: str = "") -> Act:
    return Act(who, now(), jurisdiction)


def load(store: SqlStore, territory: Territory) -> str:
    """A territory in the store; returns its id."""
    with store.write(by()) as tx:
        return tx.territories.save(territory, "town").id


def ask_draw(store: SqlStore, territory: str, *, jurisdiction: str = "", **options: Any) -> str:
    with store.write(by(jurisdiction=jurisdiction)) as tx:
        place = jurisdiction or tx.territories.card(territory).county
        return tx.jobs.ask("draw", draw_params(territory, name="drawn", **options), place=place).id


def card_of(store: SqlStore, job: str) -> JobCard:
    with store.read() as tx:
        return tx.jobs.card(job)


def events_of(store: SqlStore, job: str) -> list[JobEvent]:
    with store.read() as tx:
        return tx.jobs.events({job: 0})


def wait_for(is_so: Callable[[], Any], what: str, *, cap_s: float = CAP_S) -> Any:
    """Wait for something to be so, with a generous cap; returns what ``is_so`` said."""
    end = time.monotonic() + cap_s
    while time.monotonic() < end:
        if found := is_so():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {cap_s} s in vain for: {what}")


def wait_for_end(store: SqlStore, *jobs: str) -> list[JobCard]:
    wait_for(lambda: all(card_of(store, job).has_ended for job in jobs), f"the end of {jobs}")
    return [card_of(store, job) for job in jobs]


def run_worker_until(store: SqlStore, *jobs: str, meanwhile: Callable[[Worker], None] | None = None) -> list[JobCard]:
    """Run a worker in this process until jobs have ended; ``meanwhile`` runs beside it."""
    worker = Worker(store, workers=1, now=now)
    wrong: list[BaseException] = []

    def watch() -> None:
        try:
            if meanwhile is not None:
                meanwhile(worker)
            wait_for_end(store, *jobs)
        except BaseException as error:
            wrong.append(error)
        finally:
            worker.leave()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        worker.run()
    finally:
        worker.leave()
        watcher.join()
    if wrong:
        raise wrong[0]
    return [card_of(store, job) for job in jobs]


@contextmanager
def worker_process(store: SqlStore, log: Path, *, workers: int = 1) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own; killed at the end where it still runs."""
    environment = {**os.environ, "GRIDWRIGHT_STORE": store.url.render_as_string(hide_password=False)}
    command = [sys.executable, "-m", "api.cli", "worker", "--workers", str(workers), "--lang", "en"]
    with log.open("ab") as said:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


class Probe:
    """A kind of job that does what a test says."""

    def __init__(self, hold: Hold, executor: Executor) -> None:
        self.hold = hold

    def prepare(self) -> str:
        return "as ever"

    def solve(self) -> Mapping[str, Any]:
        return {"content": "c", "is_cut_short": False}

    def save(self, tx: Tx) -> Mapping[str, Any]:
        return {"plan": "none"}


def ask_probe(store: SqlStore, monkeypatch: pytest.MonkeyPatch, probe: type[Probe]) -> str:
    monkeypatch.setitem(worker.KINDS, "probe", probe)
    with store.write(by()) as tx:
        return tx.jobs.ask("probe", {}, place="330402").id
