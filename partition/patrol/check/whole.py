"""All routes of a grid together: what they cover, what is said to be out of reach, and what is promised."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from gis.errors import Fault
from gis.graph import BoolArray, FloatArray, Int32Array
from partition.patrol.check.terms import NEAR_M, NEAR_S, SHOWN, fault
from partition.patrol.check.walk import Walk, wrong_numbers
from partition.patrol.problem import PatrolProblem, PatrolResult


def inspections(problem: PatrolProblem, result: PatrolResult) -> Int32Array:
    """Per link: how many passes inspect it."""
    times = np.zeros(problem.n_links, np.int32)
    for route in result.routes:
        if not wrong_numbers(problem, route):
            np.add.at(times, route.link[route.inspects], 1)
    return times


def listed_links(problem: PatrolProblem, result: PatrolResult) -> BoolArray:
    """Per link: it is listed as out of reach."""
    listed = np.zeros(problem.n_links, bool)
    listed[[out.link for out in result.unreachable if 0 <= out.link < problem.n_links]] = True
    return listed


def coverage_faults(problem: PatrolProblem, result: PatrolResult) -> Iterator[Fault]:
    """Streets and places that no route holds and no list names, or that are held twice."""
    times, listed = inspections(problem, result), listed_links(problem, result)
    for link in np.flatnonzero(problem.required & (times == 0) & ~listed)[:SHOWN]:
        yield fault("patrol_check_missed", measured=int(link), length_m=float(problem.length_m[link]))
    for link in np.flatnonzero(times > 1)[:SHOWN]:
        yield fault("patrol_check_twice", measured=int(link))
    for link in np.flatnonzero(listed & (times > 0))[:SHOWN]:
        yield fault("patrol_check_listed_and_walked", measured=int(link))
    visits = np.zeros(len(problem.stop_node), np.int32)
    for route in result.routes:
        if not wrong_numbers(problem, route):
            np.add.at(visits, route.stop, 1)
    out = {unreachable.stop for unreachable in result.unreachable if unreachable.link < 0}
    for stop, n in enumerate(visits):
        if n == 0 and stop not in out:
            yield fault("patrol_check_stop_missed", measured=stop + 1)
        if n > 1:
            yield fault("patrol_check_stop_twice", measured=stop + 1)


def reason_faults(problem: PatrolProblem, result: PatrolResult) -> Iterator[Fault]:
    """What is listed as out of reach although a patrol can get there and back in time."""
    if not result.unreachable:
        return
    if not len(problem.posts):
        yield from _apart_faults(problem, result)
        return
    there = _seconds_from(problem, problem.posts)
    back = _seconds_from(problem, problem.posts, backwards=True)
    if problem.is_open:
        # Nobody is sent where no way leads out, even if the shift ends there.
        back = np.where(np.isfinite(back), 0.0, np.inf)
    group = _components(problem)
    walked = {int(group[route.start_node]) for route in result.routes if len(route.link)}
    for out in result.unreachable:
        if out.link >= 0:
            u, v, cost = problem.tail[out.link], problem.head[out.link], problem.inspecting_s[out.link]
            # From and to the same post.
            onward, backward = there[:, u] + cost[0] + back[:, v], there[:, v] + cost[1] + back[:, u]
            seconds = np.minimum(onward, backward).min()
        else:
            at = problem.stop_node[out.stop]
            seconds = (there[:, at] + problem.stop_s[out.stop] + back[:, at]).min()
            u = at
        if out.reason == "patrol_needs_another" and int(group[u]) not in walked:
            continue
        if np.isfinite(seconds) and seconds <= problem.shift_s:
            what = "street" if out.link >= 0 else "place"
            number = out.link if out.link >= 0 else out.stop + 1
            yield fault("patrol_check_is_reachable", column=what, measured=number, seconds=float(seconds))


def _apart_faults(problem: PatrolProblem, result: PatrolResult) -> Iterator[Fault]:
    """Without a post: what is listed although one can go there and back from where a route begins."""
    group = _components(problem)
    walked = {int(group[route.start_node]) for route in result.routes if len(route.link)}
    for out in result.unreachable:
        if out.link < 0 or out.reason == "patrol_beyond_shift":
            continue
        u, v = problem.tail[out.link], problem.head[out.link]
        if group[u] == group[v] and int(group[u]) in walked:
            yield fault("patrol_check_is_reachable", column="street", measured=out.link, seconds=0.0)


def _components(problem: PatrolProblem) -> Int32Array:
    """Per node: number of its strongly connected component."""
    tail = np.concatenate([problem.tail, problem.head])
    head = np.concatenate([problem.head, problem.tail])
    open_ = np.isfinite(np.concatenate([problem.passing_s[:, 0], problem.passing_s[:, 1]]))
    shape = (problem.n_nodes, problem.n_nodes)
    matrix = coo_array((np.ones(int(open_.sum())), (tail[open_], head[open_])), shape=shape).tocsr()
    return np.asarray(connected_components(matrix, directed=True, connection="strong")[1], dtype=np.int32)


def _seconds_from(problem: PatrolProblem, nodes: Int32Array, *, backwards: bool = False) -> FloatArray:
    """Seconds from each node to every node (to it, when backwards)."""
    tail = np.concatenate([problem.tail, problem.head])
    head = np.concatenate([problem.head, problem.tail])
    cost = np.concatenate([problem.passing_s[:, 0], problem.passing_s[:, 1]])
    open_ = np.isfinite(cost)
    tail, head, cost = tail[open_], head[open_], cost[open_]
    if backwards:
        tail, head = head, tail
    # Of parallel links only the quickest; a matrix would add them up.  No cost is 0, which a matrix takes for none.
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], np.maximum(cost[order], 1e-9)
    first = np.ones(len(tail), bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    shape = (problem.n_nodes, problem.n_nodes)
    matrix = coo_array((cost[first], (tail[first], head[first])), shape=shape).tocsr()
    return np.asarray(dijkstra(matrix, indices=nodes))


def promise_faults(problem: PatrolProblem, result: PatrolResult) -> Iterator[Fault]:
    """The shift, the number of routes, bounds and proof."""
    walks = [Walk(problem, r, n) for n, r in enumerate(result.routes, 1) if not wrong_numbers(problem, r)]
    says_so = result.shift_s_needed > 0 or result.n_patrollers_needed > 0
    for walk in walks:
        if walk.seconds > problem.shift_s + NEAR_S and not says_so:
            minutes, allowed = walk.seconds / 60, problem.shift_s / 60
            yield fault("patrol_check_over_shift", row=walk.number, measured=minutes, allowed=allowed)
    if problem.n_patrollers and len(result.routes) > problem.n_patrollers:
        facts = {"measured": len(result.routes), "allowed": problem.n_patrollers}
        yield fault("patrol_check_too_many_routes", **facts)
    nothing = not problem.required.any() and not len(problem.stop_node)
    if not result.routes and not result.unreachable and not nothing:
        yield fault("patrol_check_nothing")
    seconds = np.asarray([walk.seconds for walk in walks])
    length = float(sum(walk.length_m for walk in walks))
    for column, measured, bound, near in (
        ("bound_s", float(seconds.sum()), result.bound_s, NEAR_S),
        ("bound_m", length, result.bound_m, NEAR_M),
        ("longest_bound_s", float(seconds.max(initial=0.0)), result.longest_bound_s, NEAR_S),
    ):
        if walks and bound > measured + near + 1e-6 * measured:
            yield fault("patrol_check_bound", column=column, measured=measured, allowed=bound)
    if result.proof != "none" and len(walks) == 1 and seconds[0] > result.bound_s + NEAR_S + 1e-4 * seconds[0]:
        yield fault("patrol_check_proof", measured=float(seconds[0]), allowed=result.bound_s)
