"""From "how often each link is passed" to a walk: an Euler tour with few turns back, and the pass that inspects.

Costs are settled before; among the tours that cost the same this room avoids turning round in the street, and lets
the pass that inspects soonest do so.
"""

from __future__ import annotations

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from partition.patrol.problem import PatrolProblem, Route

Step = tuple[int, int]  # link; 0 from tail to head, 1 back


def walk_both_ways(problem: PatrolProblem, times: IntArray, start: int) -> list[Step]:
    """Euler tour that passes link ``e`` ``times[e]`` times in whatever direction; it ends where parity lets it."""
    ends = np.stack([problem.tail, problem.head], axis=1).tolist()
    at: dict[int, list[Step]] = {}
    for link in np.flatnonzero(times).tolist():
        a, b = ends[link]
        at.setdefault(a, []).append((link, 0))
        if a != b:
            at.setdefault(b, []).append((link, 1))
    left = times.tolist()
    steps = _hierholzer(at, left, ends, start, both_ways=True)
    return _fewer_turns_back(steps, ends, may_reverse=True)


def walk_as_told(problem: PatrolProblem, passes: IntArray, start: int) -> list[Step]:
    """Euler tour that passes link ``e`` ``passes[e, 0]`` times from tail to head and ``passes[e, 1]`` times back."""
    ends = np.stack([problem.tail, problem.head], axis=1).tolist()
    at: dict[int, list[Step]] = {}
    left: list[int] = passes.reshape(-1).tolist()
    for k in np.flatnonzero(passes.reshape(-1)).tolist():
        link, side = divmod(k, 2)
        at.setdefault(ends[link][side], []).append((link, side))
    steps = _hierholzer(at, left, ends, start, both_ways=False)
    return _fewer_turns_back(steps, ends, may_reverse=False)


def _hierholzer(
    at: dict[int, list[Step]], left: list[int], ends: list[list[int]], start: int, *, both_ways: bool
) -> list[Step]:
    """Depth first; at each node the street that was just walked comes last."""
    stack: list[tuple[int, Step | None]] = [(start, None)]
    steps: list[Step] = []
    while stack:
        node, came = stack[-1]
        choices = at.get(node, [])
        picked: Step | None = None
        kept: Step | None = None
        while choices:
            step = choices[-1]
            if left[step[0] if both_ways else 2 * step[0] + step[1]] == 0:
                choices.pop()
            elif came is not None and step[0] == came[0] and kept is None:
                kept = choices.pop()
            else:
                picked = step
                break
        if kept is not None:
            choices.insert(0, kept)
            at[node] = choices
            picked = picked or kept
        if picked is None:
            stack.pop()
            if came is not None:
                steps.append(came)
            continue
        left[picked[0] if both_ways else 2 * picked[0] + picked[1]] -= 1
        stack.append((ends[picked[0]][1 - picked[1]], picked))
    if any(left):
        raise ValueError("the links passed do not hang together")
    return steps[::-1]


def _fewer_turns_back(steps: list[Step], ends: list[list[int]], *, may_reverse: bool) -> list[Step]:
    """Take turns back out by walking the loops at a node in another order (or the other way round)."""

    def turns(a: Step, b: Step) -> int:
        return int(a[0] == b[0] and a[1] != b[1] and ends[a[0]][0] != ends[a[0]][1])

    k = 0
    while k < len(steps) - 1:
        if turns(steps[k], steps[k + 1]):
            node = ends[steps[k][0]][1 - steps[k][1]]
            visits = [j for j in range(len(steps) - 1) if ends[steps[j][0]][1 - steps[j][1]] == node]
            better = _reversed_loop(steps, k, visits, turns) if may_reverse else _swapped_loops(steps, k, visits, turns)
            if better is not None:
                steps = better
        k += 1
    return steps


