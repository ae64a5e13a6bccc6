"""What of a problem can be patrolled at all, and the reason for what can not.

With posts, a street belongs to the patrol if some post allows going there, inspecting it and coming back within a
shift.  Without, every part of the network that hangs together is patrolled by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse.csgraph import connected_components

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from partition.patrol.problem import PatrolProblem, Unreachable
from partition.patrol.ways import Ways

NOT_CONNECTED, ONE_WAY_TRAP = "patrol_not_connected", "patrol_one_way_trap"
BEYOND_SHIFT, NEEDS_ANOTHER = "patrol_beyond_shift", "patrol_needs_another"


@dataclass(frozen=True, slots=True)
class Part:
    """A problem in which everything required can be reached, with the numbers its stops have in the whole."""

    problem: PatrolProblem
    stop: IntArray


def sort_out(problem: PatrolProblem, ways: Ways) -> tuple[tuple[Part, ...], tuple[Unreachable, ...]]:
    """Part what can be patrolled from what can not.

    Parameters
    ----------
    problem
        Any problem.
    ways
        Its ways.

    Returns
    -------
    tuple
        Problems to solve one by one, each on streets from any of which one comes to any other and back (also for
        open routes: nobody is sent where no way leads out); and what is out of reach, links before stops.
    """
    must = np.flatnonzero(problem.required).astype(np.int32)
    strong = connected_components(ways.matrix, directed=True, connection="strong")[1]
    seconds, stop_seconds = _least(problem, ways, strong, must)
    fits = np.isfinite(seconds) & (seconds <= problem.shift_s)
    stop_fits = np.isfinite(stop_seconds) & (stop_seconds <= problem.shift_s)
    u = problem.tail[must]
    # A millisecond each, so that what takes no time counts too.
    weight = np.bincount(strong[u[fits]], np.minimum(seconds[fits], 1e12) + 1e-3, strong.max(initial=0) + 1).astype(
        float
    )
    weight += np.bincount(strong[problem.stop_node[stop_fits]], problem.stop_s[stop_fits] + 1e-3, len(weight))
    groups = [int(group) for group in np.argsort(-weight, kind="stable") if weight[group] > 0]
    if problem.n_patrollers:
        groups = groups[: problem.n_patrollers]
    chosen = np.isin(strong, groups)
    told = _Reasons(problem, ways)
    lost = [
        told.of(int(link), -1, float(time), int(a), bool(ok))
        for link, time, a, ok in zip(must, seconds, u, fits)
        if not (ok and chosen[a])
    ]
    lost += [
        told.of(-1, stop, float(time), int(node), bool(ok))
        for stop, (time, node, ok) in enumerate(zip(stop_seconds, problem.stop_node, stop_fits))
        if not (ok and chosen[node])
    ]
    parts = []
    for group in groups:
        held = np.zeros(problem.n_links, bool)
        held[must[fits & (strong[u] == group)]] = True
        parts.append(_part(problem, held, stop_fits & (strong[problem.stop_node] == group), strong == group))
    return tuple(parts), tuple(lost)


def _least(problem: PatrolProblem, ways: Ways, strong: Int32Array, must: Int32Array) -> tuple[FloatArray, FloatArray]:
    """Seconds of the shortest route that holds each required link, and each stop; infinite where there is none."""
    u, v = problem.tail[must], problem.head[must]
    inspect = problem.inspecting_s[must]
    together = strong[u] == strong[v]
    if not len(problem.posts):
        least = inspect.min(axis=1) if problem.is_open else _round_trip(problem, ways, must)
        return np.where(together, least, np.inf), problem.stop_s.copy()
    out, home = ways.from_nodes(problem.posts), ways.to_nodes(problem.posts)
    comes_back = strong[None, :] == strong[problem.posts][:, None]
    out = np.where(comes_back, out, np.inf)
    home = np.where(comes_back, 0.0 if problem.is_open else home, np.inf)
    there = np.minimum(out[:, u] + inspect[:, 0] + home[:, v], out[:, v] + inspect[:, 1] + home[:, u]).min(axis=0)
    at = problem.stop_node
    return there, (out[:, at] + home[:, at] + problem.stop_s).min(axis=0)


class _Reasons:
    """Why something is in no route."""

    def __init__(self, problem: PatrolProblem, ways: Ways) -> None:
        weak = connected_components(ways.matrix, directed=False)[1]
        has_posts = bool(len(problem.posts))
        # Without a post every part has its own patrol, as long as there are patrollers.
        self._beside = np.isin(weak, weak[problem.posts]) if has_posts else np.ones(problem.n_nodes, bool)

    def of(self, link: int, stop: int, seconds: float, node: int, fits: bool) -> Unreachable:
        """The reason of one thing."""
        if fits:
            return Unreachable(link, stop, NEEDS_ANOTHER, seconds)
        if np.isfinite(seconds):
            return Unreachable(link, stop, BEYOND_SHIFT, seconds)
        return Unreachable(link, stop, ONE_WAY_TRAP if self._beside[node] else NOT_CONNECTED)


def _round_trip(problem: PatrolProblem, ways: Ways, must: Int32Array) -> FloatArray:
    """Per required link: seconds to inspect it and come back to where it was begun, in the better direction.

    The way back along the link itself is good enough where it keeps the shift; only else a quicker one is looked for.
    """
    inspect = problem.inspecting_s[must]
    seconds = (inspect + problem.passing_s[must][:, ::-1]).min(axis=1)
    for i in np.flatnonzero(np.isinf(seconds) | (seconds > problem.shift_s)):
        a, b = int(problem.tail[must[i]]), int(problem.head[must[i]])
        seconds[i] = min(seconds[i], inspect[i, 0] + ways.seconds(b, a), inspect[i, 1] + ways.seconds(a, b))
    return seconds


def _part(problem: PatrolProblem, held: BoolArray, stops: BoolArray, inside: BoolArray) -> Part:
    stop = np.flatnonzero(stops)
    posts = problem.posts[inside[problem.posts]]
    smaller = replace(
        problem, required=held, stop_node=problem.stop_node[stop], stop_s=problem.stop_s[stop], posts=posts
    )
    return Part(smaller, stop)
