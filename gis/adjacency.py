"""Which polygons of a coverage share a border, for how many metres, along what, and whether one can pass.

Works on the coverage's own segments: two polygons touch where both own the same segment, so a shared corner is
nothing and every length is exact.  Needs a valid coverage; making one is the work of `gis.enclose` and `gis.atoms`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.enclose import Lines, ObjectArray, boundary_lines, in_steps, split_segments
from gis.graph import BoolArray, EdgeClass, FloatArray, Int32Array, IntArray
from gis.territory import Territory

OUTSIDE = -1
ALONG_M = 0.05
"""A border made of a line's own vertices lies this close to it."""
NEAR_M = 1.5
"""A border drawn by somebody else (a ready-made unit) that runs along a line lies this close to it."""
CROSSING_M = 0.5
N_CLASSES = len(EdgeClass)


@dataclass(frozen=True, slots=True)
class Segments:
    """Straight pieces of border of a coverage.

    ``a`` and ``b`` are positions of the polygons on either side, ``a < b``; `OUTSIDE` as ``a`` where there is
    only one.  ``xy`` has one row a segment: x0, y0, x1, y1.
    """

    a: Int32Array
    b: Int32Array
    xy: FloatArray

    @property
    def length_m(self) -> FloatArray:
        """Length of each segment."""
        return np.asarray(np.hypot(self.xy[:, 2] - self.xy[:, 0], self.xy[:, 3] - self.xy[:, 1]))

    def points(self, share: float) -> ObjectArray:
        """The point at a share (0-1) of the way along each segment."""
        return np.asarray(shapely.points(self.xy[:, :2] + share * (self.xy[:, 2:] - self.xy[:, :2])))

    def lines(self) -> ObjectArray:
        """Each segment as a LineString."""
        return np.asarray(shapely.linestrings(self.xy.reshape(-1, 2, 2)))

    def take(self, rows: NDArray[Any]) -> Segments:
        """Some of the segments."""
        return Segments(self.a[rows], self.b[rows], self.xy[rows])


@dataclass(frozen=True, slots=True)
class Contacts:
    """Pairs of polygons that share a border, ascending; arrays as in `gis.graph.AtomGraph`.

    ``class_length_m`` has one row a pair and one column per `EdgeClass`; ``barrier_length_m`` is the part of the
    border that runs along a river, railway or motorway; ``is_crossed`` says that a street gets across it there.
    """

    a: Int32Array
    b: Int32Array
    length_m: FloatArray
    class_length_m: FloatArray
    barrier_length_m: FloatArray
    is_crossed: BoolArray

    @property
    def edge_class(self) -> Int32Array:
        """`EdgeClass` of the longest part of each border."""
        return np.argmax(np.round(self.class_length_m, 6), axis=1).astype(np.int32)

    @property
    def is_passable(self) -> BoolArray:
        """False where most of the border is a barrier and no street crosses it."""
        return np.asarray(self.is_crossed | (self.barrier_length_m < 0.5 * self.length_m))

    @classmethod
    def join(cls, one: Contacts, two: Contacts) -> Contacts:
        """Contacts of two sets of pairs that have none in common."""
        columns = [np.concatenate([getattr(one, f.name), getattr(two, f.name)]) for f in fields(cls)]
        order = np.lexsort((columns[1], columns[0]))
        return cls(*(column[order] for column in columns))

    def regroup(self, group: NDArray[Any]) -> Contacts:
        """The same contacts between groups of polygons; borders inside a group vanish."""
        one, two = group[self.a], group[self.b]
        keep = np.flatnonzero(one != two)
        low, high = np.minimum(one, two)[keep], np.maximum(one, two)[keep]
        pairs, inverse = _unique_pairs(low, high)
        n = len(pairs)

        def total(values: FloatArray) -> FloatArray:
            return np.bincount(inverse, weights=values[keep], minlength=n)

        return Contacts(
            pairs[:, 0].astype(np.int32),
            pairs[:, 1].astype(np.int32),
            total(self.length_m),
            np.stack([total(self.class_length_m[:, c]) for c in range(N_CLASSES)], axis=1),
            total(self.barrier_length_m),
            np.bincount(inverse, weights=self.is_crossed[keep], minlength=n) > 0,
        )


