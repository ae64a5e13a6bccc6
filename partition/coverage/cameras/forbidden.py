"""Where no camera may stand: zones a user gives, inside kinds of estates, near kinds of key places."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from gis.repair import is_absent
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.coverage.settings import CameraSettings

ZONE, ESTATE, NEAR = "zone", "estate", "place"
"""Why a camera may not stand somewhere; the first that holds is named."""


def why_forbidden(
    points: ObjectArray, territory: Territory, settings: CameraSettings, zones: gpd.GeoSeries | None = None
) -> tuple[str, ...]:
    """Per point: why no camera may stand there, empty where one may.

    Parameters
    ----------
    points
        In the territory's CRS.
    territory
        Estates and key places.
    settings
        Kinds of estates and of places, and how near to these is too near.
    zones
        Areas where no camera may stand, in any CRS; without one they are taken to be in the territory's.
    """
    why = np.full(len(points), "", dtype=object)
    places, estates = territory["key_places"], territory["estates"]
    for kind, near_m in sorted(settings.forbidden_near_m.items()):
        spots = _there(places.geometry.array[(places["kind"] == kind).to_numpy(dtype=bool)])
        if len(spots) and len(points):
            why[shapely.STRtree(spots).query(points, predicate="dwithin", distance=near_m)[0]] = NEAR
    inside = _there(estates.geometry.array[estates["kind"].isin(settings.forbidden_estates).to_numpy(dtype=bool)])
    _mark(why, points, inside, ESTATE)
    if zones is not None:
        here = zones if zones.crs in (None, territory.crs) else zones.to_crs(territory.crs)
        _mark(why, points, _there(here.array), ZONE)
    return tuple(why.tolist())


def _mark(why: ObjectArray, points: ObjectArray, areas: ObjectArray, reason: str) -> None:
    if len(areas) and len(points):
        why[shapely.STRtree(shapely.make_valid(areas)).query(points, predicate="intersects")[0]] = reason


def _there(shapes: object) -> ObjectArray:
    found = np.asarray(shapes, dtype=object)
    return np.asarray(found[~is_absent(found)], dtype=object)
