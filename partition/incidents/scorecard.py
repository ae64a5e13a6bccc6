"""Scorecards of grids (月度考核, 年度星级): by grid, never by a person.

One card is what the other rooms say of one grid, month after month: figures, place, months at the bottom, and stars for
the mean score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from partition.incidents.ranking import Place, Streak
from partition.incidents.rates import Tally, total

STAR_SCORES = (40.0, 55.0, 70.0, 85.0)
"""Mean scores from which there are two, three, four, five stars; one below."""


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One month of a grid."""

    month: str
    tally: Tally
    score: float | None
    rank: int | None
    run: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A grid over some months.

    Attributes
    ----------
    lines
        One a month, the oldest first.
    whole
        All months together: a sum of what is counted; ``open`` and ``overdue`` are those of the last month.
    mean_score
        Of the months in which it was ranked; none: in none.
    stars
        1 to 5; none where it was never ranked.
    step
        What follows from the months at the bottom, one of `partition.incidents.ranking.STEPS`.
    """

    unit: str
    lines: tuple[MonthLine, ...]
    whole: Tally
    mean_score: float | None
    stars: int | None
    step: str


def scorecards(
    units: Sequence[str],
    months: Sequence[str],
    tallies: Sequence[Mapping[str, Tally]],
    places: Sequence[Sequence[Place]],
    table: Sequence[Streak],
) -> list[Scorecard]:
    """Cards in the order of ``units``.

    Parameters
    ----------
    months, tallies, places
        Labels, and one entry a month, the oldest first.
    table
        From `partition.incidents.ranking.streaks`.
    """
    where = [{one.unit: one for one in ranked} for ranked in places]
    runs = {one.unit: one for one in table}
    cards = []
    for unit in units:
        lines = []
        for i, month in enumerate(months):
            place = where[i].get(unit)
            score, rank = (place.score, place.rank) if place else (None, None)
            lines.append(MonthLine(month, tallies[i].get(unit, Tally()), score, rank, runs[unit].months[i]))
        scores = [line.score for line in lines if line.score is not None]
        mean = sum(scores) / len(scores) if scores else None
        cards.append(Scorecard(unit, tuple(lines), _whole(lines), mean, stars(mean), runs[unit].step))
    return cards


def stars(score: float | None) -> int | None:
    """Stars of a mean score; none of none."""
    return None if score is None else 1 + sum(score >= limit for limit in STAR_SCORES)


def _whole(lines: Sequence[MonthLine]) -> Tally:
    """Months follow one another: what stands open is open once."""
    if not lines:
        return Tally()
    summed = total([line.tally for line in lines])
    last = lines[-1].tally
    names = {name: getattr(summed, name) for name in Tally.__slots__}
    return Tally(**{**names, "open": last.open, "overdue": last.overdue})
