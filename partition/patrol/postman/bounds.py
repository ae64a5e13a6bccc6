"""What no set of routes can undercut: in all, and for the longest of them.

Required streets once, the odd nodes paired, and every route's two ways between its post and the first and last thing
it is there for; linear programs with connectivity cuts where that does not hang together.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from gis.graph import FloatArray
from partition.patrol.postman.effort import Effort
from partition.patrol.postman.euler import extra_cost, passing_cost
from partition.patrol.postman.model import make_model
from partition.patrol.postman.pairing import pair_up
from partition.patrol.postman.task import Task, is_undirected, make_task, tight
from partition.patrol.postman.undirected import pair_odd_nodes, pieces_of, seconds_of
from partition.patrol.postman.ways import make_ways, shortest
from partition.patrol.problem import PatrolProblem

_STANDARD = Effort()


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds and metres that no set of so many routes undercuts, and seconds that its longest does not."""

    total_s: float
    total_m: float
    longest_s: float


def bound_routes(problem: PatrolProblem, n_routes: int = 1, *, seconds: float | None = None) -> Bounds:
    """Lower bounds for exactly ``n_routes`` routes, each of which inspects or visits something.

    Parameters
    ----------
    n_routes
        At least 1.
    seconds
        Clock limit of the linear programs; without one their rounds alone count.
    """
    effort = Effort() if seconds is None else Effort(deadline=time.monotonic() + seconds)
    dwell = float(np.sum(problem.stop_s))
    walked = least_total(problem, passing_cost(problem), extra_cost(problem), n_routes, effort)
    metres = metres_bound(problem, n_routes, seconds=walked, effort=effort)
    total = walked + dwell
    return Bounds(total, metres, max(total / n_routes, longest_single(problem)))


def metres_bound(
    problem: PatrolProblem, n_routes: int = 1, *, seconds: float | None = None, effort: Effort = _STANDARD
) -> float:
    """Lower bound on the metres of ``n_routes`` routes together.

    Parameters
    ----------
    seconds
        A lower bound on their seconds without dwell, if one is known: where every metre takes the same time it is one
        on metres too.
    """
    pace = _seconds_per_metre(problem)
    if seconds is not None and pace is not None:
        extra = extra_cost(problem)[problem.required]
        return max(0.0, (seconds - float(extra.min(axis=1).sum())) / pace)
    allowed = np.isfinite(passing_cost(problem))
    length = np.repeat(np.asarray(problem.length_m, float)[:, None], 2, axis=1)
    nothing = np.where(np.isfinite(extra_cost(problem)), 0.0, np.inf)
    return least_total(problem, np.where(allowed, length, np.inf), nothing, n_routes, effort)


def _seconds_per_metre(problem: PatrolProblem) -> float | None:
    """Seconds of a metre without inspection, where all are alike and inspecting adds the same in both directions."""
    passing = passing_cost(problem)
    extra = extra_cost(problem)[problem.required]
    one_only = np.isinf(extra).any(axis=1)
    if not (one_only | (extra[:, 0] == extra[:, 1])).all():
        return None
    metres = np.repeat(np.asarray(problem.length_m, float)[:, None], 2, axis=1)
    allowed = np.isfinite(passing)
    total = float(metres[allowed].sum())
    if total <= 0:
        return None
    pace = float(passing[allowed].sum()) / total
    is_alike = pace > 0 and np.allclose(passing[allowed], pace * metres[allowed], rtol=1e-9, atol=1e-9)
    return pace if is_alike else None


def longest_single(problem: PatrolProblem) -> float:
    """Seconds of the longest route that any one link or stop forces: there, inspect or dwell, and back."""
    task = make_task(problem)
    there, back = _legs(problem, task)
    u, v = task.tail, task.head
    inspect = task.passing + task.extra
    both = np.stack([there[u] + inspect[:, 0] + back[v], there[v] + inspect[:, 1] + back[u]], axis=1)
    links = both[task.required].min(axis=1)
    stops = (there + back)[np.asarray(problem.stop_node, np.int64)] + problem.stop_s
    return float(max(links.max(initial=0.0), stops.max(initial=0.0)))


def least_total(
    problem: PatrolProblem, passing: FloatArray, extra: FloatArray, n_routes: int, effort: Effort = _STANDARD
) -> float:
    """Lower bound on the passes and inspections of ``n_routes`` routes together, at the costs given."""
    task = make_task(_closed(problem), passing=passing, extra=extra)
    if not task.needed.any():
        return 0.0
    is_symmetric = is_undirected(task)
    legs = _legs(problem, task) if len(problem.posts) or problem.is_open else None
    best = float((passing + extra)[task.required].min(axis=1).sum())
    if is_symmetric:
        required = task.required.astype(np.int64)
        passes, _, further = pair_odd_nodes(task, required)
        n_pieces = pieces_of(task, passes)[1]
        if legs is not None:
            further = _paired_with_legs(task, legs[0], n_routes, is_open=problem.is_open)
        best = max(best, seconds_of(task, required) + further)
        is_away = legs is not None and n_routes > 1 and bool(legs[0][task.needed].min() > 0)
        if n_pieces <= (1 if legs is not None else n_routes) and not is_away:
            return best
    # Closed routes that may begin anywhere hang together over a place beside the map, each tied to it at one node.
    is_beside = legs is None and n_routes > 1
    if is_beside:
        free: FloatArray = np.where(task.needed, 0.0, np.inf)
        legs = (free, free)
    model = make_model(task, is_symmetric=is_symmetric, n_routes=n_routes, legs=legs, same_ends=is_beside)
    found = model.program.relax(effort)
    return max(best, tight(found.bound + model.constant, np.append(passing, task.least_extra)))


def _closed(problem: PatrolProblem) -> PatrolProblem:
    return replace(problem, is_open=False)


def _legs(problem: PatrolProblem, task: Task) -> tuple[FloatArray, FloatArray]:
    """Per node that must be touched, the way from the nearest post, and back to one; infinite elsewhere."""
    nothing: FloatArray = np.where(task.needed, 0.0, np.inf)
    posts = np.unique(np.asarray(problem.posts, np.int64))
    if len(posts) == 0:
        return nothing, nothing
    there = shortest(task.ways, posts)[0].min(axis=0)
    turned = make_ways(task.n_nodes, task.head, task.tail, task.passing)
    back = nothing if problem.is_open else shortest(turned, posts)[0].min(axis=0)
    return np.where(task.needed, there, np.inf), np.where(task.needed, back, np.inf)


def _paired_with_legs(task: Task, there: FloatArray, n_routes: int, *, is_open: bool) -> float:
    """Least further passes with every route's ways from its post: an end of a leg pairs with an odd node, or two legs
    meet at something that must be touched.
    """
    degree = np.bincount(task.tail[task.required], minlength=task.n_nodes)
    degree += np.bincount(task.head[task.required], minlength=task.n_nodes)
    odd = np.flatnonzero(degree % 2 == 1)
    far, _ = shortest(task.ways, odd)
    n, near = len(odd), float(there[task.needed].min())
    n_legs = n_routes if is_open else 2 * n_routes
    cost = np.zeros((n + 2 * n_routes, n + 2 * n_routes))
    leg = slice(n, n + n_legs)
    cost[:n, :n] = far[:, odd]
    cost[leg, :n], cost[:n, leg] = there[odd][None, :], there[odd][:, None]
    cost[leg, leg] = 2 * near
    cost[leg, n + n_legs :], cost[n + n_legs :, leg] = near, near
    pairs = pair_up(cost)
    return float(cost[pairs[:, 0], pairs[:, 1]].sum())
