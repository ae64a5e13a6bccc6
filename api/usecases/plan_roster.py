"""A territory and a plan in, the roster of a period out: who patrols which grid when, and with which vehicle.

Routes are planned for every mode the watches may use, so minutes are those of real routes; how they are spread over
days, patrols and vehicles is decided in `partition.patrol.schedule`.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from api.i18n import sentence
from api.usecases.patrol_land import Land, lay_land, read_land
from api.usecases.results_folder import may_replace, write_index
from data.files.whole_folder import whole_folder
from gis.graph import FloatArray
from gis.progress import SILENT, Progress
from gis.streets import Mode
from partition.executor import Executor, InProcess, Pool
from partition.patrol.many import GridPatrol, plan_many
from partition.patrol.schedule import (
    HALF_DAYS,
    Overload,
    Passes,
    Round,
    Schedule,
    Shift,
    Vehicle,
    Visit,
    Watch,
    passes_of,
    plan_schedule,
    presence,
    shared_vehicles,
    shift_key,
    total_of,
    vary,
)
from partition.patrol.settings import PatrolSettings

INDEX = "roster.json"
FORM = "gridwright roster"
COLUMNS = (
    *("date", "watch", "kind", "time", "patrol", "persons", "mode", "vehicle", "order", "grid", "route"),
    *("begin", "end", "minutes"),
)


@dataclass(frozen=True, slots=True)
class Rostered:
    """The folder, what stands in its ``roster.json``, and the schedule itself."""

    folder: Path
    summary: Mapping[str, Any]
    schedule: Schedule


def plan_roster(
    territory_path: Path,
    plan_path: Path,
    out: Path,
    first: date,
    last: date,
    *,
    watches: Sequence[Watch] = HALF_DAYS,
    cars: int = 1,
    ebikes: int = 2,
    holidays: Collection[date] = (),
    cancelled: Mapping[str, Collection[date]] | None = None,
    settings: PatrolSettings | None = None,
    language: str = "zh",
    seed: int = 0,
    workers: int = 1,
    progress: Progress = SILENT,
) -> Rostered:
    """Plan the rounds of every grid and spread them over a period.

    Parameters
    ----------
    territory_path, plan_path
        Territory file, and a plan drawn on it.
    out
        Folder to make, or an earlier one of this kind to replace: ``roster.csv`` (a row a visit), ``presence.csv``
        (street-hours with a patrol, a row a grid), ``roster.json``.
    first, last
        The period, both days included.
    watches
        What takes place, the most important first.
    cars, ebikes
        Vehicles of every community.
    holidays, cancelled
        See `plan_schedule`.
    settings
        Speeds, what is inspected; mode and shift are those of the watches.
    language
        Of sentences.
    seed, workers
        Of the search for routes; never changes what the same seed gives.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``schedule_*``, ``patrol_other_territory``, ``patrol_no_streets``, ``patrol_no_grids``, ``results_*``.
    StorageError
        The folder can not be written.
    """
    may = may_replace(out, INDEX, FORM)
    settings = replace(settings or PatrolSettings(), n_patrollers=0)
    settings = replace(settings, shift_minutes=float(max((w.minutes for w in watches if w.must_cover), default=240)))
    there = {Mode.FOOT: 1, Mode.CAR: cars, Mode.EBIKE: ebikes}
    wanted = {mode for watch in watches for mode in watch.modes if there[mode]} or {Mode.FOOT}
    modes = sorted(wanted, key=list(Mode).index)
    planned: dict[Mode, _Planned] = {}
    executor: Executor = InProcess() if workers == 1 else Pool(workers)
    try:
        land: Land | None = None
        for mode in modes:
            under = replace(settings, mode=mode)
            land = (
                read_land(territory_path, plan_path, under, progress)
                if land is None
                else lay_land(land.territory, land.filed, under, names=(plan_path.name, territory_path.name))
            )
            grids = list(land.beats.grids)
            patrols = plan_many(
                land.network, land.beats, grids, under, {}, seed=seed, executor=executor, progress=progress
            )
            planned[mode] = _Planned(land, {patrol.grid: patrol for patrol in patrols if patrol.check.passed})
    finally:
        executor.close()
    assert land is not None
    rounds, origin = _rounds(planned)
    communities = sorted(set(land.filed.grids["community"]))
    fleet = shared_vehicles(communities, cars=cars, ebikes=ebikes)
    schedule = plan_schedule(
        rounds,
        fleet,
        first,
        last,
        watches=watches,
        holidays=holidays,
        cancelled=cancelled,
        plan_id=land.plan_id,
    )
    ratios = _presence(schedule, planned, origin, land.plan_id, first, last)
    with whole_folder(out, may_replace=may) as place:
        _write_csv(place / "roster.csv", COLUMNS, _rows(schedule))
        columns = ("grid", "metre_hours", "metre_hours_with_patrol", "presence")
        _write_csv(place / "presence.csv", columns, ratios)
        summary = _summary(schedule, watches, fleet, rounds, land, language)
        summary |= {"plan": land.plan_id, "first": first.isoformat(), "last": last.isoformat()}
        write_index(place, INDEX, FORM, summary)
    return Rostered(out, summary, schedule)


@dataclass(frozen=True, slots=True)
class _Planned:
    """Routes of every grid in one mode, and the streets they are on."""

    land: Land
    patrols: Mapping[str, GridPatrol]


def _rounds(planned: Mapping[Mode, _Planned]) -> tuple[list[Round], dict[str, int]]:
    """What has to be walked in each watch, and which of its grid's routes a round is.

    A grid that one patrol can walk is one round, in every mode in which one patrol can; else it is several, all in
    the mode in which they are fewest: routes of different modes share a grid out differently.
    """
    rounds: list[Round] = []
    origin: dict[str, int] = {}
    some = next(iter(planned.values())).land
    community = dict(zip(some.filed.grids["code"], some.filed.grids["community"]))
    middle = dict(zip(some.grids["code"], some.grids.geometry.representative_point()))
    for grid in some.beats.grids:
        seconds = {
            mode: [route.seconds for route in of_mode.patrols[grid].result.routes]
            for mode, of_mode in planned.items()
            if grid in of_mode.patrols and of_mode.patrols[grid].result.routes
        }
        if not seconds:
            continue
        fewest = min(seconds, key=lambda mode: len(seconds[mode]))
        n = len(seconds[fewest])
        for number in range(n):
            usable = [mode for mode in seconds if len(seconds[mode]) == 1] if n == 1 else [fewest]
            minutes = {mode: seconds[mode][number] / 60 for mode in usable}
            id = f"{grid}-{number + 1}"
            origin[id] = number
            rounds.append(Round(id, grid, community[grid], minutes, middle[grid].x, middle[grid].y))
    return rounds, origin


def _presence(
    schedule: Schedule,
    planned: Mapping[Mode, _Planned],
    origin: Mapping[str, int],
    plan_id: str,
    first: date,
    last: date,
) -> list[tuple[Any, ...]]:
    """Street-hours with a patrol, by grid: streets are rows of the territory's layer, the same in every mode."""
    metres: dict[str, dict[int, float]] = {}
    for of_mode in planned.values():
        network, beats = of_mode.land.network, of_mode.land.beats
        for link in np.flatnonzero(beats.link_grid >= 0).tolist():
            own = metres.setdefault(beats.grids[beats.link_grid[link]], {})
            street = int(network.street[link])
            own[street] = own.get(street, 0.0) + float(network.length_m[link]) / len(planned)
    number = {grid: {street: i for i, street in enumerate(sorted(own))} for grid, own in metres.items()}

    def passes(shift: Shift, visit: Visit) -> Passes:
        of_mode = planned[shift.mode]
        patrol = of_mode.patrols[visit.grid]
        place = origin[visit.round]
        key = shift_key(plan_id, visit.grid, shift.date.isoformat(), shift.watch, place + 1)
        found = passes_of(patrol.posed.problem, vary(patrol.posed.problem, patrol.result.routes[place], key))
        row = of_mode.land.network.street[patrol.posed.link[found.street]]
        own = number[visit.grid]
        street = np.array([own.get(int(r), -1) for r in row], dtype=np.int32)
        kept = street >= 0
        return Passes(street[kept], found.from_s[kept], found.to_s[kept])

    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    street_m: dict[str, FloatArray] = {
        grid: np.array([own[street] for street in sorted(own)]) for grid, own in metres.items()
    }
    found = presence(schedule, street_m, passes, days=days)
    return [
        (grid, round(one.metre_hours), round(one.metre_hours_with_patrol), round(one.ratio, 5))
        for grid, one in found.items()
    ]


