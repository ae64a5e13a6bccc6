"""Checks of what lies one level below or above a plan: micro-grids nested in grids, areas made of whole grids.

By geometry, like `verify`, and sharing nothing with the solver.  The plan itself is taken as it is; whether it is sound
is for `verify` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.errors import Fault
from gis.territory import Territory
from partition.checks.contents import check_band, check_members
from partition.checks.cover import Shapes, check_cover, check_parts
from partition.checks.report import CheckReport
from partition.filed import FiledPlan
from partition.plan import Violation
from partition.rules import Rules

_COUNTS = ("households", "population", "buildings")
_OWN_WORDS = ("check_gap", "check_overlap", "check_crossing", "check_coverage_invalid", "check_community_without_grid")


def verify_micro(micro: FiledPlan, plan: FiledPlan, territory: Territory, rules: Rules) -> CheckReport:
    """Check that the micro-grids of every grid are the grid: land, members, sums, codes; and the band of each.

    Parameters
    ----------
    micro
        Micro-grids; their ``community`` is the grid they lie in.
    plan
        The plan they nest in.
    territory
        Units and buildings.
    rules
        The band of a micro-grid.
    """
    grids, parts = _moved(plan.grids, territory), _moved(micro.grids, territory)
    codes, shapes = _columns(parts)
    grid_codes, grid_shapes = _columns(grids)
    owner = pd.Index(grid_codes).get_indexer(parts["community"]).astype(np.int64)
    broken = _broken(micro)
    faults = list(_code_faults(codes, parts["community"], r"[0-9]{2,4}"))
    for i in np.flatnonzero(owner < 0):
        faults.append(Fault("nested_place_unknown", {"grid": codes[i], "measured": str(parts["community"].iloc[i])}))
    faults += check_band(parts, rules, {v.grid for v in broken})
    cover, measures = check_cover(codes, shapes, owner, grid_codes, grid_shapes)
    faults += _in_own_words(cover)
    # Members are counted as for a plan: units where the community has them, else buildings.
    of_community = dict(zip(grid_codes, grids["community"]))
    communities = [of_community.get(grid, "") for grid in parts["community"]]
    seen = FiledPlan(
        parts.assign(community=communities), micro.members, micro.communities, micro.violations, micro.meta
    )
    member_faults, grid_of = check_members(seen, territory, codes, shapes)
    faults += member_faults
    faults += _sum_faults(parts, grids, parts["community"])
    extra, units = _parts_of_units(territory, grid_of["unit"], len(parts))
    faults += check_parts(codes, shapes, owner, grid_shapes, extra, units, _joined(broken))
    faults += _strayed(micro, plan)
    measures["grids"] = float(len(parts))
    inside = parts["households"].between(rules.min_households, rules.max_households)
    measures["standard_in_band_frac"] = float(inside.mean()) if len(parts) else 1.0
    return CheckReport(tuple(faults), broken, measures)


def verify_areas(
    areas: FiledPlan, plan: FiledPlan, territory: Territory, rules: Rules, area_of: pd.DataFrame, measure: str
) -> CheckReport:
    """Check that areas are whole grids, each in exactly one, in one town, in one piece, and cover the territory.

    Parameters
    ----------
    areas
        Areas; their ``community`` is the town.
    area_of
        Columns ``grid``, ``area``.
    rules
        The band, in ``measure``: ``grids`` or ``households``.
    """
    grids, parts = _moved(plan.grids, territory), _moved(areas.grids, territory)
    codes, shapes = _columns(parts)
    grid_codes, grid_shapes = _columns(grids)
    broken = _broken(areas)
    faults = list(_table_faults(area_of, grid_codes, codes))
    area = area_of.drop_duplicates("grid").set_index("grid")["area"].reindex(grid_codes)
    owner = pd.Index(codes).get_indexer(area).astype(np.int64)
    faults += list(_code_faults(codes, parts["community"], r"P[0-9]{2,4}"))
    cover, measures = check_cover(grid_codes, grid_shapes, owner, codes, shapes)
    faults += _in_own_words(cover)
    land = shapely.union_all(np.asarray(territory["communities"].geometry.array))
    whole = np.zeros(len(parts), np.int64)
    one = np.array([""], dtype=object)
    over_all, figures = check_cover(codes, shapes, whole, one, np.array([land], dtype=object))
    faults += _in_own_words(over_all)
    measures = {key: max(measures[key], figures[key]) for key in measures}
    faults += _sum_faults(grids, parts, area)
    faults += _town_faults(grids, territory, area)
    n_grids = np.bincount(owner[owner >= 0], minlength=len(parts)).astype(np.int64)
    size = n_grids if measure == "grids" else parts["households"].to_numpy(np.int64)
    faults += check_band(parts.assign(households=size), rules, {v.grid for v in broken})
    extra = np.zeros(len(parts), np.int64)
    np.add.at(extra, owner[owner >= 0], shapely.get_num_geometries(grid_shapes[owner >= 0]) - 1)
    towns, town = np.unique(parts["community"].to_numpy(dtype=str), return_inverse=True)
    town_shapes = np.array([shapely.union_all(shapes[town == i]) for i in range(len(towns))], dtype=object)
    faults += check_parts(codes, shapes, town.astype(np.int64), town_shapes, extra, grid_shapes, _joined(broken))
    measures["grids"] = float(len(parts))
    in_band = (size >= rules.min_households) & (size <= rules.max_households)
    measures["standard_in_band_frac"] = float(in_band.mean()) if len(parts) else 1.0
    return CheckReport(tuple(faults), broken, measures)


def _moved(grids: gpd.GeoDataFrame, territory: Territory) -> gpd.GeoDataFrame:
    return grids if grids.crs == territory.crs else grids.to_crs(territory.crs)


def _columns(table: gpd.GeoDataFrame) -> tuple[Shapes, Shapes]:
    return table["code"].to_numpy(dtype=object), np.array(table.geometry.array, dtype=object)


def _broken(filed: FiledPlan) -> tuple[Violation, ...]:
    rows = zip(filed.violations["code"], filed.violations["grid"], filed.violations["community"])
    return tuple(Violation(str(code), grid or "", str(place)) for code, grid, place in rows)


def _joined(broken: Sequence[Violation]) -> set[str]:
    return {v.grid for v in broken if v.code == "part_joined"}


def _code_faults(codes: Shapes, places: pd.Series, tail: str) -> Iterator[Fault]:
    for code in sorted(pd.Series(codes)[pd.Series(codes).duplicated()].unique()):
        yield Fault("check_code_twice", {"grid": str(code)})
    for code, place in zip(codes, places):
        rest = code.removeprefix(place) if code.startswith(place) else ""
        if not re.fullmatch(tail, rest) or int(re.sub(r"\D", "", rest) or 0) == 0:
            facts = {"grid": str(code), "measured": str(code), "allowed": f"{place} + {tail}"}
            yield Fault("check_code_malformed", facts)


def _in_own_words(faults: Sequence[Fault]) -> list[Fault]:
    """What is said of a community elsewhere is said here of the grid or area."""
    return [
        Fault(fault.code.replace("check_", "nested_", 1), fault.facts) if fault.code in _OWN_WORDS else fault
        for fault in faults
    ]


def _sum_faults(parts: pd.DataFrame, wholes: pd.DataFrame, whole_of_part: Any) -> Iterator[Fault]:
    """The counts of the parts add up to the counts of the whole, each to the last household."""
    keys = np.asarray(whole_of_part, dtype=object)
    for column in _COUNTS:
        found = parts[column].groupby(keys).sum().reindex(wholes["code"]).fillna(0).to_numpy(np.int64)
        stated = wholes[column].to_numpy(np.int64)
        for i in np.flatnonzero(found != stated):
            facts = {"grid": str(wholes["code"].iloc[i]), "column": column}
            yield Fault("nested_sum_wrong", {**facts, "measured": int(found[i]), "allowed": int(stated[i])})


def _strayed(micro: FiledPlan, plan: FiledPlan) -> Iterator[Fault]:
    """Members that the plan lists in one grid and the micro-grids in another, or in none."""
    home = dict(zip(micro.grids["code"], micro.grids["community"]))
    told = plan.members.merge(micro.members, on=["kind", "id"], how="left", suffixes=("", "_micro"))
    found = told["grid_micro"].map(home)
    wrong = told[found.isna() | (found != told["grid"])]
    for kind, name, grid in zip(wrong["kind"][:50], wrong["id"], wrong["grid"]):
        yield Fault("nested_member_strayed", {"kind": str(kind), "id": str(name), "grid": str(grid)})


def _parts_of_units(territory: Territory, of: NDArray[np.int64], n: int) -> tuple[NDArray[np.int64], Shapes]:
    units = np.array(territory["units"].geometry.array, dtype=object)
    extra = np.zeros(n, np.int64)
    np.add.at(extra, of[of >= 0], shapely.get_num_geometries(units[of >= 0]) - 1)
    return extra, units


def _table_faults(area_of: pd.DataFrame, grids: Shapes, areas: Shapes) -> Iterator[Fault]:
    for grid in sorted(area_of["grid"][area_of["grid"].duplicated()].unique()):
        yield Fault("nested_grid_twice", {"grid": str(grid)})
    for grid in sorted(set(grids) - set(area_of["grid"])):
        yield Fault("nested_grid_missing", {"grid": str(grid)})
    for grid in sorted(set(area_of["grid"]) - set(grids)):
        yield Fault("nested_grid_unknown", {"grid": str(grid)})
    for area in sorted(set(area_of["area"]) - set(areas)):
        yield Fault("nested_place_unknown", {"grid": str(area), "measured": str(area)})


def _town_faults(grids: pd.DataFrame, territory: Territory, area: pd.Series) -> Iterator[Fault]:
    """Areas whose grids lie in communities of several towns."""
    table = territory["communities"]
    names = ["" if pd.isna(town) else str(town).strip() for town in table["town"]]
    # Where no town is named, what stands before the three digits of an official code is the town's.
    stems = [code[:-3] if code.isdigit() and len(code) > 6 else "" for code in table["code"]]
    town = {code: name or stem for code, name, stem in zip(table["code"], names, stems)}
    seen: dict[str, set[str]] = {}
    for place, community in zip(area, grids["community"]):
        if isinstance(place, str):
            seen.setdefault(place, set()).add(town.get(community, ""))
    for place, towns in sorted(seen.items()):
        if len(towns) > 1:
            yield Fault("nested_area_crosses_towns", {"grid": place, "measured": ", ".join(sorted(towns))})
