"""Rankings, scorecards and hot spots as plain data for answers, and as tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.usecases.incident_answers import patrol_row, period_row, tally_row
from api.usecases.incident_rankings import Ranked, scorecards_of
from api.usecases.incident_spots import GridRates, rate_rows
from api.usecases.incident_statistics import Question, span_of
from partition.incidents.ranking import STEPS, Place, from_below, per_10000
from partition.incidents.smooth import HotSpots

_RATE_COLUMNS = ("key", "name", "community", "households", "count", "per_1000", "per_1000_smooth", "per_1000_near")
_SPOT_COLUMNS = ("is_small", "z", "p", "found", "is_held", "is_island")


def ranking_row(told: Ranked) -> dict[str, Any]:
    """The whole answer about a ranking."""
    question, last = told.question, told.places[-1]
    scores = [{place.unit: place.score for place in month} for month in told.places]
    return {
        "months": [month.label for month in told.months],
        "by": question.by,
        "plans": list(told.plans),
        "indicators": [
            {"name": one.name, "weight": one.weight, "is_high_good": one.is_high_good} for one in question.indicators
        ],
        "n": question.n_last,
        "line": question.line,
        "ranking": [_place_row(told, place) for place in last],
        "bottom_up": [{"from_below": below, **_place_row(told, place)} for below, place in from_below(last)],
        "streaks": [
            {
                "key": one.unit,
                "name": told.names[one.unit] or None,
                "months": list(one.months),
                "scores": [month[one.unit] for month in scores],
                "step": one.step or None,
                "step_number": STEPS.index(one.step),
            }
            for one in told.streaks
        ],
    }


def ranking_table(told: Ranked) -> tuple[list[str], list[list[Any]]]:
    """The last month's ranking as a table, with the months at the bottom."""
    names = [one.name for one in told.question.indicators]
    header = ["rank", "key", "name", "score", *(f"points_{name}" for name in names)]
    header += ["received", "received_per_10000", *(f"run_{month.label}" for month in told.months), "step"]
    streak = {one.unit: one for one in told.streaks}
    rows = []
    for place in told.places[-1]:
        received = told.tallies[-1][place.unit].received
        mine = streak[place.unit]
        points = [place.points[name] for name in names]
        rows.append(
            [
                *(place.rank, place.unit, told.names[place.unit], place.score, *points),
                *(received, per_10000(received, told.population[place.unit]), *mine.months, mine.step),
            ]
        )
    return header, rows


def scorecards_row(told: Ranked, unit: str | None = None) -> dict[str, Any]:
    """Cards by code, or of one of them."""
    cards = scorecards_of(told, None if unit is None else [unit])
    return {
        "months": [month.label for month in told.months],
        "by": told.question.by,
        "plans": list(told.plans),
        "cards": [
            {
                "key": card.unit,
                "name": told.names[card.unit] or None,
                "households": told.households[card.unit],
                "population": told.population[card.unit],
                "mean_score": None if card.mean_score is None else round(card.mean_score, 2),
                "stars": card.stars,
                "step": card.step or None,
                "months": [
                    {
                        "month": line.month,
                        "score": line.score,
                        "rank": line.rank,
                        "run": line.run,
                        **tally_row(line.tally),
                        "patrol": patrol_row(told.patrols[i].get(card.unit)),
                    }
                    for i, line in enumerate(card.lines)
                ],
                "whole": tally_row(card.whole),
            }
            for card in cards
        ],
    }


def hotspots_row(
    found: GridRates, spots: HotSpots, question: Question, now: datetime, asked: dict[str, Any]
) -> dict[str, Any]:
    """The whole answer about rates and hot spots."""
    mean = found.rates.mean
    return {
        "period": period_row(question.period, question.zone, span_of(question.period, now, question.zone)),
        "as_of": "now" if question.is_as_of_now else "then",
        "plans": sorted(set(found.grids.plan)),
        **asked,
        "mean_per_1000": None if mean != mean else round(mean, 6),
        "outside": found.outside,
        "grids": rate_rows(found, spots),
    }


def hotspots_table(found: GridRates, spots: HotSpots) -> tuple[list[str], list[list[Any]]]:
    """One row a grid."""
    header = [*_RATE_COLUMNS, *_SPOT_COLUMNS]
    return header, [[row[name] for name in header] for row in rate_rows(found, spots)]


def _place_row(told: Ranked, place: Place) -> dict[str, Any]:
    received = told.tallies[-1][place.unit].received
    return {
        "key": place.unit,
        "name": told.names[place.unit] or None,
        "rank": place.rank,
        "score": place.score,
        "points": dict(place.points),
        "received": received,
        "households": told.households[place.unit],
        "received_per_10000": per_10000(received, told.population[place.unit]),
    }
