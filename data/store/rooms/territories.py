"""Territories: loaded whole, never changed, read back exactly; one is current for its county.

Who may see what: the card of a territory is seen by whoever lies in it or around it; rows keep to the jurisdiction,
so that `load` gives a town its own part of the county's territory.  Only who covers the county may load one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from sqlalchemy import ColumnElement, Row, and_, func, literal, or_, select, update

from data.store.codec import insert_rows, json_of, plain, select_columns, shapes_of, wkb
from data.store.numbers import take_numbers
from data.store.places import ALONG, county_of, lon_lat, places_of
from data.store.rooms.inside import is_inside
from data.store.tables.layers import LAYER_TABLES, territories
from data.store.tx import Tx
from gis.errors import Conflict, NotFound
from gis.layers import LAYERS
from gis.progress import SILENT, Progress
from gis.territory import Territory

_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class TerritoryCard:
    """What a territory is, without its layers.

    Attributes
    ----------
    id
        The first 16 digits of its content hash.
    county
        What the codes of its communities share, at most six characters.
    crs, file_crs
        The metric CRS it is computed in and the one it came in, as `pyproj.CRS` takes them.
    n_rows
        Layer to number of rows, of all of it.
    is_current
        The service shows it for its county.
    """

    id: str
    content_hash: str
    name: str
    county: str
    crs: str
    file_crs: str
    meta: Mapping[str, str]
    n_rows: Mapping[str, int]
    loaded_at: datetime
    loaded_by: str
    is_current: bool


_CARD = [territories.c[name] for name in TerritoryCard.__slots__]


class Territories:
    """Territories inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def save(
        self, territory: Territory, name: str, progress: Progress = SILENT, *, make_current: bool = True
    ) -> TerritoryCard:
        """Load a territory and, unless told otherwise, make it the current one of its county.

        One that is there already is not loaded again.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``.
        """
        tx = self._tx
        county = county_of(territory["communities"]["code"])
        if not county.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=county, allowed=tx.jurisdiction)
        content = territory.content_hash()
        id = content[:_ID_DIGITS]
        take_numbers(tx, "territories")  # one load at a time: of two that load the same, the second finds the first's
        known = tx.connection.execute(select(territories.c.is_current).where(territories.c.id == id)).scalar()
        if known is None:
            self._insert(territory, id, content, county, name, progress)
            rows = {layer: len(table) for layer, table in territory.layers.items() if len(table)}
            tx.audit.record("territory.load", id, place=county, after={"name": name, "rows": rows})
        if make_current and not known:
            self._make_current(id, county)
        return self.card(id)

    def cards(self) -> list[TerritoryCard]:
        """All territories in or around the jurisdiction, the current ones first, then the newest."""
        wanted = select(*_CARD).where(self._is_near())
        order = (
            territories.c.is_current.desc(),
            territories.c.loaded_at.desc(),
            territories.c.county,
            territories.c.id,
        )
        return [_card(row) for row in self._tx.connection.execute(wanted.order_by(*order))]

    def card(self, id: str) -> TerritoryCard:
        """One territory.

        Raises
        ------
        NotFound
            ``territory_unknown``.
        """
        row = self._tx.connection.execute(select(*_CARD).where(territories.c.id == id, self._is_near())).first()
        if row is None:
            raise NotFound("territory_unknown", id=id)
        return _card(row)

    def current(self, place: str = "") -> TerritoryCard:
        """The current territory of a place: the one of its county, or the only one in it.

        Parameters
        ----------
        place
            Code of a county or of anything smaller or larger; empty: wherever the jurisdiction reaches.

        Raises
        ------
        NotFound
            ``territory_unknown``.
        Conflict
            ``territory_ambiguous``: the place has several counties.
        """
        found = [card for card in self.cards() if card.is_current]
        around = [card for card in found if place.startswith(card.county)]
        if around:
            return max(around, key=lambda card: len(card.county))
        inside = [card for card in found if card.county.startswith(place)]
        if not inside:
            raise NotFound("territory_unknown", id=place)
        if len(inside) > 1:
            raise Conflict("territory_ambiguous", measured=place, allowed=", ".join(card.id for card in inside))
        return inside[0]

    def counts(self, id: str) -> dict[str, int]:
        """Rows of each layer that the jurisdiction reaches.

        Raises
        ------
        NotFound
            ``territory_unknown``.
        """
        card = self.card(id)
        counted = {}
        for layer, table in LAYER_TABLES.items():
            wanted = select(func.count()).select_from(table).where(self._rows(card, layer))
            counted[layer] = int(self._tx.connection.execute(wanted).scalar_one())
        return counted

    def load(self, id: str, progress: Progress = SILENT, *, layers: Collection[str] | None = None) -> Territory:
        """A territory as it was saved (the same content hash), or the part of it that the jurisdiction reaches.

        Parameters
        ----------
        layers
            Only these, with the communities among them; the others are empty.  All when omitted.

        Raises
        ------
        NotFound
            ``territory_unknown``: also when none of its communities lies in the jurisdiction.
        """
        card = self.card(id)
        crs = CRS(card.crs)
        (capacity,) = self._tx.connection.execute(select(territories.c.capacity).where(territories.c.id == id)).one()
        progress.stage("stage_read_store", len(LAYERS))
        found: dict[str, Any] = dict.fromkeys(LAYERS)
        for layer in LAYERS:
            if layers is None or layer in layers:
                found[layer] = self._read(card, layer, capacity, crs)
                if layer == "communities" and found[layer].empty:
                    raise NotFound("territory_unknown", id=id)
            progress.advance()
        return Territory({}, crs, CRS(card.file_crs), dict(card.meta)).with_layers(**found)

    def _make_current(self, id: str, county: str) -> None:
        tx = self._tx
        shown = and_(territories.c.county == county, territories.c.is_current)
        before = tx.connection.execute(select(territories.c.id).where(shown)).scalar()
        tx.connection.execute(update(territories).where(shown).values(is_current=False))
        tx.connection.execute(update(territories).where(territories.c.id == id).values(is_current=True))
        tx.audit.record("territory.show", id, place=county, before={"territory": before}, after={"territory": id})
        tx.outbox.put("territory.current", id, {"territory": id, "county": county, "before": before}, place=county)

    def _insert(self, territory: Territory, id: str, content: str, county: str, name: str, progress: Progress) -> None:
        tx = self._tx
        capacity = [
            column for column in territory["posts"].columns if column not in (*LAYERS["posts"].columns, "geometry")
        ]
        tx.connection.execute(
            territories.insert().values(
                id=id,
                content_hash=content,
                name=name,
                county=county,
                crs=territory.crs.to_string(),
                file_crs=territory.file_crs.to_string(),
                meta=dict(territory.meta),
                n_rows={layer: len(table) for layer, table in territory.layers.items()},
                capacity=capacity,
                loaded_at=tx.act.at,
                loaded_by=tx.act.who,
                is_current=False,
            )
        )
        progress.stage("stage_load_store", len(LAYERS))
        for layer, spec in LAYERS.items():
            table = territory[layer]
            n = len(table)
            first = take_numbers(tx, f"layer_{layer}", n) if n else 0
            columns: dict[str, Any] = {
                "fid": list(range(first, first + n)),
                "territory": [id] * n,
                "place": places_of(territory, layer),
                **{column: plain(table[column]) for column in spec.columns},
                "shape": wkb(np.asarray(table.geometry.array, dtype=object)),
            }
            if layer == "posts":
                counts = [plain(table[column]) for column in capacity]
                columns["capacity"] = [dict(zip(capacity, row)) for row in zip(*counts)] if counts else [{}] * n
            insert_rows(tx, LAYER_TABLES[layer], county, columns, lon_lat(table))
            progress.advance()

    def _read(self, card: TerritoryCard, layer: str, capacity: list[str], crs: CRS) -> gpd.GeoDataFrame:
        table, names = LAYER_TABLES[layer], list(LAYERS[layer].columns)
        extra = [table.c.capacity] if layer == "posts" else []
        wanted = select(*(table.c[name] for name in names), *extra, table.c.shape)
        found = select_columns(self._tx, wanted.where(self._rows(card, layer)).order_by(table.c.fid))
        shapes = shapes_of(found.pop("shape"))
        if layer == "posts":
            rows = json_of(found.pop("capacity"))
            found |= {name: [row[name] for row in rows] for name in capacity}
        data = {
            name: pd.array(values, dtype="Int64") if name in capacity else pd.Series(values, dtype=object)
            for name, values in found.items()
        }
        return gpd.GeoDataFrame(data, geometry=shapes, crs=crs)

    def _is_near(self) -> ColumnElement[Any]:
        """Territories in the jurisdiction, and those the jurisdiction lies in."""
        around = (
            func.substr(literal(self._tx.jurisdiction), 1, func.length(territories.c.county)) == territories.c.county
        )
        return or_(is_inside(territories.c.county, self._tx), around)

    def _rows(self, card: TerritoryCard, layer: str) -> ColumnElement[Any]:
        table = LAYER_TABLES[layer]
        seen: ColumnElement[Any] = is_inside(table.c.place, self._tx)
        if layer in ALONG:
            prefix = literal(self._tx.jurisdiction)
            around = func.substr(prefix, 1, func.length(table.c.place)) == table.c.place
            seen = or_(seen, and_(table.c.place != "", around))
        return and_(table.c.county == card.county, table.c.territory == card.id, seen)


def _card(row: Row[Any]) -> TerritoryCard:
    return TerritoryCard(**row._mapping)
