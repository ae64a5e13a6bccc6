"""The layers of a territory file: names, geometry kinds, columns.  The one place that states the schema.

Contract section 1 in code: readers, writers, the sample town and the tests all take the columns from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

ColumnType = Literal["text", "int", "float", "bool"]
GeometryKind = Literal["polygon", "line", "point"]


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute: its type, whether a file must have it, and the values it may take (empty: any)."""

    type: ColumnType
    required: bool = False
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: which geometry it takes, its key column and its columns in file order."""

    name: str
    geometry: tuple[GeometryKind, ...]
    key: str
    columns: Mapping[str, Column]


ESTATE_KINDS = ("estate", "business", "market", "school", "hospital", "industrial", "park", "government")
BARRIER_KINDS = ("river", "water", "railway", "motorway", "wall")
POST_KINDS = ("police", "patrol", "emergency", "service")

PLACE_COLUMNS = ("name", "text", "town", "community", "street", "number", "estate", "building", "stairwell")
"""Columns, in any layer, that hold names and addresses of places: short Chinese words there are no people."""

_TEXT, _INT, _FLOAT, _BOOL = Column("text"), Column("int"), Column("float"), Column("bool")
_KEY = Column("text", required=True)


def _layer(name: str, geometry: tuple[GeometryKind, ...], key: str, /, **columns: Column) -> Layer:
    return Layer(name, geometry, key, MappingProxyType({key: _KEY, **columns}))


LAYERS: Mapping[str, Layer] = MappingProxyType(
    {
        layer.name: layer
        for layer in (
            _layer(
                "communities",
                ("polygon",),
                "code",
                name=_KEY,
                kind=Column("text", True, ("urban", "rural")),
                town=_TEXT,
                class_code=_TEXT,
            ),
            _layer("units", ("polygon",), "id", community=_KEY, households=Column("int", True), population=_INT),
            _layer(
                "buildings",
                ("polygon", "point"),
                "id",
                households=Column("int", True),
                population=_INT,
                levels=_INT,
                use=_TEXT,
                community=_TEXT,
            ),
            _layer(
                "addresses",
                ("point",),
                "id",
                text=_KEY,
                building_id=_TEXT,
                town=_TEXT,
                community=_TEXT,
                street=_TEXT,
                number=_TEXT,
                estate=_TEXT,
                building=_TEXT,
                stairwell=_TEXT,
            ),
            _layer(
                "streets",
                ("line",),
                "id",
                name=_TEXT,
                **{"class": _TEXT},
                oneway=_TEXT,
                foot=_TEXT,
                surface=_TEXT,
                speed_kmh=_FLOAT,
            ),
            _layer("barriers", ("line", "polygon"), "id", kind=Column("text", True, BARRIER_KINDS)),
            _layer(
                "estates",
                ("polygon",),
                "id",
                name=_KEY,
                kind=Column("text", True, ESTATE_KINDS),
                dedicated=_BOOL,
            ),
            _layer("grids", ("polygon",), "code", community=_TEXT, name=_TEXT, kind=_TEXT),
            _layer("posts", ("point",), "id", kind=Column("text", True, POST_KINDS), name=_TEXT, community=_TEXT),
            _layer(
                "cameras",
                ("point",),
                "id",
                kind=_TEXT,
                heading_deg=_FLOAT,
                hfov_deg=_FLOAT,
                focal_mm=_FLOAT,
                sensor_mm=_FLOAT,
                px_width=_INT,
                height_m=_FLOAT,
                range_m=_FLOAT,
                channels=_INT,
                programme=_TEXT,
                owner=_TEXT,
                status=_TEXT,
            ),
            _layer("key_places", ("point",), "id", kind=_KEY, name=_TEXT, dwell_min=_FLOAT),
            _layer(
                "incidents",
                ("point",),
                "id",
                kind=_KEY,
                received_at=_KEY,
                state=_TEXT,
                due_at=_TEXT,
                closed_at=_TEXT,
                priority=_TEXT,
                source=_TEXT,
            ),
        )
    }
)
"""Every layer of a territory file, in file order.  Posts may carry further integer columns (capacity counts)."""
