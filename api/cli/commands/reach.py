"""``gridwright reach``: minutes from posts to every door, promises kept or not, where further posts should stand."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.commands.tables import percent, word
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE

if TYPE_CHECKING:
    from api.usecases.survey_reach import SurveyedReach

NAME = "reach"
_SHOWN_WORST, _SHOWN_POSTS, _SHOWN_NOTES = 5, 20, 20


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("--out", required=True, metavar="DIR", type=Path)
    parser.take("--posts", metavar="KIND", nargs="+", action="extend", default=[])
    parser.take("--minutes", metavar="1,3,5", type=str)
    parser.take("--mode", choices=("foot", "ebike", "car"))
    parser.take("--band", metavar="NAME", nargs="+", action="extend", default=[])
    parser.take("--settings", metavar="COVERAGE.toml", type=Path)
    parser.take("--add", metavar="N", type=int)
    parser.take("--goal", choices=("center", "median", "cover", "most"), default="center")
    parser.take("--rule", metavar="NAME", type=str)
    parser.take("--gcj02", action="store_true")
    parser.take("--no-pages", action="store_true")
    parser.take("--seed", metavar="N", type=int, default=0)
    parser.take("--seconds", metavar="S", type=float)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Survey; status 1 when a promise is not kept, or nobody is there to keep it."""
    from api.usecases import survey_reach
    from api.usecases.coverage_settings import read_minutes, read_reach_settings

    chosen = read_reach_settings(
        arguments.settings,
        posts=tuple(arguments.posts),
        minutes=read_minutes("--minutes", arguments.minutes) if arguments.minutes is not None else (),
        mode=arguments.mode,
        bands=tuple(arguments.band),
    )
    with talk.progress() as progress:
        surveyed = survey_reach(
            arguments.territory,
            arguments.plan,
            arguments.out,
            settings=chosen,
            goal=arguments.goal,
            add=arguments.add,
            rule=arguments.rule,
            with_gcj02=arguments.gcj02,
            with_pages=not arguments.no_pages,
            language=talk.language,
            seed=arguments.seed,
            seconds=arguments.seconds,
            progress=progress,
        )
    return _told(surveyed, arguments, talk)


def _told(surveyed: SurveyedReach, arguments: Namespace, talk: Talk) -> Outcome:
    content = surveyed.summary
    summary = {"command": NAME, "folder": surveyed.folder, **content}
    doors = content["checked"]["doors"]
    shown: list[str | Table] = [
        talk.say("reach_done", file=str(surveyed.folder), measured=len(content["rules"]), doors=doors),
        _promises(content["rules"], talk),
    ]
    for row in content["rules"]:
        if row["is_kept"] is False:
            shown += _worst(row, talk)
    for answer in content["siting"]:
        shown.append(_posts(answer, talk))
        if answer["n"] > _SHOWN_POSTS:
            shown.append(talk.say("more_rows", measured=answer["n"] - _SHOWN_POSTS, option="--json"))
    notes = [note["message"] for note in content["notes"]]
    shown += notes[:_SHOWN_NOTES]
    if len(notes) > _SHOWN_NOTES:
        shown.append(talk.say("more_rows", measured=len(notes) - _SHOWN_NOTES, option="--json"))
    verdicts = [row["is_kept"] for row in content["rules"] if row["is_kept"] is not None]
    is_kept = bool(verdicts) and all(verdicts)
    following = ""
    if not is_kept and arguments.add is None and verdicts:
        following = f"gridwright reach {arguments.territory} {arguments.plan} --out {arguments.out} --add 1"
    return Outcome(DONE if is_kept else BROKEN, summary, shown, following)


def _promises(rows: list[dict[str, Any]], talk: Talk) -> Table:
    headings = ("reach_label_rule", "reach_label_band", "reach_label_posts", "reach_label_in_time")
    table = [
        (
            row["rule"],
            word("reach_band", row["band"], talk),
            row["n_posts"],
            percent(row["frac"]),
            percent(row["shares"]["street_frac"]),
            minutes(row["worst_s"]),
            row["unreachable"],
            talk.say("reach_verdict_" + {True: "kept", False: "broken", None: "none"}[row["is_kept"]]),
        )
        for row in rows
    ]
    more = ("reach_label_street", "reach_label_worst", "reach_label_unreachable", "reach_label_verdict")
    return Table((*headings, *more), table)


def _worst(row: dict[str, Any], talk: Talk) -> list[str | Table]:
    if not row["worst"]:
        return []
    listed = [
        (door["name"] or door["id"], door["grid"], minutes(door["seconds"]), door["post"] or "—")
        for door in row["worst"][:_SHOWN_WORST]
    ]
    title = talk.say("reach_worst_title", rule=row["rule"], band=word("reach_band", row["band"], talk))
    return [Table(("reach_label_door", "label_grid", "reach_label_minutes", "reach_label_post"), listed, title)]


def _posts(answer: dict[str, Any], talk: Talk) -> Table:
    rows = [
        (post["rank"], post["id"], post["near"] or "—", post["grid"] or "—", _figure(post["gain"], answer["goal"]))
        for post in answer["proposals"][:_SHOWN_POSTS]
    ]
    title = talk.say(
        f"reach_posts_{answer['goal']}",
        rule=answer["rule"],
        band=word("reach_band", answer["band"], talk),
        before=_figure(answer["before"], answer["goal"]),
        after=_figure(answer["after"], answer["goal"]),
        bound=_figure(answer["bound"], answer["goal"]),
    )
    headings = ("reach_label_rank", "reach_label_id", "reach_label_near", "label_grid", "reach_label_gain")
    return Table(headings, rows, title)


def _figure(value: float | None, goal: str) -> str:
    if value is None:
        return "—"
    return minutes(value) if goal == "center" else f"{value:,.0f}"


def minutes(seconds: float | None) -> str:
    """Minutes with one decimal; a dash where nobody comes."""
    return "—" if seconds is None else f"{seconds / 60:.1f}"
