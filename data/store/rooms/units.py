"""Units that can be sent: cars, patrols, posts; where each is and whether it is free.  Never a person.

Every change queues up for the number of its event before it holds a unit, as changes of incidents do: whoever changes
both never waits for somebody who waits for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from data.store.numbers import take_numbers
from data.store.rooms.incident_cards import said
from data.store.rooms.inside import is_inside
from data.store.tables.incidents import units
from data.store.tx import Tx
from gis.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class UnitCard:
    """A unit as it stands (columns of `data.store.tables.incidents.units`).

    Attributes
    ----------
    place
        Code of what it belongs to: a community, a town, the county.
    skills
        Kinds of incidents it can take; empty: all.
    status
        ``available``, ``busy``, ``resting``, ``off``.
    free_since
        When its last incident was over.
    n_taken
        Incidents since it came on duty.
    """

    id: str
    county: str
    place: str
    name: str
    kind: str
    mode: str
    skills: Sequence[str]
    status: str
    status_at: datetime
    lon: float | None
    lat: float | None
    position_at: datetime | None
    free_since: datetime | None
    n_taken: int
    revision: int


_CARD = [units.c[f.name] for f in fields(UnitCard)]


class Units:
    """Units inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def put(self, card: UnitCard, role: str) -> UnitCard:
        """Keep a unit, new or changed, with its event.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``; ``unit_id_used``: a unit of somewhere else has this id.
        """
        if not card.place.startswith(self._tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=card.place, allowed=self._tx.jurisdiction)
        self._tx.stream.queue_up()
        row = {f.name: getattr(card, f.name) for f in fields(card)} | {"skills": list(card.skills)}
        before = self.find(card.id)
        if before is None:
            # One that lies elsewhere is not seen here, and on PostGIS not even by this question.
            new = (postgresql.insert if self._tx.is_postgis else sqlite.insert)(units).values(row)
            made = new.on_conflict_do_nothing().returning(units.c.id)
            if self._tx.connection.execute(made).first() is None:
                raise Conflict("unit_id_used", id=card.id)
        else:
            self._tx.connection.execute(update(units).where(units.c.id == card.id).values(row))
        return self._told("unit.changed", card.id, role, left=before.place if before else "")

    def set(self, id: str, role: str, *, kind: str = "unit.changed", **values: Any) -> UnitCard:
        """Set columns of a unit: its status, its position (``kind="unit.moved"``).

        Raises
        ------
        NotFound
            ``unit_unknown``.
        """
        card = self.hold(id)
        values = {**values, "revision": card.revision + 1}
        self._tx.connection.execute(update(units).where(units.c.id == id).values(values))
        return self._told(kind, id, role)

    def move_many(self, places: Mapping[str, tuple[float, float, datetime]], role: str) -> list[UnitCard]:
        """Set the positions of many units that are there, each with its event, in few round trips.

        Parameters
        ----------
        places
            Unit to longitude, latitude and the moment it was there.
        """
        tx = self._tx
        tx.stream.queue_up()
        cards = [card for card in self.cards() if card.id in places]
        if not cards:
            return []
        moved = []
        for card in cards:
            lon, lat, at = places[card.id]
            moved.append(replace(card, lon=lon, lat=lat, position_at=at, revision=card.revision + 1))
        names = ("lon", "lat", "position_at", "revision")
        change = update(units).where(units.c.id == bindparam("unit")).values({name: bindparam(name) for name in names})
        tx.connection.execute(
            change, [{"unit": card.id} | {name: getattr(card, name) for name in names} for card in moved]
        )
        first = take_numbers(tx, "incident_events", len(moved))
        rows = [(card.id, unit_row(card), card.county, card.place) for card in moved]
        tx.stream.put_many("unit.moved", rows, role, first)
        return moved

    def remove(self, id: str, role: str) -> UnitCard:
        """Take a unit off the list; what it did stays in the history of the incidents.

        Raises
        ------
        NotFound
            ``unit_unknown``.
        Conflict
            ``unit_busy``: it has an incident.
        """
        card = self.hold(id)
        if card.status == "busy":
            raise Conflict("unit_busy", id=id, measured=card.status)
        self._tx.connection.execute(delete(units).where(units.c.id == id))
        self._tx.stream.put("unit.removed", id, unit_row(card), county=card.county, place=card.place, role=role)
        return card

    def taken(self, id: str, role: str) -> UnitCard:
        """A unit gets an incident.

        Raises
        ------
        NotFound
            ``unit_unknown``.
        Conflict
            ``unit_taken``: it has one; ``unit_off``: it is not on duty.
        """
        card = self.hold(id)
        if card.status == "busy":
            raise Conflict("unit_taken", id=id, measured=card.status)
        if card.status == "off":
            raise Conflict("unit_off", id=id, measured=card.status)
        return self.set(id, role, status="busy", status_at=self._tx.act.at, n_taken=card.n_taken + 1)

    def released(self, id: str, role: str) -> UnitCard:
        """A unit's incident is over; it is free again, unless it went off meanwhile."""
        card = self.hold(id)
        at = self._tx.act.at
        status: dict[str, Any] = {"status": "available", "status_at": at} if card.status == "busy" else {}
        return self.set(id, role, free_since=at, **status)

    def card(self, id: str) -> UnitCard:
        """One unit.

        Raises
        ------
        NotFound
            ``unit_unknown``.
        """
        found = self.find(id)
        if found is None:
            raise NotFound("unit_unknown", id=id)
        return found

    def hold(self, id: str) -> UnitCard:
        """One unit, held until the transaction ends.

        Raises
        ------
        NotFound
            ``unit_unknown``.
        """
        self._tx.stream.queue_up()
        if self._tx.is_postgis:
            self._tx.connection.execute(select(units.c.id).where(units.c.id == id).with_for_update())
        return self.card(id)

    def find(self, id: str) -> UnitCard | None:
        """One unit; none where there is none."""
        row = self._tx.connection.execute(select(*_CARD).where(units.c.id == id, self._is_seen())).first()
        return None if row is None else UnitCard(*row)

    def cards(self) -> list[UnitCard]:
        """All units in the jurisdiction, by id."""
        wanted = select(*_CARD).where(self._is_seen()).order_by(units.c.id)
        return [UnitCard(*row) for row in self._tx.connection.execute(wanted)]

    def _told(self, kind: str, id: str, role: str, *, left: str = "") -> UnitCard:
        card = self.card(id)
        self._tx.stream.put(kind, id, unit_row(card), county=card.county, place=card.place, role=role, left=left)
        return card

    def _is_seen(self) -> Any:
        return is_inside(units.c.place, self._tx)


def unit_row(card: UnitCard) -> dict[str, Any]:
    """A unit as plain data."""
    row = {f.name: getattr(card, f.name) for f in fields(card)} | {"skills": list(card.skills)}
    return {name: said(value) if isinstance(value, datetime) else value for name, value in row.items()}
