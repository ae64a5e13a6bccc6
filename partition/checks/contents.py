"""Contents: members, sums, band flags, reasons, codes, whole estates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.errors import Fault
from gis.territory import Territory
from partition.filed import FiledPlan
from partition.rules import Rules

_NEAR_M = 0.05
_MIN_SHARE = 1 / 3
Shapes = NDArray[Any]


def check_codes(grids: pd.DataFrame, communities: set[str]) -> Iterator[Fault]:
    """Codes unique and well formed: the community's code, then 001-599, or 600-899 for a dedicated grid."""
    for code in sorted(grids["code"][grids["code"].duplicated()].unique()):
        yield Fault("check_code_twice", {"grid": code})
    for code, community, kind in zip(grids["code"], grids["community"], grids["kind"]):
        if community not in communities:
            yield Fault("check_community_unknown", {"grid": code, "measured": community})
            continue
        tail = code.removeprefix(community) if code.startswith(community) else ""
        allowed = "[678][0-9]{2,5}" if kind == "dedicated" else "[0-5][0-9]{2,5}"
        if not re.fullmatch(allowed, tail) or int(tail) == 0:
            yield Fault("check_code_malformed", {"grid": code, "measured": code, "allowed": f"{community} + {allowed}"})
        if kind not in ("standard", "dedicated", "rural"):
            yield Fault("check_kind_unknown", {"grid": code, "measured": kind})


def check_band(grids: pd.DataFrame, rules: Rules, declared: set[str]) -> Iterator[Fault]:
    """Band flags recomputed; every standard grid outside the band carries a reason and is declared."""
    inside = grids["households"].between(rules.min_households, rules.max_households)
    allowed = f"{rules.min_households}-{rules.max_households}"
    rows = zip(grids["code"], grids["kind"], grids["households"], grids["within_band"], inside, grids["reason"])
    for code, kind, households, flag, is_inside, reason in rows:
        if bool(flag) != bool(is_inside):
            yield Fault("check_band_flag_wrong", {"grid": code, "measured": int(households), "allowed": allowed})
        if kind == "standard" and not is_inside:
            if reason is None or reason != reason or reason == "":
                yield Fault("check_reason_missing", {"grid": code, "measured": int(households), "allowed": allowed})
            elif code not in declared:
                yield Fault("check_not_declared", {"grid": code, "measured": int(households), "allowed": allowed})


def check_members(
    filed: FiledPlan, territory: Territory, codes: Shapes, shapes: Shapes
) -> tuple[list[Fault], dict[str, NDArray[np.int64]]]:
    """Members complete and inside their grids; sums of households, population and buildings right.

    Returns
    -------
    (faults, grid position per unit and per building; -1 for none)
    """
    faults: list[Fault] = []
    position = {code: i for i, code in enumerate(codes)}
    grid_of: dict[str, NDArray[np.int64]] = {}
    land = np.asarray(territory["communities"].geometry.array)
    for kind, layer in (("unit", "units"), ("building", "buildings")):
        table = territory[layer]
        members = filed.members[filed.members["kind"] == kind]
        for name in sorted(members["id"][members["id"].duplicated()].unique())[:50]:
            faults.append(Fault("check_member_twice", {"kind": kind, "id": name}))
        index = pd.Index(table["id"])
        at = index.get_indexer(members["id"])
        for name in members["id"].to_numpy()[at < 0][:50]:
            faults.append(Fault("check_member_unknown", {"kind": kind, "id": name}))
        grid = np.array([position.get(code, -1) for code in members["grid"]], np.int64)
        for name, code in zip(members["id"].to_numpy()[grid < 0][:50], members["grid"].to_numpy()[grid < 0]):
            faults.append(Fault("check_member_grid_unknown", {"kind": kind, "id": name, "measured": code}))
        of = np.full(len(table), -1, np.int64)
        of[at[at >= 0]] = grid[at >= 0]
        grid_of[kind] = of
        faults += _misplaced(kind, table, of, codes, shapes, land)
    faults += _sums(filed, territory, grid_of)
    return faults, grid_of


def _misplaced(
    kind: str, table: gpd.GeoDataFrame, of: NDArray[np.int64], codes: Shapes, shapes: Shapes, land: Shapes
) -> Iterator[Fault]:
    geometry = np.asarray(table.geometry.array)
    absent = np.flatnonzero(of < 0)
    if len(absent):
        points = shapely.point_on_surface(geometry[absent])
        hit = np.unique(shapely.STRtree(land).query(points, predicate="intersects")[0])
        for i in absent[hit][:50]:
            yield Fault("check_member_missing", {"kind": kind, "id": table["id"].iloc[i]})
    placed = np.flatnonzero(of >= 0)
    if len(placed) == 0:
        return
    shapely.prepare(shapes)
    points = shapely.point_on_surface(geometry[placed])
    wrong = placed[~shapely.dwithin(shapes[of[placed]], points, _NEAR_M)]
    if len(wrong) == 0:
        return
    # A footprint across a street lies in the grid that holds most of it.
    area = shapely.area(geometry[wrong])
    share = shapely.area(shapely.intersection(geometry[wrong], shapes[of[wrong]])) / np.maximum(area, 1e-9)
    for i in wrong[share < _MIN_SHARE][:50]:
        yield Fault("check_member_outside", {"kind": kind, "id": table["id"].iloc[i], "grid": codes[of[i]]})


