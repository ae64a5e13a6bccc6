"""Types that bodies and parameters share: bounded, finite, and closed to names nobody declared."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from api.http.moments import read_moment
from api.problems import Refusal

MAX_ROWS = 10_000
MAX_VERTICES = 100_000
MAX_TEXT = 200
"""Characters of a name, a label or a sentence."""


class Body(BaseModel):
    """A request body: no names beyond the declared, finite numbers, and no text where a number or a truth is meant.

    A field that is written as text but means something else (a moment, a choice) says ``Field(strict=False)``.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, str_max_length=100_000)


Finite = Annotated[float, Field(allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="degrees east, WGS 84")]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="degrees north, WGS 84")]
Households = Annotated[int, Field(ge=0, le=10_000_000)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A name on one line, without control characters."""
CodePrefix = Annotated[str, StringConstraints(max_length=24, pattern=r"^[0-9A-Za-z_-]*$")]
"""A code of a place, or the start of one."""
Limit = Annotated[int, Field(ge=1, le=1000, description="at most so many rows")]


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

Position = Annotated[list[Finite], Field(min_length=2, max_length=3)]
Ring = Annotated[list[Position], Field(min_length=4, max_length=MAX_VERTICES)]
Rings = Annotated[list[Ring], Field(min_length=1, max_length=1000)]


class Polygon(Body):
    """A GeoJSON polygon in longitude and latitude."""

    type: Literal["Polygon"]
    coordinates: Rings

    @model_validator(mode="after")
    def _bounded(self) -> Polygon:
        _count(self.coordinates)
        return self


class MultiPolygon(Body):
    """A GeoJSON multipolygon in longitude and latitude."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _bounded(self) -> MultiPolygon:
        _count([ring for part in self.coordinates for ring in part])
        return self


Area = Annotated[Polygon | MultiPolygon, Field(discriminator="type")]
"""An area that a body may give, of at most `MAX_VERTICES` vertices."""


def _count(rings: list[Any]) -> None:
    if sum(map(len, rings)) > MAX_VERTICES:
        raise ValueError(f"an area has at most {MAX_VERTICES} vertices")
    for ring in rings:
        for lon, lat, *_ in ring:
            if abs(lon) > 180 or abs(lat) > 90:
                raise ValueError("coordinates are longitude and latitude in degrees")
