"""``gridwright statistics``: figures of incidents for a period, with their denominators."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from api import settings
from api.cli.parser import Parser
from api.cli.talk import Outcome, Table, Talk
from api.problems import DONE

if TYPE_CHECKING:
    from api.usecases.incident_statistics import Group, Statistics
    from partition.incidents.rates import Share

NAME = "statistics"
_BY = ("grid", "community", "town", "kind", "level", "source", "priority", "time")
_SHOWN = 40


def add_arguments(parser: Parser) -> None:
    """State the arguments."""
    parser.take("--store", metavar="URL")
    parser.take("--period", choices=("day", "week", "month", "quarter", "year"))
    parser.take("--at", metavar="DATE")
    parser.take("--by", choices=_BY, default="kind")
    parser.take("--compare", choices=("year", "period"))
    parser.take("--plan", metavar="ID")
    parser.take("--as-of-now", action="store_true")
    parser.take("--out", metavar="FILE.csv", type=Path)


def run(arguments: Namespace, talk: Talk) -> Outcome:
    """Count, print, and write the table where one is asked for."""
    from api.usecases.incident_answers import csv_bytes, statistics_row, statistics_table
    from api.usecases.incident_statistics import Question, statistics_of
    from api.wiring import open_ready_store, store_address, utc_now
    from partition.incidents.periods import day_at, period_of, read_period, zone_of

    zone, now = zone_of(settings.zone()), utc_now()
    if arguments.at is None:
        period = period_of(arguments.period or "month", day_at(now, zone))
    else:
        period = read_period(arguments.at, arguments.period)
    question = Question(period, arguments.by, arguments.compare, arguments.plan, arguments.as_of_now, zone)
    store = open_ready_store(store_address(arguments.store), may_make=False)
    try:
        with store.read() as tx:
            told = statistics_of(tx, question, now)
    finally:
        store.close()
    summary = {"command": NAME, **statistics_row(told), "out": arguments.out}
    shown = _shown(told, talk)
    if arguments.out is not None:
        arguments.out.write_bytes(csv_bytes(*statistics_table(told)))
        shown.append(talk.say("statistics_file", file=str(arguments.out)))
    return Outcome(DONE, summary, shown)


def _shown(told: Statistics, talk: Talk) -> list[str | Table]:
    tally = told.total.tally
    counts = {name: getattr(tally, name) for name in ("received", "duplicates", "cancelled")}
    rows: list[tuple[str, str | int | float]] = [
        (talk.say(f"statistics_label_{name}"), _share(getattr(tally, name), talk))
        for name in ("handled_of_received", "handled_of_due", "in_time_of_due", "arrived_in_time_of_due")
    ]
    rows += [(talk.say(f"statistics_label_{name}"), str(getattr(tally, name))) for name in ("open", "overdue")]
    if told.total.before is not None:
        change = _change(told.total, talk)
        rows.append((talk.say("statistics_label_before"), f"{told.total.before.received} ({change})"))
    shown: list[str | Table] = [
        talk.say("statistics_done", period=told.question.period.label, **counts),
        Table(("label_measure", "label_value"), rows),
    ]
    names = ["group", "received", "due", "handled_percent", "in_time_percent"]
    if told.other is not None:
        names.append("change")
    groups = [_line(group, talk) for group in told.groups[:_SHOWN]]
    if groups:
        shown.append(Table([f"statistics_label_{name}" for name in names], groups))
    if len(told.groups) > _SHOWN:
        shown.append(talk.say("more_rows", measured=len(told.groups) - _SHOWN, option="--json"))
    return shown


def _line(group: Group, talk: Talk) -> list[str | int | float]:
    tally = group.tally
    label = " ".join(part for part in (group.key, group.name) if part) or talk.say("statistics_nowhere")
    line: list[str | int | float] = [label, tally.received, tally.due]
    line += [tally.handled_of_due.text or "", tally.in_time_of_due.text or ""]
    return line if group.before is None else [*line, _change(group, talk)]


def _share(share: Share, talk: Talk) -> str:
    if share.text is None:
        return talk.say("statistics_no_share", of=share.of)
    # Counts as they are: a paper writes 4330, not 4,330.
    return talk.say("statistics_share", n=str(share.n), of=str(share.of), percent=share.text)


def _change(group: Group, talk: Talk) -> str:
    from partition.incidents.compare import Change

    change = Change(group.tally.received, group.before.received if group.before else 0)
    if change.text is None:
        return talk.say("statistics_trend_new") if change.trend == "new" else ""
    return f"{change.text} %"
