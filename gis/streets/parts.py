"""Parts of the network that hang together, and unmapped passages that join them on foot.

Map data often leaves out the last metres: a path that ends at a square, a courtyard whose gate is not drawn.  On foot
parts of the network a few metres apart are joined, the shortest gap first, where no barrier lies between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.lines import TINY_M, Lines
from gis.streets.network import ObjectArray
from gis.streets.noding import components, crosses


@dataclass(frozen=True, slots=True)
class Passages:
    """Gaps to close: from a place on one line to a place on another.  Ascending by length."""

    line: IntArray  # (n, 2)
    at_m: FloatArray  # (n, 2)
    gap_m: FloatArray

    def __len__(self) -> int:
        return len(self.gap_m)


def find_passages(lines: Lines, is_open: BoolArray, barriers: ObjectArray, passage_m: float) -> Passages:
    """Find the gaps to close so that as much as possible hangs together.

    Parameters
    ----------
    is_open
        Per line: people on foot may pass.
    barriers
        Shapes that no passage may cross.
    """
    none = Passages(np.zeros((0, 2), dtype=np.int64), np.zeros((0, 2)), np.zeros(0))
    rows = np.flatnonzero(is_open)
    if passage_m <= 0 or len(rows) < 2:
        return none
    tail, head, xy = lines.nodes()
    part = components(tail[rows], head[rows], len(xy))[tail[rows]]
    metres = np.bincount(part, weights=lines.length_m[rows])
    if len(metres) < 2 or (metres > 0).sum() < 2:
        return none
    shapes = lines.geometry[rows]
    small = np.flatnonzero(part != int(np.argmax(metres)))
    a, b = shapely.STRtree(shapes).query(shapes[small], predicate="dwithin", distance=passage_m)
    a = small[a]
    apart = part[a] != part[b]
    a, b = a[apart], b[apart]
    a, b = np.minimum(a, b), np.maximum(a, b)
    a, b = np.unique(np.stack([a, b], axis=1), axis=0).T if len(a) else (a, b)
    ends = shapely.get_coordinates(shapely.shortest_line(shapes[a], shapes[b])).reshape(-1, 2, 2)
    blocked = np.flatnonzero(~_is_free(ends, barriers))
    # Where the shortest way is barred, another one may lead past the barrier.
    a2, b2, ends2 = _from_vertices(shapes, a[blocked], b[blocked], passage_m)
    a, b, ends = np.concatenate([a, a2]), np.concatenate([b, b2]), np.concatenate([ends, ends2])
    free = _is_free(ends, barriers)
    a, b, ends = a[free], b[free], ends[free]
    gap = np.round(np.hypot(*(ends[:, 1] - ends[:, 0]).T), 3)
    order = np.lexsort((b, a, gap))
    leader = np.arange(len(metres))

    def lead(k: int) -> int:
        while leader[k] != k:
            leader[k] = leader[leader[k]]
            k = int(leader[k])
        return k

    chosen = []
    for k in order.tolist():
        p, q = lead(int(part[a[k]])), lead(int(part[b[k]]))
        if p != q:
            leader[max(p, q)] = min(p, q)
            chosen.append(k)
    pick = np.array(chosen, dtype=np.int64)
    line = np.stack([a[pick], b[pick]], axis=1)
    foot = shapely.points(ends[pick].reshape(-1, 2)) if len(pick) else np.empty(0, dtype=object)
    at_m = shapely.line_locate_point(shapes[line.reshape(-1)], foot).reshape(-1, 2)
    return Passages(rows[line], at_m, gap[pick])


def _is_free(ends: FloatArray, barriers: ObjectArray) -> BoolArray:
    """Whether each straight way meets no barrier.  Where two parts cross there is none: one is a bridge."""
    has_length: BoolArray = np.hypot(*(ends[:, 1] - ends[:, 0]).T) > TINY_M
    return has_length & ~crosses(barriers, ends[:, 0], ends[:, 1])


def _from_vertices(
    shapes: ObjectArray, a: IntArray, b: IntArray, passage_m: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Ways from every vertex of either line of a pair to the other line, always from ``a`` to ``b``."""
    found = []
    for start, end, way_back in ((a, b, 1), (b, a, -1)):
        xy, pair = shapely.get_coordinates(shapes[start], return_index=True)
        way = shapely.shortest_line(shapely.points(xy), shapes[end[pair]])
        ends = shapely.get_coordinates(way).reshape(-1, 2, 2)
        near = shapely.length(way) <= passage_m
        found.append((a[pair[near]], b[pair[near]], ends[near][:, ::way_back]))
    first, second, ends = (np.concatenate(part) for part in zip(*found))
    return first, second, ends


def strong_components(
    tail: Int32Array, head: Int32Array, n_nodes: int, may_go: BoolArray, length_m: FloatArray
) -> Int32Array:
    """Number of each node's strongly connected component; 0 is the one with the most metres of open links."""
    start = np.concatenate([tail[may_go[:, 0]], head[may_go[:, 1]]])
    end = np.concatenate([head[may_go[:, 0]], tail[may_go[:, 1]]])
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(n_nodes, n_nodes)).tocsr()
    number = connected_components(graph, directed=True, connection="strong")[1]
    n = int(number.max(initial=-1)) + 1
    inner = (number[tail] == number[head]) & may_go.any(axis=1)
    metres = np.bincount(number[tail[inner]], weights=length_m[inner], minlength=n)
    first = np.full(n, n_nodes, dtype=np.int64)
    np.minimum.at(first, number, np.arange(n_nodes))
    rank = np.empty(n, dtype=np.int32)
    rank[np.lexsort((first, -metres))] = np.arange(n, dtype=np.int32)
    numbers: Int32Array = rank[number]
    return numbers
