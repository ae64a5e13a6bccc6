"""Plan the patrol of one problem: sort out what can be reached, then the exact way for one patroller, the search for
several, and the bounds of both.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from partition.patrol.problem import PatrolProblem, PatrolResult, Route
from partition.patrol.reach import Part, sort_out
from partition.patrol.several import share_out
from partition.patrol.ways import Ways
from partition.stop import Stop

_NEAR_S = 1e-6


def plan_patrol(problem: PatrolProblem, *, seed: int = 0, stop: Stop = Stop()) -> PatrolResult:
    """Routes that inspect everything that can be reached, with a bound.

    Parameters
    ----------
    problem
        What is to be patrolled, from where, in how much time.
    seed
        Of the search.
    stop
        Its budget; ``effort`` scales the rounds.

    Returns
    -------
    PatrolResult
        Without routes only where nothing is required or nothing can be reached; the reasons are in ``unreachable``.
        Routes over the shift only where a number of patrollers was asked for and is too small; then
        ``n_patrollers_needed`` and ``shift_s_needed`` say what would do.
    """
    ways = Ways.of(problem)
    parts, unreachable = sort_out(problem, ways)
    found = [_solve(part, ways, n, seed, stop) for part, n in zip(parts, _share(problem, parts))]
    if len(found) == 1:
        return replace(found[0], unreachable=unreachable)
    routes = tuple(route for result in found for route in result.routes)
    proofs = {result.proof for result in found}
    return PatrolResult(
        routes=routes,
        unreachable=unreachable,
        bound_s=math.fsum(result.bound_s for result in found),
        bound_m=math.fsum(result.bound_m for result in found),
        longest_bound_s=max((result.longest_bound_s for result in found), default=0.0),
        proof=proofs.pop() if len(proofs) == 1 else "none",
        method="+".join(sorted({result.method for result in found})),
        shift_s_needed=max((result.shift_s_needed for result in found), default=0.0),
        n_patrollers_needed=sum(result.n_patrollers_needed or len(result.routes) for result in found)
        if any(result.n_patrollers_needed for result in found)
        else 0,
    )


def _share(problem: PatrolProblem, parts: tuple[Part, ...]) -> list[int]:
    """How many patrollers each part gets: one each, the rest where the most work per head is."""
    if not problem.n_patrollers:
        return [0] * len(parts)
    work = [float(part.problem.inspecting_s[part.problem.required].min(axis=1).sum()) + 1.0 for part in parts]
    n = [1] * len(parts)
    for _ in range(problem.n_patrollers - len(parts)):
        if n:
            n[int(np.argmax([w / k for w, k in zip(work, n)]))] += 1
    return n


def _solve(part: Part, ways: Ways, n_patrollers: int, seed: int, stop: Stop) -> PatrolResult:
    """One problem in which everything can be reached."""
    problem = replace(part.problem, n_patrollers=n_patrollers)
    work = float(problem.inspecting_s[problem.required].min(axis=1).sum() + problem.stop_s.sum())
    routes, method = share_out(problem, ways, n_least=max(1, math.ceil(work / problem.shift_s)), seed=seed, stop=stop)
    routes = tuple(_renumbered(route, part) for route in routes)
    return PatrolResult(
        routes=routes,
        unreachable=(),
        bound_s=work,
        bound_m=float(problem.length_m[problem.required].sum()),
        longest_bound_s=work / max(1, len(routes)),
        proof="none",
        method=method,
    )


def _renumbered(route: Route, part: Part) -> Route:
    """The route with the stops of the whole problem."""
    return replace(route, stop=part.stop[route.stop].astype(np.int32)) if len(route.stop) else route
