"""A running cluster: the same bytes as one process, workers that die, and clear words when it can not be used."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import distributed
import pytest

from api.cluster import Cluster, code_digest
from gis.errors import InputError
from partition.rules import Rules
from partition.zoning.draw import draw
from tests.partition import kit_work
from tests.towns import town


@pytest.fixture(scope="module")
def local() -> Iterator[Any]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as one:
        yield one


@pytest.fixture
def cluster(local: Any) -> Iterator[Cluster]:
    one = Cluster(local.scheduler_address)
    yield one
    one.close()


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


def test_a_worker_killed_in_the_middle_costs_no_answer(cluster, local):
    answers = []
    for answer in cluster.map(kit_work.square, range(60)):
        answers.append(answer)
        if len(answers) == 10:
            os.kill(next(iter(cluster._client.run(os.getpid).values())), signal.SIGKILL)
    assert sorted(answers) == [(i, i * i) for i in range(60)]


def test_called_off_work_is_left_behind(cluster):
    began = time.monotonic()
    answers = list(
        cluster.map(kit_work.deaf, [4.0] * 4, is_over=lambda: time.monotonic() > began + 0.5, patience_s=0.5)
    )
    assert answers == []
    assert time.monotonic() - began < 3.5


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


def test_a_cluster_without_workers_or_with_other_code_is_refused(local, monkeypatch):
    monkeypatch.setattr("api.cluster._CONNECT_S", 1)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty,
        pytest.raises(InputError, match="scheduler_without_workers"),
    ):
        Cluster(empty.scheduler_address)
    # The workers find the function in the module, whatever stands here under its name.
    theirs = code_digest()
    calls = []

    def other() -> str:
        calls.append(1)
        return "0" * 12 if len(calls) == 1 else theirs

    monkeypatch.setattr("api.cluster.code_digest", other)
    with pytest.raises(InputError, match="scheduler_workers_differ"):
        Cluster(local.scheduler_address)
