"""``gridwright tracks`` from files to a folder: what a track covered, what it missed, what is refused."""

# ruff: noqa: F811 (fixtures are imported by name)
from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gpxpy
import pytest
from gpxpy.gpx import GPX, GPXTrack, GPXTrackPoint, GPXTrackSegment

from api.cli import main
from tests.patrol_runs import DrawnTown, codes, drawn_town, patrols, summary  # noqa: F401

Judge = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def judge(drawn_town: DrawnTown, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Run the command on tracks; its status and what ``--json`` prints."""

    def call(*words: str | Path) -> tuple[int, dict[str, Any]]:
        files = [str(drawn_town.territory), str(drawn_town.plan)]
        out = [] if "--out" in words else ["--out", str(tmp_path / "seen")]
        capsys.readouterr()
        status = main(["tracks", *files, *map(str, words), *out, "--lang", "en", "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


def route_of(folder: Path, most_m: float = 4_000.0) -> dict[str, Any]:
    """A grid's only route, not a long one."""
    rows = [row for row in summary(folder)["routes"] if row["required_m"] > 500 and row["length_m"] < most_m]
    return max(rows, key=lambda row: row["length_m"])


def points_of(folder: Path, row: dict[str, Any]) -> list[tuple[float, float]]:
    with (folder / f"{row['id']}.gpx").open(encoding="utf-8") as file:
        return [(p.longitude, p.latitude) for p in gpxpy.parse(file).tracks[0].segments[0].points]


def write_track(path: Path, points: list[tuple[float, float]], name: str = "") -> Path:
    gpx = GPX()
    track = GPXTrack(name=name or None)
    segment = GPXTrackSegment([GPXTrackPoint(latitude=lat, longitude=lon) for lon, lat in points])
    track.segments.append(segment)
    gpx.tracks.append(track)
    path.write_text(gpx.to_xml(), encoding="utf-8")
    return path


def walked(patrols: Path, folder: Path) -> Path:
    """The line of a route as a receiver brings it back."""
    row = route_of(patrols)
    return write_track(folder / f"{row['id']}.gpx", points_of(patrols, row))


def test_a_planned_route_is_no_track_of_itself(judge: Judge, patrols: Path) -> None:
    status, answer = judge(patrols / f"{route_of(patrols)['id']}.gpx")
    assert (status, codes(answer)) == (2, ["gpx_route_not_track"])


def test_a_route_that_was_walked_is_covered(judge: Judge, patrols: Path, tmp_path: Path) -> None:
    row = route_of(patrols)
    status, answer = judge(walked(patrols, tmp_path))
    assert status == 0
    (grid,) = answer["grids"]
    assert grid["grid"] == row["grid"]
    assert grid["planned_km"] == pytest.approx(row["required_m"] / 1000, abs=0.001)
    assert answer["coverage_frac"] >= 0.99
    assert answer["missed_km"] <= 0.01 * answer["planned_km"]
    folder = tmp_path / "seen"
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["links"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*report["files"], "report.json"])
    for name in ("missed.geojson", "blind.geojson"):
        assert json.loads((folder / name).read_text(encoding="utf-8"))["type"] == "FeatureCollection"


