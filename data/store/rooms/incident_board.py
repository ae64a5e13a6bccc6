"""Incidents as a desk needs them when it opens: a few columns of many, read as plain values and not as cards.

Moments are whole seconds since 1970, cut and not rounded, as a reader of the full cards cuts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, cast, extract, func, literal_column, or_, select

from data.store.rooms.inside import is_inside
from data.store.tables.incidents import incidents, red_flags
from data.store.tx import Tx
from partition.incidents.flow import OPEN

MOMENTS = ("received_at", "assess_due_at", "arrive_due_at", "due_at", "closed_at", "cancelled_at")
PLAIN = ("kind", "priority", "state", "level", "lon", "lat", "title", "grid", "community", "unit", "body", "source")
NAMES = ("id", *PLAIN, "revision", *MOMENTS)


class Board:
    """What is open, and what has ended since a moment, inside one transaction.

    Parameters
    ----------
    since
        Incidents that ended earlier are left out.
    """

    def __init__(self, tx: Tx, since: datetime) -> None:
        self._tx = tx
        ended = or_(incidents.c.closed_at >= since, incidents.c.cancelled_at >= since)
        self._fits = (is_inside(incidents.c.place, tx), or_(incidents.c.state.in_(OPEN), ended))
        self._since = since

    def count(self) -> int:
        """How many there are."""
        wanted = select(func.count()).select_from(incidents).where(*self._fits)
        return int(self._tx.connection.execute(wanted).scalar_one())

    def columns(self, limit: int) -> dict[str, Sequence[Any]]:
        """Values by column (`NAMES`), the newest ``limit`` incidents, in the order of their numbers."""
        shown = [self._seconds(incidents.c[name]) if name in MOMENTS else incidents.c[name] for name in NAMES]
        wanted = select(*shown).where(*self._fits).order_by(incidents.c.fid.desc()).limit(limit)
        rows = [tuple(row) for row in self._tx.connection.execute(wanted)]
        rows.reverse()
        return dict(zip(NAMES, zip(*rows, strict=True) if rows else [()] * len(NAMES), strict=True))

    def flags(self) -> list[dict[str, Any]]:
        """Red flags that stand, and those cleared since the moment, by id."""
        standing = or_(red_flags.c.cleared_at.is_(None), red_flags.c.cleared_at >= self._since)
        wanted = select(red_flags).where(is_inside(red_flags.c.place, self._tx), standing).order_by(red_flags.c.id)
        return [dict(row) for row in self._tx.connection.execute(wanted).mappings()]

    def _seconds(self, column: Column[Any]) -> ColumnElement[Any]:
        if self._tx.is_postgis:
            return cast(func.floor(extract("epoch", column)), BigInteger).label(column.name)
        # Text up to its seconds: what is behind the point would be rounded.
        return literal_column(f"cast(strftime('%s', substr({column.name}, 1, 19)) as integer)", BigInteger)
