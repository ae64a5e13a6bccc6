"""Shortest ways over a problem's links: parallels, loops, one-ways and true zero costs as they are.

A sparse matrix would add parallel links up and may drop a link that costs nothing; here every direction of every link
is an arc of its own, and a way is told by its arcs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Ways:
    """Allowed directions of the links as arcs, ordered by the node they leave.

    Attributes
    ----------
    first
        Per node, position of its first arc; one more at the end.
    tail, head, cost
        Per arc.
    link, side
        Per arc: its link, and 0 from tail to head of the link, 1 back.
    """

    first: IntArray
    tail: IntArray
    head: IntArray
    cost: FloatArray
    link: IntArray
    side: IntArray

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.first) - 1


def make_ways(n_nodes: int, tail: IntArray, head: IntArray, cost: FloatArray) -> Ways:
    """Arcs of links whose two directions cost ``cost[:, 0]`` and ``cost[:, 1]`` (infinite: forbidden)."""
    m = len(tail)
    link = np.repeat(np.arange(m, dtype=np.int64), 2)
    side = np.tile(np.arange(2, dtype=np.int64), m)
    ends = np.stack([tail, head], axis=1).astype(np.int64)
    price = np.asarray(cost, float).reshape(-1)
    from_node, to_node = ends.reshape(-1), ends[:, ::-1].reshape(-1)
    order = np.flatnonzero(np.isfinite(price))
    order = order[np.argsort(from_node[order], kind="stable")]
    first = np.searchsorted(from_node[order], np.arange(n_nodes + 1)).astype(np.int64)
    return Ways(first, from_node[order], to_node[order], price[order], link[order], side[order])


def shortest(ways: Ways, sources: IntArray) -> tuple[FloatArray, IntArray]:
    """(cost from each source to every node, arc by which each node is reached; -1: source or out of reach)."""
    far, arrived = _shortest(ways.first, ways.head, ways.cost, np.ascontiguousarray(sources, np.int64))
    return far, arrived


def arcs_to(ways: Ways, arrived_by: IntArray, target: int) -> list[int]:
    """Arcs of the way to ``target``, in order; ``arrived_by`` is one source's row of `shortest`."""
    arcs: list[int] = []
    arc = int(arrived_by[target])
    while arc >= 0:
        arcs.append(arc)
        arc = int(arrived_by[ways.tail[arc]])
    return arcs[::-1]


def useful_arcs(ways: Ways, arrived_by: IntArray, targets: IntArray) -> BoolArray:
    """Arcs that lie on one of the chosen shortest ways from the sources to the targets."""
    used: BoolArray = _useful(ways.tail, arrived_by, np.ascontiguousarray(targets, np.int64), len(ways.tail))
    return used


@numba.njit(cache=True)
def _shortest(first, head, cost, sources):  # type: ignore[no-untyped-def]
    n, s = len(first) - 1, len(sources)
    far = np.full((s, n), np.inf)
    arrived = np.full((s, n), -1, np.int64)
    tail = np.empty(len(head), np.int64)
    for v in range(n):
        for a in range(first[v], first[v + 1]):
            tail[a] = v
    key = np.empty(len(head) + 1)
    who = np.empty(len(head) + 1, np.int64)
    done = np.empty(n, np.bool_)
    for i in range(s):
        done[:] = False
        far[i, sources[i]] = 0.0
        key[0], who[0] = 0.0, sources[i]
        size = 1
        while size > 0:
            v = who[0]
            size -= 1
            last, lastv = key[size], who[size]
            at = 0
            while True:
                child = 2 * at + 1
                if child >= size:
                    break
                right = child + 1
                if right < size and (key[right] < key[child] or (key[right] == key[child] and who[right] < who[child])):
                    child = right
                if last < key[child] or (last == key[child] and lastv <= who[child]):
                    break
                key[at], who[at] = key[child], who[child]
                at = child
            key[at], who[at] = last, lastv
            if done[v]:
                continue
            done[v] = True
            for a in range(first[v], first[v + 1]):
                w = head[a]
                d = far[i, v] + cost[a]
                if d < far[i, w]:
                    far[i, w] = d
                    arrived[i, w] = a
                    at = size
                    size += 1
                    while at > 0:
                        up = (at - 1) // 2
                        if key[up] < d or (key[up] == d and who[up] <= w):
                            break
                        key[at], who[at] = key[up], who[up]
                        at = up
                    key[at], who[at] = d, w
    return far, arrived


@numba.njit(cache=True)
def _useful(tail, arrived, targets, n_arcs):  # type: ignore[no-untyped-def]
    used = np.zeros(n_arcs, np.bool_)
    seen = np.full(arrived.shape[1], -1, np.int64)
    for i in range(arrived.shape[0]):
        for t in targets:
            v = t
            while seen[v] != i:
                seen[v] = i
                a = arrived[i, v]
                if a < 0:
                    break
                used[a] = True
                v = tail[a]
    return used
