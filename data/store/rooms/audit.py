"""The audit log: who did what to which thing, when and why; each row seals the one before it.

A row's hash is SHA-256 over the hash before it and the row as canonical JSON, so a row that was changed, taken out or
put in breaks the chain at its number; newest rows that were cut off are missed by the counter of rows.  Against whoever
can write the whole chain anew, `head` gives the seal to note elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from data.store.numbers import take_numbers
from data.store.rooms.inside import is_inside
from data.store.tables.layers import counters
from data.store.tables.service import audit
from data.store.tx import Tx

_SEED = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log."""

    number: int
    at: datetime
    who: str
    action: str
    subject: str
    place: str
    reason: str
    request_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    hash: str


class Audit:
    """The log inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def record(
        self,
        action: str,
        subject: str,
        *,
        place: str = "",
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a row for the act of this transaction.

        Parameters
        ----------
        action
            ``room.verb``: ``plan.submit``, ``territory.load``, ``account.disable``.
        subject
            Id of what was acted on.
        place
            Code prefix it lies in; empty for the whole store.
        before, after
            What changed, as plain data; never a secret, never a person's data.
        """
        act = self._tx.act
        number = take_numbers(self._tx, "audit")  # also queues writers up, so that the chain has one order
        row: dict[str, Any] = {
            "number": number,
            "at": act.at,
            "who": act.who,
            "action": action,
            "subject": subject,
            "place": place,
            "reason": act.reason,
            "request_id": act.request_id,
            "before": None if before is None else dict(before),
            "after": None if after is None else dict(after),
        }
        row["hash"] = _seal(self.head()[1], row)
        self._tx.connection.execute(audit.insert().values(row))

    def head(self) -> tuple[int, str]:
        """Number and hash of the newest row; ``(0, "0" * 64)`` for none."""
        newest = select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
        row = self._tx.connection.execute(newest).first()
        return (0, _SEED) if row is None else (int(row.number), str(row.hash))

    def entries(self, *, after: int = 0, limit: int = 100, place: str = "") -> list[Entry]:
        """Rows in their order, from the one after a number on, of a place and what lies in it."""
        wanted = (
            select(audit)
            .where(audit.c.number > after, is_inside(audit.c.place, self._tx))
            .order_by(audit.c.number)
            .limit(limit)
        )
        if place:
            wanted = wanted.where(audit.c.place.startswith(place, autoescape=True))
        return [Entry(**row) for row in self._tx.connection.execute(wanted).mappings()]

    def about(
        self, subject: str, *, before: int | None = None, after: int = 0, limit: int = 100, actions: Sequence[str] = ()
    ) -> list[Entry]:
        """Rows on one subject, the newest first.

        Parameters
        ----------
        before, after
            Only rows with a number between these.
        actions
            Only these; all when empty.
        """
        wanted = select(audit).where(audit.c.subject == subject, is_inside(audit.c.place, self._tx))
        wanted = wanted.where(audit.c.number > after).order_by(audit.c.number.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(audit.c.number < before)
        if actions:
            wanted = wanted.where(audit.c.action.in_(actions))
        return [Entry(**row) for row in self._tx.connection.execute(wanted).mappings()]

    def first_broken(self) -> int | None:
        """Number at which the chain breaks; ``None`` when it is whole.

        Asked without a jurisdiction: whoever sees a part of the log can not tell.
        """
        before, expected = _SEED, 1
        for row in self._rows():
            if row["number"] != expected or row["hash"] != _seal(before, row):
                return expected
            before, expected = row["hash"], expected + 1
        given = self._tx.connection.execute(select(counters.c.next).where(counters.c.name == "audit")).scalar()
        return None if expected == (given or 1) else expected

    def _rows(self) -> Iterator[dict[str, Any]]:
        wanted = select(audit).order_by(audit.c.number).execution_options(yield_per=1000)
        for row in self._tx.connection.execute(wanted).mappings():
            yield dict(row)


def _seal(before: str, row: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in row.items() if key != "hash"}
    plain["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()
