"""Which days a watch takes place on: its weekdays within a period, without holidays and cancelled evenings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from gis.errors import Fault, InputError
from partition.patrol.schedule.types import DAY_MINUTES, Watch

MOST_DAYS = 1096
"""A schedule is made for three years at most: whoever asks for more has mistyped a year."""


def days_of(watch: Watch, first: date, last: date) -> tuple[date, ...]:
    """Every date from one to another, both included, whose weekday is the watch's."""
    n = (last - first).days + 1
    return tuple(day for day in (first + timedelta(i) for i in range(n)) if day.weekday() in watch.weekdays)


def held_on(watch: Watch, first: date, last: date, without: Collection[date] = ()) -> tuple[date, ...]:
    """The dates it takes place on: those of `days_of` but for holidays and cancelled ones (``without``)."""
    off = set(without)
    return tuple(day for day in days_of(watch, first, last) if day not in off)


def check_period(first: date, last: date, watches: Collection[Watch]) -> None:
    """Refuse a period or a watch that can not be scheduled.

    Raises
    ------
    InputError
        ``schedule_period_wrong``, ``schedule_watch_wrong``, ``schedule_watch_twice``.
    """
    faults = []
    if not 1 <= (last - first).days + 1 <= MOST_DAYS:
        faults.append(Fault("schedule_period_wrong", {"measured": f"{first} .. {last}", "allowed": MOST_DAYS}))
    names = [watch.name for watch in watches]
    for watch in watches:
        measured = f"{watch.start} + {watch.minutes} min, weekdays {sorted(watch.weekdays)}"
        is_day = watch.weekdays and all(0 <= day <= 6 for day in watch.weekdays)
        if not (0 <= watch.start < DAY_MINUTES and 0 < watch.minutes <= DAY_MINUTES and watch.modes and is_day):
            faults.append(Fault("schedule_watch_wrong", {"id": watch.name, "measured": measured}))
        if names.count(watch.name) > 1:
            faults.append(Fault("schedule_watch_twice", {"id": watch.name}))
    if faults:
        raise InputError.of(faults)
