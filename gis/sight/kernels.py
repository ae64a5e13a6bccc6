"""Compiled loops of sight lines: walls in a grid of cells, and which point a camera sees past them.

Walls are edges in a grid of square cells; a cell lists the edges that touch it.  A straight line walks from cell to
cell and asks only the edges listed there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_SLACK = 1e-6  # of a cell: far more than rounding


@njit(cache=True, nogil=True)
def list_edges(x0: Any, y0: Any, x1: Any, y1: Any, west: float, south: float, cell: float, nx: int, ny: int) -> Any:
    """Edges per cell, compressed: where each cell's list begins, and the edges."""
    start = np.zeros(nx * ny + 1, dtype=np.int64)
    edge = np.empty(0, dtype=np.int32)
    for turn in range(2):
        for e in range(len(x0)):
            ax, ay = (x0[e] - west) / cell, (y0[e] - south) / cell
            bx, by = (x1[e] - west) / cell, (y1[e] - south) / cell
            if ay > by:
                ax, ay, bx, by = bx, by, ax, ay
            low = max(0, int(np.floor(ay - _SLACK)))
            high = min(ny - 1, int(np.floor(by + _SLACK)))
            for j in range(low, high + 1):
                # Where the edge is inside this row of cells.
                u, v = ax, bx
                if by - ay > 1e-12:
                    s = min(max((j - _SLACK - ay) / (by - ay), 0.0), 1.0)
                    t = min(max((j + 1 + _SLACK - ay) / (by - ay), 0.0), 1.0)
                    u, v = ax + s * (bx - ax), ax + t * (bx - ax)
                if u > v:
                    u, v = v, u
                for i in range(max(0, int(np.floor(u - _SLACK))), min(nx - 1, int(np.floor(v + _SLACK))) + 1):
                    c = j * nx + i
                    if turn == 0:
                        start[c + 1] += 1
                    else:
                        edge[start[c]] = e
                        start[c] += 1
        if turn == 0:
            for c in range(nx * ny):
                start[c + 1] += start[c]
            edge = np.empty(start[nx * ny], dtype=np.int32)
        else:
            for c in range(nx * ny, 0, -1):
                start[c] = start[c - 1]
            start[0] = 0
    return start, edge


@njit(cache=True, nogil=True)
def list_points(x: Any, y: Any, west: float, south: float, cell: float, nx: int, ny: int) -> Any:
    """Points per cell, compressed; ascending in each cell."""
    start = np.zeros(nx * ny + 1, dtype=np.int64)
    at = np.empty(len(x), dtype=np.int64)
    for p in range(len(x)):
        i = min(max(int(np.floor((x[p] - west) / cell)), 0), nx - 1)
        j = min(max(int(np.floor((y[p] - south) / cell)), 0), ny - 1)
        at[p] = j * nx + i
        start[at[p] + 1] += 1
    for c in range(nx * ny):
        start[c + 1] += start[c]
    point = np.empty(len(x), dtype=np.int32)
    free = start[:-1].copy()
    for p in range(len(x)):
        point[free[at[p]]] = p
        free[at[p]] += 1
    return start, point


@njit(cache=True, nogil=True, inline="always")
def _crosses(cx: float, cy: float, tx: float, ty: float, ax: float, ay: float, bx: float, by: float) -> bool:
    """Whether two segments cross; an end that lies on the other's line counts to one side, always the same."""
    dx, dy = tx - cx, ty - cy
    left_a = dx * (ay - cy) - dy * (ax - cx) > 0.0
    left_b = dx * (by - cy) - dy * (bx - cx) > 0.0
    if left_a == left_b:
        return False
    ex, ey = bx - ax, by - ay
    left_c = ex * (cy - ay) - ey * (cx - ax) > 0.0
    left_t = ex * (ty - ay) - ey * (tx - ax) > 0.0
    return left_c != left_t


