"""Micro-grids and supervision areas from file to file, on the command line and in the public Python API."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from api.cli import main
from api.usecases import check_plan, draw_micro_grids, draw_plan, draw_supervision_areas, map_plan
from api.usecases.draw_nested import area_size
from data.files.nested_file import read_area_table
from data.files.plan_file import read_plan
from data.files.territory_file import write_territory
from data.sample import make_town
from gis.errors import InputError
from partition.rules import Rules


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small sample town, its plan, its micro-grids and its areas."""
    place = tmp_path_factory.mktemp("nested")
    write_territory(make_town(2_500, 3).territory, place / "town.gpkg")
    draw_plan(place / "town.gpkg", place / "plan.gpkg", seed=1)
    assert run(place, "micro", "plan.gpkg", "town.gpkg", "--out", "micro.gpkg") == 0
    assert run(place, "areas", "plan.gpkg", "town.gpkg", "--out", "areas.gpkg", "--grids-per-area", "2-4") == 0
    return place


def run(place: Path, command: str, *words: str) -> int:
    return main([command, *(str(place / w) if w.endswith((".gpkg", ".html", ".toml")) else w for w in words)])


def as_json(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def test_micro_grids_are_written_as_a_plan_file_with_a_proof_per_grid(folder):
    micro, plan = read_plan(folder / "micro.gpkg"), read_plan(folder / "plan.gpkg")
    assert micro.communities["code"].tolist() == plan.grids["code"].tolist()
    assert micro.communities["households"].tolist() == plan.grids["households"].tolist()
    assert set(micro.communities["proof"]) <= {"arithmetic", "cover_lp", "cover_mip", "none"}
    assert (micro.meta["level"], micro.meta["measure"]) == ("micro", "households")
    assert (micro.meta["of_plan"], micro.meta["created_at"]) == (plan.meta["plan_id"], plan.meta["created_at"])
    assert Rules.from_toml(micro.meta["rules"]).max_households == 100
    assert len(micro.members) == len(plan.members)


def test_areas_are_written_with_a_table_of_grids(folder):
    areas, plan = read_plan(folder / "areas.gpkg"), read_plan(folder / "plan.gpkg")
    table = read_area_table(folder / "areas.gpkg")
    assert table["grid"].tolist() == plan.grids["code"].tolist()
    assert set(table["area"]) == set(areas.grids["code"])
    area = dict(zip(table["grid"], table["area"]))
    told = plan.members.merge(areas.members, on=["kind", "id"], suffixes=("", "_area"), validate="1:1")
    assert len(told) == len(plan.members)
    assert [area[grid] for grid in told["grid"]] == told["grid_area"].tolist()
    assert areas.grids["households"].sum() == plan.grids["households"].sum()


def test_the_machine_readable_summary_says_what_came_of_every_grid(folder, capsys):
    assert run(folder, "micro", "plan.gpkg", "town.gpkg", "--out", "again.gpkg", "--json") == 0
    said = as_json(capsys)
    micro = read_plan(folder / "micro.gpkg")
    assert (said["parts"], said["wholes"]) == (len(micro.grids), len(micro.communities))
    assert said["band"] == {"low": 30, "high": 100, "measure": "households"}
    assert said["in_band"] == int(micro.grids["within_band"].sum())
    assert sum(one["parts"] for one in said["results"]) == said["parts"]
    assert said["households"] == 2_500


def test_the_same_plan_gives_the_same_bytes_with_any_number_of_workers(folder):
    for name, words in (("micro", ()), ("areas", ("--grids-per-area", "2-4"))):
        assert run(folder, name, "plan.gpkg", "town.gpkg", "--out", "twice.gpkg", "--workers", "2", *words) == 0
        assert (folder / "twice.gpkg").read_bytes() == (folder / f"{name}.gpkg").read_bytes()


@pytest.mark.parametrize("name", ["micro", "areas"])
def test_what_is_written_passes_the_check_against_its_plan(folder, name, capsys):
    assert run(folder, "check", f"{name}.gpkg", "town.gpkg", "--of", "plan.gpkg", "--json") == 0
    said = as_json(capsys)
    assert said["passed"]
    assert said["faults"] == []


def test_a_damaged_file_fails_the_check(folder, tmp_path):
    for name, layer, damage, check in (
        ("micro", "grids", lambda t: t.assign(households=t["households"] + 1), "sums"),
        ("areas", "area_grids", lambda t: t.assign(area=t["area"].iloc[0]), "crossing"),
    ):
        path = tmp_path / f"{name}.gpkg"
        shutil.copy(folder / f"{name}.gpkg", path)
        table = gpd.read_file(path, layer=layer)
        rewrite(path, layer, damage(table))
        checked = check_plan(path, folder / "town.gpkg", of=folder / "plan.gpkg")
        assert not checked.verdict.passed
        assert not next(row for row in checked.verdict.rows if row.check == check).passed


def rewrite(path: Path, layer: str, table: pd.DataFrame) -> None:
    pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG")


@pytest.mark.parametrize(("name", "title"), [("micro", "微网格划分图"), ("areas", "片区划分图")])
def test_the_map_opens_both(folder, name, title):
    page = map_plan(folder / f"{name}.gpkg", folder / "town.gpkg", folder / f"{name}.html", language="zh")
    assert page.is_same_territory
    text = page.path.read_text(encoding="utf-8")
    assert title in text
    assert "https://" not in text.split('id="gw-data"')[1].split("</script>")[0]


def test_words_are_said_in_chinese_and_the_next_command_is_the_map(folder, capsys):
    assert (
        run(folder, "areas", "plan.gpkg", "town.gpkg", "--out", "zh.gpkg", "--grids-per-area", "2-4", "--lang", "zh")
        == 0
    )
    said = capsys.readouterr().out
    assert "片区已写出" in said
    assert "区间内（2-4个网格）" in said
    assert said.strip().splitlines()[-1].endswith(f"--out {folder / 'zh.html'}")


def test_a_town_with_too_few_grids_is_said_in_both_languages(folder):
    drawn = draw_supervision_areas(
        folder / "plan.gpkg", folder / "town.gpkg", folder / "large.gpkg", grids_per_area="40-50"
    )
    assert drawn.verdict.passed  # the arithmetic proves that there is no better
    assert set(drawn.filed.violations["code"]) == {"under_band"}
    row = drawn.filed.violations.iloc[0]
    n = (read_area_table(folder / "large.gpkg")["area"] == row["grid"]).sum()
    assert f"has {n} grids, fewer than 40-50" in row["detail_en"]
    assert f"有{n}个网格" in row["detail_zh"]


def test_the_rules_of_micro_grids_can_be_given(folder):
    (folder / "micro.toml").write_text('preset = "microgrid"\nmax_households = 120\n', encoding="utf-8")
    drawn = draw_micro_grids(
        folder / "plan.gpkg", folder / "town.gpkg", folder / "wide.gpkg", rules_path=folder / "micro.toml"
    )
    assert drawn.band == (30, 120, "households")
    assert drawn.filed.grids["households"].between(101, 120).any()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("micro", "micro.gpkg", "town.gpkg", "--out", "bad.gpkg"), "nested_of_nested"),
        (("areas", "micro.gpkg", "town.gpkg", "--out", "bad.gpkg"), "nested_of_nested"),
        (("areas", "plan.gpkg", "town.gpkg", "--out", "bad.gpkg", "--grids-per-area", "0"), "area_size_wrong"),
        (("areas", "plan.gpkg", "town.gpkg", "--out", "bad.gpkg", "--grids-per-area", "8-5"), "area_size_wrong"),
        (("areas", "plan.gpkg", "town.gpkg", "--out", "bad.gpkg", "--grids-per-area", "six"), "area_size_wrong"),
        (("areas", "plan.gpkg", "town.gpkg", "--out", "bad.gpkg", "--households-per-area", "900"), "area_size_wrong"),
        (
            (
                "areas",
                "plan.gpkg",
                "town.gpkg",
                "--out",
                "bad.gpkg",
                "--grids-per-area",
                "5",
                "--households-per-area",
                "1-2",
            ),
            "option_both",
        ),
        (("micro", "plan.gpkg", "town.gpkg", "--out", "bad.gpkg", "--seed", "-1"), "option_out_of_range"),
        (("micro", "plan.gpkg", "town.gpkg", "--out", "plan.gpkg"), "out_is_source"),
        (("micro", "town.gpkg", "town.gpkg", "--out", "bad.gpkg"), "territory_in_place_of_plan"),
        (("check", "micro.gpkg", "town.gpkg"), "nested_check_needs_plan"),
        (("check", "plan.gpkg", "town.gpkg", "--of", "plan.gpkg"), "nested_check_no_level"),
        (("check", "micro.gpkg", "town.gpkg", "--of", "areas.gpkg"), "nested_other_plan"),
    ],
)
def test_bad_input_is_refused_with_its_code_and_nothing_is_written(folder, words, code, capsys):
    assert run(folder, *words, "--json") == 2
    faults = as_json(capsys)["error"]["faults"]
    assert [fault["code"] for fault in faults] == [code]
    assert code not in faults[0]["message"]
    assert not (folder / "bad.gpkg").exists()


