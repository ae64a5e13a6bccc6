"""Which camera sees which point: straight sight lines from camera to point that no wall crosses.

A point is seen when it is inside the field of view, beyond the blind zone, near enough for the pixel density, and no
wall stands between.  A point on a wall (`Seen.FRONTAGE`) is seen from outside only.  Work grows with the number of
cameras and of the points around each, not with the size of the land.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gis.graph import FloatArray
from gis.sight.cameras import Cameras
from gis.sight.kernels import list_points, see_points
from gis.sight.samples import Samples, Sights
from gis.sight.walls import Walls

OFF_WALL_M = 0.15
"""A sight line to a point on a wall ends so far before it."""
_CELL_M = 20.0
_MOST_CELLS = 1 << 22


def see(cameras: Cameras, samples: Samples, walls: Walls, px_per_m: float) -> Sights:
    """Find all sights of at least a pixel density, whether the camera works or not.

    Parameters
    ----------
    cameras
        Clear of walls (as `gis.sight.stand` and `gis.sight.poles` leave them).
    px_per_m
        The coarsest density that is asked for.

    Raises
    ------
    ValueError
        It is not above 0: every point would be near enough.
    """
    if not px_per_m > 0:
        raise ValueError(f"a pixel density must be above 0, not {px_per_m}")
    grid = _cells(samples.x, samples.y)
    start, point, density = see_points(
        cameras.x,
        cameras.y,
        cameras.heading_deg,
        cameras.hfov_deg,
        cameras.focal_px,
        cameras.near_m,
        cameras.far_m,
        float(px_per_m),
        samples.x,
        samples.y,
        samples.nx,
        samples.ny,
        OFF_WALL_M,
        *list_points(samples.x, samples.y, *grid),
        *grid,
        *walls.arrays,
    )
    return Sights(start, point, density, len(samples))


def _cells(x: FloatArray, y: FloatArray) -> tuple[Any, ...]:
    """A grid of cells over points: south-west corner, size of a cell, columns, rows."""
    if not len(x):
        return 0.0, 0.0, _CELL_M, 1, 1
    west, south = float(x.min()), float(y.min())
    width, height = float(x.max()) - west, float(y.max()) - south
    cell = max(_CELL_M, float(np.sqrt(width * height / _MOST_CELLS)), max(width, height) / _MOST_CELLS)
    return west, south, cell, int(width / cell) + 1, int(height / cell) + 1
