"""Arrays for a page of ours in one body: a head in JSON, then the arrays as they lie in memory.

The first four bytes are ``GWP1``, the next four the length of the head (little-endian); the head's ``arrays`` says of
each array its type, where it begins after the head, and how many numbers it has.  A browser lays typed arrays over the
body and reads no number twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

MAGIC = b"GWP1"
MEDIA_TYPE = "application/vnd.gridwright.packed"
METRES_PER_DEGREE = 111_320.0
"""As the maps of the pages count (``desk_map.js``)."""
_ALIGN = 8
_TYPES = {"int32": "i4", "float32": "f4", "uint8": "u1"}


def pack(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """One body of a head and arrays.

    Parameters
    ----------
    head
        Plain data.
    arrays
        Name to array of one of int32, float32, uint8.
    """
    placed, parts, at = {}, [], 0
    for name, array in arrays.items():
        content = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        placed[name] = [_TYPES[array.dtype.name], at, len(array)]
        parts.append(_filled(content.tobytes()))
        at += len(parts[-1])
    text = orjson.dumps({**head, "arrays": placed})
    text += b" " * (-(len(text) + 8) % _ALIGN)
    return b"".join([MAGIC, len(text).to_bytes(4, "little"), text, *parts])


def _filled(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % _ALIGN)


def origin_of(lon_lat: NDArray[np.object_]) -> tuple[float, float]:
    """Longitude and latitude in the middle of some shapes."""
    if len(lon_lat) == 0:
        return (0.0, 0.0)
    x0, y0, x1, y1 = shapely.total_bounds(lon_lat).tolist()
    return round((x0 + x1) / 2, 6), round((y0 + y1) / 2, 6)


def to_page(lon_lat: NDArray[np.float64], origin: tuple[float, float]) -> NDArray[np.int32]:
    """Longitudes and latitudes (n, 2) as whole centimetres from an origin, to the east and to the south."""
    shrink = np.cos(np.radians(origin[1]))
    scale = np.array([METRES_PER_DEGREE * shrink, -METRES_PER_DEGREE]) * 100.0
    return np.rint((lon_lat - np.asarray(origin)) * scale).astype(np.int32)


def rings_of(
    shapes: NDArray[np.object_],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Every ring of some polygons.

    Returns
    -------
    (coordinates of all rings one after the other, where each ring begins and the end of the last, per ring the shape)
    """
    polygons, of_shape = shapely.get_parts(shapes, return_index=True)
    rings, of_polygon = shapely.get_rings(polygons, return_index=True)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    start = np.searchsorted(of_ring, np.arange(len(rings) + 1))
    return xy, start.astype(np.int64), of_shape[of_polygon].astype(np.int64)
