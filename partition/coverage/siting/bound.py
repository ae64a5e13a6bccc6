"""What no choice of cameras can exceed: the dual of the covering rows, walked downhill.

A point may pay at most its weight: at prices ``u`` (one a point, between 0 and its weight) the best choice is worth at
most ``sum(weight - u) + best sum of the poses' reduced values``; the second part has no interaction between poses, so
that budget, poles and floors are kept exactly by taking the best.  With a budget by cost it is bounded by the
fractional knapsack.  Method: subgradient steps of Polyak with the incumbent as target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.graph import BoolArray, FloatArray
from partition.coverage.siting.kernels import cover_counts, pick, reduced
from partition.coverage.siting.reduce import Core

_PATIENCE = 12
_LEAST_STEP = 2e-4
_CLOSE = 1e-7


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


def dual_bound(core: Core, incumbent: float, chosen: np.ndarray, *, steps: int = 600) -> Dual:
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
    u = core.weight / np.maximum(count, 1)
    best = _look(core, u)
    at = best
    scale, idle = 1.0, 0
    for _ in range(steps):
        if best.bound - incumbent <= _CLOSE * max(1.0, abs(best.bound)):
            break
        seen = cover_counts(core.start, core.point, np.flatnonzero(at.taken), core.n_points)
        slope = seen - (at.u < core.weight).astype(np.float64)
        # A price at the end of its range that would leave it has no say in the length of the step.
        slope[((at.u <= 0) & (slope > 0)) | ((at.u >= core.weight) & (slope < 0))] = 0.0
        norm = float((slope * slope).sum())
        if norm == 0.0:
            break
        step = scale * (at.bound - incumbent) / norm
        at = _look(core, np.clip(at.u - step * slope, 0.0, core.weight))
        if at.bound < best.bound - 1e-9 * max(1.0, abs(best.bound)):
            best, idle = at, 0
        else:
            idle += 1
            if idle >= _PATIENCE:
                scale, idle, at = scale / 2, 0, best
                if scale < _LEAST_STEP:
                    break
    return best


def _look(core: Core, u: FloatArray) -> Dual:
    value = reduced(core.start, core.point, u, core.price)
    free = float((core.weight - u).sum())
    if not core.has_unit_cost:
        return _by_cost(core, u, value, free)
    order = np.argsort(-value, kind="stable")
    most = int(min(core.budget + 1e-9, core.n_poses))
    taken, last = pick(value, order, core.pole, core.grid, core.per_pole, most, core.floor, core.n_poles)
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
