"""Types that bodies and parameters share: bounded, finite, and closed to names nobody declared."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from api.http.moments import read_moment
from api.problems import Refusal

MAX_ROWS = 10_000
MAX_TEXT = 200
"""Characters of a name, a label or a sentence."""


class Body(BaseModel):
    """A request body: no names beyond the declared, finite numbers, and no text where a number or a truth is meant.

    A field that is written as text but means something else (a moment, a choice) says ``Field(strict=False)``.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, str_max_length=100_000)


Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="degrees east, WGS 84")]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="degrees north, WGS 84")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A name on one line, without control characters."""
CodePrefix = Annotated[str, StringConstraints(max_length=24, pattern=r"^[0-9A-Za-z_-]*$")]
"""A code of a place, or the start of one."""


def _read_moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return read_moment(str(value) if isinstance(value, str) else "", "")
    except Refusal as error:
        raise ValueError("a moment is written as 2026-11-22T08:00:00+08:00, or as a date alone") from error


Moment = Annotated[
    datetime,
    BeforeValidator(_read_moment),
    WithJsonSchema({"type": "string", "maxLength": 40, "description": "RFC 3339, or a date in China's time"}),
]
"""A moment with its time zone, for parameters and bodies; numbers are none."""


def _read_day(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("a day is written as 2026-11-22")


Day = Annotated[date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day of the calendar; numbers are none."""
