"""Where layers lie relative to each other: communities found, buildings outside settled, doubles named."""

from __future__ import annotations

from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.readers.faults import named
from gis.readers.relations import find_community
from gis.report import QualityReport

Outside = Literal["error", "drop", "nearest"]
_DOUBLE_FRAC = 0.8


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
