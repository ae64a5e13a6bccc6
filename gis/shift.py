"""GCJ-02 and BD-09: the shifted coordinates of Chinese map services, there and back.

Both are degrees that were moved by a published approximation; neither is a CRS that PROJ knows.  A file is in
one of them only when its owner says so: the shift is never inferred from position and never applied by guess
(`gis.assemble` names a layer that *looks* shifted).  Going back is a fixed-point iteration; forward and back
agree to less than 1 mm.  How far the approximation itself lies from a provider's service is not known here.

All functions take and return degrees as ``(lon, lat)`` arrays, vectorised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Shifted = Literal["gcj02", "bd09"]
Degrees = tuple[NDArray[np.float64], NDArray[np.float64]]

_AXIS_M = 6378245.0  # Krasovsky semi-major axis
_E2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
# One round shrinks the error about 150 times for GCJ-02 and 120 times for BD-09.
_GCJ_ROUNDS, _BD_ROUNDS = 5, 4


def wgs84_to_gcj02(lon_deg: ArrayLike, lat_deg: ArrayLike) -> Degrees:
    """Move WGS 84 (or CGCS2000) degrees to GCJ-02."""
    lon, lat = _arrays(lon_deg, lat_deg)
    x, y = lon - 105.0, lat - 35.0
    common = 2 / 3 * (20 * _sin_pi(6 * x) + 20 * _sin_pi(2 * x))
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += 2 / 3 * (20 * _sin_pi(y) + 40 * _sin_pi(y / 3)) + 2 / 3 * (160 * _sin_pi(y / 12) + 320 * _sin_pi(y / 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += 2 / 3 * (20 * _sin_pi(x) + 40 * _sin_pi(x / 3)) + 2 / 3 * (150 * _sin_pi(x / 12) + 300 * _sin_pi(x / 30))
    phi = np.radians(lat)
    flat = 1 - _E2 * np.sin(phi) ** 2
    dlat = 180 * north / (np.pi * _AXIS_M * (1 - _E2) / (flat * np.sqrt(flat)))
    dlon = 180 * east / (np.pi * _AXIS_M / np.sqrt(flat) * np.cos(phi))
    return lon + dlon, lat + dlat


def gcj02_to_wgs84(lon_deg: ArrayLike, lat_deg: ArrayLike) -> Degrees:
    """Move GCJ-02 degrees back to WGS 84 (error below 0.01 mm over mainland China)."""
    return _invert(wgs84_to_gcj02, lon_deg, lat_deg, _GCJ_ROUNDS)


def gcj02_to_bd09(lon_deg: ArrayLike, lat_deg: ArrayLike) -> Degrees:
    """Move GCJ-02 degrees to BD-09."""
    lon, lat = _arrays(lon_deg, lat_deg)
    reach = np.hypot(lon, lat) + 2e-5 * np.sin(_BD_TURN * lat)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(_BD_TURN * lon)
    return reach * np.cos(angle) + 0.0065, reach * np.sin(angle) + 0.006


def bd09_to_gcj02(lon_deg: ArrayLike, lat_deg: ArrayLike) -> Degrees:
    """Move BD-09 degrees back to GCJ-02."""
    return _invert(gcj02_to_bd09, lon_deg, lat_deg, _BD_ROUNDS)


def wgs84_to_bd09(lon_deg: ArrayLike, lat_deg: ArrayLike) -> Degrees:
    """Move WGS 84 degrees to BD-09."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon_deg, lat_deg))


def bd09_to_wgs84(lon_deg: ArrayLike, lat_deg: ArrayLike) -> Degrees:
    """Move BD-09 degrees back to WGS 84."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon_deg, lat_deg))


def unshift(geometry: NDArray[np.object_], system: Shifted) -> NDArray[np.object_]:
    """Geometries (degrees) declared as GCJ-02 or BD-09, moved back to WGS 84; missing ones stay missing."""
    back = gcj02_to_wgs84 if system == "gcj02" else bd09_to_wgs84
    moved: NDArray[np.object_] = shapely.transform(geometry, lambda xy: np.column_stack(back(xy[:, 0], xy[:, 1])))
    return moved


def shift(geometry: NDArray[np.object_], system: Shifted) -> NDArray[np.object_]:
    """Geometries in WGS 84 degrees as GCJ-02 or BD-09 has them: for comparing, never for writing."""
    there = wgs84_to_gcj02 if system == "gcj02" else wgs84_to_bd09
    moved: NDArray[np.object_] = shapely.transform(geometry, lambda xy: np.column_stack(there(xy[:, 0], xy[:, 1])))
    return moved


def _invert(forward: Callable[..., Degrees], lon_deg: ArrayLike, lat_deg: ArrayLike, rounds: int) -> Degrees:
    lon, lat = _arrays(lon_deg, lat_deg)
    u, v = lon, lat
    for _ in range(rounds):
        moved_lon, moved_lat = forward(u, v)
        u, v = u + (lon - moved_lon), v + (lat - moved_lat)
    return u, v


def _arrays(lon: ArrayLike, lat: ArrayLike) -> Degrees:
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def _sin_pi(t: NDArray[np.float64]) -> Any:
    return np.sin(np.pi * t)
