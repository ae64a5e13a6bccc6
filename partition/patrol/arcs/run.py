"""Runs the arc search within a budget, and reads routes and their directions out of its answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gis.graph import FloatArray, Int32Array
from partition.patrol.arcs.kernel import search
from partition.patrol.arcs.tasks import Tasks

HOT_FRAC, COLD_FRAC = 0.3, 0.002
"""Temperatures, as shares of the mean cost a task has in the first solution."""
REMOVED_MEAN, LONGEST_STRING = 10.0, 15


@dataclass(frozen=True, slots=True)
class Tour:
    """One route of tasks.

    ``tasks`` in order, ``is_back`` the direction of each, ``post`` the row of `Tasks.leaving`, ``cost`` the whole.
    """

    tasks: Int32Array
    is_back: Int32Array
    post: int
    cost: float


@dataclass(frozen=True, slots=True)
class Tours:
    """What the search found: routes, tasks in none of them, rounds made."""

    tours: tuple[Tour, ...]
    missing: Int32Array
    n_rounds: int

    @property
    def cost(self) -> float:
        """Sum over all routes."""
        return float(sum(tour.cost for tour in self.tours))

    @property
    def longest(self) -> float:
        """Cost of the dearest route; 0 without any."""
        return max((tour.cost for tour in self.tours), default=0.0)


def search_tours(
    tasks: Tasks,
    *,
    seed: int = 0,
    n_rounds: int | None = None,
    seconds: float | None = None,
    start: Tours | None = None,
    heat: float = 1.0,
    clock: Callable[[], float] = time.process_time,
) -> Tours:
    """Find cheap routes that do every task.

    Parameters
    ----------
    tasks
        The problem.
    seed
        Same seed and rounds, same routes on every machine.
    n_rounds
        Rounds of ruin and recreate; ``None``: as many as ``seconds`` allow (then the machine decides).
    seconds
        At most so long, counted by ``clock``: processor seconds unless told otherwise.
    start
        Solution to begin with.
    heat
        Scales the temperatures: below 1 for a polish of a good start.
    """
    n = tasks.n_tasks
    now, best = np.full(2 * n + 2, -2, np.int32), np.full(2 * n + 2, -2, np.int32)
    now_post, best_post = np.zeros(n + 1, np.int32), np.zeros(n + 1, np.int32)
    if n == 0:
        return Tours((), np.zeros(0, np.int32), 0)
    if start is not None:
        _lay(start, now, now_post)
    scores = np.array([np.inf, np.inf])
    alone = np.min(tasks.leaving.reshape(-1, n, 2) + tasks.returning.reshape(-1, n, 2), axis=(0, 2))
    missing_cost = float(2.0 * alone[np.isfinite(alone)].max(initial=1.0) + 1.0)
    state = np.array([(seed * 0x9E3779B97F4A7C15 + 0x1234567) % 2**64 or 1], np.uint64)

    def go(rounds: int, hot: float, cold: float) -> None:
        search(
            rounds, hot, cold, REMOVED_MEAN, LONGEST_STRING,
            tasks.between, tasks.leaving, tasks.returning, tasks.load, tasks.near, tasks.own_post,
            tasks.capacity, tasks.limit, tasks.max_routes, missing_cost,
            state, now, now_post, best, best_post, scores,
        )  # fmt: skip

    go(1, 1e-9, 1e-9)
    began = clock()
    unit = max(heat * float(scores[1]) / n, 1e-6)
    hot, cold = HOT_FRAC * unit, COLD_FRAC * unit
    made, share = 0, 0.0
    step = 50
    while True:
        if n_rounds is not None:
            rounds = min(max(1, n_rounds // 100), n_rounds - made)
            ahead = (made + rounds) / n_rounds
        else:
            rounds, ahead = step, share
        if rounds <= 0:
            break
        go(rounds, hot * (cold / hot) ** share, hot * (cold / hot) ** max(share, ahead))
        made += rounds
        if n_rounds is not None:
            share = made / n_rounds
            if seconds is not None and clock() - began >= seconds:
                break
            continue
        used = clock() - began
        share = used / (seconds or 1.0)
        if share >= 1.0:
            break
        # about two hundred steps in all, the last one short
        rate = made / max(used, 1e-4)
        step = int(max(10, min(rate * (seconds or 1.0) / 200, rate * ((seconds or 1.0) - used))))
    tours = _read(tasks, best, best_post)
    held = np.concatenate([tour.tasks for tour in tours]) if tours else np.zeros(0, np.int32)
    return Tours(tours, np.setdiff1d(np.arange(n, dtype=np.int32), held), made)


def _lay(start: Tours, row: Int32Array, row_post: Int32Array) -> None:
    i = 0
    for r, tour in enumerate(start.tours):
        row[i : i + len(tour.tasks)] = tour.tasks
        row[i + len(tour.tasks)] = -1
        row_post[r] = tour.post
        i += len(tour.tasks) + 1
    row[i] = -2


def _read(tasks: Tasks, row: Int32Array, row_post: Int32Array) -> tuple[Tour, ...]:
    stop = int(np.argmax(row == -2))
    parts = np.split(row[:stop], np.flatnonzero(row[:stop] == -1) + 1)
    return tuple(orient(tasks, part[:-1], int(row_post[r])) for r, part in enumerate(parts) if len(part) > 1)


def orient(tasks: Tasks, order: Int32Array, post: int) -> Tour:
    """The best directions of a route of tasks in a given order, and its cost."""
    order = np.asarray(order, np.int32)
    n = len(order)
    cost = tasks.leaving[post, 2 * order[0] : 2 * order[0] + 2].astype(float)
    came: FloatArray = np.zeros((n, 2), np.int8)
    for i in range(1, n):
        a, b = 2 * int(order[i - 1]), 2 * int(order[i])
        way = cost[:, None] + tasks.between[a : a + 2, b : b + 2]
        came[i] = np.argmin(way, axis=0)
        cost = way.min(axis=0)
    cost = cost + tasks.returning[post, 2 * order[-1] : 2 * order[-1] + 2]
    d = int(np.argmin(cost))
    total = float(cost[d])
    back = np.empty(n, np.int32)
    for i in range(n - 1, -1, -1):
        back[i] = d
        d = int(came[i, d])
    return Tour(order, back, post, total)
