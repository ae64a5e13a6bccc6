"""Lines that split a block holding too many households: first its inner lanes, then cells around its buildings.

Decides where a split runs; the arrangement of all lines (`gis.enclose.arrange`) then makes the pieces, so a
split never opens a gap.  No building is cut: the cells are built around whole footprints.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from gis.enclose import PULL_M, ObjectArray, arrange, as_lines, in_steps, locate, pull
from gis.graph import IntArray

EXTEND_M = 30.0
"""A lane that ends inside a block is carried on up to this far to reach the next line."""
OVERSHOOT_M = 0.01
STEP_M = 5.0
INSET_M = 0.4
SMOOTH_M = 1.0


def split_lines(
    block: shapely.Polygon,
    lanes: ObjectArray,
    footprints: ObjectArray,
    households: IntArray,
    *,
    max_households: int,
    piece_households: int,
) -> ObjectArray:
    """Lines that part one block.

    Parameters
    ----------
    block
        The face to split.
    lanes
        Lines of streets, paths and walls that touch it.
    footprints, households
        Polygons or points of the buildings in it, and their households.
    max_households
        A piece between lanes with more than this is cut into cells.
    piece_households
        Most households of one piece made of cells, unless a single building has more.

    Returns
    -------
    LineStrings that end on the block's border or a hair beyond it.
    """
    border = shapely.get_parts(shapely.boundary(block))
    inner, _ = as_lines(shapely.intersection(lanes, block)) if len(lanes) else (lanes, None)
    if len(inner):
        # The block's own streets were moved a hair when the block was made: what runs along its border is no lane.
        inner = pull(inner, border, 2 * PULL_M)
        inner = inner[shapely.contains(block, shapely.line_interpolate_point(inner, 0.5, normalized=True))]
    pieces = np.array([block], dtype=object)
    if len(inner):
        inner = np.concatenate([inner, carry_on(inner, border, footprints)])
        pieces = arrange(np.concatenate([border, inner]))
    if households.sum() <= max_households:
        return inner
    points = shapely.point_on_surface(footprints)
    piece = locate(points, pieces)
    total = np.bincount(piece[piece >= 0], weights=households[piece >= 0], minlength=len(pieces))
    made = [inner]
    for i in np.flatnonzero(total > max_households):
        rows = np.flatnonzero(piece == i)
        made.append(cell_lines(pieces[i], footprints[rows], households[rows], piece_households))
    return np.concatenate(made)


def carry_on(lanes: ObjectArray, border: ObjectArray, footprints: ObjectArray) -> ObjectArray:
    """Extensions of lanes that end in the open: straight on, else to the nearest border, never through a building."""
    noded = shapely.get_parts(shapely.node(shapely.multilinestrings(lanes)))
    ends = np.concatenate([shapely.get_point(noded, 0), shapely.get_point(noded, -1)])
    before = np.concatenate([shapely.get_point(noded, 1), shapely.get_point(noded, -2)])
    xy, back = shapely.get_coordinates(ends), shapely.get_coordinates(before)
    _, inverse, degree = np.unique(in_steps(xy, 0.00137), axis=0, return_inverse=True, return_counts=True)
    outline = shapely.multilinestrings(border)
    loose = (degree[inverse.ravel()] == 1) & (shapely.distance(ends, outline) > OVERSHOOT_M)
    if not loose.any():
        return np.zeros(0, dtype=object)
    xy, back, ends = xy[loose], back[loose], ends[loose]
    length = np.hypot(*(xy - back).T)
    ahead = (xy - back) / np.maximum(length, 1e-9)[:, None]
    rays = shapely.linestrings(np.stack([xy + ahead * OVERSHOOT_M, xy + ahead * EXTEND_M], axis=1))
    targets = shapely.union_all(np.concatenate([border, noded]))
    straight = _reach(ends, shapely.intersection(rays, targets))
    nearest = shapely.shortest_line(ends, outline)
    buildings = shapely.STRtree(footprints)
    made = []
    for choice in (straight, nearest):
        fits = ~shapely.is_missing(choice) & (shapely.length(choice) <= EXTEND_M)
        hit = buildings.query(choice[fits], predicate="crosses")[0]
        clear = np.flatnonzero(fits)
        clear = np.setdiff1d(clear, clear[hit])
        made.append((clear, choice))
    chosen = np.full(len(ends), None, dtype=object)
    for clear, choice in reversed(made):
        chosen[clear] = choice[clear]
    return _overshoot(chosen[~shapely.is_missing(chosen)])


def _reach(ends: ObjectArray, met: ObjectArray) -> ObjectArray:
    """Line from each end to the nearest point of what its ray met; None where it met nothing."""
    lines = shapely.shortest_line(ends, met)
    lines[shapely.is_empty(met)] = None
    return np.asarray(lines)


def _overshoot(lines: ObjectArray) -> ObjectArray:
    """Two-point lines, a hair longer at the far end, so that they surely meet what they were drawn to."""
    if not len(lines):
        return lines
    xy = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    step = xy[:, 1] - xy[:, 0]
    xy[:, 1] += step / np.maximum(np.hypot(*step.T), 1e-9)[:, None] * OVERSHOOT_M
    return np.asarray(shapely.linestrings(xy))


def cell_lines(
    face: shapely.Polygon, footprints: ObjectArray, households: IntArray, piece_households: int
) -> ObjectArray:
    """Borders between groups of buildings: midway between the footprints of neighbouring groups."""
    centre = shapely.get_coordinates(shapely.centroid(footprints))
    origin = shapely.get_coordinates(shapely.centroid(face))[0]
    label = bisect(centre - origin, households, piece_households)
    if label.max(initial=0) == 0:
        return np.zeros(0, dtype=object)
    xy, owner = _outline_points(footprints)
    xy = xy - origin
    x0, y0, x1, y1 = shapely.bounds(face)
    far = 10.0 * max(x1 - x0, y1 - y0, 1.0)
    ring = np.array([(c, s) for c in (-far, 0, far) for s in (-far, 0, far) if c or s])
    cells = Voronoi(np.concatenate([xy, ring]))
    side = np.concatenate([label[owner], np.full(len(ring), -1)])[cells.ridge_points]
    ridge = np.asarray(cells.ridge_vertices)
    between = (side[:, 0] != side[:, 1]) & (side >= 0).all(axis=1) & (ridge >= 0).all(axis=1)
    ends = cells.vertices[ridge[between]]
    # A hair of difference between coincident vertices would part the lines: put them on a grid before merging.
    ends = np.round(ends, 4)
    ends = ends[(ends[:, 0] != ends[:, 1]).any(axis=1)]
    if not len(ends):
        return np.zeros(0, dtype=object)
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(ends + origin)))
    smooth = shapely.simplify(shapely.get_parts(merged), SMOOTH_M)
    cut, _ = as_lines(shapely.intersection(smooth, shapely.buffer(face, OVERSHOOT_M, join_style="mitre")))
    return cut


def _outline_points(footprints: ObjectArray) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points along each footprint, drawn in a little so that party walls stay apart, and whose they are."""
    shapes = footprints.copy()
    polygonal = np.isin(shapely.get_type_id(shapes), (3, 6))
    inset = shapely.buffer(shapes[polygonal], -INSET_M, join_style="mitre")
    middle = shapely.point_on_surface(shapes[polygonal])
    shapes[polygonal] = np.where(shapely.is_empty(inset), middle, shapely.segmentize(inset, STEP_M))
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    _, first = np.unique(in_steps(xy), axis=0, return_index=True)
    first.sort()
    return xy[first], owner[first]


