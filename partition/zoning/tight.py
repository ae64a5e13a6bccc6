"""Search under a tight band: parts of many pieces, fixed in number, each within a hair of the same households.

Flips at the border seldom stay inside a band of half a per cent, so the walk may leave it at a price that rises as
the walk cools.  A move takes a piece *and* whatever it alone ties to its part (an ejection), so parts are contiguous
at every step; swaps and chains of two moves keep the balance.  Decides nothing about the number of parts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis.graph import BoolArray, IntArray
from partition.zoning.improve import uniform
from partition.zoning.problem import Land, outside_band

_LARGEST_EJECTION = 48  # pieces that may follow the one that moves


class Pool(NamedTuple):
    """Lawful parts met on the way, each once: bit sets, and an open table of their hashes."""

    key: NDArray[np.uint64]  # per piece
    table: NDArray[np.uint64]  # hashes seen, 0 for free
    masks: NDArray[np.uint64]
    tally: IntArray  # [parts kept, hashes seen]
    ceiling: float  # parts with a longer border are not kept


def make_pool(n_pieces: int, capacity: int, ceiling: float) -> Pool:
    """An empty pool for up to ``capacity`` parts with a border up to ``ceiling``."""
    random = np.random.default_rng(n_pieces)
    size = 1 << max(4, (32 * capacity).bit_length())
    return Pool(
        random.integers(1, 1 << 63, n_pieces, dtype=np.uint64),
        np.zeros(size if capacity else 1, np.uint64),
        np.zeros((capacity, (n_pieces + 63) // 64), np.uint64),
        np.zeros(2, np.int64),
        ceiling,
    )


@njit(cache=True)
def _keep(land: Land, part: IntArray, p: int, pool: Pool) -> None:
    """Put part ``p`` into the pool where it is new and its border short."""
    if pool.tally[0] >= len(pool.masks) or 2 * pool.tally[1] >= len(pool.table):
        return
    name = np.uint64(0)
    for v in range(len(part)):
        if part[v] == p:
            name ^= pool.key[v]
    slot = name & np.uint64(len(pool.table) - 1)
    while pool.table[slot] != np.uint64(0):
        if pool.table[slot] == name:
            return
        slot = (slot + np.uint64(1)) & np.uint64(len(pool.table) - 1)
    pool.table[slot] = name
    pool.tally[1] += 1
    border = 0.0
    for v in range(len(part)):
        if part[v] == p:
            for e in range(land.indptr[v], land.indptr[v + 1]):
                if part[land.indices[e]] != p:
                    border += land.cost[e]
    if border > pool.ceiling:
        return
    row = pool.tally[0]
    pool.tally[0] += 1
    for v in range(len(part)):
        if part[v] == p:
            pool.masks[row, v >> 6] |= np.uint64(1) << np.uint64(v & 63)


@njit(cache=True)
def opposite_arcs(land: Land) -> IntArray:
    """Per contact: position of the same contact seen from the other piece."""
    n = len(land.weight)
    other = np.zeros(len(land.indices), np.int64)
    fill = land.indptr[:-1].copy()
    # Neighbours are ascending in each row: visiting pieces in order meets every row's contacts in order.
    for v in range(n):
        for e in range(land.indptr[v], land.indptr[v + 1]):
            u = land.indices[e]
            other[fill[u]] = e
            fill[u] += 1
    return other


@njit(cache=True)
def _put(
    land: Land,
    other: IntArray,
    part: IntArray,
    w: IntArray,
    size: IntArray,
    v: int,
    b: int,
    at: IntArray,
    cut: IntArray,
) -> float:
    """Move one piece, keep the list of cut contacts (``cut[0]`` is their number), return the change of cost."""
    a = part[v]
    change = 0.0
    part[v] = b
    w[a] -= land.weight[v]
    w[b] += land.weight[v]
    size[a] -= 1
    size[b] += 1
    for e in range(land.indptr[v], land.indptr[v + 1]):
        q = part[land.indices[e]]
        if q == a:
            change += land.cost[e]
            for arc in (e, other[e]):
                cut[0] += 1
                cut[cut[0]] = arc
                at[arc] = cut[0]
        elif q == b:
            change -= land.cost[e]
            for arc in (e, other[e]):
                last = cut[cut[0]]
                cut[at[arc]] = last
                at[last] = at[arc]
                at[arc] = 0
                cut[0] -= 1
    return change


@njit(cache=True)
def _following(
    land: Land, part: IntArray, v: int, mark: IntArray, stamp: IntArray, moved: IntArray, queue: IntArray
) -> int:
    """Pieces that must leave with ``v`` for its part to stay whole, written to ``moved`` (``v`` first).

    Returns their number, or 0 where it is not known cheaply (two large halves, or a ring too long to follow).
    """
    p = part[v]
    moved[0] = v
    wanted = 0
    stamp[0] += 1
    near = stamp[0]
    for e in range(land.indptr[v], land.indptr[v + 1]):
        u = land.indices[e]
        if part[u] == p and land.link[e]:
            mark[u] = near
            wanted += 1
    if wanted <= 1:
        return 1
    # Most pieces may leave by what their own neighbours show: those in the part touch one another in a chain.
    stamp[0] += 1
    seen = stamp[0]
    reached = 0
    for e in range(land.indptr[v], land.indptr[v + 1]):
        u = land.indices[e]
        if mark[u] == near:
            queue[0] = u
            mark[u] = seen
            reached = 1
            top = 1
            while top > 0:
                top -= 1
                t = queue[top]
                for f in range(land.indptr[t], land.indptr[t + 1]):
                    if land.link[f] and mark[land.indices[f]] == near:
                        mark[land.indices[f]] = seen
                        queue[top] = land.indices[f]
                        top += 1
                        reached += 1
            break
    if reached == wanted:
        return 1
    # Walk out from each neighbour: the arms that end soon follow, one arm may be long.
    count = 1
    is_long = False
    base = stamp[0]
    arms = 0
    mark[v] = base + 1 + wanted
    for e in range(land.indptr[v], land.indptr[v + 1]):
        u = land.indices[e]
        if part[u] != p or not land.link[e] or mark[u] > base:
            continue
        arms += 1
        label = base + arms
        mark[u] = label
        queue[0] = u
        head, tail = 0, 1
        joins_long = False
        while head < tail:
            t = queue[head]
            head += 1
            for f in range(land.indptr[t], land.indptr[t + 1]):
                s = land.indices[f]
                if not land.link[f] or part[s] != p or mark[s] == label or s == v:
                    continue
                if mark[s] > base:
                    joins_long = True
                    continue
                mark[s] = label
                queue[tail] = s
                tail += 1
            if joins_long or tail > _LARGEST_EJECTION:
                break
        if joins_long:
            continue
        if head == tail:
            for i in range(tail):
                moved[count] = queue[i]
                count += 1
            if count > _LARGEST_EJECTION:
                stamp[0] = base + wanted + 2
                return 0
        elif is_long:
            stamp[0] = base + wanted + 2
            return 0
        else:
            is_long = True
    stamp[0] = base + wanted + 2
    return count if is_long else 0


@njit(cache=True)
def _pressure(land: Land, w: IntArray) -> int:
    total = 0
    for p in range(len(w)):
        total += outside_band(land, w[p])
    return total


@njit(cache=True)
def walk(
    land: Land,
    other: IntArray,
    part: IntArray,
    n_parts: int,
    steps: int,
    hot: float,
    cold: float,
    soft: float,
    hard: float,
    state: IntArray,
    pool: Pool,
    active: BoolArray,
) -> tuple[int, float]:
    """Anneal ``steps`` moves from ``part``, changed in place into the best plan met (fewest outside, then cost).

    Parameters
    ----------
    hot, cold
        Temperature at start and end, in units of cost.
    soft, hard
        Cost of one household outside the band at start and end.
    pool
        Receives every lawful part met.
    active
        Per part: may change; the others stay as they are.

    Returns
    -------
    (outside, cost)
        Of the best plan met.
    """
    n = len(part)
    w = np.zeros(n_parts, np.int64)
    size = np.zeros(n_parts, np.int64)
    for v in range(n):
        w[part[v]] += land.weight[v]
        size[part[v]] += 1
    at = np.zeros(len(land.indices), np.int64)
    cut = np.zeros(len(land.indices) + 1, np.int64)
    cost = 0.0
    for v in range(n):
        for e in range(land.indptr[v], land.indptr[v + 1]):
            if part[land.indices[e]] != part[v]:
                cut[0] += 1
                cut[cut[0]] = e
                at[e] = cut[0]
                cost += 0.5 * land.cost[e]
    outside = _pressure(land, w)
    best = part.copy()
    best_outside, best_cost = outside, cost
    mark = np.zeros(n, np.int64)
    stamp = np.zeros(1, np.int64)
    moved = np.empty(n + _LARGEST_EJECTION + 2, np.int64)
    second = np.empty(n + _LARGEST_EJECTION + 2, np.int64)
    queue = np.empty(n + 1, np.int64)
    temperature, penalty = hot, soft
    for step in range(steps):
        if step % 256 == 0:
            share = step / steps
            temperature = hot * (cold / hot) ** share
            penalty = soft * (hard / soft) ** share
        if cut[0] == 0:
            break
        e = cut[1 + int(uniform(state) * cut[0])]
        if not land.link[e]:
            continue
        v = land.indices[other[e]]
        a, b = part[v], part[land.indices[e]]
        if not active[a] or not active[b]:
            continue
        count = _following(land, part, v, mark, stamp, moved, queue)
        if count == 0 or count >= size[a]:
            continue
        limit = -temperature * np.log(uniform(state) + 1e-300)
        d_cost = 0.0
        for i in range(count):
            d_cost += _put(land, other, part, w, size, moved[i], b, at, cut)
        now = _pressure(land, w)
        c = -1
        if d_cost + penalty * (now - outside) <= limit:
            cost += d_cost
            outside = now
        else:
            # The first move alone does not pay: answer it with one out of the part that received.
            back = 0
            if uniform(state) < 0.5:
                for _ in range(4):
                    e = cut[1 + int(uniform(state) * cut[0])]
                    t = land.indices[other[e]]
                    if part[t] != b or not land.link[e]:
                        continue
                    c = part[land.indices[e]]
                    if not active[c]:
                        continue
                    back = _following(land, part, t, mark, stamp, second, queue)
                    if back >= size[b]:
                        back = 0
                    break
            if back > 0:
                for i in range(back):
                    d_cost += _put(land, other, part, w, size, second[i], c, at, cut)
                now = _pressure(land, w)
            if back > 0 and d_cost + penalty * (now - outside) <= limit:
                cost += d_cost
                outside = now
            else:
                for i in range(back - 1, -1, -1):
                    _put(land, other, part, w, size, second[i], b, at, cut)
                for i in range(count - 1, -1, -1):
                    _put(land, other, part, w, size, moved[i], a, at, cut)
                continue
        if len(pool.masks) > 0:
            for p in (a, b, c):
                if p >= 0 and land.lo <= w[p] <= land.hi:
                    _keep(land, part, p, pool)
        if outside < best_outside or (outside == best_outside and cost < best_cost - 1e-9):
            best_outside, best_cost = outside, cost
            best[:] = part
    part[:] = best
    return best_outside, best_cost
