"""Node sets whose border a fractional walk crosses too seldom.

Two kinds: a set that holds something needed, with something needed outside, is crossed at least twice; a set that an
odd number of required links leave is crossed once more than that (Padberg and Rao 1982).  Exact, by maximum flows,
after the cheap guess "the pieces over the links used much" found nothing.
"""

from __future__ import annotations

import numba
import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray

_EPS = 1e-6
_LEVELS = (1e-6, 0.25, 0.5, 0.75)


def too_seldom(
    a: IntArray, b: IntArray, used: FloatArray, spare: FloatArray, odd: BoolArray, needed: BoolArray, *, exact: bool
) -> list[BoolArray]:
    """Sets of nodes that the passes ``used`` leave too seldom.

    Parameters
    ----------
    a, b
        Ends of the links.
    used, spare
        Passes per link in both directions together; the same without the one pass a required link must have.
    odd
        Nodes where an odd number of required links end.
    needed
        Nodes that must be touched.
    exact
        Go on to maximum flows when the guess finds nothing.
    """
    n = len(odd)
    found: dict[bytes, BoolArray] = {}

    def keep(sets: BoolArray) -> None:
        for row in sets:
            side = row ^ bool(row[0])
            found.setdefault(side.tobytes(), side)

    for level in _LEVELS:
        keep(_guess(n, a, b, used, spare, odd, needed, level))
    if not found and exact:
        keep(_apart(n, a, b, used, needed))
        keep(_odd_cuts(n, a, b, spare, odd))
    return [found[key] for key in sorted(found)]


@numba.njit(cache=True)
def _pieces_over(n, a, b, weight, level):  # type: ignore[no-untyped-def]
    label = np.arange(n)
    for k in range(len(a)):
        if weight[k] > level:
            x, y = a[k], b[k]
            while label[x] != x:
                label[x] = label[label[x]]
                x = label[x]
            while label[y] != y:
                label[y] = label[label[y]]
                y = label[y]
            if x < y:
                label[y] = x
            else:
                label[x] = y
    for v in range(n):
        x = v
        while label[x] != x:
            x = label[x]
        label[v] = x
    return label


@numba.njit(cache=True)
def _guess(n, a, b, used, spare, odd, needed, level):  # type: ignore[no-untyped-def]
    all_needed = needed.sum()
    rows = np.zeros((2 * n, n), np.bool_)
    size = 0
    for kind in range(2):
        weight = used if kind == 0 else spare
        label = _pieces_over(n, a, b, weight, level)
        cross = np.zeros(n)
        inside = np.zeros(n, np.int64)
        for k in range(len(a)):
            x, y = label[a[k]], label[b[k]]
            if x != y:
                cross[x] += weight[k]
                cross[y] += weight[k]
        for v in range(n):
            if kind == 0:
                inside[label[v]] += needed[v]
            else:
                inside[label[v]] += odd[v]
        for v in range(n):
            if kind == 0:
                bad = inside[v] > 0 and inside[v] < all_needed and cross[v] < 2 - _EPS
            else:
                bad = inside[v] % 2 == 1 and cross[v] < 1 - _EPS
            if bad:
                for w in range(n):
                    rows[size, w] = label[w] == v
                size += 1
    return rows[:size]


@numba.njit(cache=True)
def _adjacency(n, a, b, weight):  # type: ignore[no-untyped-def]
    """First position per node and, per position, the arc (2k: a to b, 2k + 1: back)."""
    first = np.zeros(n + 1, np.int64)
    for k in range(len(a)):
        if weight[k] > 0 and a[k] != b[k]:
            first[a[k] + 1] += 1
            first[b[k] + 1] += 1
    for v in range(n):
        first[v + 1] += first[v]
    place = first[:-1].copy()
    arcs = np.empty(first[n], np.int64)
    for k in range(len(a)):
        if weight[k] > 0 and a[k] != b[k]:
            arcs[place[a[k]]] = 2 * k
            place[a[k]] += 1
            arcs[place[b[k]]] = 2 * k + 1
            place[b[k]] += 1
    return first, arcs


