"""Working days: which days somebody works, and when a span of time that is counted in them is over.

A span of working days is counted as authorities count a time limit (期限): the day of receipt does not count, and it
is over when work ends on its last day.  Days are days of the zone's own calendar, so that three days later is the same
time of day where clocks are put forward and back; minutes and hours run on as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = ("min", "hours", "days", "working days")
MOST_DAYS = 3660
"""So many days at most are counted, in a span and in the search for a working day."""
_MINUTES = {"min": 1.0, "hours": 60.0, "days": 1440.0, "working days": 1440.0}
_SPAN = re.compile(r"(\d{1,7}(?:\.\d{1,6})?) ?(min|minutes?|hours?|h|days?|d|working days?|wd)", re.ASCII)
_WORDS = {"m": "min", "h": "hours", "d": "days", "w": "working days"}


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, as people state it.

    Attributes
    ----------
    amount
        How many; whole numbers of days and working days.
    unit
        One of `UNITS`.
    """

    amount: float
    unit: str = "min"

    @property
    def nominal_min(self) -> float:
        """Minutes, as if every day were a working day: to compare spans with, not to count by."""
        return self.amount * _MINUTES[self.unit]

    def __str__(self) -> str:
        return f"{self.amount:.6f}".rstrip("0").rstrip(".") + f" {self.unit}"


def span_of(text: str) -> Span | None:
    """A span as it is written (``30 min``, ``2 hours``, ``1 day``, ``3 working days``); none where it is not one."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        return None
    span = Span(float(found[1]), _WORDS[found[2][0]])
    is_whole = span.amount == int(span.amount)
    is_short = span.nominal_min <= MOST_DAYS * 1440
    return span if is_short and (is_whole or span.unit in ("min", "hours")) else None


@dataclass(frozen=True)
class WorkCalendar:
    """When somebody works.

    Attributes
    ----------
    zone
        Name of the time zone.
    work_week
        Days of an ordinary week that are worked (`WEEKDAYS`).
    opens, closes
        Hours of a working day.
    holidays
        Days of the work week that are free.
    working_days
        Days outside of the work week that are worked to make up for them.
    """

    zone: str = "Asia/Shanghai"
    work_week: tuple[str, ...] = WEEKDAYS[:5]
    opens: time = time(9)
    closes: time = time(17, 30)
    holidays: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()

    @cached_property
    def _week(self) -> frozenset[int]:
        return frozenset(WEEKDAYS.index(day) for day in self.work_week)

    def is_worked(self, day: date) -> bool:
        """Whether a day is a working day."""
        return day in self.working_days or (day.weekday() in self._week and day not in self.holidays)

    def after(self, moment: datetime, span: Span) -> datetime:
        """When a span from a moment on is over, in UTC.

        Raises
        ------
        ValueError
            Nobody works for ten years on end.
        """
        if span.unit in ("min", "hours"):
            return moment.astimezone(UTC) + timedelta(minutes=span.nominal_min)
        there = moment.astimezone(_zone(self.zone))
        if span.unit == "days":
            # Wall time: the same hour, whatever clocks did in between.
            return (there + timedelta(days=span.amount)).astimezone(UTC)
        if span.amount < 1:
            return moment.astimezone(UTC)
        day, left, looked = there.date(), int(span.amount), 0
        while left:
            day += timedelta(days=1)
            looked += 1
            if self.is_worked(day):
                left, looked = left - 1, 0
            elif looked > MOST_DAYS:
                raise ValueError("nobody works in this calendar")
        return datetime.combine(day, self.closes, _zone(self.zone)).astimezone(UTC)

    def years(self) -> tuple[int, ...]:
        """Years of which holidays are known."""
        return tuple(sorted({day.year for day in self.holidays}))


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _days(*spans: str) -> frozenset[date]:
    """Days and spans of days (``2026-02-15/2026-02-23``)."""
    out: set[date] = set()
    for span in spans:
        first, _, last = span.partition("/")
        day, end = date.fromisoformat(first), date.fromisoformat(last or first)
        out.update(day + timedelta(days=k) for k in range((end - day).days + 1))
    return frozenset(out)


CHINA = WorkCalendar(
    holidays=_days(
        *("2026-01-01/2026-01-03", "2026-02-15/2026-02-23", "2026-04-04/2026-04-06", "2026-05-01/2026-05-05"),
        *("2026-06-19/2026-06-21", "2026-09-25/2026-09-27", "2026-10-01/2026-10-07"),
    ),
    working_days=_days(
        *("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"),
    ),
)
"""The calendar of China with the holidays of 2026 and the days that make up for them, as the State Council announced
them; those of a further year are entered once they are announced."""
