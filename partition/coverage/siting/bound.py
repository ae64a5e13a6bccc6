"""What no choice of cameras can exceed: the dual of the covering rows, walked downhill.

A point may pay at most its weight: at prices ``u`` (one a point, between 0 and its weight) the best choice is worth at
most ``sum(weight - u) + best sum of the poses' reduced values``; the second part has no interaction between poses, so
that budget, poles and floors are kept exactly by taking the best.  With a budget by cost it is bounded by the
fractional knapsack.  Method: the volume algorithm (Barahona and Anbil 2000) with the incumbent as target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.graph import BoolArray, FloatArray
from partition.coverage.siting.kernels import cover_counts, pick, reduced
from partition.coverage.siting.reduce import Core

_PATIENCE = 20
_LEAST_STEP = 1e-3
_SHARE = 0.1
_CLOSE = 1e-7
_FLAT = 1e-12


@dataclass(frozen=True, slots=True)
class Dual:
    """Best dual prices found.

    Attributes
    ----------
    bound
        No choice is worth more.
    u
        Per merged point.
    value
        Per pose: reduced value at ``u``.
    taken
        Per pose: taken by the relaxed problem at ``u``.
    last
        Value of the last place of the budget; 0 where places are left.
    """

    bound: float
    u: FloatArray
    value: FloatArray
    taken: BoolArray
    last: float


def dual_bound(core: Core, incumbent: float, chosen: np.ndarray, *, steps: int = 1000) -> Dual:
    """Walk the dual down.

    Parameters
    ----------
    core
        The problem.
    incumbent, chosen
        Worth of the best choice known, and its poses: where to begin and what to aim at.
    steps
        Most steps.
    """
    count = cover_counts(core.start, core.point, chosen, core.n_points)
    best = _look(core, core.weight / np.maximum(count, 1))
    slope = _slope(core, best)
    scale, idle, better = 1.0, 0, 0
    for _ in range(steps):
        if best.bound - incumbent <= _CLOSE * max(1.0, abs(best.bound)):
            break
        way = slope.copy()
        # A price at the end of its range that would leave it has no say in the length of the step.
        way[((best.u <= 0) & (way > 0)) | ((best.u >= core.weight) & (way < 0))] = 0.0
        norm = float((way * way).sum())
        if norm < _FLAT:
            break
        step = scale * (best.bound - incumbent) / norm
        at = _look(core, np.clip(best.u - step * way, 0.0, core.weight))
        slope = _mixed(slope, _slope(core, at))
        if at.bound < best.bound - 1e-9 * max(1.0, abs(best.bound)):
            best, idle, better = at, 0, better + 1
            if better % 3 == 0:
                scale = min(2.0, scale * 1.1)
        else:
            idle += 1
            if idle >= _PATIENCE:
                scale, idle = scale * 0.66, 0
                if scale < _LEAST_STEP:
                    break
    return best


def _slope(core: Core, at: Dual) -> FloatArray:
    seen = cover_counts(core.start, core.point, np.flatnonzero(at.taken), core.n_points)
    slope: FloatArray = seen - (at.u < core.weight).astype(np.float64)
    return slope


def _mixed(old: FloatArray, new: FloatArray) -> FloatArray:
    """A running mean of slopes: the shortest of those between the old mean and the new one, but not all of the new."""
    change = new - old
    size = float((change * change).sum())
    share = _SHARE if size == 0.0 else float(np.clip(-(old * change).sum() / size, _SHARE / 10, _SHARE))
    mixed: FloatArray = old + share * change
    return mixed


def _look(core: Core, u: FloatArray) -> Dual:
    value = reduced(core.start, core.point, u, core.price)
    free = float((core.weight - u).sum())
    if not core.has_unit_cost:
        return _by_cost(core, u, value, free)
    most = int(min(core.budget + 1e-9, core.n_poses))
    n = len(value)
    few = 3 * most + int(core.floor.sum()) + 64
    if few < n // 2:
        # Poles and floors seldom ask for more than the best few; sorting them alone is most of the time saved.
        head = np.flatnonzero(value >= np.partition(value, n - few)[n - few])
        order = head[np.argsort(-value[head], kind="stable")]
        taken, last, is_full = pick(value, order, core.pole, core.grid, core.room, most, core.floor, core.n_poles)
        if is_full:
            return Dual(free + float(value[taken].sum()), u, value, taken, float(last))
    order = np.argsort(-value, kind="stable")
    taken, last, _ = pick(value, order, core.pole, core.grid, core.room, most, core.floor, core.n_poles)
    return Dual(free + float(value[taken].sum()), u, value, taken, float(last))


def _by_cost(core: Core, u: FloatArray, value: FloatArray, free: float) -> Dual:
    """A budget by cost: the fractional knapsack; floors and poles are left out, so the bound is weaker but holds.

    A pose that only a floor forces may be worth less than nothing; leaving it out keeps the bound above.
    """
    ratio = np.where(core.cost > 0, value / np.maximum(core.cost, 1e-12), np.inf)
    order = np.argsort(-ratio, kind="stable")
    order = order[value[order] > 0]
    before = np.cumsum(core.cost[order]) - core.cost[order]
    share = np.clip((core.budget - before) / np.maximum(core.cost[order], 1e-12), 0.0, 1.0)
    share[core.cost[order] == 0] = 1.0
    taken = np.zeros(core.n_poses, dtype=bool)
    taken[order[share >= 0.5]] = True
    return Dual(free + float((value[order] * share).sum()), u, value, taken, 0.0)
