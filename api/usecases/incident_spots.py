"""Incidents over 1,000 households by grid, smoothed, and where high rates lie together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.usecases.incident_statistics import NOWHERE, Question, Sorter, land_of, span_of
from data.store import Tx
from data.store.rooms.incident_figures import GridTable
from partition.incidents.rates import tally
from partition.incidents.smooth import HotSpots, Rates, hot_spots, household_rates, neighbours

COUNTED = ("received", "due", "handled", "open", "overdue")
VALUES = ("smooth", "smooth_near", "raw")


@dataclass(frozen=True, slots=True)
class GridRates:
    """Grids of a period with their rates, in the order of ``grids``.

    Attributes
    ----------
    outside
        Incidents that are in none of these grids: in no grid, or in one that is no more.
    """

    grids: GridTable
    count: NDArray[np.float64]
    rates: Rates
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    outside: int | float


def grid_rates(tx: Tx, question: Question, now: datetime, *, of: str = "received") -> GridRates:
    """Counts and rates of every grid in force at the end of a period, or of a plan.

    Parameters
    ----------
    question
        By grid.
    of
        What is counted, one of `COUNTED`.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    """
    if question.plan is not None:
        tx.plans.card(question.plan)
    span = span_of(question.period, now, question.zone)
    table = tx.incident_figures.incidents(span.first, span.until, plan=question.plan)
    moment = now if question.is_as_of_now else span.until
    land = land_of(tx, question.plan, moment)
    names, group, weight, row = Sorter(tx, question, land, now).groups(table)
    tallies = dict(zip(names, tally(table.columns, span.first, span.until, group, len(names), weight, row)))
    counted = {key: getattr(one, of) for key, one in tallies.items() if key != NOWHERE}
    count = np.array([counted.get(code, 0.0) for code in land.code], float)
    outside = sum(getattr(one, of) for one in tallies.values()) - sum(counted.get(code, 0) for code in set(land.code))
    a, b = _touching(tx, question.plan, moment, land)
    return GridRates(land, count, household_rates(count, land.households.astype(float), a, b), a, b, outside)


def spots_of(found: GridRates, *, seed: int, permutations: int, value: str = "smooth") -> HotSpots:
    """Gi* of the rates of grids.

    Parameters
    ----------
    value
        One of `VALUES`.
    """
    return hot_spots(getattr(found.rates, value), found.a, found.b, seed=seed, permutations=permutations)


def rate_rows(found: GridRates, spots: HotSpots | None = None) -> list[dict[str, Any]]:
    """One row a grid; null where a grid has no household."""
    land, rates, rows = found.grids, found.rates, []
    for i, code in enumerate(land.code):
        row = {
            "key": code,
            "name": land.name[i],
            "community": land.community[i],
            "plan": land.plan[i],
            "households": int(land.households[i]),
            "count": _number(found.count[i]),
            "per_1000": _number(rates.raw[i]),
            "per_1000_smooth": _number(rates.smooth[i]),
            "per_1000_near": _number(rates.smooth_near[i]),
            "is_small": bool(rates.is_small[i]),
        }
        if spots is not None:
            row |= {
                "z": _number(spots.z[i]),
                "p": _number(spots.p[i]),
                "found": spots.found[i] or None,
                "is_held": bool(spots.is_held[i]),
                "is_island": bool(spots.is_island[i]),
            }
        rows.append(row)
    return rows


def _touching(
    tx: Tx, plan: str | None, moment: datetime, land: GridTable
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of rows of grids that touch."""
    if plan is None:
        drawn = tx.in_force.grids(tx.in_force.at(moment))
    else:
        drawn = tx.in_force.grids_of(tx.in_force.counties_of([plan])[plan], plan)
    row = {pair: i for i, pair in enumerate(zip(land.plan, land.code))}
    known = [i for i, pair in enumerate(zip(drawn.plan, drawn.code)) if pair in row]
    mine = np.array([row[drawn.plan[i], drawn.code[i]] for i in known], np.int64)
    a, b = neighbours(drawn.outline[known] if known else np.zeros(0, dtype=object))
    return (mine[a], mine[b]) if len(mine) else (a, b)


def _number(value: float) -> float | int | None:
    if not np.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else round(float(value), 6)
