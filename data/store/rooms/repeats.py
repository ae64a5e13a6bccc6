"""Requests that may be sent twice: the answer is kept in the transaction of the change, and given again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text

from data.store.tables.service import idempotency
from data.store.tx import Tx
from gis.errors import Conflict


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was given before."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Repeats:
    """Kept answers inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def find(self, who: str, key: str, request_hash: str) -> Answer | None:
        """The answer that was given to this request, if it came before.

        In a transaction that writes, a second request with the same key waits here until the first has ended.

        Raises
        ------
        Conflict
            ``idempotency_key_reused``: the same key came with another request.
        """
        if self._tx.writes and self._tx.is_postgis:
            lock = text("select pg_advisory_xact_lock(hashtextextended(:key, 5))")
            self._tx.connection.execute(lock, {"key": f"{who}\n{key}"})
        wanted = select(idempotency).where(idempotency.c.who == who, idempotency.c.key == key)
        row = self._tx.connection.execute(wanted).first()
        if row is None:
            return None
        if row.request_hash != request_hash:
            raise Conflict("idempotency_key_reused", measured=key)
        return Answer(int(row.status), dict(row.headers), bytes(row.body))

    def keep(self, key: str, request_hash: str, answer: Answer) -> None:
        """Keep the answer of the change that this transaction makes."""
        self._tx.connection.execute(
            idempotency.insert().values(
                who=self._tx.act.who,
                key=key,
                request_hash=request_hash,
                status=answer.status,
                headers=dict(answer.headers),
                body=answer.body,
                at=self._tx.act.at,
            )
        )

    def forget_before(self, moment: datetime) -> int:
        """Drop answers older than a moment; returns how many."""
        return self._tx.connection.execute(delete(idempotency).where(idempotency.c.at < moment)).rowcount
