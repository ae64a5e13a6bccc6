"""What all tables share: one metadata with fixed names for constraints, and short words for columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from data.store.shape import Shape

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
BY_COUNTY = "LIST (county)"
"""PostgreSQL keeps the large tables in one part per county, so that a province can be moved or split later."""

JSON_OBJECT = JSON().with_variant(JSONB(), "postgresql")


def text(name: str, *, required: bool = True, **options: Any) -> Column[Any]:
    """A column of text."""
    return Column(name, Text, nullable=not required, **options)


def geometry(name: str = "geom") -> Column[Any]:
    """What is served: longitude and latitude, of any kind."""
    return Column(name, Shape("GEOMETRY", srid=4326, spatial_index=False), nullable=True)


def index_geometry(table: Table) -> None:
    """GiST on PostGIS; SQLite has an R*Tree beside the table instead (see `data.store.embedded`)."""
    Index(f"ix_{table.name}_geom", table.c.geom, postgresql_using="gist").ddl_if(dialect="postgresql")