def test_the_half_that_was_not_walked_is_missed_and_told_by_length(judge: Judge, patrols: Path, tmp_path: Path) -> None:
    row = route_of(patrols)
    points = points_of(patrols, row)
    half = write_track(tmp_path / f"{row['id']}.gpx", points[: len(points) // 3])
    status, answer = judge(half)
    assert status == 0
    assert 0.05 < answer["coverage_frac"] < 0.7
    lengths = [street["length_m"] for street in answer["missed"]]
    assert lengths == sorted(lengths, reverse=True)
    assert sum(lengths) == pytest.approx(1000 * answer["missed_km"], abs=1.0)
    with (tmp_path / "seen" / "missed.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(told["missed_m"]) for told in rows] == lengths
    features = json.loads((tmp_path / "seen" / "missed.geojson").read_text(encoding="utf-8"))["features"]
    assert len(features) == len(lengths)


def test_no_name_in_a_file_gets_into_the_results(judge: Judge, patrols: Path, tmp_path: Path) -> None:
    row = route_of(patrols)
    track = write_track(tmp_path / "王小明.gpx", points_of(patrols, row), name="Wang Xiaoming's phone")
    status, answer = judge(track, "--grid", row["grid"])
    assert status == 0
    assert "note_gpx_names_dropped" in [warning["code"] for warning in answer["warnings"]]
    for path in (tmp_path / "seen").iterdir():
        content = path.read_bytes()
        assert "小明".encode() not in content, path.name
        assert b"Xiaoming" not in content, path.name


def test_grids_are_found_by_what_was_walked_unless_named(judge: Judge, patrols: Path, tmp_path: Path) -> None:
    row = route_of(patrols)
    track = write_track(tmp_path / "7.gpx", points_of(patrols, row))
    _, answer = judge(track)
    assert row["grid"] in [grid["grid"] for grid in answer["grids"]]
    assert "track_grids_chosen" in [warning["code"] for warning in answer["warnings"]]
    _, answer = judge(track, "--all")
    assert len(answer["grids"]) == len(summary(patrols)["grids"])
    other = next(told["grid"] for told in summary(patrols)["routes"] if told["grid"] != row["grid"])
    _, answer = judge(track, "--grid", other)
    assert [grid["grid"] for grid in answer["grids"]] == [other]


def test_a_track_far_from_every_street_covers_nothing(judge: Judge, patrols: Path, tmp_path: Path) -> None:
    row = route_of(patrols)
    far = write_track(tmp_path / "7.gpx", [(lon, lat + 0.5) for lon, lat in points_of(patrols, row)])
    status, answer = judge(far, "--grid", row["grid"])
    assert (status, answer["covered_km"]) == (1, 0.0)
    assert answer["warnings"]


def test_every_file_that_can_not_be_read_is_named(judge: Judge, patrols: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gpx"
    bomb.write_text('<!DOCTYPE g [<!ENTITY a "b">]><gpx><trk>&a;</trk></gpx>', encoding="utf-8")
    letter = tmp_path / "letter.gpx"
    letter.write_text("Dear all", encoding="utf-8")
    status, answer = judge(bomb, letter)
    assert status == 2
    assert len(answer["error"]["faults"]) == 2
    assert codes(answer)[0] == "gpx_entities_refused"
    assert not (tmp_path / "seen").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("none.gpx",), "file_not_found"),
        (("{track}", "--grid", "nowhere"), "patrol_grid_unknown"),
        (("{track}", "--grid", "x", "--all"), "option_both"),
        (("{track}", "{track}"), "source_given_twice"),
        (("{track}", "--out", "{folder}"), "results_folder_taken"),
    ],
)
def test_wishes_that_can_not_be_met_are_refused(
    judge: Judge, patrols: Path, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    track = walked(patrols, tmp_path)
    filled = [word.format(track=track, folder=patrols) for word in words]
    status, answer = judge(*filled)
    assert (status, codes(answer)[0]) == (2, code)


def test_an_earlier_folder_of_tracks_is_replaced(judge: Judge, patrols: Path, tmp_path: Path) -> None:
    track = walked(patrols, tmp_path)
    assert judge(track, "--no-pages")[0] == 0
    assert judge(track, "--no-pages")[0] == 0


def test_it_is_told_to_people_in_both_languages(
    drawn_town: DrawnTown, patrols: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    track = str(walked(patrols, tmp_path))
    files = [str(drawn_town.territory), str(drawn_town.plan), track, "--out", str(tmp_path / "seen"), "--no-pages"]
    for language, words in (("zh", "轨迹已核对"), ("en", "Tracks judged")):
        assert main(["tracks", *files, "--lang", language]) == 0
        assert words in capsys.readouterr().out
