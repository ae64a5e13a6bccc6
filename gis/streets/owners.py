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
from gis.streets.lines import Lines
from gis.streets.network import ObjectArray
from gis.streets.noding import degree

INSPECTED, CLASS, OUTSIDE, ESTATE, CLOSED, PASSAGE = range(6)
"""Values of `gis.streets.beats.Beats.link_reason`."""

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
    takers = [tuple(grid[start[k] : start[k + 1]].tolist()) for k in shared]
    tail, head, xy = lines.nodes()
    group = _whole_streets(lines, shared, takers, tail, head, len(xy))
    n_groups = int(group.max()) + 1
    size = np.bincount(group, weights=work_m[shared], minlength=n_groups)
    first = np.full(n_groups, len(shared), dtype=np.int64)
    np.minimum.at(first, group, np.arange(len(shared)))
    touched: list[set[int]] = [set() for _ in range(len(xy))]
    near_shared = np.zeros(len(xy), dtype=bool)
    near_shared[tail[shared]] = near_shared[head[shared]] = True
    for k in np.flatnonzero((owner >= 0) & (near_shared[tail] | near_shared[head])):
        touched[tail[k]].add(int(owner[k]))
        touched[head[k]].add(int(owner[k]))
    ends = [_ends(tail[shared[members]], head[shared[members]]) for members in _members(group, n_groups)]
    of = [takers[k] for k in first]
    hand = _balance(size, of, ends, touched, load, np.lexsort((first, -size)))
    owner[shared] = hand[group]
    return owner


def _whole_streets(
    lines: Lines, shared: IntArray, takers: list[tuple[int, ...]], tail: Int32Array, head: Int32Array, n_nodes: int
) -> IntArray:
    """Group of each shared line: lines that follow each other between two junctions, with the same takers."""
    ends = degree(tail, head, n_nodes)
    node = np.concatenate([tail[shared], head[shared]])
    which = np.concatenate([np.arange(len(shared))] * 2)
    order = np.lexsort((which, node))
    node, which = node[order], which[order]
    follow = np.flatnonzero((node[1:] == node[:-1]) & (ends[node[1:]] == 2) & (which[1:] != which[:-1]))
    same = np.array([takers[which[k]] == takers[which[k + 1]] for k in follow], dtype=bool)
    a, b = which[follow[same]], which[follow[same] + 1]
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(len(shared), len(shared))).tocsr()
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _members(group: IntArray, n_groups: int) -> list[IntArray]:
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(n_groups + 1))
    return [order[bounds[g] : bounds[g + 1]] for g in range(n_groups)]


def _ends(tail: Int32Array, head: Int32Array) -> list[int]:
    return sorted({*tail.tolist(), *head.tolist()})


def _balance(
    size: FloatArray,
    of: list[tuple[int, ...]],
    ends: list[list[int]],
    touched: list[set[int]],
    load: FloatArray,
    order: IntArray,
) -> Int32Array:
    """Give each group to one of its takers, longest first, then move groups while that evens out the loads."""
    hand = np.full(len(size), -1, dtype=np.int32)
    holds: dict[tuple[int, int], int] = {}  # how many groups a grid has at a node

    def cost(g: int, taker: int) -> float:
        hangs = any(taker in touched[node] or holds.get((node, taker), 0) for node in ends[g])
        return float(load[taker] + size[g] + (0.0 if hangs else _APART * size[g]))

    def give(g: int, taker: int, sign: int) -> None:
        load[taker] += sign * size[g]
        for node in ends[g]:
            holds[node, taker] = holds.get((node, taker), 0) + sign

    for turn in range(_ROUNDS):
        moved = False
        for g in order.tolist():
            before = int(hand[g])
            if turn:
                give(g, before, -1)
            best = min(of[g], key=lambda taker: (round(cost(g, taker), 6), taker != before, taker))
            give(g, best, 1)
            hand[g] = best
            moved |= best != before
        if not moved:
            break
    return hand
