"""The land as points: public street metres and key places that should be seen, private metres that should not.

A line is cut into equal stretches no longer than asked, each with its point in the middle, so that the metres of the
points add up to the line's length inside the territory.  Which streets are public says `gis.sight.ground`.  Frontage
is every outer wall (courtyards too) of a building with households, but not where another building stands against it.
A key place drawn inside a building is seen at its nearest outer wall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis.graph import FloatArray, IntArray
from gis.locate import PolygonIndex
from gis.report import QualityReport
from gis.sight import ground
from gis.sight.samples import Samples, Seen
from gis.sight.walls import Walls
from gis.streets.network import ObjectArray
from gis.territory import Territory

FRONTAGE_M = 3.0
"""Longest stretch of wall that one point stands for."""
_TINY_M = 0.01
_OFF_WALL_M = 0.15


@dataclass(frozen=True, slots=True)
class Paths:
    """Polylines, one a line, as vertices one after another; ``at_m`` runs on over all of them without a jump."""

    xy: FloatArray
    path: IntArray
    at_m: FloatArray

    @classmethod
    def of(cls, lines: ObjectArray) -> Paths:
        """Paths of lines; the parts of a line of several follow each other without the jump between them."""
        parts, owner = shapely.get_parts(lines, return_index=True)
        xy, part = shapely.get_coordinates(parts, return_index=True)
        step = np.zeros(len(xy))
        if len(xy):
            step[1:] = np.where(part[1:] == part[:-1], np.hypot(*np.diff(xy, axis=0).T), 0.0)
        return cls(xy, owner[part].astype(np.int64), np.cumsum(step))

    def begin_m(self, n: int) -> FloatArray:
        """Per path: where it begins."""
        begin = np.zeros(n)
        first = np.flatnonzero(np.append(True, self.path[1:] != self.path[:-1])) if len(self.path) else np.zeros(0, int)
        begin[self.path[first]] = self.at_m[first]
        return begin

    def points(self, at_m: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
        """Where so many metres are, and the vertex before; never exactly at the joint of two paths."""
        k = np.clip(np.searchsorted(self.at_m, at_m, side="right") - 1, 0, len(self.at_m) - 2)
        span = self.at_m[k + 1] - self.at_m[k]
        share = np.divide(at_m - self.at_m[k], span, out=np.zeros(len(k)), where=span > 0)[:, None]
        xy = self.xy[k] + share * (self.xy[k + 1] - self.xy[k])
        return xy[:, 0], xy[:, 1], k


def sample_land(
    territory: Territory,
    grid_geometry: ObjectArray,
    *,
    every_m: float = 5.0,
    report: QualityReport | None = None,
    walls: Walls | None = None,
) -> Samples:
    """Sample streets, lanes, key places and frontage.

    Parameters
    ----------
    grid_geometry
        Polygons of the grids, in the territory's CRS, codes ascending; a point on a border is the first one's.
    every_m
        Longest stretch of street that one point stands for.
    walls
        The walls, where they are made already.
    """
    report = QualityReport() if report is None else report
    walls = Walls.of(territory) if walls is None else walls
    streets = _streets(territory, every_m)
    under = walls.is_inside(streets[0], streets[1]) & (streets[2] == Seen.STREET)
    if under.any():
        metres = round(float(streets[5][under].sum()), 0)
        report.add("note_sight_streets_under_buildings", "streets", measured=metres)
    parts = [streets, _places(territory, walls, report), _frontage(territory)]
    x, y, kind, row, along, metres_of, nx, ny = (np.concatenate(values) for values in zip(*parts, strict=True))
    index = PolygonIndex(np.asarray(grid_geometry, dtype=object))
    grid = index.find_many(x, y)[0]
    for which in Seen:
        report.count(f"sight_samples_{which.name.lower()}", int((kind == which).sum()))
    return Samples(x, y, kind.astype(np.int64), row.astype(np.int32), along, metres_of, grid.astype(np.int32), nx, ny)


_Part = tuple[FloatArray, FloatArray, IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray]


def _streets(territory: Territory, every_m: float) -> _Part:
    rows = np.flatnonzero(ground.usable_lines(territory))
    shapes = np.asarray(territory["streets"].geometry.array, dtype=object)[rows]
    paths = Paths.of(shapes)
    path, low, high = stretches_inside(shapes, paths, ground.land(territory))
    piece, middle, metres = _cut(low, high, every_m)
    x, y, _ = paths.points(middle)
    row = rows[path[piece]]
    along = middle - paths.begin_m(len(shapes))[path[piece]]
    private = ground.is_private_access(territory)[row]
    rest = np.flatnonzero(~private & ~ground.is_through(territory)[row])
    private[rest] = PolygonIndex(ground.guarded(territory, ground.INSIDE_M)).find_many(x[rest], y[rest])[0] >= 0
    kind = np.where(private, Seen.LANE, Seen.STREET).astype(np.int64)
    zero = np.zeros(len(x))
    return x, y, kind, row, along, metres, zero, zero


def stretches_inside(
    shapes: ObjectArray, paths: Paths, land: shapely.Geometry
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Parts of paths inside the land: path, and from where to where in metres over all paths.  In order."""
    if not len(shapes):
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    begin = paths.begin_m(len(shapes))
    end = begin + shapely.length(shapes)
    whole = shapely.covers(land, shapes)
    across = np.flatnonzero(~whole & shapely.intersects(land, shapes))
    path, low, high = [np.flatnonzero(whole)], [begin[whole]], [end[whole]]
    if len(across):
        is_across = np.zeros(len(shapes), dtype=bool)
        is_across[across] = True
        k = np.flatnonzero((paths.path[1:] == paths.path[:-1]) & (np.diff(paths.at_m) > 0) & is_across[paths.path[1:]])
        segments = shapely.linestrings(np.stack([paths.xy[k], paths.xy[k + 1]], axis=1))
        inside, of = shapely.get_parts(shapely.intersection(segments, land), return_index=True)
        line = (shapely.get_type_id(inside) == 1) & ~shapely.is_empty(inside)
        inside, of = inside[line], of[line]
        a = shapely.get_coordinates(shapely.get_point(inside, 0))
        b = shapely.get_coordinates(shapely.get_point(inside, -1))
        at_a = paths.at_m[k[of]] + np.hypot(*(a - paths.xy[k[of]]).T)
        at_b = paths.at_m[k[of]] + np.hypot(*(b - paths.xy[k[of]]).T)
        a_low, b_high = np.minimum(at_a, at_b), np.maximum(at_a, at_b)
        order = np.lexsort((a_low, paths.path[k[of]]))
        owner, a_low, b_high = paths.path[k[of]][order], a_low[order], b_high[order]
        # Segments that follow each other are one stretch.
        fresh = np.ones(len(owner), dtype=bool)
        fresh[1:] = (owner[1:] != owner[:-1]) | (a_low[1:] > b_high[:-1] + _TINY_M)
        first = np.flatnonzero(fresh)
        path.append(owner[first])
        low.append(a_low[first])
        high.append(b_high[np.append(first[1:], len(owner)) - 1] if len(first) else b_high[:0])
    all_path, all_low, all_high = np.concatenate(path), np.concatenate(low), np.concatenate(high)
    order = np.lexsort((all_low, all_path))
    return all_path[order], all_low[order], all_high[order]


