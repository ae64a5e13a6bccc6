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
from partition.patrol.arcs.chains import (
    HUGE,
    cost_from,
    nearest_post,
    pack,
    settle,
    sum_load,
    unpack,
    weigh,
    weigh_in,
)
from partition.patrol.arcs.tasks import Float32Array

MANY, BESIDE = 200, 30
"""With more tasks than this an insertion is weighed only beside so many of the nearest tasks."""


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
    own_post: Int32Array,
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
    is_anywhere = own_post.shape[0] > 0
    n_beside = near.shape[1] if n <= MANY else min(near.shape[1], BESIDE)
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
    n_routes = unpack(now, now_post, after, before, first, post)
    for r in range(n_routes):
        weigh(r, between, leaving, returning, after, before, first, post, route, place, upto, onward, length, cost)
        filled[r] = sum_load(r, first, after, load)
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
        pack(best, best_post, after, first, post, n_routes)
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
                if is_anywhere:
                    settle(r, own_post, between, leaving, returning, after, first, post)
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
            if n > MANY:
                for j in range(n_beside):
                    c = near[x, j]
                    r = route[c]
                    if r < 0 or filled[r] + load[x] > capacity:
                        continue
                    p = post[r]
                    room = limit - cost[r]
                    for side in range(2):
                        a = before[c] if side == 0 else c
                        b = c if side == 0 else after[c]
                        if a >= 0:
                            u0, u1 = upto[a, 0], upto[a, 1]
                            in0 = min(u0 + between[2 * a, x0], u1 + between[2 * a + 1, x0])
                            in1 = min(u0 + between[2 * a, x1], u1 + between[2 * a + 1, x1])
                        else:
                            in0, in1 = float(leaving[p, x0]), float(leaving[p, x1])
                        if b >= 0:
                            s0, s1 = onward[b, 0], onward[b, 1]
                            out0 = min(between[x0, 2 * b] + s0, between[x0, 2 * b + 1] + s1)
                            out1 = min(between[x1, 2 * b] + s0, between[x1, 2 * b + 1] + s1)
                        else:
                            out0, out1 = float(returning[p, x0]), float(returning[p, x1])
                        gain = min(in0 + out0, in1 + out1) - cost[r]
                        if gain < best_gain and gain <= room and _draw(state) > 0.01:
                            best_gain, best_r, best_a = gain, r, a
            for r in range(n_routes if best_r < 0 else 0):
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
            alone, at = nearest_post(x, own_post, leaving, returning)
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
            moved = False
            if is_anywhere:
                if best_a < 0:
                    moved = settle(best_r, own_post, between, leaving, returning, after, first, post)
            elif n_posts > 1 and (b < 0 or best_a < 0):
                other = int(_draw(state) * n_posts)
                if other != post[best_r] and cost_from(
                    best_r, other, between, leaving, returning, after, first
                ) < cost_from(best_r, post[best_r], between, leaving, returning, after, first):
                    post[best_r] = other
                    moved = True
            if moved or (best_a < 0 and b < 0):
                weigh(
                    best_r, between, leaving, returning, after, before, first, post,
                    route, place, upto, onward, length, cost,
                )  # fmt: skip
            else:
                weigh_in(
                    x, best_r, between, leaving, returning, after, before, post,
                    route, place, upto, onward, length, cost,
                )  # fmt: skip
        # ---- accept
        new = n_out * missing_cost
        for r in range(n_routes):
            new += cost[r]
        if new < score - heat * np.log(max(1e-300, _draw(state))):
            score = new
            if new < scores[1] - 1e-9:
                scores[1] = new
                pack(best, best_post, after, first, post, n_routes)
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
    pack(now, now_post, after, first, post, n_routes)
