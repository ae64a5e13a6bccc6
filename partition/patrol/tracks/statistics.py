"""Totals over many outings and sweeps, as a district publishes them: exact sums, rounded once at the end.

Outings are counted in whole seconds and whole centimetres, so that the order of the rows and the number of tables they
were added up in change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from partition.patrol.tracks.report import TrackReport


@dataclass(frozen=True, slots=True)
class Outing:
    """One patrol once out: whole seconds, whole centimetres, people."""

    seconds: int
    centimetres: int
    persons: int = 1


@dataclass(frozen=True, slots=True)
class Sweep:
    """One evening sweep: whether it was held, vehicles, people, places checked, faults found."""

    is_held: bool
    vehicle_times: int = 0
    person_times: int = 0
    checks: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class OutingTotals:
    """Exact totals of outings; the figures to print are properties, rounded half up."""

    outings: int = 0
    seconds: int = 0
    centimetres: int = 0
    person_times: int = 0

    def __add__(self, other: OutingTotals) -> OutingTotals:
        return OutingTotals(
            self.outings + other.outings,
            self.seconds + other.seconds,
            self.centimetres + other.centimetres,
            self.person_times + other.person_times,
        )

    @property
    def hours(self) -> int:
        """Whole hours."""
        return int(_rounded(Fraction(self.seconds, 3600), 0))

    @property
    def km(self) -> int:
        """Whole kilometres."""
        return int(_rounded(Fraction(self.centimetres, 100_000), 0))

    @property
    def mean_kmh(self) -> Decimal | None:
        """Kilometres per hour, two decimals; None without time."""
        return _ratio(Fraction(self.centimetres, 100_000), Fraction(self.seconds, 3600))

    @property
    def km_per_person_time(self) -> Decimal | None:
        """Kilometres per person-time, two decimals; None without people."""
        return _ratio(Fraction(self.centimetres, 100_000), Fraction(self.person_times))

    @property
    def hours_per_person_time(self) -> Decimal | None:
        """Hours per person-time, two decimals; None without people."""
        return _ratio(Fraction(self.seconds, 3600), Fraction(self.person_times))


@dataclass(frozen=True, slots=True)
class SweepTotals:
    """Totals of sweeps: held of those planned, and what they came to."""

    planned: int = 0
    held: int = 0
    vehicle_times: int = 0
    person_times: int = 0
    checks: int = 0
    faults: int = 0


def total_outings(outings: Iterable[Outing]) -> OutingTotals:
    """Add up outings."""
    n = seconds = centimetres = persons = 0
    for o in outings:
        n += 1
        seconds += o.seconds
        centimetres += o.centimetres
        persons += o.persons
    return OutingTotals(n, seconds, centimetres, persons)


def total_sweeps(sweeps: Sequence[Sweep]) -> SweepTotals:
    """Add up sweeps; one that was not held adds to those planned only."""
    held = [s for s in sweeps if s.is_held]
    return SweepTotals(
        planned=len(sweeps),
        held=len(held),
        vehicle_times=sum(s.vehicle_times for s in held),
        person_times=sum(s.person_times for s in held),
        checks=sum(s.checks for s in held),
        faults=sum(s.faults for s in held),
    )


def outings_of(report: TrackReport) -> tuple[Outing, ...]:
    """The tracks of a report as outings; one without times has no seconds."""
    return tuple(
        Outing(round(t.seconds) if t.seconds >= 0 else 0, round(100 * t.walked_m), t.persons) for t in report.tracks
    )


def _ratio(part: Fraction, whole: Fraction) -> Decimal | None:
    return _rounded(part / whole, 2) if whole else None


def _rounded(value: Fraction, digits: int) -> Decimal:
    """Half up, from the exact value: never rounded twice."""
    scaled = value * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole).scaleb(-digits).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
