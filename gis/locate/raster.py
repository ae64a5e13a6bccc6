"""Polygons as a raster: most points are answered by one read, the others by a ray through a few edges.

A cell that no border touches lies in one polygon, or in none, as a whole.  Every other cell has a list of the
polygons that reach into it, and a point there is tested against these: by the crossings of a ray with those edges
that meet its row of cells.  Where rounding might have spoilt that, the point is given back as doubtful, so that the
answer is always the exact one.

Cells are as many as suit the polygons (about 25 across one of the usual size: 20 m for one of 500 m), but never so
many that memory would grow with the extent.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.graph import BoolArray
from gis.locate.kernels import edges_by_row, find_rows, rasterise, reach

_ACROSS = 25  # cells across a polygon of the usual size
_MOST_CELLS = 2**24
_MOST_IN_BOXES = 2**25  # cells in the boxes of all polygons: bounds the lists, also where polygons overlap
_MOST_EDGE_ROWS = 2**26
_SLACK = 1e-6  # of a cell: far more than rounding, far less than what would touch more cells


class _Arrays(NamedTuple):
    """What the compiled loops read.

    ``cell`` (row by row from the south-west): the row of the polygon that a cell lies in, -1 for none, -2 - k for
    the k-th list.  Lists hold parts (the polygons that a multipolygon consists of), as ``~part`` where the cell lies
    in it as a whole.  ``edge`` holds, by part and row of cells, numbers of vertices that an edge begins with.
    """

    x0: float
    y0: float
    per_x: float
    per_y: float
    n_columns: int
    n_rows: int
    cell: NDArray[np.int32]
    first: NDArray[np.int32]
    listed: NDArray[np.int32]
    coords: NDArray[np.float64]
    part_owner: NDArray[np.int32]
    part_ring: NDArray[np.int32]
    part_row: NDArray[np.int32]
    part_bins: NDArray[np.int64]
    edge_first: NDArray[np.int32]
    edge: NDArray[np.int32]
    edge_ring: NDArray[np.int32]


class Raster:
    """Finds the polygons of many points; see `build_raster`."""

    def __init__(self, arrays: _Arrays) -> None:
        self._arrays = arrays

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return self._arrays.n_rows, self._arrays.n_columns

    @property
    def whole_frac(self) -> float:
        """Share of cells that are answered by one read."""
        return float((self._arrays.cell >= -1).mean())

    @property
    def nbytes(self) -> int:
        """Memory of all arrays, in bytes."""
        return sum(part.nbytes for part in self._arrays if isinstance(part, np.ndarray))

    def find_many(
        self, x: NDArray[np.float64], y: NDArray[np.float64], allowed: BoolArray | None = None
    ) -> tuple[NDArray[np.int32], BoolArray, NDArray[np.int64]]:
        """Lowest row of each point (-1 for none), whether there were several, and which points are left in doubt.

        Parameters
        ----------
        allowed
            Which polygons count; all of them by default.
        """
        mask = np.zeros(0, dtype=bool) if allowed is None else np.ascontiguousarray(allowed, dtype=bool)
        found: tuple[Any, Any, Any] = find_rows(self._arrays, x, y, allowed is not None, mask)
        return found


def build_raster(outlines: NDArray[np.object_]) -> Raster:
    """The raster of (multi)polygons with finite coordinates; missing and empty ones are left out."""
    parts, owner = shapely.get_parts(outlines, return_index=True)
    kept = ~shapely.is_empty(parts)
    parts, owner = parts[kept], owner[kept]
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    coords, point_ring = shapely.get_coordinates(rings, return_index=True)
    ring_first = np.searchsorted(point_ring, np.arange(len(rings) + 1)).astype(np.int64)
    part_ring = np.searchsorted(ring_part, np.arange(len(parts) + 1)).astype(np.int32)
    # Not the bounds that a shape gives: of a shape that is not valid, holes may lie outside them.
    begin = ring_first[part_ring[:-1]]
    bounds = np.zeros((0, 4))
    if len(parts):
        bounds = np.hstack([np.minimum.reduceat(coords, begin), np.maximum.reduceat(coords, begin)])
    whole = np.concatenate([bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)]) if len(parts) else np.zeros(4)
    (x0, y0), extent = whole[:2], whole[2:] - whole[:2]
    per = _cells_per_unit(bounds, extent, coords, ring_first)
    n_columns, n_rows = (int(n) + 1 for n in extent * per)
    part_box = np.floor((bounds - [x0, y0, x0, y0]) * np.tile(per, 2)).astype(np.int64)
    part_bins = np.concatenate([[0], np.cumsum(part_box[:, 3] - part_box[:, 1] + 1)])
    # Beside the share of a cell: what a coordinate this far from zero may be off after a few operations.
    slack = _SLACK / per + 16 * np.finfo(float).eps * np.abs(whole).max()
    frame = (float(x0), float(y0), float(per[0]), float(per[1]), float(slack[0]), float(slack[1]))
    part_owner = owner.astype(np.int32)
    cell, first, listed = rasterise(coords, ring_first, part_ring, part_box, part_owner, frame, n_columns, n_rows)
    edge_first, edge = edges_by_row(coords, ring_first, part_ring, part_box, part_bins, frame[1], frame[3])
    return Raster(
        _Arrays(
            *frame[:4],
            n_columns,
            n_rows,
            cell,
            first,
            listed,
            coords,
            part_owner,
            part_ring,
            part_box[:, 1].astype(np.int32),
            part_bins,
            edge_first,
            edge,
            point_ring.astype(np.int32),
        )
    )


def _cells_per_unit(
    bounds: NDArray[np.float64],
    extent: NDArray[np.float64],
    coords: NDArray[np.float64],
    ring_first: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Cells a unit along x and y: fine for the usual polygon, coarser where that would take too much memory."""
    size = bounds[:, 2:] - bounds[:, :2]
    usual = np.array([np.median(side[side > 0]) if (side > 0).any() else 1.0 for side in size.T])
    per: NDArray[np.float64] = _ACROSS / np.maximum(usual, 1e-150)
    # A cell is never so small beside its coordinates that its middle could not be told from its border.
    per = np.minimum(per, 2.0**40 / max(np.abs(bounds).max(initial=0.0), 1e-150))
    while True:
        n_cells = np.prod(np.floor(extent * per) + 1)
        if n_cells <= 2:
            return per
        if n_cells <= _MOST_CELLS:
            boxes, edges = reach(coords, ring_first, *per)
            if boxes <= max(_MOST_IN_BOXES, 4 * len(ring_first)) and edges <= max(_MOST_EDGE_ROWS, 8 * len(coords)):
                return per
        # A side of one cell keeps it, so that a long and narrow cover does not lose what it has across.
        per = np.where(np.floor(extent * per) >= 1, per / 1.5, per)
