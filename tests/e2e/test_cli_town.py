"""The sample town through the command line, as a user runs it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from api.cli import main
from data.store import open_store

DAY = ("--today", "2026-05-06")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--out", str(folder), "--no-serve", "--households", "2000", "--workers", "1", *DAY]) == 0
    return folder


def test_demo_writes_town_plan_map_patrols_cameras_reach_and_store(demo) -> None:
    files = {"town.gpkg", "plan.gpkg", "plan.html", "store.sqlite"}
    assert {path.name for path in demo.iterdir()} == files | {"patrols", "cameras", "reach"}


def test_demo_surveys_cameras_and_response_times_on_the_plan(demo) -> None:
    cameras, reach = (
        json.loads((demo / name / "summary.json").read_text(encoding="utf-8")) for name in ("cameras", "reach")
    )
    assert cameras["plan"] == reach["plan"] != ""
    assert (cameras["faults"], reach["faults"]) == ([], [])
    assert cameras["totals"]["positions"] > 0
    assert cameras["siting"]["n"] == 20
    assert len(reach["rules"]) == 10
    for name, files in (("cameras", ("cameras.html", "cameras.xlsx")), ("reach", ("reach.html", "reach.xlsx"))):
        assert all((demo / name / file).stat().st_size > 5_000 for file in files)


def test_demo_has_a_year_of_incidents_each_in_a_grid_of_its_plan(demo) -> None:
    store = open_store(f"sqlite:///{demo / 'store.sqlite'}")
    with store.read() as tx:
        cards = tx.incidents.cards()
    store.close()
    assert len(cards) > 10
    assert all(card.grid and card.plan for card in cards)
    days = sorted(card.received_at for card in cards)
    end = datetime(2026, 5, 6, tzinfo=timezone(timedelta(hours=8)))
    assert end - timedelta(days=365) <= days[0] < days[-1] < end
    assert days[-1] - days[0] > timedelta(days=200)


def test_demo_patrols_every_street_of_every_grid(demo) -> None:
    content = json.loads((demo / "patrols" / "summary.json").read_text(encoding="utf-8"))
    totals = content["totals"]
    assert totals["covered_m"] + totals["unreachable_m"] == pytest.approx(totals["required_m"], abs=0.1)
    assert totals["covered_m"] > 5_000
    assert {f"{row['id']}.gpx" for row in content["routes"]} <= {path.name for path in (demo / "patrols").iterdir()}


def test_demo_again_gives_the_same_bytes_with_more_workers(demo, tmp_path, capsys) -> None:
    argv = [
        "demo",
        "--out",
        str(tmp_path / "new" / "folder"),
        "--no-serve",
        "--households",
        "2000",
        "--workers",
        "2",
        *DAY,
    ]
    assert main([*argv, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["passed"] is True
    for name in ("town.gpkg", "plan.gpkg"):
        assert digest(tmp_path / "new" / "folder" / name) == digest(demo / name)


def test_another_seed_gives_another_town(demo, tmp_path) -> None:
    argv = ["demo", "--out", str(tmp_path), "--no-serve", "--households", "2000", "--seed", "2", *DAY]
    assert main(argv) in (0, 1)
    assert digest(tmp_path / "town.gpkg") != digest(demo / "town.gpkg")


def test_every_standard_grid_of_the_town_is_in_band_where_lawful(demo, tmp_path, capsys) -> None:
    assert main(["draw", str(demo / "town.gpkg"), "--out", str(tmp_path / "plan.gpkg"), "--seed", "1", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["passed"] is True
    assert summary["feasible"].get("unknown", 0) == 0
    assert main(["check", str(tmp_path / "plan.gpkg"), str(demo / "town.gpkg"), "--json"]) == 0


def test_the_territory_of_the_town_imports_into_the_same_town(demo, tmp_path, capsys) -> None:
    out = tmp_path / "imported.gpkg"
    assert main(["import", str(demo / "town.gpkg"), "--out", str(out), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert {path.name for path in tmp_path.iterdir()} == {
        "imported.gpkg",
        "imported.report.json",
        "imported.report.md",
    }
    assert main(["draw", str(demo / "town.gpkg"), "--out", str(tmp_path / "a.gpkg"), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert summary["households"] == first["households"]
    assert main(["draw", str(out), "--out", str(tmp_path / "b.gpkg"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["households"] == first["households"]


def test_the_map_is_written_with_and_without_the_territory(demo, tmp_path, capsys) -> None:
    for name, extra in (("with", [str(demo / "town.gpkg")]), ("without", [])):
        out = tmp_path / f"{name}.html"
        assert main(["map", str(demo / "plan.gpkg"), *extra, "--out", str(out), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["bytes"] == out.stat().st_size > 10_000


def test_demo_with_a_taken_port_says_so_before_the_work(tmp_path, capsys) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert main(["demo", "--out", str(tmp_path / "demo"), "--port", port, "--lang", "en"]) == 2
    assert "is taken" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("households", ["0", "-5", "99999999"])
def test_a_town_of_impossible_size_is_refused(households, tmp_path, capsys) -> None:
    argv = ["demo", "--out", str(tmp_path / "demo"), "--no-serve", "--households", households]
    assert main(argv) == 2
    assert "--households" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()
