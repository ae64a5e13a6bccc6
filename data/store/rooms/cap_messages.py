"""Messages of CAP that were taken: which incident each belongs to, and when it was sent.

What a message said is in its incident alone.  It is known by its identifier and a mark of its sender
(`data.files.cap.external_of`).  Incidents from before these messages were kept are known by their alerts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from data.store.rooms.incident_cards import IncidentCard
from data.store.rooms.inside import is_inside
from data.store.tables.incidents import cap_messages, incidents
from data.store.tx import Tx

SOURCE = "cap"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class TakenMessage:
    """A message that was taken.

    Attributes
    ----------
    incident
        Id of the incident it belongs to.
    external
        Its identifier and a mark of its sender.
    message
        ``Alert``, ``Update`` or ``Cancel``.
    sent
        By its sender's clock, and never before what it refers to.
    """

    incident: str
    external: str
    message: str
    sent: datetime

    @property
    def identifier(self) -> str:
        """As its sender calls it."""
        return self.external.rpartition("~")[0]


_MESSAGE = [cap_messages.c[f.name] for f in fields(TakenMessage)]


class CapMessages:
    """Messages of CAP inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def known_as(self, externals: Iterable[str]) -> list[TakenMessage]:
        """Messages by what they are known by, inside the jurisdiction; the same one of two incidents is there twice."""
        asked = list(dict.fromkeys(externals))
        found: list[TakenMessage] = []
        for start in range(0, len(asked), _AT_ONCE):
            found += self._taken(asked[start : start + _AT_ONCE])
        there = {one.external for one in found}
        asked = [external for external in asked if external not in there]
        for start in range(0, len(asked), _AT_ONCE):
            found += self._alerts(asked[start : start + _AT_ONCE])
        return found

    def newest(self, incident: str) -> TakenMessage | None:
        """The update or cancellation of an incident that was sent last; none where it has only its alert."""
        c = cap_messages.c
        wanted = select(*_MESSAGE).where(c.incident == incident, c.message != "Alert", is_inside(c.place, self._tx))
        row = self._tx.connection.execute(wanted.order_by(c.sent.desc(), c.external).limit(1)).first()
        return None if row is None else TakenMessage(*row)

    def record(self, card: IncidentCard, external: str, message: str, sent: datetime) -> bool:
        """Keep a message of an incident; whether it is new."""
        insert = postgresql.insert if self._tx.is_postgis else sqlite.insert
        new = insert(cap_messages).values(
            incident=card.id,
            external=external,
            message=message,
            sent=sent,
            county=card.county,
            place=card.place,
            recorded_at=self._tx.act.at,
        )
        made = new.on_conflict_do_nothing().returning(cap_messages.c.incident)
        return self._tx.connection.execute(made).first() is not None

    def _taken(self, externals: list[str]) -> list[TakenMessage]:
        c = cap_messages.c
        wanted = select(*_MESSAGE).where(c.external.in_(externals), is_inside(c.place, self._tx))
        return [TakenMessage(*row) for row in self._tx.connection.execute(wanted)]

    def _alerts(self, externals: list[str]) -> list[TakenMessage]:
        c = incidents.c
        wanted = select(c.id, c.external, c.received_at).where(
            c.source == SOURCE, c.external.in_(externals), is_inside(c.place, self._tx)
        )
        return [TakenMessage(id, known_as, "Alert", at) for id, known_as, at in self._tx.connection.execute(wanted)]
