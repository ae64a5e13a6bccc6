"""One patroller: which method answers, from which post, and the answer as routes with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gis.graph import BoolArray, IntArray
from partition.patrol.postman.bounds import metres_bound
from partition.patrol.postman.directed import circulate, has_one_way
from partition.patrol.postman.effort import Effort
from partition.patrol.postman.euler import make_route, walk_as_told, walk_both_ways
from partition.patrol.postman.join import hangs_together, join_round_trips
from partition.patrol.postman.rural import cost_of, improve_walk
from partition.patrol.postman.task import FREE, Task, Walk, is_same, is_undirected, make_task
from partition.patrol.postman.undirected import walk_undirected
from partition.patrol.postman.ways import shortest
from partition.patrol.problem import PatrolProblem, PatrolResult, Route

_MOST_POSTS = 6


def solve_one(
    problem: PatrolProblem, *, seed: int = 0, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
) -> PatrolResult:
    """Shortest route of one patroller, whatever the shift: exact where a method reaches, with a bound always.

    Everything required must be reachable from a post, and a post from there: see `PatrolResult.unreachable`.

    Parameters
    ----------
    seed
        Changes nothing: no chance is left to any of the methods.  Taken so that all planners are called alike.
    seconds, clock
        Limit, and the clock it is of; without one the work limits alone count and the answer is the same everywhere.

    Returns
    -------
    PatrolResult
        One route; ``proof`` tells which method proved it shortest.

    Raises
    ------
    ValueError
        When something required cannot be reached or left: that is sorted out before.
    """
    effort = Effort() if seconds is None else Effort(1_000, 10_000_000, clock() + seconds, clock)
    dwell = float(np.sum(problem.stop_s))
    walk = _best_walk(problem, effort)
    route = _route(problem, walk)
    bound = min(walk.bound + dwell, route.seconds)
    metres = min(metres_bound(problem, seconds=walk.bound, effort=effort), route.length_m)
    method = {"matching": "postman", "flow": "postman", "mip": "postman", "none": "postman search"}[walk.proof]
    return PatrolResult((route,), (), bound, metres, bound, walk.proof, method)


def _best_walk(problem: PatrolProblem, effort: Effort) -> Walk:
    """Begin where it costs least: anywhere if the walk passes a post anyway, else at each of the nearest posts."""
    posts = np.unique(np.asarray(problem.posts, np.int64))
    if len(posts) == 0:
        return _walk(make_task(problem), effort)
    if len(posts) == 1:
        return _walk(make_task(problem, start=int(posts[0])), effort)
    anywhere = make_task(problem)
    if not problem.is_open:
        walk = _walk(anywhere, effort)
        used = _is_used(walk)
        passed = np.union1d(anywhere.tail[used], anywhere.head[used])
        on_the_way = posts[np.isin(posts, passed)]
        if len(on_the_way):
            return replace(walk, start=int(on_the_way[0]))
    near = _nearest(anywhere, posts)
    walks = [_walk(make_task(problem, start=post), effort) for post in near[:_MOST_POSTS].tolist()]
    best = min(walks, key=lambda walk: walk.cost)
    lowest = min(walk.bound for walk in walks)
    if len(near) > _MOST_POSTS:
        lowest = min(lowest, _walk(anywhere, effort).bound)
    return replace(best, bound=lowest, proof=best.proof if is_same(best.cost, lowest) else "none")


def _nearest(task: Task, posts: IntArray) -> IntArray:
    far, _ = shortest(task.ways, posts)
    there = far[:, task.needed].min(axis=1) if task.needed.any() else np.zeros(len(posts))
    order: IntArray = posts[np.argsort(there, kind="stable")]
    return order


def _walk(task: Task, effort: Effort) -> Walk:
    if is_undirected(task):
        return walk_undirected(task, effort)
    return _walk_directed(task, effort)


def _walk_directed(task: Task, effort: Effort) -> Walk:
    nothing = np.zeros((len(task.tail), 2), np.int64)
    if task.needed.sum() <= 1 and not task.required.any():
        return Walk(nothing, task.start, 0.0, 0.0, "flow")
    walk = Walk(nothing, task.start, np.inf, -np.inf, "none")
    if not task.is_open and has_one_way(task):
        passes, cost = circulate(task)
        if hangs_together(task, passes):
            return Walk(passes, task.start, cost, cost, "flow")
        passes = join_round_trips(task, passes)
        walk = Walk(passes, task.start, cost_of(task, passes), cost, "none")
    walk = improve_walk(task, walk, effort)
    if not np.isfinite(walk.cost):
        raise ValueError("not everything that is required can be reached and left")
    return walk


def _route(problem: PatrolProblem, walk: Walk) -> Route:
    """The walk in order; a closed one that may begin anywhere begins at the lowest node it passes."""
    start = walk.start
    used = _is_used(walk)
    if start == FREE:
        nodes = np.concatenate([problem.tail[used], problem.head[used], problem.stop_node])
        start = int(nodes.min()) if len(nodes) else 0
    order = walk_both_ways if walk.passes.ndim == 1 else walk_as_told
    return make_route(problem, order(problem, walk.passes, start), start)


def _is_used(walk: Walk) -> BoolArray:
    """Per link: some pass goes along it."""
    return walk.passes > 0 if walk.passes.ndim == 1 else (walk.passes > 0).any(axis=1)
