"""A proved lower bound for a cut into a fixed number of parts under a tight band.

Any plan costs, for any prices ``p`` of the pieces, at least ``sum(p) + k x min over lawful parts S of (half the
border of S - p(S))``: the Lagrangian of set partitioning.  The inner minimum is an integer program over *all* sets of
pieces in the band, in one piece or not, so that the bound stays true; sets in several pieces are cut off lazily where
that lifts it.  For two parts no prices are needed: a part and its rest have the same border.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import highspy
import numpy as np
import scipy.sparse as sp

from gis.graph import FloatArray, IntArray
from partition.zoning.problem import Land, price_columns
from partition.zoning.seeds import whole_parts

_PATIENCE = 0.7  # weight of the best prices so far in the next trial (they swing otherwise)


def cut_bound(
    land: Land,
    n_parts: int,
    parts: list[IntArray],
    *,
    rounds: int,
    deadline: float,
    ceiling: float = np.inf,
    on_better: Callable[[float], None] = lambda bound: None,
) -> float:
    """Lower bound on the cost of every lawful cut into ``n_parts`` contiguous parts (costs are whole numbers).

    Parameters
    ----------
    parts
        Lawful parts (ascending pieces) to take the first prices from.
    rounds
        Work limit: integer programs.
    deadline
        Of `time.monotonic`; an integer program may take a little longer to stop.
    ceiling
        Cost of a plan in hand: a bound that meets it ends the work.
    on_better
        Told every better bound at once, for a caller who will not wait for the last.

    Returns
    -------
    float
        A whole number, or minus infinity when none was proved.
    """
    oracle = _Oracle(land, n_parts)
    if n_parts == 2:
        return _two_parts(oracle, land, rounds, deadline, on_better)
    parts = list(parts)
    # First prices by households: every part is worth the same, and the bound is that of k parts of least border.
    _, cost = _costs(land, parts)
    best, centre = -np.inf, land.weight * (cost.min(initial=1.0) * n_parts / float(land.weight.sum()))
    for turn in range(rounds):
        price = _PATIENCE * centre + (1 - _PATIENCE) * _prices(land, parts) if turn else centre
        left = deadline - time.monotonic()
        if left <= 0:
            break
        least, chosen = oracle.least(price, left)
        bound = float(price.sum()) + n_parts * least
        if bound > best:
            best, centre = bound, price
            on_better(_whole(best))
        if _whole(best) >= ceiling or chosen is None:
            break
        if not oracle.cut_off(chosen):
            parts.append(chosen)
    return _whole(best)


def _two_parts(oracle: _Oracle, land: Land, rounds: int, deadline: float, on_better: Callable[[float], None]) -> float:
    """Least border of a lawful set that holds the heaviest piece; sets in several pieces are cut off one by one."""
    oracle.fix(int(np.argmax(land.weight)))
    best = -np.inf
    for _ in range(rounds):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        least, chosen = oracle.least(np.zeros(len(land.weight)), left)
        best = max(best, 2 * least)
        on_better(_whole(best))
        if chosen is None or not (oracle.cut_off(chosen) | oracle.cut_off_rest(chosen)):
            break
    return _whole(best)


def _whole(bound: float) -> float:
    return math.ceil(bound - 1e-6) if np.isfinite(bound) else -np.inf


def _prices(land: Land, parts: list[IntArray]) -> FloatArray:
    """Duals of the cheapest fractional cover by the parts known; a piece may stay uncovered at a high price."""
    n = len(land.weight)
    cover, cost = _costs(land, parts)
    dear = float(cost.max(initial=1.0))
    model = _model(
        sp.hstack([cover, sp.eye(n)]).tocsr(), np.r_[cost, np.full(n, dear)], np.full(n, np.inf), np.ones(n), np.ones(n)
    )
    model.run()
    return np.asarray(model.getSolution().row_dual)


def _costs(land: Land, parts: list[IntArray]) -> tuple[sp.csc_matrix, FloatArray]:
    """(which piece lies in which part, cost of each part)."""
    start = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    index = np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)
    _, cost = price_columns(land, start, index)
    return sp.csc_matrix((np.ones(len(index)), index, start), shape=(len(land.weight), len(parts))), cost


def _model(
    rows: sp.csr_matrix, cost: FloatArray, upper: FloatArray, row_lower: FloatArray, row_upper: FloatArray
) -> highspy.Highs:
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("random_seed", 1)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = rows.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, np.zeros(len(cost)), upper
    lp.row_lower_, lp.row_upper_ = row_lower, row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = rows.indptr.astype(np.int32)
    lp.a_matrix_.index_ = rows.indices.astype(np.int32)
    lp.a_matrix_.value_ = rows.data.astype(float)
    model.passModel(lp)
    return model


class _Oracle:
    """The integer program of one part: pieces in or out, contacts cut or not, households in the band."""

    def __init__(self, land: Land, n_parts: int) -> None:
        self.land = land
        n = self.n = len(land.weight)
        row = np.repeat(np.arange(n), np.diff(land.indptr))
        once = row < land.indices
        a, b, cost = row[once], land.indices[once], land.cost[once]
        m = len(a)
        one, edge = np.ones(m), np.arange(m)
        at = np.concatenate([edge, edge, edge])
        apart = [
            sp.csr_matrix((np.r_[-one, one, one], (at, np.r_[u, v, n + edge])), shape=(m, n + m))
            for u, v in ((a, b), (b, a))
        ]
        households = sp.csr_matrix(np.r_[land.weight.astype(float), np.zeros(m)])
        total = int(land.weight.sum())
        # What a part leaves must itself make lawful parts.
        low = max(land.lo, total - (n_parts - 1) * land.hi)
        high = min(land.hi, total - (n_parts - 1) * land.lo)
        self.model = _model(
            sp.vstack([*apart, households]).tocsr(),
            np.r_[np.zeros(n), 0.5 * cost],
            np.ones(n + m),
            np.r_[np.zeros(2 * m), low],
            np.r_[np.full(2 * m, np.inf), high],
        )
        whole = np.full(n, highspy.HighsVarType.kInteger)
        self.model.changeColsIntegrality(n, np.arange(n, dtype=np.int32), whole)
        self.model.setOptionValue("mip_rel_gap", 0.0)
        self.model.setOptionValue("mip_abs_gap", 0.05)

    def fix(self, piece: int) -> None:
        """The part holds this piece."""
        self.model.changeColBounds(piece, 1.0, 1.0)

    def least(self, price: FloatArray, seconds: float) -> tuple[float, IntArray | None]:
        """(proved lower bound on half the border less the prices, the best part met)."""
        self.model.changeColsCost(self.n, np.arange(self.n, dtype=np.int32), -price)
        self.model.setOptionValue("time_limit", max(seconds, 0.1) + self.model.getRunTime())
        self.model.run()
        status, info = self.model.getModelStatus(), self.model.getInfo()
        if status == highspy.HighsModelStatus.kInfeasible:
            return np.inf, None
        if info.primal_solution_status != highspy.kSolutionStatusFeasible:
            return float(info.mip_dual_bound), None
        chosen = np.flatnonzero(np.asarray(self.model.getSolution().col_value)[: self.n] > 0.5)
        return float(info.mip_dual_bound), chosen

    def cut_off(self, chosen: IntArray) -> bool:
        """Forbid a set in several pieces: two of them need a piece between.  False: it is in one piece."""
        return self._separate(chosen, is_rest=False)

    def cut_off_rest(self, chosen: IntArray) -> bool:
        """The same for what the set leaves."""
        return self._separate(np.setdiff1d(np.arange(self.n), chosen), is_rest=True)

    def _separate(self, members: IntArray, *, is_rest: bool) -> bool:
        label = np.full(self.n, -1, np.int64)
        label[members] = self._labels(members)
        first = int(label[members[np.argmax(self.land.weight[members])]])
        others = [int(p) for p in np.unique(label[members]) if p != first]
        for p in others:
            island = np.flatnonzero(label == p)
            shore = np.setdiff1d(self._near(island), island)
            open_land = np.setdiff1d(np.arange(self.n), shore)
            spread = np.full(self.n, -1, np.int64)
            spread[open_land] = self._labels(open_land)
            main = np.flatnonzero(label == first)
            shore = np.intersect1d(shore, self._near(np.flatnonzero(spread == spread[main[0]])))
            ends = [int(part[np.argmax(self.land.weight[part])]) for part in (island, main)]
            index = np.r_[ends, shore].astype(np.int32)
            value = np.r_[1.0, 1.0, -np.ones(len(shore))]
            low, high = (1.0 - len(shore), np.inf) if is_rest else (-np.inf, 1.0)
            self.model.addRow(low, high, len(index), index, value)
        return bool(others)

    def _labels(self, members: IntArray) -> IntArray:
        """Number of the contiguous piece of each member."""
        inside = np.zeros(self.n, np.int64)
        inside[members] = 1
        return whole_parts(self.land, inside)[members]

    def _near(self, members: IntArray) -> IntArray:
        land = self.land
        arcs = np.concatenate([np.arange(land.indptr[v], land.indptr[v + 1]) for v in members])
        return np.unique(land.indices[arcs[land.link[arcs]]])
