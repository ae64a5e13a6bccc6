"""What addresses are looked up in: per county its address index, joined with the grids of a moment or of a plan.

An account that sees less than a county gets an index of its own, made of what it sees: what lies elsewhere does not
even take part in the search.  Everything that answers one jurisdiction from one set of grids is a `Shelf`, and is
replaced as a whole, in the background while the service watches the store: a new plan joins the very same indexes with
other grids, new addresses make another index.  Which grid follows from an address is decided in `api.usecases.look_up`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from starlette.concurrency import run_in_threadpool

from api import settings
from api.lookup_index import GridIndex, Lookups
from api.problems import Refusal
from api.usecases.address_books import DATABASE, AddressBooks, KeptIndex, renewed
from api.usecases.look_up import Book
from api.usecases.look_up_answers import MOST_CANDIDATES, Answer
from api.usecases.look_up_grids import GridPlaces, KnownGrids, Successor
from data.store import SqlStore
from data.store.rooms.in_force import Step
from gis.address import AddressIndex
from gis.errors import GridwrightError

_LOG = logging.getLogger("gridwright.lookup")
_KEPT_SHELVES = 32
_KEPT_NARROW = 64
_PATIENCE_S = 30.0
_MOST_WAITING = 8
_TURNS_IN_DATABASE = 8


@dataclass(frozen=True, slots=True)
class Shelf:
    """The books of one jurisdiction over one set of grids, one a county; answers a text from all of them."""

    grids: GridIndex
    version: int
    books: tuple[Book, ...]

    def look_up_many(self, texts: Sequence[str]) -> list[Answer]:
        """The answers to some texts, in their order."""
        found = [book.look_up_many(texts) for book in self.books]
        answers = found[0] if len(found) == 1 else [merged(of_one) for of_one in zip(*found)]
        if self.indexes:
            return answers
        nothing = [Answer(text, "not_found", reasons=("no_addresses",)) for text in texts]
        # Codes are known without addresses too.
        return [known if known.status != "not_found" else none for known, none in zip(answers, nothing)] or nothing

    @property
    def indexes(self) -> tuple[AddressIndex, ...]:
        """The address indexes."""
        return tuple(book.index for book in self.books if book.index is not None)


class Books:
    """The shelves of one service.

    Parameters
    ----------
    store
        With its tables.
    lookups
        The grids, and the news of them.
    now
        The clock.
    """

    def __init__(self, store: SqlStore, lookups: Lookups, now: Callable[[], datetime]) -> None:
        self._store, self._lookups, self._now = store, lookups, now
        self._addresses = AddressBooks(store)
        self._lock = threading.RLock()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._event = -2
        self._version = 0  # grows when addresses change
        self._counties: dict[str, str] = {}  # with addresses, and their state
        self._narrow: OrderedDict[tuple[str, str], KeptIndex] = OrderedDict()
        self._current: OrderedDict[str, Shelf] = OrderedDict()
        self._others: OrderedDict[tuple[int, str], Shelf] = OrderedDict()
        # Searches for single readers take turns: many threads at a time would spend most of theirs waiting for the
        # interpreter.  A database may be asked by several at once.
        self._n_turns = _TURNS_IN_DATABASE if settings.address_index() == DATABASE else 1
        self._turns = threading.BoundedSemaphore(self._n_turns)
        self._searchers: ThreadPoolExecutor | None = None

    @property
    def is_watched(self) -> bool:
        """Whether the shelves are kept fresh in the background."""
        return self._searchers is not None

    def turn(self) -> AbstractContextManager[object]:
        """To be held by a thread while it searches for one reader."""
        return self._turns

    async def run[T](self, search: Callable[[], T]) -> T:
        """A search for one reader, in its turn, while the event loop goes on."""

        def search_in_turn() -> T:
            with self._turns:
                return search()

        return await asyncio.get_running_loop().run_in_executor(self._searchers, search_in_turn)

    def current(self, jurisdiction: str) -> Shelf | None:
        """What answers now, without asking anybody; ``None`` where it must be made first."""
        return self._current.get(jurisdiction) if self.is_watched else None

    def ask_current(self, jurisdiction: str) -> Shelf:
        """What answers now; it is made where nobody has asked yet.

        Raises
        ------
        Refusal
            503 ``lookup_preparing``: an index is being made, and takes long.
        """
        shelf = self.current(jurisdiction)
        if shelf is not None:
            return shelf
        grids = self._lookups.ask_current()
        with self._held():
            self._hear()
            shelf = self._current.get(jurisdiction)
            if shelf is None or not self._is_fresh(shelf, grids):
                shelf = self._current[jurisdiction] = self._shelf(grids, jurisdiction, self._now())
                _keep_last(self._current, _KEPT_SHELVES)
            self._current.move_to_end(jurisdiction)
            return shelf

    def over(self, grids: GridIndex, jurisdiction: str, *, moment: datetime | None = None, plan: str = "") -> Shelf:
        """What answers from the grids of another moment, or of one plan.

        Raises
        ------
        Refusal
            503 ``lookup_preparing``.
        """
        with self._held():
            if not self.is_watched:
                self._hear()
            key = (id(grids), jurisdiction)
            shelf = self._others.get(key)
            if shelf is None or not self._is_fresh(shelf, grids):
                shelf = self._others[key] = self._shelf(grids, jurisdiction, moment, plan)
                _keep_last(self._others, _KEPT_SHELVES)
            self._others.move_to_end(key)
            return shelf

    def refresh(self) -> None:
        """Make every shelf that is in use anew where the grids or the addresses changed; readers keep the old one."""
        with self._lock:
            self._hear()
            grids = self._lookups.current()
            if grids is None:
                return
            for jurisdiction in [*self._current] or [""]:
                shelf = self._current.get(jurisdiction)
                if shelf is None or not self._is_fresh(shelf, grids):
                    made = self._shelf(grids, jurisdiction, self._now())
                    for index in made.indexes:
                        index.suggest("1")  # so that nobody waits for its names to be put in order
                    self._current[jurisdiction] = made

    async def watch(self) -> None:
        """Keep the shelves fresh until cancelled."""
        news = asyncio.Event()
        news.set()
        self._lookups.listen(news.set)
        self._searchers = ThreadPoolExecutor(self._n_turns, "look-up")
        try:
            while True:
                await news.wait()
                news.clear()
                try:
                    await run_in_threadpool(self.refresh)
                except GridwrightError as error:
                    _LOG.warning("the address index could not be refreshed: %s", error.code)
                except Exception:
                    # Look-ups go on with the last one, and the next news tries again.
                    _LOG.exception("the address index could not be refreshed")
        finally:
            self._searchers.shutdown(wait=False)
            self._searchers = None

    @contextmanager
    def _held(self) -> Iterator[None]:
        """The lock, for a reader: few may wait for it, and none for ever, or nobody else would be answered."""
        preparing = Refusal(503, "lookup_preparing", headers={"Retry-After": "5"})
        if not self._waiting.acquire(blocking=False):
            raise preparing
        try:
            if not self._lock.acquire(timeout=_PATIENCE_S):
                raise preparing
        finally:
            self._waiting.release()
        try:
            yield
        finally:
            self._lock.release()

    def _hear(self) -> None:
        """Read the addresses again where the store has news of them."""
        event = self._lookups.event
        if event == self._event:
            return
        with self._store.read() as tx:
            found = {county: tx.addresses.state(county) for county in tx.addresses.counties()}
        if found != self._counties:
            for county in found:
                self._addresses.index(county)
            self._counties = found
            self._version += 1
        self._event = event

    def _shelf(self, grids: GridIndex, jurisdiction: str, moment: datetime | None, plan: str = "") -> Shelf:
        books = []
        with self._store.read() as tx:
            county_of = tx.in_force.counties_of(grids.grids.plan)
        for county in sorted(set(county_of.values()) | self._counties.keys()):
            if not (county.startswith(jurisdiction) or jurisdiction.startswith(county)):
                continue
            narrow = jurisdiction if len(jurisdiction) > len(county) else ""
            index = self._index(county, narrow)
            known = self._known(grids, county, county_of, narrow, moment, plan)
            if index is not None or len(known):
                books.append(Book.of(index, known))
        return Shelf(grids, self._version, tuple(books))

    def _is_fresh(self, shelf: Shelf, grids: GridIndex) -> bool:
        return shelf.grids is grids and shelf.version == self._version

    def _index(self, county: str, narrow: str) -> AddressIndex | None:
        if county not in self._counties:
            return None
        if not narrow:
            return self._addresses.index(county)
        state, key = self._counties[county], (county, narrow)
        kept = self._narrow.get(key)
        if kept is None or kept.state != state:
            with self._store.read(narrow) as tx:
                kept = self._narrow[key] = renewed(tx, county, state, kept)
            _keep_last(self._narrow, _KEPT_NARROW)
        self._narrow.move_to_end(key)
        return kept.index

    def _known(
        self,
        grids: GridIndex,
        county: str,
        county_of: Mapping[str, str],
        narrow: str,
        moment: datetime | None,
        plan: str,
    ) -> KnownGrids:
        """The grids of one county that a jurisdiction sees, with their buildings and the codes before them."""
        all_of, mine = grids.grids, []
        for row, (its_plan, community) in enumerate(zip(all_of.plan, all_of.community)):
            if county_of.get(its_plan) == county and community.startswith(narrow):
                mine.append(row)
        outlines = all_of.outline[np.array(mine, dtype=np.intp)]
        code, name, community, of_plan = (
            tuple(column[row] for row in mine) for column in (all_of.code, all_of.name, all_of.community, all_of.plan)
        )
        row_of = {(its_plan, one): row for row, (its_plan, one) in enumerate(zip(of_plan, code))}
        buildings: dict[str, int] = {}
        with self._store.read() as tx:
            for its_plan in sorted(set(of_plan)):
                for building, grid in tx.in_force.buildings(county, its_plan).items():
                    row_or_none = row_of.get((its_plan, grid))
                    if row_or_none is not None:
                        buildings[building] = row_or_none
            steps = tx.in_force.steps(county, moment, plan)
        successors, retired = heirs(steps, set(code))
        return KnownGrids(
            code=code,
            name=name,
            community=community,
            plan=of_plan,
            places=GridPlaces(lambda: outlines),
            grid_of_building=buildings,
            successors=successors,
            # Who sees a part is not told of codes elsewhere, also not that there were such.
            retired=retired if not narrow else frozenset(successors),
        )


def heirs(steps: Iterable[Step], codes: set[str]) -> tuple[dict[str, tuple[Successor, ...]], frozenset[str]]:
    """Where the ground of every retired code went, over all plans since; and every code that is retired.

    Parameters
    ----------
    steps
        The plans, oldest first.
    codes
        The codes of the grids that answer.
    """
    went: dict[str, dict[str, float]] = {}
    issued: set[str] = set()
    for step in steps:
        led: dict[str, dict[str, float]] = {}
        for old, new, share in step.rows:
            led.setdefault(old, {})[new] = share
        for old, before in went.items():
            after: dict[str, float] = {}
            for code, share in before.items():
                for new, part in led.get(code, {code: 1.0}).items():
                    after[new] = after.get(new, 0.0) + share * part
            went[old] = after
        # Of a code that ruled until now it counts where it went from here.
        went.update({old: dict(new) for old, new in led.items()})
        issued |= step.codes | led.keys()
    retired = frozenset(issued - codes)
    found = {
        old: tuple(Successor(new, share) for new, share in sorted(after.items(), key=lambda one: (-one[1], one[0])))
        for old in sorted(retired & went.keys())
        if (after := {new: share for new, share in went[old].items() if new in codes})
    }
    return found, retired


_RANK = {"exact": 3, "building": 2, "ambiguous": 1, "street": 1, "not_found": 0}


def merged(answers: Sequence[Answer]) -> Answer:
    """One answer of those of several counties to the same text.

    The surer kind wins; of several equally sure ones nobody can tell which is meant.
    """
    best = max(_RANK[answer.status] for answer in answers)
    likely = [answer for answer in answers if _RANK[answer.status] == best]
    if best == 0 or len(likely) == 1:
        return max(likely, key=lambda answer: (len(answer.candidates), len(answer.reasons)))
    candidates = sorted((c for answer in likely for c in answer.candidates), key=lambda choice: -choice.score_frac)
    first = likely[0]
    return Answer(
        first.query,
        "ambiguous",
        confidence=round(max(answer.confidence for answer in likely) / len(likely), 3),
        reasons=("several_places",),
        candidates=tuple(candidates[:MOST_CANDIDATES]),
        grids=tuple(sorted({grid for answer in likely for grid in answer.grids})),
        matched=first.matched,
        dropped=first.dropped,
    )


def _keep_last[K, V](kept: OrderedDict[K, V], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
