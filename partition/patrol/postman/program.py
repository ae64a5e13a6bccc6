"""The integer program of one walk: passes per link, node balance or parity, and cuts that arrive as they are needed.

Follows Corberan, Letchford and Sanchis (2001) for rural postmen: required links once,
what arrives leaves, borders of node sets crossed often enough.  HiGHS solves; `partition.patrol.postman.cuts` looks
for broken borders.  The room knows nodes and columns, not streets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import highspy
import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray
from partition.patrol.postman.cuts import too_seldom
from partition.patrol.postman.effort import Effort

_FAR = highspy.kHighsInf


@dataclass(frozen=True, slots=True)
class Columns:
    """Passes to be decided.

    Attributes
    ----------
    tail, head, cost, low, high
        Per column; a column of an undirected program has no direction.
    edge
        Per column: the edge (pair of nodes on the border list) it belongs to; -1: a helper that crosses nothing.
    """

    tail: IntArray
    head: IntArray
    cost: FloatArray
    low: FloatArray
    high: FloatArray
    edge: IntArray


@dataclass(frozen=True, slots=True)
class Edges:
    """Links as borders see them: ends, the passes that are not to be decided, the passes that must be."""

    a: IntArray
    b: IntArray
    base: FloatArray
    required: FloatArray


@dataclass(frozen=True, slots=True)
class Rows:
    """Further rows, each ``(low, high, columns, values)``."""

    rows: list[tuple[float, float, IntArray, FloatArray]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """Passes per column (``None``: none in hand), and a bound that holds for every walk."""

    value: FloatArray | None
    bound: float
    is_walk: bool


class Program:
    """One model; `relax` lifts its bound by linear programs; `partition.patrol.postman.branch` goes on."""

    def __init__(
        self, n_nodes: int, columns: Columns, edges: Edges, needed: BoolArray, rows: Rows, *, is_directed: bool
    ) -> None:
        self.n_nodes, self.columns, self.edges, self.needed = n_nodes, columns, edges, needed
        self.is_directed = is_directed
        self.odd: BoolArray = self._degree(edges.required) % 2 == 1
        self._cuts: set[bytes] = set()
        m = len(columns.cost)
        model = self.model = highspy.Highs()
        for option, setting in (("output_flag", False), ("threads", 1), ("random_seed", 1)):
            model.setOptionValue(option, setting)
        model.addCols(m, columns.cost, columns.low, columns.high, 0, np.zeros(m, np.int32), np.zeros(0, np.int32), [])
        if is_directed:
            self._add_balance()
        for low, high, index, value in rows.rows:
            model.addRow(low, high, len(index), index.astype(np.int32), value)
        for node in np.flatnonzero(self.odd):
            self.add_cut(np.arange(n_nodes) == node)

    def _degree(self, passes: FloatArray) -> IntArray:
        edges = self.edges
        ends = np.bincount(edges.a, passes, self.n_nodes) + np.bincount(edges.b, passes, self.n_nodes)
        return np.rint(ends).astype(np.int64)

    def _add_balance(self) -> None:
        columns = self.columns
        real = columns.edge >= 0
        loop = columns.tail == columns.head
        order: dict[int, list[tuple[int, float]]] = {}
        for k in np.flatnonzero(real & ~loop).tolist():
            order.setdefault(int(columns.tail[k]), []).append((k, 1.0))
            order.setdefault(int(columns.head[k]), []).append((k, -1.0))
        for node in sorted(order):
            index = np.array([k for k, _ in order[node]], np.int32)
            self.model.addRow(0.0, 0.0, len(index), index, np.array([v for _, v in order[node]]))

    def add_cut(self, side: BoolArray) -> bool:
        """The border of ``side`` is crossed often enough from now on; False: it was so before."""
        side = side ^ bool(side[0])
        key = side.tobytes()
        if key in self._cuts:
            return False
        self._cuts.add(key)
        edges, columns = self.edges, self.columns
        crossing = side[edges.a] != side[edges.b]
        must = round(float(edges.required[crossing].sum()))
        wanted = must + must % 2
        if (self.needed & side).any() and (self.needed & ~side).any():
            wanted = max(wanted, 2)
        low = wanted - float(edges.base[crossing].sum())
        index = np.flatnonzero((columns.edge >= 0) & crossing[np.maximum(columns.edge, 0)]).astype(np.int32)
        if low > 0 and len(index):
            self.model.addRow(low, _FAR, len(index), index, np.ones(len(index)))
        return True

    def used(self, value: FloatArray) -> FloatArray:
        """Passes per edge."""
        real = self.columns.edge >= 0
        total: FloatArray = self.edges.base + np.bincount(self.columns.edge[real], value[real], len(self.edges.base))
        return total

    def cut_off(self, value: FloatArray, *, exact: bool) -> bool:
        """Add cuts that ``value`` breaks; False: it breaks none that was looked for."""
        used = self.used(value)
        edges = self.edges
        sets = too_seldom(edges.a, edges.b, used, used - edges.required, self.odd, self.needed, exact=exact)
        return sum(self.add_cut(side) for side in sets) > 0

    def relax(self, effort: Effort, *, ceiling: float = np.inf) -> Found:
        """Linear programs until no border is crossed too seldom (or enough is done)."""
        best = -np.inf
        value: FloatArray | None = None
        for turn in range(max(1, effort.relax_rounds)):
            if self.solve_linear(effort.seconds_left if turn else np.inf) != "optimal":
                break
            value = np.asarray(self.model.getSolution().col_value)
            best = max(best, float(self.model.getInfo().objective_function_value))
            if best >= ceiling - 1e-9 * max(1.0, abs(ceiling)):
                return Found(value, best, False)
            if not self.cut_off(value, exact=True):
                whole = bool((np.abs(value - np.rint(value)) < 1e-6).all())
                return Found(value, best, whole and self.is_walk(value))
        return Found(value, best, False)

    def is_walk(self, value: FloatArray) -> bool:
        """Whole passes that hang together, in balance (or with even degrees)."""
        used = np.rint(self.used(value))
        edges = self.edges
        is_even = bool((self._degree(used) % 2 == 0).all())
        return is_even and not too_seldom(
            edges.a, edges.b, used, used - edges.required, self.odd, self.needed, exact=False
        )

    def add_parity(self) -> None:
        """Without directions: degrees are even.  Whole passes show that only with a column of their own."""
        if self.is_directed:
            return
        columns = self.columns
        real = (columns.edge >= 0) & (columns.tail != columns.head)
        base = self._degree(self.edges.base)
        at: dict[int, list[int]] = {}
        for k in np.flatnonzero(real).tolist():
            at.setdefault(int(columns.tail[k]), []).append(k)
            at.setdefault(int(columns.head[k]), []).append(k)
        for node in sorted(at):
            half = self.model.getNumCol()
            self.model.addCol(0.0, 0.0, _FAR, 0, [], [])
            index = np.array([*at[node], half], np.int32)
            parity = float(base[node])
            self.model.addRow(-parity, -parity, len(index), index, np.array([1.0] * len(at[node]) + [-2.0]))

    def solve_linear(self, left: float) -> Literal["optimal", "empty", "stopped"]:
        """One linear program within the seconds left (the solver's clock of linear programs adds up over runs)."""
        if left <= 0:
            return "stopped"
        if np.isfinite(left):
            self.model.setOptionValue("time_limit", max(left, 0.05) + self.model.getRunTime())
        self.model.run()
        status = self.model.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return "optimal"
        return "empty" if status == highspy.HighsModelStatus.kInfeasible else "stopped"
