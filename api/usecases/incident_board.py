"""The board of the dispatcher's desk: all that is open and what ended of late, as columns, as of one number of the
stream of events.

Whoever has the board and applies every event after its number, in order, has the board of a later number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from data.store import Tx
from data.store.rooms.incident_board import Board
from data.store.rooms.incident_cards import said
from data.store.rooms.units import unit_row
from partition.incidents.deadlines import Clocks, running
from partition.incidents.flow import STATES

ENDED_WITHIN = timedelta(hours=24)
MOST_ROWS = 50_000
_ANY = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCKS = {"assess": "assess_due_at", "arrive": "arrive_due_at", "handle": "due_at"}
CLOCK = {state: _CLOCKS.get(running(state, Clocks(_ANY, _ANY, _ANY)).what) for state in STATES}
"""State -> the deadline that runs in it; none where none does."""


def since_of(now: datetime, asked: datetime | None) -> datetime:
    """The moment from which ended incidents are on the board: a day ago, or earlier where that is asked for."""
    usual = now - ENDED_WITHIN
    return usual if asked is None else min(asked, usual)


def board_of(tx: Tx, now: datetime, since: datetime, event: int) -> dict[str, Any]:
    """The board, as plain data.

    Parameters
    ----------
    now
        The service's clock, by which the reader sets its own.
    since
        From `since_of`.
    event
        Number of the newest event, read in the same transaction.
    """
    board = Board(tx, since)
    found = board.columns(MOST_ROWS)
    n = len(found["id"])
    kinds, kind = indexed(found["kind"])
    grids, grid = indexed(found["grid"])
    communities, community = indexed(found["community"])
    index = {state: i for i, state in enumerate(STATES)}
    ended = zip(found["state"], found["closed_at"], found["cancelled_at"], strict=True)
    columns = {
        "id": found["id"],
        "kind": kind,
        "priority": found["priority"],
        "state": [index[state] for state in found["state"]],
        "level": found["level"],
        "lon": [round(x, 6) for x in found["lon"]],
        "lat": [round(y, 6) for y in found["lat"]],
        "received_at": found["received_at"],
        "due_at": found["due_at"],
        "clock_at": clocks_of(found),
        "closed_at": [closed if state == "closed" else cancelled for state, closed, cancelled in ended],
        **{name: found[name] for name in ("title", "unit", "body", "source", "revision")},
        "grid": grid,
        "community": community,
    }
    return {
        "event": event,
        "now": said(now.astimezone(UTC)),
        "since": said(since.astimezone(UTC)),
        "count": n if n < MOST_ROWS else board.count(),
        "kinds": kinds,
        "states": STATES,
        "columns": columns,
        "grids": grids,
        "communities": communities,
        "units": [unit_row(card) for card in tx.units.cards()],
        "flags": [plain(row) for row in board.flags()],
    }


def indexed(values: Sequence[str | None]) -> tuple[list[str], list[int | None]]:
    """Texts that come often, each once and sorted, and where each value is among them."""
    distinct = sorted({value for value in values if value is not None})
    at: dict[str | None, int] = {value: i for i, value in enumerate(distinct)}
    return distinct, [at.get(value) for value in values]


def clocks_of(columns: dict[str, Sequence[Any]]) -> list[int | None]:
    """The deadline that runs, in seconds; none where none does."""
    due: Iterable[tuple[Any, ...]] = zip(*(columns[name] for name in _CLOCKS.values()), strict=True)
    place = {state: None if name is None else list(_CLOCKS.values()).index(name) for state, name in CLOCK.items()}
    return [
        None if (i := place[state]) is None else moments[i]
        for state, moments in zip(columns["state"], due, strict=True)
    ]


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its moments as text."""
    return {name: said(value) if isinstance(value, datetime) else value for name, value in row.items()}
