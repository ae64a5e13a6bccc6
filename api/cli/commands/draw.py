"""``gridwright draw``: a territory in, a checked plan out."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api import settings
from api.cli.commands.tables import plan_table, reason_table
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import BROKEN, DONE

NAME = "draw"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("--out", required=True, metavar="PLAN.gpkg", type=Path)
    parser.take("--rules", metavar="RULES.toml", type=Path)
    parser.take("--seed", metavar="N", type=int, default=0)
    parser.take("--seconds", metavar="S", type=float)
    parser.take("--workers", metavar="N", type=int)
    parser.take("--lock", metavar="CODE", action="append", default=[])


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Draw; status 1 when the plan breaks a rule for which it has no stated reason."""
    from api.usecases import draw_plan

    with talk.progress() as progress:
        drawn = draw_plan(
            arguments.territory,
            arguments.out,
            rules_path=arguments.rules,
            seed=arguments.seed,
            seconds=arguments.seconds,
            workers=settings.n_cores() if arguments.workers is None else arguments.workers,
            locks=tuple(arguments.lock),
            progress=progress,
        )
    n_open = len(drawn.verdict.open_rules)
    summary = {
        "command": NAME,
        "territory": arguments.territory,
        "plan": drawn.path,
        "seed": arguments.seed,
        "passed": drawn.verdict.passed,
        "open": n_open,
        **drawn.figures,
        "stopped_by_clock": drawn.n_stopped_by_clock,
    }
    shown = [
        talk.say("draw_done", file=str(drawn.path)),
        plan_table(drawn.figures, talk),
        reason_table(drawn.figures, talk),
        talk.say("draw_checked") if drawn.verdict.passed else talk.say("draw_open", measured=n_open),
    ]
    if drawn.n_stopped_by_clock:
        shown.append(talk.say("draw_stopped_by_clock", measured=drawn.n_stopped_by_clock))
    status = DONE if drawn.verdict.passed else BROKEN
    following = f"gridwright check {drawn.path} {arguments.territory}"
    return Outcome(status, summary, [part for part in shown if part is not None], following)
