"""Monthly ranking of grids, communities or towns, who stands at the bottom month after month, and scorecards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from api.usecases.incident_statistics import NOWHERE, Question, Sorter, land_of, span_of
from data.store import Tx
from data.store.rooms.incident_figures import PatrolFigures
from gis.errors import InputError
from partition.incidents.periods import ZONE, Period, months_until
from partition.incidents.ranking import (
    DEFAULT_INDICATORS,
    Indicator,
    Place,
    Streak,
    at_the_bottom,
    check_indicators,
    rank,
    streaks,
)
from partition.incidents.rates import Share, Tally, tally
from partition.incidents.scorecard import Scorecard, scorecards

KNOWN = {
    "handled_at_least": True,
    "in_time_at_least": True,
    "arrived_at_least": True,
    "handled": True,
    "in_time": True,
    "arrived": True,
    "settled_low": True,
    "patrol_km": True,
    "received_per_1000": False,
    "overdue_per_1000": False,
    "received_per_10000": False,
}
"""Indicators that there are, and whether more of it is better."""


@dataclass(frozen=True, slots=True)
class RankQuestion:
    """What is asked for.

    Attributes
    ----------
    last
        Whose last day says which month is the last one.
    n_months
        How many months, the last one included.
    by
        ``grid``, ``community`` or ``town``.
    n_last
        So many stand at the bottom of a month.
    line
        Whoever scores below it stands there too; none: no line.
    """

    last: Period
    n_months: int = 3
    by: str = "grid"
    n_last: int = 1
    line: float | None = None
    indicators: tuple[Indicator, ...] = DEFAULT_INDICATORS
    plan: str | None = None
    zone: str = ZONE


@dataclass(frozen=True, slots=True)
class Ranked:
    """Places month by month.

    Attributes
    ----------
    months
        The oldest first.
    places, tallies
        One entry a month: everybody's place, the best first; figures by code.
    streaks
        In the order of codes.
    names, households, population
        By code, of the plan in force at the end of the last month.
    """

    question: RankQuestion
    months: tuple[Period, ...]
    places: tuple[list[Place], ...]
    tallies: tuple[dict[str, Tally], ...]
    streaks: list[Streak]
    names: dict[str, str]
    households: dict[str, int]
    population: dict[str, int]
    plans: tuple[str, ...]
    patrols: tuple[dict[str, PatrolFigures], ...]


def read_indicators(text: str) -> tuple[Indicator, ...]:
    """Indicators with their weights: ``in_time:40,handled:30``; empty: the default ones.

    Raises
    ------
    InputError
        ``indicator_unknown``, ``indicator_twice``, ``indicator_weight``.
    """
    if not text:
        return DEFAULT_INDICATORS
    found = []
    for part in text.split(",")[:50]:
        name, _, weight = part.strip().partition(":")
        try:
            found.append(Indicator(name, float(weight or 1), KNOWN.get(name, True)))
        except ValueError:
            raise InputError("indicator_weight", column=name[:40], measured=weight[:20], allowed=1000) from None
    check_indicators(found, tuple(KNOWN))
    return tuple(found)


def ranking_of(tx: Tx, question: RankQuestion, now: datetime) -> Ranked:
    """Places of all grids, communities or towns over some months.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    """
    if question.plan is not None:
        tx.plans.card(question.plan)
    months = months_until(question.last, question.n_months)
    spans = [span_of(month, now, question.zone) for month in months]
    table = tx.incident_figures.incidents(spans[0].first, spans[-1].until, plan=question.plan)
    land = land_of(tx, question.plan, spans[-1].until)
    asked = Question(months[-1], question.by, plan=question.plan, zone=question.zone)
    sorter = Sorter(tx, asked, land, now)
    units = [unit for unit in sorter.places() if unit != NOWHERE]
    names, group, _, _ = sorter.groups(table)
    tallies, places, walked = [], [], []
    households, population = sorter.people()
    for month, span in zip(months, spans):
        counted = dict(zip(names, tally(table.columns, span.first, span.until, group, len(names))))
        of_units = {unit: counted.get(unit, Tally()) for unit in units}
        patrols = tx.incident_figures.patrols(month.first.isoformat(), month.last.isoformat(), plan=question.plan)
        by_place = sorter.patrols_by_place(patrols)
        values = _values(units, of_units, households, population, by_place, question.indicators)
        tallies.append(of_units)
        walked.append(by_place)
        places.append(rank(units, values, question.indicators))
    bottoms = [at_the_bottom(one, question.n_last, question.line) for one in places]
    return Ranked(
        question,
        months,
        tuple(places),
        tuple(tallies),
        streaks(units, bottoms),
        {unit: sorter.name_of(unit) for unit in units},
        households,
        population,
        (question.plan,) if question.plan else tuple(sorted(set(land.plan))),
        tuple(walked),
    )


def scorecards_of(ranked: Ranked, units: Sequence[str] | None = None) -> list[Scorecard]:
    """Cards of the months that were ranked, by code.

    Parameters
    ----------
    units
        Only those; codes that are not ranked are passed over.
    """
    known = [one.unit for one in ranked.streaks]
    wanted = known if units is None else [unit for unit in known if unit in set(units)]
    labels = [month.label for month in ranked.months]
    return scorecards(wanted, labels, ranked.tallies, ranked.places, ranked.streaks)


def _values(
    units: Sequence[str],
    tallies: Mapping[str, Tally],
    households: Mapping[str, int],
    population: Mapping[str, int],
    patrols: Mapping[str, PatrolFigures],
    indicators: Sequence[Indicator],
) -> dict[str, np.ndarray]:
    def value(name: str, unit: str) -> float | None:
        one = tallies[unit]
        if name in _SHARES:
            share = _SHARES[name](one)
            return share.at_least if name.endswith("_at_least") else share.frac
        if name == "settled_low":
            whole = sum(one.settled)
            return one.settled[0] / whole if whole else None
        if name == "patrol_km":
            return patrols[unit].km if unit in patrols else 0.0
        if name.startswith("overdue") and not (one.due or one.open):
            return None  # nothing could be overdue: a quiet month says nothing
        per, lived = (10_000, population) if name.endswith("_per_10000") else (1000, households)
        count = one.overdue if name.startswith("overdue") else one.received
        return per * count / lived[unit] if lived.get(unit) else None

    found = {}
    for indicator in indicators:
        said = [value(indicator.name, unit) for unit in units]
        found[indicator.name] = np.array([np.nan if one is None else one for one in said], float)
    return found


_SHARES: dict[str, Callable[[Tally], Share]] = {
    "handled": lambda one: one.handled_of_due,
    "in_time": lambda one: one.in_time_of_due,
    "arrived": lambda one: one.arrived_in_time_of_due,
    "handled_at_least": lambda one: one.handled_of_due,
    "in_time_at_least": lambda one: one.in_time_of_due,
    "arrived_at_least": lambda one: one.arrived_in_time_of_due,
}
