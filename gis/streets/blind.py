"""Where nobody looked: stretches of streets as lines, ground far from all of them, households near them."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.ops import substring

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.streets.network import ObjectArray, StreetNetwork

_MITRE = 8  # segments per quarter circle of a buffer
_TOUCH_M = 0.01  # stretches closer to a whole link than this are the whole link


def stretches(network: StreetNetwork, link: Int32Array, low_m: FloatArray, high_m: FloatArray) -> ObjectArray:
    """Parts of links as lines.

    Parameters
    ----------
    network
        The links.
    link, low_m, high_m
        Per stretch: its link, and from where to where in metres from the link's tail.
    """
    lines: ObjectArray = network.geometry[link].copy()
    length = network.length_m[link]
    partial = np.flatnonzero((low_m > _TOUCH_M) | (high_m < length - _TOUCH_M))
    for i in partial:
        lines[i] = substring(lines[i], low_m[i], high_m[i])
    return lines


def left_over(
    links: np.ndarray, interval_link: Int32Array, low_m: FloatArray, high_m: FloatArray, length_m: FloatArray
) -> tuple[Int32Array, FloatArray, FloatArray]:
    """What intervals leave of some links: ``link, low, high``, by link and metres along it.

    Parameters
    ----------
    links
        Link numbers, ascending.
    interval_link, low_m, high_m
        Disjoint intervals, sorted by link and metres.
    length_m
        Of every link.
    """
    mine = np.isin(interval_link, links)
    # Before each interval and after the last one of a link lies a rest: mark both ends with empty intervals.
    link = np.concatenate([links, interval_link[mine], links])
    start = np.concatenate([np.full(len(links), -1.0), low_m[mine], length_m[links]])
    stop = np.concatenate([np.zeros(len(links)), high_m[mine], length_m[links]])
    order = np.lexsort((stop, start, link))
    link, start, stop = link[order], start[order], stop[order]
    same = link[1:] == link[:-1]
    rest = same & (start[1:] - stop[:-1] > _TOUCH_M)
    return link[:-1][rest].astype(np.int32), stop[:-1][rest], start[1:][rest]


def blind_areas(
    grids: ObjectArray, seen: ObjectArray, reach_m: float, least_m2: float
) -> tuple[Int32Array, ObjectArray]:
    """Ground of each grid farther than ``reach_m`` from every line seen: grid position and polygon, largest first.

    Parameters
    ----------
    grids
        Polygons in metres.
    seen
        Lines that were patrolled.
    reach_m
        How far one looks from a street.
    least_m2
        Smaller areas are left out.
    """
    tree = shapely.STRtree(seen)
    owner: list[int] = []
    areas: list[object] = []
    for g, grid in enumerate(grids):
        near = np.sort(tree.query(grid, predicate="dwithin", distance=reach_m)) if len(seen) else np.zeros(0, int)
        looked = shapely.union_all(shapely.buffer(seen[near], reach_m, quad_segs=_MITRE)) if len(near) else None
        blind = shapely.difference(grid, looked) if looked is not None else grid
        parts = [p for p in shapely.get_parts(blind) if p.geom_type == "Polygon" and p.area >= least_m2]
        parts.sort(key=lambda p: (-p.area, p.bounds))
        owner += [g] * len(parts)
        areas += parts
    return np.array(owner, np.int32), _objects(areas)


def near_lines(points: ObjectArray, lines: ObjectArray, reach_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of positions ``(line, point)`` not farther apart than ``reach_m``, each once, sorted."""
    if not len(points) or not len(lines):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    pairs = shapely.STRtree(points).query(lines, predicate="dwithin", distance=reach_m)
    order = np.lexsort((pairs[1], pairs[0]))
    return pairs[0][order], pairs[1][order]


def lie_in(points: ObjectArray, areas: ObjectArray) -> BoolArray:
    """Per point (or building): it touches one of the areas."""
    inside = np.zeros(len(points), np.bool_)
    if len(points) and len(areas):
        inside[shapely.STRtree(points).query(areas, predicate="intersects")[1]] = True
    return inside


def _objects(values: list[object]) -> ObjectArray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