def _sums(filed: FiledPlan, territory: Territory, grid_of: dict[str, NDArray[np.int64]]) -> Iterator[Fault]:
    n = len(filed.grids)
    # Units say what their community holds; in a community without units its buildings do.
    has_units = filed.grids["community"].isin(territory["units"]["community"]).to_numpy()
    for column in ("households", "population"):
        found = np.zeros(n, np.int64)
        for kind, layer, counts in (("unit", "units", has_units), ("building", "buildings", ~has_units)):
            of = grid_of[kind]
            values = territory[layer][column].fillna(0).to_numpy(np.int64)
            found += np.where(counts, np.bincount(of[of >= 0], values[of >= 0], n).astype(np.int64), 0)
        for i in np.flatnonzero(found != filed.grids[column].to_numpy(np.int64)):
            facts = {
                "grid": filed.grids["code"].iloc[i],
                "column": column,
                "measured": int(filed.grids[column].iloc[i]),
                "allowed": int(found[i]),
            }
            yield Fault("check_sum_wrong", facts)
    of = grid_of["building"]
    if len(of):
        found = np.bincount(of[of >= 0], minlength=n)
        for i in np.flatnonzero(found != filed.grids["buildings"].to_numpy(np.int64)):
            facts = {
                "grid": filed.grids["code"].iloc[i],
                "column": "buildings",
                "measured": int(filed.grids["buildings"].iloc[i]),
                "allowed": int(found[i]),
            }
            yield Fault("check_sum_wrong", facts)


def check_estates(
    territory: Territory,
    rules: Rules,
    codes: Shapes,
    shapes: Shapes,
    owner: NDArray[np.int64],
    grid_of: dict[str, NDArray[np.int64]],
) -> Iterator[Fault]:
    """No estate up to the cap is cut by a grid border inside one community."""
    estates = territory["estates"]
    if estates.empty:
        return
    outline = np.asarray(estates.geometry.array)
    tree = shapely.STRtree(outline)
    # Where estates overlap only one of them can be whole.
    a, b = tree.query(outline, predicate="intersects")
    pair = a < b
    common = shapely.area(shapely.intersection(outline[a[pair]], outline[b[pair]]))
    mixed = set(a[pair][common > 1.0].tolist()) | set(b[pair][common > 1.0].tolist())
    cut_from_units = np.zeros(len(codes), bool)
    if len(territory["units"]):
        yield from _cut_units(territory, rules, outline, tree, codes, owner, grid_of["unit"], mixed)
        has_units = territory["communities"]["code"].isin(territory["units"]["community"]).to_numpy()
        cut_from_units = (owner >= 0) & has_units[owner]
    # The grids of the other communities are looked at by their outlines.
    rest = np.flatnonzero(~cut_from_units)
    households = np.zeros(len(outline))
    buildings = territory["buildings"]
    if len(buildings):
        points = shapely.point_on_surface(np.asarray(buildings.geometry.array))
        which, estate = tree.query(points, predicate="intersects")
        np.add.at(households, estate, buildings["households"].fillna(0).to_numpy(np.int64)[which])
    at, estate = tree.query(shapes[rest], predicate="intersects")
    grid = rest[at]
    part = shapely.area(shapely.intersection(shapes[grid], outline[estate]))
    large = part > np.maximum(20.0, 0.01 * shapely.area(outline[estate]))
    seen: dict[tuple[int, int], list[int]] = {}
    for g, e in zip(grid[large].tolist(), estate[large].tolist()):
        seen.setdefault((e, int(owner[g])), []).append(g)
    for (e, _), cut in sorted(seen.items()):
        if len(cut) > 1 and households[e] <= rules.estate_cap and e not in mixed:
            facts = {
                "id": estates["id"].iloc[e],
                "measured": ", ".join(sorted(str(codes[g]) for g in cut)),
                "allowed": 1,
            }
            yield Fault("check_estate_cut", facts)


def _cut_units(
    territory: Territory,
    rules: Rules,
    outline: Shapes,
    tree: shapely.STRtree,
    codes: Shapes,
    owner: NDArray[np.int64],
    of: NDArray[np.int64],
    mixed: set[int],
) -> Iterator[Fault]:
    units = territory["units"]
    shape = np.asarray(units.geometry.array)
    unit, estate = tree.query(shape, predicate="intersects")
    inside = shapely.area(shapely.intersection(shape[unit], outline[estate])) > 0.99 * shapely.area(shape[unit])
    households = units["households"].to_numpy(np.int64)
    seen: dict[tuple[int, int], list[int]] = {}
    for u, e in zip(unit[inside].tolist(), estate[inside].tolist()):
        if of[u] >= 0:
            seen.setdefault((e, int(owner[of[u]])), []).append(u)
    for (e, _), members in sorted(seen.items()):
        grids = sorted({str(codes[of[u]]) for u in members})
        if len(grids) > 1 and households[members].sum() <= rules.estate_cap and e not in mixed:
            facts = {"id": territory["estates"]["id"].iloc[e], "measured": ", ".join(grids), "allowed": 1}
            yield Fault("check_estate_cut", facts)
