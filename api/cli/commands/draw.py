"""``gridwright draw``: a territory in, a checked plan out."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api import settings
from api.cli.commands.tables import plan_table, reason_table
from api.cli.interrupt import CallOff
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import BROKEN, DONE
from gis.errors import InputError

if TYPE_CHECKING:
    from partition.plan import CommunityResult

NAME = "draw"
CUT_SHORT = ("clock", "cancel", "worker")


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("--out", required=True, metavar="PLAN.gpkg", type=Path)
    parser.take("--rules", metavar="RULES.toml", type=Path)
    parser.take("--seed", metavar="N", type=int, default=0)
    parser.take("--seconds", metavar="S", type=float)
    parser.take("--workers", metavar="N", type=int)
    parser.take("--scheduler", metavar="tcp://HOST:PORT")
    parser.take("--lock", metavar="CODE", action="append", default=[])


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Draw; status 1 when the plan breaks a rule for which it has no stated reason."""
    from api.usecases import draw_plan

    if arguments.scheduler is not None and arguments.workers is not None:
        raise InputError("option_both", column="--scheduler", measured="--workers")
    with talk.progress() as bars, CallOff(talk, bars) as progress:
        drawn = draw_plan(
            arguments.territory,
            arguments.out,
            rules_path=arguments.rules,
            seed=arguments.seed,
            seconds=arguments.seconds,
            workers=settings.n_cores() if arguments.workers is None else arguments.workers,
            scheduler=arguments.scheduler,
            locks=tuple(arguments.lock),
            is_called_off=progress.is_called_off,
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
        **{f"stopped_by_{why}": drawn.n_stopped_by(why) for why in CUT_SHORT},
        "community_results": [compact(community) for community in drawn.communities],
    }
    shown = [
        talk.say("draw_done", file=str(drawn.path)),
        plan_table(drawn.figures, talk),
        reason_table(drawn.figures, talk),
        talk.say("draw_checked") if drawn.verdict.passed else talk.say("draw_open", measured=n_open),
    ]
    for why in CUT_SHORT:
        if drawn.n_stopped_by(why):
            shown.append(talk.say(f"draw_stopped_by_{why}", measured=drawn.n_stopped_by(why)))
    status = DONE if drawn.verdict.passed else BROKEN
    following = f"gridwright check {drawn.path} {arguments.territory}"
    return Outcome(status, summary, [part for part in shown if part is not None], following)


def compact(community: CommunityResult) -> dict[str, Any]:
    """What is known about one community, without what changes from run to run."""
    return {
        "code": community.code,
        "households": community.households,
        "grids": community.n_grids,
        "feasible": community.feasible,
        "reason": community.reason,
        "proof": community.proof,
        "objective": community.objective,
        "bound": community.bound,
        "gap_frac": community.gap_frac,
        "stopped_by": community.stopped_by,
        "near_misses": [asdict(miss) for miss in community.near_misses],
    }
