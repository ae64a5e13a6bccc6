"""Several patrollers: how few will do, the shortest routes for them, and the shortest longest route.

Decides the order of aims: everything covered, as few routes as the shift allows (or as many as asked for), then a
short longest route as long as that costs little extra walking.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gis.graph import BoolArray, Int32Array, IntArray
from partition.patrol.arcs.run import Tour, Tours, orient, search_tours
from partition.patrol.arcs.split import split_tour
from partition.patrol.arcs.tasks import Tasks, make_tasks
from partition.patrol.arcs.vehicles import search_by_vehicles
from partition.patrol.parting import groups_of
from partition.patrol.problem import PatrolProblem, Route
from partition.patrol.ways import Ways
from partition.stop import Stop

ROUNDS, VEHICLE_ROUNDS = 30_000, 20_000
"""Rounds of one search at effort 1: of our own; of PyVRP, to be divided by the number of tasks."""
MOST_CUTS = 6
"""The longest ways between parts of a beat at which it is tried to part the routes."""
WARM = 0.15
"""Share of the temperatures for a search that begins with a good answer."""
EVEN_FRAC, EXTRA_FRAC = 0.02, 0.03
"""A longest route this near to its bound is even enough; evening out may cost this much more walking in all."""


class Budget:
    """How much each search may do: rounds, and half of what is left of the time where that is limited."""

    def __init__(self, stop: Stop, deadline: float) -> None:
        self._rounds = max(300, int(ROUNDS * stop.effort))
        self._vehicle_rounds = stop.effort * VEHICLE_ROUNDS
        self._deadline = deadline

    def search(
        self, tasks: Tasks, seed: int, start: Tours | None = None, *, heat: float = 1.0, share: float = 1.0
    ) -> Tours:
        """One search of our own; ``share`` scales its rounds."""
        n_rounds = max(150, int(share * self._rounds))
        return search_tours(
            tasks,
            seed=seed,
            n_rounds=n_rounds,
            seconds=self._seconds(),
            start=start,
            heat=heat,
            clock=time.monotonic,
        )

    def search_by_vehicles(self, tasks: Tasks, seed: int) -> Tours:
        """One search of PyVRP."""
        n_rounds = int(self._vehicle_rounds / tasks.n_tasks)
        return search_by_vehicles(tasks, seed=seed, n_rounds=n_rounds, seconds=self._seconds(), clock=time.monotonic)

    def _seconds(self) -> float | None:
        return None if math.isinf(self._deadline) else max(0.01, (self._deadline - time.monotonic()) / 2)


class TaskSet:
    """The tasks of a problem: required links first, then stops; and how to walk a tour of them."""

    def __init__(self, problem: PatrolProblem, ways: Ways) -> None:
        self._problem = problem
        self._ways = ways
        self.links = np.flatnonzero(problem.required).astype(np.int32)
        n_links, n_stops = len(self.links), len(problem.stop_node)
        self.ends = np.empty((n_links + n_stops, 2), np.int32)
        self.ends[:n_links, 0], self.ends[:n_links, 1] = problem.tail[self.links], problem.head[self.links]
        self.ends[n_links:] = problem.stop_node[:, None]
        self.cost = np.full((n_links + n_stops, 2), np.inf)
        self.cost[:n_links] = problem.inspecting_s[self.links]
        self.cost[n_links:, 0] = problem.stop_s
        self.posts = problem.posts
        self.shift_s = problem.shift_s

    def tasks(self, limit: float, max_routes: int) -> Tasks:
        """For the search, with a longest route and a number of routes."""
        terminals, row = np.unique(np.concatenate([self.ends.reshape(-1), self.posts]), return_inverse=True)
        size = self.ends.size
        return make_tasks(
            self._ways.from_nodes(terminals)[:, terminals],
            row[:size].reshape(-1, 2).astype(np.int32),
            self.cost,
            row[size:].astype(np.int32),
            limit=limit,
            max_routes=max_routes,
            is_open=self._problem.is_open,
        )

    def order_of(self, route: Route) -> Int32Array:
        """The tasks of a route in the order it does them; stops before the step they stand at."""
        number = np.full(self._problem.n_links, -1, np.int64)
        number[self.links] = np.arange(len(self.links))
        steps = np.flatnonzero(route.inspects)
        when = np.concatenate([route.stop_step - 0.5, steps])
        task = np.concatenate([len(self.links) + route.stop, number[route.link[steps]]])
        return task[np.argsort(when, kind="stable")].astype(np.int32)

    def groups(self) -> Iterator[Int32Array]:
        """Per task its group, when the beat is parted at its longest ways; only where routes may begin anywhere."""
        if len(self.posts) or self._problem.is_open:
            return
        for nodes, group in groups_of(self._problem, self._ways, MOST_CUTS):
            yield group[np.searchsorted(nodes, self.ends[:, 0])]

    def walk(self, tasks: Tasks, tour: Tour) -> Route:
        """The route of a tour: every link passed, deadheads by the quickest ways."""
        problem, n_links = self._problem, len(self.links)
        order, backs = tour.tasks, tour.is_back
        link: list[int] = []
        is_back: list[int] = []
        inspects: list[bool] = []
        stop: list[int] = []
        stop_step: list[int] = []
        if len(self.posts):
            begins = int(self.posts[tour.post])
        elif problem.is_open:
            begins = int(self.ends[order[0], backs[0]])
        else:
            begins = int(np.unique(self.ends)[tour.post])
        at = begins

        def go(to: int) -> None:
            links, ways_back = self._ways.path(at, to)
            link.extend(links)
            is_back.extend(ways_back)
            inspects.extend([False] * len(links))

        for task, back in zip(order.tolist(), backs.tolist()):
            start, end = self.ends[task, back], self.ends[task, 1 - back]
            go(int(start))
            if task < n_links:
                link.append(int(self.links[task]))
                is_back.append(back)
                inspects.append(True)
            else:
                stop.append(task - n_links)
                stop_step.append(len(link))
            at = int(end)
        if not problem.is_open:
            go(begins)
            at = begins
        return make_route(problem, link, is_back, inspects, stop, stop_step, begins, at)


def make_route(
    problem: PatrolProblem,
    link: list[int],
    is_back: list[int],
    inspects: list[bool],
    stop: list[int],
    stop_step: list[int],
    start_node: int,
    end_node: int,
) -> Route:
    """A route with its time and lengths added up."""
    links: IntArray = np.array(link, np.int64)
    side: IntArray = np.array(is_back, np.int64)
    served: BoolArray = np.array(inspects, bool)
    seconds = np.where(served, problem.inspecting_s[links, side], problem.passing_s[links, side])
    length = problem.length_m[links]
    return Route(
        links.astype(np.int32),
        side.astype(bool),
        served,
        np.array(stop, np.int32),
        np.array(stop_step, np.int32),
        start_node,
        end_node,
        math.fsum(seconds.tolist()) + math.fsum(problem.stop_s[stop].tolist() if stop else []),
        math.fsum(length.tolist()),
        math.fsum(length[served].tolist()),
    )


def share_out(
    problem: PatrolProblem, ways: Ways, giant: Route, *, n_least: int, seed: int, budget: Budget
) -> tuple[tuple[Route, ...], str]:
    """Routes for several patrollers.

    Parameters
    ----------
    problem
        Everything required can be reached and held by a shift.
    ways
        Of the problem.
    giant
        A short route of everything, whatever the shift: cut into pieces it is the first answer.
    n_least
        No fewer routes can do.
    seed, budget
        Of the searches.

    Returns
    -------
    tuple
        Routes, and which search found them.  With a number of patrollers asked for, they may be over the shift.
    """
    task_set = TaskSet(problem, ways)
    fixed = problem.n_patrollers
    order = task_set.order_of(giant)
    method = "arcs"
    if fixed:
        tasks = task_set.tasks(math.inf, fixed)
        tours = _searched(tasks, _split_into(tasks, order, fixed), seed, budget)
        if len(tours.tours) < fixed:
            tours = _halved(tasks, tours, fixed)
    else:
        tours = _fewest(task_set, order, n_least, seed, budget)
        tasks = task_set.tasks(problem.shift_s, len(tours.tours))
    if len(tours.tours) > 1:
        other = _by_vehicles(tasks, tours, seed, budget)
        if len(other.tours) == len(tours.tours) and other.cost < tours.cost * (1 - 1e-6):
            tours, method = other, "vehicles"
        tours = _even_out(tasks, tours, seed, budget)
    return tuple(task_set.walk(tasks, tour) for tour in tours.tours), method


def n_needed(problem: PatrolProblem, ways: Ways, giant: Route, *, seed: int, budget: Budget) -> int:
    """How many patrollers keep the shift."""
    task_set = TaskSet(problem, ways)
    return len(_fewest(task_set, task_set.order_of(giant), 1, seed, budget).tours)


def _fewest(task_set: TaskSet, order: Int32Array, n_least: int, seed: int, budget: Budget) -> Tours:
    """As few routes as the shift allows: the giant tour cut, then one route fewer as long as that can be done."""
    tasks = task_set.tasks(task_set.shift_s, 0)
    first = split_tour(tasks, order, is_ring=not len(task_set.posts))
    for groups in task_set.groups():
        first = _better(first, _split_groups(tasks, order, groups))
    # Without a number of routes the search would make ever more: each saves some walking.
    limited = tasks if len(first.missing) else replace(tasks, max_routes=len(first.tours))
    return _fewer(tasks, _searched(limited, first, seed, budget), n_least, seed, budget)


def _searched(tasks: Tasks, first: Tours, seed: int, budget: Budget) -> Tours:
    """The better of two searches: from a first answer, and from nothing."""
    warm = budget.search(tasks, seed, first, heat=WARM)
    return _better(warm, budget.search(tasks, seed))


def _better(a: Tours, b: Tours) -> Tours:
    return min(a, b, key=lambda tours: (len(tours.missing), len(tours.tours), tours.cost))


def _split_into(tasks: Tasks, order: Int32Array, n: int) -> Tours:
    """The giant tour in at most ``n`` pieces, the longest as short as cutting alone can make it."""
    best = split_tour(tasks, order)
    low, high = best.cost / n, best.cost
    for _ in range(10):
        limit = (low + high) / 2
        found = split_tour(replace(tasks, limit=limit), order)
        if len(found.missing) or len(found.tours) > n:
            low = limit
        else:
            best, high = found, limit
    return best


def _split_groups(tasks: Tasks, order: Int32Array, group: Int32Array) -> Tours:
    """The giant tour of each group cut by itself."""
    parts = [split_tour(tasks, order[group[order] == one]) for one in range(int(group.max()) + 1)]
    tours = tuple(tour for part in parts for tour in part.tours)
    return Tours(tours, np.concatenate([part.missing for part in parts]).astype(np.int32), 0)


def _by_vehicles(tasks: Tasks, tours: Tours, seed: int, budget: Budget) -> Tours:
    """PyVRP's answer; routes that may begin anywhere begin at the posts of the routes in hand."""
    post = np.unique([tour.post for tour in tours.tours])
    if len(tasks.own_post):
        tasks = replace(tasks, leaving=tasks.leaving[post], returning=tasks.returning[post])
    else:
        post = np.arange(len(tasks.leaving))
    found = budget.search_by_vehicles(tasks, seed)
    return replace(found, tours=tuple(replace(tour, post=int(post[tour.post])) for tour in found.tours))


