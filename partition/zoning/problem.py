"""One region to cut, as arrays for the kernels, and the cost of a grid.

Decides what a plan of a region costs; the same function prices flips, tree splits and the columns of the master.
Which atoms make a region is decided in `divide`; how the cut is found, in `ladder`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from gis.graph import AtomGraph, BoolArray, EdgeClass, FloatArray, Int32Array, IntArray
from partition.rules import Rules


class Land(NamedTuple):
    """Pieces (atoms, or atoms glued together), their contacts in compressed rows, the band and the weights."""

    indptr: IntArray
    indices: IntArray
    cost: FloatArray  # metres of border x class weight
    link: BoolArray  # this contact makes a grid contiguous
    weight: IntArray  # households
    x: FloatArray
    y: FloatArray
    r2: FloatArray  # households x squared distance from the origin, own inertia included
    lo: int
    hi: int
    target: float
    half: float
    balance: float
    dispersion: float
    # After a plan in force: the old grid of each piece (-1: none), the households it had there and in any old grid.
    parent: IntArray
    keep: FloatArray
    was: FloatArray
    toll: FloatArray  # households that a grid pays for taking an old grid's place (see `tolls`); empty: a first plan
    change: float  # metres of border that one household in another grid costs


@dataclass(frozen=True, slots=True)
class Before:
    """The plan in force, as a re-draw sees it.

    Attributes
    ----------
    parent
        Per atom: number of the old grid that most of its households were in, or -1.
    keep
        Per atom: households of today that were in that grid.
    was
        Per atom: households of today that were in any old grid.
    weight
        Metres of border that one household in another grid costs.
    toll
        Per old grid: households that every new grid pays for taking its place; empty: nothing.
    """

    parent: IntArray
    keep: IntArray
    was: IntArray
    weight: float
    toll: IntArray

    def at(self, atoms: IntArray) -> Before:
        """The same for some of the atoms."""
        return Before(self.parent[atoms], self.keep[atoms], self.was[atoms], self.weight, self.toll)


@dataclass(frozen=True, slots=True)
class Problem:
    """A region ready for solving.

    Attributes
    ----------
    land
        What the kernels read.
    atoms
        Graph positions of the region's atoms, ascending.
    piece
        Per atom of ``atoms``: the piece of ``land`` it belongs to.
    is_exact
        Gluing atoms into pieces lost no lawful plan: an optimum or a refusal of ``land`` holds for the atoms.
    """

    land: Land
    atoms: Int32Array
    piece: IntArray
    is_exact: bool

    @property
    def n_pieces(self) -> int:
        """Number of pieces."""
        return len(self.land.weight)


def edge_costs(graph: AtomGraph, rules: Rules) -> FloatArray:
    """Cost of every edge of the graph as grid border: metres x weight of its class."""
    table = np.zeros(len(EdgeClass))
    table[EdgeClass.ARTERIAL] = rules.weight_arterial
    table[EdgeClass.STREET] = rules.weight_street
    table[EdgeClass.ALLEY] = rules.weight_alley
    table[EdgeClass.WATER] = rules.weight_water
    table[EdgeClass.RAIL] = rules.weight_rail
    table[EdgeClass.WALL] = rules.weight_wall
    table[EdgeClass.UNIT] = rules.weight_unit
    table[EdgeClass.OPEN] = rules.weight_open
    result: FloatArray = graph.edge_length_m * table[graph.edge_class]
    return result


def make_land(
    piece: IntArray,
    atoms_weight: IntArray,
    x_m: FloatArray,
    y_m: FloatArray,
    inertia_m2: FloatArray,
    edge_a: IntArray,
    edge_b: IntArray,
    edge_cost: FloatArray,
    edge_link: BoolArray,
    rules: Rules,
    before: Before | None = None,
) -> Land:
    """Glue atoms into pieces and lay the contacts out in compressed rows, neighbours ascending.

    Edges are given between atoms; the ones inside a piece vanish, parallel ones are added up and link if any does.
    ``before`` is about the same atoms.
    """
    n = int(piece.max()) + 1 if len(piece) else 0
    weight = np.bincount(piece, atoms_weight, n).round().astype(np.int64)
    # Coordinates from a corner of the region, in whole micrometres: moving the map changes nothing.
    x = np.round(x_m - x_m.min(), 6) if len(x_m) else x_m
    y = np.round(y_m - y_m.min(), 6) if len(y_m) else y_m
    # A piece without households still has a place: its mean centre.
    share = np.where(weight[piece] > 0, atoms_weight, 1.0)
    total = np.maximum(np.bincount(piece, share, n), 1e-9)
    px, py = np.bincount(piece, share * x, n) / total, np.bincount(piece, share * y, n) / total
    r2 = np.bincount(piece, atoms_weight * (x * x + y * y) + inertia_m2, n)
    a, b = piece[edge_a], piece[edge_b]
    outer = a != b
    a, b, cost, link = a[outer], b[outer], edge_cost[outer], edge_link[outer]
    key = np.concatenate([a * n + b, b * n + a])
    unique, back = np.unique(key, return_inverse=True)
    summed = np.bincount(back, np.concatenate([cost, cost]), len(unique))
    linked = np.bincount(back, np.concatenate([link, link]).astype(float), len(unique)) > 0
    rows = unique // max(n, 1)
    indptr = np.searchsorted(rows, np.arange(n + 1)).astype(np.int64)
    half = max(rules.max_households - rules.target_households, rules.target_households - rules.min_households, 1)
    return Land(
        indptr,
        (unique % max(n, 1)).astype(np.int64),
        summed,
        linked,
        weight,
        px.astype(np.float64),
        py.astype(np.float64),
        r2.astype(np.float64),
        int(rules.min_households),
        int(rules.max_households),
        float(rules.target_households),
        float(half),
        float(rules.balance_weight),
        float(rules.dispersion_weight),
        *_inherited(piece, n, before),
    )


def _inherited(
    piece: IntArray, n: int, before: Before | None
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray, float]:
    """Old grids as pieces see them: (parent, keep, was, toll, change) of `Land`, old grids numbered 0, 1, 2 ..."""
    if before is None:
        return np.full(n, -1, np.int64), np.zeros(n), np.zeros(n), np.zeros(0), 0.0
    old, local = np.unique(before.parent, return_inverse=True)
    local = local - int(len(old) > 0 and old[0] < 0)
    n_old = int(local.max(initial=-1)) + 1
    known = local >= 0
    pair, back = np.unique(piece[known] * max(n_old, 1) + local[known], return_inverse=True)
    share = np.bincount(back, before.keep[known], len(pair))
    parent, keep = np.full(n, -1, np.int64), np.zeros(n)
    for j in np.lexsort((-pair, share)):  # the largest share is written last
        parent[pair[j] // n_old], keep[pair[j] // n_old] = pair[j] % n_old, share[j]
    toll = before.toll[old[old >= 0]].astype(float) if len(before.toll) else np.zeros(n_old)
    return parent, keep, np.bincount(piece, before.was, n).astype(float), toll, float(before.weight)


@njit(cache=True)
def shape_cost(land: Land, w: float, sx: float, sy: float, sr: float) -> float:
    """Cost of one grid besides its border: squared distance from the target, and spread about its centre."""
    d = w - land.target
    cost = land.balance * d * d / land.half
    if w > 0:
        spread = sr / w - (sx / w) ** 2 - (sy / w) ** 2
        if spread > 0:
            cost += land.dispersion * np.sqrt(spread)
    return float(cost)


@njit(cache=True)
def change_cost(land: Land, was: float, kept: FloatArray) -> float:
    """Cost of the households of one grid that come from other old grids than the one whose place it takes.

    Parameters
    ----------
    was, kept
        Households of the grid that were in any old grid, and per old grid.
    """
    best = 0.0
    for q in range(len(kept)):
        best = max(best, kept[q] - land.toll[q])
    return land.change * (was - best)


@njit(cache=True)
def inherited_of_parts(land: Land, part: IntArray, n_parts: int) -> tuple[FloatArray, FloatArray]:
    """Per part: households that were in any old grid, and per old grid."""
    was = np.zeros(n_parts, np.float64)
    kept = np.zeros((n_parts, len(land.toll)), np.float64)
    for v in range(len(part)):
        was[part[v]] += land.was[v]
        if land.parent[v] >= 0:
            kept[part[v], land.parent[v]] += land.keep[v]
    return was, kept


@njit(cache=True)
def change_of_set(land: Land, members: IntArray) -> float:
    """`change_cost` of one grid given by its pieces."""
    if len(land.toll) == 0:
        return 0.0
    was = 0.0
    kept = np.zeros(len(land.toll), np.float64)
    for v in members:
        was += land.was[v]
        if land.parent[v] >= 0:
            kept[land.parent[v]] += land.keep[v]
    return change_cost(land, was, kept)


@njit(cache=True)
def outside_band(land: Land, w: int) -> int:
    """Households by which a grid of ``w`` misses the band."""
    if w < land.lo:
        return int(land.lo - w)
    if w > land.hi:
        return int(w - land.hi)
    return 0


@njit(cache=True)
def sums_of_parts(land: Land, part: IntArray, n_parts: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Per part: number of pieces, households, and (sum x, sum y, sum r2) weighted by households."""
    size = np.zeros(n_parts, np.int64)
    w = np.zeros(n_parts, np.int64)
    s = np.zeros((n_parts, 3), np.float64)
    for v in range(len(part)):
        p = part[v]
        size[p] += 1
        w[p] += land.weight[v]
        s[p, 0] += land.weight[v] * land.x[v]
        s[p, 1] += land.weight[v] * land.y[v]
        s[p, 2] += land.r2[v]
    return size, w, s


