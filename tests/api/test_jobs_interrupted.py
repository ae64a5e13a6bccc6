"""Jobs that are cut off: cancelled, handed back, taken away, with the store gone or the engine's notes lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from api.jobs import engine as engine_room
from api.jobs import worker as worker_room
from api.jobs.engine import StepsDisagree, engine_file
from api.jobs.hold import Hold, Interrupted
from data.store import Tx
from gis.errors import StorageError
from tests.job_kit import Probe, ask_probe, by, card_of, events_of, now, run_worker_until, wait_for
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]


@pytest.fixture(autouse=True)
def _kinds_can_be_changed(monkeypatch) -> None:
    monkeypatch.setattr(worker_room, "KINDS", dict(worker_room.KINDS))


class Endless(Probe):
    """Works until it is called off."""

    begun: threading.Event

    def solve(self) -> Mapping[str, Any]:
        self.hold.stage("stage_draw", 10)
        self.begun.set()
        while not self.hold.is_called_off():
            time.sleep(0.01)
        self.hold.stage("stage_file")
        raise AssertionError("the next stage must not begin")


def test_a_running_job_that_is_cancelled_ends_and_makes_nothing(store, monkeypatch) -> None:
    Endless.begun = threading.Event()
    job = ask_probe(store, monkeypatch, Endless)

    def cancel(_: object) -> None:
        assert Endless.begun.wait(120)
        with store.write(by("chief")) as tx:
            tx.jobs.cancel(job)

    (card,) = run_worker_until(store, job, meanwhile=cancel)
    assert (card.state, card.result) == ("cancelled", None)
    kinds = [event.kind for event in events_of(store, job)]
    assert "cancelling" in kinds
    assert kinds[-1] == "cancelled"


def test_a_worker_that_has_to_go_hands_its_job_back_and_the_next_one_does_it(store, monkeypatch) -> None:
    Endless.begun = threading.Event()
    job = ask_probe(store, monkeypatch, Endless)
    worker = worker_room.Worker(store, workers=1, now=now)
    threading.Thread(target=lambda: (Endless.begun.wait(120), worker.leave())).start()
    worker.run()
    card = card_of(store, job)
    assert (card.state, card.worker, card.attempts) == ("queued", None, 0)
    monkeypatch.setitem(worker_room.KINDS, "probe", Probe)
    (card,) = run_worker_until(store, job)
    assert card.state == "done"
    kinds = [event.kind for event in events_of(store, job) if event.kind != "stage"]
    assert kinds == ["queued", "started", "handed_back", "resumed", "done"]


def test_a_job_that_was_taken_away_is_let_go_and_nothing_is_saved(embedded_store, monkeypatch) -> None:
    store = embedded_store
    Endless.begun = threading.Event()
    job = ask_probe(store, monkeypatch, Endless)
    worker = worker_room.Worker(store, workers=1, now=now)

    def take_away() -> None:
        assert Endless.begun.wait(120)
        with store.write(by("worker")) as tx:
            assert tx.jobs.claim("another", silent_since=now(), gone=(worker.name,)) is not None
        Endless.begun.clear()
        wait_for(lambda: worker.n_let_go, "the worker to let go")
        worker.leave()

    threading.Thread(target=take_away).start()
    worker.run()
    card = card_of(store, job)
    assert (card.state, card.worker) == ("running", "another")


def test_the_store_is_gone_for_a_while_and_the_job_is_done_all_the_same(embedded_store, monkeypatch) -> None:
    class Cut(Probe):
        n = 0

        def solve(self) -> Mapping[str, Any]:
            Cut.n += 1
            if Cut.n == 1:
                raise StorageError("store_unreachable", file="x", measured="x")
            return super().solve()

    job = ask_probe(embedded_store, monkeypatch, Cut)
    (card,) = run_worker_until(embedded_store, job)
    assert (card.state, card.attempts) == ("done", 1)


def test_steps_that_are_noted_are_not_done_again(embedded_store, monkeypatch) -> None:
    done: list[str] = []

    class Counted(Probe):
        def prepare(self) -> str:
            done.append("prepare")
            return "inputs"

        def solve(self) -> Mapping[str, Any]:
            done.append("solve")
            return super().solve()

        def save(self, tx: Tx) -> Mapping[str, Any]:
            done.append("save")
            if done.count("save") == 1:
                raise Interrupted
            return super().save(tx)

    job = ask_probe(embedded_store, monkeypatch, Counted)
    (card,) = run_worker_until(embedded_store, job)
    assert card.state == "done"
    # Each step works out what it needs; the second time only `save` is a step, not prepare and solve.
    assert done == ["prepare", "prepare", "solve", "prepare", "solve", "save", "prepare", "solve", "save"]


def test_inputs_that_changed_while_the_job_was_interrupted_are_noticed(embedded_store, monkeypatch) -> None:
    class Changed(Probe):
        n = 0

        def prepare(self) -> str:
            Changed.n += 1
            return f"inputs {min(Changed.n, 3)}"

    job = ask_probe(embedded_store, monkeypatch, Changed)
    (card,) = run_worker_until(embedded_store, job)
    assert [fault.code for fault in card.faults] == ["job_inputs_changed"]


def test_another_outcome_after_an_interruption_is_not_saved(embedded_store, monkeypatch) -> None:
    class Moody(Probe):
        n = 0

        def solve(self) -> Mapping[str, Any]:
            Moody.n += 1
            return {"content": f"c{Moody.n}", "is_cut_short": False}

    job = ask_probe(embedded_store, monkeypatch, Moody)
    (card,) = run_worker_until(embedded_store, job)
    assert [fault.code for fault in card.faults] == ["job_steps_disagree"]


@pytest.mark.parametrize("noted", [{"job": "jother", "step": "solve"}, {"job": "j1", "step": "prepare"}, {}])
def test_a_noted_result_of_another_job_or_step_is_refused(noted) -> None:
    with pytest.raises(StepsDisagree):
        engine_room._checked("j1", "solve", noted)


def test_without_what_the_engine_noted_jobs_are_taken_up_from_the_store(embedded_store, monkeypatch) -> None:
    store = embedded_store
    Endless.begun = threading.Event()
    job = ask_probe(store, monkeypatch, Endless)
    worker = worker_room.Worker(store, workers=1, now=now)
    threading.Thread(target=lambda: (Endless.begun.wait(120), worker.leave())).start()
    worker.run()
    engine_file(Path(store.url.database)).unlink()
    monkeypatch.setitem(worker_room.KINDS, "probe", Probe)
    assert run_worker_until(store, job)[0].state == "done"


def test_a_job_that_a_restored_store_has_not_done_yet_is_done_again(embedded_store, monkeypatch) -> None:
    class Lost(Probe):
        """Its first save is lost after the engine has noted it: as when an older store is restored."""

        is_first = True

    store = embedded_store
    job = ask_probe(store, monkeypatch, Lost)
    save = worker_room._save

    def lose(hold: Hold, work: object, before: Mapping[str, Any]) -> Mapping[str, Any]:
        if Lost.is_first:
            Lost.is_first = False
            return {"plan": "lost"}
        return save(hold, work, before)

    monkeypatch.setattr(worker_room, "_save", lose)
    (card,) = run_worker_until(store, job)
    assert (card.state, card.result) == ("done", {"plan": "none"})