@numba.njit(cache=True)
def _flow(n, a, b, weight, first, arcs, mark, limit):  # type: ignore[no-untyped-def]
    """(flow from the nodes marked 1 to those marked 2, or the limit if more; nodes on the source's side)."""
    left = np.empty(2 * len(a))
    for k in range(len(a)):
        left[2 * k] = weight[k]
        left[2 * k + 1] = weight[k]
    total = 0.0
    came = np.empty(n, np.int64)
    queue = np.empty(n, np.int64)
    while True:
        came[:] = -2
        size = 0
        for v in range(n):
            if mark[v] == 1:
                came[v] = -1
                queue[size] = v
                size += 1
        at = 0
        goal = -1
        while at < size and goal < 0:
            v = queue[at]
            at += 1
            for i in range(first[v], first[v + 1]):
                arc = arcs[i]
                w = b[arc // 2] if arc % 2 == 0 else a[arc // 2]
                if left[arc] > 1e-9 and came[w] == -2:
                    came[w] = arc
                    if mark[w] == 2:
                        goal = w
                        break
                    queue[size] = w
                    size += 1
        if goal < 0 or total >= limit:
            break
        push = np.inf
        v = goal
        while came[v] >= 0:
            arc = came[v]
            push = min(push, left[arc])
            v = a[arc // 2] if arc % 2 == 0 else b[arc // 2]
        v = goal
        while came[v] >= 0:
            arc = came[v]
            left[arc] -= push
            left[arc ^ 1] += push
            v = a[arc // 2] if arc % 2 == 0 else b[arc // 2]
        total += push
    return total, came != -2


@numba.njit(cache=True)
def _shrunk(n, a, b, weight, level):  # type: ignore[no-untyped-def]
    """One node for what links above the level hold together: (nodes left, node of each, the other links)."""
    label = _pieces_over(n, a, b, weight, level)
    small = np.full(n, -1, np.int64)
    k = 0
    for v in range(n):
        if label[v] == v:
            small[v] = k
            k += 1
    for v in range(n):
        small[v] = small[label[v]]
    kept = np.flatnonzero((small[a] != small[b]) & (weight > 0))
    return k, small, small[a[kept]], small[b[kept]], weight[kept]


@numba.njit(cache=True)
def _apart(n, a, b, used, needed):  # type: ignore[no-untyped-def]
    """Sets that hold something needed, with something needed outside, and are left less than twice."""
    k, small, a, b, used = _shrunk(n, a, b, used, 2 - _EPS)
    chosen = np.zeros(k, np.bool_)
    for v in range(n):
        if needed[v]:
            chosen[small[v]] = True
    heads = np.flatnonzero(chosen)
    rows = np.zeros((max(len(heads), 1), n), np.bool_)
    size = 0
    first, arcs = _adjacency(k, a, b, used)
    mark = np.zeros(k, np.int64)
    for i in range(1, len(heads)):
        mark[:] = 0
        mark[heads[0]] = 1
        mark[heads[i]] = 2
        flow, side = _flow(k, a, b, used, first, arcs, mark, 2.0)
        if flow < 2 - _EPS:
            for v in range(n):
                rows[size, v] = side[small[v]]
            size += 1
    return rows[:size]


@numba.njit(cache=True)
def _odd_cuts(n, a, b, spare, odd):  # type: ignore[no-untyped-def]
    """Least odd cuts below one, from a cut tree over the odd nodes (Gusfield 1990)."""
    k, small, a, b, spare = _shrunk(n, a, b, spare, 1 - _EPS)
    parity = np.zeros(k, np.int64)
    for v in range(n):
        parity[small[v]] += odd[v]
    ends = np.flatnonzero(parity % 2 == 1)
    t = len(ends)
    rows = np.zeros((2 * t + 1, n), np.bool_)
    size = 0
    first, arcs = _adjacency(k, a, b, spare)
    mark = np.zeros(k, np.int64)
    up = np.zeros(t, np.int64)
    value = np.full(t, np.inf)
    for i in range(1, t):
        j = up[i]
        mark[:] = 0
        mark[ends[i]] = 1
        mark[ends[j]] = 2
        flow, side = _flow(k, a, b, spare, first, arcs, mark, np.inf)
        value[i] = flow
        for h in range(t):
            if h != i and side[ends[h]] and up[h] == j:
                up[h] = i
        if side[ends[up[j]]] and j != 0:
            up[i] = up[j]
            up[j] = i
            value[i] = value[j]
            value[j] = flow
    below = np.zeros(t, np.bool_)
    for i in range(1, t):
        if value[i] >= 1 - _EPS:
            continue
        below[:] = False
        below[i] = True
        grown = True
        while grown:
            grown = False
            for h in range(1, t):
                if not below[h] and below[up[h]]:
                    below[h] = True
                    grown = True
        if below.sum() % 2 == 0:
            continue
        mark[:] = 0
        for h in range(t):
            mark[ends[h]] = 1 if below[h] else 2
        flow, side = _flow(k, a, b, spare, first, arcs, mark, np.inf)
        if flow < 1 - _EPS:
            for v in range(n):
                rows[size, v] = side[small[v]]
            size += 1
    return rows[:size]
