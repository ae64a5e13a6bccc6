"""Visibility polygons: the ground that each camera sees, up to a distance, past no wall.

Drawn by an exact sweep over the walls' ends (`gis.sight.sweep_kernels`), cut by the field of view, the blind zone cut
out.  Polygons are valid; a camera that sees nothing has an empty one.
"""

from __future__ import annotations

import numpy as np
import shapely

from gis.graph import FloatArray
from gis.repair import mend
from gis.sight.cameras import Cameras
from gis.sight.sweep_kernels import sweep
from gis.sight.walls import Walls
from gis.streets.network import ObjectArray


def visible(cameras: Cameras, walls: Walls, range_m: FloatArray) -> ObjectArray:
    """Draw what each camera sees within a distance, as polygons or multipolygons.

    Parameters
    ----------
    range_m
        Per camera: how far (``cameras.range_m`` of a pixel density); its own far limit caps it.

    Raises
    ------
    ValueError
        Neither of the two is a number of metres.
    """
    reach = np.minimum(np.asarray(range_m, dtype=np.float64), cameras.far_m)
    if not np.isfinite(reach).all():
        raise ValueError("a camera's range must be finite")
    xy, first, camera, is_hole = sweep(
        cameras.x, cameras.y, cameras.heading_deg, cameras.hfov_deg, cameras.near_m, reach, *walls.arrays
    )
    seen = np.full(len(cameras), shapely.Polygon(), dtype=object)
    if not len(camera):
        return seen
    rings = np.asarray(shapely.linearrings(xy, indices=np.repeat(np.arange(len(camera)), np.diff(first))), dtype=object)
    outer = np.flatnonzero(~is_hole)
    polygons = np.asarray(shapely.polygons(rings[outer]), dtype=object)
    pierced = np.flatnonzero(np.append(is_hole, False)[outer + 1])
    if len(pierced):
        at = outer[pierced]
        polygons[pierced] = shapely.polygons(rings[at], holes=rings[at + 1][:, None])
    polygons = mend(polygons).geometry
    owner = camera[outer]
    n = np.bincount(owner, minlength=len(cameras))
    single = n[owner] == 1
    seen[owner[single]] = polygons[single]
    if (~single).any():
        many = np.flatnonzero(n > 1)
        number = np.searchsorted(many, owner[~single])
        parts, of = shapely.get_parts(polygons[~single], return_index=True)
        seen[many] = shapely.multipolygons(parts, indices=number[of])
        seen[many] = mend(seen[many]).geometry
    return seen
