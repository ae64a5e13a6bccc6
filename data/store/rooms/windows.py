"""Windows in space and time: what a question leaves in, as conditions of either store.

PostGIS answers a box by its index and an exact test.  SQLite answers it by the R*Tree, whose boxes are a little too
large (32-bit floats); a feature whose box lies wholly inside the window is in, the others are tested exactly here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Float,
    LargeBinary,
    Table,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
    type_coerce,
)

from data.store import embedded
from data.store.shape import LON_LAT
from data.store.tx import Tx

Row = tuple[Any, ...]

_CHUNK = 1000

# A text that PostgreSQL can take for a moment without ever raising: it knows which months have 30 and 31 days.
_MOMENT = (
    r"^((19|20)\d\d-(0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(19|20)\d\d-(0[469]|11)-(0[1-9]|[12]\d|30)"
    r"|(19|20)\d\d-02-(0[1-9]|1\d|2[0-8])|(19(0[48]|[2468][048]|[13579][26])|20([02468][048]|[13579][26]))-02-29)"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-](0\d|1[0-4]):[0-5]\d)?)?$"
)
_ZONED = r"([T ].*)(Z|[+-]\d\d:\d\d)$"


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


def moment_of(said: ColumnElement[Any], tx: Tx) -> ColumnElement[Any]:
    """A text column with a moment (ISO 8601) as something to compare; no value where the text is no moment.

    A text without a time zone is taken for UTC on both stores.
    """
    if not tx.is_postgis:
        # Only what looks like a date: SQLite also takes plain numbers and "now".
        return case((said.op("GLOB")("[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]*"), func.julianday(said)), else_=None)
    zoned = case((said.regexp_match(_ZONED), said), else_=said.concat("Z"))
    dated = case((said.regexp_match("[T ]"), zoned), else_=said.concat("T00:00Z"))
    return case((said.regexp_match(_MOMENT), cast(dated, DateTime(timezone=True))), else_=None)


def meets_interval(
    start: ColumnElement[Any], end: ColumnElement[Any], interval: Interval, tx: Tx
) -> ColumnElement[bool]:
    """Whether a span between two text columns meets an interval; without a start it always does."""
    began, ended = moment_of(start, tx), moment_of(end, tx)
    conditions = []
    if interval.end is not None:
        conditions.append(began <= _moment(interval.end, tx))
    if interval.start is not None:
        conditions.append(or_(ended.is_(None), ended >= _moment(interval.start, tx)))
    return or_(began.is_(None), and_(True, *conditions))


def _moment(moment: datetime, tx: Tx) -> ColumnElement[Any]:
    if tx.is_postgis:
        return literal(moment, DateTime(timezone=True))
    return type_coerce(func.julianday(moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")), Float)
