"""Brings what happens on the dispatcher's desk to whoever listens: one question to the store for everybody.

A listener is a position and nothing else, no queue: what it is sent next is cut from the ring of the newest events, or
from the table where it has fallen behind the ring.  Whoever does not read is cut off after a while and goes on where
it was when it comes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.http.settings import ServiceSettings
from api.problems import Refusal
from api.usecases.incident_ring import Batch, Encoded, Ring, alive, batch_of, encoded, resync, thinned
from data.store import Act, SqlStore
from data.store.rooms.stream import CHANNEL
from data.store.wake import be_woken
from gis.errors import StorageError

MOST_LISTENERS = 2_000
MOST_S = 1_800
"""A stream ends after so long and is opened anew."""
ALIVE_S = 15.0
SEND_S = 30.0
"""Whoever takes nothing for so long is cut off."""
WELCOME_S = 60.0
"""How often it is asked whether a listener may still listen."""
LOOK_S = 0.25
_TICK_S = 0.2  # what happens within it is sent together
_FULL_LOOK_S = 1.0  # where the database wakes us
_BEGIN = 2_000  # events that are taken into memory at first
_PAGE = 500
_PAGE_BEHIND = 40  # about as many as are sent at once
_PAGES_AT_ONCE = 25
MOST_BEHIND = 20_000
"""Whoever has more events to catch up takes the board anew."""
_BEAT_S = 1.0
_FORGET_S = 600.0
_MOVES_KEPT = timedelta(hours=1)
_LOG = logging.getLogger("gridwright.incidents")


@dataclass(eq=False)
class Listener:
    """One open stream.

    Attributes
    ----------
    sent
        Number of the last message it was sent.
    position
        Everything up to this number it has, or may not see.
    joined
        Looks at the store that had begun when it came.
    """

    jurisdiction: str
    sent: int
    position: int
    joined: int
    is_gone: bool = False
    waiting: asyncio.Future[None] | None = field(default=None)

    def wake(self) -> None:
        """Let it look what there is."""
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)


class DeskFeed:
    """Events for everybody who listens.

    Parameters
    ----------
    is_draining
        Whether the service is ending.
    """

    def __init__(self, store: SqlStore, settings: ServiceSettings, is_draining: Callable[[], bool]) -> None:
        self._store, self._settings, self._is_draining = store, settings, is_draining
        self._listeners: set[Listener] = set()
        self._ring = Ring()
        self._is_begun = False
        self._wake = asyncio.Event()
        self._looks_begun = self._looks_done = 0
        # Not the pool that answers requests: however busy those are, events come.
        self._reader = ThreadPoolExecutor(1, "incident-events")
        self._pages = ThreadPoolExecutor(1, "incident-pages")
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def n_listeners(self) -> int:
        """Streams that are open."""
        return len(self._listeners)

    def start(self) -> None:
        """Begin; nothing is asked of the store before somebody listens."""
        parts = (self._look_on(), self._be_woken(), self._beat(), self._forget_on())
        self._tasks = [asyncio.create_task(part, name="incident-feed") for part in parts]

    async def end(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(BaseException):
                await task
        self._reader.shutdown(wait=False)
        self._pages.shutdown(wait=False)

    # -- listeners

    def check_room(self) -> None:
        """Refuse a stream more than the service can hold.

        Raises
        ------
        Refusal
            503 ``streams_full``.
        """
        if len(self._listeners) >= MOST_LISTENERS:
            raise Refusal(503, "streams_full", headers={"Retry-After": "30"}, allowed=MOST_LISTENERS)

    def join(self, jurisdiction: str, after: int) -> Listener:
        """A new listener, which has everything up to a number."""
        listener = Listener(jurisdiction, after, after, self._looks_begun)
        self._listeners.add(listener)
        self._wake.set()
        return listener

    def leave(self, listener: Listener) -> None:
        """A listener has gone."""
        listener.is_gone = True
        self._listeners.discard(listener)
        listener.wake()

    def now(self) -> datetime:
        """The service's clock."""
        return self._settings.now()

    def is_over(self) -> bool:
        """Whether all streams end now."""
        return self._is_draining()

    async def next_for(self, listener: Listener) -> Batch | None:
        """What a listener is to be sent now; none: nothing."""
        ring = self._ring
        if self._looks_done <= listener.joined:
            return None  # what is known here may be older than what it has
        if listener.position > ring.last:  # it has what this store never told, or tells no more
            return Batch(resync(ring.last, listener.sent), ring.last, ring.last)
        if listener.position < ring.floor:
            return await self._page(listener, ring.last)
        if listener.position == ring.last:
            return None
        return ring.batch(listener.jurisdiction, listener.sent, listener.position)

    async def _page(self, listener: Listener, last: int) -> Batch | None:
        """What follows in the table, for whoever is behind; none where it can not be read now."""
        known = (listener.jurisdiction, listener.sent, listener.position)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pages, page_of, self._store, *known, last)
        except StorageError as error:
            _LOG.warning("events can not be read: %s", error)
            return None

    # -- the store

    async def _look_on(self) -> None:
        """Look again and again while somebody listens."""
        look_s = LOOK_S if self._store.kind == "embedded" else _FULL_LOOK_S
        while True:
            if not self._listeners:
                self._wake.clear()
                await self._wake.wait()
            self._wake.clear()
            is_behind = False
            try:
                is_behind = await self._look()
            except StorageError as error:
                _LOG.warning("events can not be read: %s", error)
            except Exception:
                _LOG.exception("events can not be brought")  # streams go on: the next look may do
            if is_behind:
                continue
            await asyncio.sleep(_TICK_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(look_s - _TICK_S):
                    await self._wake.wait()

    async def _look(self) -> bool:
        """Take what is new into the ring; whether there is more at once."""
        self._looks_begun += 1
        look = self._looks_begun
        ring = self._ring
        loop = asyncio.get_running_loop()
        begin = None if self._is_begun else ring.last
        start, events, last, newest = await loop.run_in_executor(self._reader, _read, self._store, ring.last, begin)
        if start is not None:
            ring.begin(start)
            self._is_begun = True
        is_new = last != ring.last or start is not None
        if is_new:
            ring.add(events, last)
        is_behind = last < newest
        if not is_behind:
            is_new = is_new or any(listener.joined >= self._looks_done for listener in self._listeners)
            self._looks_done = look
            if is_new:
                self._wake_all()
        return is_behind

    async def _be_woken(self) -> None:
        while not self._listeners:
            await asyncio.sleep(LOOK_S)
        await be_woken(self._store, CHANNEL, self._wake.set)

    async def _beat(self) -> None:
        """Let everybody look at the clock now and then."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await asyncio.sleep(LOOK_S)
            if self._is_draining() or loop.time() >= due:
                due = loop.time() + _BEAT_S
                self._wake_all()

    async def _forget_on(self) -> None:
        """Forget where units were."""
        while True:
            await asyncio.sleep(_FORGET_S)
            try:
                await asyncio.get_running_loop().run_in_executor(self._pages, self._forget)
            except StorageError as error:
                _LOG.warning("old positions can not be forgotten: %s", error)

    def _forget(self) -> None:
        now = self._settings.now()
        with self._store.write(Act("system", now)) as tx:
            tx.stream.forget_moves(now - _MOVES_KEPT)

    def _wake_all(self) -> None:
        for listener in self._listeners:
            listener.wake()


def _read(store: SqlStore, last: int, begin: int | None) -> tuple[int | None, list[Encoded], int, int]:
    """Where to begin anew (none: go on), events, the number they reach, the number of the newest event.

    Everywhere: what a listener may see is decided by the place of each event.
    """
    with store.read() as tx:
        newest = tx.stream.last()
        start = max(0, newest - _BEGIN) if begin is not None or newest < last or newest - last > MOST_BEHIND else None
        position = last if start is None else start
        if newest == position:
            return start, [], position, newest
        found = tx.stream.since(position, limit=_PAGE)
    reached = found[-1].number if len(found) == _PAGE else newest
    return start, [encoded(event) for event in thinned(found)], reached, newest


def page_of(store: SqlStore, jurisdiction: str, sent: int, position: int, last: int) -> Batch:
    """What follows a position in the table, up to a number.

    Parameters
    ----------
    last
        Nothing after it, though there may be more.
    """
    with store.read() as tx:
        is_gone = last - position > MOST_BEHIND or tx.stream.first() > position + 1
        found = [] if is_gone else tx.stream.since(position, limit=_PAGE_BEHIND)
    if is_gone:
        return Batch(resync(last, sent), last, last)
    reached = min(found[-1].number, last) if len(found) == _PAGE_BEHIND else last
    events = [encoded(event) for event in thinned(found) if event.number <= last]
    return batch_of(events, jurisdiction, sent, reached)


def poll(store: SqlStore, jurisdiction: str, after: int | None) -> bytes:
    """What follows a number, as one text: for whoever asks now and then instead of listening.

    At most so much that it is soon said; with more to come, the next question brings it.
    """
    with store.read() as tx:
        last = tx.stream.last()
    sent = position = last if after is None else after
    if position > last:
        return resync(last, sent)
    texts: list[bytes] = []
    while position < last and len(texts) < _PAGES_AT_ONCE:
        batch = page_of(store, jurisdiction, sent, position, last)
        texts.append(batch.text)
        sent, position = batch.sent, batch.position
    return b"".join(texts)


class EventStream(Response):
    """The answer to a listener.

    Parameters
    ----------
    after
        Number of the last event it has.
    seconds
        How long it listens at most.
    is_welcome
        Whether it may still listen; asked now and then.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        feed: DeskFeed,
        jurisdiction: str,
        after: int,
        seconds: float,
        is_welcome: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed, self._jurisdiction, self._after = feed, jurisdiction, after
        self._seconds, self._is_welcome = seconds, is_welcome

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is and what comes, until the listener or the service has had enough."""
        listener = self._feed.join(self._jurisdiction, self._after)
        watch = asyncio.create_task(self._watch(listener, receive))
        try:
            async with asyncio.timeout(SEND_S):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._say(send, b"retry: 1000\n\n")
            await self._tell(listener, send)
            await self._say(send, b"", is_last=True)
        except TimeoutError:
            # It does not read.  To close the connection would keep what is on its way for as long as it pleases.
            scope.get("gridwright.abort", lambda: None)()
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await asyncio.shield(watch)
        finally:
            self._feed.leave(listener)
            watch.cancel()

    async def _tell(self, listener: Listener, send: Send) -> None:
        feed, loop = self._feed, asyncio.get_running_loop()
        began = said_at = asked_at = loop.time()
        while not (listener.is_gone or feed.is_over()):
            listener.waiting = loop.create_future()  # before it looks: what comes meanwhile wakes it too
            batch = await feed.next_for(listener)
            if batch is not None:
                listener.sent, listener.position = batch.sent, batch.position
                if batch.text:
                    await self._say(send, batch.text)
                    said_at = loop.time()
                continue
            now = loop.time()
            if now - began >= self._seconds:
                return
            if now - asked_at >= WELCOME_S:
                asked_at = now
                if not await self._is_welcome():
                    return
            if now - said_at >= ALIVE_S:
                said_at = now
                await self._say(send, alive(listener.sent, feed.now()))
            await listener.waiting

    async def _say(self, send: Send, text: bytes, *, is_last: bool = False) -> None:
        async with asyncio.timeout(SEND_S):
            await send({"type": "http.response.body", "body": text, "more_body": not is_last})

    async def _watch(self, listener: Listener, receive: Receive) -> None:
        message: Any = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await receive()
        self._feed.leave(listener)
