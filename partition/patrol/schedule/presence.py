"""Presence ratio (见警率) of a schedule: the share of street-hours in which a patrol comes by.

A street-hour is one street in one hour of one day.  Streets count by their metres, so that the ratio does not depend
on how finely they are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from gis.graph import FloatArray, Int32Array
from partition.patrol.problem import PatrolProblem, Route
from partition.patrol.schedule.types import Schedule, Shift, Visit

_HOUR_S = 3600.0
_DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Passes:
    """When a route passes the streets of its grid.

    Attributes
    ----------
    street
        Number of the street within the grid, per pass.
    from_s, to_s
        Seconds after the route began.
    """

    street: Int32Array
    from_s: FloatArray
    to_s: FloatArray


@dataclass(frozen=True, slots=True)
class Presence:
    """Street-hours of a grid, by metres: ``ratio`` = with a patrol / all; passes are counted once an hour."""

    grid: str
    metre_hours: float
    metre_hours_with_patrol: float

    @property
    def ratio(self) -> float:
        """Share with a patrol; 0 for a grid without a street."""
        return self.metre_hours_with_patrol / self.metre_hours if self.metre_hours else 0.0


def passes_of(problem: PatrolProblem, route: Route) -> Passes:
    """When a route passes the links of its problem, those that need no inspection included; dwells are waited out."""
    column = np.asarray(route.is_back, dtype=np.intp)
    seconds = np.where(route.inspects, problem.inspecting_s[route.link, column], problem.passing_s[route.link, column])
    ends = np.cumsum(seconds)
    waited = np.zeros(len(seconds) + 1)
    np.add.at(waited, route.stop_step, problem.stop_s[route.stop])
    before = np.cumsum(waited)[:-1]
    return Passes(np.asarray(route.link), ends - seconds + before, ends + before)


def presence(
    schedule: Schedule,
    street_m: Mapping[str, FloatArray],
    passes: Callable[[Shift, Visit], Passes],
    *,
    days: Sequence[date],
    from_hour: int = 0,
    to_hour: int = _DAY_HOURS,
) -> dict[str, Presence]:
    """Presence ratio of every grid.

    Parameters
    ----------
    schedule
        Who is where and when.
    street_m
        Per grid: metres of its streets, in the order of the numbers in `Passes`; streets that do not count have none.
    passes
        When the route of a visit passes which street; the route may be another one on another day.
    days
        Days that count, also those without any shift.
    from_hour, to_hour
        Hours of the day that count: all, or those in which people are about.

    Returns
    -------
    dict
        Grid code -> its presence.
    """
    counted = {day: number for number, day in enumerate(sorted(set(days)))}
    n_hours = to_hour - from_hour
    seen = {grid: np.zeros((len(metres), len(counted), n_hours), dtype=bool) for grid, metres in street_m.items()}
    for shift in schedule.shifts:
        for visit in shift.visits:
            if visit.grid in seen:
                _mark(seen[visit.grid], shift, visit, passes(shift, visit), counted, from_hour)
    return {
        grid: Presence(
            grid,
            float(street_m[grid].sum() * len(counted) * n_hours),
            float(street_m[grid] @ seen[grid].sum(axis=(1, 2))) if len(street_m[grid]) else 0.0,
        )
        for grid in sorted(street_m)
    }


def _mark(
    seen: np.ndarray, shift: Shift, visit: Visit, passes: Passes, counted: Mapping[date, int], from_hour: int
) -> None:
    """Every hour that a pass touches; one that goes on after midnight counts for the day after."""
    start_s = visit.start_min * 60
    first = ((start_s + passes.from_s) // _HOUR_S).astype(np.int64)
    # A pass that ends on the stroke of an hour is not in that hour.
    last = np.maximum(first, np.ceil((start_s + passes.to_s) / _HOUR_S).astype(np.int64) - 1)
    for more in range(int((last - first).max(initial=0)) + 1):
        hour = first + more
        street = passes.street[hour <= last]
        hour = hour[hour <= last]
        for late in np.unique(hour // _DAY_HOURS).tolist():
            day = counted.get(date.fromordinal(shift.date.toordinal() + late))
            within = (hour // _DAY_HOURS == late) & (hour % _DAY_HOURS >= from_hour)
            within &= hour % _DAY_HOURS < from_hour + seen.shape[2]
            if day is not None:
                seen[street[within], day, hour[within] % _DAY_HOURS - from_hour] = True
