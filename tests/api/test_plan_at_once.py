"""Really at the same time: threads that edit one plan and send the same request twice, on both stores."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from data.store import SqlStore
from partition.checks import verify
from tests.plan_site import PlanSite, make_plan_site
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]
CAP_S = 300


@pytest.fixture
def plans(store: SqlStore) -> PlanSite:
    return make_plan_site(store)


def _together(works: list[Callable[[], None]]) -> None:
    gate = threading.Barrier(len(works))
    failed: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        gate.wait(CAP_S)
        try:
            work()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(CAP_S)
    assert not failed, failed[0]
    assert not any(thread.is_alive() for thread in threads)


def test_planners_who_edit_at_once_lose_nothing(plans: PlanSite) -> None:
    made: list[tuple[int, list[dict[str, str]]]] = []
    stale = [0]

    def work(who: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        sheet, etag = plans.sheet(), plans.etag()
        moves = plans.border_moves(sheet, rng)
        for _ in range(40):
            answer = plans.post(who, "moves", next(moves), etag=etag)
            if answer.status_code == 201:
                told = answer.json()
                made.append((told["plan"]["revision"], told["moved"]))
                etag = answer.headers["etag"]
            elif answer.status_code == 412:
                stale[0] += 1
                etag = answer.json()["etag"]
                moves = plans.border_moves(plans.sheet(), rng)
            else:
                assert answer.status_code == 409, answer.text

    before = plans.sheet()
    model = {member: str(before.atom_code[atom]) for member, atom in plans.ground.atom_of.items()}
    _together([lambda: work("wang", 1), lambda: work("li", 2), lambda: work("root", 3)])
    for _, moved in sorted(made, key=lambda one: one[0]):
        for row in moved:
            member = (row["kind"], row["id"])
            assert model[member] == row["before"]
            model[member] = row["after"]
    with plans.site.store.read() as tx:
        filed = tx.plans.load(plans.plan)
        assert tx.audit.first_broken() is None
    assert {(k, i): g for k, i, g in zip(*(filed.members[c] for c in ("kind", "id", "grid")))} == model
    assert sorted(revision for revision, _ in made) == list(range(2, len(made) + 2))
    assert not verify(filed, plans.town.territory, plans.town.rules).faults
    assert made
    assert stale[0]


def test_one_request_sent_many_times_at_once_is_done_once(plans: PlanSite) -> None:
    rng = np.random.default_rng(1)
    moves = plans.border_moves(plans.sheet(), rng)
    while True:
        body = next(moves)
        if plans.post("wang", "moves", body).status_code == 201:
            assert plans.post("wang", "undo").status_code == 200
            break
    etag = plans.etag()
    revision = int(etag.strip('"').rpartition("-")[2])
    answers: list[Any] = []

    def send() -> None:
        answers.append(plans.post("wang", "moves", body, etag=etag, **{"Idempotency-Key": "again-and-again"}))

    _together([send] * 6)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("x-repeated" in answer.headers for answer in answers) == 5
    assert plans.get().json()["revision"] == revision + 1