def bisect(xy: NDArray[np.float64], households: IntArray, limit: int) -> IntArray:
    """Group points into pieces of at most ``limit`` households by halving along the longer axis again and again.

    A single point over the limit is a piece of its own.  Deterministic; ties go by position in the input.
    """
    label = np.zeros(len(households), dtype=np.int64)
    todo = [np.arange(len(households))]
    n = 0
    while todo:
        rows = todo.pop()
        total = int(households[rows].sum())
        if total <= limit or np.count_nonzero(households[rows]) < 2:
            label[rows] = n
            n += 1
            continue
        along, across = _along_and_across(xy[rows])
        order = rows[np.lexsort((rows, in_steps(across), in_steps(along)))]
        n_pieces = -(-total // limit)
        share = (n_pieces // 2) / n_pieces
        counted = np.cumsum(households[order])
        first, last = np.flatnonzero(households[order])[[0, -1]]
        cut = first + int(np.argmin(np.abs(counted[first:last] - share * total)))
        todo += [order[cut + 1 :], order[: cut + 1]]
    return label


def _along_and_across(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates along the longer and the shorter main axis; along x where neither is clearly longer."""
    centred = xy - xy.mean(axis=0)
    size, axes = np.linalg.eigh(centred.T @ centred)
    axis: NDArray[Any] = axes[:, 1]
    if size[1] < 1.05 * size[0]:
        axis = np.array([1.0, 0.0])
    if axis[0] < -1e-6 or (abs(axis[0]) <= 1e-6 and axis[1] < 0):
        axis = -axis
    return centred @ axis, centred @ np.array([-axis[1], axis[0]])
