"""Incidents: taken in, brought from state to state, found again; every change has its event in the same transaction.

What may follow which state is decided in `partition.incidents.flow`, when it is due in `partition.incidents.deadlines`.
The number of an event is taken first in every change, so that changes of incidents come one after another and whoever
has read up to a number has missed nothing below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import ColumnElement, and_, func, insert, select, update

from data.store.embedded import add_windows, remove_windows
from data.store.numbers import take_numbers
from data.store.rooms.incident_cards import DeskEvent, IncidentCard, NewIncident, incident_row
from data.store.rooms.inside import is_inside
from data.store.rooms.stream import put_event
from data.store.tables.incidents import assignments, cap_messages, incident_events, incidents
from data.store.tx import Tx
from gis.errors import Conflict, NotFound
from partition.incidents.flow import ENDED, HANDLED, HELD, OPEN

_CARD = [incidents.c[f.name] for f in fields(IncidentCard)]
OUTCOMES = ("done", "taken_over", "sent_back", "cancelled")


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who has an incident since when: a unit, or else a post or a department; and the role that gave it to them."""

    incident: str
    unit: str | None
    body: str | None
    made_at: datetime
    role: str


class Incidents:
    """Incidents inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    # -- taken in

    def add(self, new: NewIncident, role: str, *, client_id: str | None = None) -> tuple[IncidentCard, bool]:
        """Take an incident in, with its event.

        Returns
        -------
        IncidentCard, bool
            The incident, and whether it is new: one of the same source and external id is left as it is.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``.
        """
        tx = self._tx
        place = new.ground.community or new.ground.county
        if not place.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=place, allowed=tx.jurisdiction)
        there = self.find_external(new.ground.county, new.source, new.external)
        if there is not None:
            return there, False
        event = take_numbers(tx, "incident_events")  # of two that send one incident at once, the second waits here
        there = self.find_external(new.ground.county, new.source, new.external)
        if there is not None:
            put_event(tx, event, "incident.repeated", there, role)  # numbers have no gap
            return there, False
        fid = take_numbers(tx, "incidents")
        row = self.row_of(new, fid, event)
        tx.connection.execute(insert(incidents).values(row))
        if not tx.is_postgis:
            add_windows(tx.connection, "incidents", [fid], [row["geom"]])
        card = self.card(row["id"])
        put_event(tx, event, "incident.received", card, role, after="received", client_id=client_id)
        return card, True

    def row_of(self, new: NewIncident, fid: int, event: int) -> dict[str, Any]:
        """A new incident as a row of its table, for `add` and for imports of many."""
        at = self._tx.act.at
        ground, due = new.ground, new.due
        return {
            "fid": fid,
            "id": f"i{fid}",
            "county": ground.county,
            "place": ground.community or ground.county,
            "source": new.source,
            "external": new.external,
            "kind": new.kind,
            "priority": new.priority,
            "title": new.title,
            "address": new.address,
            "lon": new.lon,
            "lat": new.lat,
            "community": ground.community or None,
            "grid": ground.grid,
            "plan": ground.plan,
            "state": "received",
            "level": 0,
            "received_at": new.received_at,
            "recorded_at": at,
            "assess_due_at": due.assess_at,
            "arrive_due_at": due.arrive_at,
            "due_at": due.due_at,
            "escalate_at": new.escalate_at,
            "changed_at": at,
            "revision": 1,
            "event": event,
            "geom": shapely.Point(new.lon, new.lat),
        }

    # -- changed

    def step(
        self,
        id: str,
        after: str,
        role: str,
        *,
        happened_at: datetime,
        reason: str = "",
        unit: str | None = None,
        body: str | None = None,
        result: str | None = None,
        duplicate_of: str | None = None,
        escalate_at: datetime | None = None,
        arrive_due_at: datetime | None = None,
        client_id: str | None = None,
    ) -> IncidentCard:
        """Bring an incident into a state; whether that may be is asked before (`partition.incidents.flow.check_step`).

        ``happened_at`` never goes before the step before: times of an incident only grow.  ``arrive_due_at`` is a new
        deadline for being there; none: as it was.

        Raises
        ------
        NotFound
            ``incident_unknown``.
        Conflict
            ``unit_taken``: the unit has another incident.
        """
        tx = self._tx
        event = take_numbers(tx, "incident_events")
        card = self.hold(id)
        moment = max(happened_at, self._last_time(card))
        values: dict[str, Any] = {"state": after, f"{after}_at": moment, "escalate_at": escalate_at}
        values |= {} if arrive_due_at is None else {"arrive_due_at": arrive_due_at}
        values |= self._assign(card, after, role, moment, unit, body)
        if after not in HANDLED:
            values["handled_at"] = None  # sent out or opened again: the work was not done after all
        elif card.handled_at is None:
            values["handled_at"] = moment
        if after == "assessed" and card.state in (*ENDED, "verified", "arrived"):
            values |= dict.fromkeys(("result", "duplicate_of", "closed_at", "cancelled_at"))
        if result is not None:
            values["result"] = result
        if duplicate_of is not None:
            values["duplicate_of"] = duplicate_of
        changed = self._change(card, event, values)
        put_event(
            tx,
            event,
            "incident.step",
            changed,
            role,
            before=card.state,
            after=after,
            reason=reason,
            happened_at=moment,
            client_id=client_id,
        )
        return changed

    def change(
        self, id: str, role: str, *, told_as: str = "incident.changed", reason: str = "", **values: Any
    ) -> IncidentCard:
        """Set columns of an incident other than its state: kind, priority, level, place, deadlines.

        Parameters
        ----------
        told_as
            Kind of the event; ``kind`` is the incident's.

        Raises
        ------
        NotFound
            ``incident_unknown``.
        """
        tx = self._tx
        event = take_numbers(tx, "incident_events")
        card = self.hold(id)
        if "lon" in values or "lat" in values:
            values["geom"] = shapely.Point(values.get("lon", card.lon), values.get("lat", card.lat))
            if not tx.is_postgis:
                fid = int(id.removeprefix("i"))
                remove_windows(tx.connection, "incidents", [fid])
                add_windows(tx.connection, "incidents", [fid], [values["geom"]])
        changed = self._change(card, event, values)
        if changed.place != card.place:  # what belongs to it is seen where it is
            for table in (assignments, cap_messages):
                tx.connection.execute(update(table).where(table.c.incident == id).values(place=changed.place))
        put_event(tx, event, told_as, changed, role, reason=reason, left=card.place)
        return changed

    def _change(self, card: IncidentCard, event: int, values: dict[str, Any]) -> IncidentCard:
        values = {**values, "changed_at": self._tx.act.at, "revision": card.revision + 1, "event": event}
        self._tx.connection.execute(update(incidents).where(incidents.c.id == card.id).values(values))
        shown = {name: value for name, value in values.items() if name != "geom"}
        return replace(card, **shown)

    def _assign(
        self, card: IncidentCard, after: str, role: str, at: datetime, unit: str | None, body: str | None
    ) -> dict[str, Any]:
        """Close and open assignments, so that one is open exactly while somebody is responsible."""
        tx = self._tx
        is_other = unit is not None or body is not None
        ends = after not in HELD or is_other
        if ends and (card.unit or card.body):
            outcome = "done" if after == "verified" else "cancelled" if after == "cancelled" else "taken_over"
            mine = and_(assignments.c.incident == card.id, assignments.c.ended_at.is_(None))
            tx.connection.execute(update(assignments).where(mine).values(ended_at=at, outcome=outcome))
            if card.unit:
                with tx.widened(card.county):  # it may be of the county, or of the place next to this one
                    tx.units.released(card.unit, role)
        if not is_other:
            return {"unit": None, "body": None} if ends else {}
        if unit is not None:
            tx.units.taken(unit, role)
        row = {
            "number": take_numbers(tx, "assignments"),
            "incident": card.id,
            "county": card.county,
            "place": card.place,
            "unit": unit,
            "body": None if unit else body,
            "made_at": at,
            "role": role,
        }
        tx.connection.execute(insert(assignments).values(row))
        return {"unit": unit, "body": row["body"]}

    @staticmethod
    def _last_time(card: IncidentCard) -> datetime:
        times = (getattr(card, f"{state}_at") for state in (*OPEN, *ENDED))
        return max(time for time in times if time is not None)

    # -- found

    def card(self, id: str) -> IncidentCard:
        """One incident.

        Raises
        ------
        NotFound
            ``incident_unknown``: also when it lies outside the jurisdiction.
        """
        found = self._find(incidents.c.id == id)
        if not found:
            raise NotFound("incident_unknown", id=id)
        return found[0]

    def hold(self, id: str) -> IncidentCard:
        """One incident, held until the transaction ends: whoever else changes it waits.

        Raises
        ------
        NotFound
            ``incident_unknown``.
        """
        self._tx.stream.queue_up()
        if self._tx.is_postgis:
            self._tx.connection.execute(select(incidents.c.fid).where(incidents.c.id == id).with_for_update())
        return self.card(id)

    def responsible(self, id: str) -> Responsible | None:
        """Who has an incident; none where nobody has it."""
        columns = (assignments.c[f.name] for f in fields(Responsible))
        wanted = select(*columns).where(assignments.c.incident == id, assignments.c.ended_at.is_(None))
        row = self._tx.connection.execute(wanted).first()
        return None if row is None else Responsible(*row)

    def find_external(self, county: str, source: str, external: str | None) -> IncidentCard | None:
        """The incident of a source's own id; none where there is none."""
        if external is None:
            return None
        found = self._find(incidents.c.county == county, incidents.c.source == source, incidents.c.external == external)
        return found[0] if found else None

    def cards(
        self,
        *conditions: ColumnElement[bool],
        after: int = 0,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[IncidentCard]:
        """Incidents by their numbers.

        Parameters
        ----------
        conditions
            On columns of `data.store.tables.incidents.incidents`.
        after
            Number of the last incident of the page before (0: the first page).
        """
        wanted = list(conditions)
        if after:
            wanted.append(incidents.c.fid < after if newest_first else incidents.c.fid > after)
        return self._find(*wanted, limit=limit, newest_first=newest_first)

    def count(self, *conditions: ColumnElement[bool]) -> int:
        """How many incidents there are."""
        wanted = select(func.count()).select_from(incidents).where(is_inside(incidents.c.place, self._tx), *conditions)
        return int(self._tx.connection.execute(wanted).scalar_one())

    def history(self, id: str) -> tuple[DeskEvent, ...]:
        """What happened to an incident inside the jurisdiction, the oldest first."""
        self.card(id)
        from data.store.rooms.stream import as_event

        mine = (incident_events.c.subject == id, is_inside(incident_events.c.place, self._tx))
        wanted = select(incident_events).where(*mine).order_by(incident_events.c.number)
        return tuple(as_event(row) for row in self._tx.connection.execute(wanted))

    def _find(
        self, *conditions: ColumnElement[bool], limit: int | None = None, newest_first: bool = False
    ) -> list[IncidentCard]:
        order = incidents.c.fid.desc() if newest_first else incidents.c.fid
        wanted = select(*_CARD).where(is_inside(incidents.c.place, self._tx), *conditions).order_by(order)
        if limit is not None:
            wanted = wanted.limit(limit)
        return [IncidentCard(*row) for row in self._tx.connection.execute(wanted)]


def rows_of(cards: Sequence[IncidentCard]) -> list[dict[str, Any]]:
    """Cards as plain data."""
    return [incident_row(card) for card in cards]
