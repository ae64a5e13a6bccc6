"""The inner loops of the arc search: take strings of tasks out of neighbouring routes, put them back better.

Ruin and recreate as slack induction by string removals (Christiaens and Vanden Berghe, Transportation Science 2020),
carried over to arcs: along every route the least cost up to each task and from each task on is kept for both directions
(the orientation dynamic programme), so that an insertion is weighed exactly, with every task of the route free to turn
round, in eight look-ups (after Vidal, Operations Research 2017).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gis.graph import FloatArray, Int32Array
from partition.patrol.arcs.tasks import Float32Array

HUGE = 1e18


@njit(cache=True, inline="always")
def _draw(state: Any) -> Any:
    """The next random number in [0, 1): xorshift64*."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


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
def _best_post(x: int, leaving: Float32Array, returning: Float32Array) -> Any:
    """The post nearest to a route of this one task, and its cost."""
    best, at = HUGE, 0
    for p in range(leaving.shape[0]):
        c = min(leaving[p, 2 * x] + returning[p, 2 * x], leaving[p, 2 * x + 1] + returning[p, 2 * x + 1])
        if c < best:
            best, at = c, p
    return best, at


@njit(cache=True)
def search(
    n_rounds: int,
    hot: float,
    cold: float,
    removed_mean: float,
    longest_string: int,
    between: Float32Array,
    leaving: Float32Array,
    returning: Float32Array,
    load: FloatArray,
    near: Int32Array,
    capacity: float,
    limit: float,
    max_routes: int,
    missing_cost: float,
    state: Any,
    now: Int32Array,
    now_post: Int32Array,
    best: Int32Array,
    best_post: Int32Array,
    scores: FloatArray,
) -> None:
    """Search for ``n_rounds`` rounds, cooling from ``hot`` to ``cold``.

    ``now`` and ``best`` hold solutions as one row of tasks, routes apart by -1, closed by -2; tasks in no route are
    left out.  ``scores`` holds the score of ``now`` and of ``best``.  All four are read and written.
    """
    n = load.shape[0]
    n_posts = leaving.shape[0]
    after = np.full(n, -1, np.int32)
    before = np.full(n, -1, np.int32)
    route = np.full(n, -1, np.int32)
    place = np.zeros(n, np.int32)
    upto = np.zeros((n, 2))
    onward = np.zeros((n, 2))
    first = np.full(n + 1, -1, np.int32)
    post = np.zeros(n + 1, np.int32)
    length = np.zeros(n + 1, np.int32)
    cost = np.zeros(n + 1)
    filled = np.zeros(n + 1)
    n_routes = _unpack(now, now_post, after, before, first, post)
    for r in range(n_routes):
        weigh(r, between, leaving, returning, after, before, first, post, route, place, upto, onward, length, cost)
        filled[r] = _sum_load(r, first, after, load)
    out = np.empty(n, np.int32)
    n_out = 0
    for t in range(n):
        if route[t] < 0:
            out[n_out] = t
            n_out += 1
    key = np.empty(n)
    # copies to go back to
    k_after, k_before, k_route, k_place = after.copy(), before.copy(), route.copy(), place.copy()
    k_upto, k_onward = upto.copy(), onward.copy()
    k_first, k_post, k_length = first.copy(), post.copy(), length.copy()
    k_cost, k_filled = cost.copy(), filled.copy()
    k_out, k_n_out, k_n_routes = out.copy(), n_out, n_routes
    touched = np.zeros(n + 1, np.uint8)
    used = np.zeros(n + 1, np.uint8)
    score = n_out * missing_cost
    for r in range(n_routes):
        score += cost[r]
    scores[0] = score
    if score < scores[1] - 1e-9:
        scores[1] = score
        _pack(best, best_post, after, first, post, n_routes)
    cooling = (cold / hot) ** (1.0 / max(1, n_rounds - 1)) if n_rounds > 1 else 1.0
    heat = hot
    for _ in range(n_rounds):
        # ---- ruin
        mean_length = float(n - n_out) / max(1, n_routes)
        string_cap = min(float(longest_string), mean_length)
        n_strings = int(_draw(state) * ((4.0 * removed_mean) / (1.0 + string_cap)))
        n_strings = max(1, n_strings)
        used[:n_routes] = 0
        touched[:n_routes] = 0
        seed = int(_draw(state) * n)
        done = 0
        for j in range(-1, near.shape[1]):
            c = seed if j < 0 else near[seed, j]
            r = route[c]
            if r < 0 or used[r]:
                continue
            used[r] = 1
            cap = min(float(length[r]), string_cap)
            size = int(_draw(state) * cap + 1.0)
            size = min(size, length[r])
            kept = 0
            if size < length[r] and size > 1 and _draw(state) < 0.5:
                kept = 1
                while size + kept < length[r] and _draw(state) > 0.01:
                    kept += 1
            span = size + kept
            low = max(0, place[c] - span + 1)
            high = min(place[c], length[r] - span)
            begin = low + int(_draw(state) * (high - low + 1))
            t = c
            while place[t] > begin:
                t = before[t]
            gap_from = span
            if kept > 0:
                gap_from = 1 + int(_draw(state) * (size - 1))
            for i in range(span):
                following = after[t]
                if not (gap_from <= i < gap_from + kept):
                    a, b = before[t], after[t]
                    if a >= 0:
                        after[a] = b
                    else:
                        first[r] = b
                    if b >= 0:
                        before[b] = a
                    after[t] = -1
                    before[t] = -1
                    route[t] = -1
                    filled[r] -= load[t]
                    out[n_out] = t
                    n_out += 1
                t = following
            touched[r] = 1
            done += 1
            if done >= n_strings:
                break
        r = 0
        while r < n_routes:
            if touched[r]:
                touched[r] = 0
                if first[r] < 0:
                    # the last route takes the number of the empty one
                    n_routes -= 1
                    if r != n_routes:
                        first[r], post[r], length[r] = first[n_routes], post[n_routes], length[n_routes]
                        cost[r], filled[r] = cost[n_routes], filled[n_routes]
                        touched[r] = touched[n_routes]
                        touched[n_routes] = 0
                        t = first[r]
                        while t >= 0:
                            route[t] = r
                            t = after[t]
                    first[n_routes] = -1
                    continue
                weigh(
                    r, between, leaving, returning, after, before, first, post, route, place, upto, onward, length, cost
                )
            r += 1
        # ---- recreate
        how = _draw(state)
        for i in range(n_out):
            t = out[i]
            if how < 0.5:
                key[i] = _draw(state)
            elif how < 0.75:
                key[i] = -load[t] if capacity < HUGE else -(between[2 * t, 2 * t] + 0.0)
            else:
                far = min(leaving[0, 2 * t], leaving[0, 2 * t + 1])
                key[i] = -far if how < 0.9 else far
        order = np.argsort(key[:n_out])
        waiting = out[:n_out][order]
        n_out = 0
        for i in range(waiting.shape[0]):
            x = waiting[i]
            x0, x1 = 2 * x, 2 * x + 1
            best_gain, best_r, best_a = HUGE, -1, -1
            for r in range(n_routes):
                if filled[r] + load[x] > capacity:
                    continue
                room = limit - cost[r]
                p = post[r]
                old = cost[r]
                in0, in1 = float(leaving[p, x0]), float(leaving[p, x1])
                a = -1
                b = first[r]
                while True:
                    if b >= 0:
                        s0, s1 = onward[b, 0], onward[b, 1]
                        out0 = min(between[x0, 2 * b] + s0, between[x0, 2 * b + 1] + s1)
                        out1 = min(between[x1, 2 * b] + s0, between[x1, 2 * b + 1] + s1)
                    else:
                        out0, out1 = float(returning[p, x0]), float(returning[p, x1])
                    gain = min(in0 + out0, in1 + out1) - old
                    if gain < best_gain and gain <= room and _draw(state) > 0.01:
                        best_gain, best_r, best_a = gain, r, a
                    if b < 0:
                        break
                    u0, u1 = upto[b, 0], upto[b, 1]
                    in0 = min(u0 + between[2 * b, x0], u1 + between[2 * b + 1, x0])
                    in1 = min(u0 + between[2 * b, x1], u1 + between[2 * b + 1, x1])
                    a = b
                    b = after[b]
            alone, at = _best_post(x, leaving, returning)
            may_open = (max_routes == 0 or n_routes < max_routes) and alone <= limit
            if may_open and (best_r < 0 or (alone < best_gain and _draw(state) > 0.01)):
                best_r = n_routes
                n_routes += 1
                first[best_r] = -1
                post[best_r] = at
                filled[best_r] = 0.0
                best_a = -1
            if best_r < 0:
                out[n_out] = x
                n_out += 1
                continue
            b = first[best_r] if best_a < 0 else after[best_a]
            before[x], after[x] = best_a, b
            if best_a >= 0:
                after[best_a] = x
            else:
                first[best_r] = x
            if b >= 0:
                before[b] = x
            filled[best_r] += load[x]
            if n_posts > 1 and b < 0:
                other = int(_draw(state) * n_posts)
                if cost_from(best_r, other, between, leaving, returning, after, first) < cost_from(
                    best_r, post[best_r], between, leaving, returning, after, first
                ):
                    post[best_r] = other
            weigh(
                best_r,
                between,
                leaving,
                returning,
                after,
                before,
                first,
                post,
                route,
                place,
                upto,
                onward,
                length,
                cost,
            )
        # ---- accept
        new = n_out * missing_cost
        for r in range(n_routes):
            new += cost[r]
        if new < score - heat * np.log(max(1e-300, _draw(state))):
            score = new
            if new < scores[1] - 1e-9:
                scores[1] = new
                _pack(best, best_post, after, first, post, n_routes)
            k_after[:], k_before[:], k_route[:], k_place[:] = after, before, route, place
            k_upto[:], k_onward[:] = upto, onward
            k_first[:], k_post[:], k_length[:], k_cost[:], k_filled[:] = first, post, length, cost, filled
            k_out[:n_out] = out[:n_out]
            k_n_out, k_n_routes = n_out, n_routes
        else:
            after[:], before[:], route[:], place[:] = k_after, k_before, k_route, k_place
            upto[:], onward[:] = k_upto, k_onward
            first[:], post[:], length[:], cost[:], filled[:] = k_first, k_post, k_length, k_cost, k_filled
            out[:k_n_out] = k_out[:k_n_out]
            n_out, n_routes = k_n_out, k_n_routes
        heat *= cooling
    scores[0] = score
    _pack(now, now_post, after, first, post, n_routes)


@njit(cache=True)
def _sum_load(r: int, first: Int32Array, after: Int32Array, load: FloatArray) -> Any:
    total = 0.0
    t = first[r]
    while t >= 0:
        total += load[t]
        t = after[t]
    return total


@njit(cache=True)
def _unpack(
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
def _pack(
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
