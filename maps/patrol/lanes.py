"""A route on paper: every leg on the right of its street, so that there and back both show, with arrows and numbers.

Decides where lines, arrows and numbers lie, in millimetres; what they look like is decided by the page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.atlas.labels import Taken

BESIDE_MM, LANE_MM = 0.75, 1.25
"""How far right of the middle of its street a first pass lies, and how much farther each further pass."""

_MOST_LANES = 3
_ARROW_EVERY_MM = 24.0
_ARROW_LEAST_MM = 4.5
_OUT_MM = (2.7, 3.6, -2.7, -3.6, 5.0, -5.0)
_ALONG_MM = (2.5, 4.0, 5.5, 7.5, 10.0, 13.0, 17.0, 22.0, 30.0)


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow head: its middle, and where it points, in radians counter-clockwise from east."""

    x: float
    y: float
    angle: float


@dataclass(frozen=True, slots=True)
class NumberSpot:
    """Where the number of a leg stands: its middle, and the point of the leg that it belongs to."""

    position: int
    x: float
    y: float
    at: tuple[float, float]


def lay_lanes(lines: list[Any]) -> list[Any]:
    """Each line moved to its lane on the right; the end of each is joined to the beginning of the next.

    Parameters
    ----------
    lines
        Legs on paper in walking direction; ``None`` for a leg that has no line.
    """
    moved = [
        None if lane < 0 else _on_the_right(line, BESIDE_MM + lane * LANE_MM)
        for line, lane in zip(lines, number_lanes(lines), strict=True)
    ]
    return _joined(moved)


def number_lanes(lines: list[Any]) -> list[int]:
    """Which lane each leg has: how often an earlier one passed the same ground the same way, 2 at most; -1: no line."""
    passed: Counter[tuple[float, ...]] = Counter()
    lanes = []
    for line in lines:
        if line is None or shapely.length(line) == 0:
            lanes.append(-1)
            continue
        xy = np.round(shapely.get_coordinates(line), 1)
        segments = list(dict.fromkeys(map(tuple, np.hstack([xy[:-1], xy[1:]]).tolist())))
        lanes.append(min(max(passed[s] for s in segments), _MOST_LANES - 1))
        passed.update(segments)
    return lanes


def place_arrows(line: Any) -> list[Arrow]:
    """Arrow heads along a lane: one in its middle, more on a long one, none where it is too short to carry one."""
    length = float(shapely.length(line))
    if length < _ARROW_LEAST_MM:
        return []
    n = max(1, int(length // _ARROW_EVERY_MM))
    at = (np.arange(n) + 0.5) * length / n
    a = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(at - 1.0, 0)))
    b = shapely.get_coordinates(shapely.line_interpolate_point(line, np.minimum(at + 1.0, length)))
    middle = (a + b) / 2
    angle = np.arctan2(b[:, 1] - a[:, 1], b[:, 0] - a[:, 0])
    return [Arrow(x, y, t) for (x, y), t in zip(middle.tolist(), angle.tolist(), strict=True)]


def place_numbers(
    shapes: list[Any], sizes: list[tuple[float, float]], clear: Any, taken: Taken
) -> list[NumberSpot | None]:
    """A spot for the number of each leg, beside its beginning; ``None`` where the paper is full.

    Parameters
    ----------
    shapes
        Lanes, or points of places, on paper; ``None`` for a leg that is not on the map.
    sizes
        Width and height of each number.
    clear
        What the numbers had better not cover: all lanes.
    taken
        What is occupied; the spots are added.
    """
    shapely.prepare(clear)
    spots: list[NumberSpot | None] = []
    for position, (shape, (w, h)) in enumerate(zip(shapes, sizes, strict=True)):
        spots.append(None)
        if shape is None:
            continue
        points, anchors = _candidates(shape, w, h)
        boxes = shapely.box(points[:, 0] - w / 2, points[:, 1] - h / 2, points[:, 0] + w / 2, points[:, 1] + h / 2)
        free = taken.free(boxes)
        open_ground = free & ~shapely.intersects(clear, boxes)
        for good in (open_ground, free):
            if good.any():
                best = int(np.flatnonzero(good)[0])
                taken.take(boxes[best])
                x, y = points[best].tolist()
                ax, ay = anchors[best].tolist()
                spots[position] = NumberSpot(position, x, y, (ax, ay))
                break
    return spots


def _on_the_right(line: Any, by: float) -> Any:
    """A line moved to the right: corners mitred, sharp ones cut.  Loops stay loops, which GEOS's own offset undoes."""
    xy = shapely.get_coordinates(line)
    xy = xy[np.append(True, np.hypot(*np.diff(xy, axis=0).T) > 1e-6)]
    if len(xy) < 2:
        return line
    step = np.diff(xy, axis=0)
    right = np.column_stack([step[:, 1], -step[:, 0]]) / np.hypot(step[:, 0], step[:, 1])[:, None]
    both = right[np.maximum(np.arange(len(xy)) - 1, 0)] + right[np.minimum(np.arange(len(xy)), len(right) - 1)]
    square = (both**2).sum(axis=1)
    out = np.where((square > 0.7)[:, None], both * 2 / np.maximum(square, 0.7)[:, None], 2 * both / 0.7)
    return shapely.LineString(xy + by * out)


def _joined(lanes: list[Any]) -> list[Any]:
    result = list(lanes)
    last: int | None = None
    for i, lane in enumerate(lanes):
        if lane is None:
            continue
        if last is not None:
            end = shapely.get_coordinates(result[last])
            start = shapely.get_coordinates(lane)[:1]
            if 0 < np.hypot(*(end[-1] - start[0])) < 8.0:
                result[last] = shapely.LineString(np.vstack([end, start]))
        last = i
    return result


def _candidates(shape: Any, w: float, h: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if shapely.get_dimensions(shape) == 0:
        x, y = shapely.get_coordinates(shape)[0]
        turns = np.deg2rad([0, 180, 90, 270, 45, 135, 225, 315])
        far = np.repeat([2.2, 4.0, 6.0], len(turns))
        a = np.tile(turns, 3)
        points = np.column_stack([x + np.cos(a) * (far + w / 2), y + np.sin(a) * (far + h / 2)])
        return points, np.tile([x, y], (len(points), 1))
    length = float(shapely.length(shape))
    at = np.unique(np.minimum(_ALONG_MM, length * 0.6))
    spot = shapely.get_coordinates(shapely.line_interpolate_point(shape, at))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(shape, np.minimum(at + 0.5, length)))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(shape, np.maximum(at - 0.5, 0)))
    along = ahead - behind
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    right = np.column_stack([along[:, 1], -along[:, 0]])
    reach = np.abs(right[:, 0]) * w / 2 + np.abs(right[:, 1]) * h / 2
    points, anchors, order = [], [], []
    for k, out in enumerate(_OUT_MM):
        far = (abs(out) - 1.7 + reach) * np.sign(out)
        points.append(spot + right * far[:, None])
        anchors.append(spot)
        # Right beside the beginning is best; farther along beats farther out, and that beats the wrong side.
        order.append(at * 0.25 + (0.0, 2.5, 3.0, 6.0, 5.0, 9.0)[k])
    ranks = np.argsort(np.concatenate(order), kind="stable")
    return np.vstack(points)[ranks], np.vstack(anchors)[ranks]