def _cut(low: FloatArray, high: FloatArray, every_m: float) -> tuple[IntArray, FloatArray, FloatArray]:
    """Equal stretches: piece, middle and length of each."""
    length = high - low
    n = np.where(length > 0, np.maximum(1, np.ceil(length / every_m - 1e-9)), 0).astype(np.int64)
    piece = np.repeat(np.arange(len(n)), n)
    rank = np.arange(len(piece)) - np.repeat(np.cumsum(n) - n, n)
    step = np.divide(length, n, out=np.zeros(len(n)), where=n > 0)[piece]
    return piece, low[piece] + (rank + 0.5) * step, step


def _places(territory: Territory, walls: Walls, report: QualityReport) -> _Part:
    rows, x, y = ground.points(territory, "key_places")
    x, y, depth = walls.step_out(x, y)
    if (depth > 0).any():
        ids = territory["key_places"]["id"].to_numpy(dtype=object)[rows[depth > 0]]
        report.add("note_sight_places_in_buildings", "key_places", ", ".join(map(str, ids[:20])), measured=len(ids))
    zero = np.zeros(len(rows))
    return x, y, np.full(len(rows), Seen.PLACE, dtype=np.int64), rows, zero, zero, zero, zero


def _frontage(territory: Territory) -> _Part:
    rows, shapes = ground.footprints(territory)
    home = np.flatnonzero(ground.dwellings(territory)[rows])
    # Outer rings run against the clock, courtyards with it: outside is always to the right.
    parts, owner = shapely.get_parts(shapes[home], return_index=True)
    rings, of = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    of = owner[of]
    paths = Paths.of(rings)
    wall = np.flatnonzero((paths.path[1:] == paths.path[:-1]) & (np.diff(paths.at_m) > 0))
    piece, middle, metres = _cut(paths.at_m[wall], paths.at_m[wall + 1], FRONTAGE_M)
    k = wall[piece]
    edge = paths.xy[k + 1] - paths.xy[k]
    length = np.hypot(*edge.T)
    x, y = (paths.xy[k] + ((middle - paths.at_m[k]) / length)[:, None] * edge).T
    nx, ny = edge[:, 1] / length, -edge[:, 0] / length
    # A wall that another building stands against has no windows.
    free = PolygonIndex(shapes).find_many(x + _OFF_WALL_M * nx, y + _OFF_WALL_M * ny)[0] < 0
    kind = np.full(int(free.sum()), Seen.FRONTAGE, dtype=np.int64)
    row, along = rows[home][of[paths.path[k]]], middle - paths.begin_m(len(rings))[paths.path[k]]
    return x[free], y[free], kind, row[free], along[free], metres[free], nx[free], ny[free]
