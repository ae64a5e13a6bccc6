"""``gridwright check``: independent verification of a plan, by geometry."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE

NAME = "check"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Check; status 1 when a rule is broken."""
    from api.usecases import check_plan

    with talk.progress() as progress:
        checked = check_plan(arguments.plan, arguments.territory, progress=progress)
    report = checked.report
    summary = {
        "command": NAME,
        "plan": arguments.plan,
        "territory": arguments.territory,
        "passed": report.passed,
    }
    shown: list[str | Table] = []
    return Outcome(DONE if report.passed else BROKEN, summary, shown)