def _reversed_loop(steps: list[Step], k: int, visits: list[int], turns) -> list[Step] | None:  # type: ignore[no-untyped-def]
    for j in visits:
        a, b = min(j, k), max(j, k)
        if a == b:
            continue
        loop = [(link, 1 - side) for link, side in reversed(steps[a + 1 : b + 1])]
        before = turns(steps[a], steps[a + 1]) + turns(steps[b], steps[b + 1])
        if turns(steps[a], loop[0]) + turns(loop[-1], steps[b + 1]) < before:
            return steps[: a + 1] + loop + steps[b + 1 :]
    return None


def _swapped_loops(steps: list[Step], k: int, visits: list[int], turns) -> list[Step] | None:  # type: ignore[no-untyped-def]
    others = [j for j in visits if j != k]
    for x in range(len(others)):
        for y in range(x + 1, len(others)):
            a, b, c = sorted((k, others[x], others[y]))
            before = sum(turns(steps[i], steps[i + 1]) for i in (a, b, c))
            after = turns(steps[a], steps[b + 1]) + turns(steps[c], steps[a + 1]) + turns(steps[b], steps[c + 1])
            if after < before:
                return steps[: a + 1] + steps[b + 1 : c + 1] + steps[a + 1 : b + 1] + steps[c + 1 :]
    return None


def make_route(problem: PatrolProblem, steps: list[Step], start: int) -> Route:
    """The walk as a route: which pass inspects each required link, when each key place is visited, what it takes."""
    n = len(steps)
    link = np.array([step[0] for step in steps], np.int32).reshape(n)
    side = np.array([step[1] for step in steps], np.int64).reshape(n)
    arrive = np.where(side == 0, problem.head[link], problem.tail[link])
    nodes = np.concatenate([[start], arrive]).astype(np.int64)
    leave = np.where(side == 0, problem.tail[link], problem.head[link])
    if not np.array_equal(leave, nodes[:-1]):
        raise ValueError("the steps do not make a walk")
    passing = passing_cost(problem)[link, side]
    inspects, extra = _choose_inspections(problem, link, side)
    first: dict[int, int] = {}
    for position, node in enumerate(nodes.tolist()):
        first.setdefault(node, position)
    visit = sorted((first[int(node)], k) for k, node in enumerate(problem.stop_node) if int(node) in first)
    dwell = float(problem.stop_s[[k for _, k in visit]].sum()) if visit else 0.0
    return Route(
        link=link,
        is_back=side == 1,
        inspects=inspects,
        stop=np.array([k for _, k in visit], np.int32),
        stop_step=np.array([p for p, _ in visit], np.int32),
        start_node=start,
        end_node=int(nodes[-1]),
        seconds=float(passing.sum()) + extra + dwell,
        length_m=float(problem.length_m[link].sum()),
        required_m=float(problem.length_m[link[inspects]].sum()),
    )


def passing_cost(problem: PatrolProblem) -> FloatArray:
    """Seconds of a pass without inspection; where only an inspecting pass is allowed, those of that."""
    passing = np.asarray(problem.passing_s, float)
    cost: FloatArray = np.where(np.isfinite(passing), passing, problem.inspecting_s)
    return cost


def extra_cost(problem: PatrolProblem) -> FloatArray:
    """Seconds that inspection adds to a pass, per link and direction; infinite where it is forbidden."""
    passing = passing_cost(problem)
    extra = np.full(passing.shape, np.inf)
    allowed = np.isfinite(passing) & np.isfinite(problem.inspecting_s)
    extra[allowed] = problem.inspecting_s[allowed] - passing[allowed]
    return extra


def _choose_inspections(problem: PatrolProblem, link: Int32Array, side: IntArray) -> tuple[BoolArray, float]:
    """Per step whether it inspects, and the seconds added: the cheapest pass of each link, the first of equals."""
    extra = extra_cost(problem)[link, side]
    inspects = np.zeros(len(link), bool)
    order = np.lexsort((np.arange(len(link)), extra, link))
    order = order[problem.required[link[order]]]
    leads = np.ones(len(order), bool)
    leads[1:] = link[order][1:] != link[order][:-1]
    inspects[order[leads]] = True
    return inspects, float(extra[inspects].sum())
