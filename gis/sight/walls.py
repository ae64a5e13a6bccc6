"""Walls that stop a view: footprints of buildings, mended, as edges in a grid of cells.

Decides what counts as a wall: every outline of every building that is a polygon, courtyards kept, corners moved to a
grid of 5 cm so that neighbours share their wall.  Buildings known as a point only have no walls.  Also decides where
something stands that was drawn inside a building: 0.3 m out of the nearest outer wall.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.repair import is_absent, is_finite, mend
from gis.report import QualityReport
from gis.sight.kernels import is_hidden, list_edges
from gis.streets.network import ObjectArray
from gis.territory import Territory

SNAP_M = 0.05
"""Corners move to a grid of this step."""
OUT_M = 0.3
"""What was drawn in or on a building stands so far outside its wall."""
ON_WALL_M = 0.1
"""Nearer than this it hangs on the wall."""
_AROUND_M = 2_000.0  # buildings farther than this from the territory hide nothing in it
_NEAR_M = 40.0
_CELL_M = (8.0, 64.0)
_MOST_CELLS = 1 << 22
_POLYGONS = (3, 6)


@dataclass(frozen=True, slots=True)
class Walls:
    """Edges of footprints in a grid of cells.  Arrays are read-only.

    Attributes
    ----------
    outline
        Mended footprints that have walls.
    row
        Per outline: row in the territory's ``buildings`` layer.
    x0, y0, x1, y1
        Per edge: its ends.
    start, edge
        Edges per cell, compressed; cells row by row from the south-west.
    west, south, cell_m, n_columns, n_rows
        The grid of cells.
    tree
        Search tree of the outlines.
    """

    outline: ObjectArray
    row: Int32Array
    x0: FloatArray
    y0: FloatArray
    x1: FloatArray
    y1: FloatArray
    start: np.ndarray
    edge: Int32Array
    west: float
    south: float
    cell_m: float
    n_columns: int
    n_rows: int
    tree: shapely.STRtree

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def __len__(self) -> int:
        """Number of edges."""
        return len(self.x0)

    @classmethod
    def of(cls, territory: Territory, report: QualityReport | None = None) -> Walls:
        """Walls of a territory's buildings.

        Parameters
        ----------
        report
            Gets the footprints that were broken, lost or without a shape.
        """
        report = QualityReport() if report is None else report
        buildings = territory["buildings"]
        shapes = np.asarray(buildings.geometry.array, dtype=object)
        ids = buildings["id"].to_numpy(dtype=object)
        usable = ~is_absent(shapes)
        usable[usable] = is_finite(shapes[usable])
        if not usable.all():
            _tell(report, "warn_sight_footprints_missing", ids[~usable])
        areal = usable & np.isin(shapely.get_type_id(shapes), _POLYGONS)
        west, south, east, north = territory["communities"].total_bounds
        box = shapely.bounds(shapes)
        with np.errstate(invalid="ignore"):
            areal &= (box[:, 2] >= west - _AROUND_M) & (box[:, 0] <= east + _AROUND_M)
            areal &= (box[:, 3] >= south - _AROUND_M) & (box[:, 1] <= north + _AROUND_M)
        rows = np.flatnonzero(areal)
        outline, is_broken, is_lost = _clean(shapes[rows])
        if is_broken.any():
            _tell(report, "repair_sight_footprints", ids[rows[is_broken]])
        if is_lost.any():
            _tell(report, "warn_sight_footprints_lost", ids[rows[is_lost]])
        report.count("sight_footprints", int((~is_lost).sum()))
        return cls.around(outline[~is_lost], rows[~is_lost].astype(np.int32))

    @classmethod
    def around(cls, outline: ObjectArray, row: Int32Array | None = None) -> Walls:
        """Walls of polygons that are valid already."""
        row = np.arange(len(outline), dtype=np.int32) if row is None else row
        rings = shapely.get_rings(shapely.get_parts(outline))
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        joins = np.flatnonzero((ring[1:] == ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
        x0, y0, x1, y1 = (np.ascontiguousarray(a) for a in (*xy[joins].T, *xy[joins + 1].T))
        if not len(joins):
            nothing = np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32)
            return cls(outline, row, x0, y0, x1, y1, *nothing, 0.0, 0.0, 1.0, 0, 0, shapely.STRtree(outline))
        west, south = float(xy[:, 0].min()) - 1.0, float(xy[:, 1].min()) - 1.0
        width, height = float(xy[:, 0].max()) + 1.0 - west, float(xy[:, 1].max()) + 1.0 - south
        most = min(_MOST_CELLS, 4 * len(joins) + 10_000)
        cell = max(
            float(np.clip(np.sqrt(width * height / (2.0 * len(joins))), *_CELL_M)), np.sqrt(width * height / most)
        )
        nx, ny = int(width / cell) + 1, int(height / cell) + 1
        start, edge = list_edges(x0, y0, x1, y1, west, south, cell, nx, ny)
        return cls(outline, row, x0, y0, x1, y1, start, edge, west, south, cell, nx, ny, shapely.STRtree(outline))

    @property
    def arrays(self) -> tuple[Any, ...]:
        """What the kernels take, in their order."""
        grid = (self.west, self.south, self.cell_m, self.n_columns, self.n_rows)
        return (self.x0, self.y0, self.x1, self.y1, self.start, self.edge, *grid)

    def hides(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Whether a wall stands between two points."""
        return bool(is_hidden(x0, y0, x1, y1, *self.arrays))

    def is_inside(self, x: FloatArray, y: FloatArray) -> BoolArray:
        """Per point: it lies in or on a building."""
        inside = np.zeros(len(x), dtype=bool)
        if len(self.outline) and len(x):
            inside[self.tree.query(shapely.points(x, y), predicate="intersects")[0]] = True
        return inside

    def step_out(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Points in or on buildings moved out of the nearest outer wall; the others stay.

        Buildings that touch count as one, so that nothing steps through a party wall into the neighbour.

        Returns
        -------
        tuple
            ``x``, ``y``, and per point the depth: metres inside the wall, 0 on it, -1 where it stood clear of walls.
        """
        x, y = np.array(x, dtype=np.float64), np.array(y, dtype=np.float64)
        depth = np.full(len(x), -1.0)
        if not len(self.outline) or not len(x):
            return x, y, depth
        points = shapely.points(x, y)
        for k in np.unique(self.tree.query(points, predicate="dwithin", distance=ON_WALL_M)[0]).tolist():
            reach = _NEAR_M
            while True:
                near = np.sort(self.tree.query(points[k], predicate="dwithin", distance=reach))
                mass = shapely.union_all(self.outline[near])
                clear = shapely.boundary(shapely.buffer(mass, OUT_M, quad_segs=8))
                line = shapely.shortest_line(points[k], clear)
                if shapely.length(line) < reach - 2 * OUT_M:
                    break
                reach *= 2
            outer = shapely.distance(points[k], shapely.boundary(mass))
            depth[k] = outer if shapely.intersects(mass, points[k]) else 0.0
            x[k], y[k] = shapely.get_coordinates(line)[-1]
        return x, y, depth


def _clean(shapes: ObjectArray) -> tuple[ObjectArray, BoolArray, BoolArray]:
    """Footprints with corners on the grid, and which of them were broken and which vanished."""
    flat = shapely.force_2d(shapes)
    is_broken = ~shapely.is_valid(flat)
    snapped = shapely.transform(mend(flat).geometry, lambda xy: np.round(np.round(xy / SNAP_M) * SNAP_M, 3))
    mended: ObjectArray = mend(snapped).geometry
    is_lost = is_absent(mended) | ~np.isin(shapely.get_type_id(mended), _POLYGONS)
    return np.asarray(mended, dtype=object), is_broken, is_lost


def _tell(report: QualityReport, code: str, ids: ObjectArray) -> None:
    report.add(code, "buildings", ", ".join(map(str, ids[:20])), before=len(ids))
