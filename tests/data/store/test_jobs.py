"""Jobs in both stores: one worker at a time, events without gaps, nothing beyond the jurisdiction."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest

from data.store import Act, SqlStore
from data.store.rooms.jobs import MOST_DEATHS, JobCard
from gis.errors import Conflict, Fault, NotFound
from tests.stores import act

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
LONG_AGO = START - timedelta(days=1)


def worker_act(seconds: float = 0) -> Act:
    return Act("worker", START + timedelta(seconds=seconds))


_ASKED = itertools.count()


def ask(
    store: SqlStore, place: str = "330402", *, who: str = "tester", jurisdiction: str = "", **params: object
) -> JobCard:
    # One after the other: jobs of the same moment are taken in any order.
    with store.write(act(who, jurisdiction, at=act().at + timedelta(milliseconds=next(_ASKED)))) as tx:
        return tx.jobs.ask("draw", params, place=place)


def claim(
    store: SqlStore, worker: str, *, seconds: float = 0, lease_s: float = 30, gone: tuple[str, ...] = ()
) -> JobCard | None:
    with store.write(worker_act(seconds)) as tx:
        return tx.jobs.claim(worker, silent_since=tx.act.at - timedelta(seconds=lease_s), gone=gone)


def kinds(store: SqlStore, job: str) -> list[str]:
    with store.read() as tx:
        events = tx.jobs.events({job: 0})
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    return [event.kind for event in events]


def test_a_job_is_asked_for_claimed_and_finished(store) -> None:
    job = ask(store, seed=3).id
    taken = claim(store, "a")
    assert (taken.id, taken.state, taken.worker, taken.params) == (job, "running", "a", {"seed": 3})
    with store.write(worker_act(1)) as tx:
        pulse = tx.jobs.beat(job, "a", progress={"stage": "stage_draw", "done": 1}, events=[("stage", {"total": 5})])
    assert (pulse.is_mine, pulse.is_cancelled) == (True, False)
    with store.write(worker_act(2)) as tx:
        tx.jobs.finish(job, "a", {"plan": "p1"})
    with store.read() as tx:
        card = tx.jobs.card(job)
        assert (card.state, card.result, card.has_ended) == ("done", {"plan": "p1"}, True)
        assert card.ended_at == START + timedelta(seconds=2)
        assert tx.outbox.since(0)[-1].kind == "job.done"
    assert kinds(store, job) == ["queued", "started", "stage", "done"]


def test_the_job_that_waits_longest_is_taken_first_and_each_only_once(store) -> None:
    jobs = []
    for n in range(3):
        with store.write(Act("tester", START + timedelta(seconds=n))) as tx:
            jobs.append(tx.jobs.ask("draw", {}, place="330402").id)
    assert [claim(store, name).id for name in "abc"] == jobs
    assert claim(store, "d") is None
    with store.read() as tx:
        assert tx.jobs.workers() == ["a", "b", "c"]
        assert not tx.jobs.has_work(silent_since=LONG_AGO)


def test_many_workers_at_once_never_get_the_same_job(store) -> None:
    jobs = {ask(store).id for _ in range(8)}
    taken: list[str] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        while (card := claim(store, name)) is not None:
            taken.append(card.id)

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(taken) == sorted(jobs)


def test_a_silent_worker_loses_its_job_and_can_write_nothing_any_more(store) -> None:
    job = ask(store).id
    claim(store, "a")
    assert claim(store, "b", seconds=20) is None
    assert claim(store, "b", seconds=31).id == job
    with store.write(worker_act(32)) as tx:
        assert not tx.jobs.beat(job, "a", parts={"x": {"n": 1}}, events=[("stage", {})]).is_mine
    with store.read() as tx:
        assert tx.jobs.parts(job) == {}
    for end in (
        lambda tx: tx.jobs.finish(job, "a", {"plan": "p1"}),
        lambda tx: tx.jobs.fail(job, "a", [Fault("job_failed", {})]),
        lambda tx: tx.jobs.call_off(job, "a"),
        lambda tx: tx.jobs.hand_back(job, "a"),
    ):
        with pytest.raises(Conflict) as caught, store.write(worker_act(33)) as tx:
            end(tx)
        assert caught.value.code == "job_not_mine"
    with store.write(worker_act(34)) as tx:
        tx.jobs.finish(job, "b", {"plan": "p2"})
    assert kinds(store, job) == ["queued", "started", "resumed", "done"]


def test_a_worker_that_is_known_to_be_dead_is_not_waited_for(store) -> None:
    job = ask(store).id
    claim(store, "a")
    assert claim(store, "b", gone=("z",)) is None
    assert claim(store, "b", gone=("a", "z")).id == job


def test_what_a_dead_worker_worked_out_is_there_for_the_next_and_gone_at_the_end(store) -> None:
    job = ask(store).id
    claim(store, "a")
    with store.write(worker_act(1)) as tx:
        tx.jobs.beat(job, "a", parts={"x": {"part": [0, 1]}, "y": {"bound": "nan"}})
        tx.jobs.beat(job, "a", parts={"x": {"part": [9]}})  # what is there stays
    claim(store, "b", gone=("a",))
    with store.read() as tx:
        assert tx.jobs.parts(job) == {"x": {"part": [0, 1]}, "y": {"bound": "nan"}}
    with store.write(worker_act(2)) as tx:
        tx.jobs.finish(job, "b", {"plan": "p1"})
    with store.read() as tx:
        assert tx.jobs.parts(job) == {}


def test_a_job_that_kills_its_workers_without_getting_further_fails_and_says_so(store) -> None:
    job, other = ask(store).id, ask(store, "330403").id
    for n in range(MOST_DEATHS):
        assert claim(store, f"w{n}", gone=(f"w{n - 1}",)).attempts == n + 1
    assert claim(store, "last", gone=(f"w{MOST_DEATHS - 1}",)).id == other
    with store.read() as tx:
        card = tx.jobs.card(job)
    assert card.state == "failed"
    assert [fault.code for fault in card.faults] == ["job_worker_died"]
    assert card.faults[0].facts["measured"] == MOST_DEATHS


def test_a_job_that_gets_further_each_time_may_lose_any_number_of_workers(store) -> None:
    job = ask(store).id
    for n in range(3 * MOST_DEATHS):
        assert claim(store, f"w{n}", gone=(f"w{n - 1}",)).id == job
        with store.write(worker_act(n)) as tx:
            tx.jobs.beat(job, f"w{n}", parts={f"part {n}": {}})


def test_a_job_that_was_handed_back_is_taken_up_again_and_nobody_died(store) -> None:
    job = ask(store).id
    for n in range(3 * MOST_DEATHS):
        assert claim(store, f"w{n}").attempts == 1
        with store.write(worker_act(n)) as tx:
            tx.jobs.hand_back(job, f"w{n}")
    assert kinds(store, job)[:4] == ["queued", "started", "handed_back", "resumed"]


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_when_its_worker_hears_of_it(store) -> None:
    waiting, running = ask(store, "330403").id, ask(store, "330402").id
    with store.write(act()) as tx:
        assert tx.jobs.cancel(waiting).state == "cancelled"
    assert claim(store, "a").id == running
    with store.write(act()) as tx:
        card = tx.jobs.cancel(running)
        assert (card.state, card.is_cancelled) == ("running", True)
        assert tx.jobs.cancel(running).is_cancelled  # asked twice is asked once
    with store.write(worker_act(1)) as tx:
        assert tx.jobs.beat(running, "a").is_cancelled
        tx.jobs.call_off(running, "a")
    assert kinds(store, running) == ["queued", "started", "cancelling", "cancelled"]
    assert kinds(store, waiting) == ["queued", "cancelled"]


def test_a_job_whose_worker_died_after_it_was_cancelled_is_not_taken_up(store) -> None:
    job = ask(store).id
    claim(store, "a")
    with store.write(act()) as tx:
        tx.jobs.cancel(job)
    assert claim(store, "b", gone=("a",)) is None
    with store.read() as tx:
        assert tx.jobs.card(job).state == "cancelled"


def test_what_has_ended_can_not_be_cancelled(store) -> None:
    job = ask(store).id
    claim(store, "a")
    with store.write(worker_act()) as tx:
        tx.jobs.fail(job, "a", [Fault("job_failed", {"measured": "x"}), Fault("job_failed", {"measured": "y"})])
    with pytest.raises(Conflict) as caught, store.write(act()) as tx:
        tx.jobs.cancel(job)
    assert caught.value.code == "job_ended"
    with store.read() as tx:
        assert [fault.facts["measured"] for fault in tx.jobs.card(job).faults] == ["x", "y"]


def test_jobs_outside_the_jurisdiction_do_not_exist(store) -> None:
    job = ask(store, "330402015").id
    mine = ask(store, "330403", jurisdiction="330403").id
    with store.read("330403") as tx:
        assert [card.id for card in tx.jobs.cards()] == [mine]
        assert tx.jobs.events({job: 0}) == []
        assert tx.jobs.states([job, mine]) == {mine: "queued"}
        with pytest.raises(NotFound):
            tx.jobs.card(job)
    with pytest.raises(NotFound), store.write(act(jurisdiction="330403")) as tx:
        tx.jobs.cancel(job)
    with pytest.raises(Conflict) as caught:
        ask(store, "330402", jurisdiction="330402015")
    assert caught.value.code == "outside_jurisdiction"
    with store.read("330402") as tx:
        assert [card.id for card in tx.jobs.cards()] == [job]


def test_jobs_are_listed_newest_first_in_pages(store) -> None:
    jobs = []
    for n in range(5):
        with store.write(Act("tester", START + timedelta(seconds=n // 2))) as tx:
            jobs.append(tx.jobs.ask("draw", {}, place="330402").id)
    found: list[str] = []
    before = None
    with store.read() as tx:
        while page := tx.jobs.cards(before=before, limit=2):
            found += [card.id for card in page]
            before = found[-1]
        assert sorted(found) == sorted(jobs)
        assert found[0] == jobs[4]
        assert tx.jobs.cards(state="running") == []
        assert tx.jobs.n_waiting("tester") == 5


def test_events_that_are_known_are_not_told_again(store) -> None:
    a, b = ask(store).id, ask(store, "330403").id
    claim(store, "w")
    with store.read() as tx:
        found = tx.jobs.events({a: 0, b: 1, "jnothing": 0})
    assert {(event.job, event.number) for event in found} <= {(a, 1), (a, 2), (b, 2)}
    assert len(found) == 2


def test_asking_and_cancelling_are_in_the_audit_log(store) -> None:
    job = ask(store, seed=1).id
    with store.write(act("chief", reason="wrong rules")) as tx:
        tx.jobs.cancel(job)
    with store.read() as tx:
        rows = [(row.action, row.subject, row.who, row.reason) for row in tx.audit.entries()]
    assert rows == [("job.ask", job, "tester", ""), ("job.cancel", job, "chief", "wrong rules")]
