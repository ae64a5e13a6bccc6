"""Compiled loops of the street network: where lines cross, and the sharing out of border streets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_TOUCH_M = 0.001


@njit(cache=True, nogil=True)
def crossings(xy: Any, first: Any, along: Any, box: Any, a: Any, b: Any) -> Any:
    """Where the lines of each pair cross, not at an end of either: pair, and metres along both lines.

    A line paired with itself is looked at for crossings of its own.  A crossing at a vertex may be found twice.
    """
    size = 1024
    pair = np.empty(size, dtype=np.int64)
    at = np.empty((size, 2), dtype=np.float64)
    n = 0
    for k in range(len(a)):
        p, q = a[k], b[k]
        length_p, length_q = along[first[p + 1] - 1], along[first[q + 1] - 1]
        for i in range(first[p], first[p + 1] - 1):
            x0, y0, x1, y1 = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
            if max(x0, x1) < box[q, 0] or min(x0, x1) > box[q, 2] or max(y0, y1) < box[q, 1] or min(y0, y1) > box[q, 3]:
                continue
            begin = i + 2 if p == q else first[q]
            for j in range(begin, first[q + 1] - 1):
                u0, v0, u1, v1 = xy[j, 0], xy[j, 1], xy[j + 1, 0], xy[j + 1, 1]
                if max(u0, u1) < min(x0, x1) or min(u0, u1) > max(x0, x1):
                    continue
                if max(v0, v1) < min(y0, y1) or min(v0, v1) > max(y0, y1):
                    continue
                dx, dy, du, dv = x1 - x0, y1 - y0, u1 - u0, v1 - v0
                cross = dx * dv - dy * du
                if cross == 0.0:
                    continue
                s = ((u0 - x0) * dv - (v0 - y0) * du) / cross
                t = ((u0 - x0) * dy - (v0 - y0) * dx) / cross
                if s < 0.0 or s > 1.0 or t < 0.0 or t > 1.0:
                    continue
                on_p = along[i] + s * np.hypot(dx, dy)
                on_q = along[j] + t * np.hypot(du, dv)
                if on_p <= _TOUCH_M or on_p >= length_p - _TOUCH_M or on_q <= _TOUCH_M or on_q >= length_q - _TOUCH_M:
                    continue
                if n == size:
                    size *= 2
                    more = np.empty(size, dtype=np.int64)
                    more[:n] = pair
                    pair = more
                    more_at = np.empty((size, 2), dtype=np.float64)
                    more_at[:n] = at
                    at = more_at
                pair[n] = k
                at[n, 0] = on_p
                at[n, 1] = on_q
                n += 1
    return pair[:n], at[:n]


@njit(cache=True, nogil=True)
def balance(
    size: Any,
    order: Any,
    first: Any,
    grid: Any,
    slot_first: Any,
    slot: Any,
    held: Any,
    load: Any,
    apart: float,
    rounds: int,
) -> Any:
    """Give each group to one of its takers, then move groups while that evens out the loads.

    Parameters
    ----------
    size
        Per group: its work.
    order
        Groups, in the order in which they are given away.
    first, grid
        Takers of group g: ``grid[first[g]:first[g + 1]]``, ascending.
    slot_first, slot
        Per taker: places where the group ends, each a number for a node and a grid.
    held
        Per such place: how many streets the grid has there; changed.
    load
        Per grid: its work; changed.
    apart
        A group that hangs on nothing of the taker's costs so many times its size more.
    """
    hand = np.full(len(size), -1, dtype=np.int64)
    for _ in range(rounds):
        moved = False
        for g in order:
            before = hand[g]
            if before >= 0:
                load[grid[before]] -= size[g]
                for k in range(slot_first[before], slot_first[before + 1]):
                    held[slot[k]] -= 1
            best, least = -1, np.inf
            for e in range(first[g], first[g + 1]):
                hangs = False
                for k in range(slot_first[e], slot_first[e + 1]):
                    hangs |= held[slot[k]] > 0
                cost = load[grid[e]] + size[g] * (1.0 if hangs else 1.0 + apart)
                # Of equals the one that has it, then the first.
                if cost < least - 1e-6 or (cost <= least + 1e-6 and e == before):
                    best, least = e, cost
            load[grid[best]] += size[g]
            for k in range(slot_first[best], slot_first[best + 1]):
                held[slot[k]] += 1
            hand[g] = best
            moved |= best != before
        if not moved:
            break
    return hand
