"""Where ground lay before, the crosswalk of two filed plans, its file and its check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from data.files.plan_file import read_plan, write_plan
from gis.errors import InputError
from gis.territory import Territory
from partition.checks.succession import check_crosswalk, check_retired, check_succession
from partition.crosswalk import atoms_before, crosswalk_of_plans, make_crosswalk, members_before
from partition.filed import COMMUNITY_COLUMNS, GRID_COLUMNS, MEMBER_COLUMNS, VIOLATION_COLUMNS, FiledPlan

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
