"""Choose cameras: greedy, exchange, dual bound, and an integer programme where the problem is small enough for one.

Each step starts from the best of those before it, so that the answer is never below greedy; the bound is the lowest
that any step proves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gis.graph import IntArray
from gis.progress import SILENT, Progress
from partition.coverage.clock import Clock
from partition.coverage.siting.bound import dual_bound
from partition.coverage.siting.exact import solve_exactly
from partition.coverage.siting.kernels import exchange, greedy, rank
from partition.coverage.siting.problem import Siting, SitingProblem
from partition.coverage.siting.reduce import Core, reduce
from partition.coverage.siting.windows import improve
from partition.stop import Call, Stop, never

_ROUNDS = 30
_NODES = 500
_STEPS = 1_000
_FEW_STEPS = 200
_EQUAL = 1e-7
_GOOD = 5e-4
"""Nearer to the bound than this, a large problem is not improved window by window."""
_WINDOW = 4_000
"""Poses that one integer programme decides on at a time; about half a square kilometre of streets."""


def solve_siting(
    problem: SitingProblem,
    *,
    stop: Stop | None = None,
    exact: bool = True,
    is_called_off: Call = never,
    progress: Progress = SILENT,
) -> Siting:
    """Choose poses that see most within the budget.

    Parameters
    ----------
    problem
        Poses, points, budget, floors.
    stop
        ``effort`` scales the work; ``seconds`` end the improvement, the best so far is kept.
    exact
        Whether to improve the choice of the exchange with integer programmes.
    is_called_off
        Asked again and again: ends the improvement as the clock does.
    progress
        Stage ``stage_site_cameras``.

    Returns
    -------
    Siting
        Never worth less than the greedy choice, and never more than its bound.
    """
    clock = Clock.of(stop or Stop(), is_called_off)
    core = reduce(problem)
    progress.stage("stage_site_cameras", 4)
    first = _greedy(core)
    greedy_worth = worth_of(core, first)
    progress.advance()
    best = _improved(core, first, clock, exact=exact)
    progress.advance()
    if exact and core.n_poses > _WINDOW and _gap(best.worth, best.bound) > _GOOD and not clock.is_over:
        chosen = improve(core, best.chosen, lambda part, held: _in_window(part, held, clock), size=_WINDOW)
        best = _better(best, _improved(core, chosen, clock, exact=True))
    progress.advance(2)
    order, gain = rank(core.start, core.point, core.weight, core.price, np.sort(best.chosen))
    return Siting(
        poses=core.pose[order],
        gain=gain,
        worth=best.worth,
        greedy_worth=greedy_worth,
        bound=max(best.bound, best.worth),
        floor_short=_short(problem, core, order),
        is_proved=best.is_proved,
    )


@dataclass(frozen=True, slots=True)
class _Best:
    """A choice, its worth, and what no choice exceeds."""

    chosen: IntArray
    worth: float
    bound: float

    @property
    def is_proved(self) -> bool:
        return _gap(self.worth, self.bound) <= _EQUAL


def _better(old: _Best, new: _Best) -> _Best:
    """The choice of the later, which is never worse, and the tighter bound."""
    return _Best(new.chosen, new.worth, min(old.bound, new.bound))


def _improved(core: Core, chosen: IntArray, clock: Clock, *, exact: bool, steps: int = _STEPS) -> _Best:
    """Exchange, dual bound, and an integer programme over what the bound leaves open; never worse than before."""
    worth = worth_of(core, chosen)
    again = _exchange(core, chosen)
    if worth_of(core, again) > worth and is_lawful(core, again):
        chosen, worth = again, worth_of(core, again)
    dual = dual_bound(core, worth, chosen, steps=clock.work(steps))
    bound = dual.bound
    if not exact or _gap(worth, bound) <= _EQUAL or clock.is_over:
        return _Best(chosen, worth, bound)
    found = solve_exactly(core, dual, chosen, worth, nodes=_NODES, clock=clock)
    if found is not None:
        better, proved = found
        if worth_of(core, better) > worth and is_lawful(core, better):
            chosen, worth = better, worth_of(core, better)
        bound = min(bound, max(proved, worth))
    return _Best(chosen, worth, bound)


def _in_window(core: Core, held: IntArray, clock: Clock) -> IntArray:
    return held if clock.is_over else _improved(core, held, clock, exact=True, steps=_FEW_STEPS).chosen


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
        core.room,
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
        core.room,
        core.budget,
        core.floor,
        chosen,
        core.n_poles,
        _ROUNDS,
    )
    return found


def is_lawful(core: Core, chosen: IntArray) -> bool:
    """Whether a choice keeps budget, poles and floors."""
    if core.cost[chosen].sum() > core.budget + 1e-6:
        return False
    if len(chosen) and (np.bincount(core.pole[chosen], minlength=core.n_poles) > core.room).any():
        return False
    return bool((_in_grid(core, chosen) >= core.floor).all())


def _in_grid(core: Core, chosen: IntArray) -> IntArray:
    grid = core.grid[chosen]
    return np.bincount(grid[grid >= 0], minlength=len(core.floor))


def _short(problem: SitingProblem, core: Core, chosen: IntArray) -> np.ndarray:
    return np.maximum(np.maximum(problem.floor, 0) - _in_grid(core, chosen), 0).astype(np.int32)


def _gap(worth: float, bound: float) -> float:
    return (bound - worth) / max(1.0, abs(bound))
