"""Supervision areas are whole grids of one town, in one piece, and cover everything; by geometry and by sums."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.errors import InputError
from gis.territory import Territory
from partition.checks.nested import verify_areas
from partition.filed import FiledPlan
from partition.rules import Rules
from partition.zoning.areas import AreaSize, area_rules, towns_of
from tests.partition.levels import COUNTS, areas_of, codes, plan_of, strip
from tests.towns import mesh_territory, territory


@pytest.fixture(scope="module")
def mesh() -> tuple[FiledPlan, Territory]:
    """A village of 64 groups, each a grid: what areas are made of."""
    land = mesh_territory(8, 2, 60, rural=True)
    return plan_of(land, Rules(rural_mode="villager_group")), land


def test_areas_are_whole_grids_in_one_piece_and_cover_everything(mesh):
    plan, land = mesh
    areas, table, _ = areas_of(plan, land)
    assert sorted(table["grid"]) == sorted(plan.grids["code"])
    assert table["area"].value_counts().between(5, 8).all()
    shape = dict(zip(plan.grids["code"], plan.grids.geometry))
    for code, area in zip(areas.grids["code"], areas.grids.geometry):
        union = shapely.union_all([shape[grid] for grid in table["grid"][table["area"] == code]])
        assert shapely.area(shapely.symmetric_difference(union, area)) == 0
        assert area.geom_type == "Polygon"
    whole = shapely.union_all(np.asarray(areas.grids.geometry.array))
    assert shapely.area(shapely.symmetric_difference(whole, land["communities"].geometry.iloc[0])) < 1e-3
    assert areas.grids[COUNTS].sum().tolist() == plan.grids[COUNTS].sum().tolist()
    assert areas.communities["feasible"].tolist() == ["yes"]


def test_the_independent_check_accepts_areas_and_finds_damage(mesh):
    plan, land = mesh
    areas, table, _ = areas_of(plan, land)
    rules = area_rules(plan, AreaSize())

    def check(filed=areas, of=table):
        return codes(verify_areas(filed, plan, land, rules, of, "grids"))

    assert check() == set()
    moved = table.copy()
    moved.loc[0, "area"] = next(a for a in table["area"] if a != table["area"].iloc[0])
    assert check(of=moved) >= {"nested_gap", "nested_crossing", "nested_sum_wrong"}
    assert "nested_grid_missing" in check(of=table.iloc[1:])
    assert "nested_grid_twice" in check(of=table.iloc[[0, *range(len(table))]])
    assert "nested_grid_unknown" in check(of=table.assign(grid=["?", *table["grid"].iloc[1:]]))
    assert "nested_gap" in check(filed=replace(areas, grids=areas.grids.iloc[1:].reset_index(drop=True)))
    grown = areas.grids.copy()
    grown.loc[0, "households"] += 1
    assert "nested_sum_wrong" in check(filed=replace(areas, grids=grown))
    flagged = areas.grids.assign(within_band=False)
    assert "check_band_flag_wrong" in check(filed=replace(areas, grids=flagged))


@pytest.mark.parametrize(
    ("n", "reason", "sizes"),
    [(4, "under_band", [4]), (5, None, [5]), (8, None, [8]), (9, "band_hole", None), (10, None, [5, 5])],
)
def test_towns_with_too_few_grids_or_nine_declare_it(n, reason, sizes):
    plan, land = strip([300 + i for i in range(n)], town="某镇")
    areas, table, nested = areas_of(plan, land)
    (found,) = nested.result.communities
    assert (found.reason, found.feasible) == (reason, "no" if reason else "yes")
    if sizes is not None:
        assert sorted(table["area"].value_counts()) == sizes
    assert set(areas.violations["code"]) == ({reason} if reason else set())
    assert areas.grids["households"].sum() == plan.grids["households"].sum()
    rules = area_rules(plan, AreaSize())
    assert verify_areas(areas, plan, land, rules, table, "grids").faults == ()


def test_areas_by_households_hold_households():
    plan, land = strip([300, 500, 400, 450, 350, 500, 300, 400])
    areas, _, _ = areas_of(plan, land, AreaSize.between(700, 1_300, "households"))
    assert areas.grids["households"].between(700, 1_300).all()
    assert areas.grids["within_band"].all()
    assert len(areas.grids) >= 3


def test_an_area_lies_in_one_town_and_carries_its_code_and_name():
    names = "abcdefghijkl"
    parts = {"990101001001": "abc", "990101001002": "def", "990101102201": "ghi", "990101102202": "jkl"}
    land = territory(names, 320, communities=parts, rural=list(parts))
    land = land.with_layers(communities=land["communities"].assign(town=["甲街道", "甲街道", "乙镇", "乙镇"]))
    plan = plan_of(land, Rules(rural_mode="villager_group"))
    areas, table, _ = areas_of(plan, land)
    assert areas.grids["code"].tolist() == ["990101001P01", "990101102P01"]
    assert areas.grids["name"].tolist() == ["甲街道第1片区", "乙镇第1片区"]
    assert (table["grid"].str[:9] == table["area"].str[:9]).all()
    one_town = table.assign(area="990101001P01")
    found = codes(verify_areas(areas, plan, land, area_rules(plan, AreaSize()), one_town, "grids"))
    assert "nested_area_crosses_towns" in found


@pytest.mark.parametrize(
    ("communities", "towns", "expected"),
    [
        (["990101001001", "990101001002"], ["甲街道", "甲街道"], {"990101001": "甲街道"}),
        (["990101001001", "990101002001"], [None, None], {"990101001": "990101001", "990101002": "990101002"}),
        # two towns whose communities share the digits, one town over two: the name is what tells them apart
        (["990101001001", "990101001002"], ["甲", "乙"], {"甲": "甲", "乙": "乙"}),
        (["990101001001", "990101002001"], ["甲", "甲"], {"甲": "甲"}),
        (["A", "B"], [None, None], {"": ""}),
    ],
)
def test_the_town_is_what_communities_name_else_what_their_codes_share(communities, towns, expected):
    land = territory("ab", 10, communities=dict(zip(communities, "ab")))
    land = land.with_layers(communities=land["communities"].assign(town=towns))
    town_of, names = towns_of(land)
    assert names == expected
    assert set(town_of.values()) == set(expected)


def test_a_river_without_a_bridge_parts_areas_as_it_parts_grids():
    households = dict.fromkeys("abcdefghij", 320)
    land = territory("abcde\nfghij", households, rural=["C"])
    y = land["units"].geometry.iloc[0].bounds[1]
    x0, _, x1, _ = land["communities"].total_bounds
    river = gpd.GeoDataFrame(
        {"id": ["r"], "kind": ["river"]}, geometry=[shapely.LineString([(x0, y), (x1, y)])], crs=land.crs
    )
    plan = plan_of(land, Rules(rural_mode="villager_group"))
    _, dry, _ = areas_of(plan, land)
    _, wet, _ = areas_of(plan, land.with_layers(barriers=river))
    north = {plan.members.set_index("id").loc[c, "grid"] for c in "abcde"}
    sides = {frozenset(of["grid"]) for _, of in wet.groupby("area")}
    assert frozenset(north) in sides
    assert frozenset(north) not in {frozenset(of["grid"]) for _, of in dry.groupby("area")}


def test_the_size_of_an_area_is_about_a_number_or_a_range():
    assert AreaSize.about(6) == AreaSize()
    assert (AreaSize.about(1).low, AreaSize.about(1).high) == (1, 2)
    assert AreaSize.between(3, 4).target == 3
    for low, high in ((0, 3), (5, 4)):
        with pytest.raises(InputError) as caught:
            AreaSize.between(low, high)
        assert caught.value.code == "area_size_wrong"
