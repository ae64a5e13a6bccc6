"""Whose is each street: inside a grid that grid's, on the border of grids shared out once, and why some are nobody's.

Border streets are given to the neighbour with less to inspect, a whole street between two junctions to one hand, and
rather to a grid that already inspects a street at one of its ends.
"""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.kernels import balance
from gis.streets.lines import Lines
from gis.streets.network import ObjectArray
from gis.streets.noding import degree

INSPECTED, CLASS, OUTSIDE, ESTATE, CLOSED, PASSAGE = range(6)
"""Values of `gis.streets.beats.Beats.link_reason`."""

GUARDED = ("estate", "school", "hospital", "industrial", "government")
"""Kinds of estates with guards of their own; markets, parks and business quarters are open to everybody."""

_INSIDE_M = 3.0  # a street along the outline of an estate is not inside it
_APART = 2.0  # a street that touches nothing of the grid's counts so many times its length when shares are balanced
_ROUNDS = 6


def lie_in_estates(shapes: ObjectArray, estates: ObjectArray) -> BoolArray:
    """Whether at least half of each line lies inside an estate, clear of its outline."""
    inside = np.zeros(len(shapes), dtype=bool)
    ground = shapely.buffer(estates, -_INSIDE_M)
    ground = ground[~shapely.is_empty(ground)]
    if not len(ground) or not len(shapes):
        return inside
    tree = shapely.STRtree(shapes)
    inside[tree.query(ground, predicate="contains")[1]] = True
    at, line = tree.query(ground, predicate="intersects")
    rest = ~inside[line]
    at, line = at[rest], line[rest]
    inside_m = np.zeros(len(shapes))
    np.add.at(inside_m, line, shapely.length(shapely.intersection(shapes[line], ground[at])))
    inside |= inside_m >= 0.5 * np.maximum(shapely.length(shapes), 1e-9)
    return inside


def share_out(
    lines: Lines,
    line: IntArray,
    grid: IntArray,
    n_grids: int,
    is_required: BoolArray,
    work_m: FloatArray,
) -> Int32Array:
    """Grid of each required line, -1 for the others.

    Parameters
    ----------
    line, grid
        Pairs of `gis.streets.borders.reaches`: which grids may take which line.
    is_required
        Per line: must be inspected, by somebody who may take it.
    work_m
        Per line: metres to inspect, both sides counted.
    """
    owner = np.full(len(lines), -1, dtype=np.int32)
    n_takers = np.bincount(line, minlength=len(lines))
    single = (n_takers[line] == 1) & is_required[line]
    owner[line[single]] = grid[single]
    load = np.bincount(grid[single], weights=work_m[line[single]], minlength=n_grids)
    shared = np.flatnonzero(is_required & (n_takers > 1))
    if not len(shared):
        return owner
    start = np.searchsorted(line, np.arange(len(lines) + 1))
    tail, head, xy = lines.nodes()
    group = _whole_streets(lines, shared, _same_takers(start, grid, shared), tail, head, len(xy))
    n_groups = int(group.max()) + 1
    size = np.bincount(group, weights=work_m[shared], minlength=n_groups)
    member = np.full(n_groups, len(shared), dtype=np.int64)
    np.minimum.at(member, group, np.arange(len(shared)))
    lead = shared[member]
    n_takers = (start[lead + 1] - start[lead]).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(n_takers)])
    taker_group = np.repeat(np.arange(n_groups), n_takers)
    taker = grid[start[lead][taker_group] + np.arange(first[-1]) - first[taker_group]]

    ends = np.unique(np.stack([np.tile(group, 2), np.concatenate([tail[shared], head[shared]])], axis=1), axis=0)
    end_first = np.searchsorted(ends[:, 0], np.arange(n_groups + 1))
    n_ends = np.diff(end_first)[taker_group]
    slot_first = np.concatenate([[0], np.cumsum(n_ends)])
    of = np.repeat(np.arange(len(taker)), n_ends)
    node = ends[end_first[taker_group[of]] + np.arange(slot_first[-1]) - slot_first[of], 1]
    key = node.astype(np.int64) * n_grids + taker[of]
    places, slot = np.unique(key, return_inverse=True)
    mine = np.flatnonzero(owner >= 0)
    held_key = np.concatenate([tail[mine], head[mine]]).astype(np.int64) * n_grids + np.tile(owner[mine], 2)
    held = np.isin(places, held_key).astype(np.int64)
    order = np.lexsort((member, -size))
    hand = balance(size, order, first, taker, slot_first, slot.reshape(-1), held, load, _APART, _ROUNDS)
    owner[shared] = taker[hand][group]
    return owner


def _same_takers(start: IntArray, grid: IntArray, shared: IntArray) -> IntArray:
    """Per shared line a number that lines with the same takers share."""
    known: dict[tuple[int, ...], int] = {}
    sets = (tuple(grid[a:b].tolist()) for a, b in zip(start[shared], start[shared + 1]))
    return np.array([known.setdefault(takers, len(known)) for takers in sets], dtype=np.int64)


def _whole_streets(
    lines: Lines, shared: IntArray, takers: IntArray, tail: Int32Array, head: Int32Array, n_nodes: int
) -> IntArray:
    """Group of each shared line: lines that follow each other between two junctions, with the same takers."""
    ends = degree(tail, head, n_nodes)
    node = np.concatenate([tail[shared], head[shared]])
    which = np.concatenate([np.arange(len(shared))] * 2)
    order = np.lexsort((which, node))
    node, which = node[order], which[order]
    follow = np.flatnonzero((node[1:] == node[:-1]) & (ends[node[1:]] == 2) & (which[1:] != which[:-1]))
    same = takers[which[follow]] == takers[which[follow + 1]]
    a, b = which[follow[same]], which[follow[same] + 1]
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(len(shared), len(shared))).tocsr()
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
