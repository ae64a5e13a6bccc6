"""Figures of incidents for a period, by grid, place, kind and so on, beside those of another period.

What the figures mean is decided in `partition.incidents.rates`; here incidents of a store are sorted into groups, and
grids get their households.  An incident counts in the grid it was received in; asked as of now, in the grids that have
taken the ground of that one since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from data.store import Tx
from data.store.rooms.incident_figures import GridTable, IncidentTable, PatrolFigures, added
from gis.errors import InputError
from partition.incidents.flow import LEVELS
from partition.incidents.periods import ZONE, Period, period_of
from partition.incidents.rates import Columns, Tally, moment64, tally
from partition.incidents.smooth import household_rates
from partition.incidents.sweeps import SweepFigures, added_by
from partition.incidents.trends import Redraw, follow

BY = ("grid", "community", "town", "kind", "level", "source", "priority", "time")
PLACES = ("grid", "community", "town")
TOWN_DIGITS = 9
NOWHERE = ""
"""Key of incidents that lie in no grid."""
_MOST_DAYS = 92


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for.

    Attributes
    ----------
    by
        One of `BY`.
    compare
        ``year``: beside the same period of the year before; ``period``: beside the period before; none: beside none.
    plan
        Only incidents whose grid is of this plan.
    is_as_of_now
        Former grids are followed to those of today.
    """

    period: Period
    by: str = "grid"
    compare: str | None = None
    plan: str | None = None
    is_as_of_now: bool = False
    zone: str = ZONE


