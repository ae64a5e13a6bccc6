"""Crosswalk: every code, exact shares, relations that add up, and what two tables in a row say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.files.plan_file import read_plan, write_plan
from gis.errors import InputError
from gis.territory import Territory
from partition.checks.succession import check_crosswalk, check_retired, check_succession
from partition.crosswalk import (
    atoms_before,
    compose,
    crosswalk_of_plans,
    invert,
    make_crosswalk,
    members_before,
    relations,
)
from partition.filed import (
    COMMUNITY_COLUMNS,
    CROSSWALK_COLUMNS,
    GRID_COLUMNS,
    MEMBER_COLUMNS,
    VIOLATION_COLUMNS,
    FiledPlan,
)
from tests.partition.chains import chain

OLD, NEW = ["A1", "A2", "A3", "A5", "A9"], ["A1", "A3", "A4", "A6", "B1", "Z"]


def example() -> pd.DataFrame:
    """A1 loses a part to A4, A2 goes to A4 as a whole, A3 stays, A5 is A6 now, A9 is gone, B1 and Z are new."""
    return make_crosswalk(
        ["A1", "A1", "A2", "A3", None, "A5"],
        ["A1", "A4", "A4", "A3", "B1", "A6"],
        np.array([300, 33, 410, 350, 12, 7]),
        np.array([3, 1, 4, 5, 1, 1]),
        OLD,
        NEW,
    )


def row(table: pd.DataFrame, old: str | None, new: str | None) -> pd.Series:
    mask = [(o, n) == (old, new) for o, n in zip(table["old"], table["new"])]
    assert sum(mask) == 1
    return table[mask].iloc[0]


def test_each_relation_is_told():
    table = example()
    assert list(table.columns) == list(CROSSWALK_COLUMNS)
    assert list(zip(table["old"], table["new"], table["relation"])) == [
        ("A1", "A1", "changed"),
        ("A1", "A4", "split"),
        ("A2", "A4", "merged"),
        ("A3", "A3", "kept"),
        ("A5", "A6", "changed"),
        ("A9", None, "retired"),
        (None, "B1", "new"),
        (None, "Z", "new"),
    ]
    told_old, told_new = relations(table)
    assert told_old.to_dict() == {"A1": "changed", "A2": "merged", "A3": "kept", "A5": "changed", "A9": "retired"}
    assert told_new.to_dict() == {
        "A1": "changed",
        "A3": "kept",
        "A4": "merged",
        "A6": "changed",
        "B1": "new",
        "Z": "new",
    }


def test_an_old_grid_cut_in_three_is_split_and_its_parts_are_split():
    table = make_crosswalk(
        ["A"] * 3, ["X", "Y", "Z"], np.array([1, 1, 1]), np.ones(3, np.int64), ["A"], ["X", "Y", "Z"]
    )
    assert table["relation"].tolist() == ["split"] * 3
    assert [s.tolist() for s in relations(table)] == [["split"], ["split"] * 3]
    # A third can not be written exactly; the shares add up all the same, in any order.
    for order in itertools.permutations(table["share_of_old"]):
        assert sum(order) == 1.0
    assert invert(table)["relation"].tolist() == ["merged"] * 3


def test_an_heir_with_another_code_is_changed_and_a_parent_has_one_heir():
    members = (["X1", "X1", "X2"], ["Y1", "Y2", "Y2"], np.array([90, 10, 100]), np.ones(3, np.int64))
    table = make_crosswalk(*members, ["X1", "X2"], ["Y1", "Y2"], ["X1", "X2"])
    assert table["relation"].tolist() == ["changed", "split", "changed"]
    assert make_crosswalk(*members, ["X1", "X2"], ["Y1", "Y2"])["relation"].tolist() == ["split", "split", "merged"]
    both = make_crosswalk(*members, ["X1", "X2"], ["Y1", "Y2"], ["X1", "X1"])
    assert both["relation"].tolist() == ["split", "split", "merged"]


def test_with_parents_given_one_code_for_two_places_is_no_kinship():
    members = (["C1", "C1", "C2"], ["C2", "C1", "C2"], np.array([90, 10, 100]), np.ones(3, np.int64))
    table = make_crosswalk(*members, ["C1", "C2"], ["C1", "C2"], [None, None])
    assert not table["relation"].isin(["kept", "changed"]).any()


def test_grids_without_households_share_by_buildings_then_by_members():
    table = make_crosswalk(
        ["P", "P", "P", "Q", "Q", "Q"],
        ["P", "P", "R", "Q", "R", "R"],
        np.zeros(6, np.int64),
        np.array([1, 2, 1, 0, 0, 0]),
        ["P", "Q"],
        ["P", "Q", "R"],
    )
    assert row(table, "P", "P")["share_of_old"] == 0.75
    assert row(table, "Q", "Q")["share_of_old"] == pytest.approx(1 / 3, abs=1e-6)
    assert row(table, "P", "R")["share_of_new"] == 1.0
    assert row(table, "Q", "R")["share_of_new"] == 0.0


def test_empty_ground_is_no_row_where_its_grids_have_better_to_show():
    table = make_crosswalk(
        ["A", "A", "B"], ["A", "B", "B"], np.array([9, 0, 9]), np.array([1, 0, 1]), ["A", "B"], ["A", "B"]
    )
    assert table["relation"].tolist() == ["kept", "kept"]


def test_codes_that_come_twice_or_are_unknown_are_refused():
    nothing = np.zeros(0, np.int64)
    with pytest.raises(InputError, match="codes_twice"):
        make_crosswalk([], [], nothing, nothing, ["A", "A"], [])
    with pytest.raises(InputError, match="crosswalk_code_unknown"):
        make_crosswalk(["A"], ["B"], np.ones(1, np.int64), np.ones(1, np.int64), ["A"], [])
    assert make_crosswalk([], [], nothing, nothing, [], []).empty


codes = st.sampled_from(["1", "2", "3", "4", "5", None])
tables = st.lists(
    st.tuples(codes, codes, st.sampled_from([0, 0, 1, 2, 3, 7, 400, 10**6 + 3]), st.integers(0, 2)), max_size=25
)


def crosswalk_of(rows) -> pd.DataFrame:
    listed = ["1", "2", "3", "4", "5", "6"]
    columns = list(zip(*rows)) or [(), (), (), ()]
    return make_crosswalk(
        columns[0], columns[1], np.array(columns[2], np.int64), np.array(columns[3], np.int64), listed, listed
    )


@settings(max_examples=200, deadline=None)
@given(tables)
def test_every_code_appears_and_shares_add_up_exactly(rows):
    table = crosswalk_of(rows)
    for side in ("old", "new"):
        shares = table[table[side].notna()].groupby(side)[f"share_of_{side}"]
        assert sorted(shares.groups) == ["1", "2", "3", "4", "5", "6"]
        for _, values in shares:
            assert sum(values) == sum(reversed(values.tolist())) == 1.0
            assert values.between(0, 1).all()
    placed = [r for r in rows if r[0] is not None or r[1] is not None]
    assert table["households"].sum() == sum(r[2] for r in placed)
    assert table["buildings"].sum() == sum(r[3] for r in placed)
    assert not table.duplicated(["old", "new"]).any()


@settings(max_examples=200, deadline=None)
@given(tables)
def test_relations_count_every_grid_once_on_its_side(rows):
    table = crosswalk_of(rows)
    told_old, told_new = relations(table)
    assert len(told_old) == len(told_new) == 6
    assert set(told_old) <= {"kept", "changed", "split", "merged", "retired"}
    assert set(told_new) <= {"kept", "changed", "split", "merged", "new"}
    for relation in ("kept", "changed"):
        assert (told_old == relation).sum() == (told_new == relation).sum()
    for code, relation in told_old.items():
        if relation == "kept":
            assert row(table, code, code)[["share_of_old", "share_of_new"]].tolist() == [1.0, 1.0]


@settings(max_examples=200, deadline=None)
@given(tables)
def test_inverting_twice_gives_the_table_back(rows):
    table = crosswalk_of(rows)
    back = invert(table)
    pd.testing.assert_frame_equal(invert(back), table)
    assert (back["relation"] == "kept").sum() == (table["relation"] == "kept").sum()
    swapped = {"new": "retired", "retired": "new"}
    for side, other in ((0, 1), (1, 0)):
        told, mirrored = relations(table)[side], relations(back)[other]
        merged = {"merged": "split", "split": "merged"}
        one_row = table[("old", "new")[side]].value_counts() == 1
        for code, relation in told.items():
            if relation in swapped:
                assert mirrored[code] == swapped[relation]
            elif relation in ("kept", "changed"):
                assert mirrored[code] == relation
            elif not one_row[code]:
                assert mirrored[code] == relation or mirrored[code] in merged


def step_table(one, two):
    n = len(one.of)
    return make_crosswalk(
        one.code_of_member, two.code_of_member, one.weight, np.ones(n, np.int64), one.codes, two.codes
    )


@pytest.mark.parametrize("block", range(4))
def test_over_a_thousand_chains_the_crosswalk_of_two_steps_composes(block):
    listed = exact = 0
    for seed in range(block * 250, block * 250 + 250):
        first, second, third = chain(seed, 3)
        told = compose(step_table(first, second), step_table(second, third))
        truth = step_table(first, third)
        bounds = {(o, n): (low, high, sure) for o, n, low, high, sure in told.itertuples(index=False)}
        for old, new, share in zip(truth["old"], truth["new"], truth["share_of_old"]):
            low, high, sure = bounds[old, new]
            assert low - 1e-5 <= share <= high + 1e-5, seed
            assert not sure or abs(share - low) < 1e-5
            listed, exact = listed + 1, exact + sure
        sums = told.groupby("old")[["share_low", "share_high"]].sum()
        assert (sums["share_low"] <= 1 + 1e-5).all()
        assert (sums["share_high"] >= 1 - 1e-5).all()
        # Nothing is lost on the way: codes of the first plan are all told of.
        assert set(told["old"]) == set(first.codes)
    assert listed > exact > listed / 2


def test_a_grid_gathered_and_cut_again_is_known_within_bounds_only():
    first = make_crosswalk(["A", "B"], ["M", "M"], np.array([60, 40]), np.ones(2, np.int64), ["A", "B"], ["M"])
    second = make_crosswalk(["M", "M"], ["X", "Y"], np.array([50, 50]), np.ones(2, np.int64), ["M"], ["X", "Y"])
    told = compose(first, second)
    assert not told["exact"].any()
    to_x = told[(told["old"] == "A") & (told["new"] == "X")].iloc[0]
    assert (to_x["share_low"], to_x["share_high"]) == (pytest.approx(1 / 6, abs=1e-5), pytest.approx(5 / 6, abs=1e-5))
    gone = make_crosswalk([], [], *[np.zeros(0, np.int64)] * 2, ["M"], [])
    assert compose(first, gone)[["old", "new", "share_low"]].to_numpy().tolist() == [["A", None, 1.0], ["B", None, 1.0]]


SQUARE = 100.0
CRS = "EPSG:32651"


def plan_of(boxes: dict[str, tuple[float, float]], members: dict[str, str], crosswalk=None, **meta: str) -> FiledPlan:
    """Grids side by side from x to x, all of community C; buildings listed by id."""
    grids = pd.DataFrame({name: pd.Series([None] * len(boxes), dtype=object) for name in GRID_COLUMNS})
    grids["code"], grids["community"], grids["kind"] = list(boxes), "C", "standard"
    sums = pd.Series(members, dtype=object).value_counts()
    for column in ("households", "buildings"):
        grids[column] = [int(sums.get(code, 0)) for code in boxes]
    shapes = [shapely.box(500_000 + x0, 2_500_000, 500_000 + x1, 2_500_000 + SQUARE) for x0, x1 in boxes.values()]
    listed = pd.DataFrame(
        {"kind": "building", "id": list(members), "grid": list(members.values())}, columns=list(MEMBER_COLUMNS)
    )
    return FiledPlan(
        gpd.GeoDataFrame(grids, geometry=shapes, crs=CRS),
        listed,
        pd.DataFrame(columns=list(COMMUNITY_COLUMNS)),
        pd.DataFrame(columns=list(VIOLATION_COLUMNS)),
        meta,
        crosswalk,
    )


def territory_of(buildings: dict[str, float], crs: str = CRS) -> Territory:
    """Buildings as points on a line at y = 50 m, by id and x."""
    land = gpd.GeoDataFrame(
        {"code": ["C"], "name": ["C"], "kind": ["urban"]},
        geometry=[shapely.box(500_000, 2_500_000, 501_000, 2_500_000 + SQUARE)],
        crs=CRS,
    )
    points = [shapely.Point(500_000 + x, 2_500_050) for x in buildings.values()]
    houses = gpd.GeoDataFrame({"id": list(buildings), "households": 1}, geometry=points, crs=CRS)
    return Territory.of({"communities": land.to_crs(crs), "buildings": houses.to_crs(crs)}, crs=CRS)


def test_buildings_are_found_by_id_then_by_place_then_nowhere():
    old = plan_of({"C001": (0, 100), "C002": (100, 200)}, {"a": "C001", "moved": "C001"})
    before = members_before(old, territory_of({"a": 50, "line": 100, "moved": 150, "new": 160, "out": 900}))
    assert before.code_of(before.building_grid).tolist() == ["C001", "C001", "C002", "C002", None]
    assert (before.by_id, before.by_place, before.nowhere) == (1, 3, 1)


def test_a_point_on_the_line_goes_to_the_lower_code_whatever_the_order():
    old = plan_of({"C002": (0, 100), "C001": (100, 200)}, {})
    before = members_before(old, territory_of({"line": 100}))
    assert before.code_of(before.building_grid).tolist() == ["C001"]


def test_old_plan_and_territory_may_differ_in_crs():
    old = plan_of({"C001": (0, 100), "C002": (100, 200)}, {})
    degrees = replace(old, grids=old.grids.to_crs("EPSG:4326"))
    for territory in (territory_of({"a": 20, "b": 120}), territory_of({"a": 20, "b": 120}, "EPSG:4490")):
        before = members_before(degrees, territory)
        assert before.code_of(before.building_grid).tolist() == ["C001", "C002"]


def test_an_old_plan_of_another_place_is_refused():
    with pytest.raises(InputError, match="plans_apart"):
        members_before(plan_of({"C001": (0, 100)}, {"a": "C001"}), territory_of({"a": 900}))
    twice = plan_of({"C001": (0, 100)}, {})
    twice = replace(twice, grids=pd.concat([twice.grids, twice.grids], ignore_index=True))
    with pytest.raises(InputError, match="codes_twice"):
        members_before(twice, territory_of({"a": 50}))


def redrawn() -> tuple[FiledPlan, FiledPlan]:
    """C002 cut: its first half to C001, the rest is C003; C002 is retired."""
    houses = {f"h{i}": 10.0 + 20 * i for i in range(10)}
    old = plan_of(
        {"C001": (0, 100), "C002": (100, 200)},
        {h: "C001" if x < 100 else "C002" for h, x in houses.items()},
        plan_id="one",
        retired_codes="C004",
    )
    new = plan_of(
        {"C001": (0, 130), "C003": (130, 200)},
        {h: "C001" if x < 130 else "C003" for h, x in houses.items()},
        parent_plan="one",
        retired_codes="C002 C004",
    )
    new.grids["parent"] = ["C001", None]
    return old, replace(new, crosswalk=crosswalk_of_plans(old, new, territory_of(houses)))


def test_the_crosswalk_of_two_plans_counts_the_new_territory():
    old, new = redrawn()
    table = new.crosswalk
    assert list(zip(table["old"], table["new"], table["households"], table["relation"])) == [
        ("C001", "C001", 5, "changed"),
        ("C002", "C001", 1, "split"),
        ("C002", "C003", 4, "split"),
    ]
    # Plans that do not stem from each other are matched: most of C002 is C003 now.
    strangers = crosswalk_of_plans(
        old, replace(new, meta={}, crosswalk=None), territory_of({f"h{i}": 10.0 + 20 * i for i in range(10)})
    )
    assert strangers["relation"].tolist() == ["changed", "split", "changed"]


def test_a_plan_file_keeps_its_crosswalk_and_files_without_one_still_read(tmp_path: Path):
    old, new = redrawn()
    lone = make_crosswalk([None], ["C001"], np.ones(1, np.int64), np.ones(1, np.int64), ["C009"], ["C001", "C003"])
    for plan in (old, new, replace(new, crosswalk=lone)):
        plan = replace(plan, grids=plan.grids.fillna({"name": "n", "reason": "", "population": 0, "area_m2": 0.0}))
        plan.grids["within_band"] = True
        write_plan(plan, tmp_path / "plan.gpkg")
        first = (tmp_path / "plan.gpkg").read_bytes()
        back = read_plan(tmp_path / "plan.gpkg")
        if plan.crosswalk is None:
            assert back.crosswalk is None
        else:
            pd.testing.assert_frame_equal(back.crosswalk, plan.crosswalk)
        write_plan(back, tmp_path / "plan.gpkg")
        assert (tmp_path / "plan.gpkg").read_bytes() == first


def faults(plan: FiledPlan, **columns) -> list[str]:
    table = plan.crosswalk.assign(**columns) if columns else plan.crosswalk
    return sorted({fault.code for fault in check_crosswalk(replace(plan, crosswalk=table))})


def test_a_sound_crosswalk_has_no_fault():
    old, new = redrawn()
    assert faults(new) == []
    assert not [*check_retired(new), *check_succession(old, new), *check_crosswalk(old)]


def test_the_check_finds_what_is_wrong_with_a_crosswalk():
    _, new = redrawn()
    assert faults(new, share_of_old=[1.0, 0.2, 0.79]) == ["check_crosswalk_shares"]
    assert faults(new, share_of_old=[1.0, -0.5, 1.5]) == ["check_crosswalk_shares"]
    assert faults(new, households=[5, 2, 4]) == ["check_crosswalk_sum"]
    assert faults(new, relation=["kept", "split", "split"]) == ["check_crosswalk_relation"]
    assert faults(new, relation=["changed", "changed", "split"]) == ["check_crosswalk_relation"]
    assert "check_crosswalk_twice" in faults(new, old=["C001", "C002", "C002"], new=["C001", "C003", "C003"])
    assert "check_crosswalk_new_missing" in faults(new, new=["C001", "C001", "C001"])
    assert "check_crosswalk_new_unknown" in faults(new, new=["C001", "C001", "C007"])
    assert "check_code_forgotten" in faults(new, old=["C001", "C002", "C008"])
    new.grids["parent"] = ["C001", "C077"]
    assert faults(new) == ["check_parent_unknown"]


def test_the_check_finds_numbers_issued_again_or_forgotten():
    old, new = redrawn()
    again = replace(new, meta={**new.meta, "retired_codes": "C001 C002 C004"})
    assert [f.code for f in check_retired(again)] == ["check_code_retired"]
    forgets = replace(new, meta={**new.meta, "retired_codes": "C002"})
    assert [f.code for f in check_succession(old, forgets)] == ["check_code_forgotten"]
    reused = replace(old, meta={**old.meta, "retired_codes": "C003 C004"})
    assert "check_code_retired" in [f.code for f in check_succession(reused, new)]
    stranger = replace(new, crosswalk=new.crosswalk[new.crosswalk["old"] != "C002"])
    assert "check_crosswalk_old_missing" in [f.code for f in check_succession(old, stranger)]
    assert "check_crosswalk_old_unknown" in [
        f.code for f in check_succession(old, replace(new, crosswalk=new.crosswalk.replace("C002", "C008")))
    ]


def test_an_atom_comes_from_the_grid_most_of_its_households_come_from():
    old = plan_of({"C002": (0, 100), "C001": (100, 200)}, {})
    territory = territory_of({"a": 10, "b": 150, "c": 160, "d": 90, "e": 110})
    lattice = [(0, 500), (80, 120), (0, 60), (600, 700)]
    atoms = SimpleNamespace(
        geometry=shapely.box(
            [500_000 + x for x, _ in lattice], 2_500_000, [500_000 + x for _, x in lattice], 2_500_100
        ),
        building_atom=np.array([0, 0, 0, 1, 1]),
        unit_atom=np.zeros(0, np.int64),
    )
    parent = atoms_before(members_before(old, territory), old, territory, atoms)
    # Two of three from C001; one each: the lower code; no building: by place; nowhere.
    assert [old.grids["code"][i] if i >= 0 else None for i in parent] == ["C001", "C001", "C002", None]
