"""Compiled loops of response times: arcs out of links, and earliest arrival spreading from several places at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def gather(tail: Any, head: Any, seconds: Any, n_nodes: int, is_reversed: bool) -> Any:
    """Arcs by the node they leave: start per node; node entered, seconds, link and direction per arc.

    Every link stays an arc of its own, so parallel links keep apart and 0 s is a way like any other.  Loops lead
    nowhere and are left out.  Reversed: from where a link leads to where it comes from.
    """
    start = np.zeros(n_nodes + 1, np.int64)
    for i in range(len(tail)):
        if tail[i] == head[i]:
            continue
        for way in range(2):
            if np.isfinite(seconds[i, way]):
                start[(tail[i] if (way == 0) != is_reversed else head[i]) + 1] += 1
    for v in range(n_nodes):
        start[v + 1] += start[v]
    n = start[n_nodes]
    spot = start[:-1].copy()
    to, cost = np.empty(n, np.int32), np.empty(n, np.float64)
    link, is_back = np.empty(n, np.int32), np.empty(n, np.bool_)
    for i in range(len(tail)):
        if tail[i] == head[i]:
            continue
        for way in range(2):
            if np.isfinite(seconds[i, way]):
                is_from_tail = (way == 0) != is_reversed
                a = tail[i] if is_from_tail else head[i]
                k = spot[a]
                spot[a] += 1
                to[k] = head[i] if is_from_tail else tail[i]
                cost[k] = seconds[i, way]
                link[k], is_back[k] = i, way == 1
    return start, to, cost, link, is_back


@njit(cache=True, nogil=True)
def _push(key: Any, node: Any, n: int, s: float, v: int) -> int:
    at = n
    while at > 0:
        above = (at - 1) >> 2
        if key[above] <= s:
            break
        key[at], node[at] = key[above], node[above]
        at = above
    key[at], node[at] = s, v
    return n + 1


@njit(cache=True, nogil=True)
def _pop(key: Any, node: Any, n: int) -> int:
    """Take the first away; it must have been read before."""
    n -= 1
    s, v = key[n], node[n]
    at = 0
    while True:
        below = 4 * at + 1
        if below >= n:
            break
        least = below
        for k in range(below + 1, min(below + 4, n)):
            if key[k] < key[least]:
                least = k
        if key[least] >= s:
            break
        key[at], node[at] = key[least], node[least]
        at = least
    key[at], node[at] = s, v
    return n


@njit(cache=True, nogil=True)
def spread(start: Any, to: Any, cost: Any, source: Any, source_s: Any, limit_s: float) -> Any:
    """Earliest arrival everywhere: seconds, which source is first (-1: none), per node.

    Of sources that arrive together the one given first.
    """
    n_nodes = len(start) - 1
    node_s, first = np.full(n_nodes, np.inf), np.full(n_nodes, -1, np.int32)
    key, node = np.empty(len(to) + len(source) + 1), np.empty(len(to) + len(source) + 1, np.int32)
    n = 0
    for k in range(len(source)):
        if source_s[k] < node_s[source[k]] and source_s[k] <= limit_s:
            node_s[source[k]], first[source[k]] = source_s[k], k
            n = _push(key, node, n, source_s[k], source[k])
    while n > 0:
        s, v = key[0], node[0]
        n = _pop(key, node, n)
        if s > node_s[v]:
            continue
        for arc in range(start[v], start[v + 1]):
            w, t = to[arc], s + cost[arc]
            if t < node_s[w] and t <= limit_s:
                node_s[w], first[w] = t, first[v]
                n = _push(key, node, n, t, w)
    return node_s, first


@njit(cache=True, nogil=True)
def _kth(best: Any, k: int) -> float:
    return np.sort(best)[k - 1] if 0 < k <= len(best) else np.inf


@njit(cache=True, nogil=True)
def seek(
    start: Any,
    to: Any,
    cost: Any,
    seed: Any,
    seed_s: Any,
    spot_node: Any,
    spot_unit: Any,
    spot_s: Any,
    direct_s: Any,
    k: int,
) -> Any:
    """Spread from an incident against the traffic until the ``k`` units nearest in time are certain.

    Parameters
    ----------
    seed, seed_s
        Nodes from which one comes to the incident, and seconds from there.
    spot_node, spot_unit, spot_s
        Ascending by node: nodes that units come to, and seconds until then.
    direct_s
        Per unit: seconds without passing any node.

    Returns
    -------
    tuple
        Per unit: seconds and the spot it leaves by (-1: none); seconds from which on nothing was looked at; per
        node: the arc it was reached by (-1: a seed or none).
    """
    n_nodes = len(start) - 1
    node_s, came = np.full(n_nodes, np.inf), np.full(n_nodes, -1, np.int64)
    key, node = np.empty(len(to) + len(seed) + 1), np.empty(len(to) + len(seed) + 1, np.int32)
    at_node = np.full(n_nodes, -1, np.int32)
    for i in range(len(spot_node) - 1, -1, -1):
        at_node[spot_node[i]] = i
    best, by = direct_s.copy(), np.full(len(direct_s), -1, np.int64)
    enough = _kth(best, k)
    n = 0
    for i in range(len(seed)):
        if seed_s[i] < node_s[seed[i]]:
            node_s[seed[i]] = seed_s[i]
            n = _push(key, node, n, seed_s[i], seed[i])
    while n > 0:
        s, v = key[0], node[0]
        if s > enough:
            return best, by, s, came
        n = _pop(key, node, n)
        if s > node_s[v]:
            continue
        i = at_node[v]
        if i >= 0:
            better = False
            while i < len(spot_node) and spot_node[i] == v:
                u, t = spot_unit[i], s + spot_s[i]
                if t < best[u]:
                    best[u], by[u], better = t, i, True
                i += 1
            if better:
                enough = _kth(best, k)
        for arc in range(start[v], start[v + 1]):
            w, t = to[arc], s + cost[arc]
            if t < node_s[w]:
                node_s[w], came[w] = t, arc
                n = _push(key, node, n, t, w)
    return best, by, np.inf, came