def test_a_plan_of_another_territory_is_refused(folder, tmp_path, capsys):
    write_territory(make_town(1_500, 9).territory, tmp_path / "other.gpkg")
    words = ["micro", str(folder / "plan.gpkg"), str(tmp_path / "other.gpkg"), "--out", str(tmp_path / "bad.gpkg")]
    assert main([*words, "--json"]) == 2
    codes = {fault["code"] for fault in as_json(capsys)["error"]["faults"]}
    assert codes <= {"nested_member_unknown", "nested_sums_differ"}
    assert codes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.gpkg"]


def test_a_search_cut_short_by_the_clock_is_written_checked_and_says_so(folder, capsys):
    words = ("plan.gpkg", "town.gpkg", "--out", "short.gpkg", "--seconds", "0.001", "--json")
    assert run(folder, "micro", *words) in (0, 1)
    said = as_json(capsys)
    assert said["stopped_by_clock"] > 0
    assert check_plan(folder / "short.gpkg", folder / "town.gpkg", of=folder / "plan.gpkg").report.faults == ()


def test_the_size_of_an_area_is_a_number_or_a_range():
    assert (area_size().low, area_size().high) == (5, 8)
    assert area_size("6") == area_size()
    assert (area_size("4-9").target, area_size("", "2000-4000").measure) == (6, "households")
    with pytest.raises(InputError):
        area_size("", "2000")


def test_every_micro_grid_lies_in_its_grid_as_filed(folder):
    micro = gpd.read_file(folder / "micro.gpkg", layer="grids")
    plan = gpd.read_file(folder / "plan.gpkg", layer="grids").set_index("code")
    shapes = np.asarray(micro.geometry.array)
    homes = np.asarray(plan.geometry.loc[micro["community"]].array)
    assert shapely.area(shapely.difference(shapes, homes)).max() < 0.01
    assert shapely.area(shapes).sum() == pytest.approx(plan.geometry.area.sum(), abs=0.1)
