"""What each grid borders on to the east, south, west and north, by name: 东至…南至…西至…北至….

Decides by geometry alone.  Every piece of a grid's outer border goes to the side it faces and lies on; on each side
the named street, river, railway, wall or estate that runs along the longest part gives the name.  Where no such
thing covers a fair part of the side, the neighbour does: the community over the border, else the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.graph import FloatArray, IntArray
from gis.territory import Territory

ObjectArray = NDArray[Any]

SIDES = ("east", "south", "west", "north")

NEAR_M = 5.0
"""A thing runs along a border when it lies this close to it."""
PIECE_M = 10.0
"""Borders are looked at in pieces of this length, longer ones on long borders."""
MOST_PIECES = 600
NAMED_FRAC = 0.25
"""Named things count when the longest covers this share of a side; below it the neighbour gives the name."""
SECOND_FRAC = 0.3
"""A second name is given when it covers this share of a side, too."""
_OUTWARD_M = 3.0
_BARRIERS_FIRST = ("river", "water", "railway", "motorway")


@dataclass(frozen=True, slots=True)
class Bound:
    """What lies along a side.

    ``kind`` is ``street``, ``estate``, ``community``, ``grid`` (``name`` says which), ``outside`` or the kind of a
    barrier (no name).
    """

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Pieces:
    grid: IntArray
    side: IntArray
    neighbour: IntArray
    middle: FloatArray
    outward: FloatArray
    length_m: FloatArray


def bounds_of_grids(
    shapes: ObjectArray, names: Sequence[str], communities: Sequence[str], territory: Territory
) -> list[dict[str, tuple[Bound, ...]]]:
    """What each grid borders on.

    Parameters
    ----------
    shapes
        One polygon or multipolygon a grid, in the CRS of the territory.
    names
        Name of each grid, for its neighbours in the same community.
    communities
        Code of each grid's community.
    territory
        Where streets, barriers, estates and the names of communities come from.

    Returns
    -------
    Per grid: side (`SIDES`) to one or two bounds, the longer first; a side without border is left out.

    Notes
    -----
    O(n log n) in the number of border pieces.
    """
    if len(shapes) == 0:
        return []
    pieces = _pieces(shapes)
    kinds, named = _named(pieces, territory)
    near_kinds, near = _neighbours(pieces, names, communities, territory)
    n_sides = len(shapes) * len(SIDES)
    slot = pieces.grid * len(SIDES) + pieces.side
    total_m = np.bincount(slot, pieces.length_m, n_sides)
    along = _longest(slot, named, pieces.length_m)
    beside = _longest(slot, near, pieces.length_m)
    result: list[dict[str, tuple[Bound, ...]]] = []
    for i in range(len(shapes)):
        found: dict[str, tuple[Bound, ...]] = {}
        for j, side in enumerate(SIDES):
            key = i * len(SIDES) + j
            if total_m[key] <= 0:
                continue
            chosen, labels = along.get(key, []), kinds
            if not chosen or chosen[0][0] < NAMED_FRAC * total_m[key]:
                chosen, labels = beside.get(key, []), near_kinds
            kept = [label for n, (length, label) in enumerate(chosen) if n == 0 or length >= SECOND_FRAC * total_m[key]]
            found[side] = tuple(labels[label] for label in kept[:2])
        result.append(found)
    return result


def _pieces(shapes: ObjectArray) -> _Pieces:
    parts, part_grid = shapely.get_parts(shapes, return_index=True)
    rings, ring_part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    is_outer = np.r_[True, ring_part[1:] != ring_part[:-1]]
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    start = np.flatnonzero(ring[:-1] == ring[1:])
    a, b = xy[start], xy[start + 1]
    length = np.hypot(*(b - a).T)
    grid = part_grid[ring_part[ring[start]]]
    neighbour = _across(xy, start, grid)
    keep = is_outer[ring[start]] & (length > 0)
    a, b, length, grid, neighbour = a[keep], b[keep], length[keep], grid[keep], neighbour[keep]

    perimeter = np.bincount(grid, length, len(shapes))
    step = np.maximum(PIECE_M, perimeter / MOST_PIECES)[grid]
    n = np.maximum(1, np.ceil(length / step)).astype(np.int64)
    row = np.repeat(np.arange(len(n)), n)
    place = (np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n) + 0.5) / n[row]
    middle = a[row] + place[:, None] * (b - a)[row]
    # Rings run counter-clockwise, so that the outside lies to the right.
    outward = (np.column_stack([b[:, 1] - a[:, 1], a[:, 0] - b[:, 0]]) / length[:, None])[row]
    grid, neighbour = grid[row], neighbour[row].copy()
    lost = np.flatnonzero(neighbour < 0)
    if len(lost):
        # Borders that do not match point by point (two files, two communities): look a step outside.
        points = shapely.points(middle[lost] + _OUTWARD_M * outward[lost])
        which, where = shapely.STRtree(shapes).query(points, predicate="intersects")
        other = where != grid[lost[which]]
        order = np.lexsort((-where[other], which[other]))
        neighbour[lost[which[other][order]]] = where[other][order]

    box = shapely.bounds(shapes)
    centre = (box[:, :2] + box[:, 2:]) / 2
    half = np.maximum((box[:, 2:] - box[:, :2]) / 2, 1e-9)
    # Where it lies and where it faces decide together: a street that runs askew bounds two sides, a notch one.
    towards = (middle - centre[grid]) / half[grid] + outward
    flat = np.abs(towards[:, 0]) >= np.abs(towards[:, 1])
    side = np.where(flat, np.where(towards[:, 0] >= 0, 0, 2), np.where(towards[:, 1] < 0, 1, 3))
    return _Pieces(grid, side, neighbour, middle, outward, (length / n)[row])


def _across(xy: FloatArray, start: IntArray, grid: IntArray) -> IntArray:
    """The grid that owns the same segment the other way round; -1 for none."""
    steps = np.round((xy - xy.min(axis=0)) * 1000).astype(np.int64)
    node = np.unique(steps[:, 0] * 2**31 + steps[:, 1], return_inverse=True)[1].astype(np.int64)
    n = int(node.max()) + 1
    way, back = node[start] * n + node[start + 1], node[start + 1] * n + node[start]
    order = np.argsort(way, kind="stable")
    at = np.minimum(np.searchsorted(way[order], back), len(order) - 1)
    hit = way[order][at] == back
    other = grid[order[at]]
    return np.where(hit & (other != grid), other, -1)


def _named(pieces: _Pieces, territory: Territory) -> tuple[list[Bound], IntArray]:
    """The thing with a name that each piece runs along: position in the list of bounds, -1 for none."""
    streets, barriers, estates = territory["streets"], territory["barriers"], territory["estates"]
    points = shapely.points(pieces.middle)
    has_name = streets["name"].notna().to_numpy() & (streets["name"].fillna("").str.strip() != "").to_numpy()
    is_wall = ~barriers["kind"].isin(_BARRIERS_FIRST).to_numpy()
    bounds: dict[Bound, int] = {}
    label = np.full(len(points), -1, np.int64)

    def numbered(found: list[Bound]) -> IntArray:
        return np.array([bounds.setdefault(bound, len(bounds)) for bound in found], np.int64)

    street_shapes = np.asarray(streets.geometry.array, dtype=object)[has_name]
    street_label = numbered([Bound("street", str(name).strip()) for name in streets["name"][has_name]])
    barrier_shapes = np.asarray(barriers.geometry.array, dtype=object)
    barrier_label = numbered([Bound(str(kind)) for kind in barriers["kind"]])
    lines = np.concatenate([street_shapes, barrier_shapes[~is_wall]])
    labels = np.concatenate([street_label, barrier_label[~is_wall]])
    label = _nearest(points, lines, labels, label)

    # An estate bounds the land outside its red line, not itself.
    open_rows = np.flatnonzero(label < 0)
    # Sources without a name give the id in its place: no word for people.
    estates = estates[(estates["name"] != estates["id"]).to_numpy(dtype=bool)]
    estate_shapes = np.asarray(estates.geometry.array, dtype=object)
    if len(open_rows) and len(estate_shapes):
        estate_label = numbered([Bound("estate", str(name).strip()) for name in estates["name"]])
        tree = shapely.STRtree(estate_shapes)
        beyond = pieces.middle[open_rows] + NEAR_M * pieces.outward[open_rows]
        within = pieces.middle[open_rows] - NEAR_M * pieces.outward[open_rows]
        out_of = set(zip(*tree.query(shapely.points(within), predicate="intersects").tolist()))
        pairs = [
            p for p in zip(*tree.query(shapely.points(beyond), predicate="intersects").tolist()) if p not in out_of
        ]
        for row, estate in sorted(pairs, reverse=True):
            label[open_rows[row]] = estate_label[estate]
    label = _nearest(points, barrier_shapes[is_wall], barrier_label[is_wall], label)
    return list(bounds), label


def _nearest(points: ObjectArray, shapes: ObjectArray, labels: IntArray, known: IntArray) -> IntArray:
    """Label of the nearest shape within reach, for points that have none yet; ties to the lower label."""
    rows = np.flatnonzero(known < 0)
    if len(shapes) == 0 or len(rows) == 0:
        return known
    which, where = shapely.STRtree(shapes).query(points[rows], predicate="dwithin", distance=NEAR_M)
    metres = np.round(shapely.distance(points[rows][which], shapes[where]), 3)
    # The last one written stays: the nearest.
    order = np.lexsort((-labels[where], -metres, which))
    result = known.copy()
    result[rows[which[order]]] = labels[where[order]]
    return result


def _neighbours(
    pieces: _Pieces, names: Sequence[str], communities: Sequence[str], territory: Territory
) -> tuple[list[Bound], IntArray]:
    """The neighbour of each piece: the community over the border, the grid in the same one, or the outside."""
    table = territory["communities"]
    called = dict(zip(table["code"], table["name"]))
    codes, community = np.unique(np.asarray(communities, dtype=str), return_inverse=True)
    bounds = [Bound("outside")]
    bounds += [Bound("community", str(called.get(code, code))) for code in codes]
    bounds += [Bound("grid", name) for name in names]
    across = pieces.neighbour
    same = community[across] == community[pieces.grid]
    label = np.where(same, 1 + len(codes) + across, 1 + community[across])
    return bounds, np.where(across < 0, 0, label)


def _longest(slot: IntArray, label: IntArray, length_m: FloatArray) -> dict[int, list[tuple[float, int]]]:
    """Per slot its labels with their length, longest first."""
    rows = np.flatnonzero(label >= 0)
    n = int(label.max(initial=0)) + 1
    keys, where = np.unique(slot[rows] * n + label[rows], return_inverse=True)
    metres = np.round(np.bincount(where, length_m[rows], len(keys)), 3) if len(keys) else np.zeros(0)
    found: dict[int, list[tuple[float, int]]] = {}
    for i in np.lexsort((keys % n, -metres, keys // n)) if len(keys) else ():
        found.setdefault(int(keys[i]) // n, []).append((float(metres[i]), int(keys[i]) % n))
    return found
