"""Posts and key places on the network: each at the foot of the nearest street that hangs together with the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.lines import Lines
from gis.streets.network import ObjectArray

_AT_NODE_M = 1.0  # a foot this close to the end of a link is at its end


@dataclass(frozen=True, slots=True)
class Feet:
    """Per point: the line of its foot (-1: too far), metres along it, and metres off the nearest line."""

    line: IntArray
    at_m: FloatArray
    off_m: FloatArray


def find_feet(points: ObjectArray, lines: Lines, is_open: BoolArray, is_main: BoolArray, place_m: float) -> Feet:
    """Find the foot of each point on the open lines, within ``place_m`` rather on a main line.

    Parameters
    ----------
    is_open
        Per line: the mode may use it.
    is_main
        Per line: one can get away from it and back.
    """
    line = np.full(len(points), -1, dtype=np.int64)
    off_m = np.full(len(points), np.inf)
    shapes = lines.geometry
    for wanted, limit in ((is_open & is_main, place_m), (is_open, place_m), (is_open, None)):
        rows, todo = np.flatnonzero(wanted), np.flatnonzero(~np.isfinite(off_m))
        if not len(rows) or not len(todo):
            continue
        tree = shapely.STRtree(shapes[rows])
        (at, near), far = tree.query_nearest(points[todo], max_distance=limit, return_distance=True)
        # Of several streets equally near, the first.
        order = np.lexsort((near, at))[::-1]
        off_m[todo[at[order]]] = far[order]
        if limit is not None:
            line[todo[at[order]]] = rows[near[order]]
    line[~(off_m <= place_m)] = -1
    at_m = np.zeros(len(points))
    on = np.flatnonzero(line >= 0)
    if len(on):
        along = shapely.line_locate_point(shapes[line[on]], points[on])
        length = lines.length_m[line[on]]
        along = np.where(along <= _AT_NODE_M, 0.0, along)
        at_m[on] = np.where(length - along <= _AT_NODE_M, np.where(along == 0.0, 0.0, length), along)
    return Feet(line, at_m, off_m)


def grids_of(points: ObjectArray, grids: ObjectArray, border_m: float) -> Int32Array:
    """Grid each point stands in; on a border the first of its grids; just outside all grids the nearest; else -1."""
    found = np.full(len(points), -1, dtype=np.int32)
    if not len(points) or not len(grids):
        return found
    tree = shapely.STRtree(grids)
    at, grid = tree.query(points, predicate="intersects")
    order = np.lexsort((grid, at))[::-1]
    found[at[order]] = grid[order]
    rest = np.flatnonzero(found < 0)
    at, grid = tree.query_nearest(points[rest], max_distance=border_m)
    order = np.lexsort((grid, at))[::-1]
    found[rest[at[order]]] = grid[order]
    return found
