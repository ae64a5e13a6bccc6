"""A job in a worker's hands: what is told of it and kept, also when the store does not answer for a while."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from api.jobs import hold as room
from api.jobs.hold import Hold, Interrupted
from data.store import Act, SqlStore, Tx
from gis.errors import StorageError
from partition.zoning.ladder import Solved
from tests.job_kit import by, card_of, events_of, now, wait_for
from tests.stores import embedded_store, migrated_file

__all__ = ["embedded_store", "migrated_file"]
ANSWER = Solved(1, np.array([0, 1], np.int64), "yes", None, "none", 1.0, 0.5, "work", 0.1)


class Shaky:
    """A store that answers only when it likes."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.is_down = False

    @contextmanager
    def read(self, jurisdiction: str = "") -> Iterator[Tx]:
        self._check()
        with self._store.read(jurisdiction) as tx:
            yield tx

    @contextmanager
    def write(self, act: Act) -> Iterator[Tx]:
        self._check()
        with self._store.write(act) as tx:
            yield tx

    def _check(self) -> None:
        if self.is_down:
            raise StorageError("store_unreachable", file="x", measured="x")


@pytest.fixture
def shaky(embedded_store) -> Shaky:
    return Shaky(embedded_store)


@pytest.fixture
def hold(shaky) -> Hold:
    with shaky.write(by()) as tx:
        tx.jobs.ask("draw", {}, place="330402")
        card = tx.jobs.claim("me", silent_since=now())
    return Hold(shaky, card, "me", threading.Event(), now)


def told(hold: Hold, store: SqlStore) -> list[tuple[str, int | None]]:
    return [(event.kind, event.data.get("done")) for event in events_of(store, hold.card.id)][2:]


def test_stages_and_steps_are_told_and_a_hundredth_is_worth_an_event(hold, embedded_store) -> None:
    hold.stage("stage_draw", 1_000)
    hold.advance(9)
    hold.beat()
    assert told(hold, embedded_store) == [("stage", None)]
    assert card_of(embedded_store, hold.card.id).progress["done"] == 9
    hold.advance()
    hold.beat()
    hold.beat()
    assert told(hold, embedded_store) == [("stage", None), ("progress", 10)]


def test_nothing_is_forgotten_while_the_store_does_not_answer(hold, shaky, embedded_store) -> None:
    hold.stage("stage_draw", 10)
    hold.answers["x"] = ANSWER
    shaky.is_down = True
    for _ in range(2):
        with pytest.raises(StorageError):
            hold.beat()
    hold.advance(3)
    hold.stage("stage_file", 2)
    hold.advance(1)
    hold.answers["y"] = ANSWER
    shaky.is_down = False
    hold.beat()
    with embedded_store.read() as tx:
        assert set(tx.jobs.parts(hold.card.id)) == {"x", "y"}
    assert told(hold, embedded_store) == [("stage", None), ("stage", None), ("progress", 1)]
    assert hold.answers.n_waiting == 0


def test_a_job_is_kept_alive_and_its_answers_kept_by_a_thread_of_its_own(hold, embedded_store, monkeypatch) -> None:
    monkeypatch.setattr(room, "BEAT_S", 0.01)
    before = card_of(embedded_store, hold.card.id).heartbeat_at
    with hold:
        hold.answers["x"] = ANSWER

        def is_kept() -> bool:
            with embedded_store.read() as tx:
                return bool(tx.jobs.parts(hold.card.id))

        wait_for(is_kept, "the answer to be kept")
    assert card_of(embedded_store, hold.card.id).heartbeat_at > before


def test_a_cancelled_job_ends_at_its_next_stage(hold, embedded_store, monkeypatch) -> None:
    monkeypatch.setattr(room, "BEAT_S", 0.01)
    with hold:
        assert not hold.is_called_off()
        with embedded_store.write(by("chief")) as tx:
            tx.jobs.cancel(hold.card.id)
        wait_for(hold.is_called_off, "the worker to hear of it")
        with pytest.raises(Interrupted):
            hold.stage("stage_file")
    assert hold.is_cancelled
    assert not hold.is_lost


def test_a_job_that_somebody_else_has_is_lost(hold, embedded_store, monkeypatch) -> None:
    monkeypatch.setattr(room, "BEAT_S", 0.01)
    with hold:
        with embedded_store.write(by("worker")) as tx:
            tx.jobs.claim("another", silent_since=now(), gone=("me",))
        hold.stage("stage_draw", 10)
        wait_for(lambda: hold.is_lost, "the worker to hear of it")
        with pytest.raises(Interrupted):
            hold.check()
    assert not hold.is_cancelled


def test_a_worker_that_can_not_say_it_is_alive_gives_up_before_another_takes_over(hold, shaky, monkeypatch) -> None:
    monkeypatch.setattr(room, "BEAT_S", 0.01)
    monkeypatch.setattr(room, "LEASE_S", 0.05)
    shaky.is_down = True
    with hold:
        wait_for(lambda: hold.is_lost, "the worker to give up")


def test_the_time_that_dead_workers_spent_counts(shaky) -> None:
    with shaky.write(by()) as tx:
        job = tx.jobs.ask("draw", {}, place="330402").id
        tx.jobs.claim("dead", silent_since=now())
        tx.jobs.beat(job, "dead", progress={"spent_s": 40.0})
        card = tx.jobs.claim("me", silent_since=now(), gone=("dead",))
    assert Hold(shaky, card, "me", threading.Event(), now).spent_s >= 40.0
