"""``gridwright summary``: the papers of a period's incidents and its map file, into a folder."""

from __future__ import annotations

from argparse import Namespace
from importlib.metadata import version
from pathlib import Path

from api import settings
from api.cli.parser import Parser
from api.cli.talk import Outcome, Talk
from api.problems import DONE

NAME = "summary"


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("--store", metavar="URL")
    parser.take("--period", choices=("day", "week", "month", "quarter", "year"))
    parser.take("--at", metavar="DATE")
    parser.take("--compare", choices=("year", "period"), default="year")
    parser.take("--out", metavar="FOLDER", type=Path, required=True)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Write PDF, XLSX, CSV and the map of a period."""
    from api.usecases.incident_papers import MOST_MAPPED, write_all
    from api.usecases.incident_summary import wanted_of
    from api.wiring import open_ready_store, store_address, utc_now
    from partition.incidents.periods import zone_of

    now, zone = utc_now(), zone_of(settings.zone())
    wanted = wanted_of(arguments.period or "month", arguments.at, arguments.compare, now, zone)
    store = open_ready_store(store_address(arguments.store), may_make=False)
    try:
        written = write_all(store, wanted, now, arguments.out, language=talk.language, version=version("gridwright"))
    finally:
        store.close()
    facts = {"command": NAME, "period": wanted.period.label, **written.facts()}
    shown = [
        talk.say("summary_counts", label=wanted.period.label, n=written.n_received),
        *(talk.say("summary_file", file=str(path)) for path in written.files),
        *([talk.say(written.without, measured=wanted.period.label, allowed=MOST_MAPPED)] if written.without else []),
    ]
    return Outcome(DONE, facts, shown)
