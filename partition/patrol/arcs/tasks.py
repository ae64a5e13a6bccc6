"""Tasks of an arc-routing problem as the kernels read them: every required link or stop in its two directions.

Direction ``d`` of task ``i`` is number ``2 i + d``: 0 from tail to head, 1 back.  One matrix holds what it costs to go
from the end of one directed task to the start of another and do that one; posts have one more row and column each.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from gis.graph import FloatArray, Int32Array

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tasks:
    """An arc-routing problem, reduced to its tasks.  Arrays are read-only.

    Attributes
    ----------
    between
        ``(2n, 2n)``: cost from the end of directed task ``a`` to the start of directed task ``b`` and of doing ``b``;
        infinite where a direction is forbidden.
    leaving
        ``(posts, 2n)``: cost from a post to the start of a directed task and of doing it.
    returning
        ``(posts, 2n)``: cost from the end of a directed task back to the post; 0 for open routes.
    load
        Per task: how much of a route's capacity it takes.
    capacity
        Of a route; infinite for none.
    limit
        Greatest cost of a route; infinite for none.
    max_routes
        Most routes; 0 for any number.
    own_post
        ``(n, 2)``: the posts at tail and head of each task, where a closed route may begin anywhere; empty elsewhere.
    near
        ``(n, k)``: for every task the tasks nearest to it, nearest first.
    """

    between: Float32Array
    leaving: Float32Array
    returning: Float32Array
    load: FloatArray
    capacity: float
    limit: float
    max_routes: int
    own_post: Int32Array
    near: Int32Array

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return len(self.load)


def make_tasks(
    distance: FloatArray,
    ends: Int32Array,
    cost: FloatArray,
    posts: Int32Array,
    *,
    load: FloatArray | None = None,
    capacity: float = np.inf,
    limit: float = np.inf,
    max_routes: int = 0,
    is_open: bool = False,
) -> Tasks:
    """Reduce a network to its tasks.

    Parameters
    ----------
    distance
        ``(terminals, terminals)``: cost of the cheapest way between any two of the nodes that matter.
    ends
        ``(n, 2)``: tail and head of each task, as rows of ``distance``; equal for a stop.
    cost
        ``(n, 2)``: cost of doing the task from tail to head, and back; infinite where forbidden.
    posts
        Rows of ``distance`` where a route may begin; none: anywhere.  A closed route then begins at an end of one of
        its tasks, an open one has no way to its first.
    load, capacity, limit, max_routes
        See `Tasks`.
    is_open
        Routes do not come back.
    """
    n = len(ends)
    start, end = ends.reshape(-1), ends[:, ::-1].reshape(-1)
    doing = cost.reshape(-1)
    between = (distance[end][:, start] + doing[None, :]).astype(np.float32)
    own_post = np.zeros((0, 2), np.int32)
    if not len(posts) and not is_open:
        posts, own = np.unique(ends, return_inverse=True)
        own_post = own.reshape(n, 2).astype(np.int32)
    if len(posts):
        leaving = distance[posts][:, start] + doing[None, :]
        returning = np.zeros((len(posts), 2 * n)) if is_open else distance[end][:, posts].T.copy()
    else:
        leaving, returning = doing[None, :].copy(), np.zeros((1, 2 * n))
    blocked = ~np.isfinite(doing)
    returning[:, blocked] = np.inf
    return Tasks(
        between,
        leaving.astype(np.float32),
        returning.astype(np.float32),
        np.zeros(n) if load is None else np.asarray(load, float),
        float(capacity),
        float(limit),
        int(max_routes),
        own_post,
        _nearest(distance, ends, min(n - 1, 60)) if n > 1 else np.zeros((n, 0), np.int32),
    )


def _nearest(distance: FloatArray, ends: Int32Array, k: int) -> Int32Array:
    """The tasks nearest to each: the least of the four ways from end to end."""
    n = len(ends)
    near = np.empty((n, k), np.int32)
    block = max(1, 4_000_000 // n)
    for first in range(0, n, block):
        rows = slice(first, min(n, first + block))
        apart = np.full((ends[rows].shape[0], n), np.inf)
        for a in (0, 1):
            for b in (0, 1):
                there = distance[ends[rows, a]][:, ends[:, b]]
                np.minimum(apart, there, out=apart)
        own = np.arange(rows.start, rows.stop)
        apart[own - rows.start, own] = np.inf
        near[rows] = np.argsort(apart, axis=1, kind="stable")[:, :k]
    return near
