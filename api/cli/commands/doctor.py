"""``gridwright doctor``: everything that can be wrong with a store, with a verdict and a remedy."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import BROKEN, DONE, fault_rows

if TYPE_CHECKING:
    from api.usecases.examine_store import Examined

NAME = "doctor"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("--store", metavar="URL")


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Examine the store."""
    from api.usecases.examine_store import examine_store
    from api.wiring import open_store_as_it_is, shown, store_address, utc_now

    store = open_store_as_it_is(store_address(arguments.store))
    try:
        with talk.progress() as progress:
            examined = examine_store(store, now=utc_now(), progress=progress)
    finally:
        store.close()
    name = shown(store.url)
    summary = {"command": NAME, "store": name, **findings_summary(examined, talk)}
    status = DONE if examined.is_sound else BROKEN
    return Outcome(status, summary, [talk.say("doctor_of", file=name), *findings_shown(examined, talk)])


def findings_summary(examined: Examined, talk: Talk) -> dict[str, Any]:
    """Findings as plain data."""
    checks = [
        {"check": finding.check, "verdict": finding.verdict, "faults": fault_rows(finding.faults, talk.language)}
        for finding in examined.findings
    ]
    return {"sound": examined.is_sound, "checks": checks}


def findings_shown(examined: Examined, talk: Talk) -> list[str | Table]:
    """Findings for people: a table, every fault with its remedy, the verdict."""
    rows = [
        (talk.say(f"doctor_check_{finding.check}"), talk.say(f"doctor_{finding.verdict}"))
        for finding in examined.findings
    ]
    shown: list[str | Table] = [Table(("label_check", "label_verdict"), rows)]
    for finding in examined.findings:
        shown += [row["message"] for row in fault_rows(finding.faults, talk.language)]
    n_bad = sum(finding.verdict == "bad" for finding in examined.findings)
    shown.append(talk.say("doctor_sound") if examined.is_sound else talk.say("doctor_unsound", measured=n_bad))
    return shown
