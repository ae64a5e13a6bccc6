"""A job in a worker's hands: kept alive, told of, its answers kept, and let go when it has to be.

A thread of its own says every second or so how far the work is and hears whether it is to end, so that neither depends
on what the work does at the moment.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from api.jobs.answers import Answers
from data.store import EVERYWHERE, Act, Store
from data.store.rooms.jobs import JobCard
from gis.errors import StorageError

BEAT_S = 1.0
LEASE_S = 30.0
"""A worker that was not heard of for so long has lost its job."""
_QUIET_S = 5.0  # longest silence of a worker that has nothing new to say
_LOG = logging.getLogger("gridwright.jobs")


class Interrupted(BaseException):
    """The work on a job ends here without an outcome; it is to be taken up again at the same step.

    No `Exception`: it must pass through everything that catches those, and the engine must not note it as an outcome.
    """


class Hold:
    """One job while this worker has it; also the `Progress` of its work.

    Parameters
    ----------
    card
        The job, just claimed.
    leaving
        Set when the worker has to go.
    now
        The clock.
    """

    def __init__(
        self, store: Store, card: JobCard, worker: str, leaving: threading.Event, now: Callable[[], datetime]
    ) -> None:
        self.store, self.card, self.worker, self.now = store, card, worker, now
        self.answers = Answers(self._read_parts())
        self.is_cancelled = card.is_cancelled
        self.is_lost = False
        self._leaving = leaving
        self._lock = threading.Lock()  # of what the work says
        self._beating = threading.Lock()  # one beat at a time
        self._events: list[tuple[str, Mapping[str, Any]]] = []
        self._stage, self._total, self._done = "", 0, 0
        self._told: tuple[str, int, float] = ("", 0, 0.0)  # stage and steps of the last event, and when that was
        self._spent_before = float(card.progress.get("spent_s", 0.0))
        self._began = self._heard = time.monotonic()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name=f"hold-{card.id}", daemon=True)

    def __enter__(self) -> Hold:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def spent_s(self) -> float:
        """Seconds of work on the job so far, those of dead workers as far as they were heard."""
        return self._spent_before + time.monotonic() - self._began

    def act(self, *, as_asked: bool = False) -> Act:
        """An act of the worker; or (``as_asked``) one in the name and within the jurisdiction of who asked."""
        if as_asked:
            return Act(self.card.who, self.now(), self.card.jurisdiction, self.card.id)
        return Act("worker", self.now(), EVERYWHERE, self.card.id)

    def is_called_off(self) -> bool:
        """Whether the work is to end."""
        return self.is_cancelled or self.is_lost or self._leaving.is_set()

    def check(self) -> None:
        """End the work here if it is to end.

        Raises
        ------
        Interrupted
            It was cancelled, belongs to somebody else, or the worker has to go.
        """
        if self.is_called_off():
            raise Interrupted

    def stage(self, name: str, total: int | None = None) -> None:
        """A new stage begins, unless the work is to end."""
        self.check()
        with self._lock:
            self._stage, self._total, self._done = name, total or 0, 0
            self._told = (name, 0, time.monotonic())
            self._events.append(("stage", {"stage": name, "total": self._total}))

    def advance(self, steps: int = 1) -> None:
        """Some steps of the stage are done."""
        with self._lock:
            self._done += steps

    def beat(self) -> None:
        """Say everything that is new, and hear whether the work is to end.

        Raises
        ------
        StorageError
            It could not be said; it will be said next time.
        """
        with self._beating:
            parts = self.answers.take_new()
            with self._lock:
                events, self._events = self._events, []
                before = self._told
                if self._is_worth_telling():
                    events.append(("progress", {"stage": self._stage, "done": self._done, "total": self._total}))
                    self._told = (self._stage, self._done, time.monotonic())
                progress = {
                    "stage": self._stage,
                    "done": self._done,
                    "total": self._total,
                    "spent_s": round(self.spent_s, 1),
                }
            try:
                with self.store.write(self.act()) as tx:
                    pulse = tx.jobs.beat(self.card.id, self.worker, progress=progress, events=events, parts=parts)
            except BaseException:
                self.answers.put_back(parts)
                with self._lock:
                    self._events = [event for event in events if event[0] != "progress"] + self._events
                    self._told = before
                raise
            self._heard = time.monotonic()
            self.is_cancelled = self.is_cancelled or pulse.is_cancelled
            self.is_lost = self.is_lost or not pulse.is_mine

    def _keep_alive(self) -> None:
        while not self._is_over.wait(BEAT_S):
            try:
                if self._has_news() or time.monotonic() - self._heard > _QUIET_S:
                    self.beat()
                else:
                    self._listen()
            except StorageError as error:
                _LOG.warning("job %s: the store does not answer: %s", self.card.id, error)
                self.is_lost = self.is_lost or time.monotonic() - self._heard > LEASE_S
            except Exception:
                _LOG.exception("job %s: its progress could not be told", self.card.id)
                self.is_lost = self.is_lost or time.monotonic() - self._heard > LEASE_S

    def _has_news(self) -> bool:
        with self._lock:
            return bool(self._events) or self._is_worth_telling() or self.answers.n_waiting > 0

    def _is_worth_telling(self) -> bool:
        """A hundredth of the stage is an event, and so is any step after a while: long jobs have short stories."""
        stage, done, at = self._told
        steps = self._done - done if stage == self._stage else self._done
        return steps > 0 and (100 * steps >= self._total or time.monotonic() - at > _QUIET_S)

    def _listen(self) -> None:
        with self.store.read() as tx:
            self.is_cancelled = tx.jobs.card(self.card.id).is_cancelled

    def _read_parts(self) -> dict[str, Mapping[str, Any]]:
        with self.store.read() as tx:
            return tx.jobs.parts(self.card.id)
