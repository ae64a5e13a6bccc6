"""The same route, walked differently from shift to shift, so that nobody can tell when a street is passed.

A closed walk costs the same wherever it begins; and any part of a walk that comes back to where it began may be walked
the other way round.  That is all that is changed here: the same streets, the same inspections, the same places.  What
is drawn depends on a text alone (plan, grid, date, half), so anybody who has the plan gets the same walk again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array
from partition.patrol.problem import PatrolProblem, Route

_MOST_PARTS = 6
"""Parts that are turned round in one variation: more of them make it no harder to foresee."""
_TOLERANCE_S = 1e-6


class Draws:
    """Numbers that follow from a text alone, the same on every machine and with every release of every library."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._n = 0

    def below(self, n: int) -> int:
        """A whole number from 0 to ``n - 1``."""
        digest = hashlib.sha256(self._key + self._n.to_bytes(8, "big")).digest()
        self._n += 1
        return int.from_bytes(digest[:16], "big") % n

    def shuffled(self, n: int) -> list[int]:
        """The numbers from 0 to ``n - 1`` in some order."""
        order = list(range(n))
        for last in range(n - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order


def shift_key(plan_id: str, grid: str, date: str, half: str, patroller: int = 1) -> str:
    """Text that a shift's variation is drawn from."""
    return "\n".join((plan_id, grid, date, half, str(patroller)))


def vary(problem: PatrolProblem, route: Route, key: str) -> Route:
    """Walk a route from another start and in other directions, where that is allowed and costs no more.

    Parameters
    ----------
    problem
        What the route belongs to.
    route
        A route of it.
    key
        What to draw from (`shift_key`); the empty text leaves the route as it is.

    Returns
    -------
    Route
        Passes the same links, inspects each as often and visits the same stops.  It begins and ends at a post where
        there are posts, uses no forbidden direction, and takes no more seconds than ``route``.
    """
    if not key or not len(route.link):
        return route
    draws = Draws(key)
    walk = _Walk.of(problem, route)
    walk = walk.begun_at(draws, problem)
    if draws.below(2):
        walk = walk.reversed_if_free(problem)
    walk = walk.with_parts_turned(draws, problem)
    return walk.as_route(problem, route)


class _Walk:
    """Steps and stops of a route, and the nodes between them."""

    def __init__(
        self, link: Int32Array, is_back: BoolArray, inspects: BoolArray, node: Int32Array, stops: list[tuple[int, int]]
    ) -> None:
        self.link = link
        self.is_back = is_back
        self.inspects = inspects
        self.node = node  # one more than steps
        self.stops = stops  # (before which step, stop)

    @classmethod
    def of(cls, problem: PatrolProblem, route: Route) -> _Walk:
        back = np.asarray(route.is_back, dtype=bool)
        into = np.where(back, problem.tail[route.link], problem.head[route.link])
        node = np.concatenate([[route.start_node], into]).astype(np.int32)
        stops = [(int(step), int(stop)) for step, stop in zip(route.stop_step, route.stop)]
        return cls(np.asarray(route.link), back, np.asarray(route.inspects, dtype=bool), node, stops)

    @property
    def is_closed(self) -> bool:
        return bool(self.node[0] == self.node[-1])

    def step_seconds(self, problem: PatrolProblem) -> FloatArray:
        column = self.is_back.astype(np.intp)
        inspecting, passing = problem.inspecting_s[self.link, column], problem.passing_s[self.link, column]
        return np.asarray(np.where(self.inspects, inspecting, passing), dtype=np.float64)

    def begun_at(self, draws: Draws, problem: PatrolProblem) -> _Walk:
        """A closed walk from another node that a patrol may begin at."""
        if not self.is_closed or problem.is_open:
            return self
        n = len(self.link)
        may = np.isin(self.node[:-1], problem.posts) if len(problem.posts) else np.ones(n, dtype=bool)
        starts = np.flatnonzero(may)
        if not len(starts):
            return self
        first = int(starts[draws.below(len(starts))])
        if first == 0:
            return self
        stops = [((step - first) % n, stop) for step, stop in self.stops]
        stops.sort(key=lambda pair: pair[0])
        turn = np.roll(np.arange(n), -first)
        node = np.concatenate([self.node[:-1][turn], self.node[first : first + 1]])
        return _Walk(self.link[turn], self.is_back[turn], self.inspects[turn], node, stops)

    def reversed_if_free(self, problem: PatrolProblem) -> _Walk:
        """The whole walk the other way, where its end is a place to begin at and it takes no longer."""
        if not self.is_closed and len(problem.posts) and int(self.node[-1]) not in set(problem.posts.tolist()):
            return self
        return self.turned(0, len(self.link), problem) or self

    def turned(self, first: int, beyond: int, problem: PatrolProblem) -> _Walk | None:
        """The steps from one to before another the other way round; none where that is forbidden or takes longer."""
        part = slice(first, beyond)
        order = np.arange(len(self.link))
        order[part] = order[part][::-1]
        is_back = self.is_back[order]
        is_back[part] = ~is_back[part]
        node = self.node.copy()
        node[first : beyond + 1] = node[first : beyond + 1][::-1]
        stops = [(first + beyond - step if first <= step <= beyond else step, stop) for step, stop in self.stops[::-1]]
        stops.sort(key=lambda pair: pair[0])
        other = _Walk(self.link[order], is_back, self.inspects[order], node, stops)
        before, after = self.step_seconds(problem)[part].sum(), other.step_seconds(problem)[part].sum()
        return other if after <= before + _TOLERANCE_S else None  # infinite where forbidden

    def with_parts_turned(self, draws: Draws, problem: PatrolProblem) -> _Walk:
        """Some parts that come back to where they began, the other way round."""
        walk = self
        for _ in range(_MOST_PARTS):
            places = _returns(walk.node)
            if not places:
                return walk
            visits = places[draws.below(len(places))]
            begin = draws.below(len(visits) - 1)
            end = begin + 1 + draws.below(len(visits) - 1 - begin)
            walk = walk.turned(visits[begin], visits[end], problem) or walk
        return walk

    def as_route(self, problem: PatrolProblem, route: Route) -> Route:
        stop = np.array([stop for _, stop in self.stops], dtype=np.int32)
        seconds = float(self.step_seconds(problem).sum() + problem.stop_s[stop].sum())
        return replace(
            route,
            link=self.link.astype(np.int32),
            is_back=self.is_back,
            inspects=self.inspects,
            stop=stop,
            stop_step=np.array([step for step, _ in self.stops], dtype=np.int32),
            start_node=int(self.node[0]),
            end_node=int(self.node[-1]),
            seconds=seconds,
        )


def _returns(node: Int32Array) -> list[list[int]]:
    """Per node that a walk comes to more than once: before which steps it is there, in order of its first visit."""
    order = np.argsort(node, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(node[order])) + 1)
    found = [part.tolist() for part in parts if len(part) > 1]
    found.sort()
    return found
