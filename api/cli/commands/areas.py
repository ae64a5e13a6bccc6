"""``gridwright areas``: a plan in, supervision areas made of its grids out."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from api import settings
from api.cli.commands.nested import nested_outcome
from api.cli.interrupt import CallOff
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk

NAME = "areas"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("--out", required=True, metavar="AREAS.gpkg", type=Path)
    parser.take("--grids-per-area", metavar="N", default="")
    parser.take("--households-per-area", metavar="MIN-MAX", default="")
    parser.take("--seed", metavar="N", type=int, default=0)
    parser.take("--seconds", metavar="S", type=float)
    parser.take("--workers", metavar="N", type=int)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Draw; status 1 when an area is out of band and the file has no proved reason."""
    from api.usecases import draw_supervision_areas

    with talk.progress() as bars, CallOff(talk, bars) as progress:
        drawn = draw_supervision_areas(
            arguments.plan,
            arguments.territory,
            arguments.out,
            grids_per_area=arguments.grids_per_area,
            households_per_area=arguments.households_per_area,
            seed=arguments.seed,
            seconds=arguments.seconds,
            workers=settings.n_cores() if arguments.workers is None else arguments.workers,
            is_called_off=progress.is_called_off,
            progress=progress,
        )
    return nested_outcome(NAME, arguments, drawn, talk)
