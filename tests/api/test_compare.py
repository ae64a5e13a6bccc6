"""`gridwright compare` from file to file: what it says, what it writes, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from api.cli import main
from api.usecases import compare_plans
from api.usecases.compare_plans import short_names
from data.files.plan_file import write_plan
from data.files.territory_file import write_territory
from gis.errors import StorageError
from tests.cell_plans import cell_plan
from tests.maps.plans import make_plan
from tests.partition.test_compare import NEW, OLD


@pytest.fixture
def plans(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.gpkg", tmp_path / "new.gpkg"
    write_plan(cell_plan(OLD), old)
    write_plan(cell_plan(NEW, plan_id="P-2"), new)
    return old, new


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main([*map(str, words), "--lang", "en"])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_summary_holds_measures_and_counts_that_add_up(
    plans: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "compare", *plans, "--json")
    summary = json.loads(out)
    assert status == 0
    assert [plan["name"] for plan in summary["plans"]] == ["old", "new"]
    assert [plan["measures"]["grids"] for plan in summary["plans"]] == [9, 10]
    (pair,) = summary["pairs"]
    changes = pair["changes"]
    for side, n in (("old", 9), ("new", 10)):
        assert changes["all"][side] == n == sum(row[side] for name, row in changes.items() if name != "all")
    assert not pair["unchanged"]
    assert summary["files"] == []


def test_people_read_twelve_measures_the_changes_and_the_next_command(
    plans: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "compare", *plans)
    assert status == 0
    table = out.split("old → new")[0]
    assert len([line for line in table.splitlines() if line.strip() and "─" not in line]) == 13
    for word in ("kept", "merged", "retired", "households that change grid", "estimated"):
        assert word in out
    assert out.strip().splitlines()[-1].startswith("Next: gridwright compare ")


def test_a_plan_against_itself_says_nothing_changed(
    plans: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "compare", plans[0], plans[0])
    assert status == 0
    assert "Nothing changed" in out
    assert "all 9 grids are kept" in out


def test_the_folder_holds_tables_and_a_map_and_is_the_same_every_time(
    plans: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "compare"
    assert run(capsys, "compare", *plans, "--out", folder)[0] == 0
    names = ["changes.csv", "changes.html", "compare.json", "crosswalk-inverse.csv", "crosswalk.csv", "measures.csv"]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(before) == names
    changes = pd.read_csv(folder / "changes.csv", dtype={"old": str, "new": str})
    assert changes["old"].nunique() == 9
    assert changes["new"].nunique() == 10
    assert changes["old"].dropna().str.startswith("330402015001").all()
    crosswalk = pd.read_csv(folder / "crosswalk.csv")
    assert crosswalk.groupby("old")["share_of_old"].sum().eq(1).all()
    assert len(pd.read_csv(folder / "measures.csv")) == len(json.loads(before["compare.json"])["plans"][0]["measures"])
    # An earlier comparison is replaced.
    assert run(capsys, "compare", *plans, "--out", folder)[0] == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_with_other_files_is_left_alone(plans: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match="folder_not_empty"):
        compare_plans(plans, out=folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    compare_plans(plans, out=tmp_path / "ours")
    (tmp_path / "ours" / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match="folder_not_empty"):
        compare_plans(plans, out=tmp_path / "ours")


def test_three_plans_give_a_map_for_each_pair_and_one_map_is_refused(
    plans: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "three"
    assert run(capsys, "compare", *plans, plans[0], "--out", folder)[0] == 0
    assert {"changes-2.html", "changes-3.html", "crosswalk-2.csv"} <= {path.name for path in folder.iterdir()}
    status, _, error = run(capsys, "compare", *plans, plans[0], "--map", tmp_path / "map.html")
    assert status == 2
    assert "one map shows two" in error
    assert not (tmp_path / "map.html").exists()


def test_the_map_alone(plans: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "map.html"
    status, out, _ = run(capsys, "compare", *plans, "--map", path)
    assert status == 0
    assert str(path) in out
    assert '"language":"en"' in path.read_text(encoding="utf-8")


def test_a_territory_counts_households_and_says_whether_it_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filed, territory = make_plan(24, 3)
    counted = territory["buildings"].groupby(
        filed.members.set_index("id")["grid"].reindex(territory["buildings"]["id"]).to_numpy()
    )
    held = counted["households"].sum().reindex(filed.grids["code"]).fillna(0).astype("int64").to_numpy()
    filed = replace(filed, grids=filed.grids.assign(households=held))
    write_plan(filed, tmp_path / "plan.gpkg")
    write_territory(territory, tmp_path / "town.gpkg")
    words = ("compare", tmp_path / "plan.gpkg", tmp_path / "plan.gpkg", "--territory", tmp_path / "town.gpkg", "--json")
    status, out, _ = run(capsys, *words)
    assert status == 0
    summary = json.loads(out)
    assert summary["pairs"][0]["households_are"] == "counted"
    assert len(summary["same_territory"]) == 2


def test_bad_input_is_told_with_every_fault_and_nothing_is_written(
    plans: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    status, _, error = run(capsys, "compare", plans[0], "--out", folder)
    assert status == 2
    assert "needs two or more" in error
    status, _, error = run(capsys, "compare", tmp_path / "no.gpkg", tmp_path / "none.gpkg", "--out", folder)
    assert status == 2
    assert "no.gpkg" in error
    assert "none.gpkg" in error
    far = cell_plan(NEW)
    write_plan(
        replace(far, grids=far.grids.assign(geometry=far.grids.geometry.translate(90_000))), tmp_path / "far.gpkg"
    )
    status, _, error = run(capsys, "compare", plans[0], tmp_path / "far.gpkg", "--out", folder)
    assert status == 2
    assert "share no ground" in error
    assert "EPSG:4549" in error
    assert not folder.exists()
    status, _, error = run(capsys, "compare", *plans, "--map", tmp_path / "map.pdf")
    assert status == 2
    assert ".html" in error


def test_plans_of_one_file_name_are_told_apart_by_their_folders() -> None:
    paths = [Path("/a/2017/plan.gpkg"), Path("/a/2021/plan.gpkg"), Path("/b/2021/plan.gpkg"), Path("/c/other.gpkg")]
    assert short_names(paths) == ["2017/plan", "a/2021/plan", "b/2021/plan", "other"]
    assert short_names([paths[0], paths[0]]) == ["plan", "plan (2)"]
