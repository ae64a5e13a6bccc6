"""The same tasks as a vehicle routing problem for PyVRP: each task is two clients, one per direction, of which one is
visited.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from partition.patrol.arcs.run import Tour, Tours, orient
from partition.patrol.arcs.tasks import Tasks

_FAR = 2**30
"""Between two places without a way; no route of any shift is that long."""


def search_by_vehicles(
    tasks: Tasks,
    *,
    seed: int = 0,
    n_rounds: int | None = None,
    seconds: float | None = None,
    scale: float = 1.0,
    clock: Callable[[], float] = time.process_time,
) -> Tours:
    """Find routes with PyVRP.

    Parameters
    ----------
    tasks
        The problem.
    seed, n_rounds, seconds, clock
        As in `partition.patrol.arcs.run.search_tours`; rounds are PyVRP's iterations.
    scale
        Costs are multiplied by this and rounded: PyVRP counts in whole numbers.

    Returns
    -------
    Tours
        Directions chosen anew for every route.  Without any route where PyVRP found nothing that keeps the limits.
    """
    import pyvrp  # takes a second to load, and most grids need one route only

    n, n_posts = tasks.n_tasks, len(tasks.leaving)
    nothing = Tours((), np.arange(n, dtype=np.int32), 0)
    if n == 0:
        return nothing
    size = n_posts + 2 * n
    cost = np.full((size, size), float(_FAR))
    cost[:n_posts, n_posts:] = tasks.leaving * scale
    cost[n_posts:, :n_posts] = tasks.returning.T * scale
    cost[n_posts:, n_posts:] = tasks.between * scale
    np.fill_diagonal(cost, 0.0)
    whole: Any = np.minimum(np.ceil(np.where(np.isfinite(cost), cost, _FAR)), _FAR).astype(np.int64)
    may = np.isfinite(tasks.leaving).any(axis=0)
    if not may.reshape(n, 2).any(axis=1).all():
        return nothing
    has_load = bool(np.isfinite(tasks.capacity))
    clients: list[Any] = []
    groups: list[Any] = []
    for task in range(n):
        members = []
        for d in (0, 1):
            if may[2 * task + d]:
                members.append(len(clients))
                load = [round(float(tasks.load[task]))] if has_load else []
                clients.append(pyvrp.Client(n_posts + 2 * task + d, delivery=load, required=False, group=len(groups)))
        groups.append(pyvrp.ClientGroup(members, required=True))
    # Rounding up keeps each route within the limit; the ends of its sum are all that is lost.
    limit: dict[str, Any] = {"max_distance": int(tasks.limit * scale)} if np.isfinite(tasks.limit) else {}
    types = [
        pyvrp.VehicleType(
            num_available=tasks.max_routes or n,
            capacity=[round(tasks.capacity)] if has_load else [],
            start_depot=p,
            end_depot=p,
            **limit,
        )
        for p in range(n_posts)
    ]
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(size)],
        clients,
        [pyvrp.Depot(p) for p in range(n_posts)],
        types,
        [whole],
        [np.zeros_like(whole)],
        groups,
    )
    began = clock()

    class Watch:
        """PyVRP's stop rule: rounds, seconds, or whichever comes first."""

        n = 0

        def __call__(self, best_cost: int) -> bool:
            self.n += 1
            if n_rounds is not None and self.n > n_rounds:
                return True
            return seconds is not None and clock() - began > seconds

    watch = Watch()
    found = pyvrp.solve(data, stop=watch, seed=seed, display=False, collect_stats=False)
    if not found.is_feasible():
        return nothing
    tours: list[Tour] = []
    for route in found.best.routes():
        order = [(clients[visit].location - n_posts) // 2 for visit in _clients_of(route)]
        if order:
            tours.append(orient(tasks, np.array(order, np.int32), route.start_depot()))
    if tasks.max_routes and len(tours) > tasks.max_routes:
        return nothing
    held = np.concatenate([tour.tasks for tour in tours])
    return Tours(tuple(tours), np.setdiff1d(np.arange(n, dtype=np.int32), held), watch.n)


def _clients_of(route: object) -> list[int]:
    """Clients of a route in order."""
    return [activity.idx for activity in route if activity.is_client()]  # type: ignore[attr-defined]
