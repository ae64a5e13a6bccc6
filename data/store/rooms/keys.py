"""API keys: known by their readable start, kept as a hash, ended but never deleted.

What a key looks like and how it is hashed is decided in `api.accounts.keys`.  A key lies where its account lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, update

from data.store.rooms.inside import is_inside
from data.store.tables.service import accounts, keys
from data.store.tables.service import settings as facts
from data.store.tx import Tx
from gis.errors import Conflict, NotFound

if TYPE_CHECKING:
    from data.store.rooms.accounts import Account

_FINGERPRINT = "secret_fingerprint"


@dataclass(frozen=True, slots=True)
class Key:
    """One API key, known by its readable start."""

    prefix: str
    account: str
    label: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def ends_at(self) -> datetime | None:
        """Moment from which the key opens nothing; ``None`` for never."""
        ends = [moment for moment in (self.revoked_at, self.expires_at) if moment is not None]
        return min(ends, default=None)

    def is_valid(self, at: datetime) -> bool:
        """Whether the key opens anything at a moment."""
        end = self.ends_at()
        return end is None or at < end


class Keys:
    """Keys inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def add(self, account: Account, prefix: str, key_hash: str, *, label: str, expires_at: datetime) -> Key:
        """Keep a new key of an account."""
        made = {
            "prefix": prefix,
            "account": account.name,
            "hash": key_hash,
            "label": label,
            "created_at": self._tx.act.at,
            "expires_at": expires_at,
        }
        self._tx.connection.execute(keys.insert().values(made))
        after = {"prefix": prefix, "label": label, "expires_at": expires_at.isoformat()}
        self._tx.audit.record("key.add", account.name, place=account.jurisdiction, after=after)
        return self.key(prefix)

    def key(self, prefix: str) -> Key:
        """One key.

        Raises
        ------
        NotFound
            ``key_unknown``.
        """
        return _key(self._row(prefix))

    def all(self, *, account: str = "", after: str = "", limit: int = 1000) -> list[Key]:
        """Keys in the order of their starts, of one account or of all inside the jurisdiction."""
        wanted = select(keys).join(accounts, accounts.c.name == keys.c.account)
        wanted = wanted.where(is_inside(accounts.c.jurisdiction, self._tx), keys.c.prefix > after)
        if account:
            wanted = wanted.where(keys.c.account == account)
        return [_key(row) for row in self._tx.connection.execute(wanted.order_by(keys.c.prefix).limit(limit))]

    def find(self, prefix: str) -> tuple[Key, str] | None:
        """A key and its hash; ``None`` for no such key.  Who asks is known only after: ask it seeing everything."""
        row = self._tx.connection.execute(select(keys).where(keys.c.prefix == prefix)).first()
        return None if row is None else (_key(row), str(row.hash))

    def revoke(self, prefix: str, *, at: datetime | None = None) -> Key:
        """End a key now, or later so that its successor can take over.

        Raises
        ------
        NotFound
            ``key_unknown``.
        Conflict
            ``key_ended``: it has ended, or will before that.
        """
        row = self._row(prefix, for_change=True)
        end = at or self._tx.act.at
        last = _key(row).ends_at()
        if last is not None and last <= end:
            raise Conflict("key_ended", measured=prefix, near=last.isoformat(timespec="seconds"))
        self._tx.connection.execute(update(keys).where(keys.c.prefix == prefix).values(revoked_at=end))
        after = {"prefix": prefix, "revoked_at": end.isoformat()}
        self._tx.audit.record("key.revoke", row.account, place=row.jurisdiction, after=after)
        return self.key(prefix)

    def note_use(self, prefix: str) -> None:
        """Remember that a key was used."""
        self._tx.connection.execute(update(keys).where(keys.c.prefix == prefix).values(last_used_at=self._tx.act.at))

    def secret_fingerprint(self) -> str | None:
        """Fingerprint of the secret that the keys in this store are made with; ``None`` before the first key."""
        wanted = select(facts.c.value).where(facts.c.key == _FINGERPRINT)
        found = self._tx.connection.execute(wanted).scalar()
        return None if found is None else str(found)

    def note_secret(self, fingerprint: str) -> None:
        """Remember which secret the keys of this store are made with.

        A new secret takes the place of a lost one when no key that was made with the old one is left.

        Raises
        ------
        Conflict
            ``secret_differs``: keys that still count were made with another one.
        """
        known = self.secret_fingerprint()
        if known is None:
            self._tx.connection.execute(facts.insert().values(key=_FINGERPRINT, value=fingerprint))
        elif known != fingerprint:
            waiting = [key.prefix for key in self.all(limit=10_000) if key.is_valid(self._tx.act.at)]
            # Who does not see all keys can not know that none is left.
            if waiting or self._tx.jurisdiction:
                raise Conflict("secret_differs", measured=fingerprint, allowed=known, n=len(waiting))
            self._tx.connection.execute(update(facts).where(facts.c.key == _FINGERPRINT).values(value=fingerprint))
            change = {"before": {"secret": known}, "after": {"secret": fingerprint}}
            self._tx.audit.record("key.secret", "secret", **change)

    def _row(self, prefix: str, *, for_change: bool = False) -> Row[Any]:
        wanted = select(keys, accounts.c.jurisdiction).join(accounts, accounts.c.name == keys.c.account)
        wanted = wanted.where(is_inside(accounts.c.jurisdiction, self._tx), keys.c.prefix == prefix)
        row = self._tx.connection.execute(wanted.with_for_update(of=keys) if for_change else wanted).first()
        if row is None:
            raise NotFound("key_unknown", measured=prefix[:80])
        return row


def _key(row: Row[Any]) -> Key:
    return Key(**{name: row._mapping[name] for name in Key.__dataclass_fields__})
