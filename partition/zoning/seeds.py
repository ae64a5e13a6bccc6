"""Starting plans: METIS k-way cuts and recursive cuts of random spanning trees.

METIS knows an upper bound only and no communities; a start may be out of band.  It is checked here for parts in
more than one piece; the rest is the work of `improve`.
"""

from __future__ import annotations

import numpy as np
import pymetis
from numba import njit

from gis.graph import FloatArray, IntArray
from partition.zoning.improve import uniform
from partition.zoning.problem import Land, change_of_set, outside_band, price_plan, shape_cost

_DISTRICT_PIECES = 8_000
_MEAN_EDGE = 4  # METIS wants small whole numbers: raw metres lose parts and contiguity


def metis_start(land: Land, k: int, seed: int) -> IntArray:
    """METIS k-way cut with contiguous parts, households as weights, border cost as edge weights.

    A large land is cut into districts first and each of them by itself: METIS takes more than linear time in k.
    """
    n = len(land.weight)
    if n <= _DISTRICT_PIECES or k < 2:
        return whole_parts(land, _metis(land, k, seed))
    district = whole_parts(land, _metis(land, -(-n // (_DISTRICT_PIECES // 2)), seed))
    order = np.argsort(district, kind="stable")
    total = max(int(land.weight.sum()), 1)
    part = np.zeros(n, np.int64)
    count = 0
    for nodes in np.split(order, np.flatnonzero(np.diff(district[order])) + 1):
        few = max(1, min(len(nodes), round(k * int(land.weight[nodes].sum()) / total)))
        part[nodes] = count + _metis(sub_land(land, nodes), few, seed)
        count += few
    return whole_parts(land, part)


def sub_land(land: Land, nodes: IntArray) -> Land:
    """Some pieces of a land as a land of their own, in the order given."""
    n = len(land.weight)
    local = np.full(n, -1, np.int64)
    local[nodes] = np.arange(len(nodes))
    counts = np.diff(land.indptr)[nodes]
    rows = np.repeat(np.arange(len(nodes)), counts)
    ends = np.cumsum(counts)
    at = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
    edges = np.repeat(land.indptr[nodes], counts) + at
    to = local[land.indices[edges]]
    keep = to >= 0
    return land._replace(
        indptr=np.searchsorted(rows[keep], np.arange(len(nodes) + 1)).astype(np.int64),
        indices=to[keep],
        cost=land.cost[edges][keep],
        link=land.link[edges][keep],
        weight=land.weight[nodes],
        x=land.x[nodes],
        y=land.y[nodes],
        r2=land.r2[nodes],
        parent=land.parent[nodes],
        keep=land.keep[nodes],
        was=land.was[nodes],
    )


def _metis(land: Land, k: int, seed: int) -> IntArray:
    n = len(land.weight)
    if k <= 1 or n <= 1:
        return np.zeros(n, np.int64)
    keep = land.link
    rows = np.repeat(np.arange(n), np.diff(land.indptr))[keep]
    indices, cost = land.indices[keep], land.cost[keep]
    indptr = np.searchsorted(rows, np.arange(n + 1))
    mean = cost.mean() if len(cost) and cost.mean() > 0 else 1.0
    edges = np.clip(np.round(cost / mean * _MEAN_EDGE), 1, 1000).astype(np.int64)
    vertices = np.minimum(land.weight, 1_000_000)
    options = pymetis.Options(seed=seed % (1 << 30), ncuts=1, ufactor=200, contig=1)
    _, part = pymetis.part_graph(
        k,
        pymetis.CSRAdjacency(adj_starts=indptr.tolist(), adjacent=indices.tolist()),
        vweights=vertices.tolist(),
        eweights=edges.tolist(),
        options=options,
        recursive=False,
    )
    return np.asarray(part, np.int64)


@njit(cache=True)
def whole_parts(land: Land, part: IntArray) -> IntArray:
    """Number the contiguous pieces of a labelling 0, 1, 2 ... in order of their first member."""
    n = len(part)
    label = np.full(n, -1, np.int64)
    stack = np.empty(n + 1, np.int64)
    count = 0
    for v in range(n):
        if label[v] >= 0:
            continue
        label[v] = count
        stack[0] = v
        top = 1
        while top > 0:
            top -= 1
            t = stack[top]
            for e in range(land.indptr[t], land.indptr[t + 1]):
                u = land.indices[e]
                if land.link[e] and label[u] < 0 and part[u] == part[v]:
                    label[u] = count
                    stack[top] = u
                    top += 1
        count += 1
    return label


@njit(cache=True)
def misfit(land: Land, w: int) -> int:
    """Fewest households outside the band when ``w`` is cut into any number of grids by count alone."""
    low = w // land.hi
    best = -1
    for k in (low, low + 1):
        if k < 1:
            continue
        miss = 0
        if w < k * land.lo:
            miss = k * land.lo - w
        elif w > k * land.hi:
            miss = w - k * land.hi
        if best < 0 or miss < best:
            best = miss
    return int(best)


@njit(cache=True)
def _find(parent: IntArray, v: int) -> int:
    while parent[v] != v:
        parent[v] = parent[parent[v]]
        v = parent[v]
    return int(v)


@njit(cache=True)
def _order_of(key: FloatArray) -> IntArray:
    """Positions in ascending order of key (shell sort: short to compile, which numpy's is not)."""
    m = len(key)
    order = np.arange(m)
    gap = 1
    while gap < m // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, m):
            moving = order[i]
            k = key[moving]
            j = i
            while j >= gap and key[order[j - gap]] > k:
                order[j] = order[j - gap]
                j -= gap
            order[j] = moving
        gap //= 3
    return order


@njit(cache=True)
def split_once(
    land: Land, nodes: IntArray, local: IntArray, state: IntArray, is_final: bool
) -> tuple[bool, IntArray, int, float]:
    """Cut a random spanning tree of ``nodes`` once.

    Parameters
    ----------
    nodes
        Pieces of a contiguous area.
    local
        Scratch of the size of the land, -1 everywhere; left so.
    is_final
        Both sides are to be grids as they are (choose by cost); otherwise sides are cut again (choose by halves).

    Returns
    -------
    (found, side, outside, cost)
        ``side`` is 1 for one side of the cut; ``outside`` counted per grid, or by arithmetic when not final.
    """
    m = len(nodes)
    side = np.zeros(m, np.int64)
    if m < 2:
        return False, side, 0, 0.0
    for i in range(m):
        local[nodes[i]] = i
    n_edges = 0
    for i in range(m):
        v = nodes[i]
        for e in range(land.indptr[v], land.indptr[v + 1]):
            if land.link[e] and local[land.indices[e]] > i:
                n_edges += 1
    ea = np.empty(n_edges, np.int64)
    eb = np.empty(n_edges, np.int64)
    key = np.empty(n_edges, np.float64)
    total = 0.0
    j = 0
    for i in range(m):
        v = nodes[i]
        for e in range(land.indptr[v], land.indptr[v + 1]):
            o = local[land.indices[e]]
            if land.link[e] and o > i:
                ea[j], eb[j] = i, o
                key[j] = land.cost[e]
                total += land.cost[e]
                j += 1
    mean = total / n_edges if n_edges > 0 and total > 0 else 1.0
    # Dear borders enter the tree first, so that cuts fall on cheap ones.
    for j in range(n_edges):
        key[j] = uniform(state) / (0.5 + key[j] / mean)
    parent = np.arange(m)
    degree = np.zeros(m, np.int64)
    ta = np.empty(m, np.int64)
    tb = np.empty(m, np.int64)
    n_tree = 0
    for j in _order_of(key):
        ra, rb = _find(parent, ea[j]), _find(parent, eb[j])
        if ra != rb:
            parent[ra] = rb
            ta[n_tree], tb[n_tree] = ea[j], eb[j]
            degree[ea[j]] += 1
            degree[eb[j]] += 1
            n_tree += 1
    # Order the tree from its leaves to node 0.
    offset = np.zeros(m + 1, np.int64)
    for i in range(m):
        offset[i + 1] = offset[i] + degree[i]
    fill = offset[:-1].copy()
    branch = np.empty(max(2 * n_tree, 1), np.int64)
    for j in range(n_tree):
        branch[fill[ta[j]]] = tb[j]
        fill[ta[j]] += 1
        branch[fill[tb[j]]] = ta[j]
        fill[tb[j]] += 1
    order = np.empty(m, np.int64)
    up = np.full(m, -1, np.int64)
    order[0] = 0
    filled = 1
    position = 0
    while position < filled:
        v = order[position]
        position += 1
        for e in range(offset[v], offset[v + 1]):
            if branch[e] != up[v]:
                up[branch[e]] = v
                order[filled] = branch[e]
                filled += 1
    below = np.zeros(m, np.int64)
    first = np.empty(m, np.int64)
    for i in range(m):
        below[i] = land.weight[nodes[i]]
        first[order[i]] = i
    last = np.ones(m, np.int64)
    for i in range(filled - 1, 0, -1):
        v = order[i]
        below[up[v]] += below[v]
        last[up[v]] += last[v]
    whole = int(below[0])
    best_outside, best_cost, best_at = -1, 0.0, -1
    inside = np.zeros(m, np.int64)
    for i in range(1, filled):
        v = int(order[i])
        wa, wb = int(below[v]), whole - int(below[v])
        if wa == 0 or wb == 0:
            continue
        if is_final:
            outside = outside_band(land, wa) + outside_band(land, wb)
        else:
            outside = misfit(land, wa) + misfit(land, wb)
        if best_at >= 0 and outside > best_outside:
            continue
        if is_final:
            inside[:] = 0
            _below(v, order, up, first, filled, inside)
            cost = _two_cost(land, nodes, local, inside)
        else:
            cost = abs(float(wa - wb)) * (0.5 + uniform(state))
        if best_at < 0 or outside < best_outside or cost < best_cost:
            best_outside, best_cost, best_at = outside, cost, v
    if best_at >= 0:
        _below(best_at, order, up, first, filled, side)
    for i in range(m):
        local[nodes[i]] = -1
    return best_at >= 0, side, best_outside, best_cost


@njit(cache=True)
def _below(top: int, order: IntArray, up: IntArray, first: IntArray, filled: int, out: IntArray) -> None:
    """Mark the subtree of ``top``."""
    out[top] = 1
    for i in range(first[top] + 1, filled):
        v = order[i]
        if out[up[v]] == 1:
            out[v] = 1


@njit(cache=True)
def _two_cost(land: Land, nodes: IntArray, local: IntArray, side: IntArray) -> float:
    """Cost of the two sides: their own border between them and their shapes."""
    w = np.zeros(2, np.int64)
    s = np.zeros((2, 3), np.float64)
    cut = 0.0
    for i in range(len(nodes)):
        v = nodes[i]
        p = side[i]
        w[p] += land.weight[v]
        s[p, 0] += land.weight[v] * land.x[v]
        s[p, 1] += land.weight[v] * land.y[v]
        s[p, 2] += land.r2[v]
        for e in range(land.indptr[v], land.indptr[v + 1]):
            o = local[land.indices[e]]
            if o > i and side[o] != p:
                cut += land.cost[e]
    cut += shape_cost(land, w[0], s[0, 0], s[0, 1], s[0, 2])
    cut += change_of_set(land, nodes[side == 0]) + change_of_set(land, nodes[side == 1])
    return cut + shape_cost(land, w[1], s[1, 0], s[1, 1], s[1, 2])


@njit(cache=True)
def inherited_start(land: Land) -> IntArray:
    """The old grids as far as they are still in one piece; pieces without one join the neighbour they touch longest."""
    n = len(land.weight)
    part = land.parent.copy()
    while True:
        grown = part.copy()
        for v in range(n):
            if part[v] >= 0:
                continue
            best, metres = -1, -1.0
            for e in range(land.indptr[v], land.indptr[v + 1]):
                q = part[land.indices[e]]
                if land.link[e] and q >= 0 and land.cost[e] > metres:
                    best, metres = q, land.cost[e]
            grown[v] = best
        if (grown == part).all():
            return whole_parts(land, part)
        part = grown


@njit(cache=True)
def tree_start(land: Land, state: IntArray) -> IntArray:
    """Recursive tree cuts, each side keeping a lawful number of grids by count wherever the tree allows."""
    n = len(land.weight)
    return cut_area(land, np.arange(n), np.full(n, -1, np.int64), state)[0]


@njit(cache=True)
def cut_area(land: Land, nodes: IntArray, local: IntArray, state: IntArray) -> tuple[IntArray, int]:
    """Cut a contiguous area into grids by random trees: (label per node, number of grids).

    ``local`` is scratch as in `split_once`.
    """
    label = np.zeros(len(nodes), np.int64)
    pending = [np.arange(len(nodes))]
    n_parts = 1
    while len(pending) > 0:
        mine = pending.pop()
        area = nodes[mine]
        w = 0
        for v in area:
            w += land.weight[v]
        if len(mine) < 2 or w < 2 * land.lo or (w <= land.hi and w < 1.5 * land.target):
            continue
        is_final = bool(w <= 2 * land.hi and w < 2.5 * land.target)
        best_side = np.zeros(0, np.int64)
        best_outside, best_cost = 0, 0.0
        for _ in range(6):
            found, side, outside, cost = split_once(land, area, local, state, is_final)
            if found and (
                len(best_side) == 0 or outside < best_outside or (outside == best_outside and cost < best_cost)
            ):
                best_side, best_outside, best_cost = side, outside, cost
        if len(best_side) == 0 or (w <= land.hi and best_outside > 0):
            continue
        label[mine[best_side == 1]] = n_parts
        n_parts += 1
        if not is_final or best_outside > 0:
            pending.append(mine[best_side == 0])
            pending.append(mine[best_side == 1])
    return label, n_parts


def plan_price(land: Land, part: IntArray) -> tuple[int, float]:
    """Households outside the band and cost of a labelling."""
    outside, cost = price_plan(land, part, int(part.max()) + 1 if len(part) else 0)
    return int(outside), float(cost)


def grid_weights(land: Land, part: IntArray) -> FloatArray:
    """Households per label."""
    return np.bincount(part, land.weight)