def border_segments(geometry: ObjectArray) -> Segments:
    """All segments of a coverage's borders, each once, with the polygons on both sides.

    Parameters
    ----------
    geometry
        Polygons or multipolygons; neighbours have the same vertices.
    """
    parts, part_row = shapely.get_parts(geometry, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    start, end = xy[:-1][joined], xy[1:][joined]
    owner = part_row[ring_part[ring[:-1][joined]]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    start[swap], end[swap] = end[swap], start[swap].copy()
    order = np.lexsort((owner, end[:, 1], end[:, 0], start[:, 1], start[:, 0]))
    line, owner = np.concatenate([start, end], axis=1)[order], owner[order]
    twin = np.zeros(len(line), bool)
    twin[1:] = (line[1:] == line[:-1]).all(axis=1)
    first = ~twin
    paired = np.zeros(len(line), bool)
    paired[:-1] = twin[1:]
    rows = np.flatnonzero(first)
    a = np.where(paired[rows], owner[rows], OUTSIDE)
    b = np.where(paired[rows], owner[np.minimum(rows + 1, len(owner) - 1)], owner[rows])
    inside = a != b  # a polygon that touches itself along a line has no border there
    return Segments(a[inside].astype(np.int32), b[inside].astype(np.int32), line[rows][inside])


def contacts(
    segments: Segments,
    lines: Lines,
    crossings: ObjectArray,
    *,
    default: EdgeClass = EdgeClass.OPEN,
    within_m: float = ALONG_M,
) -> Contacts:
    """Sum segments to pairs of polygons and say what each border runs along.

    Parameters
    ----------
    segments
        Of the coverage; those with `OUTSIDE` are ignored.
    lines
        What a border may run along (`gis.enclose.boundary_lines`).
    crossings
        Points where a street gets across a barrier (`gis.enclose.crossing_points`).
    default
        Class of a border along no line.
    within_m
        How far from a line a border may lie and still run along it.
    """
    segments = segments.take(np.flatnonzero(segments.a != OUTSIDE))
    pairs, pair = _unique_pairs(segments.a, segments.b)
    n, length = len(pairs), segments.length_m
    edge_class, is_barrier = run_along(segments, lines, default=default, within_m=within_m)
    by_class = np.bincount(pair * N_CLASSES + edge_class, weights=length, minlength=n * N_CLASSES)
    crossed = np.zeros(n, bool)
    blocked = np.flatnonzero(is_barrier)
    if len(crossings) and len(blocked):
        tree = shapely.STRtree(segments.take(blocked).lines())
        hit = tree.query(crossings, predicate="dwithin", distance=max(CROSSING_M, within_m))[1]
        crossed[pair[blocked[hit]]] = True
    return Contacts(
        pairs[:, 0].astype(np.int32),
        pairs[:, 1].astype(np.int32),
        np.bincount(pair, weights=length, minlength=n),
        by_class.reshape(n, N_CLASSES),
        np.bincount(pair, weights=length * is_barrier, minlength=n),
        crossed,
    )


def run_along(segments: Segments, lines: Lines, *, default: EdgeClass, within_m: float) -> tuple[IntArray, BoolArray]:
    """Per segment: class of the line it runs along (the best, where several lie together), and whether a barrier.

    A segment runs along lines when at least two of three points on it lie within reach of one.
    """
    n = len(segments.a)
    if not n or not len(lines):
        return np.full(n, int(default)), np.zeros(n, bool)
    pieces, line = split_segments(lines.geometry)
    piece_class, piece_barrier = lines.edge_class[line], lines.is_barrier[line]
    tree = shapely.STRtree(pieces)
    classes = np.full((3, n), int(default))
    barrier = np.zeros((3, n), bool)
    for i, share in enumerate((0.5, 0.2, 0.8)):
        point, piece = tree.query(segments.points(share), predicate="dwithin", distance=within_m)
        best = np.full(n, N_CLASSES)
        np.minimum.at(best, point, piece_class[piece])
        classes[i] = np.where(best == N_CLASSES, int(default), best)
        barrier[i, point[piece_barrier[piece]]] = True
    agreed = np.where(classes[1] == classes[2], classes[1], int(default))
    chosen = np.where((classes[0] == classes[1]) | (classes[0] == classes[2]), classes[0], agreed)
    return chosen, barrier.sum(axis=0) >= 2


def parts_of(n: int, a: NDArray[Any], b: NDArray[Any]) -> IntArray:
    """Connected part of each of ``n`` polygons, numbered by lowest position."""
    ones = np.ones(len(a), dtype=np.int8)
    label = connected_components(coo_array((ones, (a, b)), shape=(n, n)), directed=False)[1]
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def tie_exclaves(
    geometry: ObjectArray, community_index: NDArray[Any], a: NDArray[Any], b: NDArray[Any]
) -> tuple[Int32Array, Int32Array]:
    """Pairs that tie the separate parts of each community together: nearest parts first, a spanning tree.

    Returns
    -------
    lower and higher position of each tie, ascending.
    """
    part = parts_of(len(geometry), a, b)
    ties: list[tuple[int, int]] = []
    n_parts = np.zeros(int(community_index.max(initial=-1)) + 1, dtype=np.int64)
    owner = np.full(part.max(initial=-1) + 1, -1)
    owner[part] = community_index
    np.add.at(n_parts, owner, 1)
    for code in np.flatnonzero(n_parts > 1):
        rows = np.flatnonzero(community_index == code)
        shapes = {int(p): rows[part[rows] == p] for p in np.unique(part[rows])}
        largest = max(shapes, key=lambda p: (len(shapes[p]), -p))
        tied = shapes.pop(largest)
        while shapes:
            tree = shapely.STRtree(geometry[tied])
            best: tuple[float, int, int, int] | None = None
            for p, members in shapes.items():
                (one, two), gap = tree.query_nearest(geometry[members], return_distance=True, all_matches=True)
                order = np.lexsort((tied[two], members[one], in_steps(gap)))[0]
                found = (round(float(gap[order]), 3), int(members[one[order]]), int(tied[two[order]]), p)
                best = found if best is None or found < best else best
            assert best is not None
            ties.append((min(best[1:3]), max(best[1:3])))
            tied = np.sort(np.concatenate([tied, shapes.pop(best[3])]))
    table = np.array(sorted(ties), dtype=np.int32).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def border_share_on_lines(
    geometry_of_grids: ObjectArray, territory: Territory, *, within_m: float = 5.0
) -> tuple[float, float, ObjectArray]:
    """How much of the border between grids runs along something a person can see.

    Inner border is shared by two grids and is not a community border.  Long segments are judged piece by piece
    of at most 5 m.

    Parameters
    ----------
    geometry_of_grids
        Polygons or multipolygons in ``territory.crs``, a valid coverage.

    Returns
    -------
    metres of inner border, metres of it within reach of a street, barrier or estate outline, and the pieces
    that are not.
    """
    segments = border_segments(np.asarray(geometry_of_grids, dtype=object))
    segments = segments.take(np.flatnonzero(segments.a != OUTSIDE))
    outlines, _ = split_segments(shapely.get_parts(shapely.boundary(np.asarray(territory["communities"].geometry))))
    on_outline = np.zeros(len(segments.a), bool)
    if len(segments.a):
        on_outline[shapely.STRtree(outlines).query(segments.points(0.5), predicate="dwithin", distance=0.01)[0]] = True
    inner = segments.take(np.flatnonzero(~on_outline)).lines()
    pieces, _ = split_segments(shapely.segmentize(inner, 5.0)) if len(inner) else (inner, None)
    lines = boundary_lines(territory)
    length = shapely.length(pieces)
    near = np.zeros(len(pieces), bool)
    if len(pieces) and len(lines):
        middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
        tree = shapely.STRtree(split_segments(lines.geometry)[0])
        near[tree.query(middle, predicate="dwithin", distance=within_m)[0]] = True
    return float(length.sum()), float(length[near].sum()), pieces[~near]


def _unique_pairs(a: NDArray[Any], b: NDArray[Any]) -> tuple[IntArray, NDArray[np.int64]]:
    """Distinct pairs, ascending, and the position of each row's pair among them."""
    width = int(b.max(initial=0)) + 1
    key, inverse = np.unique(a.astype(np.int64) * width + b, return_inverse=True)
    return np.stack([key // width, key % width], axis=1), inverse
