"""A period's incidents as a workbook: totals, days, kinds beside the year before, grids, ranking, red flags, patrols.

Decides which sheets and columns there are.  Codes are text; a rate stands as a number with its two counts beside it,
so that nobody has to believe it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from data.papers.words import Words
from data.papers.workbook import Column, Sheet, add_sheet, new_workbook, save_workbook
from partition.incidents.flags import AGE_DAYS
from partition.incidents.flow import LEVELS
from partition.incidents.rates import Share
from partition.incidents.summary import GroupRow, IncidentSummary, RankRow

_RATES = (
    Column("inc_received", "int"),
    Column("inc_due", "int"),
    Column("inc_handled", "int"),
    Column("inc_handled_share", "share"),
    Column("inc_on_time", "int"),
    Column("inc_on_time_share", "share"),
)
_CHANGE = (Column("inc_before", "int"), Column("inc_change", "share"), Column("inc_trend"))


def write_incident_tables(summary: IncidentSummary, path: Path, *, language: str = "zh") -> None:
    """Write the tables of a summary as one XLSX file; the same summary gives the same bytes.

    Raises
    ------
    InputError
        ``option_out_of_range`` (an unknown language).
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    words = Words(language)
    shown = {
        "plan_id": words("list_joint").join(summary.plans),
        "households_basis": summary.households_basis,
        "version": summary.version,
    }
    book = new_workbook(words)
    for sheet in _sheets(summary, words):
        add_sheet(book, sheet, shown, words, "A4")
    save_workbook(book, path, {**shown, "created_at": summary.made_at})


def _sheets(summary: IncidentSummary, words: Words) -> list[Sheet]:
    title = words("inc_title", period=summary.period.label)

    def sheet(
        key: str, columns: tuple[Column, ...], rows: Sequence[Sequence[Any]], totals: Sequence[Any] = ()
    ) -> Sheet:
        name = f"inc_{key}"
        return Sheet(name, f"{title}　{words(f'sheet_{name}')}", columns, rows, totals)

    sheets = [
        sheet(
            "totals",
            (Column("what"), Column("inc_count", "plain"), Column("inc_of", "plain"), Column("inc_share", "share")),
            _totals(summary, words),
        ),
        sheet(
            "steps",
            (Column("inc_when", "code"), Column("inc_received", "int"), Column("inc_done", "int")),
            [(one.label, one.received, one.handled) for one in summary.steps],
        ),
        sheet(
            "kinds",
            (Column("inc_kind"), *_RATES, *_CHANGE),
            [_group(row, row.named(words.language), words) for row in summary.kinds],
            _sum(summary, words),
        ),
        sheet(
            "sources",
            (Column("inc_source"), *_RATES, *_CHANGE),
            [_group(row, words.of("inc_source", row.name), words) for row in summary.sources],
        ),
        sheet("areas", _AREA_COLUMNS, [_area(row, words) for row in summary.areas]),
        sheet("ranking", _RANK_COLUMNS, [_rank(row, words) for row in summary.ranking]),
        sheet("bottom", _RANK_COLUMNS, [_rank(row, words) for row in summary.bottom]),
        sheet("flags", (Column("what"), Column("inc_count", "int")), _flags(summary, words)),
        sheet("beside", (Column("what"), Column("inc_count", "plain")), _beside(summary, words)),
    ]
    return [*sheets, _about(summary, title, words)]


def _totals(summary: IncidentSummary, words: Words) -> list[tuple[Any, ...]]:
    one = summary.totals

    def share(key: str, of: Share) -> tuple[Any, ...]:
        return words(key), of.n, of.of, of.frac

    counts = (
        ("received", one.received),
        ("cancelled", one.cancelled),
        ("duplicates", one.duplicates),
        ("done", one.handled),
        ("open", one.open),
        ("overdue", one.overdue),
    )
    return [
        *((words(f"inc_{key}"), value, None, None) for key, value in counts),
        share("inc_handled_of_due", one.handled_of_due),
        share("inc_in_time_of_due", one.in_time_of_due),
        share("inc_handled_of_received", one.handled_of_received),
        share("inc_arrived_in_time", one.arrived_in_time_of_due),
        *(
            (words("inc_settled_at", level=words(f"inc_level_{level}")), found.n, found.of, found.frac)
            for level, found in zip(LEVELS, one.settled_by_level)
        ),
        (words("inc_before"), summary.change.before, None, None),
        (words("inc_change"), None, None, summary.change.frac),
    ]


