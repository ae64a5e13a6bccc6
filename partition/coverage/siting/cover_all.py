"""No blind corner: as few cameras as see every point that any pose can see.

A set cover over the same poses and points as the budgeted problem: greedy, without what has become needless, then
window by window an integer programme; the dual bound says how few it could be at best.
"""

from __future__ import annotations

import math
from dataclasses import replace

import highspy
import numpy as np
from scipy.sparse import csr_array

from gis.graph import FloatArray, IntArray
from gis.progress import SILENT, Progress
from partition.coverage.siting.clock import Clock
from partition.coverage.siting.kernels import cover_counts, greedy, rank, reduced
from partition.coverage.siting.problem import Siting, SitingProblem
from partition.coverage.siting.reduce import Core, reduce
from partition.coverage.siting.windows import improve
from partition.stop import Call, Stop, never

_WINDOW = 2_500
_NODES = 60
_STEPS = 1_500
_PATIENCE = 20
_LEAST_STEP = 1e-3
_SHARE = 0.1
_ROUND = 1e-6


def cover_all(
    problem: SitingProblem,
    *,
    stop: Stop | None = None,
    is_called_off: Call = never,
    progress: Progress = SILENT,
) -> Siting:
    """Choose as few poses as see every point of positive weight that any pose sees.

    Budget, costs, floors, prices and the number of poses at a pole have no say.

    Parameters
    ----------
    problem
        Poses and points.
    stop, is_called_off
        As in `partition.coverage.siting.solve.solve_siting`.
    progress
        Stage ``stage_cover_all``.

    Returns
    -------
    Siting
        ``worth`` and ``greedy_worth`` are numbers of cameras and ``bound`` the fewest there can be; ``gain`` is the
        weight newly seen, of the poses in their order.
    """
    clock = Clock(stop or Stop(), is_called_off)
    n = problem.n_poses
    free = replace(problem, budget=math.inf, floor=np.zeros_like(problem.floor), price=np.zeros(n), cost=np.ones(n))
    core = reduce(replace(free, room=np.full_like(problem.room, n)))
    progress.stage("stage_cover_all", 3)
    first = _without_needless(core, _greedy(core))
    progress.advance()
    bound = _dual(core, first, max(1, int(_STEPS * clock.stop.effort)))
    chosen = first
    progress.advance()
    if len(chosen) > _least(bound):
        nodes = max(1, int(_NODES * clock.stop.effort))
        chosen = improve(core, first, lambda part, held: _fewer(part, held, nodes, clock), size=_WINDOW)
    if core.n_poses <= _WINDOW and len(chosen) > _least(bound):
        bound = max(bound, _proved(core, chosen, clock))
    progress.advance()
    order, gain = rank(core.start, core.point, core.weight, np.zeros(core.n_poses), np.sort(chosen))
    return Siting(
        poses=core.pose[order],
        gain=gain,
        worth=float(len(order)),
        greedy_worth=float(len(first)),
        bound=float(_least(bound)),
        floor_short=np.zeros_like(problem.floor),
        is_proved=len(order) == _least(bound),
    )


def _least(bound: float) -> int:
    return math.ceil(bound - _ROUND)


def _greedy(core: Core) -> IntArray:
    n = core.n_poses
    found: IntArray = greedy(
        core.start,
        core.point,
        np.ones(core.n_points),
        np.zeros(n),
        np.ones(n),
        core.pole,
        core.grid,
        core.room,
        math.inf,
        core.floor,
        np.ones(n, dtype=bool),
        False,
        core.n_poles,
    )
    return found


def _without_needless(core: Core, chosen: IntArray) -> IntArray:
    """Drop poses whose points others see, the latest first."""
    count = cover_counts(core.start, core.point, chosen, core.n_points)
    kept = []
    for pose in chosen[::-1]:
        points = core.point[core.start[pose] : core.start[pose + 1]]
        if (count[points] >= 2).all():
            count[points] -= 1
        else:
            kept.append(pose)
    return np.sort(np.asarray(kept, dtype=np.int64))


