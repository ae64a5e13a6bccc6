"""``gridwright patrol``: routes that pass every street and key place of a grid, in one folder."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api import settings
from api.cli.commands.tables import word
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE
from gis.errors import InputError

if TYPE_CHECKING:
    from api.usecases.plan_patrols import Patrolled

NAME = "patrol"
_SHOWN_GRIDS, _SHOWN_REMARKS = 30, 20
_M_PER_KM = 1000.0


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("--grid", metavar="CODE", nargs="+", action="extend", default=[])
    parser.take("--all", action="store_true")
    parser.take("--out", required=True, metavar="DIR", type=Path)
    parser.take("--mode", choices=("foot", "ebike", "car"))
    parser.take("--shift-minutes", metavar="MINUTES", type=float)
    parser.take("--patrollers", metavar="K", type=int)
    parser.take("--start", metavar="POST", nargs="+", action="extend", default=[])
    parser.take("--open", action="store_true", default=None)
    parser.take("--settings", metavar="PATROL.toml", type=Path)
    parser.take("--shift", choices=("am", "pm"))
    parser.take("--date", metavar="YYYY-MM-DD", type=str)
    parser.take("--gcj02", action="store_true")
    parser.take("--no-pages", action="store_true")
    parser.take("--seed", metavar="N", type=int, default=0)
    parser.take("--seconds", metavar="S", type=float)
    parser.take("--workers", metavar="N", type=int)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Plan; status 1 when there is no route, or a route that its shift does not hold."""
    from api.usecases import plan_patrols
    from api.usecases.patrol_settings import read_patrol_settings

    if bool(arguments.grid) == arguments.all:
        given = "--grid --all" if arguments.all else None
        raise InputError("patrol_grid_or_all", measured=given, allowed="--grid CODE... / --all")
    chosen = read_patrol_settings(
        arguments.settings,
        mode=arguments.mode,
        shift_minutes=arguments.shift_minutes,
        patrollers=arguments.patrollers,
        is_open=arguments.open,
    )
    with talk.progress() as progress:
        patrolled = plan_patrols(
            arguments.territory,
            arguments.plan,
            arguments.out,
            grids=None if arguments.all else tuple(arguments.grid),
            settings=chosen,
            start=tuple(arguments.start),
            day=_read_date(arguments.date),
            half=arguments.shift or "",
            with_gcj02=arguments.gcj02,
            with_pages=not arguments.no_pages,
            language=talk.language,
            seed=arguments.seed,
            seconds=arguments.seconds,
            workers=settings.n_cores() if arguments.workers is None else arguments.workers,
            progress=progress,
        )
    return _told(patrolled, arguments, talk)


def _told(patrolled: Patrolled, arguments: Namespace, talk: Talk) -> Outcome:
    content = patrolled.summary
    summary = {"command": NAME, "folder": patrolled.folder, **content}
    totals = content["totals"]
    shown: list[str | Table] = [
        talk.say("patrol_done", file=str(patrolled.folder), measured=totals["routes"], grids=totals["grids"]),
        Table(("label_measure", "label_value"), _totals(totals, talk)),
    ]
    if content["grids"]:
        rows = [_grid_row(row, talk) for row in content["grids"][:_SHOWN_GRIDS]]
        headings = ("label_grid", "patrol_label_status", "patrol_label_patrollers", "patrol_label_km")
        shown.append(Table((*headings, "patrol_label_minutes", "patrol_label_ratio"), rows))
        if len(content["grids"]) > _SHOWN_GRIDS:
            shown.append(talk.say("more_rows", measured=len(content["grids"]) - _SHOWN_GRIDS, option="--json"))
    notes = [note["message"] for note in content["notes"]]
    shown += notes[:_SHOWN_REMARKS]
    if len(notes) > _SHOWN_REMARKS:
        shown.append(talk.say("more_rows", measured=len(notes) - _SHOWN_REMARKS, option="--json"))
    status = BROKEN if not totals["routes"] or totals["over_shift"] or totals["refused"] else DONE
    following = f"gridwright tracks {arguments.territory} {arguments.plan} TRACK.gpx --out {arguments.out}-tracks"
    return Outcome(status, summary, shown, following if totals["routes"] else "")


def _totals(totals: dict[str, Any], talk: Talk) -> list[tuple[str, str | int | float]]:
    km = [
        ("patrol_label_required_km", "required_m"),
        ("patrol_label_covered_km", "covered_m"),
        ("patrol_label_unreachable_km", "unreachable_m"),
        ("patrol_label_walked_km", "length_m"),
    ]
    rows: list[tuple[str, str | int | float]] = [
        (talk.say(label), round(totals[key] / _M_PER_KM, 2)) for label, key in km
    ]
    rows.append((talk.say("patrol_label_longest"), round(totals["longest_minutes"], 1)))
    if totals["ratio"] is not None:
        rows.append((talk.say("patrol_label_ratio"), round(totals["ratio"], 4)))
    return rows


def _grid_row(row: dict[str, Any], talk: Talk) -> tuple[str | int | float, ...]:
    return (
        row["grid"],
        word("patrol_status", row["status"], talk),
        row["patrollers"],
        round(row["length_m"] / _M_PER_KM, 2),
        round(row["longest_minutes"], 1),
        "" if row["ratio"] is None else f"{row['ratio']:.3f}",
    )


def _read_date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("patrol_date_wrong", column="--date", measured=text[:40], allowed="YYYY-MM-DD") from None
