"""Layers that lie as a Chinese map service would have them beside the others: named, never moved.

A shift is told by what it breaks and what taking it back mends: buildings inside the communities, addresses on
footprints and at their own buildings, streets and outlines that run around buildings and not through them.  Where
all layers are shifted alike nothing is broken and nothing can be told; nor is anything inferred from where on earth
a layer lies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.readers.faults import FaultList
from gis.report import QualityReport
from gis.shift import Shifted, shift, unshift

_CHINA = (72.0, 0.8, 138.0, 56.0)  # where the shifts are defined; wide, for it proves nothing
_SAMPLE = 2_000
_SAMPLE_ALONG = 20_000  # points along streets and outlines
_SHIFT_M = (300.0, 1_600.0)  # BD-09 moves by up to 1,530 m
_AT_BUILDING_M = 12.0
_AROUND_M = 40.0  # of streets and outlines only what has buildings beside it is looked at
_STILL_NEAR_FRAC = 0.45
_ENOUGH_TO_JUDGE = 50
_MOSTLY_IN, _ALL_IN = 0.97, 0.995  # shares of buildings inside the communities
_LEFT_FRAC = 0.4  # of the share inside footprints; streets of four real towns kept at most 0.38 of it
_SYSTEMS: tuple[Shifted, ...] = ("gcj02", "bd09")
_DRAWN_AROUND_BUILDINGS = ("streets", "barriers", "estates", "communities")

Shapes = NDArray[np.object_]


def check_shift(layers: dict[str, gpd.GeoDataFrame], faults: FaultList, report: QualityReport) -> None:
    """Name layers that look like GCJ-02 or BD-09 beside the others (fault ``layer_looks_shifted``).

    Every layer is compared as it is and as it would lie with the shift taken back, and only a clear gain is a fault.
    Addresses that lie off their own buildings by 300 to 1,600 m in one direction that neither shift explains are a
    warning (``warn_layer_displaced``).

    Parameters
    ----------
    layers
        In one metric CRS.
    """
    buildings = layers.get("buildings")
    if buildings is None or not len(buildings):
        return
    found = _Found(faults)
    communities, addresses = layers.get("communities"), layers.get("addresses")
    outlines = np.asarray(buildings.geometry.array)
    outlines = outlines[shapely.area(outlines) > 0]
    footprints = shapely.STRtree(outlines) if len(outlines) > _ENOUGH_TO_JUDGE else None
    if addresses is not None and len(addresses) and footprints is not None:
        some = addresses.iloc[:: max(1, len(addresses) // _SAMPLE)]
        _judge("addresses", some, lambda p: _share_near(p, footprints), 0.5, found)
    if communities is not None and len(buildings) >= _ENOUGH_TO_JUDGE:
        _judge_place(buildings, communities, found)
        if "community" in buildings.columns and not found.layers:
            _judge_named_place(buildings, communities, found)
    if addresses is not None and len(addresses):
        _judge_own_building(addresses, buildings, found, report)
    if footprints is not None:
        for layer in _DRAWN_AROUND_BUILDINGS:
            if layer in layers and len(layers[layer]):
                _judge_around(layer, layers[layer], footprints, found)


class _Found:
    """Layers named so far; each is named once."""

    def __init__(self, faults: FaultList) -> None:
        self.layers: set[str] = set()
        self._faults = faults

    def add(self, layer: str, system: Shifted, now: float, then: float, distance_m: float) -> None:
        if layer in self.layers:
            return
        self.layers.add(layer)
        self._faults.add(
            "layer_looks_shifted",
            layer=layer,
            system={"gcj02": "GCJ-02", "bd09": "BD-09"}[system],
            option=system,
            measured=round(100 * now, 1),
            allowed=round(100 * then, 1),
            distance_m=round(distance_m),
        )


def _judge(layer: str, table: gpd.GeoDataFrame, fit: Callable[[Shapes], float], enough: float, found: _Found) -> None:
    """Name points of which a shift taken back brings many more to where they belong."""
    points = shapely.centroid(np.asarray(table.geometry.array))
    degrees = _degrees(points, table.crs)
    if degrees is None:
        return
    now = fit(points)
    for system in _SYSTEMS:
        back = _metres(unshift(degrees, system), table.crs)
        then = fit(back)
        if then >= enough and then >= now + 0.15 and then - now >= 0.3 * (1 - now):
            found.add(layer, system, now, then, float(np.median(shapely.distance(points, back))))
            return


def _judge_place(buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, found: _Found) -> None:
    """Name buildings that stick out of the communities, where one of the shifts brings (almost) all of them home.

    Either layer may be the shifted one: buildings are tried with the shift taken back, then with it added, as if
    the communities had it.
    """
    tree = shapely.STRtree(np.asarray(communities.geometry.array))
    sample = np.asarray(buildings.geometry.array)[:: max(1, len(buildings) // _SAMPLE)]
    points = shapely.centroid(sample)
    now = _share_within(points, tree)
    if now > _MOSTLY_IN:
        return
    degrees = _degrees(points, buildings.crs)
    if degrees is None:
        return
    for layer, move in (("buildings", unshift), ("communities", shift)):
        for system in _SYSTEMS:
            moved = _metres(move(degrees, system), buildings.crs)
            then = _share_within(moved, tree)
            if then >= _ALL_IN:
                found.add(layer, system, now, then, float(np.median(shapely.distance(points, moved))))
                return


def _judge_named_place(buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, found: _Found) -> None:
    """Name buildings that lie outside the communities they name, where a shift taken back brings them in."""
    known = buildings[buildings["community"].isin(communities["code"])]
    if len(known) < _ENOUGH_TO_JUDGE:
        return
    sample = known.iloc[:: max(1, len(known) // _SAMPLE)]
    homes = np.asarray(communities.geometry.array)[pd.Index(communities["code"]).get_indexer(sample["community"])]
    shapely.prepare(homes)
    _judge("buildings", sample, lambda p: float(shapely.intersects(homes, p).mean()), 0.95, found)


def _judge_own_building(
    addresses: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, found: _Found, report: QualityReport
) -> None:
    """Name the shift, or warn of the displacement, that all addresses have from the buildings they name."""
    if "building_id" not in addresses.columns or found.layers & {"addresses", "buildings"}:
        return
    at = pd.Index(buildings["id"]).get_indexer(addresses["building_id"])
    if (at >= 0).sum() < 20:
        return
    homes = shapely.centroid(np.asarray(buildings.geometry.array)[at[at >= 0]])
    points = shapely.centroid(np.asarray(addresses.geometry.array)[at >= 0])
    middle, spread = _common_vector(homes, points)
    length = float(np.hypot(*middle))
    if not (_SHIFT_M[0] <= length <= _SHIFT_M[1] and spread < 0.25 * length):
        return
    near = 0.25 * length
    degrees = _degrees(points, addresses.crs)
    for layer, move in (("addresses", unshift), ("buildings", shift)):
        for system in _SYSTEMS if degrees is not None else ():
            moved = _metres(move(degrees, system), addresses.crs)  # type: ignore[arg-type]
            if float(np.hypot(*_common_vector(homes, moved)[0])) < 0.1 * length:
                now, then = (float((shapely.distance(homes, p) < near).mean()) for p in (points, moved))
                found.add(layer, system, now, then, float(np.median(shapely.distance(points, moved))))
                return
    report.add(
        "warn_layer_displaced",
        "addresses",
        before=round(length),
        after=None,
        east_m=round(float(middle[0])),
        north_m=round(float(middle[1])),
    )


def _judge_around(layer: str, table: gpd.GeoDataFrame, footprints: shapely.STRtree, found: _Found) -> None:
    """Name streets or outlines that run through buildings, where a shift leads (almost) all of them around.

    Again either may be the shifted one: the lines are tried with the shift taken back, then with it added, as if the
    buildings had it.  A shift that leads them out of the town, where nothing is in their way, does not count.
    """
    points = _along(np.asarray(table.geometry.array))
    points = points[_is_near(points, footprints, _AROUND_M)] if len(points) else points
    now = _share_within(points, footprints)
    if now * len(points) < _ENOUGH_TO_JUDGE or now < 0.02:
        return
    degrees = _degrees(points, table.crs)
    if degrees is None:
        return
    tried: list[tuple[float, str, Shifted, float]] = []
    for side, move in ((layer, unshift), ("buildings", shift)):
        for system in _SYSTEMS:
            moved = _metres(move(degrees, system), table.crs)
            near = float(_is_near(moved, footprints, _AROUND_M).mean())
            if near >= _STILL_NEAR_FRAC:
                then = _share_within(moved, footprints) / near
                tried.append((then, side, system, float(np.median(shapely.distance(points, moved)))))
    if tried and min(tried)[0] <= _LEFT_FRAC * now:
        then, side, system, distance_m = min(tried)
        found.add(side, system, 1 - now, 1 - then, distance_m)


def _along(shapes: Shapes) -> Shapes:
    """Points along lines and borders, evenly on each."""
    parts: Shapes = shapely.get_parts(shapes)
    is_area = shapely.get_dimensions(parts) == 2
    parts[is_area] = shapely.boundary(parts[is_area])
    parts = shapely.get_parts(parts)
    parts = parts[shapely.get_dimensions(parts) == 1]
    if not len(parts):
        return parts
    parts = parts[:: max(1, 4 * len(parts) // _SAMPLE_ALONG)]
    each = max(4, min(400, _SAMPLE_ALONG // len(parts)))
    steps = (np.arange(each) + 0.5) / each
    points: Shapes = shapely.line_interpolate_point(parts[:, None], steps[None, :], normalized=True).ravel()
    return points


def _common_vector(homes: Shapes, points: Shapes) -> tuple[NDArray[np.float64], float]:
    """Middle of the ways from homes to points (east, north), and the middle distance from it."""
    away = shapely.get_coordinates(points) - shapely.get_coordinates(homes)
    middle: NDArray[np.float64] = np.median(away, axis=0)
    return middle, float(np.median(np.hypot(*(away - middle).T)))


def _degrees(points: Shapes, crs: Any) -> Shapes | None:
    """Points in degrees; ``None`` where one lies off the box in which the shifts are defined."""
    degrees = np.asarray(gpd.GeoSeries(points, crs=crs).to_crs(4326).array)
    west, south, east, north = shapely.total_bounds(degrees)
    is_inside = west >= _CHINA[0] and south >= _CHINA[1] and east <= _CHINA[2] and north <= _CHINA[3]
    return degrees if is_inside else None


def _metres(degrees: Shapes, crs: Any) -> Shapes:
    return np.asarray(gpd.GeoSeries(degrees, crs=4326).to_crs(crs).array)


def _share_within(points: Shapes, tree: shapely.STRtree) -> float:
    return len(np.unique(tree.query(points, predicate="intersects")[0])) / max(len(points), 1)


def _share_near(points: Shapes, tree: shapely.STRtree) -> float:
    return float(_is_near(points, tree, _AT_BUILDING_M).mean())


def _is_near(points: Shapes, tree: shapely.STRtree, distance_m: float) -> NDArray[np.bool_]:
    is_near = np.zeros(len(points), dtype=bool)
    is_near[tree.query(points, predicate="dwithin", distance=distance_m)[0]] = True
    return is_near
