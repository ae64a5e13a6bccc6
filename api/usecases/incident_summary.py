"""A period's incidents put together for people: what the page, the papers and the map file show.

Figures come from `api.usecases.incident_statistics` and the rooms beside it; here they are laid side by side, once, so
that page and paper say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from api.usecases.incident_answers import change_row, sweep_row, tally_row
from api.usecases.incident_rankings import RankQuestion, ranking_of
from api.usecases.incident_rules import kind_names
from api.usecases.incident_spots import GridRates, grid_rates, spots_of
from api.usecases.incident_statistics import NOWHERE, Group, Question, Span, Statistics, statistics_of
from data.store import Tx
from partition.incidents.compare import Change
from partition.incidents.flags import AGE_DAYS, FlagFigures, flag_figures
from partition.incidents.periods import Period, day_at, period_of, read_period
from partition.incidents.rates import Tally
from partition.incidents.summary import AreaRow, Beside, GroupRow, IncidentSummary, RankRow, Step

_PERMUTATIONS = 999
_MONTHS_BACK = 6
"""So many months a streak is followed back."""
_AS_KEPT: Mapping[str, Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A period that is wanted, with what it is put beside.

    Attributes
    ----------
    day
        A day of the period, as it was asked for.
    compare
        ``year`` or ``period``.
    """

    period: Period
    day: date
    compare: str
    zone: str


def wanted_of(kind: str, at: str | None, compare: str, now: datetime, zone: str) -> Wanted:
    """What is asked for by words.

    Parameters
    ----------
    at
        As `partition.incidents.periods.read_period` reads it; none: today.

    Raises
    ------
    InputError
        ``period_malformed``.
    """
    today = day_at(now, zone)
    if not at:
        return Wanted(period_of(kind, today), today, compare, zone)
    period = read_period(at, kind)
    day = period.first
    if len(at) == len("2026-11-22") and "W" not in at and "Q" not in at:
        day = date.fromisoformat(at)
    elif period.first <= today <= period.last:
        day = today
    return Wanted(period, day, compare, zone)


def summary_of(
    tx: Tx,
    wanted: Wanted,
    now: datetime,
    *,
    version: str = "",
) -> IncidentSummary:
    """All figures of a period.

    Parameters
    ----------
    now
        The service's clock.
    """

    def ask(by: str) -> Statistics:
        return statistics_of(tx, Question(wanted.period, by, compare=wanted.compare, zone=wanted.zone), now)

    kinds, sources, grids, steps = (ask(by) for by in ("kind", "source", "grid", "time"))
    span = kinds.span
    whole = kinds.total
    other = kinds.other
    assert other is not None
    patrol = whole.patrol
    return IncidentSummary(
        period=wanted.period,
        compared=other,
        zone=wanted.zone,
        made_at=now.astimezone(ZoneInfo(wanted.zone)).isoformat(timespec="seconds"),
        plans=grids.plans,
        totals=whole.tally,
        change=_change(whole),
        steps=_steps(steps.groups),
        kinds=_groups(kinds.groups, kind_names(tx)),
        sources=_groups(sources.groups),
        areas=_areas(grids.groups),
        ranking=ranking_rows(tx, wanted, now),
        flags=flags_of(tx, span),
        beside=Beside(
            hours=round(patrol.hours, 1) if patrol and patrol.tracks else None,
            km=round(patrol.km, 1) if patrol and patrol.tracks else None,
            shifts=patrol.tracks if patrol and patrol.tracks else None,
            **(sweep_row(whole.sweep) or {}),
        ),
        version=version,
    )


def month_of(wanted: Wanted, now: datetime) -> Period:
    """The month that is ranked: that of the period's last day, or of today where it is not over."""
    return period_of("month", min(wanted.period.last, max(day_at(now, wanted.zone), wanted.period.first)))


def ranking_rows(tx: Tx, wanted: Wanted, now: datetime) -> tuple[RankRow, ...]:
    """Grids by their place in a month, the best first; those that are not ranked left out."""
    ranked = ranking_of(tx, RankQuestion(month_of(wanted, now), _MONTHS_BACK, zone=wanted.zone), now)
    streaks = {one.unit: one for one in ranked.streaks}
    return tuple(
        RankRow(
            one.rank, one.unit, ranked.names[one.unit], one.score, streaks[one.unit].months[-1], streaks[one.unit].step
        )
        for one in ranked.places[-1]
        if one.rank is not None
    )


def flags_of(tx: Tx, span: Span) -> FlagFigures | None:
    """Red flags of a period; none where there never was one."""
    table = tx.incident_figures.flags(span.first, span.until)
    if not len(table.raised_at):
        return None
    return flag_figures(table.raised_at, table.due_at, table.cleared_at, span.first, span.until)