@njit(cache=True, nogil=True)
def is_hidden(
    cx: float,
    cy: float,
    tx: float,
    ty: float,
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
) -> bool:
    """Whether a wall stands between two points."""
    if nx == 0:
        return False
    ux, uy = (cx - west) / cell, (cy - south) / cell
    vx, vy = (tx - west) / cell, (ty - south) / cell
    dx, dy = vx - ux, vy - uy
    # Only the part of the line that is over the cells: s to e of it.
    s, e = 0.0, 1.0
    for k in range(2):
        d, u, n = (dx, ux, nx) if k == 0 else (dy, uy, ny)
        if abs(d) < 1e-12:
            if u < 0.0 or u > n:
                return False
        else:
            f, g = -u / d, (n - u) / d
            if f > g:
                f, g = g, f
            s, e = max(s, f), min(e, g)
    if s > e:
        return False
    px, py = ux + s * dx, uy + s * dy
    i = min(max(int(np.floor(px)), 0), nx - 1)
    j = min(max(int(np.floor(py)), 0), ny - 1)
    qx, qy = ux + e * dx, uy + e * dy
    last_i = min(max(int(np.floor(qx)), 0), nx - 1)
    last_j = min(max(int(np.floor(qy)), 0), ny - 1)
    step_i = 1 if dx > 0 else -1
    step_j = 1 if dy > 0 else -1
    next_x = ((i + (1 if dx > 0 else 0)) - ux) / dx if dx != 0.0 else np.inf
    next_y = ((j + (1 if dy > 0 else 0)) - uy) / dy if dy != 0.0 else np.inf
    per_x = abs(1.0 / dx) if dx != 0.0 else np.inf
    per_y = abs(1.0 / dy) if dy != 0.0 else np.inf
    for _ in range(abs(last_i - i) + abs(last_j - j) + 3):
        c = j * nx + i
        for k in range(start[c], start[c + 1]):
            w = edge[k]
            if _crosses(cx, cy, tx, ty, x0[w], y0[w], x1[w], y1[w]):
                return True
        if i == last_i and j == last_j:
            return False
        if next_x < next_y:
            i += step_i
            next_x += per_x
        else:
            j += step_j
            next_y += per_y
        if i < 0 or j < 0 or i >= nx or j >= ny:
            return False
    return False


@njit(cache=True, nogil=True)
def see_points(
    cam_x: Any,
    cam_y: Any,
    heading: Any,
    hfov: Any,
    focal_px: Any,
    near: Any,
    far: Any,
    px_per_m: float,
    x: Any,
    y: Any,
    nx_wall: Any,
    ny_wall: Any,
    off_wall: float,
    p_start: Any,
    p_point: Any,
    p_west: float,
    p_south: float,
    p_cell: float,
    p_nx: int,
    p_ny: int,
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
    """Points that each camera sees, compressed by camera, and their pixel densities.

    A point on a wall has the wall's outward normal: it is seen only from outside, and the sight line ends a little
    before the wall.
    """
    n = len(cam_x)
    begin = np.zeros(n + 1, dtype=np.int64)
    size = 1024
    seen = np.empty(size, dtype=np.int32)
    fine = np.empty(size, dtype=np.float32)
    found = 0
    for c in range(n):
        reach = min(focal_px[c] / px_per_m, far[c])
        cx, cy = cam_x[c], cam_y[c]
        if reach >= near[c] and reach > 0.0 and len(x) > 0:
            half = np.radians(hfov[c]) / 2
            look = np.radians(heading[c])
            hx, hy = np.sin(look), np.cos(look)
            all_round = hfov[c] >= 360.0
            least = np.cos(half)
            i0 = min(max(int(np.floor((cx - reach - p_west) / p_cell)), 0), p_nx)
            i1 = min(max(int(np.floor((cx + reach - p_west) / p_cell)), -1), p_nx - 1)
            j0 = min(max(int(np.floor((cy - reach - p_south) / p_cell)), 0), p_ny)
            j1 = min(max(int(np.floor((cy + reach - p_south) / p_cell)), -1), p_ny - 1)
            for j in range(j0, j1 + 1):
                for k in range(p_start[j * p_nx + i0], p_start[j * p_nx + i1 + 1] if i1 >= i0 else 0):
                    p = p_point[k]
                    dx, dy = x[p] - cx, y[p] - cy
                    d = np.sqrt(dx * dx + dy * dy)
                    if d > reach or d < near[c] or d == 0.0:
                        continue
                    if not all_round and dx * hx + dy * hy < least * d - 1e-9:
                        continue
                    tx, ty = x[p], y[p]
                    if nx_wall[p] != 0.0 or ny_wall[p] != 0.0:
                        if dx * nx_wall[p] + dy * ny_wall[p] >= 0.0:
                            continue
                        tx += off_wall * nx_wall[p]
                        ty += off_wall * ny_wall[p]
                    if is_hidden(cx, cy, tx, ty, x0, y0, x1, y1, start, edge, west, south, cell, nx, ny):
                        continue
                    if found == size:
                        size *= 2
                        more = np.empty(size, dtype=np.int32)
                        more[:found] = seen
                        seen = more
                        finer = np.empty(size, dtype=np.float32)
                        finer[:found] = fine
                        fine = finer
                    seen[found] = p
                    fine[found] = focal_px[c] / d
                    found += 1
            order = np.argsort(seen[begin[c] : found])
            seen[begin[c] : found] = seen[begin[c] : found][order]
            fine[begin[c] : found] = fine[begin[c] : found][order]
        begin[c + 1] = found
    return begin, seen[:found].copy(), fine[:found].copy()
