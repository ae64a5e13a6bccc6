"""Shapes for GeoJSON and KML: WGS 84 degrees with seven decimals, shells to the left, holes to the right.

Every corner is rounded by itself, so that a corner two grids share stays shared; what that loses is measured and
reported.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from gis.report import QualityReport

DECIMALS = 7
_WGS84 = CRS.from_epsg(4326)
_M_PER_DEG = 111_320.0


def to_degrees(table: gpd.GeoDataFrame, *, layer: str, report: QualityReport) -> gpd.GeoDataFrame:
    """A copy of a polygon layer in WGS 84, rounded and wound as RFC 7946 asks.

    A shape that rounding would make invalid (an edge of a few millimetres) is snapped to the same steps as a whole.

    Parameters
    ----------
    table
        Polygons in any CRS.
    layer
        Name for the remark.
    report
        Takes ``note_export_rounded``: how far a corner moved at most in metres, how many shapes were snapped, and
        how many shapes do not meet their neighbours exactly before and after.
    """
    exact = np.asarray(table.geometry.to_crs(_WGS84).array)
    rounded = shapely.remove_repeated_points(shapely.transform(exact, _round))
    bad = ~shapely.is_valid(rounded) | shapely.is_empty(rounded)
    if bad.any():
        snapped = shapely.transform(shapely.set_precision(exact[bad], 10.0**-DECIMALS), _round)
        # A shape smaller than one step stays as it is.
        usable = shapely.is_valid(snapped) & np.isin(shapely.get_type_id(snapped), (3, 6)) & ~shapely.is_empty(snapped)
        rounded[bad] = np.where(usable, snapped, exact[bad])
    alone = (shapely.get_type_id(rounded) == 6) & (shapely.get_num_geometries(rounded) == 1)
    rounded[alone] = shapely.get_geometry(rounded[alone], 0)
    wound = shapely.orient_polygons(rounded, exterior_cw=False)
    corners = shapely.get_coordinates(exact)
    shift = np.abs(corners - _round(corners)) * [np.cos(np.radians(corners[:, 1:2])).max(initial=0.0), 1.0]
    report.add(
        "note_export_rounded",
        layer,
        before=_n_apart(exact),
        after=_n_apart(wound),
        measured=round(float(np.hypot(*shift.T).max(initial=0.0)) * _M_PER_DEG, 4),
        n=int(bad.sum()),
        allowed=DECIMALS,
    )
    return table.set_geometry(gpd.GeoSeries(wound, index=table.index, crs=_WGS84))


def _round(corners: np.ndarray) -> np.ndarray:
    # Adding zero turns -0.0 into 0.0.
    return np.round(corners, DECIMALS) + 0.0


def _n_apart(shapes: np.ndarray) -> int:
    """How many polygons have a border that neither is free nor matches a neighbour's corner by corner."""
    if len(shapes) == 0 or not shapely.is_valid(shapes).all():
        return int((~shapely.is_valid(shapes)).sum())
    return int((~shapely.is_empty(shapely.coverage_invalid_edges(shapes))).sum())
