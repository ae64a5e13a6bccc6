"""Compiled loops of the p-median: interchange with gains kept up to date, and the Lagrangian bound.

Costs are weighted and finite here (``cost[demand, sites]``).  Lists (`start`, `near`, `reach`) hold per point the sites
that may serve it, the cheapest first, down to the cheapest of those that are open for good.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from partition.coverage.posts.cover_kernels import draw


@njit(cache=True, nogil=True)
def _two_nearest(row: Any, sites: Any) -> Any:
    """Slots of the nearest and second nearest open site of one demand point (-1: there is none)."""
    first, second = -1, -1
    for k in range(len(sites)):
        d = row[sites[k]]
        if first < 0 or d < row[sites[first]]:
            second = first
            first = k
        elif second < 0 or d < row[sites[second]]:
            second = k
    return first, second


@njit(cache=True, nogil=True)
def _account(
    sign: float, i: int, lists: Any, first: int, d1: float, d2: float, gain: Any, loss: Any, extra: Any
) -> None:
    """Add (or take back) what one demand point says about every swap (Resende and Werneck, 2007)."""
    start, near, reach = lists
    loss[first] += sign * (d2 - d1)
    for a in range(start[i], start[i + 1]):
        d = reach[a]
        if d >= d2:
            break
        j = near[a]
        if d < d1:
            gain[j] += sign * (d1 - d)
            extra[first, j] += sign * (d2 - d1)
        else:
            extra[first, j] += sign * (d2 - d)


@njit(cache=True, nogil=True)
def interchange(cost: Any, lists: Any, sites: Any, n_fixed: int, tiny: float) -> float:
    """Swap the best pair of an open and a closed site until none helps; the first ``n_fixed`` stay.

    ``sites`` changes in place; needs at least one site that may go.  Returns the cost.
    """
    n, m = cost.shape
    p = len(sites)
    is_in = np.zeros(m, np.bool_)
    first, second = np.empty(n, np.int64), np.empty(n, np.int64)
    gain, loss, extra = np.zeros(m), np.zeros(p), np.zeros((p, m))
    worst = 0.0
    for i in range(n):
        worst = max(worst, lists[2][lists[0][i + 1] - 1])
    worst = 2.0 * worst + 1.0
    for k in range(p):
        is_in[sites[k]] = True
    total = 0.0
    for i in range(n):
        first[i], second[i] = _two_nearest(cost[i], sites)
        d1 = cost[i, sites[first[i]]]
        d2 = cost[i, sites[second[i]]] if second[i] >= 0 else worst
        total += d1
        _account(1.0, i, lists, first[i], d1, d2, gain, loss, extra)
    while True:
        best, out, into = tiny, -1, -1
        for k in range(n_fixed, p):
            for j in range(m):
                profit = gain[j] - loss[k] + extra[k, j]
                if profit > best and not is_in[j]:
                    best, out, into = profit, k, j
        if out < 0:
            break
        is_in[sites[out]] = False
        is_in[into] = True
        old = sites[out]
        for i in range(n):
            d1 = cost[i, sites[first[i]]]
            d2 = cost[i, sites[second[i]]] if second[i] >= 0 else worst
            d = cost[i, into]
            if d >= d2 and first[i] != out and second[i] != out:
                continue
            _account(-1.0, i, lists, first[i], d1, d2, gain, loss, extra)
            sites[out] = into
            first[i], second[i] = _two_nearest(cost[i], sites)
            total += cost[i, sites[first[i]]] - d1
            d2 = cost[i, sites[second[i]]] if second[i] >= 0 else worst
            _account(1.0, i, lists, first[i], cost[i, sites[first[i]]], d2, gain, loss, extra)
            sites[out] = old
        sites[out] = into
    return total


@njit(cache=True, nogil=True)
def shake(sites: Any, n_fixed: int, m: int, swaps: int, state: Any) -> None:
    """Swap some open sites for closed ones by chance."""
    is_in = np.zeros(m, np.bool_)
    for c in sites:
        is_in[c] = True
    for _ in range(swaps):
        k, j = n_fixed + draw(state, len(sites) - n_fixed), draw(state, m)
        if not is_in[j]:
            is_in[sites[k]] = False
            is_in[j] = True
            sites[k] = j


@njit(cache=True, nogil=True)
def relax(lists: Any, price: Any, worth: Any) -> None:
    """Per site: what it saves if opened while every point pays its price (never positive)."""
    start, near, reach = lists
    worth[:] = 0.0
    for i in range(len(price)):
        for a in range(start[i], start[i + 1]):
            d = reach[a] - price[i]
            if d >= 0.0:
                break
            worth[near[a]] += d


@njit(cache=True, nogil=True)
def serve(lists: Any, price: Any, is_open: Any, times: Any) -> float:
    """Per point: how many open sites would serve it at its price; returns the cost of serving each by its nearest."""
    start, near, reach = lists
    total = 0.0
    for i in range(len(price)):
        count, a = 0, start[i]
        while a < start[i + 1] and reach[a] < price[i]:
            if is_open[near[a]]:
                if count == 0:
                    total += reach[a]
                count += 1
            a += 1
        times[i] = count
        if count == 0:
            while not is_open[near[a]]:
                a += 1
            total += reach[a]
    return total
