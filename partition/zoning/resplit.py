"""Tree re-splits (ReCom): two or three neighbouring grids become one area and are cut anew along random trees.

Decides nothing about what is lawful: the area is cut anew where that is better, in the order (households outside the
band, cost), and the number of its grids may change.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gis.graph import IntArray
from partition.stop import Call, never
from partition.zoning.improve import uniform
from partition.zoning.problem import Land, change_cost, outside_band, shape_cost
from partition.zoning.seeds import cut_area

_STRETCH = 200  # re-splits between two looks at the clock


def resplit(land: Land, part: IntArray, rounds: int, state: IntArray, is_over: Call = never) -> IntArray:
    """Try ``rounds`` re-splits of random pairs and triples of neighbours: a plan no worse, labels without holes."""
    labels = int(part.max()) + 1
    size = np.bincount(part, minlength=labels + max(8, labels // 8)).astype(np.int64)
    part = part.copy()
    local = np.full(len(part), -1, np.int64)
    for first in range(0, rounds, _STRETCH):
        if is_over():
            break
        _resplit_some(land, part, size, local, min(_STRETCH, rounds - first), state)
    return np.unique(part, return_inverse=True)[1].astype(np.int64)


@njit(cache=True)
def _resplit_some(land: Land, part: IntArray, size: IntArray, local: IntArray, rounds: int, state: IntArray) -> None:
    n = len(part)
    old = np.empty(3, np.int64)
    for _ in range(rounds):
        v = int(uniform(state) * n)
        degree = land.indptr[v + 1] - land.indptr[v]
        wants_three = uniform(state) < 0.3
        if degree == 0:
            continue
        e = land.indptr[v] + int(uniform(state) * degree)
        u = land.indices[e]
        if part[u] == part[v] or not land.link[e]:
            continue
        old[0], old[1] = part[v], part[u]
        count = 2
        nodes = _area(land, part, local, v, old, 2, size[old[0]] + size[old[1]])
        if wants_three and len(nodes) > 0:
            t = nodes[int(uniform(state) * len(nodes))]
            for f in range(land.indptr[t], land.indptr[t + 1]):
                c = part[land.indices[f]]
                if land.link[f] and c != old[0] and c != old[1]:
                    old[2] = c
                    count = 3
                    nodes = _area(land, part, local, v, old, 3, len(nodes) + size[c])
                    break
        if len(nodes) == 0:
            continue
        now = np.zeros(len(nodes), np.int64)
        for i in range(len(nodes)):
            for q in range(count):
                if part[nodes[i]] == old[q]:
                    now[i] = q
        now_outside, now_cost = _price(land, nodes, local, now, count)
        label, n_new = cut_area(land, nodes, local, state)
        outside, cost = _price(land, nodes, local, label, n_new)
        if outside > now_outside or (outside == now_outside and cost >= now_cost - 1e-9):
            continue
        for q in range(count):
            size[old[q]] = 0
        names = np.empty(n_new, np.int64)
        free = 0
        for q in range(n_new):
            if q < count:
                names[q] = old[q]
                continue
            while free < len(size) and (size[free] > 0 or free == old[0] or free == old[1] or free == old[count - 1]):
                free += 1
            names[q] = free
            free += 1
        if names.max() >= len(size):  # no label to spare: leave the area as it was
            names[:] = -1
        for i in range(len(nodes)):
            p = old[now[i]] if names[0] < 0 else names[label[i]]
            part[nodes[i]] = p
            size[p] += 1


@njit(cache=True)
def _area(
    land: Land, part: IntArray, local: IntArray, start: int, labels: IntArray, count: int, wanted: int
) -> IntArray:
    """The ``wanted`` pieces of the labels, as reached from ``start``; none if they do not hang together."""
    nodes = np.empty(wanted, np.int64)
    local[start] = 0
    nodes[0] = start
    filled = 1
    at = 0
    while at < filled:
        v = nodes[at]
        at += 1
        for e in range(land.indptr[v], land.indptr[v + 1]):
            u = land.indices[e]
            if not land.link[e] or local[u] >= 0:
                continue
            for q in range(count):
                if part[u] == labels[q]:
                    local[u] = filled
                    nodes[filled] = u
                    filled += 1
                    break
    for i in range(filled):
        local[nodes[i]] = -1
    return nodes if filled == wanted else nodes[:0]


@njit(cache=True)
def _price(land: Land, nodes: IntArray, local: IntArray, label: IntArray, count: int) -> tuple[int, float]:
    """Households outside the band and cost of an area cut so; ``local`` is left as it was, -1 everywhere."""
    w = np.zeros(count, np.int64)
    s = np.zeros((count, 3), np.float64)
    was = np.zeros(count, np.float64)
    kept = np.zeros((count, len(land.toll)), np.float64)
    cost = 0.0
    for i in range(len(nodes)):
        local[nodes[i]] = i
    for i in range(len(nodes)):
        v = nodes[i]
        p = label[i]
        w[p] += land.weight[v]
        s[p, 0] += land.weight[v] * land.x[v]
        s[p, 1] += land.weight[v] * land.y[v]
        s[p, 2] += land.r2[v]
        was[p] += land.was[v]
        if land.parent[v] >= 0:
            kept[p, land.parent[v]] += land.keep[v]
        for e in range(land.indptr[v], land.indptr[v + 1]):
            o = local[land.indices[e]]
            if o > i and label[o] != p:
                cost += land.cost[e]
    for i in range(len(nodes)):
        local[nodes[i]] = -1
    outside = 0
    for p in range(count):
        outside += outside_band(land, w[p])
        cost += shape_cost(land, w[p], s[p, 0], s[p, 1], s[p, 2]) + change_cost(land, was[p], kept[p])
    return outside, cost
