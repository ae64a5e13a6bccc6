"""Linear and integer programs by HiGHS, the same on every machine: one thread, fixed seed, nodes counted."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array

from gis.graph import FloatArray, IntArray
from partition.coverage.clock import Clock

NODES = 20_000
"""Branch-and-bound nodes per integer program at effort 1."""


def make_model(cost: FloatArray, upper: FloatArray, table: csc_array, least: FloatArray) -> Any:
    """Minimise cost over columns between 0 and ``upper``, rows at least ``least``; quiet, one thread, no gap left."""
    model = highspy.Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 1), ("mip_rel_gap", 0.0)):
        model.setOptionValue(name, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(cost), len(least)
    lp.col_cost_, lp.col_upper_ = cost, upper
    lp.col_lower_ = np.zeros(len(cost))
    lp.row_lower_, lp.row_upper_ = least, np.full(len(least), highspy.kHighsInf)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = table.indptr.astype(np.int32)
    lp.a_matrix_.index_ = table.indices.astype(np.int32)
    lp.a_matrix_.value_ = table.data.astype(float)
    model.passModel(lp)
    return model


def at_most(model: Any, n: int, most: int) -> None:
    """Allow so many of the first ``n`` columns."""
    model.addRow(-highspy.kHighsInf, float(most), n, np.arange(n, dtype=np.int32), np.ones(n))


def set_whole(model: Any, columns: IntArray) -> None:
    """Make columns integer."""
    kinds = np.full(len(columns), highspy.HighsVarType.kInteger, dtype=object)
    model.changeColsIntegrality(len(columns), columns.astype(np.int32), kinds)


def hand_over(model: Any, value: FloatArray) -> None:
    """Start from a solution in hand."""
    start = highspy.HighsSolution()
    start.col_value = value.tolist()
    model.setSolution(start)


def run_integer(model: Any, clock: Clock, nodes: int = NODES) -> tuple[FloatArray | None, float, bool]:
    """(values or None, dual bound, whether the search came to its end) of an integer program, within the limits."""
    model.setOptionValue("mip_max_nodes", clock.work(nodes))
    if np.isfinite(clock.left_s):
        model.setOptionValue("time_limit", max(clock.left_s, 0.01))
    model.run()
    status, info = model.getModelStatus(), model.getInfo()
    done = status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kInfeasible)
    if info.primal_solution_status != highspy.kSolutionStatusFeasible:
        return None, float(info.mip_dual_bound) if status != highspy.HighsModelStatus.kInfeasible else np.inf, done
    return np.asarray(model.getSolution().col_value), float(info.mip_dual_bound), done
