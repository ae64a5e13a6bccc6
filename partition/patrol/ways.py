"""Quickest ways between nodes of a problem, as seconds and as links.

Of parallel links the quickest counts (a sparse matrix would add them up), and no way costs nothing (a sparse matrix
takes a stored zero for no link).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gis.graph import FloatArray, Int32Array, IntArray
from partition.patrol.problem import PatrolProblem

LEAST_S = 1e-6


@dataclass(slots=True)
class Ways:
    """The links of a problem as a matrix, with the searches already made.

    Attributes
    ----------
    n_nodes
        Number of nodes.
    matrix
        Seconds of the quickest link from row to column.
    link, is_back
        Per stored entry of the matrix: which link that is, and whether it is passed from head to tail.
    """

    n_nodes: int
    matrix: csr_array
    link: Int32Array
    is_back: Int32Array
    _seconds: dict[int, FloatArray] = field(default_factory=dict)
    _came: dict[int, Int32Array] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: PatrolProblem) -> Ways:
        """Ways without inspection along every link that may be passed."""
        m = problem.n_links
        tail = np.concatenate([problem.tail, problem.head])
        head = np.concatenate([problem.head, problem.tail])
        cost = np.concatenate([problem.passing_s[:, 0], problem.passing_s[:, 1]])
        number = np.arange(2 * m)
        keep = np.isfinite(cost) & (tail != head)
        tail, head, cost, number = tail[keep], head[keep], np.maximum(cost[keep], LEAST_S), number[keep]
        order = np.lexsort((number, cost, head, tail))
        tail, head, cost, number = tail[order], head[order], cost[order], number[order]
        first = np.ones(len(tail), bool)
        first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        tail, head, cost, number = tail[first], head[first], cost[first], number[first]
        begin = np.searchsorted(tail, np.arange(problem.n_nodes + 1))
        matrix = csr_array((cost, head, begin), shape=(problem.n_nodes, problem.n_nodes))
        return cls(
            problem.n_nodes, matrix, (number % m if m else number).astype(np.int32), (number >= m).astype(np.int32)
        )

    def from_nodes(self, nodes: IntArray | Int32Array) -> FloatArray:
        """``(nodes, n_nodes)``: seconds from each; infinite where there is no way."""
        asked = [int(node) for node in nodes]
        new = np.unique([n for n in asked if n not in self._seconds]).astype(np.int64)
        if len(new):
            seconds, came = dijkstra(self.matrix, indices=new, return_predecessors=True)
            for i, n in enumerate(new.tolist()):
                self._seconds[n], self._came[n] = seconds[i], came[i]
        if not asked:
            return np.zeros((0, self.n_nodes))
        return np.stack([self._seconds[n] for n in asked])

    def to_nodes(self, nodes: IntArray | Int32Array) -> FloatArray:
        """``(nodes, n_nodes)``: seconds from every node to each."""
        if not len(nodes):
            return np.zeros((0, self.n_nodes))
        return np.asarray(dijkstra(self.matrix.T.tocsr(), indices=np.asarray(nodes)))

    def seconds(self, a: int, b: int) -> float:
        """Seconds of the quickest way from ``a`` to ``b``."""
        return float(self.from_nodes(np.array([a]))[0, b])

    def path(self, a: int, b: int) -> tuple[list[int], list[int]]:
        """Links of the quickest way from ``a`` to ``b`` and their directions, in order."""
        self.from_nodes(np.array([a]))
        came = self._came[a]
        links: list[int] = []
        backs: list[int] = []
        indices, begin = self.matrix.indices, self.matrix.indptr
        at = b
        while at != a:
            before = int(came[at])
            if before < 0:
                raise ValueError(f"no way from node {a} to node {b}")
            row = indices[begin[before] : begin[before + 1]]
            entry = begin[before] + int(np.searchsorted(row, at))
            links.append(int(self.link[entry]))
            backs.append(int(self.is_back[entry]))
            at = before
        return links[::-1], backs[::-1]
