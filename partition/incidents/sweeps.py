"""Sweeps of buildings by several services together (联合清查), as counts: what one may hold, what many add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from partition.incidents.rates import rounded

MOST: Mapping[str, int] = {"vehicles": 1_000, "people": 10_000, "buildings": 100_000, "problems": 100_000}
"""Counts of one sweep, each with the most that is believed: a whole district out for one night stays far below."""


@dataclass(frozen=True, slots=True)
class SweepFigures:
    """What some sweeps add up to.

    Attributes
    ----------
    sweeps
        How many took place.
    vehicles, people
        Vehicle-times (车次) and person-times (人次): whoever is out twice counts twice.
    buildings, problems
        Buildings looked at (栋次), and what was found wrong in them.
    """

    sweeps: int = 0
    vehicles: int = 0
    people: int = 0
    buildings: int = 0
    problems: int = 0

    def __add__(self, other: SweepFigures) -> SweepFigures:
        return SweepFigures(
            self.sweeps + other.sweeps,
            self.vehicles + other.vehicles,
            self.people + other.people,
            self.buildings + other.buildings,
            self.problems + other.problems,
        )

    @property
    def buildings_per_sweep(self) -> str | None:
        """Whole buildings, half up, as a paper prints them; none where there was no sweep."""
        return rounded(Decimal(self.buildings), Decimal(self.sweeps), 0) if self.sweeps else None

    @property
    def problems_per_building(self) -> str | None:
        """With two decimals, half up; none where no building was looked at."""
        return rounded(Decimal(self.problems), Decimal(self.buildings), 2) if self.buildings else None


def added_by(sweeps: Mapping[str, SweepFigures], n_digits: int) -> dict[str, SweepFigures]:
    """Figures of places added up by the first digits of their codes; a shorter code stands for itself."""
    found: dict[str, SweepFigures] = {}
    for place, one in sweeps.items():
        found[place[:n_digits]] = found.get(place[:n_digits], SweepFigures()) + one
    return found
