"""``gridwright roster`` from files to a folder: rounds of real routes, spread over days, patrols and vehicles."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from tests.drawn_town import DrawnTown, drawn_town

__all__ = ["drawn_town"]

PERIOD = ["--first", "2026-11-02", "--last", "2026-12-27"]


def rows_of(folder: Path, name: str = "roster.csv") -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def roster(town: DrawnTown, out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    files = [str(town.territory), str(town.plan)]
    status = main(["roster", *files, "--out", str(out), "--workers", "1", *options])
    return status, json.loads((out / "roster.json").read_text(encoding="utf-8")) if out.exists() else {}


@pytest.fixture(scope="module")
def made(drawn_town: DrawnTown, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("roster") / "roster"
    further = ["--with", "sweep", "--holiday", "2026-11-05", "--cancel", "2026-12-01"]
    status, summary = roster(drawn_town, out, *PERIOD, *further)
    assert status == 0
    return out, summary


def minutes_of(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def test_every_grid_with_a_route_is_patrolled_once_per_half_day(made) -> None:
    out, summary = made
    visits = Counter((row["date"], row["watch"], row["grid"]) for row in rows_of(out) if row["watch"] in ("am", "pm"))
    assert set(visits.values()) == {1}
    assert len(visits) == 56 * 2 * summary["grids"]


def test_no_vehicle_and_no_patrol_is_in_two_places(made) -> None:
    out, _ = made
    for who in ("vehicle", "patrol"):
        times = defaultdict(list)
        for row in rows_of(out):
            if row[who]:
                times[row["date"], row[who]].append((minutes_of(row["begin"]), minutes_of(row["end"])))
        for spans in times.values():
            for one, other in pairwise(sorted(spans)):
                assert one[1] <= other[0] + 1  # whole minutes in the file


def test_fourteen_of_sixteen_sweeps_are_held(made) -> None:
    out, summary = made
    [sweep] = [watch for watch in summary["watches"] if watch["name"] == "sweep"]
    assert (sweep["held"], sweep["possible"]) == (14, 16)
    dates = {row["date"] for row in rows_of(out) if row["watch"] == "sweep"}
    assert len(dates) == 14
    assert not {"2026-11-05", "2026-12-01"} & dates
    assert {row["time"] for row in rows_of(out) if row["watch"] == "sweep"} == {"night"}


def test_the_presence_ratio_of_a_grid_lies_between_none_and_all(made) -> None:
    out, summary = made
    rows = rows_of(out, "presence.csv")
    assert len(rows) >= summary["grids"]
    for row in rows:
        # Two half-days a day: every street in at least two hours of 24, where the grid has a route.
        if row["grid"] not in summary["grids_without_route"]:
            assert 2 / 24 - 1e-3 <= float(row["presence"]) < 0.5


def test_the_same_period_gives_the_same_bytes(made, drawn_town: DrawnTown, tmp_path: Path) -> None:
    out, _ = made
    further = ["--with", "sweep", "--holiday", "2026-11-05", "--cancel", "2026-12-01"]
    roster(drawn_town, tmp_path / "again", *PERIOD, *further)
    for name in ("roster.csv", "presence.csv", "roster.json"):
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes()


def test_too_few_patrols_are_told_with_what_would_do(drawn_town: DrawnTown, tmp_path: Path, capsys) -> None:
    from dataclasses import replace
    from datetime import date

    from api.usecases import plan_roster
    from partition.patrol.schedule import HALF_DAYS

    short = [replace(HALF_DAYS[0], minutes=120, n_patrols=1)]
    made = plan_roster(
        drawn_town.territory,
        drawn_town.plan,
        tmp_path / "short",
        date(2026, 11, 2),
        date(2026, 11, 2),
        watches=short,
        cars=0,
        ebikes=0,
        language="en",
    )
    told = made.summary["overloads"]
    assert told
    for overload in told:
        assert "?" not in overload["message"]
        assert overload["n_patrols_needed"] or overload["shift_minutes_needed"]
    walked = {visit.round for shift in made.schedule.shifts for visit in shift.visits}
    left = {round for overload in told for round in overload["rounds"]}
    assert len(walked | left) == made.summary["rounds"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--first", "2026-11-09", "--last", "2026-11-02"], "schedule_period_wrong"),
        (["--first", "2026-02-30", "--last", "2026-11-02"], "patrol_date_wrong"),
        ([*PERIOD, "--cars", "-1"], "option_out_of_range"),
        ([*PERIOD, "--with", "brunch"], "usage"),
    ],
)
def test_wrong_dates_and_numbers_are_refused_before_anything_is_written(
    drawn_town: DrawnTown, tmp_path: Path, capsys, options, code
) -> None:
    files = [str(drawn_town.territory), str(drawn_town.plan)]
    assert main(["roster", *files, "--out", str(tmp_path / "x"), "--json", *options]) == 2
    assert code in capsys.readouterr().out
    assert not (tmp_path / "x").exists()
