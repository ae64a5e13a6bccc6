"""Column types that mean the same on both stores: geometry as shapely objects, moments as UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import shapely
from geoalchemy2 import Geometry
from geoalchemy2.elements import WKBElement
from sqlalchemy import DateTime, LargeBinary, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

LON_LAT = 4326


class Shape(TypeDecorator[Any]):
    """A shapely geometry in longitude and latitude: a PostGIS geometry there, plain WKB in SQLite."""

    impl = Geometry
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect | None) -> TypeEngine[Any]:
        """SQLite keeps bytes.  GeoAlchemy2 also asks without a dialect."""
        return LargeBinary() if dialect is not None and dialect.name == "sqlite" else self.impl_instance

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Shapely geometry to what the database takes."""
        wkb = None if value is None else shapely.to_wkb(value)
        return wkb if wkb is None or dialect.name == "sqlite" else WKBElement(wkb, srid=LON_LAT)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """What the database gives to a shapely geometry; SRID 4326 on both."""
        if value is None:
            return None
        shape = shapely.from_wkb(value if isinstance(value, bytes) else bytes(value.data))
        return shapely.set_srid(shape, LON_LAT)


class Moment(TypeDecorator[datetime]):
    """A moment with its time zone; in SQLite text that sorts by time (``2026-11-22T08:00:00.000000Z``)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text in SQLite."""
        return String(27) if dialect.name == "sqlite" else DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse moments without a time zone; they would mean another moment on another machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """A moment in UTC."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)
