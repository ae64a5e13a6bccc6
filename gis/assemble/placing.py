"""Where layers lie relative to each other: shifted layers named, communities found, buildings outside settled."""

from __future__ import annotations

from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.readers.faults import FaultList, named
from gis.readers.relations import find_community
from gis.report import QualityReport
from gis.shift import Shifted, shift, unshift

Outside = Literal["error", "drop", "nearest"]
_CHINA = (72.0, 0.8, 138.0, 56.0)
_SAMPLE = 2_000
_SHIFT_M = (300.0, 1_300.0)
_AT_BUILDING_M = 12.0
_DOUBLE_FRAC = 0.8
_ENOUGH_TO_JUDGE = 50
_MOSTLY_IN, _ALL_IN = 0.97, 0.995  # shares of buildings inside the communities
_SYSTEMS: tuple[Shifted, ...] = ("gcj02", "bd09")


def check_shift(layers: dict[str, gpd.GeoDataFrame], faults: FaultList, report: QualityReport) -> None:
    """Name layers that look like GCJ-02 or BD-09 beside the others; nothing is moved.

    Points (addresses, point buildings) are compared with footprints or with the communities they name, and all
    buildings with the land of the communities: as they are and as they would lie with the shift taken back.  Only a
    clear gain is a fault.  Any other common displacement of
    addresses from their own buildings of 300 to 1,300 m is a warning.

    Parameters
    ----------
    layers
        In one metric CRS.
    """
    buildings, communities = layers.get("buildings"), layers.get("communities")
    addresses = layers.get("addresses")
    if buildings is not None and addresses is not None and len(addresses):
        footprints = np.asarray(buildings.geometry.array)
        footprints = footprints[shapely.area(footprints) > 0]
        if len(footprints) > 50:
            tree = shapely.STRtree(footprints)
            _judge("addresses", addresses, lambda p: _share_near(p, tree), 0.5, faults)
        _common_displacement(addresses, buildings, report)
    if buildings is not None and communities is not None and len(buildings) >= _ENOUGH_TO_JUDGE:
        _judge_place(buildings, communities, faults)
    if buildings is not None and communities is not None and "community" in buildings.columns and not faults:
        known = buildings[buildings["community"].isin(communities["code"])]
        if len(known) >= _ENOUGH_TO_JUDGE:
            sample = known.iloc[:: max(1, len(known) // _SAMPLE)]
            outlines = np.asarray(communities.geometry.array)
            homes = outlines[pd.Index(communities["code"]).get_indexer(sample["community"])]
            shapely.prepare(homes)
            _judge("buildings", sample, lambda p: float(shapely.intersects(homes, p).mean()), 0.95, faults)


def _judge_place(buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, faults: FaultList) -> None:
    """Name buildings that stick out of the communities, where one of the shifts brings (almost) all of them home.

    Either layer may be the shifted one: buildings are tried with the shift taken back, then with it added, as if
    the communities had it.
    """
    outlines = np.asarray(communities.geometry.array)
    tree = shapely.STRtree(outlines)
    sample = np.asarray(buildings.geometry.array)[:: max(1, len(buildings) // _SAMPLE)]
    points = shapely.centroid(sample)
    now = _share_within(points, tree)
    if now > _MOSTLY_IN:
        return
    degrees = np.asarray(gpd.GeoSeries(points, crs=buildings.crs).to_crs(4326).array)
    if not _is_in_china(degrees):
        return
    for layer, move in (("buildings", unshift), ("communities", shift)):
        for system in _SYSTEMS:
            moved = np.asarray(gpd.GeoSeries(move(degrees, system), crs=4326).to_crs(buildings.crs).array)
            then = _share_within(moved, tree)
            if then >= _ALL_IN:
                _looks_shifted(layer, system, now, then, float(np.median(shapely.distance(points, moved))), faults)
                return


def _share_within(points: Any, tree: shapely.STRtree) -> float:
    return len(np.unique(tree.query(points, predicate="intersects")[0])) / max(len(points), 1)


def _is_in_china(degrees: Any) -> bool:
    west, south, east, north = shapely.total_bounds(degrees)
    return bool(west >= _CHINA[0] and south >= _CHINA[1] and east <= _CHINA[2] and north <= _CHINA[3])


def _looks_shifted(layer: str, system: Shifted, now: float, then: float, distance_m: float, faults: FaultList) -> None:
    faults.add(
        "layer_looks_shifted",
        layer=layer,
        system={"gcj02": "GCJ-02", "bd09": "BD-09"}[system],
        option=system,
        measured=round(100 * now, 1),
        allowed=round(100 * then, 1),
        distance_m=round(distance_m),
    )


def _share_near(points: Any, tree: shapely.STRtree) -> float:
    near = tree.query(points, predicate="dwithin", distance=_AT_BUILDING_M)[0]
    return len(np.unique(near)) / max(len(points), 1)


def _judge(layer: str, table: gpd.GeoDataFrame, fit: Any, enough: float, faults: FaultList) -> None:
    points = shapely.centroid(np.asarray(table.geometry.array))
    if layer == "addresses":
        points = points[:: max(1, len(points) // _SAMPLE)]
    degrees = gpd.GeoSeries(points, crs=table.crs).to_crs(4326)
    if not _is_in_china(np.asarray(degrees.array)):
        return
    now = fit(points)
    for system in _SYSTEMS:
        back = gpd.GeoSeries(unshift(np.asarray(degrees.array), system), crs=4326).to_crs(table.crs)
        then = fit(np.asarray(back.array))
        if then >= enough and then >= now + 0.15 and then - now >= 0.3 * (1 - now):
            moved = shapely.distance(points, np.asarray(back.array))
            _looks_shifted(layer, system, now, then, float(np.median(moved)), faults)
            return


def _common_displacement(addresses: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, report: QualityReport) -> None:
    if "building_id" not in addresses.columns:
        return
    at = pd.Index(buildings["id"]).get_indexer(addresses["building_id"])
    if (at >= 0).sum() < 20:
        return
    homes = shapely.centroid(np.asarray(buildings.geometry.array)[at[at >= 0]])
    points = shapely.centroid(np.asarray(addresses.geometry.array)[at >= 0])
    away = shapely.get_coordinates(points) - shapely.get_coordinates(homes)
    middle = np.median(away, axis=0)
    spread = float(np.median(np.hypot(*(away - middle).T)))
    length = float(np.hypot(*middle))
    if _SHIFT_M[0] <= length <= _SHIFT_M[1] and spread < 0.25 * length:
        report.add(
            "warn_layer_displaced",
            "addresses",
            before=round(length),
            after=None,
            east_m=round(float(middle[0])),
            north_m=round(float(middle[1])),
        )


def resolve_communities(
    table: gpd.GeoDataFrame, layer: str, communities: gpd.GeoDataFrame, report: QualityReport
) -> gpd.GeoDataFrame:
    """A layer whose ``community`` is a code: names become codes, blanks and unknown words the place's community."""
    codes = communities["code"].to_numpy(dtype=object)
    by_name = pd.Series(codes, index=communities["name"].astype(str))
    by_name = by_name[~by_name.index.duplicated(keep=False)]
    said = table["community"] if "community" in table.columns else pd.Series([None] * len(table), index=table.index)
    out = said.where(said.isin(codes), said.map(by_name))
    renamed = int((out.notna() & said.notna() & (out != said)).sum())
    if renamed:
        report.add("note_communities_by_name", layer, before=renamed, after=renamed)
    blank = out.isna().to_numpy()
    if blank.any():
        place = find_community(np.asarray(table.geometry.array)[blank], communities)
        values = out.to_numpy(dtype=object, copy=True)
        values[np.flatnonzero(blank)] = [codes[k] if k >= 0 else None for k in place]
        unknown = said[blank].dropna().astype(str)
        out = pd.Series(values, index=table.index, dtype=object)
        report.add(
            "note_communities_by_place",
            layer,
            before=int(blank.sum()),
            after=int(pd.notna(values[blank]).sum()),
            unknown=named(dict.fromkeys(unknown)),
        )
    return table.assign(community=out)


def settle_outside(
    buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, outside: Outside, report: QualityReport
) -> gpd.GeoDataFrame:
    """Buildings outside every community dropped or given to the nearest one (moved to its inside), as asked.

    With ``error`` they stay: the check of the territory names them.  A building given to the nearest community is
    kept as a point just inside its border, so that everything drawn later finds it there.
    """
    found = find_community(np.asarray(buildings.geometry.array), communities)
    lost = np.flatnonzero(found < 0)
    if not len(lost) or outside == "error":
        return buildings
    ids = named(buildings["id"].iloc[lost])
    households = pd.to_numeric(buildings["households"], errors="coerce").iloc[lost].sum() if _counted(buildings) else 0
    if outside == "drop":
        report.add("repair_outside_dropped", "buildings", ids, before=len(lost), after=0, households=int(households))
        report.count("buildings_outside_dropped", len(lost))
        return buildings[found >= 0].reset_index(drop=True)
    shapes = np.asarray(buildings.geometry.array).copy()
    outlines = np.asarray(communities.geometry.array)
    nearest = shapely.STRtree(outlines).nearest(shapes[lost])
    distance = shapely.distance(shapes[lost], outlines[nearest])
    shapes[lost] = [_inside(outlines[n], shapes[k]) for n, k in zip(nearest, lost)]
    report.add(
        "repair_outside_nearest",
        "buildings",
        ids,
        before=len(lost),
        after=len(lost),
        households=int(households),
        distance_m=round(float(distance.max()), 1),
    )
    report.count("buildings_outside_moved", len(lost))
    table = buildings.set_geometry(gpd.GeoSeries(shapes, index=buildings.index, crs=CRS(buildings.crs)))
    column = table["community"].to_numpy(dtype=object, copy=True)
    column[lost] = communities["code"].to_numpy(dtype=object)[nearest]
    return table.assign(community=column)


def warn_doubles(buildings: gpd.GeoDataFrame, report: QualityReport) -> None:
    """Warn of footprints that lie on each other (shared area over 80 % of both together) and both hold households."""
    shapes = np.asarray(buildings.geometry.array)
    homes = (buildings["households"].fillna(0) > 0).to_numpy(dtype=bool) & (shapely.area(shapes) > 0)
    at = np.flatnonzero(homes)
    if len(at) < 2:
        return
    a, b = shapely.STRtree(shapes[at]).query(shapely.centroid(shapes[at]), predicate="intersects")
    a, b = at[a], at[b]
    a, b = np.minimum(a, b)[a != b], np.maximum(a, b)[a != b]
    pairs = np.unique(np.column_stack([a, b]), axis=0)
    shared = shapely.area(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]]))
    both = shapely.area(shapes[pairs[:, 0]]) + shapely.area(shapes[pairs[:, 1]]) - shared
    double = pairs[shared > _DOUBLE_FRAC * both]
    if len(double):
        ids = buildings["id"].to_numpy(dtype=object)
        households = buildings["households"].to_numpy(dtype=np.int64)
        text = named(f"{ids[i]} = {ids[j]}" for i, j in double)
        total = int(np.minimum(households[double[:, 0]], households[double[:, 1]]).sum())
        report.add("warn_buildings_double", "buildings", text, before=len(double), after=None, households=total)


def _inside(outline: Any, shape: Any) -> Any:
    """A point of the outline near a shape outside it, well off the border where there is room."""
    for depth in (5.0, 1.0, 0.1):
        core = shapely.buffer(outline, -depth)
        if not core.is_empty:
            return shapely.get_point(shapely.shortest_line(core, shape), 0)
    return shapely.point_on_surface(outline)


def _counted(buildings: gpd.GeoDataFrame) -> bool:
    return "households" in buildings.columns
