"""The best plan of exactly two grids, by branch and bound over one of them: no columns are stored.

The grid that holds the first piece grows; a piece that is passed over belongs to the other grid for the whole
branch.  A branch dies when the border between what is settled on both sides already costs as much as the best plan.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gis.graph import BoolArray, FloatArray, IntArray
from partition.zoning.bits import Masks, border_costs, lowest, members_of, near_masks, rest_fits
from partition.zoning.problem import Land, change_cost, shape_cost


def best_halves(land: Land, best_cost: float, max_branches: int) -> tuple[bool, IntArray | None, float, int]:
    """(whole tree searched, part per piece of a plan cheaper than ``best_cost`` or None, its cost, branches)."""
    n = len(land.weight)
    total = int(land.weight.sum())
    low, high = max(land.lo, total - land.hi), min(land.hi, total - land.lo)
    fits = np.zeros(total + 1, np.bool_)
    fits[low : high + 1] = True
    # Pieces in the order of a walk from the one with the dearest border: decisions then fall side by side.
    order = _ring_order(land)
    near = near_masks(land)
    done, mask, cost, branches = _split(
        land, near, border_costs(land), order, fits, low, high, _least_shape(land, low, high), best_cost, max_branches
    )
    if cost >= best_cost:
        return done, None, best_cost, branches
    return done, (~members_of(mask[None], n)[0]).astype(np.int64), cost, branches


def _ring_order(land: Land) -> IntArray:
    """Rank of each piece in a walk outward from a corner of the region."""
    far = (land.x - land.x.mean()) ** 2 + (land.y - land.y.mean()) ** 2
    corner = int(np.argmax(far))
    away = (land.x - land.x[corner]) ** 2 + (land.y - land.y[corner]) ** 2
    rank = np.empty(len(far), np.int64)
    rank[np.lexsort((np.arange(len(far)), away))] = np.arange(len(far))
    return rank


def _least_shape(land: Land, low: int, high: int) -> float:
    """What balance costs any two grids at least."""
    w = np.arange(low, high + 1, dtype=float)
    total = float(land.weight.sum())
    cost = land.balance * ((w - land.target) ** 2 + (total - w - land.target) ** 2) / land.half
    return float(cost.min()) if len(w) else np.inf


@njit(cache=True)
def _split(
    land: Land,
    near: Masks,
    border: FloatArray,
    rank: IntArray,
    fits: BoolArray,
    low: int,
    high: int,
    least_shape: float,
    best_cost: float,
    max_branches: int,
) -> tuple[bool, Masks, float, int]:
    n, words = near.shape
    one = np.uint64(1)
    total = len(fits) - 1
    mask = np.zeros((n + 2, words), np.uint64)
    other = np.zeros((n + 2, words), np.uint64)
    frontier = np.zeros((n + 2, words), np.uint64)
    seen = np.zeros((n + 2, words), np.uint64)
    weight = np.zeros(n + 2, np.int64)
    against = np.zeros(n + 2, np.int64)
    settled = np.zeros(n + 2, np.float64)  # border between the set and what was passed over
    sums = np.zeros((n + 2, 4), np.float64)  # border, x, y, r2 of the set
    n_old = len(land.toll)
    was = np.zeros((n + 2, 2), np.float64)  # households from old grids, of the set and of what was passed over
    kept = np.zeros((n + 2, 2, n_old), np.float64)
    best = np.zeros(words, np.uint64)
    rest = np.zeros(words, np.uint64)
    todo = np.zeros(words, np.uint64)
    all_x = all_y = all_r = 0.0
    root = 0
    all_was = 0.0
    all_kept = np.zeros(n_old, np.float64)
    for v in range(n):
        all_was += land.was[v]
        if land.parent[v] >= 0:
            all_kept[land.parent[v]] += land.keep[v]
        all_x += land.weight[v] * land.x[v]
        all_y += land.weight[v] * land.y[v]
        all_r += land.r2[v]
        if rank[v] == 0:
            root = v
    frontier[0, root >> 6] = one << np.uint64(root & 63)
    seen[0, root >> 6] = one << np.uint64(root & 63)
    depth, branches = 0, 0
    while True:
        # The frontier piece nearest to the corner.
        v = -1
        for word in range(words):
            rest[word] = frontier[depth, word]
        while True:
            u = lowest(rest)
            if u < 0:
                break
            rest[u >> 6] &= ~(one << np.uint64(u & 63))
            if v < 0 or rank[u] < rank[v]:
                v = u
        if v < 0:
            if depth <= 1:
                return True, best, best_cost, branches
            depth -= 1
            continue
        if branches >= max_branches:
            return False, best, best_cost, branches
        branches += 1
        bit = one << np.uint64(v & 63)
        frontier[depth, v >> 6] &= ~bit
        deep = depth + 1
        to_set, to_other = 0.0, 0.0
        for e in range(land.indptr[v], land.indptr[v + 1]):
            u = land.indices[e]
            if mask[depth, u >> 6] >> np.uint64(u & 63) & one:
                to_set += land.cost[e]
            elif other[depth, u >> 6] >> np.uint64(u & 63) & one:
                to_other += land.cost[e]
        weight[deep] = weight[depth] + land.weight[v]
        settled[deep] = settled[depth] + to_other
        sums[deep, 0] = sums[depth, 0] + border[v] - 2.0 * to_set
        sums[deep, 1] = sums[depth, 1] + land.weight[v] * land.x[v]
        sums[deep, 2] = sums[depth, 2] + land.weight[v] * land.y[v]
        sums[deep, 3] = sums[depth, 3] + land.r2[v]
        against[deep] = against[depth]
        for word in range(words):
            mask[deep, word] = mask[depth, word]
            other[deep, word] = other[depth, word]
            frontier[deep, word] = frontier[depth, word] | (near[v, word] & ~seen[depth, word])
            seen[deep, word] = seen[depth, word] | near[v, word]
        mask[deep, v >> 6] |= bit
        if n_old > 0:
            was[deep], kept[deep] = was[depth], kept[depth]
            was[deep, 0] += land.was[v]
            was[depth, 1] += land.was[v]
            if land.parent[v] >= 0:
                kept[deep, 0, land.parent[v]] += land.keep[v]
                kept[depth, 1, land.parent[v]] += land.keep[v]
        # After this branch the piece belongs to the other grid at this depth.
        other[depth, v >> 6] |= bit
        settled[depth] += to_set
        against[depth] += land.weight[v]
        if against[depth] > high or settled[depth] + least_shape + _changes(land, was[depth], kept[depth]) >= best_cost:
            for word in range(words):
                frontier[depth, word] = np.uint64(0)
        if weight[deep] > high or settled[deep] + least_shape + _changes(land, was[deep], kept[deep]) >= best_cost:
            continue
        depth = deep
        w = weight[deep]
        if w < low or sums[deep, 0] + least_shape >= best_cost:
            continue
        cost = sums[deep, 0] + shape_cost(land, w, sums[deep, 1], sums[deep, 2], sums[deep, 3])
        if cost >= best_cost:
            continue
        cost += shape_cost(land, total - w, all_x - sums[deep, 1], all_y - sums[deep, 2], all_r - sums[deep, 3])
        if cost < best_cost - 1e-9:
            cost += change_cost(land, was[deep, 0], kept[deep, 0])
            cost += change_cost(land, all_was - was[deep, 0], all_kept - kept[deep, 0])
        if cost < best_cost - 1e-9 and rest_fits(near, land.weight, fits, mask[deep], rest, todo):
            best_cost = cost
            for word in range(words):
                best[word] = mask[deep, word]


@njit(cache=True)
def _changes(land: Land, was: FloatArray, kept: FloatArray) -> float:
    """Change of what is settled on both sides: more pieces never make it less."""
    if len(land.toll) == 0:
        return 0.0
    return change_cost(land, was[0], kept[0]) + change_cost(land, was[1], kept[1])
