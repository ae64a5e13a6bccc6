"""Windows in space and time: what a question leaves in, as conditions of either store.

PostGIS answers a box by its index and an exact test.  SQLite answers it by the R*Tree, whose boxes are a little too
large (32-bit floats); a feature whose box lies wholly inside the window is in, the others are tested exactly here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    LargeBinary,
    String,
    Table,
    and_,
    column,
    func,
    or_,
    select,
    table,
    true,
    type_coerce,
)

from data.store import embedded
from data.store.shape import LON_LAT, Moment
from data.store.tx import Tx

Row = tuple[Any, ...]

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Box:
    """A window in longitude and latitude; where ``west`` is larger than ``east`` it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def parts(self) -> tuple[tuple[float, float, float, float], ...]:
        """One or two windows that do not cross the antimeridian."""
        if self.west <= self.east:
            return ((self.west, self.south, self.east, self.north),)
        return ((self.west, self.south, 180.0, self.north), (-180.0, self.south, self.east, self.north))

    def shapes(self) -> tuple[shapely.Geometry, ...]:
        """The window as geometries; a box without width or height is a line or a point."""
        return tuple(_shape(*part) for part in self.parts())


@dataclass(frozen=True, slots=True)
class Interval:
    """A span of time with both ends in it; ``None`` leaves an end open."""

    start: datetime | None
    end: datetime | None

    @classmethod
    def at(cls, moment: datetime) -> Interval:
        """A single moment."""
        return cls(moment, moment)


def _shape(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


@cache
def window_of(rows: Table) -> Any:
    """The R*Tree beside a table in SQLite."""
    return table(embedded.window_of(rows.name), *map(column, ("id", "x_min", "x_max", "y_min", "y_max")))


def touches(rows: Table, box: Box) -> ColumnElement[Any]:
    """The exact condition for PostGIS.

    ``&&`` stands beside ``ST_Intersects``, which contains it, because under row-level security only an operator that
    is declared leakproof may use the index (see `data.store.postgis`).
    """
    windows = [func.ST_GeomFromWKB(shapely.to_wkb(shape), LON_LAT) for shape in box.shapes()]
    return or_(*(and_(rows.c.geom.op("&&")(window), func.ST_Intersects(rows.c.geom, window)) for window in windows))


def wkb_of(rows: Table, tx: Tx) -> ColumnElement[Any]:
    """The served geometry as WKB, past the column type, which would make an object of each."""
    return func.ST_AsBinary(rows.c.geom) if tx.is_postgis else type_coerce(rows.c.geom, LargeBinary)


def shapes_of(wkb: Sequence[Any]) -> NDArray[Any]:
    """Geometries of rows of WKB."""
    return shapely.from_wkb(np.array([None if w is None else bytes(w) for w in wkb], dtype=object))


def fids_in_box(tx: Tx, rows: Table, box: Box, keep: ColumnElement[bool], order: Column[Any]) -> list[int]:
    """Rows of SQLite that touch a box, exactly, in their order.

    Parameters
    ----------
    keep
        What else must hold.
    order
        Column that gives the order.
    """
    window = window_of(rows)
    parts = box.parts()
    meets = [
        and_(window.c.x_max >= w, window.c.x_min <= e, window.c.y_max >= s, window.c.y_min <= n) for w, s, e, n in parts
    ]
    whole = [
        and_(window.c.x_min >= w, window.c.x_max <= e, window.c.y_min >= s, window.c.y_max <= n) for w, s, e, n in parts
    ]
    # First the window alone: asked together, SQLite goes through all rows and looks each of them up in the window.
    in_window = select(window.c.id).where(or_(*meets))
    surely = set(tx.connection.execute(in_window.where(or_(*whole))).scalars())
    fids = tx.connection.execute(select(rows.c.fid).where(rows.c.fid.in_(in_window), keep).order_by(order)).scalars()
    found = [int(fid) for fid in fids]
    doubtful = [fid for fid in found if fid not in surely]
    outside = set(doubtful) - set(_touching(tx, rows, doubtful, box, keep))
    return [fid for fid in found if fid not in outside]


def _touching(tx: Tx, rows: Table, fids: Sequence[int], box: Box, keep: ColumnElement[bool]) -> list[int]:
    touching: list[int] = []
    windows = box.shapes()
    for start in range(0, len(fids), _CHUNK):
        wanted = select(rows.c.fid, wkb_of(rows, tx)).where(rows.c.fid.in_(fids[start : start + _CHUNK]), keep)
        found = tx.connection.execute(wanted).all()
        shapes = shapes_of([row[1] for row in found])
        hit = np.logical_or.reduce([shapely.intersects(shapes, window) for window in windows])
        touching += [int(row[0]) for row, is_in in zip(found, hit) if is_in]
    return touching


def ended_at(rows: Table) -> ColumnElement[Any]:
    """When an incident ended: when it was closed, or else cancelled."""
    return func.coalesce(rows.c.closed_at, rows.c.cancelled_at)


def lives_in(rows: Table, interval: Interval) -> ColumnElement[bool]:
    """Whether an incident was there at some moment of an interval."""
    conditions: list[ColumnElement[bool]] = [true()]
    if interval.end is not None:
        conditions.append(rows.c.received_at <= interval.end)
    if interval.start is not None:
        ended = ended_at(rows)
        conditions.append(or_(ended.is_(None), ended >= interval.start))
    return and_(*conditions)


def told(tx: Tx, column: Column[Any]) -> ColumnElement[Any]:
    """A column as a tile shows it: moments as text in UTC, everything else as it is."""
    if not isinstance(column.type, Moment):
        return column
    if not tx.is_postgis:
        return type_coerce(column, String).label(column.name)
    utc = func.timezone("UTC", column, type_=DateTime())
    return func.to_char(utc, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"').label(column.name)
