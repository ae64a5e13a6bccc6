"""Vector tiles: what a tile holds at which zoom, read by either store.

From a zoom of its own on, a collection shows its features, simplified to what the scale can show.  Below it a tile
with every building would weigh megabytes: it shows one point a cell with the number of features in it, as does every
tile with too many of them.  PostGIS makes the tile itself; from SQLite the rows are read and packed here, to the same
contents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Float, and_, cast, func, literal, literal_column, or_, select, union_all

from data.store.codec import select_columns
from data.store.mvt import EXTENT, in_tile_units, pack_tile
from data.store.rooms.collections import Collection
from data.store.rooms.windows import Box, shapes_of, told, window_of, wkb_of
from data.store.tx import Tx

CELLS = 64
"""Cells along a tile's side where it shows numbers in place of features."""
MOST_SHAPES = 10_000
"""Where more features than these lie in a tile, it shows numbers at every zoom: half of them would be a false map."""
BUFFER = 64  # units around the tile, so that outlines do not show at its edges
_SIMPLIFIED = 4  # units of 4096: a quarter of a pixel on a screen of 256 a tile
_EXACT_ZOOM = 16  # from here on nothing is simplified
_SMALLEST = 6  # units: an area or line that fits in such a square is left out below the exact zoom
_HIGHEST = math.degrees(math.atan(math.sinh(math.pi)))

Owned = tuple[str, str, Any]


def tile(tx: Tx, collection: Collection, owned: Sequence[Owned], z: int, x: int, y: int) -> bytes:
    """One tile, as bytes; empty where there is nothing.

    Parameters
    ----------
    owned
        County, owner and the condition its rows have to meet.
    """
    detail = collection.detail
    if z < detail.min_zoom or not owned:
        return b""
    keeps = [and_(keep, *_classes(collection, z)) for _, _, keep in owned]
    if z >= detail.shapes_zoom and _count(tx, collection, keeps, bounds_of(z, x, y)) <= MOST_SHAPES:
        return (_shapes_postgis if tx.is_postgis else _shapes_embedded)(tx, collection, keeps, z, x, y)
    return (_cells_postgis if tx.is_postgis else _cells_embedded)(tx, collection, keeps, z, x, y)


def _count(tx: Tx, collection: Collection, keeps: Sequence[Any], box: Box) -> int:
    """How many features have their box in a window, near enough to choose between shapes and numbers."""
    rows = collection.table
    near = rows.c.geom.op("&&")(_envelope(box)) if tx.is_postgis else rows.c.fid.in_(_in_window(collection, box))
    counted = (select(func.count()).select_from(rows).where(near, keep) for keep in keeps)
    return sum(int(tx.connection.execute(each).scalar_one()) for each in counted)


def bounds_of(z: int, x: int, y: int, margin: float = 0.0) -> Box:
    """Longitude and latitude of a tile, with a margin in shares of its side."""
    n = 2**z

    def latitude(row: float) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / n))))

    west, east = (x - margin) / n * 360 - 180, (x + 1 + margin) / n * 360 - 180
    return Box(max(west, -180.0), latitude(y + 1 + margin), min(east, 180.0), latitude(y - margin))


def tolerance(z: int) -> int:
    """How far an outline may be moved, in units of the tile."""
    return 0 if z >= _EXACT_ZOOM else _SIMPLIFIED


def _classes(collection: Collection, z: int) -> list[Any]:
    for below, shown in collection.detail.classes:
        if z < below:
            return [collection.column("class").in_(shown)]
    return []


def _has_size(collection: Collection) -> bool:
    return "point" not in collection.geometry or len(collection.geometry) > 1


# -- PostGIS -----------------------------------------------------------------------------------------------------------


def _envelope(box: Box) -> Any:
    return func.ST_MakeEnvelope(box.west, box.south, box.east, box.north, 4326)


