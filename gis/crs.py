"""Coordinate systems: one metric CRS per territory; the only room that knows about axis order.

Everything inside gridwright is in metres, x (east) then y (north).  Conversion happens here and only at the edges.
"""

from __future__ import annotations

import numpy as np
from pyproj import CRS

from gis.errors import InputError

_CGCS2000 = 4490


def metric_crs(crs: CRS, bounds: tuple[float, float, float, float]) -> CRS:
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
        ``bounds_not_finite`` or ``bounds_not_degrees``.
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
