"""``gridwright feasible``: what arithmetic and proof say, before anything is drawn."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.commands.tables import word
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE

if TYPE_CHECKING:
    from partition.zoning.feasible import Assessment

NAME = "feasible"
_SHOWN_ROWS = 30


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("--rules", metavar="RULES.toml", type=Path)
    parser.take("--all", action="store_true", dest="all_rows")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Assess every community; status 1 when some community can not have a lawful plan."""
    from api.usecases import assess_territory

    with talk.progress() as progress:
        assessed = assess_territory(arguments.territory, rules_path=arguments.rules, progress=progress)
    rows = assessed.assessments
    answers = Counter(row.feasible for row in rows)
    reasons = Counter(row.reason for row in rows if row.reason)
    wanting = rows if arguments.all_rows else [row for row in rows if row.feasible == "no"]
    summary: dict[str, Any] = {
        "command": NAME,
        "territory": arguments.territory,
        "rules": asdict(assessed.rules),
        "n_communities": len(rows),
        "feasible": dict(sorted(answers.items())),
        "reasons": dict(sorted(reasons.items())),
        "communities": [asdict(row) for row in rows],
    }
    shown: list[str | Table] = [
        talk.say(
            "feasible_done",
            n_communities=len(rows),
            yes=answers["yes"],
            no=answers["no"],
            unknown=answers["unknown"],
            low=assessed.rules.min_households,
            high=assessed.rules.max_households,
        )
    ]
    listed = wanting if arguments.all_rows else wanting[:_SHOWN_ROWS]
    if listed:
        headings = ("label_community", "label_name", "label_households", "label_feasible", "label_why")
        shown.append(Table(headings, [_row(row, assessed.names, talk) for row in listed]))
    if len(listed) < len(wanting):
        shown.append(talk.say("more_rows", measured=len(wanting) - len(listed), option="--all"))
    status = BROKEN if answers["no"] else DONE
    return Outcome(status, summary, shown, f"gridwright draw {arguments.territory} --out plan.gpkg")


def _row(row: Assessment, names: Mapping[str, str], talk: Talk) -> tuple[str, str, int, str, str]:
    said = [word("why", row.reason, talk)] if row.reason else []
    for miss in row.near_misses:
        sizes = [f"{size} ({distance:+d})" for size, distance in zip(miss.sizes, miss.distances, strict=True)]
        shown = sizes[0] if len(set(sizes)) == 1 else f"{sizes[0]} ... {sizes[-1]}"
        said.append(talk.say("near_miss", n_grids=miss.n_grids, sizes=shown))
    if not said and row.k_max:
        said.append(talk.say("k_range", low=row.k_min, high=row.k_max))
    return (
        row.community,
        names.get(row.community, ""),
        row.households,
        talk.say(f"feasible_{row.feasible}"),
        "; ".join(said),
    )
