"""What happens on the dispatcher's desk, as a row of events without gaps: the truth that live maps are fed from.

An event is written in the transaction of its change and takes its number there (`data.store.numbers`), so that numbers
follow the order of commits; PostgreSQL's NOTIFY only wakes whoever reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text

from data.store.numbers import take_numbers
from data.store.rooms.incident_cards import LEFT, DeskEvent, IncidentCard, incident_row
from data.store.rooms.inside import is_inside
from data.store.tables.incidents import incident_events
from data.store.tx import Tx

CHANNEL = "gw_incidents"
_EVENT = [incident_events.c[f.name] for f in fields(DeskEvent)]


class Stream:
    """Events of the desk inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def put(
        self,
        kind: str,
        subject: str,
        data: Mapping[str, Any],
        *,
        county: str,
        place: str,
        role: str,
        reason: str = "",
        number: int | None = None,
        before: str | None = None,
        after: str | None = None,
        happened_at: datetime | None = None,
        client_id: str | None = None,
        left: str = "",
    ) -> int:
        """Add an event and return its number.

        Parameters
        ----------
        data
            The card of its subject afterwards, as plain data.
        number
            One that was taken before (``take_numbers(tx, "incident_events")``).
        client_id
            Given by a sender that may send the same again; the database refuses a second one.
        left
            Place that the subject was in before, where this change took it to another one: whoever sees the former
            alone is told that it left, and not where it is.
        """
        tx = self._tx
        number = number or take_numbers(tx, "incident_events")
        row = {
            "number": number,
            "at": tx.act.at,
            "happened_at": happened_at or tx.act.at,
            "kind": kind,
            "subject": subject,
            "county": county,
            "place": place,
            "who": tx.act.who,
            "role": role,
            "before": before,
            "after": after,
            "reason": reason or tx.act.reason,
            "client_id": client_id,
            "data": dict(data) | ({LEFT: left} if left != place and left else {}),
        }
        tx.connection.execute(insert(incident_events).values(row))
        self._wake()
        return number

    def put_many(
        self, kind: str, rows: Sequence[tuple[str, Mapping[str, Any], str, str]], role: str, first: int
    ) -> None:
        """Add events of one kind, numbered from ``first`` on (`take_numbers`).

        Parameters
        ----------
        rows
            Subject, its card afterwards, county and place of each.
        """
        tx = self._tx
        same = {"at": tx.act.at, "happened_at": tx.act.at, "kind": kind, "who": tx.act.who, "role": role}
        same |= {"before": None, "after": None, "reason": tx.act.reason, "client_id": None}
        made = [
            same | {"number": first + i, "subject": subject, "data": dict(data), "county": county, "place": place}
            for i, (subject, data, county, place) in enumerate(rows)
        ]
        if made:
            tx.connection.execute(insert(incident_events), made)
            self._wake()

    def queue_up(self) -> None:
        """Wait until whoever else makes events is done; from here on they wait for this transaction.

        Called before anything is held that another change of incidents or units holds as well.
        """
        take_numbers(self._tx, "incident_events", 0)

    def _wake(self) -> None:
        if self._tx.is_postgis:
            self._tx.connection.execute(text(f"select pg_notify('{CHANNEL}', '')"))

    def since(self, number: int, *, limit: int = 500) -> list[DeskEvent]:
        """Events after a number inside the jurisdiction, in their order."""
        inside = is_inside(incident_events.c.place, self._tx)
        wanted = select(*_EVENT).where(incident_events.c.number > number, inside)
        wanted = wanted.order_by(incident_events.c.number).limit(limit)
        return [DeskEvent(*row) for row in self._tx.connection.execute(wanted)]

    def last(self) -> int:
        """Number of the newest event, wherever it was; 0 for none."""
        from data.store.tables.layers import counters

        wanted = select(counters.c.next).where(counters.c.name == "incident_events")
        return int(self._tx.connection.execute(wanted).scalar() or 1) - 1

    def first(self) -> int:
        """Number of the oldest event that is still kept; 0 for none."""
        return int(self._tx.connection.execute(select(func.min(incident_events.c.number))).scalar() or 0)

    def of_client(self, client_id: str) -> DeskEvent | None:
        """The event that a sender's own id was given to."""
        wanted = select(*_EVENT).where(incident_events.c.client_id == client_id)
        row = self._tx.connection.execute(wanted).first()
        return None if row is None else DeskEvent(*row)

    def forget_moves(self, moment: datetime) -> int:
        """Drop positions of units told before a moment: where units were is not kept."""
        gone = delete(incident_events).where(incident_events.c.kind == "unit.moved", incident_events.c.at < moment)
        return self._tx.connection.execute(gone).rowcount


def put_event(tx: Tx, number: int, kind: str, card: IncidentCard, role: str, **said: Any) -> None:
    """Add the event of a change of an incident."""
    tx.stream.put(
        kind, card.id, incident_row(card), county=card.county, place=card.place, role=role, number=number, **said
    )


def as_event(row: Any) -> DeskEvent:
    """A row of the table as an event."""
    return DeskEvent(*(getattr(row, f.name) for f in fields(DeskEvent)))
