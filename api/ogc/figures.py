"""Figures that take every row of a collection to work out: kept for as long as the collection stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI

from data.store import Tx
from data.store.rooms.features import Extent
from data.store.rooms.windows import Box, Interval

_MOST = 10_000


def extent_of(app: FastAPI, tx: Tx, collection: str) -> Extent:
    """What a collection spans, of any time."""
    state = tx.features.state(collection, Interval(None, None))
    found: Extent = _kept(app, ("extent", state), lambda: tx.features.extent(collection))
    return found


def count_of(
    app: FastAPI, tx: Tx, collection: str, *, now: datetime, box: Box | None, interval: Interval | None
) -> int:
    """How many features there are in a window; every page of them says so."""
    state = tx.features.state(collection, interval or Interval.at(now))
    found: int = _kept(
        app,
        ("count", state, box, interval),
        lambda: tx.features.count(collection, now=now, box=box, interval=interval),
    )
    return found


def _kept(app: FastAPI, name: tuple[object, ...], work_out: Callable[[], Any]) -> Any:
    if not hasattr(app.state, "figures_of_features"):
        app.state.figures_of_features = {}
    figures: dict[tuple[object, ...], Any] = app.state.figures_of_features
    found = figures.get(name)
    if found is None:
        # Two readers at once may both work it out; they come to the same.
        found = work_out()
        if len(figures) >= _MOST:
            figures.clear()
        figures[name] = found
    return found
