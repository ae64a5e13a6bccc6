"""A summary as CSV: one row a figure, for programs that take nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from data.papers.workbook import clean_text
from partition.incidents.rates import Tally
from partition.incidents.summary import IncidentSummary

_HEAD = ("period", "part", "key", "name", "received", "due", "handled", "on_time", "handled_percent", "on_time_percent",
         "before", "change_percent", "households", "per_1000", "smoothed")  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def incidents_csv(summary: IncidentSummary) -> str:
    """Totals, kinds, sources and grids of a summary; UTF-8 with its mark, so that office programs read Chinese."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow(_HEAD)
    for row in _rows(summary):
        write.writerow([summary.period.label, *row])
    return "\ufeff" + out.getvalue()


def _rows(summary: IncidentSummary) -> Iterator[list[object]]:
    change = summary.change
    yield ["total", "", "", *_figures(summary.totals), change.before, change.text or "", "", "", ""]
    for part, groups in (("kind", summary.kinds), ("source", summary.sources)):
        for group in groups:
            yield [
                part,
                _safe(group.name),
                "",
                *_figures(group.tally),
                group.change.before,
                group.change.text or "",
                "",
                "",
                "",
            ]
    for area in summary.areas:
        rates = [_number(area.households), _number(area.per_1000), _number(area.smoothed)]
        yield ["grid", _safe(area.code), _safe(area.name), *_figures(area.tally), "", "", *rates]


def _figures(one: Tally) -> list[object]:
    return [
        one.received,
        one.due,
        one.due_handled,
        one.due_in_time,
        one.handled_of_due.text or "",
        one.in_time_of_due.text or "",
    ]


def _number(value: float | None) -> object:
    return "" if value is None else round(value, 4)


def _safe(text: str) -> str:
    """Text that no office program takes for a formula."""
    clean = clean_text(text)
    return f"'{clean}" if clean.startswith(_FORMULA) else clean
