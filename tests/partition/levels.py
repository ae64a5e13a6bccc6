"""Plans, micro-grids and areas of drawn towns, filed: what the tests of both levels start from."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from gis.atoms import build_atoms
from gis.territory import Territory
from partition.checks import CheckReport
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.rules import PRESETS, Rules
from partition.zoning.areas import AreaSize, area_name, draw_areas, grids_of_areas, members_of_areas
from partition.zoning.draw import draw
from partition.zoning.nested import Nested, draw_micro, micro_name
from tests.towns import territory

MICRO = PRESETS["microgrid"]
COUNTS = ["households", "population", "buildings"]


def plan_of(land: Territory, rules: Rules | None = None) -> FiledPlan:
    rules = rules or Rules()
    atoms = build_atoms(land, max_households=rules.max_households, estate_cap=rules.estate_cap)
    return file_plan(land, atoms, draw(atoms.graph, rules, territory_hash=land.content_hash()))


def micro_of(plan: FiledPlan, land: Territory, rules: Rules = MICRO) -> tuple[FiledPlan, Nested]:
    nested = draw_micro(plan, land, rules)
    return file_plan(nested.land, nested.atoms, nested.result, names=micro_name), nested


def areas_of(plan: FiledPlan, land: Territory, size: AreaSize | None = None) -> tuple[FiledPlan, pd.DataFrame, Nested]:
    nested = draw_areas(plan, land, size)
    filed = file_plan(nested.land, nested.atoms, nested.result, names=area_name)
    table = grids_of_areas(nested)
    return replace(filed, members=members_of_areas(plan, table)), table, nested


def codes(report: CheckReport) -> set[str]:
    return {fault.code for fault in report.faults}


def strip(
    households: list[int], *, town: str | None = None, community: str = "990101001001"
) -> tuple[FiledPlan, Territory]:
    """A row of ready-made units in one community, and a plan in which every unit is a grid."""
    names = [f"u{i:02d}" for i in range(len(households))]
    land = territory(" ".join(names), dict(zip(names, households)), communities={community: names}, rural=[community])
    if town is not None:
        land = land.with_layers(communities=land["communities"].assign(town=town))
    return plan_of(land, Rules(rural_mode="villager_group")), land
