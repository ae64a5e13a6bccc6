"""Sessions: browsers that are signed in, each known by the hash of the token in its cookie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from data.store.tables.service import accounts, sessions
from data.store.tx import Tx

if TYPE_CHECKING:
    from data.store.rooms.accounts import Account


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser."""

    account: str
    csrf: str
    created_at: datetime
    expires_at: datetime


class Sessions:
    """Sessions inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def open(self, token_hash: str, account: Account, *, csrf: str, expires_at: datetime) -> Session:
        """Sign a browser in; wrong passwords so far are forgotten."""
        session = Session(account.name, csrf, self._tx.act.at, expires_at)
        self._tx.connection.execute(
            sessions.insert().values(
                hash=token_hash,
                account=session.account,
                csrf=session.csrf,
                created_at=session.created_at,
                expires_at=session.expires_at,
            )
        )
        values = {"failed_logins": 0, "locked_until": None}
        self._tx.connection.execute(update(accounts).where(accounts.c.name == account.name).values(values))
        self._tx.audit.record("session.open", account.name, place=account.jurisdiction)
        return session

    def find(self, token_hash: str) -> Session | None:
        """A session, also one that has run out; ``None`` for no such session."""
        row = self._tx.connection.execute(select(sessions).where(sessions.c.hash == token_hash)).first()
        return None if row is None else Session(row.account, row.csrf, row.created_at, row.expires_at)

    def prolong(self, token_hash: str, expires_at: datetime) -> None:
        """Let a session that is in use go on."""
        self._tx.connection.execute(update(sessions).where(sessions.c.hash == token_hash).values(expires_at=expires_at))

    def end(self, token_hash: str, account: Account) -> None:
        """Sign a browser out."""
        ended = self._tx.connection.execute(delete(sessions).where(sessions.c.hash == token_hash)).rowcount
        if ended:
            self._tx.audit.record("session.end", account.name, place=account.jurisdiction)

    def end_all(self, account: str) -> int:
        """Sign an account out everywhere; returns how many sessions ended."""
        return self._tx.connection.execute(delete(sessions).where(sessions.c.account == account)).rowcount

    def forget(self, *, ended_before: datetime) -> int:
        """Drop sessions that ran out before a moment; returns how many."""
        return self._tx.connection.execute(delete(sessions).where(sessions.c.expires_at < ended_before)).rowcount
