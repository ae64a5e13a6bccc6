"""``gridwright patrol`` from files to a folder: what is written, and that every street is walked."""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import gpxpy
import numpy as np
import pytest
import shapely

from api.cli import main
from gis.readers.territory_file import read_territory
from tests.drawn_town import DrawnTown
from tests.patrol_runs import Run, codes, drawn_town, grids_of, patrols, redone, run, summary  # noqa: F401

ROUTE_KEYS = {
    *("grid", "patroller", "mode", "length_m", "required_m", "deadhead_m", "minutes", "lower_bound_m"),
    "unreachable_m",
}


def test_the_summary_has_the_promised_names_and_adds_up(patrols: Path, drawn_town: DrawnTown) -> None:
    content = summary(patrols)
    assert [row["grid"] for row in content["grids"]] == sorted(grids_of(drawn_town)["code"])
    for row in content["routes"]:
        assert row.keys() >= ROUTE_KEYS
        assert row["length_m"] == pytest.approx(row["required_m"] + row["deadhead_m"], abs=0.01)
        assert row["minutes"] <= content["shift_minutes"]
        assert row["length_m"] >= row["lower_bound_m"] - 0.01
        for name in row["files"]:
            assert (patrols / name).stat().st_size > 0
    walked = sum(row["required_m"] for row in content["routes"])
    totals = content["totals"]
    assert walked == pytest.approx(totals["covered_m"], abs=0.1)
    assert totals["covered_m"] + totals["unreachable_m"] == pytest.approx(totals["required_m"], abs=0.1)
    assert totals["refused"] == 0
    assert sorted(path.name for path in patrols.iterdir()) == sorted([*content["files"], "summary.json"])


def test_every_route_has_a_file_of_each_kind(patrols: Path) -> None:
    for row in summary(patrols)["routes"]:
        for suffix in ("geojson", "gpx", "kml"):
            assert f"{row['id']}.{suffix}" in row["files"]
        assert row["id"] == f"{row['grid']}-{row['patroller']}"


def test_the_streets_of_the_town_lie_under_the_routes(patrols: Path, drawn_town: DrawnTown) -> None:
    """Told from the files alone: streets of patrolled classes outside estates, against the legs of all routes."""
    territory = read_territory(drawn_town.territory)
    legs = [
        feature["geometry"]
        for row in summary(patrols)["routes"]
        for feature in json.loads((patrols / f"{row['id']}.geojson").read_text(encoding="utf-8"))["features"]
        if feature["properties"]["kind"] == "inspect"
    ]
    lines = gpd.GeoSeries([shapely.from_geojson(json.dumps(leg)) for leg in legs], crs="EPSG:4326").to_crs(
        territory.crs
    )
    walked = shapely.union_all(shapely.buffer(np.asarray(lines), 0.5))
    streets = territory["streets"]
    streets = streets[streets["class"].isin(["primary", "secondary", "tertiary", "residential", "unclassified"])]
    land = shapely.union_all(np.asarray(grids_of(drawn_town).geometry))
    estates = shapely.union_all(shapely.buffer(np.asarray(territory["estates"].geometry), 6.0))
    asked = shapely.union_all(np.asarray(streets.geometry)).intersection(land.buffer(-5.0)).difference(estates)
    assert asked.length > 5_000
    assert asked.difference(walked).length < 1e-3 * asked.length


def test_the_gpx_of_a_route_is_its_geojson(patrols: Path) -> None:
    row = summary(patrols)["routes"][0]
    features = json.loads((patrols / f"{row['id']}.geojson").read_text(encoding="utf-8"))["features"]
    with (patrols / f"{row['id']}.gpx").open(encoding="utf-8") as file:
        gpx = gpxpy.parse(file)
    track = gpx.tracks[0].segments[0].points
    first = next(f for f in features if f["geometry"]["type"] == "LineString")["geometry"]["coordinates"][0]
    assert [track[0].longitude, track[0].latitude] == pytest.approx(first, abs=1e-6)
    assert gpx.tracks[0].length_2d() == pytest.approx(row["length_m"], rel=0.01)


