"""Which streets around a grid its routes may need: those on a shortest way between two of its nodes, and no others.

A best route walks its own streets, and between them shortest ways; one such way for every pair of nodes is enough.
They are looked for within a margin so wide that no way beyond it is shorter.
"""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gis.graph import Int32Array
from gis.streets.network import StreetNetwork


class Surroundings:
    """The network with the indexes that all grids share."""

    def __init__(self, network: StreetNetwork) -> None:
        self._net = network
        self._tree = shapely.STRtree(network.geometry)
        self._is_open = np.isfinite(network.passing_s).any(axis=1)
        with np.errstate(invalid="ignore"):
            per_m = network.passing_s / network.length_m[:, None]
        # a node stands up to `snap_m` from the ends of its lines: floor the pace a little
        self._least_s_per_m = 0.95 * float(per_m[np.isfinite(per_m)].min(initial=1.0))

    def links(self, must: Int32Array, anchors: Int32Array, margin_m: float = 150.0) -> Int32Array:
        """Links to keep, ascending: those that must be inspected, and shortest ways between all their nodes.

        Parameters
        ----------
        must
            Links that must be inspected.
        anchors
            Further nodes that a route must touch: places, posts.
        margin_m
            How far around to look first; widened until nothing beyond can matter.
        """
        net = self._net
        nodes = np.unique(np.concatenate([net.tail[must], net.head[must], anchors]))
        if not len(nodes):
            return must
        x0, x1 = net.node_x[nodes].min(), net.node_x[nodes].max()
        y0, y1 = net.node_y[nodes].min(), net.node_y[nodes].max()
        for _ in range(6):
            box = shapely.box(x0 - margin_m, y0 - margin_m, x1 + margin_m, y1 + margin_m)
            near = np.union1d(self._tree.query(box), must)
            near = near[self._is_open[near]]
            far_s, chosen, whole = self._ways(near, nodes)
            needed = far_s / (2 * self._least_s_per_m)
            if len(near) >= self._is_open.sum() or (whole and needed <= margin_m):
                break
            margin_m = max(needed * 1.01, 4 * margin_m) if not whole else needed * 1.01
        return np.union1d(must, chosen).astype(np.int32)

    def _ways(self, link: Int32Array, nodes: Int32Array) -> tuple[float, Int32Array, bool]:
        """Longest of the shortest ways (s), links on one way per pair, and whether all pairs that can meet do."""
        net = self._net
        tail = np.concatenate([net.tail[link], net.head[link]])
        head = np.concatenate([net.head[link], net.tail[link]])
        cost = net.passing_s[link].T.ravel()
        number = np.concatenate([link, link])
        ids, at = np.unique(np.concatenate([tail, head, nodes]), return_inverse=True)
        m = len(tail)
        tail, head, mine = at[:m], at[m : 2 * m], at[2 * m :]
        keep = np.isfinite(cost) & (tail != head)
        tail, head, cost, number = tail[keep], head[keep], np.maximum(cost[keep], 1e-9), number[keep]
        order = np.lexsort((number, cost, head, tail))
        tail, head, cost, number = tail[order], head[order], cost[order], number[order]
        first = np.ones(len(tail), bool)
        first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        tail, head, cost, number = tail[first], head[first], cost[first], number[first]
        key = tail.astype(np.int64) * len(ids) + head
        matrix = coo_array((cost, (tail, head)), shape=(len(ids), len(ids))).tocsr()
        far, before = dijkstra(matrix, indices=mine, return_predecessors=True)
        between = far[:, mine]
        same = net.component[nodes][:, None] == net.component[nodes][None, :]
        whole = bool(np.isfinite(between[same]).all())
        marked = np.zeros(len(key), bool)
        row = np.repeat(np.arange(len(mine)), len(mine))
        spot = np.tile(mine, len(mine))
        alive = np.isfinite(far[row, spot])
        row, spot = row[alive], spot[alive]
        while len(row):
            last = before[row, spot]
            on = last >= 0
            row, spot, last = row[on], spot[on], last[on]
            if not len(row):
                break
            marked[np.searchsorted(key, last.astype(np.int64) * len(ids) + spot)] = True
            pair = np.unique(row.astype(np.int64) * len(ids) + last)
            row, spot = pair // len(ids), pair % len(ids)
        finite = between[np.isfinite(between)]
        return float(finite.max(initial=0.0)), number[marked], whole
