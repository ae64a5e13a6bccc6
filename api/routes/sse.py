"""Events of jobs as a stream (SSE): one poll of the store for everybody who listens, no thread and no connection each.

The table of events is the truth and its numbers have no gaps, so a listener that was cut off goes on where it was by
``Last-Event-ID``, after a restart of the service too.  A stream ends with its job, when the service ends, and after
half an hour (then the account is asked for anew).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import orjson
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api.i18n import sentence
from api.problems import Refusal
from data.store import Store
from data.store.rooms.jobs import ENDED, JobEvent
from gis.errors import StorageError

LOOK_S = 0.5
ALIVE_S = 15.0
MOST_LISTENERS = 500
_MOST_S = 1800.0
_MOST_WAITING = 1000  # events for a reader that does not read
_AT_ONCE = 100  # jobs in one question
_PAGE = 500
_LOG = logging.getLogger("gridwright.jobs")


@dataclass(eq=False)
class Listener:
    """One open stream: what it was given so far, and what waits for it; ``None`` says that it is over."""

    job: str
    number: int
    waiting: asyncio.Queue[JobEvent | None] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))


class JobFeed:
    """Brings new events to whoever listens.

    Parameters
    ----------
    is_draining
        Whether the service is ending.
    """

    def __init__(self, store: Store, is_draining: Callable[[], bool]) -> None:
        self._store, self._is_draining = store, is_draining
        self._listeners: set[Listener] = set()
        self._wake = asyncio.Event()

    @property
    def n_listeners(self) -> int:
        """Streams that are open."""
        return len(self._listeners)

    def check_room(self) -> None:
        """Refuse a stream more than the service can hold.

        Raises
        ------
        Refusal
            503 ``streams_full``.
        """
        if len(self._listeners) >= MOST_LISTENERS:
            raise Refusal(503, "streams_full", headers={"Retry-After": "30"}, allowed=MOST_LISTENERS)

    async def stream(self, job: str, after: int, language: str) -> AsyncIterator[bytes]:
        """The events of a job after a number, as they come, until it has ended."""
        listener = Listener(job, after)
        self._listeners.add(listener)
        self._wake.set()
        end = time.monotonic() + _MOST_S
        try:
            yield b"retry: 2000\n\n"
            while time.monotonic() < end:
                try:
                    event = await asyncio.wait_for(listener.waiting.get(), ALIVE_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                yield as_message(event, language)
                if event.kind in ENDED:
                    return
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Poll the store until cancelled; asks nothing while nobody listens."""
        while True:
            if not self._listeners:
                self._wake.clear()
                await self._wake.wait()
            if self._is_draining():
                for listener in list(self._listeners):
                    self._give(listener, None)
                await asyncio.sleep(LOOK_S)
                continue
            self._wake.clear()
            is_behind = False
            try:
                is_behind = await self._bring()
            except StorageError as error:
                _LOG.warning("events can not be read: %s", error)
            except Exception:
                _LOG.exception("events can not be brought")  # streams go on: the next look may do
            if not is_behind:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), LOOK_S)

    async def _bring(self) -> bool:
        """Give everybody what is new; whether there is more at once."""
        known: dict[str, int] = {}
        for listener in self._listeners:
            known[listener.job] = min(listener.number, known.get(listener.job, listener.number))
        jobs = sorted(known)
        is_behind = False
        for i in range(0, len(jobs), _AT_ONCE):
            asked = {job: known[job] for job in jobs[i : i + _AT_ONCE]}
            found = await run_in_threadpool(self._read, asked)
            is_behind = is_behind or len(found) == _PAGE
            for event in found:
                for listener in list(self._listeners):
                    if listener.job == event.job and listener.number < event.number:
                        listener.number = event.number
                        self._give(listener, event)
        return is_behind

    def _read(self, after: dict[str, int]) -> list[JobEvent]:
        # Everywhere: whether a listener may see its job was asked when its stream was opened.
        with self._store.read() as tx:
            return tx.jobs.events(after, limit=_PAGE)

    def _give(self, listener: Listener, event: JobEvent | None) -> None:
        try:
            listener.waiting.put_nowait(event)
        except asyncio.QueueFull:
            # It does not read: cut it off, it will come back with the number of the last event it got.
            self._listeners.discard(listener)
            listener.waiting = asyncio.Queue()
            listener.waiting.put_nowait(None)


def as_message(event: JobEvent, language: str) -> bytes:
    """An event as text of the stream; ``data`` is one JSON object."""
    plain = {"job": event.job, "number": event.number, "kind": event.kind, "at": event.at, **event.data}
    if "stage" in event.data:
        plain["text"] = sentence(str(event.data["stage"]), {}, language)
    if "faults" in event.data:
        plain["faults"] = [
            {**fault, "message": sentence(fault["code"], fault["facts"], language)} for fault in event.data["faults"]
        ]
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.kind.encode(), orjson.dumps(plain, default=str))


def start_feed(app: FastAPI) -> tuple[JobFeed, asyncio.Task[None]]:
    """A feed for an application, and the task that drives it."""
    observer = app.state.observer
    feed = JobFeed(app.state.store, lambda: bool(observer.is_draining))
    return feed, asyncio.create_task(feed.run(), name="job-feed")
