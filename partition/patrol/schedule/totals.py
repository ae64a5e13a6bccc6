"""What a schedule adds up to, as reports state it: evenings held of those possible, vehicle-times, person-times."""

from __future__ import annotations

from dataclasses import dataclass

from partition.patrol.schedule.types import Schedule


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one watch or of all: times held of those the calendar has, shifts, vehicles, people, hours, visits."""

    held: int
    possible: int
    shifts: int
    vehicle_times: int
    person_times: int
    hours: float
    visits: int


def total_of(schedule: Schedule, watch: str | None = None) -> Totals:
    """Add up the shifts of a watch (``None``: of all).

    ``hours`` are those of patrols, not of the people in them.
    """
    shifts = [s for s in schedule.shifts if watch in (None, s.watch)]
    names = [watch] if watch is not None else sorted(schedule.held)
    return Totals(
        held=sum(len(schedule.held[name]) for name in names),
        possible=sum(schedule.possible[name] for name in names),
        shifts=len(shifts),
        vehicle_times=sum(bool(s.vehicle) for s in shifts),
        person_times=sum(s.persons for s in shifts),
        hours=sum(s.minutes for s in shifts) / 60,
        visits=sum(len(s.visits) for s in shifts),
    )
