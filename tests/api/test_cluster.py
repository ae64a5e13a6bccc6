"""A running cluster: the same bytes as one process, workers that die, and clear words when it can not be used."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import dask
import distributed
import pytest

from api.cluster import Cluster, code_digest
from gis.errors import InputError
from partition.rules import Rules
from partition.zoning.draw import draw
from tests.conftest import ROOT
from tests.partition import kit_work
from tests.towns import town

WAIT_S = 120


class Workers:
    """Two worker processes of a scheduler; one that dies is started again, as a service manager would."""

    def __init__(self, address: str) -> None:
        program = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
        self._command = [*program, "--no-dashboard"]
        self._end = threading.Event()
        self.processes = [self._begin(), self._begin()]
        self._watch = threading.Thread(target=self._keep)
        self._watch.start()

    def stop(self) -> None:
        """End them all for good."""
        self._end.set()
        self._watch.join()
        for process in self.processes:
            process.kill()
            process.wait()

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _keep(self) -> None:
        while not self._end.wait(0.05):
            self.processes = [self._begin() if one.poll() is not None else one for one in self.processes]


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A scheduler without workers, of this test alone; whatever waits for it has patience."""
    for patience in ("_CONNECT_S", "_FIRST_WORKER_S", "_NO_WORKER_S"):
        monkeypatch.setattr(f"api.cluster.{patience}", WAIT_S)
    # Two deaths under a task are enough to suspect it: every further one is a worker to start again.
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as one,
    ):
        yield one


@pytest.fixture
def workers(scheduler: Any) -> Iterator[Workers]:
    two = Workers(scheduler.scheduler_address)
    try:
        scheduler.wait_for_workers(2, timeout=WAIT_S)
        yield two
    finally:
        two.stop()


@pytest.fixture
def cluster(scheduler: Any, workers: Workers) -> Iterator[Cluster]:
    one = Cluster(scheduler.scheduler_address)
    yield one
    one.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def several_communities():
    text = "\n".join(" ".join(f"{block}{r}{c}" for block in "abcdef" for c in range(5)) for r in range(7))
    names = sorted(set(text.split()))
    households = {name: 40 + 13 * (i % 7) for i, name in enumerate(names)}
    return town(text, households, communities={b.upper(): [n for n in names if n[0] == b] for b in "abcdef"})


def told(result: Any) -> tuple[Any, ...]:
    plain = [repr(replace(community, seconds=0.0)) for community in result.communities]
    return result.plan.atom_grid.tobytes(), result.plan.grids, plain, result.violations


def test_a_cluster_gives_the_bytes_of_one_process_and_of_a_pool(cluster):
    graph = several_communities()
    one = told(draw(graph, Rules(), seed=3))
    assert told(draw(graph, Rules(), seed=3, executor=cluster)) == one
    assert told(draw(graph, Rules(), seed=3, workers=2)) == one


def test_every_task_is_answered_once(cluster):
    assert cluster.workers == 2
    assert sorted(cluster.map(kit_work.square, range(40))) == [(i, i * i) for i in range(40)]


def test_a_task_that_always_kills_its_worker_is_left_out_and_no_other(cluster):
    assert sorted(cluster.map(kit_work.kill_always, range(10))) == [i for i in range(10) if i != 3]


def test_a_worker_killed_in_the_middle_costs_no_answer(cluster, workers):
    answers = []
    for answer in cluster.map(kit_work.square, range(60)):
        answers.append(answer)
        if len(answers) == 10:
            workers.processes[0].kill()
    assert sorted(answers) == [(i, i * i) for i in range(60)]


def test_answers_that_die_with_their_workers_are_worked_out_again(cluster, workers, scheduler):
    answers = cluster.map(kit_work.square, range(4))
    got = [next(answers)]
    wait_until(lambda: all(state.status == "finished" for state in cluster._client.futures.values()))
    workers.stop()
    wait_until(lambda: not scheduler.scheduler.workers)
    others = Workers(scheduler.scheduler_address)
    try:
        assert sorted([*got, *answers]) == [(i, i * i) for i in range(4)]
    finally:
        others.stop()


def test_called_off_work_is_left_behind(cluster, tmp_path):
    # A task lasts an hour: that this ends at all, and without an answer, shows that nobody waited for one.
    tasks = [str(tmp_path)] * 4
    assert list(cluster.map(kit_work.deaf, tasks, is_over=lambda: kit_work.n_begun(tmp_path) > 0, patience_s=0.5)) == []


def test_workers_that_all_go_for_good_are_told(cluster, workers, scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr("api.cluster._NO_WORKER_S", 0.5)
    gone = []

    def is_over() -> bool:
        if not gone and kit_work.n_begun(tmp_path):
            workers.stop()
            gone.append(True)
        return False

    with pytest.raises(InputError, match="scheduler_without_workers") as caught:
        list(cluster.map(kit_work.deaf, [str(tmp_path)] * 4, is_over=is_over))
    assert gone
    assert caught.value.facts["measured"] == scheduler.scheduler_address


@pytest.mark.parametrize("address", ["10.0.0.1:8786", "http://host:1", "tcp://host", "tcp://", ""])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(InputError, match="scheduler_malformed"):
        Cluster(address)


def test_a_scheduler_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("api.cluster._CONNECT_S", 1)
    with pytest.raises(InputError, match="scheduler_unreachable") as caught:
        Cluster("tcp://127.0.0.1:9")
    assert caught.value.facts["measured"] == "tcp://127.0.0.1:9"


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="scheduler_package_missing"):
        Cluster("tcp://127.0.0.1:8786")


def test_a_cluster_without_workers_is_refused(scheduler, monkeypatch):
    monkeypatch.setattr("api.cluster._FIRST_WORKER_S", 0.5)
    with pytest.raises(InputError, match="scheduler_without_workers"):
        Cluster(scheduler.scheduler_address)


def test_a_cluster_of_workers_with_other_code_is_refused(scheduler, workers, monkeypatch):
    # The workers find the function in the module, whatever stands here under its name.
    theirs = code_digest()
    calls = []

    def other() -> str:
        calls.append(1)
        return "0" * 12 if len(calls) == 1 else theirs

    monkeypatch.setattr("api.cluster.code_digest", other)
    with pytest.raises(InputError, match="scheduler_workers_differ"):
        Cluster(scheduler.scheduler_address)
