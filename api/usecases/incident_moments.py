"""Moments as offices write them, in a time zone: dates and times in one cell or in two."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gis.errors import InputError

_DATE = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
_CLOCK = r"(\d{1,2})(?:\s*[::时點点]\s*(?:(\d{1,2})(?:\s*[::分]\s*(?:(\d{1,2})(?:[.,]\d+)?\s*秒?)?)?)?)?"
_ZONE = r"(Z|[+-]\d\d:?\d\d)?"
_WHOLE = re.compile(rf"{_DATE}(?:[T\s]*{_CLOCK}\s*{_ZONE})?")
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(?:[T\s]*(\d\d):?(\d\d)(?::?(\d\d))?)?()")
_TIME = re.compile(_CLOCK)
FORMATS = "2026-11-22 08:30, 2026/11/22 8:30:00, 2026年11月22日8时30分, 2026-11-22T08:30:00+08:00"


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises
    ------
    InputError
        ``incident_import_zone``.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError("incident_import_zone", measured=name, allowed="Asia/Shanghai, Europe/London, UTC") from None


@lru_cache(maxsize=65_536)
def read_moment_text(text: str, zone: ZoneInfo, clock: str = "") -> tuple[datetime, bool] | None:
    """A moment in UTC, and whether its time of day was stated; none where the text is no moment.

    Parameters
    ----------
    text
        A date, or a date with its time.
    zone
        Taken where the text names none.
    clock
        The time of day, where it stands in a cell of its own; a full hour may stand alone.
    """
    found = _WHOLE.fullmatch(text.strip()) or _DIGITS.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, *parts, stated = found.groups()
    has_time = parts[0] is not None
    if clock.strip():
        own = _WHOLE.fullmatch(clock.strip())  # a whole moment beside a date: its time of day counts
        time = own.groups()[3:6] if own and own.group(4) else _groups(_TIME, clock)
        if time is None:
            return None
        parts, has_time = list(time), True
    hour, minute, second = (int(part or 0) for part in parts)
    try:
        moment = datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=_offset(stated) or zone)
        return moment.astimezone(UTC), has_time
    except (ValueError, OverflowError):
        return None


def _groups(pattern: re.Pattern[str], text: str) -> tuple[str | None, ...] | None:
    found = pattern.fullmatch(text.strip())
    return None if found is None else found.groups()


def _offset(text: str | None) -> timezone | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone((1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
