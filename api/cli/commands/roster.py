"""``gridwright roster``: who patrols which grid when and with which vehicle, over a period."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import Path
from typing import Any

from api import settings
from api.cli.commands.tables import word
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE
from gis.errors import InputError

NAME = "roster"
_SHOWN = 20
_EXTRA = ("sweep", "night", "volunteer")


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("--first", required=True, metavar="YYYY-MM-DD", type=str)
    parser.take("--last", required=True, metavar="YYYY-MM-DD", type=str)
    parser.take("--out", required=True, metavar="DIR", type=Path)
    parser.take("--with", dest="also", choices=_EXTRA, nargs="+", action="extend", default=[])
    parser.take("--cars", metavar="N", type=int, default=1)
    parser.take("--ebikes", metavar="N", type=int, default=2)
    parser.take("--patrols", metavar="N", type=int, default=0)
    parser.take("--holiday", metavar="YYYY-MM-DD", nargs="+", action="extend", default=[])
    parser.take("--cancel", metavar="YYYY-MM-DD", nargs="+", action="extend", default=[])
    parser.take("--settings", metavar="PATROL.toml", type=Path)
    parser.take("--seed", metavar="N", type=int, default=0)
    parser.take("--workers", metavar="N", type=int)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Plan; status 1 when some round does not fit."""
    from dataclasses import replace

    from api.usecases import plan_roster
    from api.usecases.patrol_settings import read_patrol_settings
    from partition.patrol.schedule import EVENING_SWEEP, HALF_DAYS, NIGHT, VOLUNTEERS

    for option, value in (("--cars", arguments.cars), ("--ebikes", arguments.ebikes), ("--patrols", arguments.patrols)):
        if not 0 <= value <= 1000:
            raise InputError("option_out_of_range", column=option, measured=value, allowed="0-1000")
    chosen = read_patrol_settings(arguments.settings)
    halves = [replace(watch, n_patrols=arguments.patrols) for watch in HALF_DAYS]
    further = {"sweep": EVENING_SWEEP, "night": NIGHT, "volunteer": VOLUNTEERS}
    with talk.progress() as progress:
        made = plan_roster(
            arguments.territory,
            arguments.plan,
            arguments.out,
            _date("--first", arguments.first),
            _date("--last", arguments.last),
            watches=[*halves, *(further[name] for name in _EXTRA if name in arguments.also)],
            cars=arguments.cars,
            ebikes=arguments.ebikes,
            holidays=[_date("--holiday", text) for text in arguments.holiday],
            cancelled={"sweep": [_date("--cancel", text) for text in arguments.cancel]},
            settings=chosen,
            language=talk.language,
            seed=arguments.seed,
            workers=settings.n_cores() if arguments.workers is None else arguments.workers,
            progress=progress,
        )
    content: dict[str, Any] = dict(made.summary)
    rows = [
        (
            word("roster_watch", w["name"], talk),
            f"{w['held']} / {w['possible']}",
            w["shifts"],
            w["vehicle_times"],
            w["person_times"],
        )
        for w in content["watches"]
    ]
    headings = ("roster_watch", "roster_held", "roster_shifts", "roster_vehicles", "roster_persons")
    said = talk.say("roster_done", file=str(made.folder), measured=content["rounds"], grids=content["grids"])
    shown: list[str | Table] = [said, Table(headings, rows)]
    shown += [overload["message"] for overload in content["overloads"][:_SHOWN]]
    status = BROKEN if content["overloads"] or not content["rounds"] else DONE
    return Outcome(status, {"command": NAME, "folder": made.folder, **content}, shown, "")


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("patrol_date_wrong", column=option, measured=text[:40], allowed="YYYY-MM-DD") from None
