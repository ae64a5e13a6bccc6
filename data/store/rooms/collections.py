"""What is served as features: a layer of the current territories each, the grids in force, and the live incidents.

States of each collection its table, its id, its properties, its times and how much of it a tile shows.  How they are
asked for is the work of `data.store.rooms.features`; their titles are sentences of the `api` floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Column, Table

from data.store.tables.incidents import incidents
from data.store.tables.layers import LAYER_TABLES
from data.store.tables.plans import plan_grids
from gis.errors import NotFound
from gis.layers import LAYERS

TILE_LAYOUT = 1
"""Grows when the same rows make other tiles: readers keep tiles by it."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of a collection a vector tile shows.

    Attributes
    ----------
    min_zoom
        Below it the tile is empty.
    shapes_zoom
        From here on the features themselves; below it, one point a cell with the number of features in it.
    columns
        Properties of the shapes.
    sums
        Columns that a cell adds up.
    classes
        Zoom to the values of ``class`` that are shown below it: the streets a map of that scale has room for.
    """

    min_zoom: int
    shapes_zoom: int
    columns: tuple[str, ...]
    sums: tuple[str, ...] = ()
    classes: tuple[tuple[int, tuple[str, ...]], ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Properties that a tile may show: those of shapes and those of cells."""
        return tuple(dict.fromkeys((*self.columns, "features", *self.sums)))


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of features.

    Attributes
    ----------
    name
        Its name in paths.
    table
        Where its rows are.
    owner
        Column that says whose rows they are: ``territory`` or ``plan``; ``county`` for rows that are nobody's part.
    key
        Column with the id that users know.
    order
        Column by which pages go; with ``county`` and ``owner`` it has an index.
    properties
        Columns a feature shows, in their order.
    times
        Columns with the start and the end of a feature; none for timeless features.
    """

    name: str
    table: Table
    owner: str
    key: str
    order: str
    properties: tuple[str, ...]
    times: tuple[str, str] | None
    geometry: tuple[str, ...]
    detail: Detail

    @property
    def is_grids(self) -> bool:
        """Whether these are the grids of plans, which come and go; else rows of a territory."""
        return self.owner == "plan"

    @property
    def is_live(self) -> bool:
        """Whether rows are added and changed all the time, whatever territory and plan there is (incidents)."""
        return self.owner == "county"

    @property
    def crosses_communities(self) -> bool:
        """Whether a feature may lie in several communities at once (streets, barriers)."""
        return "line" in self.geometry

    @property
    def keyed_by_code(self) -> bool:
        """Whether the key is unique by itself; other ids are unique within a county."""
        return self.key == "code" or self.is_live

    def column(self, name: str) -> Column[object]:
        """A column of its table."""
        found: Column[object] = self.table.c[name]
        return found


_MAIN = ("motorway", "trunk", "primary", "secondary", "motorway_link", "trunk_link", "primary_link", "secondary_link")
_TOWN = (*_MAIN, "tertiary", "tertiary_link", "unclassified")
_ROADS = (*_TOWN, "residential", "living_street", "pedestrian")

_DETAIL: Mapping[str, Detail] = MappingProxyType(
    {
        "grids": Detail(
            6,
            12,
            ("code", "name", "community", "kind", "households", "population", "buildings", "within_band", "reason"),
            ("households",),
        ),
        "communities": Detail(6, 9, ("code", "name", "kind", "town")),
        "units": Detail(9, 12, ("id", "community", "households", "population"), ("households",)),
        "buildings": Detail(10, 14, ("id", "households", "population", "levels", "use"), ("households",)),
        "addresses": Detail(10, 15, ("id", "text", "building_id")),
        "streets": Detail(9, 9, ("id", "name", "class", "oneway"), classes=((12, _MAIN), (13, _TOWN), (14, _ROADS))),
        "barriers": Detail(9, 9, ("id", "kind")),
        "estates": Detail(9, 12, ("id", "name", "kind", "dedicated")),
        "posts": Detail(6, 11, ("id", "kind", "name", "community")),
        "cameras": Detail(6, 14, ("id", "kind", "heading_deg", "hfov_deg", "range_m", "programme", "status")),
        "key_places": Detail(6, 13, ("id", "kind", "name")),
        "incidents": Detail(6, 13, ("id", "kind", "state", "priority", "level", "received_at", "due_at", "closed_at")),
    }
)

_GRID_PROPERTIES = (
    "code",
    "name",
    "community",
    "kind",
    "households",
    "population",
    "buildings",
    "area_m2",
    "within_band",
    "reason",
    "parent",
)


def _of_layer(name: str) -> Collection:
    layer = LAYERS[name]
    return Collection(
        name=name,
        table=LAYER_TABLES[name],
        owner="territory",
        key=layer.key,
        order="fid",
        properties=tuple(layer.columns),
        times=None,
        geometry=layer.geometry,
        detail=_DETAIL[name],
    )


_GRIDS = Collection(
    name="grids",
    table=plan_grids,
    owner="plan",
    key="code",
    order="code",
    properties=_GRID_PROPERTIES,
    times=("valid_from", "valid_to"),
    geometry=("polygon",),
    detail=_DETAIL["grids"],
)

_INCIDENTS = Collection(
    name="incidents",
    table=incidents,
    owner="county",
    key="id",
    order="fid",
    properties=(
        *("id", "kind", "priority", "state", "level", "title", "address", "source", "external"),
        *("community", "grid", "plan", "unit", "body", "result", "duplicate_of"),
        *("received_at", "arrive_due_at", "due_at", "handled_at", "closed_at", "cancelled_at"),
    ),
    times=("received_at", "closed_at"),
    geometry=("point",),
    detail=_DETAIL["incidents"],
)
"""Every incident of the store, not the layer of a territory file; one that was cancelled ends then."""

COLLECTIONS: Mapping[str, Collection] = MappingProxyType(
    {"grids": _GRIDS}
    | {name: _INCIDENTS if name == "incidents" else _of_layer(name) for name in LAYERS if name != "grids"}
)
"""Every collection by name, grids first."""


def collection_of(name: str) -> Collection:
    """A collection by its name.

    Raises
    ------
    NotFound
        ``collection_unknown``.
    """
    found = COLLECTIONS.get(name)
    if found is None:
        raise NotFound("collection_unknown", layer=name, allowed=", ".join(COLLECTIONS))
    return found
