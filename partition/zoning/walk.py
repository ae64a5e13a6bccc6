"""A walk over all connected sets of pieces that keeps the ones of low reduced cost: exact pricing in flat memory.

Every connected set under the upper limit is met once.  When more are kept than there is room for, the dearer half
is let go and the limit falls: afterwards every lawful grid whose reduced cost is at most ``Harvest.limit`` is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from gis.graph import BoolArray, FloatArray, IntArray
from partition.zoning.bits import Masks, border_costs, fitting_sums, lowest, near_masks, rest_fits
from partition.zoning.problem import Land, change_cost, shape_cost

_CHUNK = 2_000_000
_HOPELESS = ((0.08, 0.01), (0.16, 0.03), (0.32, 0.1), (0.64, 0.25))
"""Shares of the work limit after which a walk that has passed a smaller share of the pieces will hardly end in time.

Walks of Tainan's villages and of meshes that came to an end within 25 million branches had passed more by then."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """Lawful grids met on a walk.

    Attributes
    ----------
    masks, cost, reduced
        The grids, their cost, and what is left of it after the duals.
    limit
        Every lawful grid with a reduced cost of at most this is among them (``inf``: all of them are).
    branches
        Sets looked at.
    """

    masks: Masks
    cost: FloatArray
    reduced: FloatArray
    limit: float
    branches: int


def harvest(
    land: Land,
    most: int,
    duals: FloatArray,
    fixed: float,
    *,
    limit: float,
    room: int,
    max_branches: int,
    is_over: Callable[[], bool],
    is_patient: bool = True,
) -> Harvest | None:
    """All lawful grids of at most ``most`` households with a low reduced cost.

    Parameters
    ----------
    duals, fixed
        Reduced cost = cost - sum of duals of the pieces - ``fixed``.
    limit
        Grids with a higher reduced cost are of no interest.
    room
        How many grids may be kept.
    max_branches
        Work limit.
    is_patient
        Whether to walk on to the work limit even when the end is nowhere in sight.

    Returns
    -------
    Harvest or None
        ``None`` when the work limit or the clock stopped the walk, or it was given up.
    """
    n = len(land.weight)
    near, border, fits = near_masks(land), border_costs(land), fitting_sums(land)
    words = near.shape[1]
    sets: Masks = np.zeros((3, n + 2, words), np.uint64)
    sums = np.zeros((8, n + 2))
    kept = np.zeros((n + 2, len(land.toll)))
    at = np.array([-1, 0, 0, 0])
    gain = np.zeros(most + 1)
    # Dearest households first: what the pieces still to come can bring in at most.
    by_worth = np.lexsort((np.arange(n), -duals / np.maximum(land.weight, 1e-9)))
    size = min(room, 1 << 16)
    masks: Masks = np.zeros((size, words), np.uint64)
    cost, reduced = np.zeros(size), np.zeros(size)
    chunk = min(_CHUNK, max_branches // 25 + 1)
    while True:
        stop = min(max_branches, int(at[2]) + chunk)
        is_done = _walk(
            land,
            near,
            border,
            fits,
            duals,
            fixed,
            limit,
            gain,
            by_worth,
            sets,
            sums,
            kept,
            at,
            masks,
            cost,
            reduced,
            stop,
        )
        filled = int(at[3])
        if is_done:
            return Harvest(masks[:filled].copy(), cost[:filled].copy(), reduced[:filled].copy(), limit, int(at[2]))
        if filled == size and size < room:
            size = min(room, 4 * size)
            masks = np.concatenate([masks, np.zeros((size - filled, words), np.uint64)])
            cost, reduced = np.append(cost, np.zeros(size - filled)), np.append(reduced, np.zeros(size - filled))
        elif filled == size:
            limit = float(np.partition(reduced, size // 2)[size // 2])
            # Strictly below the limit: many equal ones must not fill the room again.
            keep = np.flatnonzero(reduced < limit)
            limit = float(np.nextafter(limit, -np.inf))
            masks[: len(keep)], cost[: len(keep)], reduced[: len(keep)] = masks[keep], cost[keep], reduced[keep]
            at[3] = len(keep)
        is_hopeless = not is_patient and any(
            at[2] >= share * max_branches and at[0] < passed * n for share, passed in _HOPELESS
        )
        if at[2] >= max_branches or is_hopeless or is_over():
            return None


@njit(cache=True)
def _walk(
    land: Land,
    near: Masks,
    border: FloatArray,
    fits: BoolArray,
    duals: FloatArray,
    fixed: float,
    limit: float,
    gain: FloatArray,
    by_worth: IntArray,
    sets: Masks,
    sums: FloatArray,
    kept: FloatArray,
    at: IntArray,
    masks: Masks,
    cost: FloatArray,
    reduced: FloatArray,
    stop: int,
) -> bool:
    """Walk on from ``at`` (first piece, depth, branches, grids kept) until all is seen, the room full or the work done.

    Per depth ``sets`` holds the set itself, its frontier and all that was seen; depth 0 is the empty set.  A branch
    dies when its settled border and the duals it can still bring in leave no grid under the limit.
    """
    n, words = near.shape
    one = np.uint64(1)
    mask, frontier, seen = sets[0], sets[1], sets[2]
    weight, cut, sx, sy, sr, dual = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
    settled = sums[6]  # border between the set and what was passed over for good
    was = sums[7]  # households from old grids, and from each of them: `kept`
    most = len(gain) - 1
    rest = np.zeros(words, np.uint64)
    todo = np.zeros(words, np.uint64)
    first, depth, branches, filled = at[0], at[1], at[2], at[3]
    total = len(fits) - 1
    while branches < stop and filled < len(cost):
        v = lowest(frontier[depth])
        if v < 0:
            if depth > 0:
                depth -= 1
                continue
            first += 1
            if first == n:
                at[0], at[1], at[2], at[3] = first, depth, branches, filled
                return True
            # Grids whose lowest piece is this one: the lower ones count as seen.
            frontier[0, first >> 6] |= one << np.uint64(first & 63)
            seen[0, first >> 6] |= one << np.uint64(first & 63)
            _fill_gain(land.weight, duals, by_worth, first, gain)
            continue
        frontier[depth, v >> 6] &= ~(one << np.uint64(v & 63))
        w = int(weight[depth]) + land.weight[v]
        branches += 1
        to_set, to_passed = 0.0, 0.0
        for e in range(land.indptr[v], land.indptr[v + 1]):
            u = land.indices[e]
            bit = one << np.uint64(u & 63)
            if mask[depth, u >> 6] & bit:
                to_set += land.cost[e]
            elif seen[depth, u >> 6] & ~frontier[depth, u >> 6] & bit:
                to_passed += land.cost[e]
        against = settled[depth] + to_passed
        settled[depth] += to_set  # when the walk comes back here the piece is passed over
        if w > most:
            continue
        worth = dual[depth] + duals[v] + fixed
        deep = depth + 1
        change = 0.0
        if len(land.toll) > 0:
            was[deep] = was[depth] + land.was[v]
            kept[deep] = kept[depth]
            if land.parent[v] >= 0:
                kept[deep, land.parent[v]] += land.keep[v]
            change = change_cost(land, was[deep], kept[deep])  # more pieces never make it less
        if 0.5 * against + change - worth - gain[most - w] > limit:
            continue
        settled[deep] = against
        c = cut[depth] + border[v] - 2.0 * to_set
        for word in range(words):
            mask[deep, word] = mask[depth, word]
            frontier[deep, word] = frontier[depth, word] | (near[v, word] & ~seen[depth, word])
            seen[deep, word] = seen[depth, word] | near[v, word]
        mask[deep, v >> 6] |= one << np.uint64(v & 63)
        weight[deep] = w
        cut[deep] = c
        sx[deep] = sx[depth] + land.weight[v] * land.x[v]
        sy[deep] = sy[depth] + land.weight[v] * land.y[v]
        sr[deep] = sr[depth] + land.r2[v]
        dual[deep] = dual[depth] + duals[v]
        depth = deep
        if w < land.lo or (w < total and not fits[total - w]):
            continue
        less = 0.5 * c - worth
        if less > limit:
            continue
        shape = shape_cost(land, w, sx[depth], sy[depth], sr[depth])
        shape += change
        if less + shape > limit or not rest_fits(near, land.weight, fits, mask[depth], rest, todo):
            continue
        for word in range(words):
            masks[filled, word] = mask[depth, word]
        cost[filled] = 0.5 * c + shape
        reduced[filled] = less + shape
        filled += 1
    at[0], at[1], at[2], at[3] = first, depth, branches, filled
    return False


@njit(cache=True)
def _fill_gain(weight: IntArray, duals: FloatArray, by_worth: IntArray, first: int, gain: FloatArray) -> None:
    """Per number of households to come: the most that pieces from ``first`` on can bring in duals."""
    most = len(gain) - 1
    free = 0.0
    at = 0
    gain[0] = 0.0
    for v in by_worth:
        if v < first or duals[v] <= 0.0:
            continue
        if weight[v] == 0:
            free += duals[v]
            continue
        for _ in range(weight[v]):
            if at == most:
                break
            gain[at + 1] = gain[at] + duals[v] / weight[v]
            at += 1
    for w in range(at + 1, most + 1):
        gain[w] = gain[at]
    for w in range(most + 1):
        gain[w] += free
