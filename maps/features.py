"""Types to GeoJSON in degrees, longitude first: the form in which maps, tiles and the service hand geometry out.

Decides order of axes, rounding and ring direction (RFC 7946).  Says nothing about colours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from gis.crs import metric_crs
from gis.errors import InputError
from gis.territory import Territory
from partition.filed import FiledPlan

DECLARED = ("part_joined",)
"""Violations that say what the drawing chose to do: shown with the grid, but nobody has to act."""

DECIMALS = 7
"""Digits after the point: 1e-7 degrees is about 1 cm."""


def to_lonlat(geometry: NDArray[np.object_], crs: CRS) -> NDArray[np.object_]:
    """Geometry in WGS 84 degrees, longitude then latitude; not rounded.

    Parameters
    ----------
    geometry
        Shapely geometry in ``crs``, two-dimensional.
    crs
        Where it is now.
    """
    return move(geometry, crs, CRS.from_epsg(4326))


def to_metres(geometry: NDArray[np.object_], crs: CRS) -> tuple[NDArray[np.object_], CRS]:
    """Geometry in a metric CRS fit for its place (`gis.crs.metric_crs`), and that CRS.

    Raises
    ------
    InputError
        ``map_nothing_to_show`` when there is no geometry at all.
    """
    box = shapely.total_bounds(geometry)
    if not np.isfinite(box).all():
        raise InputError("map_nothing_to_show")
    inside = metric_crs(crs, tuple(float(v) for v in box))
    return move(geometry, crs, inside), inside


def move(geometry: NDArray[np.object_], source: CRS, target: CRS) -> NDArray[np.object_]:
    """Geometry in another CRS, x then y, two-dimensional."""
    flat = shapely.force_2d(geometry)
    if source == target:
        return flat
    transformer = _transformer(source, target)

    def there(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(flat, there)


@lru_cache(maxsize=16)
def _transformer(source: CRS, target: CRS) -> Transformer:
    # Looking one up costs a tenth of a second, and a page asks for the same one twenty times.
    return Transformer.from_crs(source, target, always_xy=True)


def feature_collection(table: gpd.GeoDataFrame, id_column: str, decimals: int = DECIMALS) -> dict[str, Any]:
    """Any table as a GeoJSON FeatureCollection in longitude and latitude.

    Every column but the geometry becomes a property; missing values become ``null``; the id is the text of
    ``id_column``.  Outer rings run counter-clockwise, coordinates are rounded to ``decimals``.

    Cost: about 15 microseconds a vertex.

    Raises
    ------
    InputError
        ``layer_without_crs``.
    """
    if table.crs is None:
        raise InputError("layer_without_crs", layer=id_column)
    shapes = to_lonlat(np.asarray(table.geometry.array, dtype=object), CRS(table.crs))
    shapes = shapely.orient_polygons(shapely.transform(shapes, lambda xy: np.round(xy, decimals)))
    rows = properties(pd.DataFrame(table.drop(columns=table.geometry.name)))
    features = [
        {
            "type": "Feature",
            "id": str(row[id_column]),
            "geometry": None if text is None else json.loads(text),
            "properties": row,
        }
        for text, row in zip(shapely.to_geojson(shapes), rows, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def properties(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain dictionaries that JSON can hold: no numpy numbers, no NaN, ``None`` for what is missing."""
    columns = {str(name): [_plain(v) for v in table[name].tolist()] for name in table.columns}
    return [dict(zip(columns, values)) for values in zip(*columns.values())] if columns else [{} for _ in table.index]


def grid_features(filed: FiledPlan, decimals: int = DECIMALS) -> dict[str, Any]:
    """The grids of a plan as GeoJSON; each has its ``status`` (`grid_status`) beside the columns of the plan file."""
    table = filed.grids.assign(status=grid_status(filed))
    return feature_collection(table, "code", decimals)


def layer_features(territory: Territory, layer: str, decimals: int = DECIMALS) -> dict[str, Any]:
    """One layer of a territory as GeoJSON, ids from the layer's key column."""
    key = "code" if "code" in territory[layer].columns else "id"
    return feature_collection(territory[layer], key, decimals)


def grid_status(filed: FiledPlan) -> list[str]:
    """What each grid asks of the reader.

    ``in_band``: households lie in the band; ``lawful``: they do not, and need not (dedicated and rural grids);
    ``action``: a standard grid out of band, a grid with a reason, or one that a violation names
    (other than those `DECLARED`).
    """
    pressing = filed.violations[~filed.violations["code"].isin(DECLARED)]
    named = set(pressing["grid"].dropna())
    grids = filed.grids
    answer = []
    for code, kind, within, reason in zip(grids["code"], grids["kind"], grids["within_band"], grids["reason"]):
        if code in named or _plain(reason) or (kind == "standard" and not within):
            answer.append("action")
        else:
            answer.append("in_band" if within else "lawful")
    return answer


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, str | bool | int | float | Mapping | list):
        return value
    return str(value)
