"""Command redraw, from file to file: same bytes, mergers, locks, the trade-off curve, bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.cli import main
from data.files.plan_file import read_plan
from data.files.territory_file import write_territory
from data.sample import make_town
from gis.readers.territory_file import read_territory
from tests.towns import territory


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("redraw")
    town = make_town(6_000, 3)
    paths = {name: folder / f"{name}.gpkg" for name in ("town", "later", "plan")}
    write_territory(town.territory, paths["town"])
    write_territory(town.later, paths["later"])
    assert main(["draw", str(paths["town"]), "--out", str(paths["plan"]), "--workers", "1", "--lang", "en"]) in (0, 1)
    return paths


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main([*map(str, words), "--lang", "en", "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_nothing_changed_gives_the_plan_in_force_byte_for_byte(files, tmp_path, capsys) -> None:
    again = tmp_path / "again.gpkg"
    status, said = run(capsys, "redraw", files["plan"], files["town"], "--out", again, "--seed", 9, "--workers", 1)
    assert status in (0, 1)
    assert said["same_plan"]
    assert said["households_moved"] == 0
    assert again.read_bytes() == files["plan"].read_bytes()


def test_a_changed_territory_gives_a_checked_plan_with_a_crosswalk(files, tmp_path, capsys) -> None:
    out = tmp_path / "new.gpkg"
    status, said = run(capsys, "redraw", files["plan"], files["later"], "--out", out, "--workers", 1)
    assert status in (0, 1)
    old, new = read_plan(files["plan"]), read_plan(out)
    assert new.meta["parent_plan"] == old.meta["plan_id"]
    assert set(new.crosswalk["old"].dropna()) == set(old.grids["code"])
    assert set(new.crosswalk["new"].dropna()) == set(new.grids["code"])
    assert (new.crosswalk.groupby("old")["share_of_old"].sum() == 1.0).all()
    assert said["households_moved_at_least"] <= said["households_moved"]
    gone = set(old.grids["code"]) - set(new.grids["code"])
    assert gone == set(new.meta["retired_codes"].split())
    assert main(["check", str(out), str(files["later"]), "--lang", "en"]) == status
    same = old.members.merge(new.members, on=["kind", "id"])
    assert (same["grid_x"] == same["grid_y"]).mean() > 0.6


def test_the_number_of_workers_changes_no_byte(files, tmp_path) -> None:
    plans = []
    for workers in ("1", "2"):
        out = tmp_path / f"new-{workers}.gpkg"
        words = ["redraw", str(files["plan"]), str(files["later"]), "--out", str(out), "--workers", workers]
        assert main([*words, "--lang", "en"]) in (0, 1)
        plans.append(out.read_bytes())
    assert plans[0] == plans[1]


def test_a_merger_on_the_command_line_writes_the_territory_beside_the_plan(files, tmp_path, capsys) -> None:
    out = tmp_path / "merged.gpkg"
    land = read_territory(files["town"])
    rural = land["communities"].query("kind == 'rural'")["code"].tolist()
    merger = f"{rural[0]}+{rural[1]}={rural[0]}"
    status, said = run(capsys, "redraw", files["plan"], files["town"], "--out", out, "--merge", merger, "--workers", 1)
    assert status in (0, 1)
    beside = tmp_path / "merged.territory.gpkg"
    assert said["territory"] == str(beside)
    assert rural[1] not in set(read_territory(beside)["communities"]["code"])
    assert main(["check", str(out), str(beside), "--lang", "en"]) == status
    crosswalk = read_plan(out).crosswalk
    assert crosswalk[crosswalk["old"].str.startswith(rural[1], na=False)]["new"].str.startswith(rural[0]).all()
    again = tmp_path / "again.gpkg"
    _, said = run(capsys, "redraw", out, beside, "--out", again, "--workers", 1)
    assert said["same_plan"]


def test_the_trade_off_curve_has_a_plan_per_point(files, tmp_path, capsys) -> None:
    out = tmp_path / "curve"
    words = ["redraw", files["plan"], files["later"], "--out", out, "--frontier", "--change-weight", 3, "--workers", 1]
    status, said = run(capsys, *words)
    assert status == 0
    points = said["points"]
    assert points[0]["change_weight"] is None
    assert 3.0 in [point["change_weight"] for point in points]
    assert all((out / point["plan"]).is_file() for point in points[1:])
    assert points[-1]["moved"] <= points[1]["moved"]
    assert len(pd.read_csv(out / "frontier.csv")) == len(points)


def test_every_point_of_the_curve_obeys_the_locks_and_has_its_territory(files, tmp_path, capsys) -> None:
    out = tmp_path / "curve"
    old = read_plan(files["plan"])
    building = old.members[old.members["kind"] == "building"].iloc[0]
    rural = read_territory(files["town"])["communities"].query("kind == 'rural'")["code"].tolist()
    words = ["redraw", files["plan"], files["town"], "--out", out, "--frontier", "--workers", 1]
    merger = f"{rural[0]}+{rural[1]}={rural[0]}"
    status, said = run(capsys, *words, "--merge", merger, "--lock", f"building:{building['id']}")
    assert status == 0
    for point in said["points"][1:]:
        new = read_plan(out / point["plan"])
        code = new.members.set_index("id")["grid"][building["id"]]
        assert new.grids.set_index("code")["parent"][code] == building["grid"]
    last = str(out / said["points"][-1]["plan"])
    assert main(["check", last, str(out / "territory.gpkg"), "--lang", "en"]) in (0, 1)


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> list[str]:
    status, said = run(capsys, *words)
    assert status == 2
    return [fault["code"] for fault in said["error"]["faults"]]


def test_bad_input_is_refused_and_nothing_is_written(files, tmp_path, capsys) -> None:
    out = tmp_path / "none.gpkg"
    start = ("redraw", files["plan"], files["town"], "--out", out, "--workers", 1)
    assert refused(capsys, *start, "--merge", "1+2=3") != []
    assert refused(capsys, *start, "--lock", "999") == ["lock_unknown"]
    assert refused(capsys, *start, "--lock", "street:7") == ["lock_kind_unknown"]
    assert refused(capsys, *start, "--change-weight", "-1") == ["option_out_of_range"]
    elsewhere = tmp_path / "elsewhere.gpkg"
    write_territory(territory("ab\ncd", dict.fromkeys("abcd", 100)), elsewhere)
    assert refused(capsys, "redraw", files["plan"], elsewhere, "--out", out, "--workers", 1) == ["plans_apart"]
    assert not out.exists()


@pytest.mark.parametrize("kind", ["grid", "community", "building", "border"])
def test_what_is_locked_stays(files, tmp_path, capsys, kind) -> None:
    out = tmp_path / "locked.gpkg"
    old = read_plan(files["plan"])
    building = old.members[old.members["kind"] == "building"].iloc[0]
    grid, community = building["grid"], old.grids.set_index("code")["community"][building["grid"]]
    neighbour = old.grids[(old.grids["community"] == community) & (old.grids["code"] != grid)]["code"].iloc[0]
    lock = {
        "grid": grid,
        "community": f"community:{community}",
        "building": f"building:{building['id']}",
        "border": f"border:{grid}+{neighbour}",
    }[kind]
    words = ["redraw", files["plan"], files["later"], "--out", out, "--lock", lock, "--workers", 1]
    status, _ = run(capsys, *words)
    assert status in (0, 1)
    new = read_plan(out)
    at = new.members.set_index("id")["grid"]
    assert new.grids.set_index("code")["parent"][at[building["id"]]] == grid


def test_locks_that_no_lawful_plan_can_keep_are_refused_by_name(tmp_path, capsys) -> None:
    then, now, plan = tmp_path / "then.gpkg", tmp_path / "now.gpkg", tmp_path / "plan.gpkg"
    write_territory(territory("ab", {"a": 200, "b": 200}), then)
    later = territory("ab", {"a": 350, "b": 350})
    write_territory(later, now)
    assert main(["draw", str(then), "--out", str(plan), "--workers", "1"]) == 0
    assert len(read_plan(plan).grids) == 1
    units = later["units"]["id"].tolist()
    locks = [word for unit in units for word in ("--lock", f"unit:{unit}")]
    words = ["redraw", plan, now, "--out", tmp_path / "new.gpkg", "--workers", 1, *locks]
    assert refused(capsys, *words) == ["locks_contradict"]
    assert not (tmp_path / "new.gpkg").exists()


def test_a_locked_grid_out_of_band_is_declared(tmp_path, capsys) -> None:
    then, now, plan = tmp_path / "then.gpkg", tmp_path / "now.gpkg", tmp_path / "plan.gpkg"
    write_territory(territory("abcd", dict.fromkeys("abcd", 200)), then)
    write_territory(territory("abcd", dict.fromkeys("abcd", 270)), now)
    assert main(["draw", str(then), "--out", str(plan), "--workers", "1"]) == 0
    code = read_plan(plan).grids["code"].iloc[0]
    out = tmp_path / "new.gpkg"
    status, said = run(capsys, "redraw", plan, now, "--out", out, "--workers", 1, "--lock", code)
    assert status in (0, 1)
    new = read_plan(out)
    assert code in set(new.violations["grid"])
    assert said["violations"].get("locked") == 1
