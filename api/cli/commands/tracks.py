"""``gridwright tracks``: what recorded tracks covered of the streets of their grids, and what they missed."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE
from gis.errors import InputError

NAME = "tracks"
_SHOWN = 20


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("tracks", metavar="TRACK.gpx", type=Path, nargs="+")
    parser.take("--out", required=True, metavar="DIR", type=Path)
    parser.take("--grid", metavar="CODE", nargs="+", action="extend", default=[])
    parser.take("--all", action="store_true")
    parser.take("--mode", choices=("foot", "ebike", "car"))
    parser.take("--settings", metavar="PATROL.toml", type=Path)
    parser.take("--gcj02", action="store_true")
    parser.take("--no-pages", action="store_true")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Judge; status 1 when nothing that had to be patrolled was."""
    from api.usecases import judge_tracks
    from api.usecases.patrol_settings import read_patrol_settings

    if arguments.grid and arguments.all:
        raise InputError("option_both", column="--grid", measured="--all")
    chosen = read_patrol_settings(arguments.settings, mode=arguments.mode)
    with talk.progress() as progress:
        judged = judge_tracks(
            arguments.territory,
            arguments.plan,
            arguments.tracks,
            arguments.out,
            grids=tuple(arguments.grid),
            every_grid=arguments.all,
            settings=chosen,
            shifted="gcj02" if arguments.gcj02 else None,
            with_pages=not arguments.no_pages,
            language=talk.language,
            progress=progress,
        )
    told = judged.content
    summary = {"command": NAME, "folder": judged.folder, **{key: told[key] for key in told if key != "links"}}
    keys = ("fixes", "used", "hours", "km", "mean_kmh", "planned_km", "covered_km", "missed_km")
    rows = [(talk.say(f"tracks_label_{key}"), "" if told[key] is None else told[key]) for key in keys]
    if told["coverage_frac"] is not None:
        rows.append((talk.say("tracks_label_coverage"), f"{100 * told['coverage_frac']:.1f} %"))
    rows.append((talk.say("tracks_label_households_missed"), told["households_missed"]))
    shown: list[str | Table] = [
        talk.say("tracks_done", file=str(judged.folder), measured=len(told["tracks"]), grids=len(told["grids"])),
        Table(("label_measure", "label_value"), rows),
    ]
    if told["missed"]:
        streets = [(m["grid"], m["street"] or m["road_class"], m["length_m"]) for m in told["missed"][:_SHOWN]]
        shown.append(Table(("label_grid", "tracks_label_street", "tracks_label_missed_m"), streets))
    if len(told["missed"]) > _SHOWN:
        shown.append(talk.say("more_rows", measured=len(told["missed"]) - _SHOWN, option="--json"))
    shown += [warning["message"] for warning in told["warnings"]]
    return Outcome(DONE if told["covered_km"] else BROKEN, summary, shown)
