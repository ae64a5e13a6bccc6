"""Exact windows: a few neighbouring grids are taken out and cut anew in the best of all ways.

Decides nothing but the best cut of a small area whose outline stays: all its lawful grids are enumerated (bit sets of
at most 64 pieces) and the cheapest exact cover is found by a search bounded by Lagrangian duals.  The number of grids
may change.  A window that passes its work limit is left as it was; a plan never gets worse.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gis.graph import BoolArray, IntArray
from partition.stop import Call, never
from partition.zoning.problem import Land, change_cost, outside_band, shape_cost
from partition.zoning.window_cover import (
    DUAL_ROUNDS,
    MAX_PIECES,
    NONE,
    ONE,
    Mask,
    Masks,
    best_cover,
    lawful_grids,
    lowest_bit,
    order_by,
    raise_duals,
    weigh,
)

_STRETCH = 500_000  # work between two looks at the clock: some hundredths of a second


@njit(cache=True)
def _price(land: Land, nodes: IntArray, local: IntArray, mask: Mask) -> float:
    """Cost of one grid of the window: half its border inside the window, its shape, and its change."""
    w = 0
    sx = sy = sr = cut = was = 0.0
    kept = np.zeros(len(land.toll), np.float64)
    rest = mask
    while rest != NONE:
        i = lowest_bit(rest)
        rest &= rest - ONE
        v = nodes[i]
        w += land.weight[v]
        sx += land.weight[v] * land.x[v]
        sy += land.weight[v] * land.y[v]
        sr += land.r2[v]
        was += land.was[v]
        if land.parent[v] >= 0:
            kept[land.parent[v]] += land.keep[v]
        for e in range(land.indptr[v], land.indptr[v + 1]):
            o = local[land.indices[e]]
            if o >= 0 and (mask >> np.uint64(o)) & ONE == NONE:
                cut += land.cost[e]
    return 0.5 * cut + shape_cost(land, w, sx, sy, sr) + change_cost(land, was, kept)


@njit(cache=True)
def _gather(land: Land, part: IntArray, some: IntArray, labels: IntArray, local: IntArray) -> IntArray:
    """Pieces of the labels in breadth-first order from a far end, ``local`` set to it; empty if more than 64.

    Neighbours get near numbers, which keeps the buckets of the lowest pieces small.
    """
    stack = np.empty(MAX_PIECES + 1, np.int64)
    none = np.zeros(0, np.int64)
    start = some[labels[0]]
    count = 0
    for turn in range(2):
        stack[0] = start
        local[start] = 0
        count = 1
        at = 0
        while at < count:
            v = stack[at]
            at += 1
            for e in range(land.indptr[v], land.indptr[v + 1]):
                u = land.indices[e]
                if local[u] >= 0 or not land.link[e]:
                    continue
                mine = False
                for p in labels:
                    if part[u] == p:
                        mine = True
                if not mine:
                    continue
                if count == MAX_PIECES:
                    for i in range(count):
                        local[stack[i]] = -1
                    return none
                local[u] = count
                stack[count] = u
                count += 1
        if turn == 0:
            start = stack[count - 1]
            for i in range(count):
                local[stack[i]] = -1
    return stack[:count].copy()


@njit(cache=True)
def solve_window(
    land: Land,
    part: IntArray,
    some: IntArray,
    size: IntArray,
    labels: IntArray,
    local: IntArray,
    max_columns: int,
    max_checks: int,
) -> tuple[bool, int]:
    """Cut the area of the grids ``labels`` anew, in place, if a better lawful cut exists.

    Parameters
    ----------
    some, size
        Per label: any one of its pieces, and how many it has (0: label not in use); kept up to date.
    local
        Scratch of the size of the land, -1 everywhere; left so.

    Returns
    -------
    (changed, work)
        ``work`` counts branches and pairs compared.
    """
    wanted = 0
    for p in labels:
        if size[p] == 0:
            return False, 1
        wanted += size[p]
    if wanted > MAX_PIECES or wanted < 2:
        return False, 1
    nodes = _gather(land, part, some, labels, local)
    m = len(nodes)
    if m < wanted:
        for v in nodes:
            local[v] = -1
        return False, 1 + m
    near = np.zeros(m, np.uint64)
    weight = np.empty(m, np.int64)
    now_mask = np.zeros(len(labels), np.uint64)
    for i in range(m):
        v = nodes[i]
        weight[i] = land.weight[v]
        for e in range(land.indptr[v], land.indptr[v + 1]):
            o = local[land.indices[e]]
            if o >= 0 and land.link[e]:
                near[i] |= ONE << np.uint64(o)
        for q in range(len(labels)):
            if part[v] == labels[q]:
                now_mask[q] |= ONE << np.uint64(i)
    now, outside = 0.0, 0
    dual = np.zeros(m, np.float64)
    for mask in now_mask:
        c = _price(land, nodes, local, mask)
        w = weigh(weight, mask)
        now += c
        outside += outside_band(land, w)
        rest = mask
        while rest != NONE:
            i = lowest_bit(rest)
            rest &= rest - ONE
            dual[i] = c * (weight[i] + 1.0) / (w + 1.0)
    least = 0  # households outside the band that no cut avoids: pieces over the band
    for i in range(m):
        least += max(weight[i] - land.hi, 0)
    is_pair = bool(least == 0 and weight.sum() < 3 * land.lo)  # at most two grids: one of them leaves the other
    masks, bucket, work, done = lawful_grids(land, near, weight, is_pair, max_columns, 40 * max_columns)
    whole = NONE
    for i in range(m):
        whole |= ONE << np.uint64(i)
    after = 0.0
    best = np.zeros(0, np.uint64)
    cost = np.empty(len(masks), np.float64)
    dear = 0.0
    for j in range(len(masks)):
        cost[j] = _price(land, nodes, local, masks[j])
        dear = max(dear, cost[j])
    if done and len(masks) > 0 and is_pair:
        at = 0
        for j in range(len(masks)):
            if masks[j] != whole:
                cost[j] += _price(land, nodes, local, whole & ~masks[j])
            if cost[j] < cost[at]:
                at = j
        after = cost[at]
        best = np.array([masks[at], whole & ~masks[at]])
        best = best[: 1 if masks[at] == whole else 2]
    elif done and len(masks) > 0:
        # A window out of band without need takes any lawful cut at all.
        goal = now if outside == least else now + m * dear
        reduced = raise_duals(masks, bucket, cost, dual, now)
        order = np.arange(len(masks))
        for v in range(m):
            order_by(reduced, order, bucket[v], bucket[v + 1])
        chosen, checks = best_cover(m, masks, bucket, reduced, order, goal - dual.sum(), max_checks)
        work += checks + DUAL_ROUNDS * len(masks)
        after = cost[chosen].sum()
        best = masks[chosen]
    changed = bool(len(best) > 0 and (outside > least or after < now - 1e-6))
    if changed:
        _write(part, some, size, labels, nodes, best)
    for v in nodes:
        local[v] = -1
    return changed, work


@njit(cache=True)
def _write(part: IntArray, some: IntArray, size: IntArray, labels: IntArray, nodes: IntArray, best: Masks) -> None:
    """Put the new grids under the old labels; a grid more takes the first label not in use."""
    for p in labels:
        size[p] = 0
    free = 0
    for q in range(len(best)):
        if q < len(labels):
            p = labels[q]
        else:
            while size[free] > 0:
                free += 1
            p = free
        rest = best[q]
        while rest != NONE:
            v = nodes[lowest_bit(rest)]
            rest &= rest - ONE
            part[v] = p
            some[p] = v
            size[p] += 1


@njit(cache=True)
def _solve_some(
    land: Land,
    part: IntArray,
    some: IntArray,
    size: IntArray,
    windows: IntArray,
    first: int,
    changed: BoolArray,
    max_columns: int,
    max_work: int,
) -> tuple[int, int]:
    """Solve windows from ``first`` on until the work is spent: (next window, work)."""
    local = np.full(len(part), -1, np.int64)
    work = 0
    at = first
    while at < len(windows) and work < max_work:
        n_labels = 0
        while n_labels < windows.shape[1] and windows[at, n_labels] >= 0:
            n_labels += 1
        labels = windows[at, :n_labels].copy()
        better, more = solve_window(land, part, some, size, labels, local, max_columns, 20 * max_columns)
        work += more
        if better:
            for p in labels:
                changed[p] = True
        at += 1
    return at, work


def improve_by_windows(
    land: Land,
    part: IntArray,
    *,
    width: int,
    max_columns: int,
    max_work: int,
    is_over: Call = never,
) -> tuple[IntArray, int]:
    """Sweep exact windows of 2 to ``width`` grids over a plan until none improves or the work is spent.

    Returns
    -------
    (part, work)
        A plan no worse than the one given, labels 0, 1, 2 ... without holes.
    """
    part = np.unique(part, return_inverse=True)[1].astype(np.int64)
    n_labels = int(part.max()) + 1 if len(part) else 0
    room = n_labels + max(8, n_labels // 4)
    size = np.bincount(part, minlength=room).astype(np.int64)
    some = np.zeros(room, np.int64)
    some[part[::-1]] = np.arange(len(part))[::-1]
    tried: set[tuple[int, ...]] = set()
    version = np.zeros(room, np.int64)
    work = 0
    for wide in range(2, width + 1):
        while work < max_work and not is_over():
            windows = _windows(land, part, size, wide)
            fresh = [w for w in windows if (*w, *version[list(w)].tolist()) not in tried]
            if not fresh:
                break
            tried.update((*w, *version[list(w)].tolist()) for w in fresh)
            table = np.full((len(fresh), wide), -1, np.int64)
            for i, w in enumerate(fresh):
                table[i, : len(w)] = w
            changed = np.zeros(room, np.bool_)
            before = part.copy()
            at = 0
            while at < len(table) and work < max_work and not is_over():
                stretch = min(_STRETCH, max_work - work)
                at, more = _solve_some(land, part, some, size, table, at, changed, max_columns, stretch)
                work += more
            if (part == before).all():
                break
            version[np.unique(np.concatenate([part[part != before], before[part != before]]))] += 1
    return np.unique(part, return_inverse=True)[1].astype(np.int64), work


def _windows(land: Land, part: IntArray, size: IntArray, wide: int) -> list[tuple[int, ...]]:
    """Groups of neighbouring grids: from every pair on, the neighbour with the longest common border joins."""
    rows = np.repeat(np.arange(len(part)), np.diff(land.indptr))
    a, b = part[rows], part[land.indices]
    cut = (a != b) & land.link
    n = len(size)
    key, back = np.unique(a[cut] * n + b[cut], return_inverse=True)
    border = np.bincount(back, land.cost[cut] + 1e-9, len(key))
    beside: dict[int, dict[int, float]] = {}
    for k, metres in zip(key.tolist(), border.tolist()):
        beside.setdefault(k // n, {})[k % n] = metres
    found: set[tuple[int, ...]] = set()
    for p in sorted(beside):
        for q in sorted(beside[p]):
            if q < p:
                continue
            group = [p, q]
            pieces = int(size[p] + size[q])
            while len(group) < wide:
                pull: dict[int, float] = {}
                for one in group:
                    for other, metres in beside[one].items():
                        if other not in group:
                            pull[other] = pull.get(other, 0.0) + metres
                fits = [o for o in pull if pieces + size[o] <= MAX_PIECES]
                if not fits:
                    break
                best = max(fits, key=lambda o: (pull[o], -o))
                group.append(best)
                pieces += int(size[best])
            found.add(tuple(sorted(group)))
    return sorted(found)
