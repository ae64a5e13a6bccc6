"""Territories and their layers: one table a layer, columns as `gis.layers` states.

A territory is never changed once it is loaded; a newer one of the same county takes its place and the older stays
readable.  Each row keeps its exact metric geometry (``shape``, WKB, for computing: reading a territory back gives the
same content hash) beside the one in longitude and latitude that is served (``geom``).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from data.store.shape import Moment
from data.store.tables.base import BY_COUNTY, JSON_OBJECT, METADATA, geometry, index_geometry, text
from gis.layers import LAYERS, ColumnType, Layer

_TYPES: Mapping[ColumnType, type[TypeEngine[object]]] = {
    "int": BigInteger,
    "float": Float,
    "bool": Boolean,
}

territories = Table(
    "territories",
    METADATA,
    text("id", primary_key=True),  # content hash of the territory, shortened
    text("content_hash", unique=True),
    text("name"),
    text("county", index=True),  # common start of its community codes, at most six characters
    text("crs"),  # the metric CRS that is computed in: EPSG code where it has one
    text("file_crs"),  # the CRS it came in
    Column("meta", JSON_OBJECT, nullable=False),
    Column("n_rows", JSON_OBJECT, nullable=False),  # layer -> rows
    Column("capacity", JSON_OBJECT, nullable=False),  # names of the further columns of its posts, in their order
    Column("loaded_at", Moment, nullable=False),
    text("loaded_by"),
    Column("is_current", Boolean, nullable=False),  # what the service shows of this county
)
Index(
    "uq_territories_county_current",
    territories.c.county,
    unique=True,
    postgresql_where=territories.c.is_current,
    sqlite_where=territories.c.is_current,
)


def _layer_table(layer: Layer) -> Table:
    columns = [
        text(name, required=name == layer.key) if column.type == "text" else Column(name, _TYPES[column.type])
        for name, column in layer.columns.items()
    ]
    extra = [Column("capacity", JSON_OBJECT)] if layer.name == "posts" else []
    name = f"layer_{layer.name}"
    table = Table(
        name,
        METADATA,
        text("county"),
        Column("fid", BigInteger, nullable=False, autoincrement=False),  # order of paging; never re-used
        text("territory"),
        text("place"),  # longest common start of the codes of the communities it lies in; in none: the county
        *columns,
        *extra,
        Column("shape", LargeBinary),
        geometry(),
        PrimaryKeyConstraint("county", "fid"),
        UniqueConstraint("county", "territory", layer.key),
        postgresql_partition_by=BY_COUNTY,
    )
    Index(f"ix_{name}_territory_fid", table.c.territory, table.c.fid)
    index_geometry(table)
    return table


LAYER_TABLES: Mapping[str, Table] = MappingProxyType({name: _layer_table(layer) for name, layer in LAYERS.items()})
"""Layer name -> its table (``layer_<name>``)."""

counters = Table(
    "counters",
    METADATA,
    text("name", primary_key=True),
    Column("next", BigInteger, nullable=False),
)
"""Running numbers, taken in the transaction that uses them."""
