"""The public Python API: file to file, on towns drawn as text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import geopandas as gpd
import pytest

from api.cli import main
from api.usecases import assess_territory, check_plan, draw_plan, map_plan
from api.usecases.moments import last_change
from data.files.plan_file import read_plan
from data.files.territory_file import write_territory
from gis.errors import InputError
from tests.towns import territory

TEXT = """
a a b b e e f f
a a b b e e f f
c c d d g g h h
c c d d g g h h
"""


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def town(tmp_path) -> Path:
    """Two communities: 800 households that make two grids, 550 that lie in the hole of the band."""
    households = {"a": 200, "b": 200, "c": 200, "d": 200, "e": 150, "f": 150, "g": 150, "h": 100}
    path = tmp_path / "town.gpkg"
    write_territory(territory(TEXT, households, communities={"330402015001": "abcd", "330402015002": "efgh"}), path)
    return path


def test_draw_check_and_map_go_from_file_to_file(town, tmp_path) -> None:
    drawn = draw_plan(town, tmp_path / "plan.gpkg", seed=1)
    assert drawn.verdict.passed
    assert drawn.figures["households"] == 1350
    assert sorted(read_plan(drawn.path).grids["households"])[-2:] != []
    checked = check_plan(drawn.path, town)
    assert checked.verdict.passed
    page = map_plan(drawn.path, town, tmp_path / "plan.html", language="en")
    assert page.is_same_territory
    assert page.path.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


def test_what_lies_in_the_hole_of_the_band_has_a_reason_in_both_languages(town, tmp_path) -> None:
    filed = draw_plan(town, tmp_path / "plan.gpkg").filed
    row = filed.communities.set_index("code").loc["330402015002"]
    assert (row["feasible"], row["reason"], row["proof"]) == ("no", "band_hole", "arithmetic")
    broken = filed.violations[filed.violations["community"] == "330402015002"]
    assert len(broken)
    for _, line in broken.iterrows():
        assert any("\u4e00" <= c <= "\u9fff" for c in line["detail_zh"])
        assert line["detail_en"].isascii() or "社区" in line["detail_en"]
        assert "{" not in line["detail_en"] + line["detail_zh"]


def test_feasibility_is_told_before_drawing_with_the_nearest_ways_out(town, capsys) -> None:
    rows = {row.community: row for row in assess_territory(town).assessments}
    assert rows["330402015002"].feasible == "no"
    assert {miss.sizes for miss in rows["330402015002"].near_misses} == {(275, 275), (550,)}
    assert main(["feasible", str(town), "--lang", "en"]) == 1
    out = capsys.readouterr().out
    assert "330402015002" in out
    assert "550 (+50)" in out
    assert "275 (-25)" in out
    assert "330402015001" not in out
    assert out.splitlines()[-1].startswith("Next: gridwright draw")


def test_same_seed_same_bytes_with_any_number_of_workers(town, tmp_path) -> None:
    paths = [tmp_path / f"plan{i}.gpkg" for i in range(3)]
    for path, workers in zip(paths, (1, 1, 2), strict=True):
        draw_plan(town, path, seed=5, workers=workers)
    assert len({digest(path) for path in paths}) == 1


def test_the_moment_in_a_plan_is_that_of_the_data_or_of_source_date_epoch(town, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert draw_plan(town, tmp_path / "a.gpkg").filed.meta["created_at"] == "2025-01-01T00:00:00Z"
    assert last_change(town) == "2025-01-01T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert draw_plan(town, tmp_path / "b.gpkg").filed.meta["created_at"] == "2023-11-14T22:13:20Z"


def test_a_plan_of_another_territory_does_not_pass_the_check(town, tmp_path, capsys) -> None:
    plan = tmp_path / "plan.gpkg"
    draw_plan(town, plan)
    households = dict.fromkeys("abcdefgh", 200)
    changed = tmp_path / "changed.gpkg"
    write_territory(territory(TEXT, households, communities={"330402015001": "abcd", "330402015002": "efgh"}), changed)
    assert main(["check", str(plan), str(changed), "--json"]) == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["passed"] is False
    assert any(not check["passed"] for check in summary["checks"])


def test_check_lists_what_was_measured_and_what_is_allowed(town, tmp_path, capsys) -> None:
    plan = tmp_path / "plan.gpkg"
    assert main(["draw", str(town), "--out", str(plan), "--lang", "en"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"Next: gridwright check {plan} {town}"
    assert main(["check", str(plan), str(town), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "measured" in out
    assert "allowed" in out
    assert out.splitlines()[-1].startswith("Next: gridwright map")


@pytest.mark.parametrize("command", ["draw", "check", "feasible", "map"])
def test_json_of_every_command_is_one_object_that_names_the_command(command, town, tmp_path, capsys) -> None:
    plan = tmp_path / "plan.gpkg"
    draw_plan(town, plan)
    argv = {
        "draw": ["draw", str(town), "--out", str(tmp_path / "again.gpkg")],
        "check": ["check", str(plan), str(town)],
        "feasible": ["feasible", str(town)],
        "map": ["map", str(plan), "--out", str(tmp_path / "map.html")],
    }[command]
    status = main([*argv, "--json"])
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert summary["command"] == command
    assert status == (1 if command == "feasible" else 0)
    assert out.count("\n") == 1
    assert err == ""


def test_a_locked_grid_of_the_plan_in_force_stays_as_it_is(town, tmp_path) -> None:
    first = draw_plan(town, tmp_path / "first.gpkg").filed
    in_force = with_grids_in_force(town, tmp_path / "in_force.gpkg", first.grids)
    kept = next(code for code in first.grids["code"] if code.startswith("330402015001"))
    again = draw_plan(in_force, tmp_path / "again.gpkg", locks=[kept], seed=9).filed
    old = first.grids.set_index("code").geometry[kept]
    assert any(old.symmetric_difference(shape).area < 1 for shape in again.grids.geometry)


def test_a_lock_on_a_grid_that_cuts_blocks_is_refused(town, tmp_path) -> None:
    first = draw_plan(town, tmp_path / "first.gpkg").filed
    grids = first.grids.copy()
    grids.geometry = grids.geometry.translate(25, 0)
    in_force = with_grids_in_force(town, tmp_path / "in_force.gpkg", grids)
    with pytest.raises(InputError) as caught:
        draw_plan(in_force, tmp_path / "again.gpkg", locks=[grids["code"].iloc[0]])
    assert caught.value.code == "lock_not_of_atoms"
    with pytest.raises(InputError) as caught:
        draw_plan(in_force, tmp_path / "again.gpkg", locks=["nothing"])
    assert caught.value.code == "lock_unknown"
    assert not (tmp_path / "again.gpkg").exists()


def with_grids_in_force(town: Path, out: Path, grids: gpd.GeoDataFrame) -> Path:
    from gis.readers.territory_file import read_territory

    land = read_territory(town)
    write_territory(land.with_layers(grids=grids[["code", "community", "name", "kind", "geometry"]]), out)
    return out
