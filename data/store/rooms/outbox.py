"""The outbox: events are written in the transaction that causes them, and read by whoever delivers them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select, text

from data.store.numbers import take_numbers
from data.store.rooms.inside import is_inside
from data.store.tables.service import outbox
from data.store.tx import Tx
from data.store.types import Event


class Outbox:
    """Events inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def put(self, kind: str, subject: str, payload: Mapping[str, object], *, place: str = "") -> int:
        """Add an event and return its number.

        Numbers have no gaps and follow the order of commits, because the counter stays locked until the transaction
        ends: whoever has read up to a number has missed nothing below it.
        """
        number = take_numbers(self._tx, "outbox")
        row = {
            "number": number,
            "at": self._tx.act.at,
            "kind": kind,
            "subject": subject,
            "place": place,
            "payload": dict(payload),
        }
        self._tx.connection.execute(outbox.insert().values(row))
        if self._tx.is_postgis:
            # Only wakes listeners up; what happened stands in the table.
            self._tx.connection.execute(text("select pg_notify('gw_outbox', :number)"), {"number": str(number)})
        return number

    def since(self, number: int, *, limit: int = 500, place: str = "") -> list[Event]:
        """Events after a number, in their order."""
        inside = is_inside(outbox.c.place, self._tx)
        wanted = select(outbox).where(outbox.c.number > number, inside).order_by(outbox.c.number).limit(limit)
        if place:
            wanted = wanted.where(outbox.c.place.startswith(place, autoescape=True))
        return [
            Event(row.number, row.at, row.kind, row.subject, row.payload) for row in self._tx.connection.execute(wanted)
        ]

    def last(self) -> int:
        """Number of the newest event in the jurisdiction; 0 for none."""
        newest = select(func.max(outbox.c.number)).where(is_inside(outbox.c.place, self._tx))
        return int(self._tx.connection.execute(newest).scalar() or 0)
