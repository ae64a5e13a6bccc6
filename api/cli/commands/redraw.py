"""``gridwright redraw``: a plan in force and a changed territory in, a checked plan with least change out."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api import settings
from api.cli.commands.draw import CUT_SHORT, compact
from api.cli.commands.tables import plan_table, reason_table
from api.cli.interrupt import CallOff
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.defaults import CHANGE_WEIGHT
from api.problems import BROKEN, DONE
from gis.errors import InputError

if TYPE_CHECKING:
    from api.usecases.redraw_plan import RedrawnPlan

NAME = "redraw"
_RELATIONS = ("kept", "changed", "split", "merged", "new", "retired")


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("old", metavar="OLD_PLAN.gpkg", type=Path)
    parser.take("territory", metavar="NEW_TERRITORY.gpkg", type=Path)
    parser.take("--out", required=True, metavar="PLAN.gpkg", type=Path)
    parser.take("--merge", metavar="CODE+CODE=CODE", action="append", default=[])
    parser.take("--change-weight", metavar="W", type=float)
    parser.take("--frontier", action="store_true")
    parser.take("--rules", metavar="RULES.toml", type=Path)
    parser.take("--seed", metavar="N", type=int, default=0)
    parser.take("--seconds", metavar="S", type=float)
    parser.take("--workers", metavar="N", type=int)
    parser.take("--scheduler", metavar="tcp://HOST:PORT")
    parser.take("--lock", metavar="CODE", action="append", default=[])


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Re-draw; status 1 when the plan breaks a rule for which it has no stated reason."""
    from api.usecases import redraw_plan
    from api.usecases.redraw_plan import territory_beside

    if arguments.scheduler is not None and arguments.workers is not None:
        raise InputError("option_both", column="--scheduler", measured="--workers")
    if arguments.frontier:
        return _frontier(arguments, talk)
    with talk.progress() as bars, CallOff(talk, bars) as progress:
        drawn = redraw_plan(
            arguments.old,
            arguments.territory,
            arguments.out,
            rules_path=arguments.rules,
            mergers=tuple(arguments.merge),
            change_weight=CHANGE_WEIGHT if arguments.change_weight is None else arguments.change_weight,
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
        "old_plan": arguments.old,
        "territory": arguments.territory,
        "plan": drawn.path,
        "seed": arguments.seed,
        "passed": drawn.verdict.passed,
        "open": n_open,
        "same_plan": drawn.is_same,
        "freed": list(drawn.freed),
        "households_moved": drawn.moved,
        "households_moved_at_least": drawn.moved_at_least,
        "relations": {side: dict(told) for side, told in drawn.relations.items()},
        **drawn.figures,
        **{f"stopped_by_{why}": drawn.n_stopped_by(why) for why in CUT_SHORT},
        "community_results": [compact(community) for community in drawn.communities],
    }
    if drawn.is_same:
        shown: list[Any] = [talk.say("redraw_same", file=str(drawn.path))]
    else:
        households = max(int(drawn.figures["households"]), 1)
        share = round(100 * drawn.moved / households, 2)
        shown = [
            talk.say("redraw_done", file=str(drawn.path)),
            talk.say("redraw_moved", measured=drawn.moved, share=share, freed=len(drawn.freed)),
        ]
        if drawn.moved_at_least:
            shown.append(talk.say("redraw_floor", measured=drawn.moved_at_least))
        shown += [_relation_table(drawn, talk), plan_table(drawn.figures, talk), reason_table(drawn.figures, talk)]
    shown.append(talk.say("draw_checked") if drawn.verdict.passed else talk.say("draw_open", measured=n_open))
    for why in CUT_SHORT:
        if drawn.n_stopped_by(why):
            shown.append(talk.say(f"draw_stopped_by_{why}", measured=drawn.n_stopped_by(why)))
    if arguments.merge and not drawn.is_same:
        summary["territory"] = territory_beside(drawn.path)
        shown.insert(1, talk.say("redraw_territory", file=str(territory_beside(drawn.path))))
    following = f"gridwright compare {arguments.old} {drawn.path}"
    return Outcome(
        DONE if drawn.verdict.passed else BROKEN, summary, [part for part in shown if part is not None], following
    )


def _relation_table(drawn: RedrawnPlan, talk: Talk) -> Table:
    rows = [
        (talk.say(f"relation_{name}"), drawn.relations["old"].get(name, 0), drawn.relations["new"].get(name, 0))
        for name in _RELATIONS
    ]
    rows.append((talk.say("label_total"), sum(drawn.relations["old"].values()), sum(drawn.relations["new"].values())))
    return Table(("label_relation", "label_old_grids", "label_new_grids"), rows)


def _frontier(arguments: Namespace, talk: Talk) -> Outcome:
    """One plan per weight in the folder ``--out``, and their table."""
    from api.usecases import weigh_change
    from api.usecases.weigh_change import WEIGHTS

    if arguments.scheduler is not None or arguments.seconds is not None:
        raise InputError("option_both", column="--frontier", measured="--scheduler, --seconds")
    weights = WEIGHTS if arguments.change_weight is None else sorted({*WEIGHTS, arguments.change_weight})
    with talk.progress() as bars, CallOff(talk, bars) as progress:
        points = weigh_change(
            arguments.old,
            arguments.territory,
            arguments.out,
            rules_path=arguments.rules,
            mergers=tuple(arguments.merge),
            weights=weights,
            seed=arguments.seed,
            workers=settings.n_cores() if arguments.workers is None else arguments.workers,
            locks=tuple(arguments.lock),
            is_called_off=progress.is_called_off,
            progress=progress,
        )
    rows = [
        (
            talk.say("frontier_fresh") if point.change_weight is None else f"{point.change_weight:g}",
            point.moved,
            f"{100 * point.moved_frac:.2f} %",
            f"{point.border_km:.2f}",
            f"{point.households_cv:.3f}",
            point.grids,
            f"{100 * point.in_band_frac:.2f} %",
        )
        for point in points
    ]
    head = ("label_change_weight", "label_moved", "label_share", "label_border_km", "label_cv", "label_grids")
    shown: list[Any] = [
        talk.say("frontier_done", file=str(arguments.out), measured=len(points) - 1),
        Table((*head, "label_in_band"), rows),
    ]
    if points[0].moved_at_least:
        shown.append(talk.say("redraw_floor", measured=points[0].moved_at_least))
    summary = {"command": NAME, "folder": arguments.out, "points": [asdict(point) for point in points]}
    middle = points[min(len(points) - 1, 1 + len(points) // 2)]
    following = f"gridwright compare {arguments.old} {arguments.out / middle.plan}"
    return Outcome(DONE, summary, shown, following)
