"""``gridwright micro``: a plan in, micro-grids inside its grids out."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api import settings
from api.cli.commands.nested import nested_outcome
from api.cli.interrupt import CallOff
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk

NAME = "micro"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("--out", required=True, metavar="MICRO.gpkg", type=Path)
    parser.take("--rules", metavar="RULES.toml", type=Path)
    parser.take("--seed", metavar="N", type=int, default=0)
    parser.take("--seconds", metavar="S", type=float)
    parser.take("--workers", metavar="N", type=int)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Draw; status 1 when a micro-grid breaks the band for which the file has no proved reason."""
    from api.usecases import draw_micro_grids

    with talk.progress() as bars, CallOff(talk, bars) as progress:
        drawn = draw_micro_grids(
            arguments.plan,
            arguments.territory,
            arguments.out,
            rules_path=arguments.rules,
            seed=arguments.seed,
            seconds=arguments.seconds,
            workers=settings.n_cores() if arguments.workers is None else arguments.workers,
            is_called_off=progress.is_called_off,
            progress=progress,
        )
    return nested_outcome(NAME, arguments, drawn, talk)
