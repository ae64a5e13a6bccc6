"""What `micro` and `areas` say when they are done."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from api.cli.commands.tables import reason_table
from api.cli.talk import Outcome, Table, Talk
from api.i18n import number
from api.problems import BROKEN, DONE

if TYPE_CHECKING:
    from api.usecases import DrawnNested

_CUT_SHORT = ("clock", "cancel", "worker")


def nested_outcome(name: str, arguments: Namespace, drawn: DrawnNested, talk: Talk) -> Outcome:
    """The outcome of ``name`` (``micro`` or ``areas``); status 1 when a part is out of band without a proved reason."""
    figures, verdict = drawn.figures, drawn.verdict
    low, high, measure = drawn.band
    grids = drawn.filed.grids
    n_in_band = int(grids["within_band"].sum())
    n_open, n_declared = len(verdict.open_rules), len(verdict.excused)
    summary = {
        "command": name,
        "plan": arguments.plan,
        "territory": arguments.territory,
        "out": drawn.path,
        "seed": arguments.seed,
        "passed": verdict.passed,
        "open": n_open,
        "declared": n_declared,
        "parts": len(grids),
        "wholes": len(drawn.filed.communities),
        "band": {"low": low, "high": high, "measure": measure},
        "in_band": n_in_band,
        **{key: figures[key] for key in ("households", "population", "buildings", "reasons", "proofs", "violations")},
        **{f"households_{key}": figures[f"households_{key}"] for key in ("min", "mean", "max")},
        **{f"stopped_by_{why}": drawn.n_stopped_by(why) for why in _CUT_SHORT},
        "results": [
            {
                "code": whole.code,
                "households": whole.households,
                "parts": whole.n_grids,
                "feasible": whole.feasible,
                "reason": whole.reason,
                "proof": whole.proof,
                "objective": whole.objective,
                "bound": whole.bound,
                "gap_frac": whole.gap_frac,
                "near_misses": [asdict(miss) for miss in whole.near_misses],
            }
            for whole in drawn.communities
        ],
    }
    sizes = " / ".join(number(figures[f"households_{key}"], talk.language) for key in ("min", "mean", "max"))
    rows: list[tuple[str, str | int | float]] = [
        (talk.say(f"label_{name}_wholes"), len(drawn.filed.communities)),
        (talk.say(f"label_{name}_parts"), len(grids)),
        (talk.say("label_households"), figures["households"]),
        (talk.say(f"nested_in_band_{measure}", low=low, high=high), n_in_band),
        (talk.say("label_nested_sizes"), sizes),
    ]
    shown: list[str | Table | None] = [
        talk.say(f"{name}_done", file=str(drawn.path)),
        Table(("label_measure", "label_value"), rows),
        reason_table(figures, talk),
        talk.say("nested_checked") if verdict.passed else talk.say("nested_open", measured=n_open),
    ]
    for why in _CUT_SHORT:
        if drawn.n_stopped_by(why):
            shown.append(talk.say(f"draw_stopped_by_{why}", measured=drawn.n_stopped_by(why)))
    following = f"gridwright map {drawn.path} {arguments.territory} --out {drawn.path.with_suffix('.html')}"
    status = DONE if verdict.passed else BROKEN
    return Outcome(status, summary, [part for part in shown if part is not None], following)
