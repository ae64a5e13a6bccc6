"""The directed postman: the cheapest circulation that passes every required link (Edmonds and Johnson 1973).

Where no required link leaves a choice of direction the matrix is that of a network, so that the linear program has
whole passes.  Exact when the links passed hang together; otherwise a bound.
"""

from __future__ import annotations

import highspy
import numpy as np

from gis.graph import FloatArray, IntArray
from partition.patrol.postman.task import FREE, Task


def has_one_way(task: Task) -> bool:
    """Every required link may be passed and inspected in one direction only."""
    able = np.isfinite(task.passing) & np.isfinite(task.extra)
    return bool((able[task.required].sum(axis=1) == 1).all())


def circulate(
    task: Task, low: FloatArray | None = None, *, start: int = FREE, end: int = FREE
) -> tuple[IntArray, float]:
    """Cheapest passes ``(links, 2)`` of a walk, wherever its pieces lie, and what they cost with inspection.

    Parameters
    ----------
    low
        Fewest passes per link and direction; without it each required link once where it may be inspected.
    start, end
        Of an open walk; `FREE` twice for a closed one.

    Raises
    ------
    ValueError
        When there are none: a required link cannot be left, or not reached again.
    """
    ways, n = task.ways, task.n_nodes
    m = len(ways.tail)
    if low is None:
        low = (task.required[:, None] & np.isfinite(task.passing) & np.isfinite(task.extra)).astype(float)
    surplus = np.zeros(max(n, 2))
    if start != end:
        surplus[start], surplus[end] = 1.0, -1.0
    model = highspy.Highs()
    for option, setting in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
        model.setOptionValue(option, setting)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = len(surplus), m
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = ways.cost, low[ways.link, ways.side], np.full(m, highspy.kHighsInf)
    lp.row_lower_, lp.row_upper_ = surplus, surplus
    is_loop = ways.tail == ways.head
    value = np.where(is_loop, 0.0, 1.0)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = 2 * np.arange(m + 1, dtype=np.int32)
    # A loop would name its node twice: its zeros go to two nodes.
    other = np.where(is_loop, (ways.tail + 1) % max(n, 2), ways.head)
    lp.a_matrix_.index_ = np.stack([ways.tail, other], axis=1).reshape(-1).astype(np.int32)
    lp.a_matrix_.value_ = np.stack([value, -value], axis=1).reshape(-1)
    model.passModel(lp)
    model.run()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ValueError("a required link cannot be left or not be reached")
    passes = np.zeros((len(task.tail), 2), np.int64)
    passes[ways.link, ways.side] = np.rint(np.asarray(model.getSolution().col_value)).astype(np.int64)
    return passes, float((passes[ways.link, ways.side] * ways.cost).sum()) + task.least_extra
