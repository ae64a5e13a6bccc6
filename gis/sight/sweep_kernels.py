"""Compiled loop of the visibility polygon: an exact angular sweep over the ends of walls.

In polar coordinates about the camera a straight wall is ``1 / r = a cos(t) + b sin(t)``: of two walls the nearer one
changes at most once in less than half a turn.  So between two neighbouring ends of walls it is enough to know which
wall is nearest at both; where these differ (footprints that overlap), at the crossing of the two as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

TURN = 2.0 * np.pi
STEP = TURN / 360.0
"""The outer arc is drawn in chords of this angle: its area is right to 1 in 20,000."""
INNER_STEP = STEP / 2
"""The arc of the blind zone: finer, because what is seen may be a sliver along it."""
_THIN = 1e-11  # of a turn: no view is so narrow
_SAME = 1e-9  # as a share: distances that are the same


@njit(cache=True, nogil=True, inline="always")
def _nearest(wall: Any, n: int, a: Any, b: Any, at: float, other: float) -> int:
    """Nearest wall in a direction; of walls that meet there, the one nearer in the other direction."""
    ca, sa = np.cos(at), np.sin(at)
    co, so = np.cos(other), np.sin(other)
    best, f_best, g_best = -1, 0.0, 0.0
    for k in range(n):
        w = wall[k]
        f = a[w] * ca + b[w] * sa
        if best < 0 or f > f_best * (1.0 + _SAME):
            best, f_best, g_best = w, f, a[w] * co + b[w] * so
        elif f >= f_best * (1.0 - _SAME):
            g = a[w] * co + b[w] * so
            if g > g_best:
                best, f_best, g_best = w, max(f, f_best), g
    return best


@njit(cache=True, nogil=True)
def sweep(
    cam_x: Any,
    cam_y: Any,
    heading: Any,
    hfov: Any,
    near: Any,
    reach: Any,
    x0: Any,
    y0: Any,
    x1: Any,
    y1: Any,
    start: Any,
    edge: Any,
    west: float,
    south: float,
    cell: float,
    nx: int,
    ny: int,
) -> Any:
    """Rings of what each camera sees.

    Returns
    -------
    tuple
        Vertices ``(n, 2)``; per ring: where its vertices begin (and the end), its camera, whether it is a hole of the
        ring before it.
    """
    size = 4096
    xy = np.empty((size, 2), dtype=np.float64)
    filled = 0
    ring_first = [0]
    ring_camera = [0]  # the first entry of these two only says what they hold
    ring_hole = [False]
    stamp = np.full(len(x0), -1, dtype=np.int64)
    room = 256
    ea = np.empty(room, dtype=np.float64)
    eb = np.empty(room, dtype=np.float64)
    lo = np.empty(room, dtype=np.float64)
    hi = np.empty(room, dtype=np.float64)
    for c in range(len(cam_x)):
        radius, blind = reach[c], near[c]
        if not (radius > blind and radius > 0.0 and hfov[c] > 0.0):
            continue
        cx, cy = cam_x[c], cam_y[c]
        all_round = hfov[c] >= 360.0 - 1e-9
        window = TURN if all_round else np.radians(hfov[c])
        base = np.pi / 2 - np.radians(heading[c]) - window / 2
        cb, sb = np.cos(base), np.sin(base)
        # Walls within reach, as intervals of angle from the window's begin.
        n = 0
        i0 = min(max(int(np.floor((cx - radius - west) / cell)), 0), nx)
        i1 = min(max(int(np.floor((cx + radius - west) / cell)), -1), nx - 1)
        j0 = min(max(int(np.floor((cy - radius - south) / cell)), 0), ny)
        j1 = min(max(int(np.floor((cy + radius - south) / cell)), -1), ny - 1)
        for j in range(j0, j1 + 1):
            for i in range(i0, i1 + 1):
                for k in range(start[j * nx + i], start[j * nx + i + 1]):
                    w = edge[k]
                    if stamp[w] == c:
                        continue
                    stamp[w] = c
                    px, py = x0[w] - cx, y0[w] - cy
                    qx, qy = x1[w] - cx, y1[w] - cy
                    px, py = px * cb + py * sb, py * cb - px * sb
                    qx, qy = qx * cb + qy * sb, qy * cb - qx * sb
                    cross = px * qy - py * qx
                    dx, dy = qx - px, qy - py
                    dd = dx * dx + dy * dy
                    if dd == 0.0 or abs(cross) <= 1e-9 * np.sqrt(dd):
                        continue  # seen edge on
                    # The part within reach.
                    pd = px * dx + py * dy
                    root = pd * pd - dd * (px * px + py * py - radius * radius)
                    if root <= 0.0:
                        continue
                    root = np.sqrt(root)
                    s, t = (-pd - root) / dd, (-pd + root) / dd
                    if s >= 1.0 or t <= 0.0:
                        continue
                    fa, fb = dy / cross, -dx / cross
                    ux, uy = (px + s * dx, py + s * dy) if s > 0.0 else (px, py)
                    vx, vy = (px + t * dx, py + t * dy) if t < 1.0 else (qx, qy)
                    u, v = np.arctan2(uy, ux), np.arctan2(vy, vx)
                    if cross < 0.0:
                        u, v = v, u
                    u = u + TURN if u < 0.0 else u
                    v = v + TURN if v < 0.0 else v
                    for part in range(2):
                        if v >= u:
                            p, q = (u, v) if part == 0 else (1.0, 0.0)
                        else:
                            p, q = (u, TURN) if part == 0 else (0.0, v)
                        q = min(q, window)
                        if q - p <= _THIN:
                            continue
                        if n == room:
                            room *= 2
                            ea = np.append(ea, np.empty(n))
                            eb = np.append(eb, np.empty(n))
                            lo = np.append(lo, np.empty(n))
                            hi = np.append(hi, np.empty(n))
                        ea[n], eb[n], lo[n], hi[n] = fa, fb, p, q
                        n += 1
        # The nearest wall in every direction, as pieces one after another; -1: nothing within reach.
        at = np.empty(2 * n + 2, dtype=np.float64)
        at[:n] = lo[:n]
        at[n : 2 * n] = hi[:n]
        at[2 * n], at[2 * n + 1] = 0.0, window
        at = np.sort(at)
        first = np.argsort(lo[:n])
        active = np.empty(n + 1, dtype=np.int64)
        n_active, up = 0, 0
        most = 8 * n + 64
        piece_lo = np.empty(most, dtype=np.float64)
        piece_hi = np.empty(most, dtype=np.float64)
        piece = np.empty(most, dtype=np.int64)
        pieces = 0
        stack_u = np.empty(64, dtype=np.float64)
        stack_v = np.empty(64, dtype=np.float64)
        stack_i = np.empty(64, dtype=np.int64)
        stack_j = np.empty(64, dtype=np.int64)
        for e in range(len(at) - 1):
            u, v = at[e], at[e + 1]
            while up < n and lo[first[up]] <= u:
                active[n_active] = first[up]
                n_active += 1
                up += 1
            if v - u <= _THIN:
                continue
            kept = 0
            for k in range(n_active):
                if hi[active[k]] > u:
                    active[kept] = active[k]
                    kept += 1
            n_active = kept
            depth = 1
            stack_u[0], stack_v[0] = u, v
            stack_i[0] = _nearest(active, n_active, ea, eb, u, v)
            stack_j[0] = _nearest(active, n_active, ea, eb, v, u)
            while depth > 0:
                depth -= 1
                p, q, i, j = stack_u[depth], stack_v[depth], stack_i[depth], stack_j[depth]
                cut = -1.0
                if i != j:
                    da, db = ea[i] - ea[j], eb[i] - eb[j]
                    cut = np.arctan2(-da, db)
                    while cut < p:
                        cut += np.pi
                    if cut <= p + _THIN or cut >= q - _THIN:
                        cut = -1.0
                if cut >= 0.0 and depth < 60:
                    k = _nearest(active, n_active, ea, eb, cut, p)
                    here = ea[i] * np.cos(cut) + eb[i] * np.sin(cut)
                    if ea[k] * np.cos(cut) + eb[k] * np.sin(cut) > here * (1.0 + _SAME):
                        stack_u[depth], stack_v[depth] = cut, q
                        stack_i[depth], stack_j[depth] = _nearest(active, n_active, ea, eb, cut, q), j
                        stack_u[depth + 1], stack_v[depth + 1] = p, cut
                        stack_i[depth + 1], stack_j[depth + 1] = i, k
                        depth += 2
                        continue
                    # The two change places here, and nothing is before them.
                    stack_u[depth], stack_v[depth], stack_i[depth], stack_j[depth] = cut, q, j, j
                    depth += 1
                    q = cut
                elif i != j:
                    # They change places at the very end of the interval: the one nearer in its middle.
                    i = _nearest(active, n_active, ea, eb, (p + q) / 2, q)
                if pieces > 0 and piece[pieces - 1] == i:
                    piece_hi[pieces - 1] = q
                    continue
                if pieces == most:
                    most *= 2
                    piece_lo = np.append(piece_lo, np.empty(pieces))
                    piece_hi = np.append(piece_hi, np.empty(pieces))
                    piece = np.append(piece, np.empty(pieces, dtype=np.int64))
                piece_lo[pieces], piece_hi[pieces], piece[pieces] = p, q, i
                pieces += 1
        # Outer points in polar form; a chunk ends where a wall stands in the blind zone.
        arc = int(np.ceil(window / STEP)) + 2
        angle = np.empty(arc + 8 * pieces + 8, dtype=np.float64)
        away = np.empty(len(angle), dtype=np.float64)
        points = 0
        chunk_first = np.empty(2 * pieces + 4, dtype=np.int64)
        chunks = 0
        is_open = False
        for k in range(pieces):
            w = piece[k]
            p, q = piece_lo[k], piece_hi[k]
            if w < 0:
                if not is_open:
                    chunk_first[chunks] = points
                    chunks += 1
                    is_open = True
                steps = max(1, int(np.ceil((q - p) / STEP - 1e-9)))
                if points + steps + 8 * (pieces - k) + 8 > len(angle):
                    angle = np.append(angle, np.empty(len(angle) + steps))
                    away = np.append(away, np.empty(len(angle) - len(away)))
                for m in range(steps + 1):
                    angle[points] = p + (q - p) * m / steps
                    away[points] = radius
                    points += 1
                continue
            # Where the wall runs into the blind zone and out of it.
            cuts = np.empty(4, dtype=np.float64)
            cuts[0], n_cuts = p, 1
            size_ab = np.hypot(ea[w], eb[w])
            if blind > 0.0 and size_ab * blind > 1.0:
                middle = np.arctan2(eb[w], ea[w])
                spread = np.arccos(1.0 / (size_ab * blind))
                for sign in (-1.0, 1.0):
                    cut = middle + sign * spread
                    while cut < p:
                        cut += TURN
                    while cut - TURN > p:
                        cut -= TURN
                    if p + _THIN < cut < q - _THIN:
                        cuts[n_cuts] = cut
                        n_cuts += 1
                if n_cuts == 3 and cuts[1] > cuts[2]:
                    cuts[1], cuts[2] = cuts[2], cuts[1]
            cuts[n_cuts] = q
            for m in range(n_cuts):
                u, v = cuts[m], cuts[m + 1]
                # Nowhere on this part is it beyond the blind zone (where it only touches it, three angles tell).
                least = np.inf
                for t in (u, (u + v) / 2, v):
                    least = min(least, ea[w] * np.cos(t) + eb[w] * np.sin(t))
                if least * blind >= 1.0 - 1e-9:
                    is_open = False
                    continue
                if not is_open:
                    chunk_first[chunks] = points
                    chunks += 1
                    is_open = True
                for side in (u, v):
                    f = ea[w] * np.cos(side) + eb[w] * np.sin(side)
                    angle[points] = side
                    away[points] = min(max(1.0 / f if f > 0.0 else radius, blind), radius)
                    points += 1
        if chunks == 0:
            continue
        chunk_first[chunks] = points
        closed = all_round and is_open and angle[0] <= _THIN and chunk_first[0] == 0
        for h in range(chunks):
            f, g = chunk_first[h], chunk_first[h + 1]
            whole = closed and chunks == 1
            if closed and chunks > 1 and h == 0:
                continue  # comes with the last
            extra = chunk_first[1] if closed and chunks > 1 and h == chunks - 1 else 0
            begin_angle = angle[f]
            end_angle = angle[extra - 1] + TURN if extra > 0 else angle[g - 1]
            inner = max(1, int(np.ceil((end_angle - begin_angle) / INNER_STEP - 1e-9)))
            need = filled + (g - f) + extra + 2 * inner + 8
            if need > size:
                size = 2 * need
                more = np.empty((size, 2), dtype=np.float64)
                more[:filled] = xy[:filled]
                xy = more
            ring_start = filled
            for k in range(g - f + extra):
                m = f + k if k < g - f else k - (g - f)
                lx, ly = away[m] * np.cos(angle[m]), away[m] * np.sin(angle[m])
                gx, gy = cx + lx * cb - ly * sb, cy + lx * sb + ly * cb
                if filled > ring_start and abs(gx - xy[filled - 1, 0]) + abs(gy - xy[filled - 1, 1]) < 1e-6:
                    continue
                xy[filled, 0], xy[filled, 1] = gx, gy
                filled += 1
            hole_start = -1
            if whole:
                while filled - ring_start > 1 and (
                    abs(xy[filled - 1, 0] - xy[ring_start, 0]) + abs(xy[filled - 1, 1] - xy[ring_start, 1]) < 1e-6
                ):
                    filled -= 1
                if blind > 0.0:
                    xy[filled] = xy[ring_start]
                    filled += 1
                    hole_start = filled
            if blind > 0.0:
                last = inner if not whole else inner - 1
                for m in range(last + 1):
                    t = end_angle - (end_angle - begin_angle) * m / inner
                    lx, ly = blind * np.cos(t), blind * np.sin(t)
                    gx, gy = cx + lx * cb - ly * sb, cy + lx * sb + ly * cb
                    if hole_start < 0 and abs(gx - xy[filled - 1, 0]) + abs(gy - xy[filled - 1, 1]) < 1e-6:
                        continue
                    xy[filled, 0], xy[filled, 1] = gx, gy
                    filled += 1
            elif not whole:
                xy[filled, 0], xy[filled, 1] = cx, cy
                filled += 1
            if hole_start < 0:
                while (
                    filled - ring_start > 1
                    and abs(xy[filled - 1, 0] - xy[ring_start, 0]) + abs(xy[filled - 1, 1] - xy[ring_start, 1]) < 1e-6
                ):
                    filled -= 1
                if filled - ring_start < 3:
                    filled = ring_start
                    continue
                xy[filled] = xy[ring_start]
                filled += 1
                ring_first.append(filled)
                ring_camera.append(c)
                ring_hole.append(False)
            else:
                if hole_start - ring_start < 4:
                    filled = ring_start
                    continue
                ring_first.append(hole_start)
                ring_camera.append(c)
                ring_hole.append(False)
                xy[filled] = xy[hole_start]
                filled += 1
                ring_first.append(filled)
                ring_camera.append(c)
                ring_hole.append(True)
    return (
        xy[:filled].copy(),
        np.array(ring_first, dtype=np.int64),
        np.array(ring_camera, dtype=np.int64)[1:],
        np.array(ring_hole, dtype=np.bool_)[1:],
    )
