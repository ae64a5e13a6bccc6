"""Micro-grids are exactly their grid, and supervision areas whole grids of one town; both by geometry and by sums."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from data.sample import make_town
from gis.atoms import build_atoms
from gis.errors import InputError
from gis.territory import Territory
from partition.checks.nested import verify_areas, verify_micro
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.rules import PRESETS, Rules
from partition.zoning.areas import (
    AreaSize,
    area_name,
    area_rules,
    draw_areas,
    grids_of_areas,
    members_of_areas,
    towns_of,
)
from partition.zoning.draw import draw
from partition.zoning.nested import Nested, draw_micro, land_of_grids, micro_name
from tests.towns import mesh_territory, territory

MICRO = PRESETS["microgrid"]
COUNTS = ["households", "population", "buildings"]


def plan_of(land: Territory, rules: Rules | None = None) -> FiledPlan:
    rules = rules or Rules()
    atoms = build_atoms(land, max_households=rules.max_households, estate_cap=rules.estate_cap)
    return file_plan(land, atoms, draw(atoms.graph, rules, territory_hash=land.content_hash()))


def micro_of(plan: FiledPlan, land: Territory, rules: Rules = MICRO) -> tuple[FiledPlan, Nested]:
    nested = draw_micro(plan, land, rules)
    return file_plan(nested.land, nested.atoms, nested.result, names=micro_name), nested


def areas_of(plan: FiledPlan, land: Territory, size: AreaSize | None = None):
    nested = draw_areas(plan, land, size)
    filed = file_plan(nested.land, nested.atoms, nested.result, names=area_name)
    table = grids_of_areas(nested)
    return replace(filed, members=members_of_areas(plan, table)), table, nested


def codes(report) -> set[str]:
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


@pytest.fixture(scope="module")
def town() -> tuple[FiledPlan, Territory]:
    land = make_town(2_500, 3).territory
    return plan_of(land), land


@pytest.fixture(scope="module")
def micro(town) -> FiledPlan:
    return micro_of(*town)[0]


def test_the_micro_grids_of_a_grid_are_the_grid(town, micro):
    plan, _ = town
    shapes = micro.grids.dissolve("community").geometry
    for code, shape in zip(plan.grids["code"], plan.grids.geometry):
        assert shapely.area(shapely.symmetric_difference(shape, shapes[code])) < 0.01, code
    assert shapely.area(np.asarray(micro.grids.geometry.array)).sum() == pytest.approx(plan.grids.area.sum(), abs=0.1)


def test_micro_grids_add_up_to_their_grid_in_every_count(town, micro):
    plan, _ = town
    found = micro.grids.groupby("community")[COUNTS].sum()
    assert found.loc[plan.grids["code"]].to_numpy().tolist() == plan.grids[COUNTS].to_numpy().tolist()


def test_every_member_lies_in_a_micro_grid_of_its_own_grid(town, micro):
    plan, _ = town
    told = plan.members.merge(micro.members, on=["kind", "id"], how="outer", suffixes=("", "_micro"))
    assert (told["grid_micro"].str[:-2] == told["grid"]).all()


def test_micro_grids_of_the_sample_town_lie_in_the_band_or_say_why(town, micro):
    inside = micro.grids["households"].between(30, 100)
    assert inside.mean() > 0.9
    assert micro.grids["reason"][~inside].notna().all()
    assert set(micro.grids["kind"]) == {"standard"}
    assert set(town[0].grids["kind"]) >= {"standard", "rural"}


def test_micro_codes_are_the_grid_code_and_two_digits_from_north_to_south(micro):
    assert (micro.grids["code"].str[:-2] == micro.grids["community"]).all()
    assert micro.grids["code"].str.fullmatch(r"\d{17}").all()
    for _, of_one in micro.grids.groupby("community"):
        assert [int(code[-2:]) for code in of_one["code"]] == list(range(1, len(of_one) + 1))
    assert micro.grids["name"].iloc[0].endswith("第1网格第1微网格")


def test_micro_grids_hang_together(micro, town):
    grid_parts = dict(zip(town[0].grids["code"], shapely.get_num_geometries(np.asarray(town[0].grids.geometry.array))))
    parts = shapely.get_num_geometries(np.asarray(micro.grids.geometry.array))
    assert (parts <= [grid_parts[code] for code in micro.grids["community"]]).all()


def test_the_independent_check_accepts_micro_grids(town, micro):
    report = verify_micro(micro, *town, MICRO)
    assert report.faults == ()
    assert report.measures["gap_m2"] < 0.01
    assert report.measures["overlap_m2"] < 0.01


def damaged(micro: FiledPlan, plan: FiledPlan, how: str) -> FiledPlan:
    grids = micro.grids.copy()
    shapes = np.array(grids.geometry.array, dtype=object)
    many = grids["community"].value_counts()
    first, second = np.flatnonzero(grids["community"] == many.index[many > 1].sort_values()[0])[:2]
    if how == "gap":
        shapes[first] = shapely.buffer(shapes[first], -5.0)
    elif how == "beyond":
        shapes[first] = shapely.buffer(shapes[first], 5.0)
    elif how == "count":
        grids.loc[first, "households"] += 1
    elif how == "code":
        grids.loc[first, "code"] = grids["code"].iloc[first] + "x"
    elif how == "twice":
        grids.loc[second, "code"] = grids["code"].iloc[first]
    elif how == "place":
        grids.loc[first, "community"] = plan.grids["code"].iloc[-1]
    elif how == "flag":
        grids.loc[first, "within_band"] = not grids["within_band"].iloc[first]
    elif how == "missing":
        keep = np.arange(len(grids)) != first
        return replace(micro, grids=grids[keep].reset_index(drop=True))
    return replace(micro, grids=gpd.GeoDataFrame(grids.drop(columns="geometry"), geometry=shapes, crs=grids.crs))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("gap", {"nested_gap"}),
        ("beyond", {"nested_overlap", "nested_crossing"}),
        ("count", {"check_sum_wrong", "nested_sum_wrong"}),
        ("code", {"check_code_malformed"}),
        ("twice", {"check_code_twice"}),
        ("place", {"check_code_malformed", "nested_gap", "nested_crossing", "nested_sum_wrong"}),
        ("flag", {"check_band_flag_wrong"}),
        ("missing", {"nested_gap", "nested_sum_wrong", "nested_member_strayed"}),
    ],
)
def test_the_independent_check_finds_every_kind_of_damage(town, micro, how, expected):
    assert codes(verify_micro(damaged(micro, town[0], how), *town, MICRO)) >= expected


def test_a_member_in_a_micro_grid_of_another_grid_is_found(town, micro):
    members = micro.members.copy()
    here = members["grid"].iloc[0]
    members.loc[0, "grid"] = next(code for code in micro.grids["code"] if code[:-2] != here[:-2])
    found = codes(verify_micro(replace(micro, members=members), *town, MICRO))
    assert found >= {"nested_member_strayed", "check_member_outside"}


def test_a_unit_over_the_band_stays_whole_and_is_declared():
    land = territory("aabbccdd\neeffgghh", dict.fromkeys("abcdefg", 60) | {"h": 140})
    plan = plan_of(land)
    filed, _ = micro_of(plan, land)
    over = filed.grids[filed.grids["households"] > 100]
    assert over["reason"].tolist() == ["atom_over_band"]
    assert set(filed.members["grid"][filed.members["id"] == "h"]) == set(over["code"])
    assert (filed.grids["households"].drop(over.index) <= 100).all()
    assert verify_micro(filed, plan, land, MICRO).faults == ()


def test_a_building_over_the_band_is_a_micro_grid_that_says_so(town):
    plan, land = town
    row = int(np.argmax(land["buildings"]["households"].to_numpy(float)))
    buildings = land["buildings"].copy()
    more = 130 - int(buildings["households"].iloc[row])
    buildings.loc[row, "households"] = 130
    tall = land.with_layers(buildings=buildings)
    name = buildings["id"].iloc[row]
    grid = plan.members.set_index("id").loc[name, "grid"]
    grids = plan.grids.copy()
    grids.loc[grids["code"] == grid, "households"] += more
    raised = replace(plan, grids=grids)
    filed, _ = micro_of(raised, tall)
    mine = filed.grids.set_index("code").loc[filed.members.set_index("id").loc[name, "grid"]]
    assert mine["reason"] == "building_over_band"
    assert verify_micro(filed, raised, tall, MICRO).faults == ()


def test_a_grid_under_the_band_is_one_micro_grid_with_its_reason_proved():
    plan, land = strip([20, 250])
    filed, nested = micro_of(plan, land)
    assert filed.grids["reason"].tolist()[0] == "under_band"
    small = nested.result.communities[0]
    assert (small.households, small.feasible, small.reason, small.proof) == (20, "no", "under_band", "arithmetic")


def test_the_default_band_of_micro_grids_has_no_hole():
    assert all(-(-total // 100) <= total // 30 for total in range(30, 5_000))


def test_a_hole_of_another_band_is_declared_with_the_nearest_ways():
    names = [f"u{i}" for i in range(8)]
    land = territory(" ".join(names), 10)
    plan = plan_of(land, Rules(min_households=80, max_households=80, target_households=80))
    rules = Rules(preset="microgrid", min_households=60, max_households=70, target_households=65, estate_cap=70)
    filed, nested = micro_of(plan, land, rules)
    (whole,) = nested.result.communities
    assert (whole.feasible, whole.reason, whole.proof) == ("no", "band_hole", "arithmetic")
    assert [(miss.n_grids, miss.sizes) for miss in whole.near_misses] == [(1, (80,)), (2, (40, 40))]
    # one of 80 misses by 10, two of 40 by 40 together
    assert filed.grids["households"].tolist() == [80]
    assert filed.violations["code"].tolist() == ["band_hole"]


def test_grids_whose_blocks_allow_no_lawful_cut_are_cut_finer(town):
    plan, land = town
    rules = Rules(preset="microgrid", min_households=60, max_households=70, target_households=65, estate_cap=70)
    coarse = build_atoms(land_of_grids(plan, land), max_households=70, estate_cap=70)
    nested = draw_micro(plan, land, rules)
    assert nested.atoms.graph.n_atoms > coarse.graph.n_atoms
    stuck = {c.code for c in draw(coarse.graph, rules).communities if c.reason in ("no_cover", "not_found")}
    assert stuck - {c.code for c in nested.result.communities if c.reason in ("no_cover", "not_found")}


def test_a_building_counts_where_the_plan_counts_it_even_if_it_straddles_the_border(town):
    plan, land = town
    # The plan has listed a building of grid A in its neighbour B (it was said to belong there).
    shapes = dict(zip(plan.grids["code"], plan.grids.geometry))
    members = plan.members.set_index("id")
    rows = land["buildings"][land["buildings"]["households"] > 0]
    a, b, name, homes = next(
        (a, b, name, int(homes))
        for name, homes in zip(rows["id"], rows["households"])
        for a in [members.loc[name, "grid"]]
        for b in plan.grids["code"]
        if b != a and shapely.touches(shapes[a], shapes[b])
    )
    people = int(rows.set_index("id")["population"].fillna(0).loc[name])
    grids = plan.grids.set_index("code", drop=False)
    for code, sign in ((a, -1), (b, 1)):
        for column, n in zip(COUNTS, (homes, people, 1)):
            grids.loc[code, column] += sign * n
    told = plan.members.copy()
    told.loc[told["id"] == name, "grid"] = b
    other = replace(plan, grids=grids.reset_index(drop=True), members=told)
    filed, _ = micro_of(other, land)
    assert filed.members.set_index("id").loc[name, "grid"].startswith(b)
    assert filed.grids.groupby("community")["households"].sum()[b] == grids.loc[b, "households"]


def test_micro_grids_of_units_keep_units_whole_and_come_back_in_the_crs_of_the_file():
    land = territory("aabb\nccdd\neeff", 80, communities={"C": "abcdef"}, crs="EPSG:32650")
    degrees = Territory.of({k: land[k].to_crs("EPSG:4490") for k in ("communities", "units")}, meta=land.meta)
    plan = plan_of(degrees)
    filed, _ = micro_of(plan, degrees)
    assert filed.grids.crs == "EPSG:4490"
    assert sorted(filed.members["id"]) == list("abcdef")
    assert filed.grids["households"].tolist() == [80] * 6
    assert verify_micro(filed, plan, degrees, MICRO).faults == ()


def test_the_same_plan_gives_the_same_micro_grids(town, micro):
    again = micro_of(*town)[0]
    assert again.meta["plan_id"] == micro.meta["plan_id"]
    assert again.members.equals(micro.members)


def test_what_is_no_plan_of_this_territory_is_refused(town):
    plan, land = town
    for wrong, code in (
        (replace(plan, grids=plan.grids.iloc[:0]), "nested_plan_empty"),
        (replace(plan, meta={**plan.meta, "level": "micro"}), "nested_of_nested"),
        (replace(plan, members=plan.members.assign(id="nobody")), "nested_member_unknown"),
        (replace(plan, grids=plan.grids.assign(households=plan.grids["households"] + 1)), "nested_sums_differ"),
    ):
        for attempt in (lambda p: draw_micro(p, land, MICRO), lambda p: draw_areas(p, land)):
            with pytest.raises(InputError) as caught:
                attempt(wrong)
            assert {fault.code for fault in caught.value.faults} == {code}


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
