"""Coordinate systems: one metric CRS per territory; the only room that knows about axis order.

Everything inside gridwright is in metres, x (east) then y (north).  Conversion happens here and only at the edges.
This room also says what a text such as ``EPSG:4547`` or ``gcj02`` means, and whether coordinates fit the CRS they
are said to be in: it names what is wrong and proposes what would fit, and changes nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from gis.errors import InputError
from gis.shift import Shifted, unshift

_CGCS2000 = 4490
_WGS84 = 4326
_FAR_DEG = 8.0  # outside the area of use: a neighbouring zone is lawful, another continent is not
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class DeclaredCrs:
    """What a user said a file is in: a CRS, and the shift to take back first (``None``: true coordinates)."""

    crs: CRS
    shift: Shifted | None = None


def parse_crs(text: str) -> DeclaredCrs:
    """Understand a declared coordinate system.

    Parameters
    ----------
    text
        ``EPSG:4547``, ``4547``, a PROJ or WKT text, or ``gcj02`` / ``bd09`` (degrees of Chinese map services).

    Raises
    ------
    InputError
        ``crs_unknown``.
    """
    plain = text.strip().lower().replace("-", "").replace("_", "").replace(" ", "")
    if plain in ("gcj02", "bd09"):
        return DeclaredCrs(CRS.from_epsg(_WGS84), "gcj02" if plain == "gcj02" else "bd09")
    if plain in ("cgcs2000", "epsg4490"):
        return DeclaredCrs(CRS.from_epsg(_CGCS2000))
    if plain in ("wgs84", "wgs1984"):
        return DeclaredCrs(CRS.from_epsg(_WGS84))
    try:
        return DeclaredCrs(CRS.from_user_input(int(text) if text.strip().isdigit() else text.strip()))
    except CRSError:
        raise InputError("crs_unknown", measured=text, allowed="EPSG:4326, EPSG:4490, EPSG:4547, gcj02, bd09") from None


def declare(table: gpd.GeoDataFrame, declared: DeclaredCrs) -> gpd.GeoDataFrame:
    """A table with the declared CRS in place of the file's own; GCJ-02 and BD-09 are taken back to WGS 84.

    A projected file that is declared as shifted is first brought to degrees in its own CRS.
    """
    if declared.shift is None:
        return table.set_crs(declared.crs, allow_override=True)
    if table.crs is not None and CRS(table.crs).is_projected:
        table = table.to_crs(declared.crs)
    moved = unshift(np.asarray(table.geometry.array), declared.shift)
    return table.set_geometry(gpd.GeoSeries(moved, index=table.index, crs=declared.crs))


def metric_crs(crs: CRS, bounds: Bounds) -> CRS:
    """Projected CRS in metres for layers given in ``crs``.

    A CRS that is projected in metres is kept.  CGCS2000 degrees go to the 3-degree Gauss-Kruger zone without
    prefix (EPSG 4534-4554), any other degrees to the WGS 84 / UTM zone of the middle of ``bounds``.

    Parameters
    ----------
    crs
        CRS of the layers.
    bounds
        ``(x_min, y_min, x_max, y_max)`` in ``crs``.

    Raises
    ------
    InputError
        ``bounds_not_finite``, ``crs_not_metres`` or ``bounds_not_degrees``.
    """
    if not np.isfinite(bounds).all():
        raise InputError("bounds_not_finite", measured=str(bounds))
    if crs.is_projected and all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info[:2]):
        return crs
    if crs.is_projected:
        raise InputError("crs_not_metres", measured=crs.name)
    lon, lat = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    if not (-180 <= bounds[0] <= bounds[2] <= 180 and -90 <= bounds[1] <= bounds[3] <= 90):
        raise InputError("bounds_not_degrees", measured=str(tuple(round(b, 4) for b in bounds)))
    if crs.to_epsg() == _CGCS2000 and 73.5 <= lon <= 136.5:
        return CRS.from_epsg(4534 + round((lon - 75) / 3))
    zone = min(int((lon + 180) // 6) + 1, 60)
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def crs_text(crs: CRS) -> str:
    """Short name for messages: ``EPSG:4547`` where there is a code, else the CRS's own name."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.name)


