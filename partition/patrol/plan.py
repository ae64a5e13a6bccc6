"""Plan the patrol of one problem: sort out what can be reached, then the exact way for one patroller, the search for
several, and the bounds of both.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from partition.patrol.parting import least_of_several
from partition.patrol.postman import bound_routes, metres_bound, solve_one
from partition.patrol.problem import PatrolProblem, PatrolResult, Route
from partition.patrol.reach import Part, sort_out
from partition.patrol.several import Budget, n_needed, share_out
from partition.patrol.ways import Ways
from partition.stop import Stop

_NEAR_S = 1e-6


def plan_patrol(problem: PatrolProblem, *, seed: int = 0, stop: Stop | None = None) -> PatrolResult:
    """Routes that inspect everything that can be reached, with a bound.

    Parameters
    ----------
    problem
        What is to be patrolled, from where, in how much time.
    seed
        Of the search.
    stop
        Its budget: ``effort`` scales the rounds of the search for several patrollers; ``seconds`` end it early.

    Returns
    -------
    PatrolResult
        Without routes only where nothing is required or nothing can be reached; the reasons are in ``unreachable``.
        Routes over the shift only where a number of patrollers was asked for and is too small; then
        ``n_patrollers_needed`` and ``shift_s_needed`` say what would do.
    """
    stop = stop or Stop()
    ways = Ways.of(problem)
    parts, unreachable = sort_out(problem, ways)
    search = _Search(seed, stop)
    found = [_solve(part, ways, n, search) for part, n in zip(parts, _share(problem, parts))]
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


class _Search:
    """Seed and budget of one problem."""

    def __init__(self, seed: int, stop: Stop) -> None:
        self.seed = seed
        self._deadline = math.inf if stop.seconds is None else time.monotonic() + stop.seconds
        self.budget = Budget(stop, self._deadline)

    def prove(self, problem: PatrolProblem) -> PatrolResult:
        """The exact method, within half of the time there is."""
        if math.isinf(self._deadline):
            return solve_one(problem, seed=self.seed)
        return solve_one(problem, seed=self.seed, seconds=max(0.05, (self._deadline - time.monotonic()) / 2))


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


def _solve(part: Part, ways: Ways, n_patrollers: int, search: _Search) -> PatrolResult:
    """One problem in which everything can be reached."""
    problem = replace(part.problem, n_patrollers=n_patrollers)
    work = float(problem.inspecting_s[problem.required].min(axis=1).sum() + problem.stop_s.sum())
    # What no shift holds is not worth a second search for one.
    one = search.prove(problem) if n_patrollers != 1 and work > problem.shift_s else _by_one(problem, ways, search)
    if n_patrollers == 1 or (n_patrollers == 0 and one.routes[0].seconds <= problem.shift_s):
        return _finished(part, problem, ways, one, one.routes[0], search)
    giant = one.routes[0]
    n_least = max(1, math.ceil((work - _NEAR_S) / problem.shift_s))
    routes, method = share_out(problem, ways, giant, n_least=n_least, seed=search.seed, budget=search.budget)
    walked_s = math.fsum(route.seconds for route in routes)
    walked_m = math.fsum(route.length_m for route in routes)
    total_s, total_m, longest_s = _bounds(problem, ways, one, len(routes), (walked_s, walked_m))
    result = PatrolResult(
        routes=routes,
        unreachable=(),
        bound_s=min(total_s, walked_s),
        bound_m=min(total_m, walked_m),
        longest_bound_s=min(longest_s, max(route.seconds for route in routes)),
        proof="none",
        method=method,
    )
    return _finished(part, problem, ways, result, giant, search)


def _bounds(
    problem: PatrolProblem, ways: Ways, one: PatrolResult, n_routes: int, enough: tuple[float, float]
) -> tuple[float, float, float]:
    """Seconds and metres of all routes together, and seconds of the longest, that nothing undercuts; no more work than
    is needed to prove ``enough`` (seconds, metres).
    """
    bounds = bound_routes(problem, n_routes)
    total_s = bounds.total_s
    if not problem.is_open:
        n_posts = len(np.unique(problem.posts))
        if n_posts == 1:
            total_s = max(total_s, one.bound_s)  # closed routes from one post are one closed walk
        elif n_posts == 0:
            total_s = max(total_s, least_of_several(problem, ways, n_routes, one.bound_s, enough=enough[0]))
    return (
        total_s,
        max(bounds.total_m, _metres(problem, total_s, n_routes, enough[1])),
        max(bounds.longest_s, total_s / n_routes),
    )


def _metres(problem: PatrolProblem, total_s: float, n_routes: int, enough_m: float) -> float:
    """Metres of all routes: from the seconds where every metre takes the same, else as the seconds but by length."""
    dwell_s = float(problem.stop_s.sum())
    least_m = metres_bound(problem, n_routes, seconds=total_s - dwell_s)
    if problem.is_open or len(problem.posts) or _is_even(problem):
        return least_m
    length = np.where(np.isfinite(problem.passing_s), problem.length_m[:, None], np.inf)
    by_length = replace(
        problem,
        passing_s=length,
        inspecting_s=np.where(np.isfinite(problem.inspecting_s), length, np.inf),
        stop_s=np.zeros_like(problem.stop_s),
    )
    one_m = solve_one(by_length).bound_s
    return max(
        least_m, least_of_several(problem, Ways.of(by_length), n_routes, one_m, enough=enough_m, measured=by_length)
    )


def _is_even(problem: PatrolProblem) -> bool:
    """Every metre takes the same time."""
    open_ = np.isfinite(problem.passing_s)
    pace = (problem.passing_s / problem.length_m[:, None])[open_]
    return not len(pace) or bool(np.allclose(pace, pace[0], rtol=1e-9))


def _by_one(problem: PatrolProblem, ways: Ways, search: _Search) -> PatrolResult:
    """One route: exact where that reaches, else the better of two searches."""
    result = search.prove(problem)
    route = result.routes[0]
    if result.proof != "none":
        return result
    once = replace(problem, n_patrollers=1)
    routes, method = share_out(once, ways, route, n_least=1, seed=search.seed, budget=search.budget)
    if routes[0].seconds >= route.seconds:
        return result
    return replace(result, routes=routes, method=method)


def _finished(
    part: Part, problem: PatrolProblem, ways: Ways, result: PatrolResult, giant: Route, search: _Search
) -> PatrolResult:
    """Told in the whole problem's numbers, and with what would do when the shift is too short."""
    longest_s = max(route.seconds for route in result.routes)
    is_over = longest_s > problem.shift_s + _NEAR_S
    return replace(
        result,
        routes=tuple(_renumbered(route, part) for route in result.routes),
        shift_s_needed=longest_s if is_over else 0.0,
        n_patrollers_needed=n_needed(problem, ways, giant, seed=search.seed, budget=search.budget) if is_over else 0,
    )


def _renumbered(route: Route, part: Part) -> Route:
    """The route with the stops of the whole problem."""
    return replace(route, stop=part.stop[route.stop].astype(np.int32)) if len(route.stop) else route
