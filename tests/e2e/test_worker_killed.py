"""kill -9 of the worker in the middle of jobs: nothing acknowledged is lost, nothing is done twice, no half plans."""

from __future__ import annotations

import signal

import pytest

from data.sample import make_town
from tests.job_kit import ask_draw, card_of, events_of, load, wait_for, wait_for_end, worker_process
from tests.kill_kit import Tally, kill_rounds
from tests.stores import embedded_store, migrated_file, migrated_server, postgis_server, postgis_store, store

__all__ = ["embedded_store", "migrated_file", "migrated_server", "postgis_server", "postgis_store", "store"]


@pytest.fixture(scope="module")
def town():
    return make_town(3_000, 3).territory


def check(tally: Tally, rounds: int) -> None:
    assert tally.rounds == rounds
    assert (tally.lost, tally.doubled, tally.half) == (0, 0, 0)
    assert [len(found) for found in tally.contents.values()] == [1] * len(tally.contents)


def test_the_worker_of_an_embedded_store_is_killed_in_three_jobs(embedded_store, town, tmp_path) -> None:
    check(kill_rounds(embedded_store, load(embedded_store, town), tmp_path, rounds=3, seed=1), 3)


def test_the_worker_of_a_postgis_store_is_killed_in_two_jobs(postgis_store, town, tmp_path) -> None:
    check(kill_rounds(postgis_store, load(postgis_store, town), tmp_path, rounds=2, seed=2), 2)


def test_two_workers_share_the_jobs_and_do_each_once(store, town, tmp_path) -> None:
    territory = load(store, town)
    jobs = [ask_draw(store, territory, seed=n) for n in range(4)]
    with worker_process(store, tmp_path / "a.log"), worker_process(store, tmp_path / "b.log"):
        cards = wait_for_end(store, *jobs)
    assert [card.state for card in cards] == ["done"] * len(jobs)
    assert len({card.worker for card in cards}) == 2
    for job in jobs:
        kinds = [event.kind for event in events_of(store, job)]
        assert (kinds.count("started"), kinds.count("resumed"), kinds.count("done")) == (1, 0, 1)
    with store.read() as tx:
        assert sorted(plan.job for plan in tx.plans.cards()) == sorted(jobs)


def test_a_worker_that_is_told_to_go_hands_its_job_back_and_another_finishes_it(embedded_store, town, tmp_path) -> None:
    store = embedded_store
    job = ask_draw(store, load(store, town))
    with worker_process(store, tmp_path / "log") as worker:
        wait_for(lambda: len(events_of(store, job)) >= 3, "some progress")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(120) == 0
    card = card_of(store, job)
    assert card.state in ("queued", "done"), card
    with worker_process(store, tmp_path / "log"):
        (card,) = wait_for_end(store, job)
    assert card.state == "done"
    text = (tmp_path / "log").read_text()
    assert "worker ready" in text
    assert "worker has left" in text
