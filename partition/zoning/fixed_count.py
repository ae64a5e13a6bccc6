"""A region cut into a wanted number of grids: how many fall to each region, and how that many are found.

A free answer that happens to have the number keeps its proof.  Else the band is narrowed until only that number fits,
and where that leaves nothing, walks with the number held fixed look for a plan; both prove nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gis.errors import Conflict
from partition.rules import Rules
from partition.stop import Call
from partition.zoning.divide import count_range
from partition.zoning.fixed_parts import divide_into
from partition.zoning.ladder import Solved, Task
from partition.zoning.problem import Land, Problem
from partition.zoning.seeds import plan_price
from partition.zoning.tolls import solve_task, true_cost

_MOVES_A_PIECE = 20_000
_MOST_MOVES = 6_000_000


def counts_of(regions: Sequence[tuple[int, Rules]], n_fixed: int, wanted: int | None) -> list[int | None]:
    """Grids of each region so that all make the number wanted, each as near to its target size as can be.

    Parameters
    ----------
    regions
        Households and rules.
    n_fixed
        Grids that are known before any search.

    Raises
    ------
    Conflict
        ``solve_count_impossible``.
    """
    if wanted is None:
        return [None] * len(regions)
    ranges = [count_range(households, rules) for households, rules in regions]
    low = [min(one) if one[0] > one[1] else one[0] for one in ranges]
    high = [max(one) if one[0] > one[1] else one[1] for one in ranges]
    low, high = [max(1, k) for k in low], [max(1, k) for k in high]
    if not n_fixed + sum(low) <= wanted <= n_fixed + sum(high):
        allowed = f"{n_fixed + sum(low)}-{n_fixed + sum(high)}"
        raise Conflict("solve_count_impossible", measured=wanted, allowed=allowed)
    counts = [
        min(max(round(households / rules.target_households), k_min), k_max)
        for (households, rules), k_min, k_max in zip(regions, low, high)
    ]
    while (over := n_fixed + sum(counts) - wanted) != 0:
        step = -1 if over > 0 else 1
        able = [i for i, k in enumerate(counts) if low[i] <= k + step <= high[i]]
        best = min(able, key=lambda i: (_apart(regions[i], counts[i] + step) - _apart(regions[i], counts[i]), i))
        counts[best] += step
    return list(counts)


def _apart(region: tuple[int, Rules], k: int) -> float:
    households, rules = region
    return k * (households / k - rules.target_households) ** 2


def with_count(task: Task, free: Solved, count: int | None, is_over: Call) -> Solved:
    """An answer with a number of grids: the free one where it has as many.

    Parameters
    ----------
    free
        The answer for any number.
    """
    if count is None or int(free.part.max()) + 1 == count or task.exact.n_pieces < count:
        return free
    total = int(task.exact.land.weight.sum())
    low = max(task.exact.land.lo, total // (count + 1) + 1)
    high = task.exact.land.hi if count == 1 else min(task.exact.land.hi, -(-total // (count - 1)) - 1)
    found: list[Solved] = []
    if low <= high and count * low <= total <= count * high and not is_over():
        exact, contracted, loose = (_narrowed(one, low, high) for one in (task.exact, task.contracted, task.loose))
        found.append(solve_task(replace(task, exact=exact, contracted=contracted, loose=loose), is_over))
    if not any(_is_lawful(task.exact, one, count) for one in found) and not is_over():
        found.append(_walked(task, count))
    found = [one for one in found if int(one.part.max()) + 1 == count]
    if not found:
        return replace(free, feasible="unknown", reason="not_found", proof="none", bound=float("nan"))
    best = min(found, key=lambda one: _price(task.exact, one))
    is_lawful = _is_lawful(task.exact, best, count)
    feasible, reason = ("yes", None) if is_lawful else ("unknown", "not_found")
    if not is_lawful and free.feasible == "no":
        feasible, reason = "no", free.reason
    proof = free.proof if feasible == "no" else "none"
    return replace(best, feasible=feasible, reason=reason, proof=proof, bound=float("nan"))


def _narrowed(problem: Problem, low: int, high: int) -> Problem:
    return replace(problem, land=problem.land._replace(lo=low, hi=high))


def _walked(task: Task, count: int) -> Solved:
    problem = task.exact if task.contracted.is_exact else task.contracted
    moves = min(_MOVES_A_PIECE * problem.n_pieces, _MOST_MOVES)
    found = divide_into(problem.land, count, seed=task.seed, moves=moves)
    part = np.unique(found.part[problem.piece], return_inverse=True)[1].astype(np.int64)
    return Solved(task.number, part, "unknown", "not_found", "none", found.cost, float("nan"), "work", 0.0)


def _is_lawful(problem: Problem, answer: Solved, count: int) -> bool:
    return int(answer.part.max()) + 1 == count and _price(problem, answer)[0] == 0


def _price(problem: Problem, answer: Solved) -> tuple[int, float]:
    land: Land = problem.land
    part = np.zeros(problem.n_pieces, np.int64)
    part[problem.piece] = answer.part
    outside, cost = plan_price(land, part)
    return outside, true_cost(land, part) if len(land.toll) else cost