def extent_text(bounds: Bounds) -> str:
    """An extent for messages: degrees to about a metre, metres without decimals, never in powers of ten."""
    x0, y0, x1, y1 = (f"{v:.5f}".rstrip("0").rstrip(".") if abs(v) < 1_000 else f"{v:.0f}" for v in bounds)
    return f"x {x0}...{x1}, y {y0}...{y1}"


def swap_axes(geometry: np.ndarray) -> np.ndarray:
    """Geometries with x and y exchanged."""
    swapped: np.ndarray = shapely.transform(geometry, lambda xy: xy[:, ::-1])
    return swapped


def judge_bounds(crs: CRS, bounds: Bounds) -> Literal["fits", "swapped", "outside"]:
    """Whether coordinates can be what their CRS says.

    Compares the bounds, in degrees, with the CRS's registered area of use (8 degrees of tolerance).

    Returns
    -------
    str
        ``fits``; ``swapped`` when only x and y exchanged fit; ``outside`` when neither does.
    """
    if _inside_area(crs, bounds):
        return "fits"
    x0, y0, x1, y1 = bounds
    return "swapped" if _inside_area(crs, (y0, x0, y1, x1)) else "outside"


def propose_crs(bounds: Bounds) -> tuple[str, ...]:
    """CRS codes whose value ranges these coordinates fit, the most likely first.  A proposal, never applied.

    Knows degrees, CGCS2000 three-degree zones with the zone number in the easting (EPSG 4513-4533: x like
    38 500 000) and without (EPSG 4534-4554: the zone cannot be told from the numbers), and swapped axes.
    """
    if not np.isfinite(bounds).all():
        return ()
    return tuple(_proposals(bounds))


def _proposals(bounds: Bounds) -> Iterator[str]:
    x0, y0, x1, y1 = bounds
    for swapped, (e0, n0, e1, n1) in ((False, (x0, y0, x1, y1)), (True, (y0, x0, y1, x1))):
        mark = " (x ↔ y)" if swapped else ""
        if not swapped and -180 <= e0 <= e1 <= 180 and -90 <= n0 <= n1 <= 90:
            yield from ("EPSG:4326", "EPSG:4490") if 73 <= e0 <= e1 <= 136 and 3 <= n0 <= n1 <= 54 else ("EPSG:4326",)
        if swapped and not (-90 <= y0 <= y1 <= 90) and -180 <= e0 <= e1 <= 180 and -90 <= n0 <= n1 <= 90:
            yield "EPSG:4326" + mark
        if 300_000 < n0 <= n1 < 6_000_000:
            zone = int(e0 // 1_000_000)
            if 25 <= zone <= 45 and zone == int(e1 // 1_000_000):
                yield f"EPSG:{4488 + zone}{mark}"
            elif 150_000 <= e0 <= e1 <= 850_000 and not (swapped and 150_000 <= n0 <= n1 <= 850_000):
                yield f"EPSG:4534...4554{mark}"


def _inside_area(crs: CRS, bounds: Bounds) -> bool:
    if not np.isfinite(bounds).all():
        return False
    x0, y0, x1, y1 = bounds
    try:
        if crs.is_projected:
            lon, lat = _to_degrees(crs.to_wkt()).transform([x0, x0, x1, x1], [y0, y1, y0, y1])
        else:
            lon, lat = [x0, x1], [y0, y1]
    except ProjError:
        return False
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return False
    west, south, east, north = crs.area_of_use.bounds if crs.area_of_use else (-180.0, -90.0, 180.0, 90.0)
    if west > east:  # the area crosses the antimeridian
        west, east = -180.0, 180.0
    world = min(lon) >= -180 and max(lon) <= 180 and min(lat) >= -90 and max(lat) <= 90
    near_lon = min(lon) >= west - _FAR_DEG and max(lon) <= east + _FAR_DEG
    return bool(world and near_lon and min(lat) >= south - _FAR_DEG and max(lat) <= north + _FAR_DEG)


@lru_cache(maxsize=64)
def _to_degrees(wkt: str) -> Transformer:
    return Transformer.from_crs(CRS.from_wkt(wkt), CRS.from_epsg(_WGS84), always_xy=True)
