"""The worker: takes one job after another from the store and carries it out, until it is told to go.

Decides which job is next, what becomes of one that fails, and what a worker does while the store does not answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from api.jobs.engine import Engine, Step, Steps, StepsDisagree
from api.jobs.hold import LEASE_S, Hold, Interrupted
from api.jobs.names import gone, my_name
from api.jobs.work import KINDS, Work
from data.store import EVERYWHERE, Act, SqlStore
from data.store.rooms.job_files import KEPT
from data.store.rooms.jobs import ENDED, JobCard
from gis.errors import Conflict, Fault, GridwrightError, StorageError
from partition.executor import Pool

_LOOK_S = 0.5
_TIDY_S = 60.0
_MOST_WAIT_S = 15.0
_PASSING = frozenset({"store_unreachable", "store_busy", "store_full"})
_LOG = logging.getLogger("gridwright.jobs")


class Worker:
    """Carries out jobs of a store; one at a time, its search spread over processes.

    Parameters
    ----------
    store
        Migrated.
    workers
        Processes of the search.
    now
        The clock.
    lease_s
        How long a silent worker of another machine is waited for.
    """

    def __init__(self, store: SqlStore, *, workers: int, now: Callable[[], datetime], lease_s: float = LEASE_S) -> None:
        self.name = my_name()
        self.n_done = 0
        self.n_let_go = 0
        self._store, self._now = store, now
        self._lease = timedelta(seconds=lease_s)
        self._leaving = threading.Event()
        self._pool = Pool(workers)

    def leave(self) -> None:
        """Finish soon: the job in hand is given back, with what was worked out."""
        self._leaving.set()

    def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Work until `leave` is called.

        Raises
        ------
        StorageError
            ``job_engine_*``.
        """
        engine = Engine(self._store.url, self.name)
        _LOG.info("worker ready: %s", self.name)
        started()
        wait_s, tidied = _LOOK_S, 0.0
        try:
            while not self._leaving.is_set():
                try:
                    if not tidied or time.monotonic() - tidied > _TIDY_S:
                        self._tidy(engine)
                        tidied = time.monotonic()
                    card = self._claim()
                    if card is not None:
                        self._carry_out(engine, card)
                        wait_s = _LOOK_S
                        continue
                    wait_s = _LOOK_S
                except StorageError as error:
                    _LOG.warning("the store does not answer: %s; next try in %.1f s", error, wait_s)
                    wait_s = min(2 * wait_s, _MOST_WAIT_S)
                self._leaving.wait(wait_s)
        finally:
            self._pool.close()
            engine.end()
            _LOG.info("worker has left: %s", self.name)

    def _claim(self) -> JobCard | None:
        silent_since = self._now() - self._lease
        with self._store.read() as tx:
            dead = gone(tx.jobs.workers()) | {self.name}  # whatever is still in my name, nobody works on
            if not tx.jobs.has_work(silent_since=silent_since, gone=dead):
                return None
        with self._store.write(self._act()) as tx:
            return tx.jobs.claim(self.name, silent_since=silent_since, gone=dead)

    def _carry_out(self, engine: Engine, card: JobCard) -> None:
        began = time.monotonic()
        words = "taken up again" if card.progress else "started"
        _LOG.info("job %s (%s) %s", card.id, card.kind, words, extra=_fields(card))
        hold = Hold(self._store, card, self.name, self._leaving, self._now)
        try:
            with hold:
                try:
                    steps = self._steps(hold)
                    result = engine.carry_out(steps)
                except StepsDisagree:
                    _LOG.exception("job %s: noted steps disagree", card.id)
                    result = _close(hold, {"end": "failed", "faults": [_plain(Fault("job_steps_disagree", {}))]})
        except Interrupted:
            self._let_go(hold)
            return
        except Conflict as error:
            if error.code != "job_not_mine":
                raise
            _LOG.warning("job %s is somebody else's by now", card.id)
            return
        self.n_done += 1
        seconds = round(time.monotonic() - began, 1)
        facts = {**_fields(card)["fields"], "end": result.get("end", "done"), "seconds": seconds}
        _LOG.info("job %s %s after %s s", card.id, facts["end"], seconds, extra={"fields": facts})

    def _steps(self, hold: Hold) -> Steps:
        work = KINDS[hold.card.kind](hold, self._pool)

        def prepare(_: Mapping[str, Any]) -> Mapping[str, Any]:
            return {"inputs": work.prepare()}

        def solve(before: Mapping[str, Any]) -> Mapping[str, Any]:
            _check_inputs(work, before["inputs"])
            found = work.solve()
            hold.check()
            hold.beat()  # every answer is kept before the step counts as done
            hold.check()
            return {**found, "inputs": before["inputs"]}

        def save(before: Mapping[str, Any]) -> Mapping[str, Any]:
            return _save(hold, work, before)

        def close(before: Mapping[str, Any]) -> Mapping[str, Any]:
            return _close(hold, before)

        return Steps(
            hold.card.id,
            _guarded(hold, prepare),
            _guarded(hold, solve),
            _guarded(hold, save),
            _guarded(hold, close, is_last=True),
        )

    def _let_go(self, hold: Hold) -> None:
        """Give a job back that can not be worked on now, if it is still ours to give."""
        job = hold.card.id
        self.n_let_go += 1
        if hold.is_lost:
            _LOG.warning("job %s is somebody else's by now", job)
            return
        if not self._leaving.is_set():
            _LOG.warning("job %s: interrupted, to be taken up again", job)
            raise StorageError("store_unreachable", file=self._store.url.render_as_string(), measured=job)
        try:
            hold.beat()
            with self._store.write(self._act()) as tx:
                tx.jobs.hand_back(job, self.name)
            _LOG.info("job %s handed back", job)
        except (Conflict, StorageError) as error:
            _LOG.warning("job %s could not be handed back: %s", job, error)

    def _tidy(self, engine: Engine) -> None:
        """Forget what is noted of jobs that have ended or that the store does not know, and what they left behind."""
        noted, old = engine.known_jobs(), self._now() - KEPT
        with self._store.read() as tx:
            states = tx.jobs.states(noted)
            has_old = tx.jobs.files.has_before(old)
        if has_old:
            with self._store.write(self._act()) as tx:
                tx.jobs.files.forget_before(old)
        engine.forget([job for job in noted if states.get(job, "done") in ENDED])
        engine.tidy_queues()

    def _act(self) -> Act:
        return Act("worker", self._now(), EVERYWHERE)


