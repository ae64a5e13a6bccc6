"""Looks up in a store, as `api.usecases.look_up.Book` does in files: the plans in force, now or at a moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property

from numpy.typing import ArrayLike

from api.lookup_books import Books, Shelf
from api.lookup_index import GridIndex, Lookups
from api.usecases.look_up import Book
from api.usecases.look_up_answers import Answer
from api.usecases.look_up_grids import GridPlaces, KnownGrids
from data.store import SqlStore

_NO_WATCH_S = 1.0


class StoreBook:
    """Answers from everything a store has in force; addresses are read when the first one is asked for.

    Parameters
    ----------
    store
        With its tables.
    now
        The clock.
    moment
        When the plans were, or will be, in force; now where omitted.
    """

    def __init__(self, store: SqlStore, now: Callable[[], datetime], moment: datetime | None = None) -> None:
        self._lookups, self._moment = Lookups(store, now, _NO_WATCH_S), moment
        self._books = Books(store, self._lookups, now)

    def look_up(self, text: str) -> Answer:
        """The answer to one text."""
        return self.look_up_many([text])[0]

    def look_up_many(self, texts: Sequence[str]) -> list[Answer]:
        """The answers to many texts, in their order."""
        return self._shelf.look_up_many(texts)

    def look_up_points(self, lon: ArrayLike, lat: ArrayLike) -> list[Answer]:
        """The answers to many points in longitude and latitude (WGS 84), in their order."""
        return self._points.look_up_points(lon, lat)

    @cached_property
    def _grids(self) -> GridIndex:
        return self._lookups.ask_current() if self._moment is None else self._lookups.at(self._moment)

    @cached_property
    def _shelf(self) -> Shelf:
        if self._moment is None:
            return self._books.ask_current("")
        return self._books.over(self._grids, "", moment=self._moment)

    @cached_property
    def _points(self) -> Book:
        held = self._grids.grids
        places = GridPlaces(lambda: held.outline)
        return Book(None, KnownGrids(held.code, held.name, held.community, held.plan, places, {}))
