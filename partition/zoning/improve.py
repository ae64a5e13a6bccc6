"""Local search: flips, swaps and short chains at the border of grids, annealed so that lumpy data does not stick.

Decides nothing about what is lawful: it walks from a plan to a better one, in the order (households outside the
band, cost).  Every grid of a plan it is given must be contiguous; every grid it gives back is.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gis.graph import FloatArray, IntArray
from partition.stop import Call, never
from partition.zoning.problem import (
    Land,
    change_cost,
    inherited_of_parts,
    outside_band,
    price_plan,
    shape_cost,
    sums_of_parts,
)

_STRETCH = 100_000  # moves between two looks at the clock: some hundredths of a second


@njit(cache=True)
def uniform(state: IntArray) -> float:
    """Next number in [0, 1) of a xorshift generator (the same on every platform)."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return float(x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


def random_state(seed: int) -> IntArray:
    """Start of a random sequence; any integer will do."""
    mixed = (seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) % (1 << 64)
    return np.array([mixed or 1], dtype=np.uint64)  # type: ignore[return-value]


@njit(cache=True)
def _can_leave(land: Land, part: IntArray, v: int, mark: IntArray, stack: IntArray, stamp: IntArray) -> bool:
    """Whether the grid of ``v`` stays in one piece without it."""
    p = part[v]
    wanted = 0
    first = -1
    stamp[0] += 2
    near, seen = stamp[0], stamp[0] + 1
    for e in range(land.indptr[v], land.indptr[v + 1]):
        u = land.indices[e]
        if land.link[e] and part[u] == p:
            wanted += 1
            mark[u] = near
            first = u
    if wanted <= 1:
        return True
    stack[0] = first
    top = 1
    mark[first] = seen
    mark[v] = seen
    wanted -= 1
    while top > 0:
        top -= 1
        t = stack[top]
        for e in range(land.indptr[t], land.indptr[t + 1]):
            u = land.indices[e]
            if land.link[e] and part[u] == p and mark[u] != seen:
                if mark[u] == near:
                    wanted -= 1
                    if wanted == 0:
                        return True
                mark[u] = seen
                stack[top] = u
                top += 1
    return False


@njit(cache=True)
def _delta(
    land: Land,
    part: IntArray,
    size: IntArray,
    w: IntArray,
    s: FloatArray,
    was: FloatArray,
    kept: FloatArray,
    v: int,
    b: int,
) -> tuple[int, float]:
    """Change of (households outside, cost) when ``v`` moves to part ``b``."""
    a = part[v]
    wv = land.weight[v]
    cost = 0.0
    for e in range(land.indptr[v], land.indptr[v + 1]):
        q = part[land.indices[e]]
        if q == a:
            cost += land.cost[e]
        elif q == b:
            cost -= land.cost[e]
    xv, yv, rv = wv * land.x[v], wv * land.y[v], land.r2[v]
    cost -= shape_cost(land, w[a], s[a, 0], s[a, 1], s[a, 2])
    outside = -outside_band(land, w[a])
    if size[b] > 0:
        cost -= shape_cost(land, w[b], s[b, 0], s[b, 1], s[b, 2])
        outside -= outside_band(land, w[b])
    cost += shape_cost(land, w[b] + wv, s[b, 0] + xv, s[b, 1] + yv, s[b, 2] + rv)
    outside += outside_band(land, w[b] + wv)
    if size[a] > 1:
        cost += shape_cost(land, w[a] - wv, s[a, 0] - xv, s[a, 1] - yv, s[a, 2] - rv)
        outside += outside_band(land, w[a] - wv)
    if len(land.toll) > 0:
        cost -= change_cost(land, was[a], kept[a]) + change_cost(land, was[b], kept[b])
        _hand_over(land, was, kept, v, a, b)
        cost += change_cost(land, was[a], kept[a]) + change_cost(land, was[b], kept[b])
        _hand_over(land, was, kept, v, b, a)
    return outside, cost


@njit(cache=True)
def _hand_over(land: Land, was: FloatArray, kept: FloatArray, v: int, a: int, b: int) -> None:
    """What ``v`` brought along from the old plan goes from part ``a`` to part ``b``."""
    was[a] -= land.was[v]
    was[b] += land.was[v]
    if land.parent[v] >= 0:
        kept[a, land.parent[v]] -= land.keep[v]
        kept[b, land.parent[v]] += land.keep[v]


@njit(cache=True)
def _move(
    land: Land,
    part: IntArray,
    size: IntArray,
    w: IntArray,
    s: FloatArray,
    was: FloatArray,
    kept: FloatArray,
    v: int,
    b: int,
) -> None:
    a = part[v]
    wv = land.weight[v]
    part[v] = b
    size[a] -= 1
    size[b] += 1
    w[a] -= wv
    w[b] += wv
    s[a, 0] -= wv * land.x[v]
    s[b, 0] += wv * land.x[v]
    s[a, 1] -= wv * land.y[v]
    s[b, 1] += wv * land.y[v]
    s[a, 2] -= land.r2[v]
    s[b, 2] += land.r2[v]
    if len(land.toll) > 0:
        _hand_over(land, was, kept, v, a, b)


