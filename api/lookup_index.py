"""Point to grid, in memory: an index over the grids in force, and a few over other plans and moments.

The index answers from one consistent set of grids and is replaced as a whole.  A watcher asks the store for news a
few times a second and once a plan's moment has come, never while a reader waits.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from data.store import Store
from data.store.rooms.in_force import Grids, Reign
from gis.errors import GridwrightError
from gis.locate import NOWHERE, PolygonIndex

_LOG = logging.getLogger("gridwright.lookup")
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Found:
    """Where a point lies.

    Attributes
    ----------
    row
        Row of the grid in `GridIndex.grids`; `NOWHERE` for none.
    on_border
        Whether it lies on the common border of several grids, of which this is the first by code.
    """

    row: int
    on_border: bool


_NOTHING = Found(NOWHERE, False)


class GridIndex:
    """Finds the grid of a point among one set of grids; exact, borders belong to the grid with the lower code."""

    def __init__(self, grids: Grids) -> None:
        self.grids = grids
        self._places = PolygonIndex(grids.outline)

    def __len__(self) -> int:
        return len(self.grids.code)

    def find(self, lon: float, lat: float, jurisdiction: str = "") -> Found:
        """The grid of one point."""
        hits = self._places.hits(lon, lat)
        if jurisdiction:
            hits = [row for row in hits if self.grids.community[row].startswith(jurisdiction)]
        return Found(min(hits), len(hits) > 1) if hits else _NOTHING

    def find_many(
        self, lon: NDArray[Any], lat: NDArray[Any], jurisdiction: str = ""
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Row of the grid of each point (`NOWHERE` for none), and whether the point lies on a border."""
        if not jurisdiction:
            return self._places.find_many(lon, lat)
        inside = np.array([community.startswith(jurisdiction) for community in self.grids.community], dtype=bool)
        return self._places.find_many(lon, lat, inside)


class Lookups:
    """The indexes of one service."""

    def __init__(self, store: Store, now: Callable[[], datetime], poll_seconds: float) -> None:
        self._store = store
        self._now = now
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._others: OrderedDict[Hashable, GridIndex] = OrderedDict()
        self._index: GridIndex | None = None
        self._reigns: tuple[Reign, ...] = ()
        self._event = -1
        self._until: datetime | None = None
        self._is_watched = False
        self._wake: asyncio.Event | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def event(self) -> int:
        """Number of the newest event of the store that has been heard of."""
        return self._event

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` in the event loop after every round of the watch that brought news."""
        self._listeners.append(listener)

    def current(self) -> GridIndex | None:
        """The grids in force, without asking anybody; ``None`` before they are known, or where nobody watches."""
        return self._index if self._is_watched else None

    def ask_current(self) -> GridIndex:
        """The grids in force, asked of the store."""
        if self._is_watched and self._index is not None:
            return self._index
        return self.refresh()

    def refresh(self) -> GridIndex:
        """Ask the store for news, and read the grids again where there are any."""
        with self._lock, self._store.read() as tx:
            now = self._now()
            event = tx.outbox.last()
            if self._index is not None and event == self._event and (self._until is None or now < self._until):
                return self._index
            reigns = tx.in_force.at(now)
            if self._index is None or reigns != self._reigns:
                self._index = GridIndex(tx.in_force.grids(reigns))
                self._reigns = reigns
            self._event, self._until = event, tx.in_force.next_change(now)
            return self._index

    def at(self, moment: datetime) -> GridIndex:
        """The grids that were, or will be, in force at a moment."""
        with self._lock, self._store.read() as tx:
            reigns = tx.in_force.at(moment)
            if self._index is not None and reigns == self._reigns:
                return self._index
            return self._other(reigns, lambda: tx.in_force.grids(reigns))

    def of_plan(self, id: str, jurisdiction: str, seen_states: Sequence[str]) -> GridIndex:
        """The grids of one plan, which must be in a state that the reader may see.

        Raises
        ------
        NotFound
            ``plan_unknown``.
        """
        with self._store.read(jurisdiction) as tx:
            county, revision = tx.in_force.plan(id, seen_states)
        with self._lock, self._store.read() as tx:
            return self._other((id, revision), lambda: tx.in_force.grids_of(county, id))

    def wake(self) -> None:
        """Something was changed through this process: look at once."""
        if self._wake is not None:
            self._wake.set()

    async def watch(self) -> None:
        """Keep the index fresh until cancelled; an unreachable store leaves the last one in place."""
        self._is_watched = True
        self._wake = asyncio.Event()
        try:
            while True:
                self._wake.clear()
                before = (self._index, self._event)
                try:
                    await run_in_threadpool(self.refresh)
                except GridwrightError as error:
                    _LOG.warning("the look-up index could not be refreshed: %s", error.code)
                except Exception:
                    # Whatever it is, look-ups go on with the last index, and the next round tries again.
                    _LOG.exception("the look-up index could not be refreshed")
                if before != (self._index, self._event):
                    for listener in self._listeners:
                        listener()
                try:
                    await asyncio.wait_for(self._wake.wait(), self._poll_seconds)
                except TimeoutError:
                    continue
        finally:
            self._is_watched, self._wake = False, None

    def _other(self, key: Hashable, read: Callable[[], Grids]) -> GridIndex:
        index = self._others.get(key)
        if index is None:
            index = self._others[key] = GridIndex(read())
            while len(self._others) > _KEPT:
                self._others.popitem(last=False)
        self._others.move_to_end(key)
        return index
