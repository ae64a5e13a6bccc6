"""Workers killed in the middle of their jobs, again and again; and what is counted at the end."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.store import SqlStore
from tests.job_kit import ask_draw, card_of, events_of, wait_for, worker_process

_TRIES = 4  # jobs per round, where some are done before the moment has come


@dataclass
class Tally:
    """What came of it.

    Attributes
    ----------
    rounds
        Jobs whose worker was killed before they had ended; another worker took them up.
    in_time
        Jobs that were done before the moment had come; their worker was killed all the same.
    at
        Kills by the stage that was told last.
    answers_kept
        Answers that were kept when a worker was killed in the middle.
    lost, doubled, half
        Jobs that were acknowledged and are not done; plans too many; plans that are not whole.
    contents
        Content ids of all plans by seed; each must have one.
    """

    rounds: int = 0
    in_time: int = 0
    at: dict[str, int] = field(default_factory=dict)
    answers_kept: int = 0
    lost: int = 0
    doubled: int = 0
    half: int = 0
    contents: dict[int, set[str]] = field(default_factory=dict)
    seconds: float = 0.0


def kill_rounds(
    store: SqlStore,
    territory: str,
    folder: Path,
    *,
    rounds: int,
    seed: int,
    n_seeds: int = 1,
    most_answers: int = 4,
    spread_s: float = 0.0,
    say: Callable[[str], None] = lambda text: None,
) -> Tally:
    """Ask for a job, kill its worker in the middle, start another one, wait for the end; again.

    The moment is chosen at random by what has happened (see `moment`); ``spread_s`` adds a random part of so many
    seconds, for moments between those that are told.  The worker that ends a job is the one killed in the next.
    """
    chance = random.Random(seed)
    tally = Tally()
    began = time.monotonic()
    jobs: dict[str, int] = {}
    log = folder / "worker.log"
    with ExitStack() as stack:
        worker = stack.enter_context(worker_process(store, log))
        while tally.rounds < rounds and len(jobs) < _TRIES * rounds:
            drawn_seed = len(jobs) % n_seeds
            job = ask_draw(store, territory, seed=drawn_seed)
            jobs[job] = drawn_seed
            _wait(worker, log, moment(store, job, chance, most_answers), "the moment")
            time.sleep(spread_s * chance.random())
            worker.kill()
            worker.wait()
            _note(store, job, tally)
            worker = stack.enter_context(worker_process(store, log))
            _wait(worker, log, lambda job=job: card_of(store, job).has_ended, f"the end of {job}")
            say(f"job {len(jobs)}, round {tally.rounds}: {card_of(store, job).state}; kills {tally.at}")
        _wait(worker, log, lambda: b"worker ready" in log.read_bytes(), "the worker to be ready")
        worker.terminate()
        assert worker.wait(120) in (0, -15), log.read_text()[-3000:]
    _count(store, jobs, tally)
    tally.seconds = round(time.monotonic() - began, 1)
    return tally


def moment(store: SqlStore, job: str, chance: random.Random, most_answers: int) -> Callable[[], bool]:
    """Says whether the moment has come: so many events, or so many answers kept, or the job has ended."""
    by_event = chance.random() < 0.5
    wanted = chance.randint(2, 8) if by_event else chance.randint(1, most_answers)

    def has_come() -> bool:
        with store.read() as tx:
            n = len(tx.jobs.events({job: 0})) if by_event else len(tx.jobs.parts(job))
            return n >= wanted or tx.jobs.card(job).has_ended

    return has_come


def _wait(worker: subprocess.Popen[bytes], log: Path, is_so: Callable[[], Any], what: str) -> None:
    """Wait for something, as long as the worker lives."""
    wait_for(lambda: is_so() or worker.poll() is not None, what)
    assert worker.poll() is None, log.read_text()[-3000:]


def _note(store: SqlStore, job: str, tally: Tally) -> None:
    """What the worker left when it was killed."""
    card = card_of(store, job)
    if card.has_ended:
        tally.in_time += 1
        return
    tally.rounds += 1
    stage = str(card.progress.get("stage", "")) or card.state
    tally.at[stage] = tally.at.get(stage, 0) + 1
    with store.read() as tx:
        tally.answers_kept += len(tx.jobs.parts(job))


def _count(store: SqlStore, jobs: dict[str, int], tally: Tally) -> None:
    """What is lost, doubled or half in the end."""
    with store.read() as tx:
        plans = tx.plans.cards(limit=10_000)
        tally.doubled = len(plans) - len({plan.job for plan in plans})
        assert {plan.job for plan in plans} <= set(jobs)
        for job, drawn_seed in jobs.items():
            card = tx.jobs.card(job)
            kinds = [event.kind for event in events_of(store, job)]
            tally.lost += (card.state, kinds.count("done"), kinds[-1]) != ("done", 1, "done")
            assert tx.jobs.parts(job) == {}
            for plan in plans:
                if plan.job == job:
                    filed = tx.plans.load(plan.id)
                    tally.contents.setdefault(drawn_seed, set()).add(str(filed.meta["plan_id"]))
                    is_whole = len(filed.grids) == card.result["grids"] and not filed.members.empty
                    tally.half += not (is_whole and set(filed.members["grid"]) <= set(filed.grids["code"]))
