"""One region of a re-draw: least change counted truly, by tolls on old grids that two new ones would claim.

The cost of a grid knows only the grid itself: households count as staying when they are together with the largest
group from one old grid.  Where an old grid is split, both halves would say so, but only one can take its place.
Here each old grid p asks a toll t(p) of every new grid that takes its place (Lagrange): for any tolls

    cost of a plan, true change  >=  cost with tolls - change weight x sum(t),

so that a proof with tolls is a proof of the truth, and the tolls are raised where an old grid is claimed twice until
the two meet or the rounds are spent.  Tolls that the task itself brings along are part of its cost: they stand for
old grids that lie in several communities (see `redraw`).  How a region is cut for given tolls is decided in `ladder`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from gis.graph import FloatArray, IntArray
from partition.stop import Call, never
from partition.zoning.ladder import Solved, Task, solve_region
from partition.zoning.problem import Land, Problem, inherited_of_parts
from partition.zoning.seeds import plan_price

_ROUNDS = 8
_LATER_SHARE = 0.25  # of the search and pricing of the first round: what it found is in hand
_TINY = 1e-6


def solve_task(task: Task, is_called_off: Call = never) -> Solved:
    """Cut one region; of a re-draw, with true change: households whose grid does not take their old one's place."""
    land = task.exact.land
    if len(land.toll) == 0:
        return solve_region(task, is_called_off)
    asked = land.toll
    toll = asked.copy()
    best: Solved | None = None
    rank = (0, 0.0)
    bound, seconds = -np.inf, 0.0
    for turn in range(_ROUNDS):
        answer = solve_region(_with_tolls(task, toll, 1.0 if turn == 0 else _LATER_SHARE), is_called_off)
        seconds += answer.seconds
        part = _pieces(task.exact, answer.part)
        price = plan_price(land, part)[0], true_cost(land, part)
        if np.isfinite(answer.bound):
            bound = max(bound, answer.bound - land.change * float((toll - asked).sum()))
        if best is None or price < (rank[0], rank[1] - _TINY):
            best, rank = replace(answer, objective=price[1]), price
        if answer.feasible == "unknown" or answer.stopped_by in ("clock", "cancel") or bound >= best.objective - _TINY:
            break
        claims = _claims(land, part, toll)
        miss = claims - 1.0
        miss[(toll == asked) & (miss < 0.0)] = 0.0
        if land.change == 0.0 or not miss.any():
            break
        gap = best.objective - (bound if np.isfinite(bound) else 0.9 * best.objective)
        toll = np.maximum(asked, toll + gap / land.change * miss / float((miss**2).sum()))
    assert best is not None
    return replace(best, bound=min(bound, best.objective) if np.isfinite(bound) else np.nan, seconds=seconds)


def true_cost(land: Land, part: IntArray) -> float:
    """Cost of a labelling of the pieces with each old grid's place taken by one new grid at most."""
    base = plan_price(land._replace(change=0.0), part)[1]
    return base + land.change * moved_households(land, part)


def moved_households(land: Land, part: IntArray) -> float:
    """Households of old grids that are not in the grid which takes its place, and tolls, under the best matching."""
    was, kept = inherited_of_parts(land, part, int(part.max()) + 1)
    worth = np.maximum(kept - land.toll, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return float(was.sum() - worth[rows, columns].sum())


def _claims(land: Land, part: IntArray, toll: FloatArray) -> FloatArray:
    """Per old grid: how many new grids take its place as their own cost sees it."""
    _, kept = inherited_of_parts(land, part, int(part.max()) + 1)
    worth = kept - toll
    own = worth.argmax(axis=1)
    takes = worth[np.arange(len(own)), own] > _TINY
    return np.bincount(own[takes], minlength=len(toll)).astype(float)


def _with_tolls(task: Task, toll: FloatArray, share: float) -> Task:
    def asked(problem: Problem) -> Problem:
        return replace(problem, land=problem.land._replace(toll=toll))

    contracted, loose = asked(task.contracted), asked(task.loose)
    return replace(task, exact=asked(task.exact), contracted=contracted, loose=loose, share=task.share * share)


def _pieces(problem: Problem, part: IntArray) -> IntArray:
    """From a label per atom to a label per piece."""
    label = np.zeros(problem.n_pieces, np.int64)
    label[problem.piece] = part
    return label