def _fewer(tasks: Tasks, tours: Tours, n_least: int, seed: int, budget: Budget) -> Tours:
    """One route fewer, as long as that can be done."""
    while len(tours.tours) > max(1, n_least):
        tighter = replace(tasks, max_routes=len(tours.tours) - 1)
        shorter = tuple(sorted(tours.tours, key=lambda tour: -tour.cost)[:-1])
        found = budget.search(tighter, seed, Tours(shorter, tours.missing, 0), heat=WARM)
        if len(found.missing):
            break
        tours = found
    return tours


def _even_out(tasks: Tasks, tours: Tours, seed: int, budget: Budget) -> Tours:
    """A shorter longest route with as many routes, while the whole grows by a few per cent at most."""
    n = len(tours.tours)
    low, best, dear = tours.cost / n, tours, tours.cost * (1 + EXTRA_FRAC)
    for attempt in range(5):
        if best.longest <= low * (1 + EVEN_FRAC):
            break
        limit = max(low * (1 + EVEN_FRAC / 2), (low + best.longest) / 2)
        tighter = replace(tasks, limit=limit, max_routes=n)
        start = Tours(tuple(_shortened(tasks, tour, limit) for tour in best.tours), best.missing, 0)
        found = budget.search(tighter, seed + attempt + 1, start, heat=0.3, share=0.5)
        if len(found.missing) or found.cost > dear or len(found.tours) < n:
            low = max(low, limit)
        elif found.longest < best.longest:
            best = found
    return best


def _shortened(tasks: Tasks, tour: Tour, limit: float) -> Tour:
    """A tour without its last tasks, so that it keeps the limit."""
    while tour.cost > limit and len(tour.tasks) > 1:
        tour = orient(tasks, tour.tasks[:-1], tour.post)
    return tour


def _halved(tasks: Tasks, tours: Tours, n: int) -> Tours:
    """As many routes as asked for: the dearest is halved until there are enough or nothing is left to halve."""
    parts = list(tours.tours)
    while len(parts) < n:
        parts.sort(key=lambda tour: (-tour.cost, tour.tasks.tolist()))
        at = next((i for i, tour in enumerate(parts) if len(tour.tasks) > 1), None)
        if at is None:
            break
        whole = parts.pop(at)
        middle = len(whole.tasks) // 2
        parts += [orient(tasks, piece, whole.post) for piece in (whole.tasks[:middle], whole.tasks[middle:])]
    return Tours(tuple(parts), tours.missing, tours.n_rounds)
