"""The land under a plan, packed for one page: water, green, estates, streets, buildings, posts and cameras.

Decides what is left out so that the page stays below about 15 MB; the page itself says what was left out.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.territory import Territory
from maps.features import to_lonlat
from maps.pack import pack_lines, pack_points, pack_polygons
from maps.style import GREEN_ESTATES, street_rank

MOST_BUILDINGS = 60_000
MOST_STREETS = 60_000
MOST_POINTS = 20_000
_BUILDING_TOLERANCE_M = 0.4
_LINE_TOLERANCE_M = 0.8


def pack_ground(territory: Territory, origin: tuple[float, float]) -> dict[str, Any]:
    """Every layer of the land that the page draws, as plain data.

    Of more than `MOST_BUILDINGS` buildings the largest footprints are kept, of more than `MOST_STREETS` streets the
    widest classes; ``n_buildings`` and ``n_streets`` say how many there were.
    """

    def lonlat(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        return to_lonlat(shapes, territory.crs)

    barriers, estates, posts = territory["barriers"], territory["estates"], territory["posts"]
    barrier_kind, barrier_shapes = _column(barriers, "kind"), _shapes(barriers)
    wet = np.isin(barrier_kind, ("river", "water"))
    water = shapely.simplify(barrier_shapes[wet], _LINE_TOLERANCE_M)
    buildings, n_buildings = _kept_buildings(territory["buildings"])
    at_points = shapely.get_type_id(buildings) == shapely.GeometryType.POINT
    streets, ranks, named, n_streets = _kept_streets(territory["streets"])
    names = sorted({name for name in named if name})
    place = {name: i for i, name in enumerate(names)}
    estate_shapes = shapely.simplify(_shapes(estates), _BUILDING_TOLERANCE_M)
    cameras = _shapes(territory["cameras"])[:MOST_POINTS]
    post_spots = pack_points(lonlat(_shapes(posts)[:MOST_POINTS]), origin)
    return {
        "water": [rings for rings in pack_polygons(lonlat(water), origin) if rings],
        "rivers": _lines(lonlat(water), origin),
        "railways": _lines(lonlat(_thin(barrier_shapes[barrier_kind == "railway"])), origin),
        "walls": _lines(lonlat(_thin(barrier_shapes[barrier_kind == "wall"])), origin),
        "estates": [
            {"name": name or "", "kind": kind or "", "green": kind in GREEN_ESTATES, "rings": rings}
            for name, kind, rings in zip(
                _column(estates, "name"),
                _column(estates, "kind"),
                pack_polygons(lonlat(estate_shapes), origin),
                strict=True,
            )
        ],
        "streets": [_lines(lonlat(streets[ranks == rank]), origin) for rank in range(6)],
        "street_names": names,
        "street_named": [_line_names(streets, named, place, ranks == rank) for rank in range(6)],
        "n_streets": n_streets,
        "streets_drawn": len(streets),
        "buildings": [rings for rings in pack_polygons(lonlat(buildings[~at_points]), origin) if rings],
        "building_points": pack_points(lonlat(buildings[at_points]), origin),
        "n_buildings": n_buildings,
        "buildings_drawn": len(buildings),
        "cameras": [spot for spot in pack_points(lonlat(cameras), origin) if spot],
        "posts": [
            {"name": name or "", "kind": kind or "", "spot": spot}
            for name, kind, spot in zip(_column(posts, "name"), _column(posts, "kind"), post_spots)
            if spot
        ],
    }


def _kept_buildings(table: gpd.GeoDataFrame) -> tuple[NDArray[np.object_], int]:
    shapes = _shapes(table)
    if len(shapes) > MOST_BUILDINGS:
        largest = np.argsort(-shapely.area(shapes), kind="stable")[:MOST_BUILDINGS]
        return shapely.simplify(shapes[np.sort(largest)], _BUILDING_TOLERANCE_M), len(shapes)
    return shapely.simplify(shapes, _BUILDING_TOLERANCE_M), len(shapes)


def _kept_streets(
    table: gpd.GeoDataFrame,
) -> tuple[NDArray[np.object_], NDArray[np.int64], NDArray[np.object_], int]:
    shapes, named = _shapes(table), _column(table, "name")
    ranks = np.array([street_rank(value) for value in _column(table, "class")], dtype=np.int64)
    if len(shapes) > MOST_STREETS:
        widest = np.sort(np.lexsort((np.arange(len(shapes)), -shapely.length(shapes), ranks))[:MOST_STREETS])
        return _thin(shapes[widest]), ranks[widest], named[widest], len(shapes)
    return _thin(shapes), ranks, named, len(shapes)


def _line_names(
    streets: NDArray[np.object_], named: NDArray[np.object_], place: dict[str, int], chosen: NDArray[np.bool_]
) -> list[int]:
    # One position in the table of names for each line that `_lines` makes of these streets, -1 for none.
    n_lines = [
        0 if shape is None else n for shape, n in zip(streets[chosen], shapely.get_num_geometries(streets[chosen]))
    ]
    return [place.get(name, -1) for name, n in zip(named[chosen], n_lines) for _ in range(n)]


def _thin(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return shapely.simplify(shapes, _LINE_TOLERANCE_M)


def _lines(lonlat: NDArray[np.object_], origin: tuple[float, float]) -> list[list[int]]:
    return [line for lines in pack_lines(lonlat, origin) for line in lines]


def _shapes(table: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return np.asarray(table.geometry.array, dtype=object)


def _column(table: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    column = table[name].astype(object)
    return column.where(column.notna(), None).to_numpy(dtype=object)