def _group(row: GroupRow, name: str, words: Words) -> tuple[Any, ...]:
    return (
        name or words("inc_none"),
        *_rates(row),
        row.change.before,
        row.change.frac,
        words(f"inc_trend_{row.change.trend}"),
    )


def _rates(row: Any) -> tuple[Any, ...]:
    one = row.tally
    return (one.received, one.due, one.due_handled, one.handled_of_due.frac, one.due_in_time, one.in_time_of_due.frac)


def _sum(summary: IncidentSummary, words: Words) -> tuple[Any, ...]:
    one, change = summary.totals, summary.change
    rates = (one.received, one.due, one.due_handled, one.handled_of_due.frac, one.due_in_time, one.in_time_of_due.frac)
    return (words("inc_all"), *rates, change.before, change.frac, words(f"inc_trend_{change.trend}"))


_AREA_COLUMNS = (
    Column("code", "code"),
    Column("inc_name"),
    Column("community"),
    Column("households", "int"),
    *_RATES,
    Column("inc_per_1000", "ratio"),
    Column("inc_smoothed", "ratio"),
    Column("inc_small"),
    Column("inc_hot"),
)


def _area(row: Any, words: Words) -> tuple[Any, ...]:
    small = words("inc_is_small") if row.is_small else ""
    way, _, level = row.hot.partition("_")
    hot = f"{words(f'inc_hot_{way}')} {level} %" if row.hot else ""
    return (row.code, row.name, row.community, row.households, *_rates(row), row.per_1000, row.smoothed, small, hot)


_RANK_COLUMNS = (
    Column("inc_place", "int"),
    Column("code", "code"),
    Column("inc_name"),
    Column("inc_score", "ratio"),
    Column("inc_streak", "int"),
    Column("inc_step"),
)


def _rank(row: RankRow, words: Words) -> tuple[Any, ...]:
    return row.place, row.code, row.name, row.score, row.streak, words(f"inc_step_{row.step}") if row.step else ""


def _flags(summary: IncidentSummary, words: Words) -> list[tuple[Any, ...]]:
    one = summary.flags
    if one is None:
        return []
    counts = (
        ("before", one.before),
        ("raised", one.raised),
        ("cleared", one.cleared),
        ("open", one.open),
        ("overdue", one.overdue),
    )
    ages = [*(words("inc_age_upto", days=days) for days in AGE_DAYS), words("inc_age_over", days=AGE_DAYS[-1])]
    rows: list[tuple[Any, ...]] = [(words(f"inc_flags_{key}"), value) for key, value in counts]
    return [*rows, *zip(ages, one.ages), (words("inc_flags_oldest"), one.oldest_days)]


def _beside(summary: IncidentSummary, words: Words) -> list[tuple[Any, ...]]:
    one = summary.beside
    known = [(f.name, getattr(one, f.name)) for f in fields(one) if getattr(one, f.name) is not None]
    return [(words(f"inc_beside_{key}"), Decimal(n) if isinstance(n, str) else n) for key, n in known]


def _about(summary: IncidentSummary, title: str, words: Words) -> Sheet:
    period, compared = summary.period, summary.compared
    rows = [
        (words("inc_period"), f"{period.first} – {period.last} ({summary.zone})"),
        (words("inc_compared"), f"{compared.first} – {compared.last}"),
        (words("inc_made_at"), summary.made_at),
        (words("about_plan"), words("list_joint").join(summary.plans)),
        (words("about_basis"), summary.households_basis),
        (words("about_version"), summary.version),
        *((words("about_note"), words(f"inc_note_{key}")) for key in ("due", "left_out", "smoothed", "internal")),
    ]
    columns = (Column("what"), Column("value", "long"))
    return Sheet("about", f"{title}　{words('about_title')}", columns, [row for row in rows if row[1]], portrait=True)
