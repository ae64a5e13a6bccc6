"""Many polylines as two arrays, and cutting them: the form in which streets become links.

All coordinates lie on a grid of a millimetre, so that two ends are one node exactly when their coordinates are equal.
What to cut and where is decided by the rooms beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray

STEP_M = 0.001
"""All vertices lie on a grid of this step."""
TINY_M = 0.05
"""Shorter links are no links, and a cut this close to a vertex is made at the vertex."""


def on_grid(xy: FloatArray) -> FloatArray:
    """Coordinates moved to the millimetre grid."""
    moved: FloatArray = np.round(np.asarray(xy, dtype=np.float64) / STEP_M) * STEP_M
    return np.round(moved, 3) + 0.0


@dataclass(frozen=True, slots=True)
class Lines:
    """Polylines in metres.

    Attributes
    ----------
    xy
        ``(vertices, 2)``, line after line.
    first
        ``(lines + 1)``: position in ``xy`` of the first vertex of each line, and the end.
    street
        Per line: row of the street it is a part of.  Lines follow the streets' rows and run along each street.
    """

    xy: FloatArray
    first: IntArray
    street: Int32Array

    @classmethod
    def of(cls, geometry: NDArray[Any]) -> Lines:
        """Take the parts of line geometry; coordinates move to the millimetre grid, repeated vertices go.

        A part whose vertices are all the same keeps two of them: a line without length.
        """
        parts, street = shapely.get_parts(geometry, return_index=True)
        xy, line = shapely.get_coordinates(parts, return_index=True)
        xy = on_grid(xy)
        n = np.bincount(line, minlength=len(parts))
        end = np.cumsum(n)
        again = np.zeros(len(xy), dtype=bool)
        again[1:] = (line[1:] == line[:-1]) & (xy[1:] == xy[:-1]).all(axis=1)
        kept = np.bincount(line[~again], minlength=len(parts))
        again[end[kept == 1] - 1] = False
        n = np.bincount(line[~again], minlength=len(parts))
        first = np.concatenate([[0], np.cumsum(n)]).astype(np.int64)
        return cls(xy[~again], first, street.astype(np.int32))

    def __len__(self) -> int:
        return len(self.street)

    @property
    def line(self) -> IntArray:
        """Per vertex: its line."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.first))

    @property
    def along_m(self) -> FloatArray:
        """Per vertex: metres along its line."""
        if not len(self.xy):
            return np.zeros(0)
        step = np.concatenate([[0.0], np.hypot(*np.diff(self.xy, axis=0).T)])
        step[self.first[:-1]] = 0.0
        total = np.cumsum(step)
        along: FloatArray = total - np.repeat(total[self.first[:-1]], np.diff(self.first))
        return along

    @property
    def length_m(self) -> FloatArray:
        """Per line: its length."""
        return self.along_m[self.first[1:] - 1]

    @property
    def geometry(self) -> NDArray[Any]:
        """Per line: a LineString."""
        if not len(self):
            return np.empty(0, dtype=object)
        return np.asarray(shapely.linestrings(self.xy, indices=self.line), dtype=object)

    def take(self, wanted: BoolArray) -> Lines:
        """Some of the lines, in the same order."""
        n = np.diff(self.first)
        first = np.concatenate([[0], np.cumsum(n[wanted])]).astype(np.int64)
        return Lines(self.xy[np.repeat(wanted, n)], first, self.street[wanted])

    def nodes(self) -> tuple[Int32Array, Int32Array, FloatArray]:
        """First and last node of every line, and where the nodes are (ascending by x, then y)."""
        ends = np.concatenate([self.xy[self.first[:-1]], self.xy[self.first[1:] - 1]])
        xy, number = unique_points(ends)
        return number[: len(self)].astype(np.int32), number[len(self) :].astype(np.int32), xy


def unique_points(xy: FloatArray) -> tuple[FloatArray, IntArray]:
    """Different points of the millimetre grid, ascending by x then y, and which of them each point is."""
    if not len(xy):
        return np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    steps = np.rint(xy / STEP_M).astype(np.int64)
    steps -= steps.min(axis=0)
    key = steps[:, 0] * (int(steps[:, 1].max()) + 1) + steps[:, 1]
    _, at, number = np.unique(key, return_index=True, return_inverse=True)
    return xy[at], number.reshape(-1)


