"""Sets of at most 64 pieces as one word: all lawful grids of a window, Lagrangian duals, the cheapest exact cover.

Kernels of `windows`; they see bit sets and numbers only.  Plans are searched in the order of reduced costs, after
Beasley (1987) for set covering; a plan holds one grid for each lowest piece, which sharpens the bound.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis.graph import FloatArray, IntArray
from partition.zoning.problem import Land
from partition.zoning.seeds import misfit

Masks = NDArray[np.uint64]
Mask = np.uint64  # one set

MAX_PIECES = 64
DUAL_ROUNDS = 24  # steps of dual ascent
ONE = np.uint64(1)
NONE = np.uint64(0)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_DEBRUIJN = np.uint64(0x03F79D71B4CB0A89)
_SHIFT = np.uint64(58)


def _bit_table() -> IntArray:
    """Position of the lone bit of a word, by the top six bits of its product with a De Bruijn number."""
    table = np.zeros(64, np.int64)
    for i in range(64):
        table[((1 << i) * int(_DEBRUIJN) % (1 << 64)) >> 58] = i
    return table


_BIT = _bit_table()


@njit(cache=True)
def lowest_bit(mask: Mask) -> int:
    """Lowest member of a set that is not empty."""
    return int(_BIT[((mask & (~mask + ONE)) * _DEBRUIJN) >> _SHIFT])


@njit(cache=True)
def _spread(near: Masks, start: Mask, inside: Mask) -> Mask:
    """The connected part of ``inside`` that holds ``start``."""
    area = start
    todo = start
    while todo != NONE:
        v = lowest_bit(todo)
        todo &= todo - ONE
        new = near[v] & inside & ~area
        area |= new
        todo |= new
    return area


@njit(cache=True)
def weigh(weight: IntArray, mask: Mask) -> int:
    """Households of a set."""
    w = 0
    while mask != NONE:
        w += weight[lowest_bit(mask)]
        mask &= mask - ONE
    return w


@njit(cache=True)
def _rest_fits(land: Land, near: Masks, weight: IntArray, rest: Mask) -> bool:
    """Every connected part of what is left has a lawful number of grids by count."""
    while rest != NONE:
        part = _spread(near, rest & (~rest + ONE), rest)
        if misfit(land, weigh(weight, part)) > 0:
            return False
        rest &= ~part
    return True


@njit(cache=True)
def lawful_grids(
    land: Land, near: Masks, weight: IntArray, only_first: bool, max_columns: int, max_nodes: int
) -> tuple[Masks, IntArray, int, bool]:
    """(bit sets in the order of their lowest piece, start of each such bucket, branches seen, all found).

    A piece over the band counts as a lawful grid of its own.  ``only_first``: only the sets that hold piece 0.
    """
    m = len(near)
    whole = _ALL >> np.uint64(64 - m)
    found = np.empty(max_columns, np.uint64)
    bucket = np.zeros(m + 1, np.int64)
    frontier = np.zeros(m + 2, np.uint64)
    seen = np.zeros(m + 2, np.uint64)
    chosen = np.zeros(m + 2, np.uint64)
    total = np.zeros(m + 2, np.int64)
    n_found, visited = 0, 0
    has_heavy = weight.max() > land.hi
    for s in range(m):
        bucket[s] = n_found
        above = whole & ~((ONE << np.uint64(s)) | ((ONE << np.uint64(s)) - ONE))
        if only_first and s > 0:
            continue
        if weight[s] > land.hi:
            if n_found == max_columns:
                return found[:0], bucket, visited, False
            found[n_found] = ONE << np.uint64(s)
            n_found += 1
            continue
        depth = 0
        chosen[0] = ONE << np.uint64(s)
        total[0] = weight[s]
        frontier[0] = near[s] & above
        seen[0] = frontier[0]
        fresh = True
        while depth >= 0:
            if (
                fresh
                and total[depth] >= land.lo
                and (has_heavy or _rest_fits(land, near, weight, whole & ~chosen[depth]))
            ):
                if n_found == max_columns:
                    return found[:0], bucket, visited, False
                found[n_found] = chosen[depth]
                n_found += 1
            fresh = False
            open_ones = frontier[depth]
            if open_ones == NONE:
                depth -= 1
                continue
            visited += 1
            if visited > max_nodes:
                return found[:0], bucket, visited, False
            bit = open_ones & (~open_ones + ONE)
            v = lowest_bit(open_ones)
            frontier[depth] = open_ones & ~bit
            if total[depth] + weight[v] > land.hi:
                continue
            new = near[v] & above & ~seen[depth]
            frontier[depth + 1] = frontier[depth] | new
            seen[depth + 1] = seen[depth] | new
            chosen[depth + 1] = chosen[depth] | bit
            total[depth + 1] = total[depth] + weight[v]
            depth += 1
            fresh = True
    bucket[m] = n_found
    return found[:n_found], bucket, visited, True


@njit(cache=True)
def _reduce(masks: Masks, cost: FloatArray, dual: FloatArray, reduced: FloatArray) -> None:
    for j in range(len(masks)):
        r = cost[j]
        rest = masks[j]
        while rest != NONE:
            r -= dual[lowest_bit(rest)]
            rest &= rest - ONE
        reduced[j] = r


@njit(cache=True)
def raise_duals(masks: Masks, bucket: IntArray, cost: FloatArray, dual: FloatArray, goal: float) -> FloatArray:
    """Dual ascent in place: a plan holds at most one grid of each bucket.  Gives back the best reduced costs."""
    m = len(dual)
    reduced = np.empty(len(masks), np.float64)
    best_dual = dual.copy()
    best = -np.inf
    slope = np.empty(m, np.float64)
    step = 1.0
    since = 0
    for _ in range(DUAL_ROUNDS):
        _reduce(masks, cost, dual, reduced)
        slope[:] = 1.0
        value = 0.0
        for v in range(m):
            value += dual[v]
            at = -1
            low = 0.0
            for j in range(bucket[v], bucket[v + 1]):
                if reduced[j] < low:
                    low, at = reduced[j], j
            if at >= 0:
                value += low
                rest = masks[at]
                while rest != NONE:
                    slope[lowest_bit(rest)] -= 1.0
                    rest &= rest - ONE
        if value > best:
            best = value
            best_dual[:] = dual
            since = 0
        else:
            since += 1
            if since >= 3:
                step *= 0.5
                since = 0
        norm = 0.0
        for v in range(m):
            norm += slope[v] * slope[v]
        if norm == 0.0 or best >= goal - 1e-9:
            break
        for v in range(m):
            dual[v] += step * (goal - value) / norm * slope[v]
    dual[:] = best_dual
    _reduce(masks, cost, dual, reduced)
    return reduced


@njit(cache=True)
def order_by(key: FloatArray, order: IntArray, a: int, b: int) -> None:
    """Shell sort of ``order[a:b]`` by key, ties by position."""
    gap = 1
    while gap < (b - a) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(a + gap, b):
            moving = order[i]
            k = key[moving]
            j = i
            while j >= a + gap and (key[order[j - gap]] > k or (key[order[j - gap]] == k and order[j - gap] > moving)):
                order[j] = order[j - gap]
                j -= gap
            order[j] = moving
        gap //= 3


@njit(cache=True)
def best_cover(
    m: int, masks: Masks, bucket: IntArray, reduced: FloatArray, order: IntArray, room: float, max_checks: int
) -> tuple[IntArray, int]:
    """Columns of the cheapest cover with reduced cost below ``room`` (empty: none), and the pairs compared."""
    whole = _ALL >> np.uint64(64 - m)
    # Most that later buckets can still take off.
    gain = np.zeros(m + 1, np.float64)
    for v in range(m - 1, -1, -1):
        low = reduced[order[bucket[v]]] if bucket[v] < bucket[v + 1] else 0.0
        gain[v] = gain[v + 1] + min(low, 0.0)
    covered = np.zeros(m + 1, np.uint64)
    spent = np.zeros(m + 1, np.float64)
    at = np.zeros(m + 1, np.int64)
    level = np.zeros(m + 1, np.int64)
    taken = np.zeros(m + 1, np.int64)
    best = np.zeros(0, np.int64)
    at[0] = bucket[0]
    depth, checks = 0, 0
    while depth >= 0:
        v = level[depth]
        if at[depth] >= bucket[v + 1]:
            depth -= 1
            continue
        j = order[at[depth]]
        at[depth] += 1
        checks += 1
        if checks > max_checks:
            break
        total = spent[depth] + reduced[j]
        if total + gain[v + 1] >= room - 1e-7:
            depth -= 1
            continue
        if masks[j] & covered[depth] != NONE:
            continue
        taken[depth] = j
        after = covered[depth] | masks[j]
        if after == whole:
            room = total
            best = taken[: depth + 1].copy()
            continue
        depth += 1
        covered[depth] = after
        spent[depth] = total
        level[depth] = lowest_bit(whole & ~after)
        at[depth] = bucket[level[depth]]
    return best, checks
