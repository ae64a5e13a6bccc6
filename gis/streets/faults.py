"""What a network can not be laid from: every fault of streets, points, grids and options at once."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.errors import Fault, InputError
from gis.graph import BoolArray
from gis.repair import is_absent, is_finite
from gis.streets.network import NetworkOptions
from gis.territory import Territory

_FAR_M = 100_000.0


def check(territory: Territory, grids: gpd.GeoDataFrame, options: NetworkOptions) -> None:
    """Raise every fault.

    Raises
    ------
    InputError
        ``crs_not_metres``, ``layers_differ_in_crs``, ``network_shape_missing``, ``network_shape_wrong``,
        ``network_coordinates_not_finite``, ``network_street_far_away``, ``network_speed_wrong``,
        ``network_dwell_wrong``, ``network_option_wrong``, ``layer_without_crs``.
    """
    if territory.crs.is_geographic:
        raise InputError("crs_not_metres", measured=territory.crs.to_string())
    if grids.crs is None:
        raise InputError("layer_without_crs", layer="grids")
    if CRS(grids.crs) != territory.crs:
        raise InputError(
            "layers_differ_in_crs",
            layer="grids",
            measured=CRS(grids.crs).to_string(),
            allowed=territory.crs.to_string(),
        )
    faults: list[Fault] = []
    for name in ("passing_kmh", "inspecting_kmh"):
        value = getattr(options, name)
        if not (np.isfinite(value) and value > 0):
            faults.append(Fault("network_option_wrong", {"option": name, "measured": float(value), "allowed": "> 0"}))
    for name in ("snap_m", "passage_m", "place_m", "border_m"):
        value = getattr(options, name)
        if not (np.isfinite(value) and value >= 0):
            faults.append(Fault("network_option_wrong", {"option": name, "measured": float(value), "allowed": ">= 0"}))
    for layer in ("streets", "posts", "key_places"):
        faults += _shapes(
            layer, territory[layer], "id", ("LineString", "MultiLineString") if layer == "streets" else ("Point",)
        )
    faults += _shapes("grids", grids, "code", ("Polygon", "MultiPolygon"))
    streets = territory["streets"]
    speed = streets["speed_kmh"].to_numpy(dtype=np.float64)
    wrong = ~np.isnan(speed) & ~(np.isfinite(speed) & (speed > 0))
    for row in np.flatnonzero(wrong):
        faults.append(Fault("network_speed_wrong", {**_at(streets, int(row), "id"), "measured": float(speed[row])}))
    dwell = territory["key_places"]["dwell_min"].to_numpy(dtype=np.float64)
    for row in np.flatnonzero(~np.isnan(dwell) & ~(np.isfinite(dwell) & (dwell >= 0))):
        at = _at(territory["key_places"], int(row), "id")
        faults.append(Fault("network_dwell_wrong", {**at, "measured": float(dwell[row])}))
    if not faults:
        faults += _far(territory)
    if faults:
        raise InputError.of(faults)


def _at(table: gpd.GeoDataFrame, row: int, key: str) -> dict[str, str | int | float | bool | None]:
    return {"row": row + 1, "id": str(table[key].iloc[row])}


def _shapes(layer: str, table: gpd.GeoDataFrame, key: str, types: tuple[str, ...]) -> list[Fault]:
    shapes = np.asarray(table.geometry.array, dtype=object)
    absent: BoolArray = is_absent(shapes)
    infinite = ~is_finite(shapes)
    kinds: NDArray[np.object_] = np.array([getattr(shape, "geom_type", "") for shape in shapes], dtype=object)
    wrong = ~absent & ~np.isin(kinds, types)
    return [
        Fault(code, {"layer": layer, **_at(table, int(row), key), "measured": str(kinds[row])})
        for code, mask in (
            ("network_shape_missing", absent),
            ("network_coordinates_not_finite", ~absent & infinite),
            ("network_shape_wrong", wrong),
        )
        for row in np.flatnonzero(mask)
    ]


def _far(territory: Territory) -> list[Fault]:
    """Streets so far from the communities that their coordinates must be wrong."""
    streets = territory["streets"]
    if streets.empty:
        return []
    x0, y0, x1, y1 = territory["communities"].total_bounds
    bounds = shapely.bounds(np.asarray(streets.geometry.array))
    off = np.max(np.stack([x0 - bounds[:, 0], y0 - bounds[:, 1], bounds[:, 2] - x1, bounds[:, 3] - y1]), axis=0)
    return [
        Fault(
            "network_street_far_away",
            {**_at(streets, int(row), "id"), "measured": round(float(off[row]) / 1000), "allowed": _FAR_M / 1000},
        )
        for row in np.flatnonzero(off > _FAR_M)
    ]
