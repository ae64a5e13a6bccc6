"""The independent verifier: accepts what is drawn, and finds every kind of damage."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gis.atoms import build_atoms
from gis.report import QualityReport
from gis.territory import Territory
from partition.checks import verify
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.plan import Result
from partition.rules import Rules
from partition.score import measure
from partition.zoning.draw import draw
from tests.towns import mesh_territory, territory

TEXT = "aabbcc\nddeeff\ngghhii"


DEFAULT = Rules()


def drawn(land: Territory, rules: Rules = DEFAULT) -> tuple[FiledPlan, Result]:
    atoms = build_atoms(land, max_households=rules.max_households, estate_cap=rules.estate_cap, report=QualityReport())
    result = draw(atoms.graph, rules, territory_hash=land.content_hash())
    return file_plan(land, atoms, result, meta={"version": "0"}), result


def codes(report) -> set[str]:
    return {fault.code for fault in report.faults}


@pytest.fixture(scope="module")
def plan() -> tuple[FiledPlan, Territory]:
    land = territory(TEXT, 120, communities={"C": "abcdef", "D": "ghi"})
    return drawn(land)[0], land


def test_a_drawn_plan_is_sound(plan):
    filed, land = plan
    report = verify(filed, land, Rules())
    assert report.faults == ()
    assert report.passed
    assert report.measures["gap_m2"] < 1e-3


def test_filed_tables_carry_names_members_and_meta(plan):
    filed, land = plan
    assert filed.grids["name"].tolist()[0] == "社区 C第1网格"
    assert filed.members["id"].tolist() == sorted("abcdefghi")
    assert set(filed.meta) >= {
        *("rules", "seed", "version", "territory_hash", "created_at", "households_basis", "plan_id")
    }
    assert filed.grids.crs == land.file_crs
    assert filed.communities["seconds"].isna().all()


def test_the_plan_id_follows_the_content(plan):
    filed, land = plan
    assert drawn(land)[0].meta["plan_id"] == filed.meta["plan_id"]
    assert drawn(land, Rules(target_households=380))[0].meta["plan_id"] != filed.meta["plan_id"]


def test_a_plan_in_degrees_is_checked_in_metres():
    land = mesh_territory(8, 3, 60)
    degrees = Territory.of({name: land[name].to_crs(4326) for name in ("communities", "units")}, meta=dict(land.meta))
    filed, _ = drawn(degrees)
    assert filed.grids.crs.to_epsg() == 4326
    assert verify(filed, degrees, Rules()).is_sound


def test_a_rule_broken_with_a_reason_is_no_fault_but_no_pass():
    land = territory("aabb", {"a": 120, "b": 130})
    filed, _ = drawn(land)
    report = verify(filed, land, Rules())
    assert report.is_sound
    assert not report.passed
    assert [(v.code, v.grid) for v in report.broken_rules] == [("under_band", "C001")]


def _with(filed: FiledPlan, **columns: object) -> FiledPlan:
    return replace(filed, grids=filed.grids.assign(**columns))


def _moved(filed: FiledPlan, change) -> FiledPlan:
    shapes = np.array(filed.grids.geometry.array, dtype=object)
    shapes[0] = change(shapes[0])
    return replace(
        filed, grids=gpd.GeoDataFrame(filed.grids.drop(columns="geometry"), geometry=shapes, crs=filed.grids.crs)
    )


def _reason_gone(filed: FiledPlan) -> FiledPlan:
    sizes = filed.grids["households"].copy()
    sizes.iloc[0] = 700
    return _with(filed, households=sizes, within_band=sizes.between(300, 500))


DAMAGES = {
    "check_gap": lambda f: _moved(f, lambda g: g.buffer(-1)),
    "check_overlap": lambda f: _moved(f, lambda g: g.buffer(2)),
    "check_crossing": lambda f: _moved(f, lambda g: g.buffer(2)),
    "check_coverage_invalid": lambda f: _moved(f, lambda g: shapely.transform(g, lambda xy: xy + 1e-4)),
    "check_grid_invalid": lambda f: _moved(f, lambda g: shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])),
    "check_community_without_grid": lambda f: replace(f, grids=f.grids[f.grids["community"] == "C"]),
    "check_sliver": lambda f: _moved(f, lambda g: shapely.union(g, shapely.box(0, 0, 1, 1))),
    "check_grid_in_parts": lambda f: _moved(f, lambda g: shapely.union(g, shapely.box(0, 0, 90, 90))),
    "check_code_twice": lambda f: _with(f, code="C001"),
    "check_code_malformed": lambda f: _with(f, code=f.grids["code"] + "x"),
    "check_community_unknown": lambda f: _with(f, community="Z"),
    "check_kind_unknown": lambda f: _with(f, kind="odd"),
    "check_band_flag_wrong": lambda f: _with(f, within_band=~f.grids["within_band"]),
    "check_reason_missing": _reason_gone,
    "check_sum_wrong": lambda f: _with(f, households=f.grids["households"] + 1),
    "check_member_missing": lambda f: replace(f, members=f.members.iloc[1:]),
    "check_member_twice": lambda f: replace(f, members=pd.concat([f.members, f.members.iloc[:1]])),
    "check_member_unknown": lambda f: replace(f, members=f.members.assign(id="nobody")),
    "check_member_grid_unknown": lambda f: replace(f, members=f.members.assign(grid="nowhere")),
    "check_member_outside": lambda f: replace(f, members=f.members.assign(grid=f.members["grid"].to_numpy()[::-1])),
}


@pytest.mark.parametrize("code", sorted(DAMAGES))
def test_damage_is_found(plan, code):
    filed, land = plan
    assert code in codes(verify(DAMAGES[code](filed), land, Rules()))


def test_an_undeclared_exception_is_found():
    land = territory("aabb", {"a": 120, "b": 130})
    filed, _ = drawn(land)
    assert codes(verify(replace(filed, violations=filed.violations.iloc[:0]), land, Rules())) == {"check_not_declared"}


def test_a_cut_estate_is_found():
    land = territory("abcdef", 150, estates={"E": "cd"})
    filed, _ = drawn(land)
    assert verify(filed, land, Rules()).is_sound
    members = filed.members.copy()
    wrong = filed.grids["code"][filed.grids["kind"] == "standard"].iloc[0]
    members.loc[members["id"] == "c", "grid"] = wrong
    assert "check_estate_cut" in codes(verify(replace(filed, members=members), land, Rules()))


def test_a_community_in_parts_may_have_a_grid_in_parts():
    land = territory("aa.b", {"a": 320, "b": 100})
    filed, _ = drawn(land)
    report = verify(filed, land, Rules())
    assert report.is_sound
    assert [v.code for v in report.broken_rules] == ["part_joined"]


def test_scores_are_taken_over_standard_grids_only():
    land = territory("aabbcc", {"a": 150, "b": 200, "c": 200}, estates={"E": "a"})
    _, result = drawn(land)
    score = measure(result.graph, result.plan)
    assert (score.n_grids, score.n_standard, score.n_dedicated, score.in_band_frac) == (2, 1, 1, 1.0)
    assert score.households_min == score.households_max == 400
    assert sum(score.cut_m_by_class.values()) == pytest.approx(score.cut_m) == pytest.approx(50.0)
    assert 0 < score.polsby_popper <= 1


@st.composite
def lands(draw_: st.DrawFn) -> Territory:
    rows, columns = draw_(st.integers(1, 4)), draw_(st.integers(1, 5))
    cells = draw_(st.lists(st.sampled_from("abcdefghi."), min_size=rows * columns, max_size=rows * columns))
    names = sorted(set(cells) - {"."})
    assume(names)
    text = "\n".join(" ".join(cells[r * columns : (r + 1) * columns]) for r in range(rows))
    split = draw_(st.integers(0, len(names) - 1))
    groups = {"C": names[:split], "D": names[split:]}
    return territory(
        text,
        {name: draw_(st.sampled_from([0, 0, 20, 90, 150, 240, 400, 650])) for name in names},
        communities={code: members for code, members in groups.items() if members},
        rural=draw_(st.sampled_from([[], ["D"]])),
        estates=draw_(st.sampled_from([None, {"E": names[-1:]}])),
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lands(), st.sampled_from(["village", "villager_group", "banded"]), st.booleans())
def test_every_drawn_plan_is_sound(land, rural_mode, join):
    rules = Rules(rural_mode=rural_mode, join_small_parts=join)
    filed, _ = drawn(land, rules)
    assert verify(filed, land, rules).faults == ()