def cut(lines: Lines, line: IntArray, at_m: FloatArray) -> tuple[Lines, IntArray, FloatArray]:
    """Cut lines at metres along them.

    Parameters
    ----------
    line, at_m
        Per cut: which line, and where.  A cut within `TINY_M` of a vertex is made there; at an end nothing is cut.

    Returns
    -------
    lines
        The pieces; every piece follows its line.
    parent
        Per piece: the line it came from.
    node_xy
        Per cut: where it was made.
    """
    line = np.asarray(line, dtype=np.int64)
    if not len(line):
        return lines, np.arange(len(lines), dtype=np.int64), np.zeros((0, 2))
    along = lines.along_m
    base = np.concatenate([[0.0], np.cumsum(lines.length_m + 1.0)])[:-1]
    place = base[lines.line] + along
    length = along[lines.first[1:] - 1]
    target = base[line] + np.clip(at_m, 0.0, length[line])
    after = np.clip(np.searchsorted(place, target), lines.first[line] + 1, lines.first[line + 1] - 1)
    before = after - 1
    nearer = np.where(place[after] - target < target - place[before], after, before)
    is_new = np.abs(place[nearer] - target) > TINY_M
    step = np.maximum(place[after] - place[before], STEP_M)
    share = (target - place[before]) / step
    point = on_grid(lines.xy[before] + share[:, None] * (lines.xy[after] - lines.xy[before]))
    # Several cuts at one place are one cut, the first of them.
    order = np.flatnonzero(is_new)[np.lexsort((target[is_new], after[is_new]))]
    leads = np.ones(len(order), dtype=bool)
    leads[1:] = (target[order][1:] - target[order][:-1] > TINY_M) | (after[order][1:] != after[order][:-1])
    point[order] = point[order[leads]][np.cumsum(leads) - 1]
    node_xy = np.where(is_new[:, None], point, lines.xy[nearer])
    order = order[leads]

    xy = np.insert(lines.xy, after[order], point[order], axis=0)
    shift = np.zeros(len(lines.xy) + 1, dtype=np.int64)
    np.add.at(shift, after[order], 1)
    moved = np.cumsum(shift)
    first = lines.first.copy()
    first[:-1] += moved[lines.first[:-1]]
    first[-1] = len(xy)
    is_cut = np.zeros(len(xy), dtype=bool)
    is_cut[after[order] + np.arange(len(order))] = True
    is_cut[(nearer + moved[nearer])[~is_new]] = True
    is_cut[first[:-1]] = False
    is_cut[first[1:] - 1] = False
    pieces, parent = cut_at_vertices(Lines(xy, first, lines.street), is_cut)
    return pieces, parent, node_xy


def cut_at_vertices(lines: Lines, is_cut: BoolArray) -> tuple[Lines, IntArray]:
    """Cut lines at marked vertices, none of them an end; also says which line each piece came from."""
    copies = 1 + is_cut.astype(np.int64)
    xy = np.repeat(lines.xy, copies, axis=0)
    owner = np.repeat(lines.line, copies)
    starts = np.zeros(len(xy), dtype=bool)
    place = np.cumsum(copies) - copies
    starts[place[lines.first[:-1]]] = True
    starts[place[is_cut] + 1] = True
    at = np.flatnonzero(starts)
    parent = owner[at]
    first = np.append(at, len(xy)).astype(np.int64)
    return Lines(xy, first, lines.street[parent]), parent


def merge_nodes(lines: Lines, pairs: NDArray[Any], rank: IntArray) -> Lines:
    """Make one node of each pair of nodes (and of all that hang together by pairs).

    Parameters
    ----------
    pairs
        ``(n, 2)`` node numbers of `Lines.nodes`.
    rank
        Per node: the node of the highest rank stays where it is, the first of equals.
    """
    tail, head, xy = lines.nodes()
    n = len(xy)
    weights = np.ones(len(pairs))
    graph = coo_array((weights, (pairs[:, 0], pairs[:, 1])), shape=(n, n)).tocsr()
    group = connected_components(graph, directed=False)[1]
    order = np.lexsort((np.arange(n), -rank, group))
    leads = np.append(True, group[order][1:] != group[order][:-1]) if n else np.zeros(0, dtype=bool)
    stays = np.zeros(int(group.max(initial=-1)) + 1, dtype=np.int64)
    stays[group[order][leads]] = order[leads]
    moved = lines.xy.copy()
    moved[lines.first[:-1]] = xy[stays[group[tail]]]
    moved[lines.first[1:] - 1] = xy[stays[group[head]]]
    return Lines(moved, lines.first, lines.street)