def _rows(schedule: Schedule) -> list[tuple[Any, ...]]:
    return [
        (
            shift.date.isoformat(),
            shift.watch,
            shift.kind.value,
            "night" if shift.is_night else "day",
            shift.patrol,
            shift.persons,
            shift.mode.value,
            shift.vehicle,
            order,
            visit.grid,
            visit.round,
            _clock(visit.start_min),
            _clock(visit.start_min + visit.minutes),
            round(visit.minutes, 1),
        )
        for shift in schedule.shifts
        for order, visit in enumerate(shift.visits, start=1)
    ]


def _clock(minutes: float) -> str:
    """Time of the day; past midnight the hours go on: 25:10."""
    hours, rest = divmod(round(minutes), 60)
    return f"{hours:02}:{rest:02}"


def _summary(
    schedule: Schedule,
    watches: Sequence[Watch],
    fleet: Sequence[Vehicle],
    rounds: Sequence[Round],
    land: Land,
    language: str,
) -> dict[str, Any]:
    with_round = {one.grid for one in rounds}
    return {
        "rounds": len(rounds),
        "grids": len(with_round),
        "grids_without_route": [grid for grid in land.beats.grids if grid not in with_round],
        "vehicles": {mode.value: sum(v.mode == mode for v in fleet) for mode in (Mode.CAR, Mode.EBIKE)},
        "watches": [
            {
                "name": watch.name,
                "kind": watch.kind.value,
                "night": watch.is_night,
                **{key: round(value, 3) for key, value in asdict(total_of(schedule, watch.name)).items()},
            }
            for watch in watches
        ],
        "overloads": [_overload_row(overload, language) for overload in schedule.overloads],
    }


def _overload_row(overload: Overload, language: str) -> dict[str, Any]:
    shown = ", ".join(overload.rounds[:5]) + (", …" if len(overload.rounds) > 5 else "")
    is_one = overload.code == "patrol_round_too_long"
    facts = {
        "measured": shown if is_one else round(overload.minutes),
        "allowed": round(overload.allowed_minutes),
        "community": overload.community,
        "watch": overload.watch,
        "rounds": shown,
        "n_patrols": overload.n_patrols_needed,
        "shift_minutes": overload.shift_minutes_needed,
    }
    return {
        "code": overload.code,
        "message": sentence(overload.code, facts, language),
        "watch": overload.watch,
        "community": overload.community,
        "first": overload.first.isoformat(),
        "rounds": list(overload.rounds),
        "n_patrols_needed": overload.n_patrols_needed,
        "shift_minutes_needed": overload.shift_minutes_needed,
    }


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    # With the mark that spreadsheets need to read Chinese.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
