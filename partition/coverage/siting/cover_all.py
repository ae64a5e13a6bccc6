"""No blind corner: as few cameras as see every point that any pose can see.

A set cover over the same poses and points as the budgeted problem: greedy, without what has become needless, then
window by window an integer programme; the dual bound says how few it could be at best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from gis.graph import FloatArray, IntArray
from gis.progress import SILENT, Progress
from partition.coverage.clock import Clock
from partition.coverage.program import hand_over, make_model, run_integer, set_whole
from partition.coverage.siting.kernels import cover_counts, greedy, rank, reduced
from partition.coverage.siting.problem import Siting, SitingProblem
from partition.coverage.siting.reduce import Core, reduce
from partition.coverage.siting.volume import walk
from partition.coverage.siting.windows import improve
from partition.stop import Call, Stop, never

_WINDOW = 2_500
_NODES = 60
_STEPS = 1_500
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
    clock = Clock.of(stop or Stop(), is_called_off)
    n = problem.n_poses
    free = replace(problem, budget=math.inf, floor=np.zeros_like(problem.floor), price=np.zeros(n), cost=np.ones(n))
    core = reduce(replace(free, room=np.full_like(problem.room, n)))
    progress.stage("stage_cover_all", 3)
    first = _without_needless(core, _greedy(core))
    progress.advance()
    bound = _dual(core, first, clock.work(_STEPS))
    chosen = first
    progress.advance()
    if len(chosen) > _least(bound):
        chosen = improve(core, first, lambda part, held: _fewer(part, held, _NODES, clock), size=_WINDOW)
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
    if clock.is_over or not core.n_points:
        return held if core.n_points else held[:0]
    value, _ = _programme(core, held, nodes, clock)
    if value is None:
        return held
    chosen = np.flatnonzero(value > 0.5)
    covers = (cover_counts(core.start, core.point, chosen, core.n_points) > 0).all()
    return chosen if covers and len(chosen) < len(held) else held


def _proved(core: Core, held: IntArray, clock: Clock) -> float:
    return 0.0 if clock.is_over or not core.n_points else _programme(core, held, 10 * _NODES, clock)[1]


def _programme(core: Core, held: IntArray, nodes: int, clock: Clock) -> tuple[FloatArray | None, float]:
    """Values of the poses, where there are any, and the bound of the set cover."""
    n, m = core.n_poses, core.n_points
    covers = csr_array((np.ones(len(core.point)), core.point, core.start), shape=(n, m)).T
    model = make_model(np.ones(n), np.ones(n), covers, np.ones(m))
    set_whole(model, np.arange(n))
    # Numbers of cameras are whole: less than one between choice and bound is none.
    model.setOptionValue("mip_abs_gap", 0.999)
    start = np.zeros(n)
    start[held] = 1.0
    hand_over(model, start)
    value, bound, _ = run_integer(model, clock, nodes)
    return value, bound


@dataclass(frozen=True, slots=True)
class _Prices:
    """The dual of the covering rows at some prices, turned round so that lower is better."""

    bound: float
    u: FloatArray
    slope: FloatArray


def _dual(core: Core, chosen: IntArray, steps: int) -> float:
    """Fewest poses there can be, by the dual of the covering rows."""
    if not core.n_points:
        return 0.0
    one = np.ones(core.n_poses)

    def look(u: FloatArray) -> _Prices:
        value = reduced(core.start, core.point, u, one)
        taken = np.flatnonzero(value > 0)
        seen = cover_counts(core.start, core.point, taken, core.n_points)
        return _Prices(float(value[taken].sum() - u.sum()), u, seen - 1.0)

    count = cover_counts(core.start, core.point, chosen, core.n_points)
    size = np.diff(core.start)
    most = np.zeros(core.n_points)
    np.maximum.at(most, core.point, np.repeat(size, size))
    begin = 1.0 / most / np.maximum(count, 1)
    return -walk(look, begin, math.inf, -float(len(chosen)), enough=1.0 - _ROUND, steps=steps).bound
