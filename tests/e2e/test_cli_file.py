"""The sample town filed through the command line, as an office does it: first plan, then the next one over it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyogrio
import pytest

from api.cli import main


def in_folder(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    assert main(["demo", "--out", str(folder), "--no-serve", "--households", "2000", "--workers", "1"]) == 0
    return folder


def test_the_town_is_filed_in_chinese_and_gbk_and_told_on_standard_output(town, tmp_path, capsys) -> None:
    out = tmp_path / "备案"
    argv = ["file", str(town / "plan.gpkg"), str(town / "town.gpkg"), "--out", str(out)]
    assert main([*argv, "--lang", "zh", "--encoding", "gbk", "--paper", "A3"]) == 0
    told = capsys.readouterr().out
    assert "网格台账.xlsx" in told
    assert told.splitlines()[-1].endswith(f"gridwright load {town / 'town.gpkg'} {out / 'data/plan.gpkg'}")
    whole = pyogrio.read_dataframe(out / "data/plan.gpkg", layer="grids")
    cut = pyogrio.read_dataframe(out / "data/shapefile/grids.shp")
    assert (out / "data/shapefile/grids.cpg").read_text() == "GBK"
    assert [list(name) for name in cut["name"]] == [list(name) for name in whole["name"]]
    assert cut["code"].tolist() == whole["code"].tolist()
    assert cut["households"].sum() == whole["households"].sum()


def test_the_next_plan_replaces_the_filing_and_the_summary_lists_every_file(town, tmp_path, capsys) -> None:
    out, again = tmp_path / "filing", tmp_path / "again"
    plan, land = str(town / "plan.gpkg"), str(town / "town.gpkg")
    assert main(["file", plan, land, "--out", str(out), "--lang", "zh"]) == 0
    assert main(["draw", land, "--out", str(tmp_path / "next.gpkg"), "--seed", "8"]) == 0
    capsys.readouterr()
    argv = ["file", str(tmp_path / "next.gpkg"), land, "--old", plan, "--lang", "en", "--json"]
    assert main([*argv, "--out", str(out)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert main([*argv, "--out", str(again)]) == 0
    assert in_folder(out) == in_folder(again)
    assert {file["name"]: file["sha256"] for file in summary["files"]} | {"manifest.json": "-"} == {
        **in_folder(out),
        "manifest.json": "-",
    }
    assert summary["has_changes"] is True
    assert {"changes.xlsx", "crosswalk.xlsx", "change-map.html"} <= in_folder(out).keys()
    assert not any("网格" in name for name in in_folder(out))


def test_bad_input_is_one_line_per_fault_and_writes_nothing(town, tmp_path, capsys) -> None:
    plan, land = str(town / "plan.gpkg"), str(town / "town.gpkg")
    other = tmp_path / "other"
    assert main(["demo", "--out", str(other), "--no-serve", "--households", "2000", "--seed", "2"]) in (0, 1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mine.txt").write_text("mine")
    capsys.readouterr()
    for argv, said in (
        ([plan, str(other / "town.gpkg"), "--out", str(tmp_path / "out")], "was not drawn on town.gpkg"),
        ([land, land, "--out", str(tmp_path / "out")], "town.gpkg"),
        ([plan, land, "--out", str(tmp_path / "mine")], "no earlier filing"),
        ([plan, land, "--out", str(tmp_path / "no" / "out")], "does not exist"),
        ([plan, land, "--out", str(tmp_path / "out"), "--old", land], "town.gpkg"),
        ([plan, land, "--out", str(tmp_path / "out"), "--paper", "A5"], "A5"),
        ([plan, land, "--out", str(tmp_path / "out"), "--encoding", "big5"], "big5"),
    ):
        assert main(["file", *argv, "--lang", "en"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert said in err
        assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == {"other", "mine"}
