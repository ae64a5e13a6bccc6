"""Monthly ranking (每月排名赋分), the list from below (逆排名), and what follows from standing last again and again.

Every indicator gives points by rank: 100 for the first, 0 for the last, even steps between, equal values the mean of
their places.  The score is the mean of the points by weight; an indicator that says nothing about somebody (no incident
was due there) is left out of theirs.  Who is last, or below a line, one month after another is urged (督办), summoned
(约谈) and held to account (问责).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from gis.errors import Fault, InputError
from partition.incidents.rates import rounded

STEPS = ("", "supervise", "summon", "account")
"""What follows after so many months in a row: nothing, 督办, 约谈, 问责; and again 问责 after more."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Indicator:
    """Something to be ranked by.

    Attributes
    ----------
    name
        Key of its values.
    weight
        Of its points in the score, over those of the others.
    is_high_good
        Whether more is better.
    """

    name: str
    weight: float = 1.0
    is_high_good: bool = True


DEFAULT_INDICATORS = (
    Indicator("handled_at_least", 30),
    Indicator("in_time_at_least", 40),
    Indicator("arrived_at_least", 20),
    Indicator("overdue_per_1000", 10, is_high_good=False),
)
"""Shares by Wilson's lower bound, so that few cases do not win; overdue ones over 1,000 households."""


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's place in a month.

    Attributes
    ----------
    unit
        Code.
    score
        0 to 100; none where no indicator says anything: not ranked.
    rank
        1 for the best; equal scores have one rank, and the next rank is left out.
    points
        By indicator; none where it says nothing.
    """

    unit: str
    score: float | None
    rank: int | None
    points: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Streak:
    """Months in a row at the bottom, up to a month.

    Attributes
    ----------
    months
        One entry a month: how many in a row until then; 0: it was not at the bottom, or not ranked.
    step
        Of the last month, one of `STEPS`.
    """

    unit: str
    months: tuple[int, ...]
    step: str


def check_indicators(indicators: Sequence[Indicator], known: Sequence[str]) -> None:
    """Whether a ranking can be made by some indicators.

    Raises
    ------
    InputError
        ``indicator_unknown``, ``indicator_twice``, ``indicator_weight`` (not above 0), ``indicators_none``.
    """
    faults = []
    names = [one.name for one in indicators]
    for i, one in enumerate(indicators):
        if one.name not in known:
            faults.append(Fault("indicator_unknown", {"measured": one.name[:40], "allowed": ", ".join(known)}))
        if one.name in names[:i]:
            faults.append(Fault("indicator_twice", {"measured": one.name[:40]}))
        if not 0 < one.weight <= 1000:
            faults.append(Fault("indicator_weight", {"measured": one.weight, "column": one.name[:40], "allowed": 1000}))
    if not indicators:
        faults.append(Fault("indicators_none", {"allowed": ", ".join(known)}))
    if faults:
        raise InputError.of(faults)


def rank(units: Sequence[str], values: Mapping[str, Floats], indicators: Sequence[Indicator]) -> list[Place]:
    """Everybody's place, the best first; equal ones by code, and those that are not ranked last.

    Parameters
    ----------
    units
        Codes.
    values
        Indicator to its value for each unit, in their order; NaN: it says nothing there.
    """
    n = len(units)
    points = {one.name: _points(values[one.name], one.is_high_good) for one in indicators}
    summed, weight = np.zeros(n), np.zeros(n)
    for one in indicators:
        said = np.isfinite(points[one.name])
        summed[said] += one.weight * points[one.name][said]
        weight[said] += one.weight
    score = np.full(n, np.nan)
    np.divide(summed, weight, out=score, where=weight > 0)
    score = np.round(score, 6)
    places = []
    for i, unit in enumerate(units):
        own = {name: _known(found[i]) for name, found in points.items()}
        mine = _known(score[i])
        place = None if mine is None else 1 + int(np.count_nonzero(score > mine))
        places.append(Place(unit, mine, place, own))
    return sorted(places, key=lambda one: (one.rank is None, one.rank or 0, one.unit))


def from_below(places: Sequence[Place], n: int | None = None) -> list[tuple[int, Place]]:
    """The list from below: place from the bottom (1 for the last; equal scores share it), and whose it is."""
    ranked = [one for one in places if one.score is not None]
    scores = np.array([one.score for one in ranked], dtype=float)
    listed = [(1 + int(np.count_nonzero(scores < one.score)), one) for one in ranked]
    listed.sort(key=lambda row: (row[0], row[1].unit))
    return listed if n is None else [row for row in listed if row[0] <= n]


def at_the_bottom(places: Sequence[Place], n_last: int = 1, line: float | None = None) -> frozenset[str]:
    """Who stands among the last ``n_last`` of a month, or below a line.

    Where all have one score nobody is last.
    """
    scores = {one.score for one in places if one.score is not None}
    below = {one.unit for one in places if line is not None and one.score is not None and one.score < line}
    if len(scores) > 1:
        below |= {one.unit for _, one in from_below(places, n_last) if one.score != max(scores)}
    return frozenset(below)


def streaks(units: Sequence[str], bottoms: Sequence[frozenset[str]]) -> list[Streak]:
    """How many months in a row everybody stood at the bottom.

    Parameters
    ----------
    units
        Codes.
    bottoms
        Who stood there, one set a month, the oldest first and none left out.
    """
    table = []
    for unit in units:
        months, run = [], 0
        for bottom in bottoms:
            run = run + 1 if unit in bottom else 0
            months.append(run)
        table.append(Streak(unit, tuple(months), STEPS[min(run, len(STEPS) - 1)]))
    return table


def per_10000(count: float, population: float) -> str | None:
    """Incidents over 10,000 inhabitants (万人发案率) with two decimals, half up; none where nobody lives."""
    if not population:
        return None
    return rounded(Decimal(str(count)) * 10_000, Decimal(str(population)), 2)


def _points(values: Floats, is_high_good: bool) -> Floats:
    found = np.full(len(values), np.nan)
    said = np.isfinite(values)
    mine = np.round(values[said] if is_high_good else -values[said], 9)
    n = len(mine)
    if n == 1:
        found[said] = 100.0
    elif n:
        ordered = np.sort(mine)
        below = np.searchsorted(ordered, mine, side="left")
        upto = np.searchsorted(ordered, mine, side="right")
        found[said] = 100.0 * ((below + upto - 1) / 2) / (n - 1)
    return found


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
