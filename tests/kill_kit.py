"""Workers killed in the middle of their jobs, again and again; and what is counted at the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from data.store import SqlStore
from tests.job_kit import ask_draw, card_of, events_of, wait_for, worker_process


@dataclass
class Tally:
    """What came of it.

    Attributes
    ----------
    rounds, kills
        Jobs asked for, workers killed.
    resumed
        Kills after which another worker took the job up.
    lost, doubled, half
        Jobs that were acknowledged and not done; with more than one plan; whose plan is not whole.
    parts_reused
        Answers that were kept when a worker was killed.
    contents
        Content ids of all plans by seed; each must have one.
    at
        Stage at which each kill came.
    """

    rounds: int = 0
    kills: int = 0
    resumed: int = 0
    lost: int = 0
    doubled: int = 0
    half: int = 0
    parts_reused: int = 0
    contents: dict[int, set[str]] = field(default_factory=dict)
    at: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def kill_rounds(
    store: SqlStore,
    territory: str,
    folder: Path,
    *,
    rounds: int,
    seed: int,
    n_seeds: int = 1,
    kills_a_round: int = 1,
    most_answers: int = 4,
    spread_s: float = 0.0,
    say: Callable[[str], None] = lambda text: None,
) -> Tally:
    """Ask for a job, kill its worker at a random event or answer of it, start another one, wait for the end; again.

    The moment is chosen by what has happened (see `moment`); ``spread_s`` adds a random part of so many seconds, for
    moments between those that are told.
    """
    chance = random.Random(seed)
    tally = Tally()
    began = time.monotonic()
    jobs: list[tuple[str, int]] = []
    log = folder / "worker.log"
    for n in range(rounds):
        drawn_seed = n % n_seeds
        job = ask_draw(store, territory, seed=drawn_seed)
        jobs.append((job, drawn_seed))
        for _ in range(kills_a_round):
            with worker_process(store, log) as worker:
                is_time = moment(store, job, chance, most_answers)
                wait_for(lambda is_time=is_time, worker=worker: is_time() or worker.poll() is not None, "the moment")
                assert worker.poll() is None, log.read_text()[-3000:]
                time.sleep(spread_s * chance.random())
                worker.kill()
            card = card_of(store, job)
            stage = str(card.progress.get("stage", "")) if not card.has_ended else card.state
            tally.at[stage] = tally.at.get(stage, 0) + 1
            tally.kills += 1
            with store.read() as tx:
                tally.parts_reused += len(tx.jobs.parts(job))
        if not card_of(store, job).has_ended:
            finish(store, job, log)
        tally.resumed += sum(event.kind == "resumed" for event in events_of(store, job))
        tally.rounds += 1
        say(f"round {n + 1}: {card_of(store, job).state}, killed at {stage or 'start'}")
    for job, drawn_seed in jobs:
        card = card_of(store, job)
        tally.lost += card.state != "done"
        with store.read() as tx:
            plans = [plan for plan in tx.plans.cards(limit=10_000) if plan.job == job]
            tally.doubled += len(plans) > 1
            for plan in plans:
                filed = tx.plans.load(plan.id)
                tally.contents.setdefault(drawn_seed, set()).add(str(filed.meta["plan_id"]))
                is_whole = len(filed.grids) == card.result["grids"] and not filed.members.empty
                tally.half += not (is_whole and set(filed.members["grid"]) <= set(filed.grids["code"]))
            assert tx.jobs.parts(job) == {}
    with store.read() as tx:
        # Plans that no job owns up to would be halves or doubles too.
        tally.doubled += len(tx.plans.cards(limit=10_000)) - len({job for job, _ in jobs if card_of(store, job).result})
        numbers = [event.number for job, _ in jobs for event in tx.jobs.events({job: 0})]
    assert len(numbers) >= 3 * len(jobs)
    tally.seconds = time.monotonic() - began
    return tally


def finish(store: SqlStore, job: str, log: Path) -> None:
    """Let a new worker end a job, and go when it is told to."""
    with worker_process(store, log) as worker:
        wait_for(lambda: card_of(store, job).has_ended or worker.poll() is not None, f"the end of {job}")
        assert worker.poll() is None, log.read_text()[-3000:]
        worker.terminate()
        assert worker.wait(120) == 0, log.read_text()[-3000:]


def moment(store: SqlStore, job: str, chance: random.Random, most_answers: int) -> Callable[[], bool]:
    """Says whether the moment has come: so many events more, or so many answers kept, or the job has ended."""
    by_event = chance.random() < 0.5
    wanted = len(events_of(store, job)) + chance.randint(1, 10) if by_event else chance.randint(1, most_answers)

    def has_come() -> bool:
        with store.read() as tx:
            n = len(tx.jobs.events({job: 0})) if by_event else len(tx.jobs.parts(job))
            return n >= wanted or tx.jobs.card(job).has_ended

    return has_come