def _shapes_postgis(tx: Tx, collection: Collection, keeps: Sequence[Any], z: int, x: int, y: int) -> bytes:
    rows, detail = collection.table, collection.detail
    window = _envelope(bounds_of(z, x, y, BUFFER / EXTENT))
    envelope = func.ST_TileEnvelope(z, x, y)
    metres = 2 * math.pi * 6378137.0 / 2**z / EXTENT  # of one unit
    flat = func.ST_Transform(rows.c.geom, 3857)
    moved = tolerance(z) * metres
    drawn = func.ST_Simplify(flat, moved, True) if moved and _has_size(collection) else flat
    shape = func.ST_AsMVTGeom(drawn, envelope, EXTENT, BUFFER, True).label("geom")
    some = []
    for keep in keeps:
        wanted = select(rows.c.fid.label("fid"), *(told(tx, rows.c[name]) for name in detail.columns), shape)
        wanted = wanted.where(keep, rows.c.geom.op("&&")(window))
        if z < _EXACT_ZOOM and _has_size(collection):
            wanted = wanted.where(_is_large(collection, z))
        some.append(wanted)
    contents = union_all(*some).subquery("all_rows")
    first = select(contents).where(contents.c.geom.isnot(None)).order_by(contents.c.fid)
    return _packed(tx, first, collection, "fid")


def _is_large(collection: Collection, z: int) -> Any:
    """Whether a feature is more than a speck; points always are."""
    geom = collection.table.c.geom
    least = 360.0 / 2**z / EXTENT * _SMALLEST
    wide = func.ST_XMax(geom) - func.ST_XMin(geom) >= least
    high = func.ST_YMax(geom) - func.ST_YMin(geom) >= least
    return or_(wide, high, func.ST_Dimension(geom) == 0)


