"""Compiled loops of serving demand within capacities: one after the other, then by shifts and exchanges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def serve_all(worth: Any, weight: Any, room: Any, sites: Any, is_met: Any, order: Any, tiny: float) -> Any:
    """Serve demand in this order, each by the site of most worth with room; then shift while that gains.

    ``worth`` is negative where a site may not serve a point.  Returns the worth and the slot in ``sites`` per point.
    """
    n = len(weight)
    p = len(sites)
    left = np.empty(p)
    for k in range(p):
        left[k] = room[sites[k]]
    slot = np.full(n, -1, np.int64)
    for i in order:
        if not is_met[i]:
            continue
        for k in range(p):
            w = worth[i, sites[k]]
            if w < 0.0 or left[k] < weight[i]:
                continue
            if slot[i] < 0 or w > worth[i, sites[slot[i]]]:
                slot[i] = k
        if slot[i] >= 0:
            left[slot[i]] -= weight[i]
    helped = True
    passes = 0
    while helped and passes < 50:
        helped = False
        passes += 1
        for i in order:
            if not is_met[i]:
                continue
            now = worth[i, sites[slot[i]]] if slot[i] >= 0 else 0.0
            for k in range(p):
                w = worth[i, sites[k]]
                if k == slot[i] or w <= now + tiny:
                    continue
                if left[k] >= weight[i]:
                    if slot[i] >= 0:
                        left[slot[i]] += weight[i]
                    left[k] -= weight[i]
                    slot[i] = k
                    now = w
                    helped = True
                    continue
                # Another makes room: it goes to a third site, to where this one was, or out.
                for o in range(n):
                    if slot[o] != k or left[k] + weight[o] < weight[i]:
                        continue
                    gone = worth[o, sites[k]]
                    to = -1
                    best = now - w + gone + tiny
                    if best < 0.0:
                        best, to = 0.0, -2
                    for q in range(p):
                        there = worth[o, sites[q]]
                        have = left[q] + (weight[i] if q == slot[i] else 0.0)
                        if q != k and there > best and there >= 0.0 and have >= weight[o]:
                            best, to = there, q
                    if to == -1:
                        continue
                    if slot[i] >= 0:
                        left[slot[i]] += weight[i]
                    left[k] += weight[o] - weight[i]
                    slot[o] = to if to >= 0 else -1
                    if to >= 0:
                        left[to] -= weight[o]
                    slot[i] = k
                    now = w
                    helped = True
                    break
    total = 0.0
    for i in range(n):
        if slot[i] >= 0:
            total += worth[i, sites[slot[i]]]
    return total, slot
