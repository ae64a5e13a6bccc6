"""Routes as chains in arrays: their costs up to and from each task, brought up to date after a change.

Along every route the least cost up to each task and from each task on is kept for both directions (the orientation
dynamic programme), so that an insertion is weighed exactly, with every task of the route free to turn round.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from gis.graph import FloatArray, Int32Array
from partition.patrol.arcs.tasks import Float32Array

HUGE = 1e18


@njit(cache=True)
def weigh(
    r: int,
    between: Float32Array,
    leaving: Float32Array,
    returning: Float32Array,
    after: Int32Array,
    before: Int32Array,
    first: Int32Array,
    post: Int32Array,
    route: Int32Array,
    place: Int32Array,
    upto: FloatArray,
    onward: FloatArray,
    length: Int32Array,
    cost: FloatArray,
) -> None:
    """Make all figures of one route anew: position, cost up to and from each task, length, cost."""
    t = first[r]
    if t < 0:
        length[r] = 0
        cost[r] = 0.0
        return
    p = post[r]
    upto[t, 0] = leaving[p, 2 * t]
    upto[t, 1] = leaving[p, 2 * t + 1]
    n = 0
    last = t
    while t >= 0:
        route[t] = r
        place[t] = n
        n += 1
        last = t
        s = after[t]
        if s >= 0:
            a, b = upto[t, 0], upto[t, 1]
            upto[s, 0] = min(a + between[2 * t, 2 * s], b + between[2 * t + 1, 2 * s])
            upto[s, 1] = min(a + between[2 * t, 2 * s + 1], b + between[2 * t + 1, 2 * s + 1])
        t = s
    length[r] = n
    onward[last, 0] = returning[p, 2 * last]
    onward[last, 1] = returning[p, 2 * last + 1]
    cost[r] = min(upto[last, 0] + onward[last, 0], upto[last, 1] + onward[last, 1])
    t = last
    while before[t] >= 0:
        s = before[t]
        a, b = onward[t, 0], onward[t, 1]
        onward[s, 0] = min(between[2 * s, 2 * t] + a, between[2 * s, 2 * t + 1] + b)
        onward[s, 1] = min(between[2 * s + 1, 2 * t] + a, between[2 * s + 1, 2 * t + 1] + b)
        t = s


@njit(cache=True)
def weigh_in(
    x: int,
    r: int,
    between: Float32Array,
    leaving: Float32Array,
    returning: Float32Array,
    after: Int32Array,
    before: Int32Array,
    post: Int32Array,
    route: Int32Array,
    place: Int32Array,
    upto: FloatArray,
    onward: FloatArray,
    length: Int32Array,
    cost: FloatArray,
) -> None:
    """Bring the figures of route ``r`` up to date after ``x`` was put into it; half the work of `weigh`."""
    p = post[r]
    route[x] = r
    length[r] += 1
    t = x
    s = before[x]
    place[x] = 0 if s < 0 else place[s] + 1
    if s < 0:
        upto[x, 0] = leaving[p, 2 * x]
        upto[x, 1] = leaving[p, 2 * x + 1]
    else:
        a, b = upto[s, 0], upto[s, 1]
        upto[x, 0] = min(a + between[2 * s, 2 * x], b + between[2 * s + 1, 2 * x])
        upto[x, 1] = min(a + between[2 * s, 2 * x + 1], b + between[2 * s + 1, 2 * x + 1])
    s = after[t]
    while s >= 0:
        a, b = upto[t, 0], upto[t, 1]
        upto[s, 0] = min(a + between[2 * t, 2 * s], b + between[2 * t + 1, 2 * s])
        upto[s, 1] = min(a + between[2 * t, 2 * s + 1], b + between[2 * t + 1, 2 * s + 1])
        place[s] = place[t] + 1
        t = s
        s = after[t]
    t = x
    s = after[x]
    if s < 0:
        onward[x, 0] = returning[p, 2 * x]
        onward[x, 1] = returning[p, 2 * x + 1]
    else:
        a, b = onward[s, 0], onward[s, 1]
        onward[x, 0] = min(between[2 * x, 2 * s] + a, between[2 * x, 2 * s + 1] + b)
        onward[x, 1] = min(between[2 * x + 1, 2 * s] + a, between[2 * x + 1, 2 * s + 1] + b)
    cost[r] = min(upto[x, 0] + onward[x, 0], upto[x, 1] + onward[x, 1])
    while before[t] >= 0:
        s = before[t]
        a, b = onward[t, 0], onward[t, 1]
        onward[s, 0] = min(between[2 * s, 2 * t] + a, between[2 * s, 2 * t + 1] + b)
        onward[s, 1] = min(between[2 * s + 1, 2 * t] + a, between[2 * s + 1, 2 * t + 1] + b)
        t = s


@njit(cache=True)
def settle(
    r: int,
    own_post: Int32Array,
    between: Float32Array,
    leaving: Float32Array,
    returning: Float32Array,
    after: Int32Array,
    first: Int32Array,
    post: Int32Array,
) -> Any:
    """Let a route that may begin anywhere begin at its own first task; whether its post changed."""
    t = first[r]
    old = post[r]
    best, at = cost_from(r, old, between, leaving, returning, after, first), old
    for d in range(2):
        p = own_post[t, d]
        if p != old:
            c = cost_from(r, p, between, leaving, returning, after, first)
            if c < best:
                best, at = c, p
    post[r] = at
    return at != old


@njit(cache=True)
def cost_from(
    r: int,
    p: int,
    between: Float32Array,
    leaving: Float32Array,
    returning: Float32Array,
    after: Int32Array,
    first: Int32Array,
) -> Any:
    """What route ``r`` would cost from post ``p``."""
    t = first[r]
    a, b = float(leaving[p, 2 * t]), float(leaving[p, 2 * t + 1])
    s = after[t]
    while s >= 0:
        c = min(a + between[2 * t, 2 * s], b + between[2 * t + 1, 2 * s])
        b = min(a + between[2 * t, 2 * s + 1], b + between[2 * t + 1, 2 * s + 1])
        a = c
        t = s
        s = after[t]
    return min(a + returning[p, 2 * t], b + returning[p, 2 * t + 1])


@njit(cache=True)
def nearest_post(x: int, own_post: Int32Array, leaving: Float32Array, returning: Float32Array) -> Any:
    """What a route of this one task costs from its best post, and that post."""
    best, at = HUGE, 0
    n = own_post.shape[1] if own_post.shape[0] > 0 else leaving.shape[0]
    for i in range(n):
        p = own_post[x, i] if own_post.shape[0] > 0 else i
        c = min(leaving[p, 2 * x] + returning[p, 2 * x], leaving[p, 2 * x + 1] + returning[p, 2 * x + 1])
        if c < best:
            best, at = c, p
    return best, at


@njit(cache=True)
def sum_load(r: int, first: Int32Array, after: Int32Array, load: FloatArray) -> Any:
    """Load of a route."""
    total = 0.0
    t = first[r]
    while t >= 0:
        total += load[t]
        t = after[t]
    return total


@njit(cache=True)
def unpack(
    row: Int32Array, row_post: Int32Array, after: Int32Array, before: Int32Array, first: Int32Array, post: Int32Array
) -> Any:
    """Fill the chains from a packed solution; return the number of routes."""
    r = 0
    last = -1
    for i in range(row.shape[0]):
        t = row[i]
        if t == -2:
            break
        if t == -1:
            r += 1
            last = -1
            continue
        if last < 0:
            first[r] = t
            post[r] = row_post[r]
        else:
            after[last] = t
            before[t] = last
        last = t
    return r


@njit(cache=True)
def pack(
    row: Int32Array, row_post: Int32Array, after: Int32Array, first: Int32Array, post: Int32Array, n_routes: int
) -> None:
    """Write a solution as one row: tasks, -1 after each route, -2 at the end."""
    i = 0
    for r in range(n_routes):
        row_post[r] = post[r]
        t = first[r]
        while t >= 0:
            row[i] = t
            i += 1
            t = after[t]
        row[i] = -1
        i += 1
    row[i] = -2
