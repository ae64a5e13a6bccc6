"""Parameters of OGC API - Features: read from text, and described the way its tests ask for.

FastAPI would take ``bbox=1,2,3,4`` for one wrong number and refuse a ``limit`` above the maximum, so these parameters
are taken as text, read here, and written into the description by hand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from data.store.rooms.windows import Box, Interval
from gis.errors import InputError

DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d))?", re.ASCII
)  # the date alone is the whole day
_DURATION = re.compile(
    r"P(?=[\dT])(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1) - timedelta(microseconds=1)
_LON_LAT = ((-180.0, 180.0), (-90.0, 90.0))

LIMIT: dict[str, Any] = {
    "name": "limit",
    "in": "query",
    "description": "Features of one page. A larger number than the maximum counts as the maximum.",
    "required": False,
    "style": "form",
    "explode": False,
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
}
BBOX: dict[str, Any] = {
    "name": "bbox",
    "in": "query",
    "description": "Only features that touch this box: west, south, east, north in degrees (with heights: six numbers, "
    "the heights count for nothing). West may be larger than east: the box then crosses the antimeridian.",
    "required": False,
    "style": "form",
    "explode": False,
    "schema": {
        "type": "array",
        "minItems": 4,
        "maxItems": 6,
        "items": {"type": "number"},
    },
}
DATETIME: dict[str, Any] = {
    "name": "datetime",
    "in": "query",
    "description": "Only features that were there at a moment or in an interval (RFC 3339): "
    "2026-11-22T08:00:00Z, 2026-01-01T00:00:00Z/2026-12-31T23:59:59Z, 2026-01-01T00:00:00Z/.. (open). "
    "Grids are those of the plans in force then. Features without a time always count.",
    "required": False,
    "style": "form",
    "explode": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 120},
}
AFTER: dict[str, Any] = {
    "name": "after",
    "in": "query",
    "description": "Where the page starts; taken from the link `next` of the page before.",
    "required": False,
    "style": "form",
    "explode": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 300},
}


def format_parameter(*formats: str) -> dict[str, Any]:
    """The parameter ``f``, for readers who cannot set ``Accept``."""
    return {
        "name": "f",
        "in": "query",
        "description": "Encoding of the answer, before what Accept says.",
        "required": False,
        "style": "form",
        "explode": False,
        "schema": {"type": "string", "enum": list(formats)},
    }


LANGUAGE: dict[str, Any] = {
    "name": "lang",
    "in": "query",
    "description": "Language of titles and errors, before what Accept-Language says.",
    "required": False,
    "style": "form",
    "explode": False,
    "schema": {"type": "string", "enum": ["zh", "en"]},
}


def read_format(text: str | None, formats: Sequence[str]) -> str | None:
    """What ``f`` asks for; none where it is not given.

    Raises
    ------
    InputError
        ``format_unknown``.
    """
    if text is not None and text not in formats:
        raise InputError("format_unknown", measured=text[:80], allowed=", ".join(formats))
    return text


def read_limit(text: str | None) -> int:
    """Features of a page.

    Raises
    ------
    InputError
        ``limit_wrong``.
    """
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"\d{1,1000}", text, re.ASCII) or int(text) < 1:
        raise InputError("limit_wrong", measured=text[:80], allowed=f"1-{MAX_LIMIT}")
    return min(int(text), MAX_LIMIT)


def read_bbox(text: str | None) -> Box | None:
    """A window in longitude and latitude; heights are read and left out.

    Raises
    ------
    InputError
        ``bbox_wrong``.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (4, 6) or not all(map(_NUMBER.fullmatch, parts)):
        raise InputError("bbox_wrong", measured=text[:120])
    numbers = [float(part) for part in parts]
    half = len(numbers) // 2
    low, high = numbers[:half], numbers[half:]
    in_range = all(least <= value <= most for corner in (low, high) for value, (least, most) in zip(corner, _LON_LAT))
    if not in_range or not all(map(math.isfinite, numbers)) or low[1] > high[1] or low[2:] > high[2:]:
        raise InputError("bbox_wrong", measured=text[:120])
    return Box(low[0], low[1], high[0], high[1])


def read_interval(text: str | None) -> Interval | None:
    """A moment or an interval; ``..`` or nothing leaves an end open, an end may be a duration (``P1M``).

    Raises
    ------
    InputError
        ``datetime_wrong``.
    """
    if text is None:
        return None
    try:
        return _interval(text)
    except (ValueError, OverflowError) as error:
        raise InputError("datetime_wrong", measured=text[:120]) from error


def _interval(text: str) -> Interval:
    sides = [side.strip() for side in text.split("/")]
    if len(sides) == 1:
        first, last = _moments(sides[0])
        return Interval(first, last)
    if len(sides) != 2:
        raise ValueError(text)
    left, right = sides
    if left.startswith("P"):
        if right in ("", ".."):
            raise ValueError(text)
        end = _moments(right)[1]
        return _checked(_moved(_moments(right)[0], left, -1), end)
    start = None if left in ("", "..") else _moments(left)[0]
    if right.startswith("P"):
        if start is None:
            raise ValueError(text)
        return _checked(start, _moved(start, right, 1))
    return _checked(start, None if right in ("", "..") else _moments(right)[1])


def _checked(start: datetime | None, end: datetime | None) -> Interval:
    if start is not None and end is not None and start > end:
        raise ValueError("the end comes before the start")
    return Interval(start, end)


def _moments(text: str) -> tuple[datetime, datetime]:
    """First and last moment of what a text names: one and the same, or a day's first and last."""
    # In a query "+" is a space: "08:00:00+08:00" may arrive so.
    found = _MOMENT.fullmatch(re.sub(r"(:\d\d(?:\.\d+)?) (\d\d:\d\d)$", r"\1+\2", text))
    if found is None:
        raise ValueError(text)
    day, time, seconds, fraction, zone = found.groups()
    if time is None:
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
        return max(moment, _EARLIEST), max(moment + _DAY, _EARLIEST)
    # RFC 3339 knows leap seconds, Python does not.
    seconds = "59" if seconds == "60" else seconds
    said = f"{day}T{time}{seconds}{(fraction or '')[:7]}{zone.upper().replace('Z', '+00:00')}"
    moment = max(datetime.fromisoformat(said).astimezone(UTC), _EARLIEST)
    return moment, moment


def _moved(moment: datetime, duration: str, sign: int) -> datetime:
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError(duration)
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in found.groups()[:6])
    n = moment.year * 12 + moment.month - 1 + sign * (years * 12 + months)
    year, month = divmod(n, 12)
    last = [31, 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    moved = moment.replace(year=year, month=month + 1, day=min(moment.day, last[month]))
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=float(found.group(7) or 0))
    return max(moved + sign * span, _EARLIEST)