def anneal(
    land: Land,
    part: IntArray,
    steps: int,
    *,
    hot: float,
    cold: float,
    soft: float,
    hard: float,
    state: IntArray,
    is_over: Call = never,
) -> None:
    """Walk ``steps`` moves from ``part``, which is changed in place into the best plan met.

    The plan never becomes worse.  Whether the time is up is asked between stretches of moves.

    Parameters
    ----------
    hot, cold
        Temperature at start and end, in units of cost.
    soft, hard
        Cost of one household outside the band at start and end.
    """
    n_parts = int(part.max()) + 1
    best = part.copy()
    stretch = max(_STRETCH, 4 * len(part))
    for first in range(0, steps, stretch):
        if is_over():
            break
        _walk(land, part, best, n_parts, first, min(first + stretch, steps), steps, hot, cold, soft, hard, state)
    part[:] = best


@njit(cache=True)
def _walk(
    land: Land,
    part: IntArray,
    best: IntArray,
    n_parts: int,
    first: int,
    end: int,
    steps: int,
    hot: float,
    cold: float,
    soft: float,
    hard: float,
    state: IntArray,
) -> None:
    """Moves ``first`` to ``end`` of a walk; ``part`` is where it stands, ``best`` the best plan met so far."""
    n = len(part)
    size, w, s = sums_of_parts(land, part, n_parts)
    was, kept = inherited_of_parts(land, part, n_parts)
    outside, cost = price_plan(land, part, n_parts)
    best_outside, best_cost = price_plan(land, best, n_parts)
    mark = np.zeros(n, np.int64)
    stamp = np.zeros(1, np.int64)
    stack = np.empty(n + 1, np.int64)
    temperature, penalty = hot, soft
    check = max(64, n)
    for step in range(first, end):
        if step == first or step % check == 0:
            share = step / steps
            temperature = hot * (cold / hot) ** share
            penalty = soft * (hard / soft) ** share
            if outside < best_outside or (outside == best_outside and cost < best_cost - 1e-9):
                best_outside, best_cost = outside, cost
                best[:] = part
        v = int(uniform(state) * n)
        degree = land.indptr[v + 1] - land.indptr[v]
        if degree == 0:
            continue
        e = land.indptr[v] + int(uniform(state) * degree)
        u = land.indices[e]
        a, b = part[v], part[u]
        if a == b or not land.link[e]:
            continue
        limit = -temperature * np.log(uniform(state) + 1e-300)
        d_outside, d_cost = _delta(land, part, size, w, s, was, kept, v, b)
        if uniform(state) < 0.6:
            if d_cost + penalty * d_outside <= limit and _can_leave(land, part, v, mark, stack, stamp):
                _move(land, part, size, w, s, was, kept, v, b)
                outside += d_outside
                cost += d_cost
            continue
        # A second move out of the grid that received: back to the first (swap) or on to a third (chain).
        if size[a] == 1 or not _can_leave(land, part, v, mark, stack, stamp):
            continue
        t = u
        for _ in range(int(uniform(state) * 4)):
            e = land.indptr[t] + int(uniform(state) * (land.indptr[t + 1] - land.indptr[t]))
            if part[land.indices[e]] == b:
                t = land.indices[e]
        e = land.indptr[t] + int(uniform(state) * (land.indptr[t + 1] - land.indptr[t]))
        c = part[land.indices[e]]
        if c == b or not land.link[e] or land.indices[e] == v:
            continue
        _move(land, part, size, w, s, was, kept, v, b)
        d2_outside, d2_cost = _delta(land, part, size, w, s, was, kept, t, c)
        d_outside += d2_outside
        d_cost += d2_cost
        if d_cost + penalty * d_outside <= limit and _can_leave(land, part, t, mark, stack, stamp):
            _move(land, part, size, w, s, was, kept, t, c)
            outside += d_outside
            cost += d_cost
        else:
            _move(land, part, size, w, s, was, kept, v, a)
    outside, cost = price_plan(land, part, n_parts)
    if outside < best_outside or (outside == best_outside and cost < best_cost - 1e-9):
        best[:] = part


@njit(cache=True)
def polish_empty(land: Land, part: IntArray, n_parts: int) -> None:
    """Hand pieces without households to the neighbouring grid with the cheaper border, in place."""
    n = len(part)
    size, w, s = sums_of_parts(land, part, n_parts)
    was, kept = inherited_of_parts(land, part, n_parts)
    mark = np.zeros(n, np.int64)
    stamp = np.zeros(1, np.int64)
    stack = np.empty(n + 1, np.int64)
    for _ in range(20):
        moved = False
        for v in range(n):
            if land.weight[v] > 0:
                continue
            best, best_cost = -1, -1e-6
            for e in range(land.indptr[v], land.indptr[v + 1]):
                b = part[land.indices[e]]
                if not land.link[e] or b == part[v]:
                    continue
                _, cost = _delta(land, part, size, w, s, was, kept, v, b)
                if cost < best_cost:
                    best, best_cost = b, cost
            if best >= 0 and size[part[v]] > 1 and _can_leave(land, part, v, mark, stack, stamp):
                _move(land, part, size, w, s, was, kept, v, best)
                moved = True
        if not moved:
            return
