"""Compiled loops of camera siting: lazy greedy, exchange, and the dual step."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numba import njit

_TINY = 1e-9
_LEAD = 4096


@njit(cache=True, nogil=True)
def gain_of(start: Any, point: Any, weight: Any, count: Any, price: Any, pose: int) -> Any:
    """Weight a pose would add, its price taken off."""
    total = -price[pose]
    for k in range(start[pose], start[pose + 1]):
        if count[point[k]] == 0:
            total += weight[point[k]]
    return total


@njit(cache=True, nogil=True)
def greedy(
    start: Any,
    point: Any,
    weight: Any,
    price: Any,
    cost: Any,
    pole: Any,
    grid: Any,
    room: Any,
    budget: float,
    floor: Any,
    among: Any,
    by_ratio: bool,
    n_poles: int,
) -> Any:
    """Poses in the order a greedy choice takes them: first those that floors need, then while anything is gained.

    Parameters
    ----------
    among
        Per pose: whether it may be chosen.
    by_ratio
        Rank by gain per cost instead of by gain.
    """
    n = len(price)
    count = np.zeros(len(weight), dtype=np.int32)
    on_pole = np.zeros(n_poles, dtype=np.int32)
    left = floor.copy()
    is_taken = np.zeros(n, dtype=np.bool_)
    chosen = np.empty(n, dtype=np.int64)
    m = 0
    spent = 0.0
    for phase in range(2):
        heap = [(0.0, -1)]
        heap.pop()
        for pose in range(n):
            if among[pose] and not is_taken[pose] and on_pole[pole[pose]] < room[pole[pose]]:
                if phase == 0 and (grid[pose] < 0 or left[grid[pose]] <= 0):
                    continue
                gain = gain_of(start, point, weight, count, price, pose)
                heap.append((-gain / max(cost[pose], _TINY) if by_ratio else -gain, pose))
        heapq.heapify(heap)
        while len(heap) > 0:
            key, pose = heapq.heappop(heap)
            if on_pole[pole[pose]] >= room[pole[pose]] or spent + cost[pose] > budget + _TINY:
                continue
            if phase == 0 and left[grid[pose]] <= 0:
                continue
            gain = gain_of(start, point, weight, count, price, pose)
            now = -gain / max(cost[pose], _TINY) if by_ratio else -gain
            if now > key + _TINY and len(heap) > 0 and (heap[0][0] < now or (heap[0][0] == now and heap[0][1] < pose)):
                heapq.heappush(heap, (now, pose))
                continue
            if phase == 1 and gain <= _TINY:
                continue
            chosen[m] = pose
            m += 1
            is_taken[pose] = True
            spent += cost[pose]
            on_pole[pole[pose]] += 1
            if phase == 0:
                left[grid[pose]] -= 1
            for k in range(start[pose], start[pose + 1]):
                count[point[k]] += 1
    return chosen[:m].copy()


@njit(cache=True, nogil=True)
def exchange(
    start: Any,
    point: Any,
    first: Any,
    seer: Any,
    weight: Any,
    price: Any,
    cost: Any,
    pole: Any,
    grid: Any,
    room: Any,
    budget: float,
    floor: Any,
    chosen: Any,
    n_poles: int,
    rounds: int,
) -> Any:
    """Improve a choice: drop one and add the best other, add what still gains, drop what costs, until nothing helps.

    Each pose dropped is held against all poses that share points with it, and against those that gain most as each
    round begins (all poses where there are few).
    """
    n, n_points = len(price), len(weight)
    count = np.zeros(n_points, dtype=np.int32)
    is_in = np.zeros(n, dtype=np.bool_)
    on_pole = np.zeros(n_poles, dtype=np.int32)
    in_grid = np.zeros(len(floor) + 1, dtype=np.int32)
    gain = -price.copy()
    spent = 0.0
    for pose in range(n):
        for k in range(start[pose], start[pose + 1]):
            gain[pose] += weight[point[k]]
    members = np.empty(n, dtype=np.int64)
    m = 0
    for i in range(len(chosen)):
        pose = chosen[i]
        is_in[pose] = True
        members[m] = pose
        m += 1
        on_pole[pole[pose]] += 1
        in_grid[grid[pose]] += 1
        spent += cost[pose]
        for k in range(start[pose], start[pose + 1]):
            p = point[k]
            if count[p] == 0:
                for e in range(first[p], first[p + 1]):
                    gain[seer[e]] -= weight[p]
            count[p] += 1
    bonus = np.zeros(n)
    touched = np.empty(n, dtype=np.int64)
    for _ in range(rounds):
        is_better = False
        lead = np.arange(n) if n <= _LEAD else np.flatnonzero(gain >= np.partition(gain, n - _LEAD)[n - _LEAD])
        i = 0
        while i < m:
            old = members[i]
            loss = -price[old]
            n_touched = 0
            for k in range(start[old], start[old + 1]):
                p = point[k]
                if count[p] == 1:
                    loss += weight[p]
                    for e in range(first[p], first[p + 1]):
                        other = seer[e]
                        if bonus[other] == 0.0:
                            touched[n_touched] = other
                            n_touched += 1
                        bonus[other] += weight[p]
            needs_grid = grid[old] >= 0 and in_grid[grid[old]] <= floor[grid[old]]
            best, best_gain = -1, _TINY + abs(loss) * 1e-12
            if -loss > best_gain and not needs_grid:
                best, best_gain = -2, -loss
            for t in range(n_touched + len(lead)):
                j = touched[t] if t < n_touched else lead[t - n_touched]
                value = gain[j] + bonus[j] - loss
                if value <= best_gain or is_in[j]:
                    continue
                if spent - cost[old] + cost[j] > budget + _TINY:
                    continue
                if on_pole[pole[j]] - (1 if pole[j] == pole[old] else 0) >= room[pole[j]]:
                    continue
                if needs_grid and grid[j] != grid[old]:
                    continue
                best, best_gain = j, value
            for t in range(n_touched):
                bonus[touched[t]] = 0.0
            if best == -1:
                i += 1
                continue
            is_better = True
            is_in[old] = False
            on_pole[pole[old]] -= 1
            in_grid[grid[old]] -= 1
            spent -= cost[old]
            for k in range(start[old], start[old + 1]):
                p = point[k]
                count[p] -= 1
                if count[p] == 0:
                    for e in range(first[p], first[p + 1]):
                        gain[seer[e]] += weight[p]
            if best == -2:
                m -= 1
                members[i] = members[m]
                continue
            members[i] = best
            _enter(best, start, point, first, seer, weight, count, gain)
            is_in[best] = True
            on_pole[pole[best]] += 1
            in_grid[grid[best]] += 1
            spent += cost[best]
            i += 1
        while True:
            best, best_gain = -1, _TINY
            for j in range(n):
                if gain[j] <= best_gain or is_in[j] or on_pole[pole[j]] >= room[pole[j]]:
                    continue
                if spent + cost[j] <= budget + _TINY:
                    best, best_gain = j, gain[j]
            if best < 0:
                break
            is_better = True
            _enter(best, start, point, first, seer, weight, count, gain)
            is_in[best] = True
            on_pole[pole[best]] += 1
            in_grid[grid[best]] += 1
            spent += cost[best]
            members[m] = best
            m += 1
        if not is_better:
            break
    return members[:m].copy()


@njit(cache=True, nogil=True)
def _enter(pose: int, start: Any, point: Any, first: Any, seer: Any, weight: Any, count: Any, gain: Any) -> None:
    for k in range(start[pose], start[pose + 1]):
        p = point[k]
        if count[p] == 0:
            for e in range(first[p], first[p + 1]):
                gain[seer[e]] -= weight[p]
        count[p] += 1


@njit(cache=True, nogil=True)
def reduced(start: Any, point: Any, u: Any, price: Any) -> Any:
    """Per pose: worth of its points at dual prices ``u``, its own price taken off."""
    n = len(price)
    value = np.empty(n)
    for pose in range(n):
        total = -price[pose]
        for k in range(start[pose], start[pose + 1]):
            total += u[point[k]]
        value[pose] = total
    return value


@njit(cache=True, nogil=True)
def pick(value: Any, order: Any, pole: Any, grid: Any, room: Any, n_most: int, floor: Any, n_poles: int) -> Any:
    """Best poses by ``value`` when points do not interact: the floors' best first, then the best of what is left.

    Parameters
    ----------
    order
        Poses by falling value.
    n_most
        Most poses.

    Returns
    -------
    taken
        Per pose.
    last
        Value of the last pose taken freely: what the budget's last place is worth; 0 where places were left.
    is_full
        Whether all floors are kept and the budget is spent: poses that are not in ``order`` could change nothing.
    """
    taken = np.zeros(len(value), dtype=np.bool_)
    on_pole = np.zeros(n_poles, dtype=np.int32)
    left = floor.copy()
    m = 0
    for i in range(len(order)):
        pose = order[i]
        g = grid[pose]
        if g >= 0 and left[g] > 0 and on_pole[pole[pose]] < room[pole[pose]]:
            taken[pose] = True
            on_pole[pole[pose]] += 1
            left[g] -= 1
            m += 1
    last = 0.0
    for i in range(len(order)):
        pose = order[i]
        if value[pose] <= 0.0:
            break
        if m >= n_most:
            break
        if not taken[pose] and on_pole[pole[pose]] < room[pole[pose]]:
            taken[pose] = True
            on_pole[pole[pose]] += 1
            m += 1
            last = value[pose]
    if m < n_most:
        last = 0.0
    return taken, last, m >= n_most and not (left > 0).any()


@njit(cache=True, nogil=True)
def cover_counts(start: Any, point: Any, chosen: Any, n_points: int) -> Any:
    """Per point: how many of the chosen poses see it."""
    count = np.zeros(n_points, dtype=np.int32)
    for i in range(len(chosen)):
        for k in range(start[chosen[i]], start[chosen[i] + 1]):
            count[point[k]] += 1
    return count


@njit(cache=True, nogil=True)
def rank(start: Any, point: Any, weight: Any, price: Any, chosen: Any) -> Any:
    """Order a choice by falling gain, and the gain of each after those before it."""
    m = len(chosen)
    count = np.zeros(len(weight), dtype=np.int32)
    left = np.ones(m, dtype=np.bool_)
    order = np.empty(m, dtype=np.int64)
    gains = np.empty(m)
    heap = [(0.0, -1)]
    heap.pop()
    for i in range(m):
        heap.append((-gain_of(start, point, weight, count, price, chosen[i]), i))
    heapq.heapify(heap)
    n = 0
    while len(heap) > 0:
        key, i = heapq.heappop(heap)
        if not left[i]:
            continue
        gain = gain_of(start, point, weight, count, price, chosen[i])
        if -gain > key + _TINY and len(heap) > 0 and heap[0][0] < -gain:
            heapq.heappush(heap, (-gain, i))
            continue
        left[i] = False
        order[n] = chosen[i]
        gains[n] = gain
        n += 1
        for k in range(start[chosen[i]], start[chosen[i] + 1]):
            count[point[k]] += 1
    return order, gains