def _cells_postgis(tx: Tx, collection: Collection, keeps: Sequence[Any], z: int, x: int, y: int) -> bytes:
    rows, detail = collection.table, collection.detail
    box = bounds_of(z, x, y)
    n = 2**z * CELLS
    some = []
    for keep in keeps:
        lon = (func.ST_XMin(rows.c.geom) + func.ST_XMax(rows.c.geom)) / 2
        lat = (func.ST_YMin(rows.c.geom) + func.ST_YMax(rows.c.geom)) / 2
        column = func.floor((lon + 180) / 360 * n) - x * CELLS
        rise = func.ln(func.tan(math.pi / 4 + func.radians(lat) / 2)) / math.pi
        row = func.floor((1 - rise) / 2 * n) - y * CELLS
        sums = [cast(rows.c[name], Float).label(name) for name in detail.sums]
        some.append(
            select(column.label("across"), row.label("down"), *sums).where(keep, rows.c.geom.op("&&")(_envelope(box)))
        )
    each = union_all(*some).subquery("each_row")
    inside = and_(each.c.across >= 0, each.c.across < CELLS, each.c.down >= 0, each.c.down < CELLS)
    side = EXTENT // CELLS
    number = (each.c.down * CELLS + each.c.across).cast(literal(1).type)
    cells = (
        select(
            number.label("cell"),
            func.count().label("features"),
            *(func.sum(each.c[name]).cast(literal(1).type).label(name) for name in detail.sums),
            func.ST_MakePoint(each.c.across * side + side // 2, each.c.down * side + side // 2).label("geom"),
        )
        .where(inside)
        .group_by(each.c.across, each.c.down)
        .order_by(number)
    )
    return _packed(tx, cells, collection, "cell")


def _packed(tx: Tx, contents: Any, collection: Collection, id: str) -> bytes:
    found = contents.subquery("found")
    packed = select(func.ST_AsMVT(literal_column("found"), collection.name, EXTENT, "geom", id)).select_from(found)
    return bytes(tx.connection.execute(packed).scalar() or b"")


# -- SQLite ------------------------------------------------------------------------------------------------------------


def _in_window(collection: Collection, box: Box, *columns: Any) -> Any:
    """What the R*Tree has in a box: asked before the rows, or SQLite looks each of all rows up in it."""
    window = window_of(collection.table)
    return select(window.c.id, *columns).where(
        window.c.x_max >= box.west, window.c.x_min <= box.east, window.c.y_max >= box.south, window.c.y_min <= box.north
    )


def _shapes_embedded(tx: Tx, collection: Collection, keeps: Sequence[Any], z: int, x: int, y: int) -> bytes:
    rows, detail = collection.table, collection.detail
    box = bounds_of(z, x, y, BUFFER / EXTENT)
    columns = [rows.c.fid, *(told(tx, rows.c[name]) for name in detail.columns), wkb_of(rows, tx).label("wkb")]
    near = rows.c.fid.in_(_in_window(collection, box))
    found = [row for keep in keeps for row in tx.connection.execute(select(*columns).where(near, keep))]
    found.sort(key=lambda row: row.fid)
    shapes = shapes_of([row.wkb for row in found])
    if z < _EXACT_ZOOM and _has_size(collection):
        least = 360.0 / 2**z / EXTENT * _SMALLEST
        bounds = shapely.bounds(shapes).reshape(-1, 4)
        large = (bounds[:, 2:] - bounds[:, :2] >= least).any(axis=1) | (shapely.get_dimensions(shapes) == 0)
        found, shapes = [row for row, keep in zip(found, large) if keep], shapes[large]
    drawn = in_tile_units(shapes, z, x, y, tolerance(z), BUFFER)
    kept = np.flatnonzero(~(shapely.is_missing(drawn) | shapely.is_empty(drawn)))
    properties = [{name: getattr(found[k], name) for name in detail.columns} for k in kept]
    return pack_tile(collection.name, drawn[kept], properties, [int(found[k].fid) for k in kept])


def _cells_embedded(tx: Tx, collection: Collection, keeps: Sequence[Any], z: int, x: int, y: int) -> bytes:
    rows, window, detail = collection.table, window_of(collection.table), collection.detail
    box = bounds_of(z, x, y)
    middle = ((window.c.x_min + window.c.x_max) / 2, (window.c.y_min + window.c.y_max) / 2)
    where = _numbers(tx, _in_window(collection, box, middle[0].label("lon"), middle[1].label("lat")))
    columns = [rows.c.fid, *(func.coalesce(rows.c[name], 0).label(name) for name in detail.sums)]
    near = rows.c.fid.in_(_in_window(collection, box))
    kept = [_numbers(tx, select(*columns).where(near, keep)) for keep in keeps]
    some = np.concatenate(kept)
    if not len(some):
        return b""
    where = where[np.argsort(where[:, 0])]
    place = where[np.searchsorted(where[:, 0], some[:, 0])]
    table = np.column_stack((place[:, 1:], some[:, 1:]))
    across, down = _cell_of(table[:, 0], table[:, 1], z, x, y)
    inside = (across >= 0) & (across < CELLS) & (down >= 0) & (down < CELLS)
    numbers, which, counts = np.unique((down * CELLS + across)[inside], return_inverse=True, return_counts=True)
    sums = [np.bincount(which, weights=table[inside, 2 + k], minlength=len(numbers)) for k in range(len(detail.sums))]
    properties = [
        {"features": int(n), **{name: round(sums[k][i]) for k, name in enumerate(detail.sums)}}
        for i, n in enumerate(counts)
    ]
    side = EXTENT // CELLS
    points = shapely.points(numbers % CELLS * side + side // 2, numbers // CELLS * side + side // 2)
    return pack_tile(collection.name, points, properties, numbers.tolist())


def _numbers(tx: Tx, wanted: Any) -> NDArray[np.float64]:
    """A table of numbers, past the rows SQLAlchemy would make of it."""
    return np.column_stack([np.array(column, dtype=float) for column in select_columns(tx, wanted).values()])


def _cell_of(
    lon: NDArray[np.float64], lat: NDArray[np.float64], z: int, x: int, y: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n = 2**z * CELLS
    lat = np.clip(lat, -_HIGHEST, _HIGHEST)
    across = np.floor((lon + 180) / 360 * n) - x * CELLS
    down = np.floor((1 - np.log(np.tan(math.pi / 4 + np.radians(lat) / 2)) / math.pi) / 2 * n) - y * CELLS
    return across.astype(np.int64), down.astype(np.int64)
