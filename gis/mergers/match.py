"""Two territories matched by overlap: what became of each old code when nobody wrote it down.

Where a community has units (or buildings) that stand in both files under the same id and at the same place, they
carry its households over; elsewhere the households go with the area.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.apportion import share_whole
from gis.enclose import locate
from gis.errors import Fault, InputError
from gis.graph import BoolArray, IntArray
from gis.mergers.apply import revoked_codes
from gis.mergers.check import duplicate_faults
from gis.mergers.lineage import Lineage, make_lineage
from gis.progress import SILENT, Progress
from gis.territory import Territory

LEAST_OVERLAP_FRAC = 0.01
"""Territories that share less of the smaller one's land do not belong together."""
SAME_PLACE_M = 50.0
"""An id in both files names the same unit or building only where the two lie this close."""
KNOWN_FRAC = 0.9
"""A community is carried over by ids where at least this share of its rows is found again."""


def match_territories(
    before: Territory, after: Territory, *, least_share: float = 0.01, progress: Progress = SILENT
) -> Lineage:
    """Match the communities of two territories.

    Parameters
    ----------
    before, after
        Any CRS; compared in that of ``before``.
    least_share
        By area, an overlap below this share of both communities is taken for an inexact border and left out.

    Returns
    -------
    Lineage
        Households as counted before; old codes without land in ``after`` are ``retired``, new ones without land in
        ``before`` are ``new``.  ``revoked`` holds what either territory remembers and every old code not in use
        after.

    Raises
    ------
    InputError
        ``merger_code_duplicate``, ``merger_code_duplicate_after``, ``territories_apart``.
    """
    progress.stage("stage_match_territories")
    old, new = before["communities"], after["communities"]
    faults = [*duplicate_faults(old["code"]), *duplicate_faults(new["code"], after=True)]
    if faults:
        raise InputError.of(faults)
    here = {name: after[name].to_crs(before.crs) for name in ("communities", "units", "buildings")}
    overlaps = _overlaps(old, here["communities"])
    shared = float(overlaps["area_m2"].sum())
    smaller = float(min(shapely.area(np.asarray(t.geometry.array)).sum() for t in (old, here["communities"])))
    if shared < LEAST_OVERLAP_FRAC * smaller:
        facts = {"measured": round(100 * shared / smaller, 3), "allowed": 100 * LEAST_OVERLAP_FRAC}
        raise InputError.of([Fault("territories_apart", facts)])
    codes = old["code"].to_numpy(dtype=object)
    by_id = np.zeros(len(codes), bool)
    tables: list[pd.DataFrame] = []
    has_units = np.isin(codes, before["units"]["community"].to_numpy(dtype=object))
    for layer, count in (("units", "units"), ("buildings", "buildings")):
        pairs, known = _by_ids(before, here, layer)
        counted = known & (has_units if layer == "units" else ~has_units)
        rows = pairs[counted[pairs["row"].to_numpy()]] if layer == "units" else pairs[known[pairs["row"].to_numpy()]]
        households = np.where(counted[rows["row"].to_numpy()], rows["households"], 0)
        tables.append(
            pd.DataFrame(
                {
                    "old": codes[rows["row"].to_numpy()],
                    "new": rows["new"].to_numpy(),
                    "households": households,
                    count: 1,
                }
            )
        )
        by_id |= counted
    tables.append(_by_area(before, overlaps, codes, by_id, least_share))
    table = pd.concat(tables, ignore_index=True)
    for name in ("households", "units", "buildings", "area_m2"):
        table[name] = table[name].fillna(0) if name in table else 0
    table = table.astype({"households": "int64", "units": "int64", "buildings": "int64"})
    lost = sorted(set(codes) - set(table["old"].dropna()))
    fresh = sorted(set(new["code"]) - set(table["new"].dropna()))
    more = pd.DataFrame({"old": [*lost, *[None] * len(fresh)], "new": [*[None] * len(lost), *fresh]}, dtype=object)
    more = more.assign(households=0, units=0, buildings=0, area_m2=0.0)
    more.loc[: len(lost) - 1, "households"] = _households(before)[np.isin(codes, lost)] if lost else 0
    gone = (set(codes) | {*revoked_codes(before), *revoked_codes(after)}) - set(new["code"])
    return make_lineage(pd.concat([table, more], ignore_index=True) if len(more) else table, gone)


