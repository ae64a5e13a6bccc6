"""Compiled loops of the raster: polygons into cells, edges into rows, points into polygons.

What each array holds says `gis.locate.raster`.  The row and column of a coordinate are always worked out by the same
expression, which never falls as the coordinate rises: whatever lies between two coordinates has a column between
theirs, without any allowance for rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_TOUCHED, _CROSSED, _IN_SHELL, _IN_HOLE = 1, 2, 4, 8
_OUT, _IN, _IN_DOUBT = 0, 1, 2
# Of an orientation whose value is within this share of its terms the sign may be wrong (Shewchuk's bound is 3.3e-16).
_SURE_FRAC = 1e-15
_LEAST = 1e-290  # products smaller than that have lost digits


@njit(cache=True, nogil=True)
def reach(coords: Any, ring_first: Any, per_x: float, per_y: float) -> tuple[float, float]:
    """Cells in the boxes of all rings, and rows and columns of all edges: what a raster costs."""
    boxes = 0.0
    edges = 0.0
    for ring in range(len(ring_first) - 1):
        first, last = ring_first[ring], ring_first[ring + 1] - 1
        low_x = high_x = coords[first, 0]
        low_y = high_y = coords[first, 1]
        for e in range(first, last):
            edges += abs(coords[e + 1, 0] - coords[e, 0]) * per_x + abs(coords[e + 1, 1] - coords[e, 1]) * per_y + 2.0
            low_x, high_x = min(low_x, coords[e, 0]), max(high_x, coords[e, 0])
            low_y, high_y = min(low_y, coords[e, 1]), max(high_y, coords[e, 1])
        boxes += ((high_x - low_x) * per_x + 1.0) * ((high_y - low_y) * per_y + 1.0)
    return boxes, edges


@njit(cache=True, nogil=True)
def rasterise(
    coords: Any,
    ring_first: Any,
    part_ring: Any,
    part_box: Any,
    part_owner: Any,
    frame: Any,
    n_columns: int,
    n_rows: int,
) -> tuple[Any, Any, Any]:
    """Cells, where the list of each listed cell begins, and the lists."""
    cell = np.full(n_columns * n_rows, -1, np.int32)
    n_listed = np.zeros(n_columns * n_rows, np.int32)
    entry_cell = np.empty(1024, np.int32)
    entry_part = np.empty(1024, np.int32)
    n_entries = 0
    size = 1
    for part in range(len(part_owner)):
        box = part_box[part]
        size = max(size, (box[2] - box[0] + 1) * (box[3] - box[1] + 1))
    window = np.zeros(size, np.uint8)
    for part in range(len(part_owner)):
        left, low, right, high = part_box[part]
        width = right - left + 1
        for ring in range(part_ring[part], part_ring[part + 1]):
            mark = _IN_SHELL if ring == part_ring[part] else _IN_HOLE
            _draw_ring(window, width, left, low, right, coords, ring_first[ring], ring_first[ring + 1], mark, frame)
        for row in range(low, high + 1):
            for column in range(left, right + 1):
                at = (row - low) * width + column - left
                state = window[at]
                if state == 0:
                    continue
                window[at] = 0
                here = row * n_columns + column
                if state & _TOUCHED:
                    entry = part
                elif state & _IN_SHELL and not state & _IN_HOLE:
                    if cell[here] == -1:
                        cell[here] = part
                        continue
                    entry = ~part
                else:
                    continue
                if n_entries == len(entry_cell):
                    entry_cell = _doubled(entry_cell)
                    entry_part = _doubled(entry_part)
                entry_cell[n_entries] = here
                entry_part[n_entries] = entry
                n_entries += 1
                n_listed[here] += 1
    n_lists = 0
    n_all = 0
    for here in range(len(cell)):
        if n_listed[here] > 0:
            n_lists += 1
            n_all += n_listed[here] + (cell[here] >= 0)
    first = np.empty(n_lists + 1, np.int32)
    fill = np.empty(n_lists, np.int32)
    listed = np.empty(n_all, np.int32)
    k = 0
    at = 0
    for here in range(len(cell)):
        if n_listed[here] > 0:
            first[k] = at
            fill[k] = at
            if cell[here] >= 0:
                listed[at] = ~cell[here]
                fill[k] = at + 1
            at += n_listed[here] + (cell[here] >= 0)
            cell[here] = -2 - k
            k += 1
        elif cell[here] >= 0:
            cell[here] = part_owner[cell[here]]
    first[n_lists] = at
    for entry in range(n_entries):
        k = -2 - cell[entry_cell[entry]]
        listed[fill[k]] = entry_part[entry]
        fill[k] += 1
    return cell, first, listed


@njit(cache=True, nogil=True)
def _doubled(values: Any) -> Any:
    longer = np.empty(2 * len(values), values.dtype)
    longer[: len(values)] = values
    return longer


@njit(cache=True, nogil=True)
def _draw_ring(
    window: Any, width: int, left: int, low: int, right: int, coords: Any, first: int, end: int, mark: int, frame: Any
) -> None:
    """Mark the cells that a ring touches, and those whose middle row it encloses there."""
    x0, y0, per_x, per_y, slack_x, slack_y = frame
    box_left, box_right = right, left
    box_low, box_high = 1 << 40, -1
    for e in range(first, end - 1):
        xa, ya, xb, yb = coords[e, 0], coords[e, 1], coords[e + 1, 0], coords[e + 1, 1]
        if ya > yb:
            xa, ya, xb, yb = xb, yb, xa, ya
        from_row, to_row = int((ya - y0) * per_y), int((yb - y0) * per_y)
        box_low, box_high = min(box_low, from_row), max(box_high, to_row)
        per_height = (xb - xa) / (yb - ya) if to_row > from_row else 0.0
        for row in range(from_row, to_row + 1):
            x_from, x_to = xa, xb
            if to_row > from_row:
                bottom, top = y0 + row / per_y - slack_y, y0 + (row + 1) / per_y + slack_y
                if bottom > ya:
                    x_from = xa + (bottom - ya) * per_height
                if top < yb:
                    x_to = xa + (top - ya) * per_height
            if x_from > x_to:
                x_from, x_to = x_to, x_from
            c_from = max(left, int(max(0.0, (x_from - slack_x - x0) * per_x)))
            c_to = min(right, int(max(0.0, (x_to + slack_x - x0) * per_x)))
            box_left, box_right = min(box_left, c_from), max(box_right, c_to)
            line = (row - low) * width - left
            for column in range(c_from, c_to + 1):
                window[line + column] |= _TOUCHED
            middle = y0 + (row + 0.5) / per_y
            if ya <= middle < yb:
                x = xa + (middle - ya) * ((xb - xa) / (yb - ya))
                column = min(c_to, max(c_from, int(max(0.0, (x - x0) * per_x))))
                window[line + column] ^= _CROSSED
    for row in range(box_low, box_high + 1):
        line = (row - low) * width - left
        is_inside = False
        for column in range(box_left, box_right + 1):
            state = window[line + column]
            if state & _CROSSED:
                is_inside = not is_inside
                window[line + column] = state ^ _CROSSED
            if is_inside:
                window[line + column] |= mark


@njit(cache=True, nogil=True)
def edges_by_row(
    coords: Any, ring_first: Any, part_ring: Any, part_box: Any, part_bins: Any, y0: float, per_y: float
) -> tuple[Any, Any]:
    """Where the edges of each part in each of its rows begin, and the edges: those of one ring stand together."""
    n_bins = part_bins[len(part_bins) - 1]
    first = np.zeros(n_bins + 1, np.int32)
    edge = np.empty(0, np.int32)
    fill = np.empty(0, np.int32)
    for turn in range(2):
        if turn == 1:
            for k in range(n_bins):
                first[k + 1] += first[k]
            fill = first[:-1].copy()
            edge = np.empty(first[n_bins], np.int32)
        for part in range(len(part_ring) - 1):
            to_bin = part_bins[part] - part_box[part, 1]
            for ring in range(part_ring[part], part_ring[part + 1]):
                for e in range(ring_first[ring], ring_first[ring + 1] - 1):
                    ya, yb = coords[e, 1], coords[e + 1, 1]
                    from_row, to_row = int((min(ya, yb) - y0) * per_y), int((max(ya, yb) - y0) * per_y)
                    for k in range(to_bin + from_row, to_bin + to_row + 1):
                        if turn == 0:
                            first[k + 1] += 1
                        else:
                            edge[fill[k]] = e
                            fill[k] += 1
    return first, edge


@njit(cache=True, nogil=True)
def find_rows(raster: Any, x: Any, y: Any, is_filtered: bool, allowed: Any) -> tuple[Any, Any, Any]:
    """Lowest row of each point, whether there were several, and the points whose answer rounding may have spoilt."""
    n = len(x)
    rows = np.empty(n, np.int32)
    several = np.zeros(n, np.bool_)
    doubtful = np.empty(16, np.int64)
    n_doubtful = 0
    for i in range(n):
        rows[i] = -1
        column_f = (x[i] - raster.x0) * raster.per_x
        row_f = (y[i] - raster.y0) * raster.per_y
        if not (0.0 <= column_f < raster.n_columns and 0.0 <= row_f < raster.n_rows):
            continue
        row = int(row_f)
        value = raster.cell[row * raster.n_columns + int(column_f)]
        if value >= 0:
            if not is_filtered or allowed[value]:
                rows[i] = value
            continue
        if value == -1:
            continue
        lowest, highest = 1 << 40, -1
        for k in range(raster.first[-2 - value], raster.first[-1 - value]):
            part = raster.listed[k]
            is_sure = part < 0
            if is_sure:
                part = ~part
            owner = raster.part_owner[part]
            if is_filtered and not allowed[owner]:
                continue
            state = _IN if is_sure else _locate(raster, part, x[i], y[i], row)
            if state == _IN_DOUBT:
                if n_doubtful == len(doubtful):
                    doubtful = _doubled(doubtful)
                doubtful[n_doubtful] = i
                n_doubtful += 1
                highest = -1
                break
            if state == _IN:
                lowest, highest = min(lowest, owner), max(highest, owner)
        if highest >= 0:
            rows[i] = lowest
            several[i] = lowest != highest
    return rows, several, doubtful[:n_doubtful]


@njit(cache=True, nogil=True)
def _locate(raster: Any, part: int, x: float, y: float, row: int) -> int:
    """Whether a point is in or on a part: crossings of a ray to the right, ring by ring, the shell first."""
    k = raster.part_bins[part] + row - raster.part_row[part]
    shell = raster.part_ring[part]
    ring = shell
    is_odd = False
    for at in range(raster.edge_first[k], raster.edge_first[k + 1]):
        e = raster.edge[at]
        if raster.edge_ring[e] != ring:
            if is_odd != (ring == shell):
                return _OUT
            ring = raster.edge_ring[e]
            is_odd = False
        xa, ya, xb, yb = raster.coords[e, 0], raster.coords[e, 1], raster.coords[e + 1, 0], raster.coords[e + 1, 1]
        if xa < x and xb < x:
            continue
        if (xb == x and yb == y) or (xa == x and ya == y):
            return _IN
        if ya == yb:
            if ya == y and min(xa, xb) <= x <= max(xa, xb):
                return _IN
            continue
        if not (ya <= y < yb or yb <= y < ya):
            continue
        if xa > x and xb > x:
            is_odd = not is_odd
            continue
        if xa == xb:  # and so both are x
            return _IN
        plus = (xa - x) * (yb - y)
        minus = (ya - y) * (xb - x)
        turn = plus - minus
        if not abs(turn) > _SURE_FRAC * (abs(plus) + abs(minus)) + _LEAST:
            return _IN_DOUBT
        if (turn > 0.0) == (yb > ya):
            is_odd = not is_odd
    return _IN if is_odd == (ring == shell) else _OUT
