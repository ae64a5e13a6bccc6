"""A period's incidents in figures: what the page, the papers and the tables print, so that all of them print the same.

Decides what a summary holds.  How figures are counted is decided in the rooms beside this one; which incidents belong
to a period is decided by whoever asks.  Places, kinds and counts; never a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from partition.incidents.compare import Change
from partition.incidents.flags import FlagFigures
from partition.incidents.periods import Period
from partition.incidents.rates import Tally


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One kind, source or level of incidents: its figures, and the change against the period compared with.

    Attributes
    ----------
    name
        As it is kept.
    called
        Language to what it is called there; empty where it is called as it is kept.
    """

    name: str
    tally: Tally
    change: Change
    called: Mapping[str, str] = field(default_factory=dict)

    def named(self, language: str) -> str:
        """What it is called in a language."""
        return self.called.get(language) or self.name


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One grid.

    Attributes
    ----------
    households
        None where they are not known.
    per_1000
        Incidents per 1,000 households; none where no household is known.
    smoothed
        The same drawn towards the rate of all by empirical Bayes.
    is_small
        So few households that the raw rate says little.
    hot
        ``hot_99`` to ``cold_90``, or empty: Getis-Ord Gi*, see `partition.incidents.smooth.HotSpots`.
    """

    code: str
    name: str
    community: str
    households: float | None
    tally: Tally
    per_1000: float | None = None
    smoothed: float | None = None
    is_small: bool = False
    hot: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the line over time: how it is written, what came in, what was handled."""

    label: str
    received: float
    handled: float


@dataclass(frozen=True, slots=True)
class RankRow:
    """A place in the monthly ranking.

    Attributes
    ----------
    place
        1 is the best; equal scores share one.
    score
        None where nothing is known to score.
    streak
        Months in a row at the bottom or below the line.
    step
        One of `partition.incidents.ranking.STEPS`.
    """

    place: int
    code: str
    name: str
    score: float | None
    streak: int = 0
    step: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """What was walked and swept in the period; none where nothing is kept of it.

    Attributes
    ----------
    buildings_per_sweep, problems_per_building
        As they are printed, see `partition.incidents.sweeps.SweepFigures`.
    """

    hours: float | None = None
    km: float | None = None
    shifts: int | None = None
    sweeps: int | None = None
    vehicles: int | None = None
    people: int | None = None
    buildings: int | None = None
    buildings_per_sweep: str | None = None
    problems: int | None = None
    problems_per_building: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentSummary:
    """All that is printed of a period.

    Attributes
    ----------
    compared
        The period that changes are counted against.
    made_at
        ISO 8601 with its offset; the one moment that is printed.
    plans
        Ids of the plans in force during the period.
    """

    period: Period
    compared: Period
    zone: str
    made_at: str
    plans: tuple[str, ...]
    totals: Tally
    change: Change
    steps: tuple[Step, ...] = ()
    kinds: tuple[GroupRow, ...] = ()
    sources: tuple[GroupRow, ...] = ()
    areas: tuple[AreaRow, ...] = ()
    ranking: tuple[RankRow, ...] = ()
    flags: FlagFigures | None = None
    beside: Beside = field(default_factory=Beside)
    households_basis: str = ""
    version: str = ""

    @property
    def n_begun(self) -> int:
        """How many of the steps had begun when it was made: those to come have no number, not nought."""
        today = date.fromisoformat(self.made_at[:10])
        if self.period.last <= today:
            return len(self.steps)
        if self.period.kind == "year":
            return sum(one.label <= f"{today:%Y-%m}" for one in self.steps)
        return max(0, (today - self.period.first).days + 1)

    @property
    def bottom(self) -> tuple[RankRow, ...]:
        """The ranking from its end (逆排名)."""
        return tuple(reversed(self.ranking))
