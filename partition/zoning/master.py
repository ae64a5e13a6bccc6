"""The set-partitioning master: choose grids so that every piece lies in exactly one, at least cost (HiGHS).

Follows Garfinkel and Nemhauser (1970): all lawful grids are columns; the LP gives a bound and reduced costs, a
restricted integer program a plan, and reduced-cost fixing the proof.  Work is capped by columns and nodes, never
by the clock, so that the same input gives the same plan everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from gis.graph import FloatArray, IntArray
from partition.zoning.columns import Columns
from partition.zoning.cover import search_cover

_FIRST_COLUMNS = 1500
_TINY = 1e-6
_SEARCH_PIECES = 128
_MAX_CHECKS = 100_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the master says.

    Attributes
    ----------
    chosen
        Positions of the chosen columns, or ``None`` when there is no plan in hand.
    cost
        Of the chosen columns.
    bound
        Lower bound over the columns given (NaN: none).
    refusal
        ``cover_lp`` or ``cover_mip``: proved that the columns hold no plan; otherwise ``None``.
    is_optimal
        ``chosen`` is proved the best over the columns.
    """

    chosen: IntArray | None
    cost: float
    bound: float
    refusal: str | None
    is_optimal: bool


def solve_cover(n_pieces: int, columns: Columns, *, warm: IntArray | None, max_nodes: int, effort: float) -> Answer:
    """Best exact cover of the pieces by columns.

    Parameters
    ----------
    warm
        Positions of columns that make a plan already, if one is known.
    max_nodes
        Branch-and-bound nodes per integer program.
    """
    none = Answer(None, np.inf, np.nan, None, False)
    if len(columns) == 0 or len(np.unique(columns.index)) < n_pieces:
        return Answer(None, np.inf, np.nan, "cover_lp", False)
    lp = _relaxation(n_pieces, columns)
    if lp is None:
        return none if warm is None else Answer(warm, float(columns.cost[warm].sum()), np.nan, None, False)
    bound, primal, reduced = lp
    if bound == np.inf:
        return Answer(None, np.inf, np.nan, "cover_lp", False)
    if ((primal < _TINY) | (primal > 1 - _TINY)).all():
        chosen = np.flatnonzero(primal > 0.5)
        return Answer(chosen, float(columns.cost[chosen].sum()), bound, None, True)
    order = np.lexsort((np.arange(len(columns)), np.maximum(reduced, 0)))
    best, best_cost = warm, float(columns.cost[warm].sum()) if warm is not None else np.inf
    if n_pieces <= _SEARCH_PIECES:
        is_done, found = search_cover(n_pieces, columns, reduced, bound, best_cost, round(_MAX_CHECKS * effort))
        if found is not None:
            best, best_cost = found, float(columns.cost[found].sum())
        if is_done and best is None:
            return Answer(None, np.inf, bound, "cover_mip", False)
        if is_done:
            return Answer(best, best_cost, best_cost, None, True)
    if best is not None and int((reduced <= best_cost - bound + _TINY).sum()) <= 2 * _FIRST_COLUMNS:
        return _prove(n_pieces, columns, reduced, bound, best, max_nodes)
    width = _FIRST_COLUMNS
    while True:
        few = np.sort(np.union1d(order[:width], best if best is not None else order[:0]))
        status, found, _ = integer_cover(n_pieces, columns.take(few), _positions(few, best), max_nodes)
        if found is not None and columns.cost[few[found]].sum() < best_cost - 1e-9:
            best = few[found]
            best_cost = float(columns.cost[best].sum())
        if width >= len(columns):
            if status == "infeasible":
                return Answer(None, np.inf, bound, "cover_mip", False)
            if status == "optimal":
                return Answer(best, best_cost, best_cost, None, True)
            break
        if best is not None or width >= 8 * _FIRST_COLUMNS * max(effort, 0.25):
            break
        width *= 2
    if best is None:
        return Answer(None, np.inf, bound, None, False)
    return _prove(n_pieces, columns, reduced, bound, best, max_nodes)


def _prove(
    n_pieces: int, columns: Columns, reduced: FloatArray, bound: float, best: IntArray, max_nodes: int
) -> Answer:
    """Integer program over the columns that reduced-cost fixing leaves: the proof, or a better plan."""
    best_cost = float(columns.cost[best].sum())
    keep = np.flatnonzero(reduced <= best_cost - bound + _TINY)
    keep = np.sort(np.union1d(keep, best))
    status, found, mip_bound = integer_cover(n_pieces, columns.take(keep), _positions(keep, best), max_nodes)
    if found is not None and columns.cost[keep[found]].sum() < best_cost - 1e-9:
        best = keep[found]
        best_cost = float(columns.cost[best].sum())
    if status == "optimal":
        return Answer(best, best_cost, best_cost, None, True)
    return Answer(best, best_cost, max(bound, min(mip_bound, best_cost)), None, False)


def _positions(few: IntArray, chosen: IntArray | None) -> IntArray | None:
    return None if chosen is None else np.searchsorted(few, chosen)


def _model(n_pieces: int, columns: Columns, *, integer: bool) -> highspy.Highs:
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("random_seed", 1)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 1e-7)
    lp = highspy.HighsLp()
    n = len(columns)
    lp.num_col_, lp.num_row_ = n, n_pieces
    lp.col_cost_ = columns.cost
    lp.col_lower_, lp.col_upper_ = np.zeros(n), np.ones(n)
    rows = np.ones(n_pieces)
    lp.row_lower_, lp.row_upper_ = rows, rows
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = columns.start.astype(np.int32)
    lp.a_matrix_.index_ = columns.index.astype(np.int32)
    lp.a_matrix_.value_ = np.ones(len(columns.index))
    if integer:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * n
    model.passModel(lp)
    return model


def _relaxation(n_pieces: int, columns: Columns) -> tuple[float, FloatArray, FloatArray] | None:
    """(objective, primal, reduced costs) of the LP; objective inf when it is proved to have no solution."""
    model = _model(n_pieces, columns, integer=False)
    model.run()
    status = model.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return np.inf, np.zeros(len(columns)), np.zeros(len(columns))
    if status != highspy.HighsModelStatus.kOptimal:
        return None
    solution = model.getSolution()
    return float(model.getObjectiveValue()), np.asarray(solution.col_value), np.asarray(solution.col_dual)


def integer_cover(
    n_pieces: int, columns: Columns, warm: IntArray | None, max_nodes: int
) -> tuple[str, IntArray | None, float]:
    """(optimal | infeasible | limit, chosen columns or None, bound) of the integer program."""
    model = _model(n_pieces, columns, integer=True)
    model.setOptionValue("mip_max_nodes", max_nodes)
    if warm is not None:
        start = highspy.HighsSolution()
        value = np.zeros(len(columns))
        value[warm] = 1.0
        start.col_value = value.tolist()
        model.setSolution(start)
    model.run()
    status = model.getModelStatus()
    info = model.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return "infeasible", None, np.inf
    chosen: IntArray | None = None
    if info.primal_solution_status == highspy.kSolutionStatusFeasible:
        chosen = np.flatnonzero(np.asarray(model.getSolution().col_value) > 0.5)
        # A plan is a plan only if it covers every piece once: never trust a status alone.
        cover = np.zeros(n_pieces, np.int64)
        np.add.at(cover, columns.take(chosen).index, 1)
        if (cover != 1).any():
            chosen = None
    bound = float(info.mip_dual_bound)
    return ("optimal" if status == highspy.HighsModelStatus.kOptimal and chosen is not None else "limit"), chosen, bound
