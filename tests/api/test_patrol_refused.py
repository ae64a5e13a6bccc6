"""``gridwright patrol`` where something is wrong (wishes, files, folders, land): refused, or told with its reason."""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import shapely

from data.files.plan_file import read_plan, write_plan
from data.files.territory_file import write_territory
from gis.readers.territory_file import read_territory
from tests.drawn_town import DrawnTown
from tests.patrol_runs import Run, codes, drawn_town, grids_of, patrols, redone, run, summary  # noqa: F401


def test_an_earlier_folder_is_replaced_and_a_foreign_one_is_not(run: Run, patrols: Path, tmp_path: Path) -> None:
    grid = summary(patrols)["routes"][0]["grid"]
    out = tmp_path / "patrols"
    assert run("--grid", grid)[0] == 0
    assert run("--grid", grid)[0] == 0
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    status, answer = run("--grid", grid)
    assert (status, codes(answer)) == (2, ["results_holds_other_files"])
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine", encoding="utf-8")
    status, answer = run("--grid", grid, "--out", str(other))
    assert (status, codes(answer)) == (2, ["results_folder_taken"])
    assert (other / "letter.txt").read_text(encoding="utf-8") == "mine"
    status, answer = run("--grid", grid, "--out", str(other / "letter.txt"))
    assert (status, codes(answer)) == (2, ["results_not_a_folder"])
    status, answer = run("--grid", grid, "--out", str(tmp_path / "no" / "where"))
    assert (status, codes(answer)) == (2, ["out_folder_missing"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--grid", "nowhere", "nor-here"), ["patrol_grid_unknown", "patrol_grid_unknown"]),
        ((), ["patrol_grid_or_all"]),
        (("--all", "--grid", "x"), ["patrol_grid_or_all"]),
        (("--all", "--start", "p99999"), ["patrol_post_unknown"]),
        (("--all", "--date", "22.11.2026"), ["patrol_date_wrong"]),
        (("--all", "--shift-minutes", "0"), ["patrol_settings_out_of_range"]),
        (("--all", "--patrollers", "-1", "--shift-minutes", "nan"), ["patrol_settings_out_of_range"] * 2),
        (("--all", "--seconds", "-1"), ["option_out_of_range"]),
        (("--all", "--settings", "no-such.toml"), ["patrol_settings_missing"]),
        (("--all", "--mode", "horse"), ["usage_choice"]),
    ],
)
def test_wishes_that_can_not_be_met_are_refused_with_a_remedy(
    run: Run, tmp_path: Path, words: tuple[str, ...], code: list[str]
) -> None:
    status, answer = run(*words)
    assert (status, codes(answer)) == (2, code)
    assert all("?" not in fault["message"] for fault in answer["error"]["faults"])
    assert not (tmp_path / "patrols").exists()


def test_settings_of_a_file_hold_until_an_option_says_otherwise(run: Run, patrols: Path, tmp_path: Path) -> None:
    grid = summary(patrols)["routes"][0]["grid"]
    file = tmp_path / "patrol.toml"
    file.write_text('[patrol]\nmode = "ebike"\nshift_minutes = 90\npatrollers = 1\n', encoding="utf-8")
    status, answer = run("--grid", grid, "--settings", str(file), "--shift-minutes", "120")
    assert status == 0
    assert (answer["mode"], answer["shift_minutes"], answer["patrollers"]) == ("ebike", 120.0, 1)
    assert answer["routes"][0]["mode"] == "ebike"
    file.write_bytes("[patrol]\nmode = 'élan'".encode("latin-1"))
    assert codes(run("--grid", grid, "--settings", str(file))[1]) == ["patrol_settings_not_text"]


def test_a_post_off_the_network_is_told_with_its_distance(
    run: Run,
    drawn_town: DrawnTown,
    tmp_path: Path,
) -> None:
    territory = read_territory(drawn_town.territory)
    posts = territory["posts"].copy()
    x0, y0, *_ = territory["streets"].total_bounds
    posts.loc[0, "geometry"] = shapely.Point(x0 - 2_000, y0)
    moved, plan = redone(territory.with_layers(posts=posts), drawn_town, tmp_path)
    status, answer = run("--all", "--start", posts["id"].iloc[0], territory=moved, plan=plan)
    assert (status, codes(answer)) == (2, ["patrol_post_off_network"])
    facts = answer["error"]["faults"][0]["facts"]
    assert facts["measured"] > 1_500
    assert facts["allowed"] == 100.0
    assert run("--all", territory=moved, plan=plan)[0] == 0