@njit(cache=True)
def price_plan(land: Land, part: IntArray, n_parts: int) -> tuple[int, float]:
    """Households outside the band and cost of a whole plan."""
    size, w, s = sums_of_parts(land, part, n_parts)
    outside = 0
    cost = 0.0
    for p in range(n_parts):
        if size[p] > 0:
            outside += outside_band(land, w[p])
            cost += shape_cost(land, w[p], s[p, 0], s[p, 1], s[p, 2])
    if len(land.toll) > 0:
        was, kept = inherited_of_parts(land, part, n_parts)
        for p in range(n_parts):
            cost += change_cost(land, was[p], kept[p])
    for v in range(len(part)):
        for e in range(land.indptr[v], land.indptr[v + 1]):
            u = land.indices[e]
            if u > v and part[u] != part[v]:
                cost += land.cost[e]
    return outside, cost


@njit(cache=True)
def price_columns(land: Land, start: IntArray, index: IntArray) -> tuple[IntArray, FloatArray]:
    """Households outside the band and cost of each column; half of every cut edge falls to either side."""
    n_columns = len(start) - 1
    outside = np.zeros(n_columns, np.int64)
    cost = np.zeros(n_columns, np.float64)
    mark = np.full(len(land.weight), -1, np.int64)
    for j in range(n_columns):
        w = 0
        sx = sy = sr = 0.0
        for i in range(start[j], start[j + 1]):
            v = index[i]
            mark[v] = j
            w += land.weight[v]
            sx += land.weight[v] * land.x[v]
            sy += land.weight[v] * land.y[v]
            sr += land.r2[v]
        cut = 0.0
        for i in range(start[j], start[j + 1]):
            v = index[i]
            for e in range(land.indptr[v], land.indptr[v + 1]):
                if mark[land.indices[e]] != j:
                    cut += land.cost[e]
        outside[j] = outside_band(land, w)
        cost[j] = 0.5 * cut + shape_cost(land, w, sx, sy, sr) + change_of_set(land, index[start[j] : start[j + 1]])
    return outside, cost