def _fewer(core: Core, held: IntArray, nodes: int, clock: Clock) -> IntArray:
    """As few poses as cover the window, by an integer programme started from those held."""
    if clock.is_over() or not core.n_points:
        return held if core.n_points else held[:0]
    found = _programme(core, held, nodes, clock)
    if found is None:
        return held
    chosen = np.flatnonzero(found[0] > 0.5)
    covers = (cover_counts(core.start, core.point, chosen, core.n_points) > 0).all()
    return chosen if covers and len(chosen) < len(held) else held


def _proved(core: Core, held: IntArray, clock: Clock) -> float:
    found = None if clock.is_over() or not core.n_points else _programme(core, held, 10 * _NODES, clock)
    return 0.0 if found is None else found[1]


def _programme(core: Core, held: IntArray, nodes: int, clock: Clock) -> tuple[FloatArray, float] | None:
    """Values of the poses and the bound of the set cover."""
    n, m = core.n_poses, core.n_points
    matrix = csr_array((np.ones(len(core.point)), core.point, core.start), shape=(n, m))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n, m
    lp.col_cost_ = np.ones(n)
    lp.col_lower_, lp.col_upper_ = np.zeros(n), np.ones(n)
    lp.row_lower_, lp.row_upper_ = np.ones(m), np.full(m, highspy.kHighsInf)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * n
    model = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 1), ("mip_abs_gap", 0.999)):
        model.setOptionValue(option, value)
    model.setOptionValue("mip_max_nodes", nodes)
    model.setOptionValue("time_limit", clock.left_s())
    model.passModel(lp)
    start = np.zeros(n)
    start[held] = 1.0
    solution = highspy.HighsSolution()
    solution.col_value = start.tolist()
    model.setSolution(solution)
    model.run()
    info = model.getInfo()
    if info.primal_solution_status != highspy.kSolutionStatusFeasible:
        return None
    return np.asarray(model.getSolution().col_value), float(info.mip_dual_bound)


def _dual(core: Core, chosen: IntArray, steps: int) -> float:
    """Fewest poses there can be, by the dual of the covering rows (the volume algorithm)."""
    if not core.n_points:
        return 0.0
    minus_one = np.ones(core.n_poses)
    count = cover_counts(core.start, core.point, chosen, core.n_points)
    target = float(len(chosen))

    def look(u: FloatArray) -> tuple[float, FloatArray]:
        value = reduced(core.start, core.point, u, minus_one)
        taken = np.flatnonzero(value > 0)
        seen = cover_counts(core.start, core.point, taken, core.n_points)
        return float(u.sum() - value[taken].sum()), 1.0 - seen

    size = np.diff(core.start)
    most = np.zeros(core.n_points)
    np.maximum.at(most, core.point, np.repeat(size, size))
    u = 1.0 / most / np.maximum(count, 1)
    best, slope = look(u)
    scale, idle, better = 1.0, 0, 0
    for _ in range(steps):
        if best > target - 1 + _ROUND:
            break
        way = np.where((u <= 0) & (slope < 0), 0.0, slope)
        norm = float((way * way).sum())
        if norm < 1e-12:
            break
        tried = np.maximum(u + scale * (target - best) / norm * way, 0.0)
        bound, new = look(tried)
        change = new - slope
        length = float((change * change).sum())
        share = _SHARE if length == 0 else float(np.clip(-(slope * change).sum() / length, _SHARE / 10, _SHARE))
        slope = slope + share * change
        if bound > best + 1e-9:
            best, u, idle, better = bound, tried, 0, better + 1
            if better % 3 == 0:
                scale = min(2.0, scale * 1.1)
        else:
            idle += 1
            if idle >= _PATIENCE:
                scale, idle = scale * 0.66, 0
                if scale < _LEAST_STEP:
                    break
    return best