def _overlaps(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> pd.DataFrame:
    """Area every old community shares with every new one."""
    a, b = np.asarray(old.geometry.array), np.asarray(new.geometry.array)
    i, j = shapely.STRtree(b).query(a, predicate="intersects")
    same = shapely.equals(a[i], b[j])
    area = np.where(same, shapely.area(a[i]), 0.0)
    area[~same] = shapely.area(shapely.intersection(a[i[~same]], b[j[~same]]))
    table = pd.DataFrame({"row": i, "new": new["code"].to_numpy(dtype=object)[j], "area_m2": area})
    table["share_of_new"] = area / shapely.area(b[j])
    table["share_of_old"] = area / shapely.area(a[i])
    return table[area > 0].sort_values(["row", "new"], kind="stable", ignore_index=True)


def _by_ids(before: Territory, here: dict[str, Any], layer: str) -> tuple[pd.DataFrame, BoolArray]:
    """Rows of a layer with old community, new code and households, and which old communities they carry over."""
    old, new, communities = before[layer], here[layer], before["communities"]
    row = pd.Index(communities["code"]).get_indexer(old["community"].to_numpy(dtype=object))
    shapes = np.asarray(old.geometry.array)
    lost = np.flatnonzero(row < 0)
    row[lost] = locate(shapely.point_on_surface(shapes[lost]), np.asarray(communities.geometry.array))
    twin = pd.Index(new["id"]).get_indexer(old["id"]) if new["id"].is_unique else np.full(len(old), -1)
    found = twin >= 0
    theirs = np.asarray(new.geometry.array)
    found[found] = shapely.distance(shapes[found], theirs[twin[found]]) <= SAME_PLACE_M
    target = np.full(len(old), None, dtype=object)
    later = pd.Index(here["communities"]["code"])
    named = new["community"].to_numpy(dtype=object)
    target[found] = np.where(later.get_indexer(named) >= 0, named, None)[twin[found]]
    open_rows = np.flatnonzero((row >= 0) & pd.isna(target))
    at = locate(shapely.point_on_surface(shapes[open_rows]), np.asarray(here["communities"].geometry.array))
    target[open_rows] = np.where(at >= 0, later.to_numpy(dtype=object)[at], None)
    inside = row >= 0
    n = len(communities)
    total = np.bincount(row[inside], minlength=n)
    again = np.bincount(row[inside & found], minlength=n)
    known = (total > 0) & (again >= KNOWN_FRAC * total)
    placed = inside & ~pd.isna(target)
    # A community that loses rows out of the new land is still carried over by the rows that stay.
    households = old["households"].fillna(0).to_numpy(dtype=np.int64)
    return pd.DataFrame({"row": row[placed], "new": target[placed], "households": households[placed]}), known


def _by_area(
    before: Territory, overlaps: pd.DataFrame, codes: Any, by_id: BoolArray, least_share: float
) -> pd.DataFrame:
    """Overlaps worth telling; the households of communities not carried by ids are shared out by area."""
    worth = (overlaps["share_of_old"] >= least_share) | (overlaps["share_of_new"] >= least_share)
    best = overlaps.groupby("row")["area_m2"].transform("max") == overlaps["area_m2"]
    kept = overlaps[worth | best].reset_index(drop=True)
    row: IntArray = kept["row"].to_numpy(dtype=np.int64)
    totals = np.where(by_id, 0, _households(before))
    share = share_whole(kept["area_m2"].to_numpy(dtype=float), row, totals)
    return pd.DataFrame({"old": codes[row], "new": kept["new"], "households": share, "area_m2": kept["area_m2"]})


def _households(territory: Territory) -> IntArray:
    """Households of each community: of its units, where it has none of its buildings."""
    communities = territory["communities"]
    index, n = pd.Index(communities["code"]), len(communities)
    units, buildings = territory["units"], territory["buildings"]
    of_unit = index.get_indexer(units["community"].to_numpy(dtype=object))
    of_building = index.get_indexer(buildings["community"].to_numpy(dtype=object))
    lost = np.flatnonzero(of_building < 0)
    points = shapely.point_on_surface(np.asarray(buildings.geometry.array)[lost])
    of_building[lost] = locate(points, np.asarray(communities.geometry.array))
    told = [
        np.bincount(of[of >= 0], weights=t["households"].fillna(0).to_numpy(dtype=float)[of >= 0], minlength=n)
        for of, t in ((of_unit, units), (of_building, buildings))
    ]
    has_units = np.bincount(of_unit[of_unit >= 0], minlength=n) > 0
    return np.where(has_units, told[0], told[1]).astype(np.int64)
