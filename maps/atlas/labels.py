"""Where labels stand: grid labels inside their grid where they fit, else beside it on a leader; names along streets.

Decides places and sizes only.  No two labels overlap and none leaves the frame; what finds no place is left out: of
grid labels only where the frame is full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

SIZES = (11.0, 9.5, 8.0, 6.8, 6.0)
"""Font sizes of grid labels in points, largest first."""

BESIDE_MM = 0.7
"""How far off its street a name stands that may not cover it."""

_POINT_MM = 25.4 / 72.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A label's middle and size; ``leader`` is the point in its grid that a line leads to."""

    x: float
    y: float
    size: float
    box: shapely.Geometry
    leader: tuple[float, float] | None = None


class Taken:
    """Places on the paper that are occupied."""

    def __init__(self, frame: shapely.Geometry) -> None:
        self.frame = frame
        self.boxes: list[shapely.Geometry] = []

    def free(self, boxes: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Which boxes lie in the frame and touch nothing."""
        result = shapely.covers(self.frame, boxes)
        if self.boxes and result.any():
            tree = shapely.STRtree(self.boxes)
            hit = np.unique(tree.query(boxes, predicate="intersects")[0])
            result[hit] = False
        return result

    def take(self, box: shapely.Geometry) -> None:
        """Occupy a place."""
        self.boxes.append(box)


Extent = Callable[[float], tuple[float, float]]
"""Width and height in millimetres of a label at a font size."""


def place_grid_labels(
    shapes: NDArray[np.object_],
    extents: list[Extent],
    taken: Taken,
    *,
    sizes: tuple[float, ...] = SIZES,
    leaders: bool = True,
) -> list[Spot | None]:
    """A spot for the label of each grid.

    Parameters
    ----------
    shapes
        Grids on paper, cut at the frame, in millimetres.
    extents
        Size of each label at a font size.
    taken
        What is occupied; the spots are added.
    sizes
        Font sizes to try, largest first.
    leaders
        A label that fits nowhere in its grid stands beside it; otherwise it is left out.

    Returns
    -------
    One spot a grid; ``None`` for an empty shape, and for a label that was left out.
    """
    there = [i for i in np.argsort(shapely.area(shapes), kind="stable").tolist() if not shapely.is_empty(shapes[i])]
    candidates = {i: _candidates(shapes[i]) for i in there}
    first = {i: _inside(shapes[i], candidates[i], extents[i], sizes, taken) for i in there}
    # One map, one hand: where many labels must be small, the others are not much larger.
    found = sorted(spot.size for spot in first.values() if spot is not None)
    usual = found[len(found) // 4] if found else sizes[-1]
    allowed = sizes[max(sizes.index(usual) - 1, 0) :]
    spots: list[Spot | None] = [None] * len(shapes)
    outside: list[int] = []
    for i in there:
        spot = first[i]
        fits = spot is None or spot.size <= allowed[0]
        spots[i] = spot if fits else _inside(shapes[i], candidates[i], extents[i], allowed, taken)
        if spots[i] is not None:
            taken.take(spots[i].box)
        elif leaders:
            outside.append(i)
    tree = shapely.STRtree(shapes)
    for i in outside:
        spots[i] = _beside(shapes, tree, i, candidates[i], extents[i], sizes, taken)
    return spots


Candidates = tuple[NDArray[np.float64], NDArray[np.float64]]


def _inside(
    shape: shapely.Geometry, candidates: Candidates, extent: Extent, sizes: tuple[float, ...], taken: Taken
) -> Spot | None:
    points, room = candidates
    shapely.prepare(shape)
    for size in sizes:
        w, h = extent(size)
        # A box fits nowhere that has less room around it than half its lesser side.
        able = points[room >= min(w, h) / 2]
        if not len(able):
            continue
        boxes = shapely.box(able[:, 0] - w / 2, able[:, 1] - h / 2, able[:, 0] + w / 2, able[:, 1] + h / 2)
        good = shapely.covers(shape, boxes)
        if good.any():
            good[good] = taken.free(boxes[good])
        if good.any():
            best = int(np.flatnonzero(good)[0])
            return Spot(float(able[best, 0]), float(able[best, 1]), size, boxes[best])
    return None


def _candidates(shape: shapely.Geometry) -> Candidates:
    # The middle of the largest circle and a lattice, the roomiest first.
    parts = shapely.get_parts(shape)
    largest = parts[int(np.argmax(shapely.area(parts)))]
    radius = shapely.maximum_inscribed_circle(largest, tolerance=max(float(np.sqrt(largest.area)) / 50, 0.05))
    x0, y0, x1, y1 = shape.bounds
    step = max((x1 - x0) / 16, (y1 - y0) / 16, 0.7)
    xs, ys = np.meshgrid(np.arange(x0 + step / 2, x1, step), np.arange(y0 + step / 2, y1, step))
    lattice = np.column_stack([xs.ravel(), ys.ravel()])
    lattice = lattice[shapely.contains_xy(shape, lattice[:, 0], lattice[:, 1])]
    points = np.vstack([shapely.get_coordinates(radius)[:1], lattice])
    room = shapely.distance(shapely.points(points), shapely.boundary(shape))
    order = np.argsort(-np.round(room, 3), kind="stable")
    return points[order], room[order]


def _beside(
    shapes: NDArray[np.object_],
    tree: shapely.STRtree,
    i: int,
    candidates: Candidates,
    extent: Extent,
    sizes: tuple[float, ...],
    taken: Taken,
) -> Spot | None:
    points, _ = candidates
    x, y = float(points[0, 0]), float(points[0, 1])
    x0, y0, x1, y1 = taken.frame.bounds
    for size in sizes[2:]:
        w, h = extent(size)
        xs, ys = np.meshgrid(np.arange(x0 + w / 2 + 0.5, x1 - w / 2, 2.0), np.arange(y0 + h / 2 + 0.5, y1 - h / 2, 2.0))
        spots = np.column_stack([xs.ravel(), ys.ravel()])
        far = np.hypot(spots[:, 0] - x, spots[:, 1] - y)
        near = np.argsort(np.round(far, 3), kind="stable")
        near = near[far[near] > max(w, h) * 0.6]
        spots = spots[near]
        boxes = shapely.box(spots[:, 0] - w / 2, spots[:, 1] - h / 2, spots[:, 0] + w / 2, spots[:, 1] + h / 2)
        free = taken.free(boxes)
        # Best is ground that belongs to no grid of the sheet: there no label can be mistaken for another's.
        on_grid = np.zeros(len(boxes), dtype=bool)
        on_grid[np.unique(tree.query(boxes, predicate="intersects")[0])] = True
        alone = free & ~on_grid & (far[near] < 45)
        good = alone if alone.any() else free
        if good.any():
            best = int(np.flatnonzero(good)[0])
            taken.take(boxes[best])
            return Spot(float(spots[best, 0]), float(spots[best, 1]), size, boxes[best], (x, y))
    return None


@dataclass(frozen=True, slots=True)
class Name:
    """A name along a line: its middle, its angle in degrees, counter-clockwise, never upside down."""

    text: str
    x: float
    y: float
    angle_deg: float


def place_street_names(
    shapes: NDArray[np.object_],
    names: NDArray[np.object_],
    ranks: NDArray[np.int64],
    width_mm: Callable[[str], float],
    height_mm: float,
    borders: shapely.Geometry,
    taken: Taken,
    most: int = 60,
    *,
    beside_mm: float = BESIDE_MM,
) -> list[Name]:
    """Names of streets, written along them where they run straight enough.

    The widest streets come first; a long street is named again every 110 mm.

    Parameters
    ----------
    shapes, names, ranks
        Lines on paper, cut at the frame, in millimetres; their name (empty for none) and rank.
    width_mm
        Width of a text.
    height_mm
        Height of a line of text.
    borders
        Lines that no name may cover: beside a border a name stands off its street.
    taken
        What is occupied; the names are added.
    most
        At most so many names.
    beside_mm
        From the middle of a street to the edge of a name that stands off it.
    """
    shapely.prepare(borders)
    lines: list[tuple[int, float, str, shapely.Geometry]] = []
    for name in sorted({n for n in names.tolist() if n}):
        mine = names == name
        merged = shapely.line_merge(shapely.union_all(shapely.multilinestrings(_line_parts(shapes[mine]))))
        rank = int(ranks[mine].min())
        lines += [(rank, -float(part.length), name, part) for part in shapely.get_parts(merged)]
    placed: list[Name] = []
    for _, length, name, line in sorted(lines, key=lambda row: row[:3]):
        if len(placed) >= most:
            break
        w = width_mm(name)
        if -length < w + 3:
            continue
        pieces = max(1, int(-length // 110))
        for piece in range(pieces):
            start, stop = -length * piece / pieces, -length * (piece + 1) / pieces
            found = _along(line, start, stop, w, height_mm, borders, taken, beside_mm)
            if found is not None:
                placed.append(Name(name, *found))
    return placed


def _along(
    line: shapely.Geometry,
    start: float,
    stop: float,
    w: float,
    h: float,
    borders: shapely.Geometry,
    taken: Taken,
    beside_mm: float,
) -> tuple[float, float, float] | None:
    at = np.arange(start + 1, stop - w - 1, 1.5)
    if not len(at):
        return None
    a = shapely.get_coordinates(shapely.line_interpolate_point(line, at))
    b = shapely.get_coordinates(shapely.line_interpolate_point(line, at + w))
    m = shapely.get_coordinates(shapely.line_interpolate_point(line, at + w / 2))
    chord = np.hypot(*(b - a).T)
    middle = (a + b) / 2
    bend = np.hypot(*(m - middle).T)
    good = (chord > 0.985 * w) & (bend < 0.22 * h)
    off_centre = np.abs(at + w / 2 - (start + stop) / 2)
    angle = np.degrees(np.arctan2(b[:, 1] - a[:, 1], b[:, 0] - a[:, 0]))
    angle = np.where(angle > 90, angle - 180, np.where(angle <= -90, angle + 180, angle))
    order = np.lexsort((off_centre, np.round(bend, 1)))
    order = order[good[order]]
    side = np.deg2rad(angle[order])
    across = np.column_stack([-np.sin(side), np.cos(side)])
    for off in (0.0, h / 2 + beside_mm, -h / 2 - beside_mm):
        spots = middle[order] + across * off
        boxes = _turned(spots, w + 0.8, h, side)
        clear = ~shapely.intersects(borders, boxes)
        clear[clear] = taken.free(boxes[clear])
        if clear.any():
            i = int(np.flatnonzero(clear)[0])
            taken.take(boxes[i])
            return float(spots[i, 0]), float(spots[i, 1]), float(angle[order][i])
    return None


def _turned(middle: NDArray[np.float64], w: float, h: float, angle: NDArray[np.float64]) -> NDArray[np.object_]:
    u = np.column_stack([np.cos(angle), np.sin(angle)]) * w / 2
    v = np.column_stack([-np.sin(angle), np.cos(angle)]) * h / 2
    boxes: NDArray[np.object_] = shapely.polygons(
        np.stack([middle - u - v, middle + u - v, middle + u + v, middle - u + v], axis=1)
    )
    return boxes


def _line_parts(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    parts = shapely.get_parts(shapes)
    return parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
