"""Runs every check and gathers the findings."""

from __future__ import annotations

import numpy as np
import shapely

from gis.territory import Territory
from partition.checks.contents import check_band, check_codes, check_estates, check_members
from partition.checks.cover import border_on_lines, check_cover, check_parts
from partition.checks.report import CheckReport
from partition.checks.succession import check_crosswalk, check_retired
from partition.filed import FiledPlan
from partition.plan import STANDARD, Violation
from partition.rules import Rules


def verify(filed: FiledPlan, territory: Territory, rules: Rules) -> CheckReport:
    """Check a plan against its territory by geometry, sharing nothing with the solver.

    Cost: a union per community; some seconds for a city of 10,000 grids.
    """
    grids = filed.grids.to_crs(territory.crs) if filed.grids.crs != territory.crs else filed.grids
    codes = grids["code"].to_numpy(dtype=object)
    shapes = np.array(grids.geometry.array, dtype=object)
    communities = territory["communities"]
    community_codes = communities["code"].to_numpy(dtype=object)
    community_shapes = np.array(communities.geometry.array, dtype=object)
    position = {code: i for i, code in enumerate(community_codes)}
    owner = np.array([position.get(code, -1) for code in grids["community"]], np.int64)

    broken = tuple(
        Violation(str(code), "" if grid is None else str(grid), str(community))
        for code, grid, community in zip(
            filed.violations["code"], filed.violations["grid"], filed.violations["community"]
        )
    )
    faults = [*check_codes(grids, set(position)), *check_retired(filed), *check_crosswalk(filed)]
    faults += check_band(grids, rules, {v.grid for v in broken})
    cover_faults, measures = check_cover(codes, shapes, owner, community_codes, community_shapes)
    faults += cover_faults
    member_faults, grid_of = check_members(filed, territory, codes, shapes)
    faults += member_faults
    units = np.array(territory["units"].geometry.array, dtype=object)
    unit_extra = np.zeros(len(grids), np.int64)
    placed = grid_of["unit"] >= 0
    np.add.at(unit_extra, grid_of["unit"][placed], shapely.get_num_geometries(units[placed]) - 1)
    joined = {v.grid for v in broken if v.code == "part_joined"}
    faults += check_parts(codes, shapes, owner, community_shapes, unit_extra, units, joined)
    faults += check_estates(territory, rules, codes, shapes, owner, grid_of)

    measures["grids"] = float(len(grids))
    standard = (grids["kind"] == STANDARD).to_numpy()
    inside = grids["households"].between(rules.min_households, rules.max_households).to_numpy()
    measures["standard_in_band_frac"] = float(inside[standard].mean()) if standard.any() else 1.0
    lines = [np.asarray(territory[name].geometry.array) for name in ("streets", "barriers")]
    lines.append(shapely.boundary(np.asarray(territory["estates"].geometry.array)))
    known = np.concatenate(lines)
    known = known[~(shapely.is_missing(known) | shapely.is_empty(known))]
    outlines = shapely.get_dimensions(known) == 2
    known[outlines] = shapely.boundary(known[outlines])
    measures["inner_border_m"], share = border_on_lines(shapes, owner, known)
    if len(known):
        measures["border_on_lines_frac"] = share
    return CheckReport(tuple(faults), broken, measures)
