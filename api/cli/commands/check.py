"""``gridwright check``: independent verification of a plan, by geometry."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from api.cli.commands.tables import word
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE, fault_rows

NAME = "check"
_SHOWN_FAULTS = 30
_AIM_ON_LINES_PERCENT = 95


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("plan", metavar="PLAN.gpkg", type=Path)
    parser.take("territory", metavar="TERRITORY.gpkg", type=Path)
    parser.take("--of", metavar="PLAN.gpkg", type=Path)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Check; status 1 when a rule is broken."""
    from api.usecases import check_plan

    with talk.progress() as progress:
        checked = check_plan(arguments.plan, arguments.territory, of=arguments.of, progress=progress)
    verdict = checked.verdict
    faults = fault_rows(verdict.faults, talk.language)
    excused = Counter(code for code, _, _ in verdict.excused)
    left = Counter(code for code, _, _ in verdict.open_rules)
    summary = {
        "command": NAME,
        "plan": arguments.plan,
        "territory": arguments.territory,
        "passed": verdict.passed,
        "same_territory": checked.is_same_territory,
        "checks": [asdict(row) for row in verdict.rows],
        "faults": faults,
        "broken_rules": dict(sorted((excused + left).items())),
        "excused": dict(sorted(excused.items())),
        "open": [{"code": code, "grid": grid, "community": place} for code, grid, place in verdict.open_rules],
        "measures": dict(sorted(checked.report.measures.items())),
    }
    rows = []
    for row in verdict.rows:
        unit = "m2" if row.unit == "m2" else talk.say("unit_findings")
        passed = talk.say("word_yes" if row.passed else "word_no")
        rows.append((talk.say(f"checking_{row.check}"), passed, row.measured, row.allowed, unit))
    shown: list[str | Table] = [] if checked.is_same_territory else [talk.say("check_other_territory")]
    shown += [Table(("label_check", "label_passed", "label_measured", "label_allowed", "label_unit"), rows)]
    measures = checked.report.measures
    if "border_on_lines_frac" in measures:
        # Rounded down: 94.96 % must not read as 95 %.
        share = int(1000 * measures["border_on_lines_frac"]) / 10
        length_km = round(measures["inner_border_m"] / 1000, 1)
        shown.append(talk.say("check_border_on_lines", measured=length_km, share=share, allowed=_AIM_ON_LINES_PERCENT))
    shown += [fault["message"] for fault in faults[:_SHOWN_FAULTS]]
    if len(faults) > _SHOWN_FAULTS:
        shown.append(talk.say("more_rows", measured=len(faults) - _SHOWN_FAULTS, option="--json"))
    if excused or left:
        codes = sorted(excused | left)
        told = [(word("why", code, talk), excused[code], left[code]) for code in codes]
        shown.append(Table(("label_deviation", "label_excused", "label_open"), told))
    n = len(verdict.faults) + len(verdict.open_rules)
    shown.append(talk.say("check_passed") if verdict.passed else talk.say("check_failed", measured=n))
    following = f"gridwright map {arguments.plan} {arguments.territory} --out {arguments.plan.with_suffix('.html')}"
    return Outcome(DONE if verdict.passed else BROKEN, summary, shown, following)
