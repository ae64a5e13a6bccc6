"""Choose cameras: greedy, exchange, dual bound, and an integer programme where the problem is small enough for one.

Each step starts from the best of those before it, so that the answer is never below greedy; the bound is the lowest
that any step proves.
"""

from __future__ import annotations

import math

import numpy as np

from gis.graph import IntArray
from partition.coverage.siting.bound import Dual, dual_bound
from partition.coverage.siting.exact import solve_exactly
from partition.coverage.siting.kernels import exchange, greedy, rank
from partition.coverage.siting.problem import Siting, SitingProblem
from partition.coverage.siting.reduce import Core, reduce
from partition.stop import Stop

_ROUNDS = 30
_NODES = 2_000
_STEPS = 600
_EQUAL = 1e-7
_CLOCK_S = 120.0


def solve_siting(problem: SitingProblem, *, stop: Stop | None = None, exact: bool = True) -> Siting:
    """Choose poses that see most within the budget.

    Parameters
    ----------
    problem
        Poses, points, budget, floors.
    stop
        ``effort`` scales the work; ``seconds`` ends the integer programme.
    exact
        Whether to close the gap with an integer programme where that is small enough.

    Returns
    -------
    Siting
        Never worth less than the greedy choice, and never more than its bound.
    """
    stop = stop or Stop()
    core = reduce(problem)
    first = _greedy(core)
    greedy_worth = worth_of(core, first)
    chosen = _exchange(core, first)
    worth = worth_of(core, chosen)
    if worth < greedy_worth:
        chosen, worth = first, greedy_worth
    dual = dual_bound(core, worth, chosen, steps=max(1, int(_STEPS * stop.effort)))
    chosen, worth = _from_dual(core, dual, chosen, worth)
    bound = dual.bound
    if exact and _gap(worth, bound) > _EQUAL:
        seconds = _CLOCK_S if stop.seconds is None else stop.seconds
        found = solve_exactly(core, dual, chosen, worth, nodes=max(1, int(_NODES * stop.effort)), seconds=seconds)
        if found is not None:
            better, proved = found
            if worth_of(core, better) > worth and _is_lawful(core, better):
                chosen, worth = better, worth_of(core, better)
            bound = min(bound, max(proved, worth))
    order, gain = rank(core.start, core.point, core.weight, core.price, np.sort(chosen))
    return Siting(
        poses=core.pose[order],
        gain=gain,
        worth=worth,
        greedy_worth=greedy_worth,
        bound=max(bound, worth),
        floor_short=_short(problem, core, order),
        is_proved=_gap(worth, bound) <= _EQUAL,
    )


def worth_of(core: Core, chosen: IntArray) -> float:
    """Weight seen by a choice, prices taken off."""
    if not len(chosen):
        return 0.0
    seen = np.zeros(core.n_points, dtype=bool)
    for pose in chosen:
        seen[core.point[core.start[pose] : core.start[pose + 1]]] = True
    return math.fsum(core.weight[seen]) - math.fsum(core.price[chosen])


def _greedy(core: Core) -> IntArray:
    """The better of the greedy choices; with a budget by cost, of gain, gain per cost, and the best one alone."""
    everything = np.ones(core.n_poses, dtype=bool)
    choices = [_greedily(core, everything, by_ratio=False)]
    if not core.has_unit_cost:
        choices.append(_greedily(core, everything, by_ratio=True))
    return max(choices, key=lambda chosen: worth_of(core, chosen))


def _greedily(core: Core, among: np.ndarray, *, by_ratio: bool) -> IntArray:
    found: IntArray = greedy(
        core.start,
        core.point,
        core.weight,
        core.price,
        core.cost,
        core.pole,
        core.grid,
        core.per_pole,
        core.budget,
        core.floor,
        among,
        by_ratio,
        core.n_poles,
    )
    return found


def _exchange(core: Core, chosen: IntArray) -> IntArray:
    found: IntArray = exchange(
        core.start,
        core.point,
        core.first,
        core.seer,
        core.weight,
        core.price,
        core.cost,
        core.pole,
        core.grid,
        core.per_pole,
        core.budget,
        core.floor,
        chosen,
        core.n_poles,
        _ROUNDS,
    )
    return found


def _from_dual(core: Core, dual: Dual, chosen: IntArray, worth: float) -> tuple[IntArray, float]:
    """Begin again from the poses the dual thinks worth most; keep the better choice."""
    if not core.n_poses or _gap(worth, dual.bound) <= _EQUAL:
        return chosen, worth
    span = float(np.quantile(dual.value, 0.75)) if core.n_poses > 100 else -np.inf
    again = _exchange(core, _greedily(core, dual.value >= min(span, dual.last), by_ratio=False))
    value = worth_of(core, again)
    if value > worth and _is_lawful(core, again):
        return again, value
    return chosen, worth


def _is_lawful(core: Core, chosen: IntArray) -> bool:
    if core.cost[chosen].sum() > core.budget + 1e-6:
        return False
    if len(chosen) and np.bincount(core.pole[chosen]).max() > core.per_pole:
        return False
    return bool((_in_grid(core, chosen) >= core.floor).all())


def _in_grid(core: Core, chosen: IntArray) -> IntArray:
    grid = core.grid[chosen]
    return np.bincount(grid[grid >= 0], minlength=len(core.floor))


def _short(problem: SitingProblem, core: Core, chosen: IntArray) -> np.ndarray:
    return np.maximum(np.maximum(problem.floor, 0) - _in_grid(core, chosen), 0).astype(np.int32)


def _gap(worth: float, bound: float) -> float:
    return (bound - worth) / max(1.0, abs(bound))
