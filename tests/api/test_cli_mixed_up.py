"""Files in each other's place, names mistyped, notes in the zip: what a hurried user gives the command line."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from api.cli import main
from gis.shift import shift
from tests.api.test_cli_bad_input import CRS, good_layers, refused, write


@pytest.fixture
def files(tmp_path: Path, capsys, monkeypatch) -> Path:
    """A territory, its plan, and another state of the territory."""
    monkeypatch.setenv("GRIDWRIGHT_LANG", "en")
    write(tmp_path / "town.gpkg", good_layers())
    assert main(["draw", str(tmp_path / "town.gpkg"), "--out", str(tmp_path / "plan.gpkg"), "--workers", "1"]) == 0
    other = good_layers()
    other["buildings"].loc[3, "households"] = 25
    write(tmp_path / "other.gpkg", other)
    capsys.readouterr()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["feasible", "plan.gpkg"], "plan_in_place_of_territory"),
        (["draw", "plan.gpkg", "--out", "x.gpkg"], "plan_in_place_of_territory"),
        (["check", "plan.gpkg", "plan.gpkg"], "plan_in_place_of_territory"),
        (["check", "town.gpkg", "plan.gpkg"], "territory_in_place_of_plan"),
        (["map", "town.gpkg", "--out", "x.html"], "territory_in_place_of_plan"),
    ],
)
def test_a_plan_and_a_territory_in_each_others_place_are_told_in_one_line(
    words, code, files, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(files)
    _, faults = refused(words, files, capsys)
    assert [fault["code"] for fault in faults] == [code]


def test_a_map_on_another_state_of_the_territory_says_so(files, capsys) -> None:
    for name, is_same in (("town.gpkg", True), ("other.gpkg", False)):
        words = ["map", str(files / "plan.gpkg"), str(files / name), "--out", str(files / "m.html")]
        assert main([*words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["same_territory"] is is_same
        assert main(words) == 0
        assert ("was not drawn on other.gpkg" in capsys.readouterr().out) is not is_same


def test_a_check_on_another_state_of_the_territory_says_so_first(files, capsys) -> None:
    assert main(["check", str(files / "plan.gpkg"), str(files / "other.gpkg")]) == 1
    assert capsys.readouterr().out.startswith("The plan was drawn on another territory")


def test_the_grids_of_a_plan_come_in_as_the_plan_in_force(files, capsys) -> None:
    argv = ["import", str(files / "town.gpkg"), str(files / "plan.gpkg"), "--out", str(files / "new.gpkg"), "--json"]
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["layers"]["grids"] == 2


@pytest.mark.parametrize(
    "option",
    [
        ["--crs", "twon.gpkg=EPSG:4549"],
        ["--crs", "moon"],
        ["--encoding", "twon.gpkg=gbk"],
        ["--encoding", "klingon"],
        ["--layer", "twon.gpkg=buildings"],
    ],
)
def test_an_option_for_a_source_or_system_that_is_not_there_is_refused(option, files, capsys) -> None:
    argv = ["import", str(files / "town.gpkg"), "--out", str(files / "new.gpkg"), *option]
    err, faults = refused(argv, files, capsys)
    assert len(faults) == 1
    assert option[1].partition("=")[0] in err


def test_rules_too_large_for_a_machine_are_refused_with_their_file(files, capsys) -> None:
    (files / "r.toml").write_text("max_households = 999999999999999999999\n")
    argv = ["draw", str(files / "town.gpkg"), "--out", str(files / "x.gpkg"), "--rules", str(files / "r.toml")]
    err, _ = refused(argv, files, capsys)
    assert "r.toml: max_households is 999999999999999999999" in err


def test_a_note_packed_with_the_data_is_passed_over_and_told(files, capsys) -> None:
    with zipfile.ZipFile(files / "data.zip", "w") as archive:
        archive.write(files / "town.gpkg", "data/town.gpkg")
        archive.writestr("data/readme.txt", "These are the layers\nof the town.\n")
    assert main(["import", str(files / "data.zip"), "--out", str(files / "new.gpkg"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["remarks"]["note_file_ignored"] == 1


def test_faults_after_putting_sources_together_name_the_file_and_its_row(files, capsys) -> None:
    layers = good_layers()
    for name in ("communities", "buildings"):
        write(files / f"{name}.gpkg", {name: layers[name]})
    centres = layers["buildings"].centroid.to_crs(4326)
    rows = pd.DataFrame({"id": ["n1", "n2", "n1"], "households": 3, "lon": centres.x[:3], "lat": centres.y[:3]})
    rows.to_csv(files / "new_buildings.csv", index=False)
    sources = [str(files / name) for name in ("communities.gpkg", "buildings.gpkg", "new_buildings.csv")]
    err, _ = refused(["import", *sources, "--out", str(files / "x.gpkg")], files, capsys)
    assert err.startswith("new_buildings.csv, layer buildings, rows 2, 4: id n1 stands 2 times")


def test_a_roster_of_which_no_row_fits_is_refused(files, capsys) -> None:
    pd.DataFrame({"id": ["zz1", "zz2"], "households": [3, 4]}).to_csv(files / "roster.csv", index=False)
    argv = ["import", str(files / "town.gpkg"), str(files / "roster.csv"), "--out", str(files / "x.gpkg")]
    err, faults = refused(argv, files, capsys)
    assert faults[0]["code"] == "roster_joins_nothing"
    assert "roster.csv" in err
    assert "zz1" in err


@pytest.mark.parametrize(("system", "name"), [("gcj02", "GCJ-02"), ("bd09", "BD-09")])
@pytest.mark.parametrize("layer", ["buildings", "communities"])
def test_a_shifted_layer_that_names_no_community_is_named_with_its_system(layer, system, name, files, capsys) -> None:
    layers = good_layers()
    x, y = layers["communities"].total_bounds[:2]
    spots = [shapely.box(x + 20 + 60 * i, y + 20 + 60 * j, x + 40 + 60 * i, y + 34 + 60 * j)
             for i in range(12) for j in range(6)]  # fmt: skip
    layers["buildings"] = gpd.GeoDataFrame(
        {"id": [f"b{k}" for k in range(len(spots))], "households": 10}, geometry=spots, crs=CRS
    )
    degrees = layers[layer].to_crs(4326)
    layers[layer] = degrees.set_geometry(gpd.GeoSeries(shift(degrees.geometry.to_numpy(), system), crs=4326))
    for part in ("communities", "buildings"):
        pyogrio.write_dataframe(layers[part].to_crs(4326), files / f"{part}.gpkg", layer=part)
    sources = [str(files / f"{part}.gpkg") for part in ("communities", "buildings")]
    err, _ = refused(["import", *sources, "--out", str(files / "x.gpkg")], files, capsys)
    assert f"{layer}.gpkg, layer {layer}: it looks like {name}" in err
    assert f"--crs {layer}.gpkg={system}" in err


def test_the_readable_report_begins_with_what_to_look_at_and_speaks_the_readers_language(files, capsys) -> None:
    layers = good_layers()
    layers["buildings"]["phone"] = "13812345678"
    layers["buildings"].loc[1, "geometry"] = layers["buildings"].geometry[0]  # two on one spot
    path = write(files / "double.gpkg", layers)
    assert main(["import", str(path), "--out", str(files / "new.gpkg"), "--lang", "zh"]) == 0
    assert "口径：以来源所载为准" in capsys.readouterr().out
    text = (files / "new.report.md").read_text(encoding="utf-8")
    places = [text.index(words) for words in ("## 请核对", "## 已修复、已略去", "## 读取说明", "## 数量")]
    assert places == sorted(places)
    assert "含个人信息（由字段名判断）" in text
