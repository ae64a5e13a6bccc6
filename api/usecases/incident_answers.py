"""Figures of incidents as plain data for answers, and as tables: counts with their denominators, rates as printed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from api.usecases.incident_statistics import Group, Span, Statistics
from data.store.rooms.incident_cards import said
from data.store.rooms.incident_figures import PatrolFigures
from partition.incidents.compare import Change
from partition.incidents.flow import LEVELS
from partition.incidents.periods import Period
from partition.incidents.rates import Share, Tally
from partition.incidents.sweeps import SweepFigures

COUNTS = tuple(name for name in Tally.__slots__ if name != "settled")
RATES = ("handled_of_received", "handled_of_due", "in_time_of_due", "arrived_in_time_of_due")
SWEEP_RATIOS = ("buildings_per_sweep", "problems_per_building")
_COMPARED = ("received", "due", "due_handled", "due_in_time", "handled", "open", "overdue")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def share_row(share: Share) -> dict[str, Any]:
    """A share: both counts, the fraction, and per cent as it is printed; nulls of nothing."""
    return {"n": _count(share.n), "of": _count(share.of), "frac": share.frac, "text": share.text}


def tally_row(tally: Tally) -> dict[str, Any]:
    """Counts and the rates they make."""
    shares = {name: share_row(getattr(tally, name)) for name in RATES}
    for name in RATES:
        shares[name]["at_least"] = getattr(tally, name).at_least
    settled = {level: share_row(share) for level, share in zip(LEVELS, tally.settled_by_level)}
    return {**{name: _count(getattr(tally, name)) for name in COUNTS}, "rates": shares, "settled": settled}


def change_row(change: Change) -> dict[str, Any]:
    """A count beside another: its trend, and per cent as printed; null where nothing was before."""
    return {
        "now": _count(change.now),
        "before": _count(change.before),
        "frac": change.frac,
        "text": change.text,
        "trend": change.trend,
    }


def group_row(group: Group) -> dict[str, Any]:
    """One grid, place, kind, ..."""
    row: dict[str, Any] = {"key": group.key, "name": group.name or None, "community": group.community}
    row |= {"households": group.households, "population": group.population, **tally_row(group.tally)}
    row |= {"per_1000": _round(group.per_1000), "per_1000_smooth": _round(group.per_1000_smooth)}
    row["is_small"] = group.is_small
    row["minutes"] = {"to_arrive": _round(group.minutes_to_arrive), "to_handle": _round(group.minutes_to_handle)}
    row["patrol"] = patrol_row(group.patrol)
    row["sweep"] = sweep_row(group.sweep)
    row["before"] = None if group.before is None else {name: _count(getattr(group.before, name)) for name in COUNTS}
    row["change"] = None
    if group.before is not None:
        row["change"] = {
            name: change_row(Change(getattr(group.tally, name), getattr(group.before, name))) for name in _COMPARED
        }
    return row


def patrol_row(patrol: PatrolFigures | None) -> dict[str, Any] | None:
    """What patrols walked, with their speed where the tracks have times."""
    if patrol is None:
        return None
    row = {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(patrol).items()}
    return {**row, "kmh": round(patrol.km / patrol.hours, 2) if patrol.hours else None}


def sweep_row(sweep: SweepFigures | None) -> dict[str, Any] | None:
    """What sweeps came to, and both ratios as they are printed; null where none is kept."""
    if sweep is None:
        return None
    return {**asdict(sweep), **{name: getattr(sweep, name) for name in SWEEP_RATIOS}}


def period_row(period: Period, zone: str, span: Span | None = None) -> dict[str, Any]:
    """A period with its moments."""
    first, after = period.bounds(zone)
    row: dict[str, Any] = {"kind": period.kind, "label": period.label, "zone": zone}
    row |= {"first": period.first.isoformat(), "last": period.last.isoformat()}
    row |= {"starts_at": said(first), "ends_at": said(after)}
    if span is not None:
        row |= {"counted_until": said(span.until), "is_over": span.until >= span.after}
    return row


def statistics_row(told: Statistics) -> dict[str, Any]:
    """The whole answer."""
    question = told.question
    return {
        "period": period_row(question.period, question.zone, told.span),
        "compared": None if told.other is None else period_row(told.other, question.zone, told.other_span),
        "by": question.by,
        "plans": list(told.plans),
        "as_of": "now" if question.is_as_of_now else "then",
        "total": group_row(told.total),
        "groups": [group_row(group) for group in told.groups],
    }


def statistics_table(told: Statistics) -> tuple[list[str], list[list[Any]]]:
    """The groups as a table, the total in its last row."""
    header = ["key", "name", "community", "households", *COUNTS]
    header += [f"{name}_percent" for name in RATES] + [f"settled_{level}" for level in LEVELS]
    header += ["per_1000", "per_1000_smooth", "minutes_to_arrive", "minutes_to_handle", "patrol_hours", "patrol_km"]
    header += ["sweeps", *(f"sweep_{name}" for name in ("vehicles", "people", "buildings", "problems"))]
    header += list(SWEEP_RATIOS)
    if told.other is not None:
        header += ["received_before", "received_change_percent", "received_trend"]
    rows = []
    for group in (*told.groups, told.total):
        tally = group.tally
        row: list[Any] = [group.key, group.name, group.community, group.households]
        row += [_count(getattr(tally, name)) for name in COUNTS] + [getattr(tally, name).text for name in RATES]
        row += [_count(n) for n in tally.settled]
        medians = (group.minutes_to_arrive, group.minutes_to_handle)
        row += [_round(value) for value in (group.per_1000, group.per_1000_smooth, *medians)]
        patrol = group.patrol
        row += [round(patrol.hours, 2), round(patrol.km, 3)] if patrol else [None, None]
        sweep = sweep_row(group.sweep)
        row += list(sweep.values()) if sweep else [None] * (len(SweepFigures.__slots__) + len(SWEEP_RATIOS))
        if told.other is not None:
            change = Change(tally.received, group.before.received if group.before else 0)
            row += [_count(change.before), change.text, change.trend]
        rows.append(row)
    if rows:
        rows[-1][0] = "total"
    return header, rows


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as CSV with a byte order mark; text that an office program would take for a formula is marked."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_safe(value) for value in row])
    return out.getvalue().encode("utf-8-sig")


def _safe(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return "" if value is None else value


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isdecimal()


def _count(value: float) -> float | int:
    """Whole where it is; parts of incidents to four digits."""
    return int(value) if float(value).is_integer() else round(float(value), 4)


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