def _guarded(hold: Hold, work: Step, *, is_last: bool = False) -> Step:
    """A step whose every end is an outcome that can be noted, or an `Interrupted`.

    Where even the last step fails there is nothing to note: it is done again.
    """

    def guarded(before: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return work(before)
        except Interrupted:
            if hold.is_cancelled and not hold.is_lost and not is_last:
                return {"end": "cancelled"}
            raise
        except GridwrightError as error:
            if error.code == "job_not_mine":
                hold.is_lost = True
                raise Interrupted from error
            if error.code in _PASSING or is_last:
                _LOG.warning("job %s: %s", hold.card.id, error)
                raise Interrupted from error
            _LOG.info("job %s can not be done: %s", hold.card.id, error)
            return {"end": "failed", "faults": [_plain(fault) for fault in error.faults]}
        except Exception as error:
            _LOG.exception("job %s failed", hold.card.id)
            if is_last:
                raise Interrupted from None
            return {"end": "failed", "faults": [_plain(Fault("job_failed", {"measured": type(error).__name__}))]}

    return guarded


def _check_inputs(work: Work, inputs: str) -> None:
    found = work.prepare()
    if found != inputs:
        raise Conflict("job_inputs_changed", measured=found, allowed=inputs)


def _save(hold: Hold, work: Work, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result and the end of the job, in one transaction."""
    _check_inputs(work, before["inputs"])
    found = work.solve()
    hold.check()
    if found["content"] != before["content"] and not (found["is_cut_short"] or before["is_cut_short"]):
        raise Conflict("job_steps_disagree", measured=found["content"], allowed=before["content"])
    with hold.store.write(hold.act(as_asked=True)) as tx:
        tx.jobs.hold(hold.card.id, hold.worker)
        result = work.save(tx)
        tx.jobs.finish(hold.card.id, hold.worker, result)
    return {"plan": result.get("plan")}


def _close(hold: Hold, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """The end of a job without a result."""
    with hold.store.write(hold.act()) as tx:
        if before["end"] == "cancelled":
            tx.jobs.call_off(hold.card.id, hold.worker)
        else:
            faults = [Fault(fault["code"], fault["facts"]) for fault in before["faults"]]
            tx.jobs.fail(hold.card.id, hold.worker, faults)
    return {"end": before["end"]}


def _plain(fault: Fault) -> dict[str, Any]:
    return {"code": fault.code, "facts": dict(fault.facts)}


def _fields(card: JobCard) -> dict[str, Any]:
    return {"fields": {"job": card.id, "kind": card.kind, "place": card.place, "attempt": card.attempts}}
