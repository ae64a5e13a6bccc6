"""What no choice of cameras can exceed: the dual of the covering rows, walked downhill.

A point may pay at most its weight: at prices ``u`` (one a point, between 0 and its weight) the best choice is worth at
most ``sum(weight - u) + best sum of the poses' reduced values``; the second part has no interaction between poses, so
that budget, poles and floors are kept exactly by taking the best.  With a budget by cost it is bounded by the
fractional knapsack.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.graph import BoolArray, FloatArray
from partition.coverage.siting.kernels import cover_counts, pick, reduced
from partition.coverage.siting.reduce import Core
from partition.coverage.siting.volume import walk

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
    slope
        Per merged point: how often the relaxed problem sees it, less what it counts it.
    """

    bound: float
    u: FloatArray
    value: FloatArray
    taken: BoolArray
    last: float
    slope: FloatArray


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
    enough = _CLOSE * max(1.0, abs(incumbent))
    begin = core.weight / np.maximum(count, 1)
    return walk(lambda u: _look(core, u), begin, core.weight, incumbent, enough=enough, steps=steps)


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
            return _dual(core, free + float(value[taken].sum()), u, value, taken, float(last))
    order = np.argsort(-value, kind="stable")
    taken, last, _ = pick(value, order, core.pole, core.grid, core.room, most, core.floor, core.n_poles)
    return _dual(core, free + float(value[taken].sum()), u, value, taken, float(last))


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
    return _dual(core, free + float((value[order] * share).sum()), u, value, taken, 0.0)


def _dual(core: Core, bound: float, u: FloatArray, value: FloatArray, taken: BoolArray, last: float) -> Dual:
    seen = cover_counts(core.start, core.point, np.flatnonzero(taken), core.n_points)
    return Dual(bound, u, value, taken, last, seen - (u < core.weight).astype(np.float64))
