"""``gridwright map``: one page that opens with no internet."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
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
        path = map_plan(
            arguments.plan,
            arguments.territory,
            arguments.out,
            language=talk.language,
            title=arguments.title,
            progress=progress,
        )
    size = path.stat().st_size
    summary = {"command": NAME, "plan": arguments.plan, "map": path, "bytes": size}
    return Outcome(DONE, summary, [talk.say("map_done", file=str(path), measured=size / 1e6)])
