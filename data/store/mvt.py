"""Vector tiles for stores that cannot make them: geometry to tile units, features to the bytes of a tile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from numpy.typing import NDArray

EXTENT = 4096
"""Units along a tile's side."""


def in_tile_units(shapes: NDArray[Any], z: int, x: int, y: int, tolerance: int, buffer: int) -> NDArray[Any]:
    """Geometries as they are drawn in a tile: whole units, y downwards, clipped, valid; none where nothing is left.

    Parameters
    ----------
    shapes
        Longitude and latitude.
    tolerance
        How far outlines may be moved, in units.
    buffer
        How far beyond the tile they go, in units.
    """
    n = 2.0**z

    def project(points: NDArray[np.float64]) -> NDArray[np.float64]:
        across = ((points[:, 0] + 180) / 360 * n - x) * EXTENT
        rise = np.log(np.tan(math.pi / 4 + np.radians(np.clip(points[:, 1], -89.9, 89.9)) / 2)) / math.pi
        return np.column_stack((across, ((1 - rise) / 2 * n - y) * EXTENT))

    drawn = shapely.transform(shapes, project)
    dimension = shapely.get_dimensions(shapes)
    if tolerance:
        simpler = shapely.simplify(drawn, tolerance, preserve_topology=False)
        # What would vanish stays as it is, as PostGIS's ST_Simplify does when told to keep collapsed shapes.
        drawn = np.where(shapely.is_empty(simpler), drawn, simpler)
    low, high = -buffer, EXTENT + buffer
    broken = ~shapely.is_valid(drawn)
    drawn[broken] = shapely.make_valid(drawn[broken], method="structure", keep_collapsed=False)
    drawn = shapely.clip_by_rect(drawn, low, low, high, high)
    drawn = shapely.transform(drawn, np.rint)
    broken = (dimension == 2) & ~shapely.is_valid(drawn)
    drawn[broken] = shapely.make_valid(drawn[broken], method="structure", keep_collapsed=False)
    # An area that has become a line, a line that has become a point: less than a unit wide, not drawn.
    gone = shapely.is_empty(drawn) | (shapely.get_dimensions(drawn) != dimension)
    gone |= (dimension == 1) & (shapely.length(drawn) == 0)
    gone |= (dimension == 2) & (shapely.area(drawn) == 0)
    return np.where(gone, None, drawn)


def pack_tile(name: str, shapes: Sequence[Any], properties: Sequence[Mapping[str, Any]], ids: Sequence[int]) -> bytes:
    """A tile of one layer; no bytes where it has no features."""
    if not len(shapes):
        return b""
    features = [
        {"geometry": shape, "properties": {k: v for k, v in told.items() if v is not None}, "id": id}
        for shape, told, id in zip(shapes, properties, ids)
    ]
    packed: bytes = mapbox_vector_tile.encode(
        [{"name": name, "features": features}],
        default_options={"y_coord_down": True, "extents": EXTENT},
    )
    return packed
