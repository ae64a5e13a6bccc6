"""Periods that figures are for: a day, a week (ISO 8601), a month, a quarter, a year, or days from one to another.

A period is whole days of one time zone, China's unless told otherwise.  Nobody's clock is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gis.errors import Fault, InputError

PERIODS = ("day", "week", "month", "quarter", "year")
COMPARISONS = ("year", "period")
ZONE = "Asia/Shanghai"
FIRST_YEAR, LAST_YEAR = 2000, 2199
_FORMS = {
    "day": re.compile(r"(\d{4})-(\d\d)-(\d\d)"),
    "week": re.compile(r"(\d{4})-W(\d\d)"),
    "month": re.compile(r"(\d{4})-(\d\d)"),
    "quarter": re.compile(r"(\d{4})-Q([1-4])"),
    "year": re.compile(r"(\d{4})"),
}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to ``last``, both included.

    Attributes
    ----------
    kind
        One of `PERIODS`, or ``span``.
    """

    kind: str
    first: date
    last: date

    @property
    def n_days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def label(self) -> str:
        """As it is written: ``2026-11-22``, ``2026-W47``, ``2026-11``, ``2026-Q4``, ``2026``, or first/last."""
        year = self.first.year
        if self.kind == "day":
            return self.first.isoformat()
        if self.kind == "week":
            iso = self.first.isocalendar()
            return f"{iso.year:04}-W{iso.week:02}"
        if self.kind == "month":
            return f"{year:04}-{self.first.month:02}"
        if self.kind == "quarter":
            return f"{year:04}-Q{(self.first.month + 2) // 3}"
        if self.kind == "year":
            return f"{year:04}"
        return f"{self.first.isoformat()}/{self.last.isoformat()}"

    def bounds(self, zone: str = ZONE) -> tuple[datetime, datetime]:
        """Its first moment, and the first one after it, in UTC."""
        there = ZoneInfo(zone)
        first, after = (datetime.combine(day, time(), there) for day in (self.first, self.last + _DAY))
        return first.astimezone(UTC), after.astimezone(UTC)

    def before(self) -> Period:
        """The period before it, as long as it or of the same kind."""
        if self.kind == "span":
            return Period("span", self.first - timedelta(days=self.n_days), self.first - _DAY)
        return period_of(self.kind, self.first - _DAY)

    def year_before(self) -> Period:
        """The same period of the year before.

        A week is the one of the same number (of 53, the last one of a year of 52); of 29 February it is the 28th.
        """
        if self.kind == "week":
            iso = self.first.isocalendar()
            weeks = date(iso.year - 1, 12, 28).isocalendar().week
            first = date.fromisocalendar(iso.year - 1, min(iso.week, weeks), 1)
            return Period("week", first, first + 6 * _DAY)
        first = _a_year_before(self.first)
        if self.kind == "span":
            return Period("span", first, _a_year_before(self.last))
        return period_of(self.kind, first)

    def moment_like(self, period: Period, moment: datetime, zone: str = ZONE) -> datetime:
        """The moment that is as far on in this period as a moment is in another one.

        Of the year before it is the same day and time, also behind a 29 February; otherwise the same time after the
        beginning.
        """
        if self == period.year_before() and self.kind != "week":
            there = moment.astimezone(ZoneInfo(zone))
            day = _a_year_before(there.date())
            return datetime.combine(day, there.time(), there.tzinfo).astimezone(UTC)
        return self.bounds(zone)[0] + (moment - period.bounds(zone)[0])

    def up_to(self, moment: datetime, zone: str = ZONE) -> Period:
        """The days of it that begin before a moment, its first one at least; itself where these are all."""
        last = max(self.first, day_at(moment - timedelta(microseconds=1), zone))
        return self if last >= self.last else Period("span", self.first, last)


def period_of(kind: str, day: date) -> Period:
    """The period of a kind that a day lies in."""
    if kind == "day":
        return Period(kind, day, day)
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return Period(kind, first, first + 6 * _DAY)
    if kind == "month":
        return _months(kind, day.year, day.month, 1)
    if kind == "quarter":
        return _months(kind, day.year, 3 * ((day.month - 1) // 3) + 1, 3)
    if kind == "year":
        return Period(kind, date(day.year, 1, 1), date(day.year, 12, 31))
    raise ValueError(kind)


def read_period(text: str, kind: str | None = None) -> Period:
    """A period as it is written.

    Parameters
    ----------
    text
        ``2026-11-22``, ``2026-W47``, ``2026-11``, ``2026-Q4`` or ``2026``; a day stands for the period it lies in.
    kind
        One of `PERIODS`; none: what the text is.

    Raises
    ------
    InputError
        ``period_malformed``: no such day, week or month; or it says less than the period needs.
    """
    for written, form in _FORMS.items():
        found = form.fullmatch(text)
        if found is None:
            continue
        try:
            period = _READ[written](*(int(part) for part in found.groups()))
        except ValueError:
            break
        if not FIRST_YEAR <= period.first.year <= LAST_YEAR:
            break
        wanted = period_of(kind or written, period.first)
        if wanted.first <= period.first and period.last <= wanted.last:
            return wanted
        break
    raise InputError.of([Fault("period_malformed", {"measured": text[:40], "allowed": kind or "/".join(PERIODS)})])


def span(first: date, last: date) -> Period:
    """Days from one to another.

    Raises
    ------
    InputError
        ``period_backwards``, ``period_malformed`` (a year out of reach).
    """
    if last < first:
        raise InputError("period_backwards", measured=last.isoformat(), allowed=first.isoformat())
    for day in (first, last):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise InputError("period_malformed", measured=day.isoformat(), allowed=f"{FIRST_YEAR}-{LAST_YEAR}")
    return Period("span", first, last)


def zone_of(name: str) -> str:
    """A time zone by its name; `ZONE` where none is given.

    Raises
    ------
    InputError
        ``zone_unknown``.
    """
    try:
        ZoneInfo(name or ZONE)
    except (ValueError, OSError, KeyError) as error:
        raise InputError("zone_unknown", measured=name[:40], allowed=ZONE) from error
    return name or ZONE


def day_at(moment: datetime, zone: str = ZONE) -> date:
    """The day of a moment."""
    return moment.astimezone(ZoneInfo(zone)).date()


def months_until(last: Period, n: int) -> tuple[Period, ...]:
    """``n`` months, the oldest first, that end with the month of a period's last day."""
    months = [period_of("month", last.last)]
    while len(months) < n:
        months.append(months[-1].before())
    return tuple(reversed(months))


def _months(kind: str, year: int, month: int, n: int) -> Period:
    after = year * 12 + month - 1 + n
    return Period(kind, date(year, month, 1), date(after // 12, after % 12 + 1, 1) - _DAY)


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _week(year: int, week: int) -> Period:
    return period_of("week", date.fromisocalendar(year, week, 1))


_READ: dict[str, Callable[..., Period]] = {
    "day": lambda y, m, d: period_of("day", date(y, m, d)),
    "week": _week,
    "month": lambda y, m: period_of("month", date(y, m, 1)),
    "quarter": lambda y, q: period_of("quarter", date(y, 3 * q - 2, 1)),
    "year": lambda y: period_of("year", date(y, 1, 1)),
}