@dataclass(frozen=True, slots=True)
class Span:
    """A period in moments, as far as it has gone.

    Attributes
    ----------
    first, after
        Its first moment and the first one behind it.
    until
        The same, or now where it is not over: nothing behind it is counted.
    """

    first: datetime
    after: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Figures of one grid, place, kind, ...

    Attributes
    ----------
    households, population
        Of a grid or place, in the plan in force at the end of the period; none elsewhere.
    per_1000, per_1000_smooth, is_small
        Of a grid or place with households: received over 1,000 of them, the same drawn towards the mean of all, and
        whether the first says little because few were to be expected.
    minutes_to_arrive, minutes_to_handle
        Medians of those that were reached, or handled, in the period; none where none was.
    before
        Figures of the other period; none where none was asked for.
    patrol
        Of the whole, a grid or a place.
    sweep
        Of the whole, a community or a town, of all plans; none where no sweep is kept.
    """

    key: str
    name: str
    tally: Tally
    before: Tally | None = None
    community: str | None = None
    households: int | None = None
    population: int | None = None
    per_1000: float | None = None
    per_1000_smooth: float | None = None
    is_small: bool | None = None
    minutes_to_arrive: float | None = None
    minutes_to_handle: float | None = None
    patrol: PatrolFigures | None = None
    sweep: SweepFigures | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """The answer to a `Question`.

    Attributes
    ----------
    other, other_span
        The period compared with: of one that is not over, as many days of the other.
    plans
        In force at the end of the period, or the one asked for.
    """

    question: Question
    span: Span
    other: Period | None
    other_span: Span | None
    plans: tuple[str, ...]
    total: Group
    groups: tuple[Group, ...]


def span_of(period: Period, now: datetime, zone: str = ZONE) -> Span:
    """A period in moments, counted until now at most."""
    first, after = period.bounds(zone)
    return Span(first, after, max(first, min(after, now)))


def statistics_of(tx: Tx, question: Question, now: datetime) -> Statistics:
    """Figures of a period.

    Parameters
    ----------
    now
        The service's clock: nothing behind it is counted.

    Raises
    ------
    InputError
        ``as_of_needs_grid``.
    NotFound
        ``plan_unknown``.
    """
    if question.is_as_of_now and question.by != "grid":
        raise InputError("as_of_needs_grid", measured=question.by, allowed="grid")
    if question.plan is not None:
        tx.plans.card(question.plan)
    span, there = span_of(question.period, now, question.zone), None
    table = tx.incident_figures.incidents(span.first, span.until, plan=question.plan)
    other = other_period(question)
    land = land_of(tx, question.plan, now if question.is_as_of_now else span.until)
    sorter = Sorter(tx, question, land, now)
    whole, groups = _figures(table, question.period, span, sorter)
    if other is not None:
        there = span_of(other, now, question.zone)
        if span.until < span.after:  # half a month is not put beside a whole one
            as_far = other.moment_like(question.period, span.until, question.zone)
            there = replace(there, until=max(there.first, min(there.until, as_far)))
        earlier = tx.incident_figures.incidents(there.first, there.until, plan=question.plan)
        was, were = _figures(earlier, other, there, sorter)
        whole = replace(whole, before=was.tally)
        groups = _beside(groups, were, question.by)
        other = other.up_to(there.until, question.zone)
    patrols = tx.incident_figures.patrols(
        question.period.first.isoformat(), question.period.last.isoformat(), plan=question.plan
    )
    households = int(land.households.sum()), int(land.population.sum())
    sweeps = {} if question.plan else tx.sweeps.figures(span.first, span.until)
    swept = sum(sweeps.values(), SweepFigures()) if sweeps else None
    whole = replace(whole, households=households[0], population=households[1], patrol=added(patrols), sweep=swept)
    swept_by_place = {"community": sweeps, "town": added_by(sweeps, TOWN_DIGITS)}.get(question.by, {})
    for key in (*sorter.places(), *swept_by_place):
        groups.setdefault(key, Group(key, "", Tally(), Tally() if other else None))
    by_place = sorter.patrols_by_place(patrols) if question.by in PLACES else {}
    dressed = [sorter.dressed(groups[key], by_place) for key in sorted(groups, key=sorter.order)]
    ordered = _with_rates([replace(one, sweep=swept_by_place.get(one.key)) for one in dressed])
    plans = (question.plan,) if question.plan else tuple(sorted(set(land.plan)))
    return Statistics(question, span, other, there, plans, whole, ordered)


def other_period(question: Question) -> Period | None:
    """The period to compare with; none where none is asked for."""
    if question.compare is None:
        return None
    return question.period.year_before() if question.compare == "year" else question.period.before()


def land_of(tx: Tx, plan: str | None, moment: datetime) -> GridTable:
    """The grids of a plan, or those in force at a moment."""
    return tx.incident_figures.grids_at(moment) if plan is None else tx.incident_figures.grids_of([plan])


class Sorter:
    """Sorts incidents into groups, and knows the names and households of those."""

    def __init__(self, tx: Tx, question: Question, land: GridTable, now: datetime) -> None:
        self._tx, self._question, self._land, self._now = tx, question, land, now
        self.by, self.zone = question.by, question.zone
        self._names: dict[str, str] = {}
        self._towns: dict[str, str] = {}
        if question.by in PLACES:
            self._names, self._towns = tx.incident_figures.place_names()
        self._place_of_grid: dict[str, str] = {}
        if self.by in PLACES:
            keys = land.code if self.by == "grid" else land.community
            digits = TOWN_DIGITS if self.by == "town" else None
            self._place_of_grid = {code: key[:digits] for code, key in zip(land.code, keys)}
        rows: dict[str, list[int]] = {}
        for i, place in enumerate(self._place_of_grid[code] for code in land.code if self._place_of_grid):
            rows.setdefault(place, []).append(i)
        self._rows_of = {place: np.array(mine, np.int64) for place, mine in rows.items()}

    def groups(
        self, table: IncidentTable
    ) -> tuple[list[str], NDArray[np.int64], NDArray[np.float64] | None, NDArray[np.int64] | None]:
        """Keys; the group of each entry; its weight and its row, where incidents are spread over several grids."""
        if self._question.is_as_of_now:
            return self._spread(table)
        keys, group = coded(self._keys(table))
        return keys, group, None, None

    def places(self) -> list[str]:
        """Every place there is, also where nothing happened."""
        return sorted(self._rows_of)

    def people(self) -> tuple[dict[str, int], dict[str, int]]:
        """Households and inhabitants of every place."""
        households, population = self._land.households, self._land.population
        rows = self._rows_of.items()
        return {key: int(households[i].sum()) for key, i in rows}, {key: int(population[i].sum()) for key, i in rows}

    def patrols_by_place(self, patrols: Mapping[str, PatrolFigures]) -> dict[str, PatrolFigures]:
        """Patrols of grids, added up by place; of grids that are no more by their own codes."""
        parts: dict[str, dict[str, PatrolFigures]] = {}
        for code, one in patrols.items():
            key = code if self.by == "grid" else self._place_of_grid.get(code)
            if key is not None:
                parts.setdefault(key, {})[code] = one
        return {key: added(of) for key, of in parts.items()}

    def name_of(self, key: str) -> str:
        """The name of a place; empty where it has none."""
        if self.by == "grid":
            rows = self._rows_of.get(key, ())
            return (self._land.name[rows[0]] or "") if len(rows) else ""
        return (self._names if self.by == "community" else self._towns).get(key, "")

    def dressed(self, group: Group, patrols: Mapping[str, PatrolFigures]) -> Group:
        """With its name, and where it is a place with its households and patrols (`patrols_by_place`)."""
        key = group.key
        if self.by not in PLACES or key == NOWHERE:
            return group
        rows = self._rows_of.get(key, np.zeros(0, np.int64))
        lived = len(rows) > 0
        return replace(
            group,
            name=self.name_of(key),
            community=self._land.community[rows[0]] if lived and self.by == "grid" else None,
            households=int(self._land.households[rows].sum()) if lived else None,
            population=int(self._land.population[rows].sum()) if lived else None,
            patrol=patrols.get(key, PatrolFigures()),
        )

    def order(self, key: str) -> tuple[bool, int, str]:
        """Levels and priorities in their order, all else by code; what lies nowhere last."""
        if self.by == "level" and key in LEVELS:
            return False, LEVELS.index(key), key
        return key == NOWHERE, 0, key

    def _keys(self, table: IncidentTable) -> NDArray[np.object_]:
        by = self.by
        if by == "grid":
            return np.where(table.grid == None, NOWHERE, table.grid)  # noqa: E711
        if by == "town":
            return np.array([place[:TOWN_DIGITS] for place in table.place], dtype=object)
        if by == "level":
            return np.array(LEVELS, dtype=object)[table.columns.level]
        if by == "priority":
            return table.priority.astype(str).astype(object)
        return {"community": table.place, "kind": table.kind, "source": table.source}[by]

    def _spread(
        self, table: IncidentTable
    ) -> tuple[list[str], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        pairs = list(zip(table.plan, table.grid))
        known = {pair for pair in pairs if pair[0] is not None and pair[1] is not None}
        counties = self._tx.in_force.counties_of(plan for plan, _ in known)
        led: dict[tuple[str, str], dict[str, float]] = {}
        for county in sorted(set(counties.values())):
            steps = self._tx.in_force.steps(county, self._now)
            mine = [pair for pair in known if counties[pair[0]] == county]
            led |= follow(mine, [Redraw(step.plan, step.rows) for step in steps])
        rows, keys, weights = [], [], []
        for row, pair in enumerate(pairs):
            for key, weight in led.get(pair, {NOWHERE: 1.0}).items():
                rows.append(row)
                keys.append(key)
                weights.append(weight)
        names, group = coded(np.array(keys, dtype=object))
        return names, group, np.array(weights, float), np.array(rows, np.int64)


def coded(keys: NDArray[np.object_]) -> tuple[list[str], NDArray[np.int64]]:
    """Texts as numbers: each different one, ascending, and which one every row has."""
    names = sorted(set(keys.tolist()))
    number = {name: i for i, name in enumerate(names)}
    return names, np.array([number[key] for key in keys.tolist()], np.int64)


def slices(period: Period) -> list[Period]:
    """The days of a period, or its months where those would be too many."""
    kind = "day" if period.n_days <= _MOST_DAYS else "month"
    parts = [period_of(kind, period.first)]
    while parts[-1].last < period.last:
        parts.append(period_of(kind, parts[-1].last + timedelta(days=1)))
    return parts


def _figures(table: IncidentTable, period: Period, span: Span, sorter: Sorter) -> tuple[Group, dict[str, Group]]:
    columns = table.columns
    (whole,) = tally(columns, span.first, span.until)
    minutes = _Minutes(columns, span)
    nobody = np.zeros(len(columns), np.int64)
    total = minutes.told([Group("", "", whole)], nobody, None)[0]
    if sorter.by == "time":
        return total, {
            one.label: Group(one.label, "", told) for one, told in _by_time(columns, period, span, sorter.zone)
        }
    names, group, weight, row = sorter.groups(table)
    tallies = tally(columns, span.first, span.until, group, len(names), weight, row)
    told = minutes.told([Group(name, "", one) for name, one in zip(names, tallies)], group, row)
    return total, {one.key: one for one in told if one.tally != Tally()}


def _by_time(columns: Columns, period: Period, span: Span, zone: str) -> list[tuple[Period, Tally]]:
    parts = []
    for part in slices(period):
        first, after = part.bounds(zone)
        first, after = max(first, span.first), min(after, span.until)
        parts.append((part, tally(columns, first, after, until=span.until)[0] if first < after else Tally()))
    return parts


class _Minutes:
    """Median minutes to arrive and to handle, of what was reached or handled in a period."""

    def __init__(self, columns: Columns, span: Span) -> None:
        counted = ~columns.is_cancelled & ~columns.is_duplicate
        start, end = moment64(span.first), moment64(span.until)
        self._taken = []
        for moments in (columns.arrived_at, columns.handled_at):
            minutes = (moments - columns.received_at) / np.timedelta64(1, "m")
            self._taken.append(np.where(counted & (moments >= start) & (moments < end), minutes, np.nan))

    def told(self, groups: list[Group], group: NDArray[np.int64], row: NDArray[np.int64] | None) -> list[Group]:
        import pandas as pd  # the service starts without it

        medians = []
        for taken in self._taken:
            found = pd.Series(taken if row is None else taken[row]).groupby(group).median()
            medians.append({int(i): float(value) for i, value in found.dropna().items()})
        return [
            replace(one, minutes_to_arrive=medians[0].get(i), minutes_to_handle=medians[1].get(i))
            for i, one in enumerate(groups)
        ]


def _with_rates(groups: list[Group]) -> tuple[Group, ...]:
    lived = [i for i, one in enumerate(groups) if one.households]
    if not lived:
        return tuple(groups)
    count = np.array([groups[i].tally.received for i in lived], float)
    nobody = np.zeros(0, np.int64)
    rates = household_rates(count, np.array([groups[i].households for i in lived], float), nobody, nobody)
    for k, i in enumerate(lived):
        told = {"per_1000": float(rates.raw[k]), "per_1000_smooth": float(rates.smooth[k])}
        groups[i] = replace(groups[i], **told, is_small=bool(rates.is_small[k]))
    return tuple(groups)


def _beside(groups: Mapping[str, Group], others: Mapping[str, Group], by: str) -> dict[str, Group]:
    if by == "time":  # the first day beside the first one
        before = [one.tally for one in others.values()] + [Tally()] * len(groups)
        return {key: replace(one, before=was) for (key, one), was in zip(groups.items(), before)}
    return {
        key: replace(groups.get(key) or Group(key, "", Tally()), before=others[key].tally if key in others else Tally())
        for key in sorted({*groups, *others})
    }