def test_a_territory_of_another_plan_is_refused(run: Run, drawn_town: DrawnTown, tmp_path: Path) -> None:
    territory = read_territory(drawn_town.territory)
    streets = territory["streets"].iloc[1:]
    other = tmp_path / "other.gpkg"
    write_territory(territory.with_layers(streets=streets), other)
    assert codes(run("--all", territory=other)[1]) == ["patrol_other_territory"]


def test_a_territory_without_streets_is_refused(run: Run, drawn_town: DrawnTown, tmp_path: Path) -> None:
    territory = read_territory(drawn_town.territory)
    bare, plan = redone(territory.with_layers(streets=territory["streets"].iloc[:0]), drawn_town, tmp_path)
    assert codes(run("--all", territory=bare, plan=plan)[1]) == ["patrol_no_streets"]


def test_files_in_the_wrong_order_are_told_so(run: Run, drawn_town: DrawnTown) -> None:
    status, answer = run("--all", territory=drawn_town.plan, plan=drawn_town.territory)
    assert (status, codes(answer)) == (2, ["territory_in_place_of_plan"])


def test_a_grid_without_a_street_is_a_result_with_its_reason(
    run: Run,
    patrols: Path,
    drawn_town: DrawnTown,
    tmp_path: Path,
) -> None:
    territory = read_territory(drawn_town.territory)
    grids = grids_of(drawn_town).set_index("code")
    code = summary(patrols)["routes"][0]["grid"]
    shape = grids.geometry[code]
    streets = territory["streets"]
    gone = territory.with_layers(
        streets=streets[~streets.intersects(shape.buffer(20.0))],
        key_places=territory["key_places"][~territory["key_places"].intersects(shape)],
    )
    file, plan = redone(gone, drawn_town, tmp_path)
    status, answer = run("--grid", code, territory=file, plan=plan)
    assert status == 1
    assert answer["routes"] == []
    assert [(row["grid"], row["status"]) for row in answer["grids"]] == [(code, "nothing")]
    assert [note["code"] for note in answer["notes"] if note["facts"].get("id") == code] == ["patrol_nothing"]
    assert summary(tmp_path / "patrols")["grids"] == answer["grids"]


def test_streets_of_other_classes_are_named_as_the_reason(run: Run, patrols: Path, tmp_path: Path) -> None:
    code = summary(patrols)["routes"][0]["grid"]
    file = tmp_path / "patrol.toml"
    file.write_text('[patrol]\nclasses = ["motorway"]\n', encoding="utf-8")
    status, answer = run("--grid", code, "--settings", str(file))
    notes = [note for note in answer["notes"] if note["facts"].get("id") == code]
    if answer["routes"]:  # its key places are still called at
        assert (status, answer["routes"][0]["required_m"]) == (0, 0.0)
    else:
        assert (status, [note["code"] for note in notes]) == (1, ["patrol_nothing_but"])
        assert notes[0]["facts"]["class"] > 0


def test_a_code_that_is_no_file_name_stays_inside_the_folder(
    run: Run,
    patrols: Path,
    drawn_town: DrawnTown,
    tmp_path: Path,
) -> None:
    filed = read_plan(drawn_town.plan)
    code = summary(patrols)["routes"][0]["grid"]
    odd = "../../etc/x y"
    grids = filed.grids.assign(code=filed.grids["code"].replace(code, odd))
    plan = tmp_path / "odd.gpkg"
    write_plan(
        type(filed)(
            grids.sort_values("code", ignore_index=True), filed.members, filed.communities, filed.violations, filed.meta
        ),
        plan,
    )
    status, answer = run("--grid", odd, plan=plan)
    assert status == 0
    (route,) = answer["routes"]
    assert route["grid"] == odd
    assert all("/" not in name for name in route["files"])
    assert all((tmp_path / "patrols" / name).is_file() for name in route["files"])


def test_nothing_is_left_behind_when_the_disk_refuses(
    run: Run,
    patrols: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grid = summary(patrols)["routes"][0]["grid"]
    assert run("--grid", grid)[0] == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "patrols").iterdir()}

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(import_module("api.usecases.plan_patrols"), "write_index", refuse)
    status, answer = run("--grid", grid, "--patrollers", "2")
    assert (status, codes(answer)) == (2, ["disk_full"])
    assert {path.name: path.read_bytes() for path in (tmp_path / "patrols").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["patrols"]
