"""Pages of features as GeoJSON: geometry in longitude and latitude, rounded, with the place in the whole list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely
from pyproj import CRS

from gis.graph import FloatArray
from gis.streets.network import ObjectArray
from maps.features import DECIMALS, move, to_lonlat

MOST = 20_000
"""Features that one page may hold."""
_WGS84 = CRS.from_epsg(4326)


@dataclass(frozen=True, slots=True)
class Page:
    """Which of the features are wanted."""

    offset: int = 0
    limit: int = MOST


@dataclass(frozen=True, slots=True)
class Told:
    """Features of one page, and how many there are in all."""

    shapes: ObjectArray
    crs: CRS
    properties: Sequence[Mapping[str, Any]]
    matched: int


def collection(told: Told, page: Page, more: Mapping[str, Any] | None = None) -> bytes:
    """A feature collection; features without a shape have none."""
    geometries = geometry_of(told.shapes, told.crs)
    features = [
        {"type": "Feature", "geometry": geometry, "properties": properties}
        for geometry, properties in zip(geometries, told.properties, strict=True)
    ]
    following = page.offset + len(features)
    body = {
        "type": "FeatureCollection",
        **(more or {}),
        "numberMatched": told.matched,
        "numberReturned": len(features),
        "next": following if following < told.matched else None,
        "features": features,
    }
    return orjson.dumps(body)


def geometry_of(shapes: ObjectArray, crs: CRS) -> list[orjson.Fragment | None]:
    """Shapes as GeoJSON in longitude and latitude."""
    if not len(shapes):
        return []
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    shapes = np.where(absent, shapely.Point(0, 0), shapes)
    moved = shapely.transform(to_lonlat(shapes, crs), lambda xy: np.round(xy, DECIMALS))
    texts = shapely.to_geojson(shapely.orient_polygons(moved))
    return [None if gone else orjson.Fragment(text) for gone, text in zip(absent.tolist(), texts.tolist(), strict=True)]


def lon_lat(x: Sequence[float], y: Sequence[float], crs: CRS) -> list[tuple[float, float]]:
    """Longitude and latitude of points, rounded."""
    if not len(x):
        return []
    xy = shapely.get_coordinates(to_lonlat(np.asarray(shapely.points(x, y)), crs))
    return [(round(lon, DECIMALS), round(lat, DECIMALS)) for lon, lat in xy.tolist()]


def metres_at(lon: float, lat: float, crs: CRS) -> tuple[float, float]:
    """A point in a metric CRS."""
    x, y = metres_of([(lon, lat)], crs)[0].tolist()
    return x, y


def metres_of(points: Sequence[tuple[float, float]], crs: CRS) -> FloatArray:
    """Points (longitude, latitude) in a metric CRS: ``[points, 2]``."""
    degrees = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    moved: FloatArray = shapely.get_coordinates(move(np.asarray(shapely.points(degrees)).reshape(-1), _WGS84, crs))
    return moved


def box_in(bbox: Sequence[float], crs: CRS) -> shapely.Geometry:
    """A box of longitudes and latitudes in a metric CRS."""
    sides = shapely.segmentize(shapely.box(*bbox), max(bbox[2] - bbox[0], bbox[3] - bbox[1]) / 8 or 1.0)
    return move(np.array([sides], dtype=object), _WGS84, crs)[0]
