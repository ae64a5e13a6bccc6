"""``gridwright map``: one page that opens with no internet."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import DONE

NAME = "map"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path, nargs="?")
    parser.take("--out", required=True, metavar="MAP.html", type=Path)
    parser.take("--title", metavar="TEXT", default="")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Write the map."""
    from api.usecases import map_plan

    with talk.progress() as progress:
        mapped = map_plan(
            arguments.plan,
            arguments.territory,
            arguments.out,
            language=talk.language,
            title=arguments.title,
            progress=progress,
        )
    path, size = mapped.path, mapped.path.stat().st_size
    summary = {"command": NAME, "plan": arguments.plan, "map": path, "bytes": size}
    summary["same_territory"] = mapped.is_same_territory
    shown: list[str | Table] = [talk.say("map_done", file=str(path), measured=size / 1e6)]
    if mapped.is_same_territory is False:
        shown.insert(0, talk.say("map_other_territory", file=arguments.territory.name))
    return Outcome(DONE, summary, shown)
