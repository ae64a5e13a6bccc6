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

NOT_CONNECTED, ONE_WAY_TRAP, BEYOND_SHIFT = "patrol_not_connected", "patrol_one_way_trap", "patrol_beyond_shift"


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
        Problems to solve one by one (with posts at most one), and what is out of reach, links before stops.
    """
    must = np.flatnonzero(problem.required).astype(np.int32)
    if len(problem.posts):
        return _from_posts(problem, ways, must)
    return _from_anywhere(problem, ways, must)


def _from_posts(
    problem: PatrolProblem, ways: Ways, must: Int32Array
) -> tuple[tuple[Part, ...], tuple[Unreachable, ...]]:
    out = ways.from_nodes(problem.posts)
    home = np.zeros_like(out) if problem.is_open else ways.to_nodes(problem.posts)
    u, v = problem.tail[must], problem.head[must]
    inspect = problem.inspecting_s[must]
    there = np.minimum(out[:, u] + inspect[:, 0] + home[:, v], out[:, v] + inspect[:, 1] + home[:, u]).min(axis=0)
    at = problem.stop_node
    visit = (out[:, at] + home[:, at] + problem.stop_s).min(axis=0)
    enters = np.isfinite(out).any(axis=0)
    leaves = np.isfinite(home).any(axis=0)
    lost = [
        _out_of_reach(int(link), -1, float(seconds), bool(enters[[a, b]].any()), bool(leaves[[a, b]].any()))
        for link, seconds, a, b in zip(must, there, u, v)
        if seconds > problem.shift_s or not np.isfinite(seconds)
    ]
    lost += [
        _out_of_reach(-1, int(stop), float(seconds), bool(enters[node]), bool(leaves[node]))
        for stop, (seconds, node) in enumerate(zip(visit, at))
        if seconds > problem.shift_s or not np.isfinite(seconds)
    ]
    held = np.zeros(problem.n_links, bool)
    held[must[there <= problem.shift_s]] = True
    held[must[~np.isfinite(there)]] = False
    return _parts([_part(problem, held, np.isfinite(visit) & (visit <= problem.shift_s))]), tuple(lost)


def _out_of_reach(link: int, stop: int, seconds: float, is_entered: bool, is_left: bool) -> Unreachable:
    if np.isfinite(seconds):
        return Unreachable(link, stop, BEYOND_SHIFT, seconds)
    return Unreachable(link, stop, ONE_WAY_TRAP if is_entered or is_left else NOT_CONNECTED)


def _from_anywhere(
    problem: PatrolProblem, ways: Ways, must: Int32Array
) -> tuple[tuple[Part, ...], tuple[Unreachable, ...]]:
    strong = connected_components(ways.matrix, directed=True, connection="strong")[1]
    weak = connected_components(ways.matrix, directed=False)[1]
    u, v = problem.tail[must], problem.head[must]
    inspect = problem.inspecting_s[must]
    least = inspect.min(axis=1)
    if not problem.is_open:
        least = least + _way_home(problem, ways, must)
    at_home = (strong[u] == strong[v]) & np.isfinite(least)
    fits = at_home & (least <= problem.shift_s)
    stop_fits = problem.stop_s <= problem.shift_s
    weight = np.bincount(strong[u[fits]], least[fits], strong.max(initial=0) + 1)
    weight += np.bincount(strong[problem.stop_node[stop_fits]], problem.stop_s[stop_fits] + 1e-3, len(weight))
    groups = [int(g) for g in np.argsort(-weight, kind="stable") if weight[g] > 0]
    if problem.n_patrollers:
        groups = groups[: problem.n_patrollers]
    chosen = np.isin(strong, groups)
    beside = np.isin(weak, weak[chosen])
    lost = [
        Unreachable(int(link), -1, BEYOND_SHIFT, float(seconds))
        if same and chosen[a]
        else Unreachable(int(link), -1, ONE_WAY_TRAP if beside[a] or not same else NOT_CONNECTED)
        for link, seconds, same, a, ok in zip(must, least, at_home, u, fits & chosen[u])
        if not ok
    ]
    lost += [
        Unreachable(-1, int(stop), BEYOND_SHIFT, float(problem.stop_s[stop]))
        if chosen[node]
        else Unreachable(-1, int(stop), ONE_WAY_TRAP if beside[node] else NOT_CONNECTED)
        for stop, node in enumerate(problem.stop_node)
        if not (stop_fits[stop] and chosen[node])
    ]
    parts = []
    for group in groups:
        held = np.zeros(problem.n_links, bool)
        held[must[fits & (strong[u] == group)]] = True
        parts.append(_part(problem, held, stop_fits & (strong[problem.stop_node] == group)))
    return _parts(parts), tuple(lost)


def _way_home(problem: PatrolProblem, ways: Ways, must: Int32Array) -> FloatArray:
    """Per required link: seconds back to where it was begun, in the better direction; its own way back at most."""
    back = np.min(problem.passing_s[must][:, ::-1], axis=1)
    long = np.flatnonzero(problem.inspecting_s[must].min(axis=1) + back > problem.shift_s)
    for i in long:
        a, b = int(problem.tail[must[i]]), int(problem.head[must[i]])
        back[i] = min(back[i], ways.seconds(a, b), ways.seconds(b, a))
    return np.where(np.isfinite(back), back, 0.0)


def _part(problem: PatrolProblem, held: BoolArray, stops: BoolArray) -> Part:
    stop = np.flatnonzero(stops)
    if held.sum() == problem.required.sum() and len(stop) == len(problem.stop_node):
        return Part(problem, stop)
    smaller = replace(problem, required=held, stop_node=problem.stop_node[stop], stop_s=problem.stop_s[stop])
    return Part(smaller, stop)


def _parts(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.problem.required.any() or len(part.stop))