def test_same_input_same_bytes_with_one_process_or_two(
    drawn_town: DrawnTown,
    patrols: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "again"
    words = [str(drawn_town.territory), str(drawn_town.plan), "--all", "--out", str(out), "--workers", "2"]
    assert main(["patrol", *words, "--lang", "en"]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in patrols.iterdir())
    for path in sorted(out.iterdir()):
        assert path.read_bytes() == (patrols / path.name).read_bytes(), path.name


def test_one_grid_alone_gets_the_route_it_has_among_all(run: Run, patrols: Path, tmp_path: Path) -> None:
    row = summary(patrols)["routes"][0]
    status, answer = run("--grid", row["grid"])
    assert status == 0
    assert [{**told, "files": []} for told in answer["routes"]] == [{**row, "files": []}]


def test_a_patrol_begins_and_ends_at_the_post_asked_for(run: Run, patrols: Path, drawn_town: DrawnTown) -> None:
    posts = read_territory(drawn_town.territory)["posts"]
    grids = grids_of(drawn_town)
    row = summary(patrols)["routes"][0]
    middle = grids.set_index("code").geometry[row["grid"]].centroid
    post = posts.loc[posts.distance(middle).idxmin()]
    status, answer = run("--grid", row["grid"], "--start", post["id"])
    assert status == 0
    (route,) = answer["routes"]
    assert route["start"] == post["name"]
    folder = Path(answer["folder"])
    with (folder / f"{route['id']}.gpx").open(encoding="utf-8") as file:
        points = gpxpy.parse(file).tracks[0].segments[0].points
    ends = gpd.GeoSeries(
        [shapely.Point(points[k].longitude, points[k].latitude) for k in (0, -1)], crs="EPSG:4326"
    ).to_crs(grids.crs)
    assert ends.distance(post.geometry).max() <= 100.0
    assert ends.iloc[0].distance(ends.iloc[1]) < 0.1


def test_routes_of_two_shifts_differ_and_cost_the_same(run: Run, patrols: Path, tmp_path: Path) -> None:
    row = summary(patrols)["routes"][0]
    told, content = [], []
    for half in ("am", "pm"):
        status, answer = run("--grid", row["grid"], "--date", "2026-11-23", "--shift", half)
        assert status == 0
        assert answer["shift"] == f"2026-11-23 {half}"
        told.append(answer["routes"][0])
        content.append((Path(answer["folder"]) / f"{row['id']}.gpx").read_bytes())
    assert content[0] != content[1]
    for key in ("length_m", "required_m", "minutes"):
        assert told[0][key] == pytest.approx(row[key], abs=0.01) == told[1][key]


def test_as_many_routes_as_patrollers_each_shorter(run: Run, patrols: Path) -> None:
    row = max(summary(patrols)["routes"], key=lambda route: route["length_m"])
    status, answer = run("--grid", row["grid"], "--patrollers", "2")
    assert status == 0
    assert len(answer["routes"]) == 2
    assert sum(route["required_m"] for route in answer["routes"]) == pytest.approx(row["required_m"], abs=0.1)
    assert max(route["minutes"] for route in answer["routes"]) < row["minutes"]


def test_a_shift_too_short_for_one_patroller_says_what_would_do(run: Run, patrols: Path) -> None:
    row = max(summary(patrols)["routes"], key=lambda route: route["length_m"])
    short = row["minutes"] * 0.7
    status, answer = run("--grid", row["grid"], "--patrollers", "1", "--shift-minutes", f"{short:.1f}")
    (grid,) = answer["grids"]
    assert (status, grid["status"]) == (1, "over_shift")
    assert grid["patrollers_needed"] >= 2 or grid["shift_minutes_needed"] > short
    assert any(note["code"].startswith("patrol_over_shift") for note in answer["notes"])
    status, answer = run("--grid", row["grid"], "--shift-minutes", f"{short:.1f}")
    assert status == 0
    assert len(answer["routes"]) >= 2
    assert all(route["minutes"] <= short + 0.01 for route in answer["routes"])


def test_an_open_route_is_no_longer_than_a_closed_one(run: Run, patrols: Path) -> None:
    row = summary(patrols)["routes"][0]
    status, answer = run("--grid", row["grid"], "--open")
    assert status == 0
    assert answer["routes"][0]["length_m"] <= row["length_m"] + 0.01


def test_shifted_variants_are_named_so_and_only_on_request(run: Run, patrols: Path) -> None:
    row = summary(patrols)["routes"][0]
    assert not [path for path in patrols.iterdir() if "gcj02" in path.name]
    _, answer = run("--grid", row["grid"], "--gcj02")
    folder = Path(answer["folder"])
    assert f"{row['id']}.gcj02.gpx" in answer["routes"][0]["files"]
    plain, shifted = (
        json.loads((folder / f"{row['id']}{mark}.geojson").read_text(encoding="utf-8"))["features"][0]
        for mark in ("", ".gcj02")
    )
    assert plain["geometry"] != shifted["geometry"]


def test_it_is_told_to_people_in_both_languages(
    drawn_town: DrawnTown,
    patrols: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    grid = summary(patrols)["routes"][0]["grid"]
    files = [str(drawn_town.territory), str(drawn_town.plan), "--grid", grid, "--out", str(tmp_path / "p")]
    assert main(["patrol", *files, "--workers", "1", "--lang", "zh"]) == 0
    assert "巡逻路线已写出" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "p")
    assert main(["patrol", *files, "--workers", "1", "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert "Patrols written" in shown
    assert grid in shown
    assert "gridwright tracks" in shown
