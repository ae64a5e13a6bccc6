"""Where doors, fields and units stand on the streets: the nearest spot of a street that the mode may use.

A spot is looked for on the nearest street.  Where a barrier lies between, the nearest street on this side is taken if
there is one within reach; where the nearest street is cut off from the rest (a fragment of the map), the nearest of the
main streets if it is hardly farther.  Motorways have no doors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.modes import MOTORWAYS
from gis.streets.network import ObjectArray, StreetNetwork

_MAIN_M = 1_000.0  # a part of the network with so many metres is no fragment
_AT_NODE_M = 0.05  # a spot this close to an end is at the end
_ALIKE_M = 1.0
_TRIED = 8  # so many of the nearest streets are tried where a barrier lies between
_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Spots:
    """Per shape: nearest link (-1: none near enough), metres along it, metres from it (infinite: no street at all)."""

    link: Int32Array
    along_m: FloatArray
    off_m: FloatArray


@dataclass(frozen=True, slots=True)
class Kerb:
    """Links that doors may open on, ready for many questions."""

    network: StreetNetwork
    rows: IntArray
    tree: shapely.STRtree
    is_main: BoolArray  # per link of the network
    main_rows: IntArray
    main_tree: shapely.STRtree
    barriers: shapely.STRtree

    @classmethod
    def of(cls, network: StreetNetwork, barriers: ObjectArray | None = None) -> Self:
        """Index the open links of a network."""
        is_open = np.isfinite(network.passing_s).any(axis=1)
        n = network.n_nodes
        ends = (network.tail[is_open], network.head[is_open])
        graph = coo_array((np.ones(len(ends[0])), ends), shape=(n, n)).tocsr()
        n_parts, number = connected_components(graph, directed=False)
        part = number[network.tail]
        metres = np.bincount(part[is_open], weights=network.length_m[is_open], minlength=max(n_parts, 1))
        is_main = is_open & ((metres[part] >= _MAIN_M) | (part == np.argmax(metres)))
        usable = is_open & ~np.isin(network.road_class, sorted(MOTORWAYS))
        rows, main = np.flatnonzero(usable), np.flatnonzero(usable & is_main)
        trees = [shapely.STRtree(network.geometry[which]) for which in (rows, main)]
        walls = shapely.STRtree(_segments(np.empty(0, dtype=object) if barriers is None else barriers))
        return cls(network, rows, trees[0], is_main, main, trees[1], walls)

    def find(self, shapes: ObjectArray, within_m: float = np.inf, bridged_m: float = 30.0) -> Spots:
        """Spots of points or polygons (a polygon's spot is nearest to its outline).

        Parameters
        ----------
        within_m
            Farther from every street is on none.
        bridged_m
            A main street may be so much farther than a fragment and is taken all the same.
        """
        n = len(shapes)
        link, off_m = np.full(n, -1, dtype=np.int64), np.full(n, np.inf)
        real = np.flatnonzero(np.isfinite(shapely.bounds(shapes)).all(axis=1)) if n else np.zeros(0, np.int64)
        if not len(real) or not len(self.rows):
            return Spots(link.astype(np.int32), np.zeros(n), off_m)
        for part in np.array_split(real, range(_CHUNK, len(real), _CHUNK)):
            link[part], off_m[part] = self._nearest(shapes[part], self.tree, self.rows, None)
        self._keep_this_side(shapes, real, link, off_m, within_m)
        self._leave_fragments(shapes, real, link, off_m, within_m, bridged_m)
        link[~(off_m <= within_m)] = -1
        along = np.zeros(n)
        on = np.flatnonzero(link >= 0)
        if len(on):
            lines = self.network.geometry[link[on]]
            at = shapely.line_locate_point(lines, _feet(lines, shapes[on]))
            length = self.network.length_m[link[on]]
            at = np.where(at <= _AT_NODE_M, 0.0, at)
            along[on] = np.where(length - at <= _AT_NODE_M, np.where(at == 0.0, 0.0, length), at)
        return Spots(link.astype(np.int32), along, off_m)

    @staticmethod
    def _nearest(
        shapes: ObjectArray, tree: shapely.STRtree, rows: IntArray, within_m: float | None
    ) -> tuple[IntArray, FloatArray]:
        """Nearest row and metres to it; of streets equally near the first."""
        link, off_m = np.full(len(shapes), -1, dtype=np.int64), np.full(len(shapes), np.inf)
        if len(rows):
            (at, near), far = tree.query_nearest(shapes, max_distance=within_m, return_distance=True)
            order = np.lexsort((near, at))[::-1]
            link[at[order]], off_m[at[order]] = rows[near[order]], far[order]
        return link, off_m

    def _blocked(self, lines: ObjectArray) -> BoolArray:
        """Whether each straight way meets a barrier."""
        blocked = np.zeros(len(lines), dtype=bool)
        if len(self.barriers.geometries) and len(lines):
            blocked[self.barriers.query(lines, predicate="intersects")[0]] = True
        return blocked

    def _keep_this_side(
        self, shapes: ObjectArray, real: IntArray, link: IntArray, off_m: FloatArray, within_m: float
    ) -> None:
        """Where a barrier lies between, the nearest street without one; where all are barred the nearest stays."""
        if not len(self.barriers.geometries):
            return
        near = real[off_m[real] <= within_m]
        ways = shapely.shortest_line(self.network.geometry[link[near]], shapes[near])
        barred = near[self._blocked(ways)]
        reach_m = within_m if np.isfinite(within_m) else 200.0
        for part in np.array_split(barred, range(2_000, len(barred), 2_000)):
            at, row = self.tree.query(shapes[part], predicate="dwithin", distance=reach_m)
            if not len(at):
                continue
            row = self.rows[row]
            far = shapely.distance(shapes[part[at]], self.network.geometry[row])
            order = np.lexsort((row, far, at))
            at, row, far = at[order], row[order], far[order]
            rank = np.arange(len(at)) - np.searchsorted(at, at)
            few = rank < _TRIED
            at, row, far = at[few], row[few], far[few]
            free = ~self._blocked(shapely.shortest_line(self.network.geometry[row], shapes[part[at]]))
            at, row, far = at[free][::-1], row[free][::-1], far[free][::-1]
            link[part[at]], off_m[part[at]] = row, far

    def _leave_fragments(
        self,
        shapes: ObjectArray,
        real: IntArray,
        link: IntArray,
        off_m: FloatArray,
        within_m: float,
        bridged_m: float,
    ) -> None:
        cut_off = real[~self.is_main[link[real]]]
        if not len(cut_off) or not len(self.main_rows):
            return
        other, far = self._nearest(shapes[cut_off], self.main_tree, self.main_rows, None)
        takes = far <= np.minimum(off_m[cut_off] + bridged_m, within_m)
        rows = np.flatnonzero(takes)
        ways = shapely.shortest_line(self.network.geometry[other[rows]], shapes[cut_off[rows]])
        rows = rows[~self._blocked(ways)]
        link[cut_off[rows]], off_m[cut_off[rows]] = other[rows], far[rows]


def _segments(barriers: ObjectArray) -> ObjectArray:
    """Barriers as their single straight pieces: a river of a thousand corners is not looked at as a whole each time."""
    lines = np.where(shapely.get_dimensions(barriers) == 2, shapely.boundary(barriers), barriers)
    xy, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    follows = line[1:] == line[:-1]
    pairs = np.stack([xy[:-1][follows], xy[1:][follows]], axis=1)
    pieces: ObjectArray = np.asarray(shapely.linestrings(pairs), dtype=object)
    return pieces


def _feet(lines: ObjectArray, shapes: ObjectArray) -> ObjectArray:
    """Point of each line nearest to its shape.

    Along a wall that runs with the street every point is as near: then the one before the middle of the building.
    """
    ways = shapely.shortest_line(lines, shapes)
    feet: ObjectArray = shapely.get_point(ways, 0)
    wide = np.flatnonzero(shapely.get_dimensions(shapes) == 2)
    if len(wide):
        before = shapely.line_locate_point(lines[wide], shapely.centroid(shapes[wide]))
        middle = shapely.line_interpolate_point(lines[wide], before)
        near = shapely.distance(middle, shapes[wide]) <= shapely.length(ways[wide]) + _ALIKE_M
        feet[wide[near]] = middle[near]
    return feet