def _change(group: Group) -> Change:
    return Change(group.tally.received, group.before.received if group.before else 0)


def _groups(groups: Sequence[Group], called: Mapping[str, Mapping[str, str]] = _AS_KEPT) -> tuple[GroupRow, ...]:
    """The frequent ones first; those that were there only before stand last."""
    rows = [GroupRow(one.key, one.tally, _change(one), called.get(one.key, {})) for one in groups]
    rows = [row for row in rows if row.tally != Tally() or row.change.before]
    return tuple(sorted(rows, key=lambda row: (-row.tally.received, -row.change.before, row.name)))


def _steps(groups: Sequence[Group]) -> tuple[Step, ...]:
    labels = [one.key for one in groups]
    # Of days of one year the year is said by the heading.
    is_day = all(len(label) == len("2026-11-22") and label.count("-") == 2 for label in labels)
    shown = [label[5:] for label in labels] if is_day and len({label[:4] for label in labels}) == 1 else labels
    return tuple(Step(label, one.tally.received, one.tally.handled) for label, one in zip(shown, groups))


def _areas(groups: Sequence[Group]) -> tuple[AreaRow, ...]:
    return tuple(
        AreaRow(
            code=one.key,
            name=one.name,
            community=one.community or "",
            households=one.households,
            tally=one.tally,
            per_1000=one.per_1000,
            smoothed=one.per_1000_smooth,
            is_small=bool(one.is_small),
        )
        for one in groups
        if one.key != NOWHERE
    )


def rates_of(tx: Tx, wanted: Wanted, now: datetime) -> GridRates:
    """What `with_spots` looks at, while the store is asked."""
    return grid_rates(tx, Question(wanted.period, "grid", zone=wanted.zone), now)


def with_spots(summary: IncidentSummary, rates: GridRates) -> IncidentSummary:
    """A summary that says which grids are hot or cold together with their neighbours; the same every time.

    The first one in a process takes some seconds and more, so that no transaction waits for it.
    """
    spots = spots_of(rates, seed=0, permutations=_PERMUTATIONS)
    said = dict(zip(rates.grids.code, spots.found))
    return replace(summary, areas=tuple(replace(area, hot=said.get(area.code, "")) for area in summary.areas))


# -- as plain data


def summary_data(summary: IncidentSummary, wanted: Wanted, now: datetime) -> dict[str, Any]:
    """A summary as it is answered; every share with its counts and as it is printed."""
    period, compared = summary.period, summary.compared
    later = period.last + timedelta(days=1)
    return {
        "period": {
            **_period(period),
            "zone": summary.zone,
            "at": wanted.day.isoformat(),
            "earlier": _day_or_none(period.before()),
            "later": later.isoformat() if later <= day_at(now, wanted.zone) else None,
            "compared": _period(compared),
        },
        "made_at": summary.made_at,
        "ranked_month": month_of(wanted, now).label,
        "plans": list(summary.plans),
        "totals": tally_row(summary.totals),
        "change": change_row(summary.change),
        "steps": [{"label": one.label, "received": one.received, "handled": one.handled} for one in summary.steps],
        "kinds": [_group_data(row) for row in summary.kinds],
        "sources": [_group_data(row) for row in summary.sources],
        "areas": [
            {
                **{name: getattr(row, name) for name in ("code", "name", "community", "households", "is_small", "hot")},
                "per_1000": _rounded(row.per_1000),
                "smoothed": _rounded(row.smoothed),
                "tally": tally_row(row.tally),
            }
            for row in summary.areas
        ],
        "ranking": [
            {name: getattr(row, name) for name in ("place", "code", "name", "score", "streak", "step")}
            for row in summary.ranking
        ],
        "flags": None if summary.flags is None else _flags_data(summary.flags),
        "beside": {name: getattr(summary.beside, name) for name in Beside.__slots__},
    }


def _period(period: Period) -> dict[str, str]:
    return {
        "kind": period.kind,
        "label": period.label,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
    }


def _day_or_none(period: Period) -> str | None:
    return period.first.isoformat() if period.first.year >= 2000 else None


def _group_data(row: GroupRow) -> dict[str, Any]:
    called = dict(row.called) or None
    return {"name": row.name, "called": called, "tally": tally_row(row.tally), "change": change_row(row.change)}


def _flags_data(flags: FlagFigures) -> dict[str, Any]:
    ages = [{"upto": days, "over": None, "n": n} for days, n in zip(AGE_DAYS, flags.ages)]
    ages.append({"upto": None, "over": AGE_DAYS[-1], "n": flags.ages[-1]})
    counts = {name: getattr(flags, name) for name in ("before", "raised", "cleared", "open", "overdue", "oldest_days")}
    return {**counts, "ages": ages}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
