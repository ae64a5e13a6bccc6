"""Geometry packed for one page: whole millionths of a degree, each vertex as the step from the one before.

A third of the size of GeoJSON and read by the page's own script (`maps/static/ground.js`), which is the other half
of this room.  Outer rings run one way and holes the other, so that a polygon is simply a list of rings
and overlapping polygons do not cancel each other.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

PER_DEGREE = 1_000_000
"""Steps per degree: 0.11 m on the ground."""

Steps = list[int]


def pack_polygons(lonlat: NDArray[np.object_], origin: tuple[float, float]) -> list[list[Steps]]:
    """Per geometry the list of its rings; geometry of another kind, empty or missing gives an empty list."""
    parts, owner = shapely.get_parts(lonlat, return_index=True)
    # A repaired shape may be a collection: look one level deeper, and keep what has an area.
    deeper, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    is_polygon = shapely.get_type_id(deeper) == shapely.GeometryType.POLYGON
    rings, part = shapely.get_rings(shapely.orient_polygons(deeper[is_polygon]), return_index=True)
    return _grouped(_steps(rings, origin, closed=True), owner[is_polygon][part], len(lonlat))


def pack_lines(lonlat: NDArray[np.object_], origin: tuple[float, float]) -> list[list[Steps]]:
    """Per geometry the list of its lines; other kinds give an empty list."""
    parts, owner = shapely.get_parts(lonlat, return_index=True)
    is_line = np.isin(shapely.get_type_id(parts), (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING))
    return _grouped(_steps(parts[is_line], origin, closed=False), owner[is_line], len(lonlat))


def pack_points(lonlat: NDArray[np.object_], origin: tuple[float, float]) -> list[list[int]]:
    """Per geometry one ``[x, y]``; what is not a point is shown by a point inside it, missing ones by ``[]``."""
    spots = shapely.point_on_surface(lonlat)
    whole = shapely.is_geometry(spots) & ~shapely.is_empty(spots)
    xy = np.zeros((len(spots), 2), dtype=np.int64)
    xy[whole] = _whole_steps(shapely.get_coordinates(spots[whole]), origin)
    return [pair if ok else [] for pair, ok in zip(xy.tolist(), whole.tolist())]


def _whole_steps(lonlat: NDArray[np.float64], origin: tuple[float, float]) -> NDArray[np.int64]:
    return np.rint((lonlat - np.asarray(origin)) * PER_DEGREE).astype(np.int64)


def _steps(lines: NDArray[np.object_], origin: tuple[float, float], *, closed: bool) -> list[Steps]:
    if not len(lines):
        return []
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    xy = _whole_steps(coordinates, origin)
    first = np.ones(len(xy), dtype=bool)
    first[1:] = line[1:] != line[:-1]
    step = np.empty_like(xy)
    step[0] = xy[0]
    step[1:] = np.where(first[1:, None], xy[1:], xy[1:] - xy[:-1])
    # Vertices that fall on the one before say nothing at this resolution.
    keep = first | (step != 0).any(axis=1)
    if closed:
        last = np.ones(len(xy), dtype=bool)
        last[:-1] = first[1:]
        keep &= first | ~last
    step, line = step[keep], line[keep]
    cuts = np.searchsorted(line, np.arange(1, len(lines)))
    return [piece.ravel().tolist() for piece in np.split(step, cuts)]


def _grouped(items: list[Steps], owner: NDArray[np.int64], n: int) -> list[list[Steps]]:
    groups: list[list[Steps]] = [[] for _ in range(n)]
    for item, index in zip(items, owner.tolist(), strict=True):
        groups[index].append(item)
    return groups
