"""The shapes of a plan, made ready for the page: simplified without gaps, coloured, packed, with a spot for a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from maps.colouring import borders, colour
from maps.features import to_lonlat, to_metres
from maps.pack import Steps, pack_lines, pack_points, pack_polygons
from maps.style import FILLS
from partition.filed import FiledPlan

_TOLERANCES_M = ((100_000, 0.3), (400_000, 1.0), (1_500_000, 3.0), (np.inf, 6.0))
"""Vertices of all grids up to which a tolerance is used: the page stays small, the eye sees no difference."""


@dataclass(frozen=True, slots=True)
class PlanShapes:
    """Shapes by position of the grid in the plan.

    Attributes
    ----------
    origin
        ``(lon, lat)`` that packed steps count from.
    grid_rings, community_rings
        Packed polygons; communities by code, made of their grids, so that both borders fall together.
    fill
        Index into `maps.style.FILLS`; neighbours differ.
    spots, room_m
        Packed centre of the largest circle inside each grid, and its radius in metres.
    community_spots
        The same centre for communities, by code.
    """

    origin: tuple[float, float]
    grid_rings: list[list[Steps]]
    community_rings: dict[str, list[Steps]]
    fill: NDArray[np.int64]
    spots: list[list[int]]
    room_m: NDArray[np.float64]
    community_spots: dict[str, list[int]]


def shape_plan(filed: FiledPlan) -> PlanShapes:
    """Shapes of all grids and of their communities.

    Raises
    ------
    InputError
        ``map_nothing_to_show``: no grid has a shape.
    """
    grids = filed.grids
    exact, metres = to_metres(np.asarray(grids.geometry.array, dtype=object), CRS(grids.crs))
    shapes = _simplified(exact, _tolerance_m(exact))
    pairs, _ = borders(shapes)
    x0, y0, x1, y1 = shapely.total_bounds(to_lonlat(shapes, metres))
    origin = (round(float(x0 + x1) / 2, 6), round(float(y0 + y1) / 2, 6))
    centre, room_m = _roomiest_spots(shapes)
    codes = grids["community"].to_numpy(dtype=object)
    names = sorted({str(code) for code in codes})
    outlines = np.array([shapely.union_all(shapes[codes == name]) for name in names], dtype=object)
    middle, _ = _roomiest_spots(outlines)
    rings = pack_polygons(to_lonlat(outlines, metres), origin)
    return PlanShapes(
        origin=origin,
        grid_rings=pack_polygons(to_lonlat(shapes, metres), origin),
        community_rings=dict(zip(names, rings, strict=True)),
        fill=colour(len(shapes), pairs, len(FILLS)),
        spots=pack_points(to_lonlat(centre, metres), origin),
        room_m=room_m,
        community_spots=dict(zip(names, pack_points(to_lonlat(middle, metres), origin), strict=True)),
    )


def shape_outlines(filed: FiledPlan, origin: tuple[float, float]) -> tuple[list[list[Steps]], list[Steps]]:
    """Another plan, packed from the ``origin`` of the one on the page.

    Returns
    -------
    outlines, lines
        The polygon of each grid; and all borders as lines, each once, so that they can be dashed.
    """
    exact, metres = to_metres(np.asarray(filed.grids.geometry.array, dtype=object), CRS(filed.grids.crs))
    shapes = _simplified(exact, _tolerance_m(exact))
    lines = shapely.line_merge(shapely.multilinestrings(_segments(shapes)))
    packed = pack_lines(to_lonlat(np.array([lines], dtype=object), metres), origin)
    return pack_polygons(to_lonlat(shapes, metres), origin), packed[0]


def _segments(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    # A border between two grids stands in both, with the same vertices.
    rings = shapely.get_rings(shapely.get_parts(shapes))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    follows = ring[1:] == ring[:-1]
    ends = np.column_stack([xy[:-1][follows], xy[1:][follows]])
    turned = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends[turned] = ends[turned][:, [2, 3, 0, 1]]
    return shapely.linestrings(np.unique(ends, axis=0).reshape(-1, 2, 2))


def _tolerance_m(shapes: NDArray[np.object_]) -> float:
    n_vertices = int(shapely.get_num_coordinates(shapes).sum())
    return next(t for limit, t in _TOLERANCES_M if n_vertices <= limit)


def _simplified(shapes: NDArray[np.object_], tolerance_m: float) -> NDArray[np.object_]:
    # As a coverage: a shared border is simplified once, so that no gap opens between neighbours.
    there = shapely.is_geometry(shapes) & ~shapely.is_empty(shapes)
    result = shapes.copy()
    result[~there] = shapely.Polygon()
    result[there] = shapely.coverage_simplify(shapes[there], tolerance_m)
    return result


def _roomiest_spots(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    # The largest part speaks for a grid of several parts.
    parts, owner = shapely.get_parts(shapes, return_index=True)
    area = shapely.area(parts)
    order = np.lexsort((np.arange(len(parts)), -area, owner))
    firsts = order[np.unique(owner[order], return_index=True)[1]]
    spots = np.array([shapely.Point()] * len(shapes), dtype=object)
    room_m = np.zeros(len(shapes))
    for i in firsts[area[firsts] > 0]:
        radius = shapely.maximum_inscribed_circle(parts[i], tolerance=float(np.sqrt(area[i])) / 60)
        spots[owner[i]] = shapely.get_point(radius, 0)
        room_m[owner[i]] = shapely.length(radius)
    return spots, room_m
