"""Giant tour and Split: one order of all tasks, cut into routes at the least cost (Ulusoy 1985, Prins 2004), with the
directions of all tasks chosen on the way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gis.graph import FloatArray, Int32Array
from partition.patrol.arcs.chains import HUGE
from partition.patrol.arcs.run import Tours, orient
from partition.patrol.arcs.tasks import Float32Array, Tasks

_TURNS = 12
"""Places where a closed giant tour is opened, evenly spread, before it is cut."""


def split_tour(tasks: Tasks, order: Int32Array, *, is_ring: bool = True) -> Tours:
    """The cheapest routes that do the tasks in this order: as few as the limits allow, and of these the cheapest.

    Parameters
    ----------
    tasks
        The problem; its number of routes does not count here.
    order
        Every task once.
    is_ring
        The order may be opened anywhere.
    """
    n = len(order)
    if n == 0:
        return Tours((), np.zeros(0, np.int32), 0)
    best: Tours | None = None
    turns = np.unique(np.linspace(0, n, _TURNS + 1).astype(int)[:-1]) if is_ring else np.zeros(1, int)
    for turn in turns.tolist():
        row = np.concatenate([order[turn:], order[:turn]]).astype(np.int32)
        begin, post = _cut(
            row,
            tasks.between,
            tasks.leaving,
            tasks.returning,
            tasks.load,
            tasks.own_post,
            tasks.capacity,
            tasks.limit,
        )
        tours = []
        end = n
        while end > 0 and begin[end] >= 0:
            tours.append(orient(tasks, row[begin[end] : end], int(post[end])))
            end = int(begin[end])
        if end > 0:
            continue
        found = Tours(tuple(tours[::-1]), np.zeros(0, np.int32), 0)
        if best is None or (len(found.tours), found.cost) < (len(best.tours), best.cost - 1e-6):
            best = found
    return best or Tours((), np.sort(order).astype(np.int32), 0)


@njit(cache=True)
def _cut(
    row: Int32Array,
    between: Float32Array,
    leaving: Float32Array,
    returning: Float32Array,
    load: FloatArray,
    own_post: Int32Array,
    capacity: float,
    limit: float,
) -> Any:
    """Per end of a route: where the best last route begins (-1: no way), and its post."""
    n = row.shape[0]
    is_anywhere = own_post.shape[0] > 0
    n_posts = own_post.shape[1] if is_anywhere else leaving.shape[0]
    routes = np.full(n + 1, n + 1, np.int64)
    least = np.full(n + 1, HUGE)
    begin = np.full(n + 1, -1, np.int32)
    post = np.zeros(n + 1, np.int32)
    routes[0], least[0] = 0, 0.0
    for i in range(n):
        if routes[i] > n:
            continue
        for k in range(n_posts):
            t = row[i]
            p = own_post[t, k] if is_anywhere else k
            a, b = float(leaving[p, 2 * t]), float(leaving[p, 2 * t + 1])
            filled = load[t]
            j = i + 1
            while min(a, b) <= limit and filled <= capacity:
                whole = min(a + returning[p, 2 * t], b + returning[p, 2 * t + 1])
                if whole <= limit and (
                    routes[i] + 1 < routes[j] or (routes[i] + 1 == routes[j] and least[i] + whole < least[j])
                ):
                    routes[j], least[j], begin[j], post[j] = routes[i] + 1, least[i] + whole, i, p
                if j == n:
                    break
                s = row[j]
                c = min(a + between[2 * t, 2 * s], b + between[2 * t + 1, 2 * s])
                b = min(a + between[2 * t, 2 * s + 1], b + between[2 * t + 1, 2 * s + 1])
                a = c
                t = s
                filled += load[t]
                j += 1
    return begin, post
