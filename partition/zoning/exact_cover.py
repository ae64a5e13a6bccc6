"""Exact cover of a region by few grids: depth-first, with a look-up for the last grid.

Every plan costs at least the bound plus the reduced costs of its grids, so a branch dies as soon as that passes the
best plan known.  What is left for a single grid is looked up, not searched.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gis.graph import FloatArray, IntArray
from partition.zoning.bits import Masks, lowest, members_of

DONE, LIMIT = 0, 1


def cover_exactly(
    weight: IntArray,
    lo: int,
    masks: Masks,
    cost: FloatArray,
    reduced: FloatArray,
    bound: float,
    best_cost: float,
    max_checks: int,
) -> tuple[bool, IntArray | None, float]:
    """(whole tree searched, positions of the grids of a plan cheaper than ``best_cost`` or None, its cost).

    Parameters
    ----------
    reduced, bound
        Every plan of these grids costs at least ``bound`` plus the reduced costs of its grids.
    max_checks
        Work limit: pairs of sets compared.
    """
    n = len(weight)
    table = members_of(masks, n)
    # The piece that fewest grids hold comes first: small buckets at the top of the tree.
    rank = np.lexsort((np.arange(n), table.sum(axis=0)))
    table = table[:, rank]
    words = masks.shape[1]
    turned: Masks = np.zeros((len(masks), words), np.uint64)
    for v in range(n):
        turned[:, v // 64] |= table[:, v].astype(np.uint64) << np.uint64(v % 64)
    lead = table.argmax(axis=1)
    price = np.maximum(reduced, 0.0)
    order = np.lexsort((np.arange(len(masks)), price, lead))
    bucket = np.searchsorted(lead[order], np.arange(n + 1)).astype(np.int64)
    turned = np.ascontiguousarray(turned[order])
    slots = _hash_table(turned)
    status, chosen, found_cost = _search(
        weight[rank], lo, turned, price[order], cost[order], bucket, slots, bound, best_cost, max_checks
    )
    return status == DONE, (np.sort(order[chosen]) if len(chosen) else None), float(found_cost)


@njit(cache=True)
def _slot(mask: Masks, size: int) -> np.int64:
    h = np.uint64(0x9E3779B97F4A7C15)
    for word in range(len(mask)):
        h = (h ^ mask[word]) * np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(29)
    return np.int64(h & np.uint64(size - 1))


@njit(cache=True)
def _hash_table(masks: Masks) -> IntArray:
    size = 16
    while size < 2 * len(masks):
        size *= 2
    slots = np.full(size, -1, np.int64)
    for j in range(len(masks)):
        i = _slot(masks[j], size)
        while slots[i] >= 0:
            i = (i + 1) & (size - 1)
        slots[i] = j
    return slots


@njit(cache=True)
def _search(
    weight: IntArray,
    lo: int,
    masks: Masks,
    price: FloatArray,
    cost: FloatArray,
    bucket: IntArray,
    slots: IntArray,
    bound: float,
    best_cost: float,
    max_checks: int,
) -> tuple[int, IntArray, float]:
    n, words = len(weight), masks.shape[1]
    one = np.uint64(1)
    missing = np.zeros((n + 2, words), np.uint64)
    spent = np.zeros(n + 2, np.float64)
    paid = np.zeros(n + 2, np.float64)
    left = np.zeros(n + 2, np.int64)
    at = np.zeros(n + 2, np.int64)
    end = np.zeros(n + 2, np.int64)
    taken = np.zeros(n + 2, np.int64)
    best = np.zeros(0, np.int64)
    for v in range(n):
        missing[0, v >> 6] |= one << np.uint64(v & 63)
        left[0] += weight[v]
    heavy = np.zeros(len(masks), np.int64)
    for j in range(len(masks)):
        for v in range(n):
            if masks[j, v >> 6] >> np.uint64(v & 63) & one:
                heavy[j] += weight[v]
    size = len(slots)
    depth, checks = 0, 0
    at[0], end[0] = bucket[0], bucket[1]
    while depth >= 0:
        if at[depth] >= end[depth]:
            depth -= 1
            continue
        if checks >= max_checks:
            return LIMIT, best, best_cost
        j = at[depth]
        at[depth] += 1
        checks += 1
        total = spent[depth] + price[j]
        if bound + total >= best_cost - 1e-9:
            # Grids of a bucket come in the order of their price.
            depth -= 1
            continue
        fits = True
        for word in range(words):
            if masks[j, word] & ~missing[depth, word] != np.uint64(0):
                fits = False
                break
        if not fits:
            continue
        rest = left[depth] - heavy[j]
        deep = depth + 1
        some = np.uint64(0)
        for word in range(words):
            missing[deep, word] = missing[depth, word] & ~masks[j, word]
            some |= missing[deep, word]
        taken[depth] = j
        whole = paid[depth] + cost[j]
        if some == np.uint64(0):
            if whole < best_cost - 1e-9:
                best_cost = whole
                best = taken[: depth + 1].copy()
            continue
        if rest < lo:
            continue
        if rest < 2 * lo:
            # Room for one grid only: it is there or it is not.
            i = _slot(missing[deep], size)
            while slots[i] >= 0:
                last = slots[i]
                equal = True
                for word in range(words):
                    if masks[last, word] != missing[deep, word]:
                        equal = False
                        break
                if equal:
                    if whole + cost[last] < best_cost - 1e-9:
                        best_cost = whole + cost[last]
                        taken[deep] = last
                        best = taken[: deep + 1].copy()
                    break
                i = (i + 1) & (size - 1)
            continue
        spent[deep] = total
        paid[deep] = whole
        left[deep] = rest
        v = lowest(missing[deep])
        at[deep], end[deep] = bucket[v], bucket[v + 1]
        depth = deep
    return DONE, best, best_cost
