"""Accounts: who may come in, in which role and how far their eye reaches.

An account is the log-in of a desk or of somebody's work, and nothing else is kept about anybody.  Passwords, keys and
session tokens arrive here as hashes and leave only to be compared; what they are made of is decided in `api.accounts`.
A name is never given twice: a closed account stays, so that the audit log keeps one meaning.  An account lies where
its jurisdiction lies; one outside the transaction's jurisdiction is answered like one that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.exc import IntegrityError

from data.store.rooms.inside import is_inside
from data.store.rooms.keys import Keys
from data.store.rooms.sessions import Sessions
from data.store.tables.service import ROLES, accounts
from data.store.tx import Tx
from gis.errors import Conflict, InputError, NotFound

_SHOWN = ("name", "role", "jurisdiction", "must_change", "is_disabled", "created_at", "created_by", "locked_until")


@dataclass(frozen=True, slots=True)
class Account:
    """One account, without its password.

    Attributes
    ----------
    jurisdiction
        Code prefix it may see and change; empty for everything.
    must_change
        Its password was given by somebody else and must be changed before anything else is done.
    locked_until
        Moment until which no password is looked at; ``None`` for not locked.
    """

    name: str
    role: str
    jurisdiction: str
    must_change: bool
    is_disabled: bool
    created_at: datetime
    created_by: str
    locked_until: datetime | None

    def state(self, at: datetime) -> str:
        """``open``, ``one_time`` (its password must be changed first), ``locked`` or ``disabled``."""
        if self.is_disabled:
            return "disabled"
        if self.locked_until is not None and at < self.locked_until:
            return "locked"
        return "one_time" if self.must_change else "open"


@dataclass(frozen=True, slots=True)
class Login:
    """What a log-in is decided on: the account, the hash of its password (none: it has none), failures so far."""

    account: Account
    password_hash: str | None
    failed_logins: int


class Accounts:
    """Accounts inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    @cached_property
    def keys(self) -> Keys:
        """API keys."""
        return Keys(self._tx)

    @cached_property
    def sessions(self) -> Sessions:
        """Signed-in browsers."""
        return Sessions(self._tx)

    def exist(self) -> bool:
        """Whether there is any account, also a disabled one; ask it in a transaction that sees everything."""
        return self._tx.connection.execute(select(accounts.c.name).limit(1)).first() is not None

    def account(self, name: str) -> Account:
        """One account.

        Raises
        ------
        NotFound
            ``account_unknown``.
        """
        return _account(self._row(name))

    def accounts(self, *, after: str = "", limit: int = 100) -> list[Account]:
        """Accounts in the order of their names, from the one after a name on."""
        wanted = select(accounts).where(is_inside(accounts.c.jurisdiction, self._tx), accounts.c.name > after)
        return [_account(row) for row in self._tx.connection.execute(wanted.order_by(accounts.c.name).limit(limit))]

    def add(
        self, name: str, role: str, jurisdiction: str, password_hash: str | None, *, must_change: bool = True
    ) -> Account:
        """Make an account.

        Raises
        ------
        InputError
            ``account_role_unknown``.
        Conflict
            ``account_exists``; ``account_outside`` for a jurisdiction beyond that of the transaction.
        """
        self._check(role, jurisdiction)
        row = {
            "name": name,
            "role": role,
            "jurisdiction": jurisdiction,
            "password_hash": password_hash,
            "must_change": must_change and password_hash is not None,
            "is_disabled": False,
            "created_at": self._tx.act.at,
            "created_by": self._tx.act.who,
            "failed_logins": 0,
        }
        try:
            self._tx.connection.execute(accounts.insert().values(row))
        except IntegrityError as error:
            # Not asked beforehand: the name may be that of an account that this transaction can not see.
            raise Conflict("account_exists", measured=name) from error
        after = {"role": role, "jurisdiction": jurisdiction}
        self._tx.audit.record("account.add", name, place=jurisdiction, after=after)
        return self.account(name)

    def change(
        self,
        name: str,
        *,
        role: str | None = None,
        jurisdiction: str | None = None,
        is_disabled: bool | None = None,
    ) -> Account:
        """Change what an account may do; its sessions end, its keys follow the account.

        Raises
        ------
        InputError
            ``account_role_unknown``.
        NotFound
            ``account_unknown``.
        Conflict
            ``account_outside``; ``account_last_admin`` when nobody could manage the whole store any more.
        """
        row = self._row(name, for_change=True)
        wanted = {"role": role, "jurisdiction": jurisdiction, "is_disabled": is_disabled}
        changed = {key: value for key, value in wanted.items() if value is not None and value != getattr(row, key)}
        if not changed:
            return _account(row)
        self._check(changed.get("role", row.role), changed.get("jurisdiction", row.jurisdiction))
        self._tx.connection.execute(update(accounts).where(accounts.c.name == name).values(changed))
        self._keep_an_admin(row)
        self.sessions.end_all(name)
        before = {key: getattr(row, key) for key in changed}
        # Seen from where it was, also when it moved away.
        self._tx.audit.record("account.change", name, place=row.jurisdiction, before=before, after=changed)
        return _account(self._tx.connection.execute(select(accounts).where(accounts.c.name == name)).one())

    def close(self, name: str) -> None:
        """Close an account for good: no password, no key, no session; its name stays taken.

        Raises
        ------
        NotFound
            ``account_unknown``.
        Conflict
            ``account_last_admin``.
        """
        row = self._row(name, for_change=True)
        values: dict[str, Any] = {"is_disabled": True, "password_hash": None, "must_change": False}
        self._tx.connection.execute(update(accounts).where(accounts.c.name == name).values(values))
        self._keep_an_admin(row)
        self.sessions.end_all(name)
        for key in self.keys.all(account=name):
            if key.is_valid(self._tx.act.at):
                self.keys.revoke(key.prefix)
        self._tx.audit.record("account.close", name, place=row.jurisdiction)

    def login(self, name: str) -> Login | None:
        """What a log-in is decided on; ``None`` for no such account."""
        row = self._find(name)
        return None if row is None else Login(_account(row), row.password_hash, int(row.failed_logins))

    def set_password(self, name: str, password_hash: str, *, must_change: bool) -> None:
        """Give an account a password; all its sessions end.

        Raises
        ------
        NotFound
            ``account_unknown``.
        """
        row = self._row(name, for_change=True)
        values = {
            "password_hash": password_hash,
            "must_change": must_change,
            "failed_logins": 0,
            "locked_until": None,
        }
        self._tx.connection.execute(update(accounts).where(accounts.c.name == name).values(values))
        self.sessions.end_all(name)
        after = {"must_change": must_change}
        self._tx.audit.record("account.password", name, place=row.jurisdiction, after=after)

    def renew_hash(self, name: str, password_hash: str) -> None:
        """Keep the same password under newer parameters; nothing that anybody would notice."""
        self._tx.connection.execute(update(accounts).where(accounts.c.name == name).values(password_hash=password_hash))

    def note_failure(self, name: str, *, locked_until: datetime | None) -> None:
        """Count a wrong password, and lock the account where it was one too many."""
        row = self._row(name, for_change=True)
        values = {"failed_logins": row.failed_logins + 1, "locked_until": locked_until}
        self._tx.connection.execute(update(accounts).where(accounts.c.name == name).values(values))
        if locked_until is not None:
            after = {"failed_logins": row.failed_logins + 1}
            self._tx.audit.record("account.lock", name, place=row.jurisdiction, after=after)

    def _row(self, name: str, *, for_change: bool = False) -> Row[Any]:
        row = self._find(name, for_change=for_change)
        if row is None:
            raise NotFound("account_unknown", measured=name[:80])
        return row

    def _find(self, name: str, *, for_change: bool = False) -> Row[Any] | None:
        wanted = select(accounts).where(accounts.c.name == name, is_inside(accounts.c.jurisdiction, self._tx))
        return self._tx.connection.execute(wanted.with_for_update() if for_change else wanted).first()

    def _check(self, role: str, jurisdiction: str) -> None:
        if role not in ROLES:
            raise InputError("account_role_unknown", measured=role, allowed=", ".join(ROLES))
        if not jurisdiction.startswith(self._tx.jurisdiction):
            raise Conflict("account_outside", measured=jurisdiction, allowed=self._tx.jurisdiction)

    def _keep_an_admin(self, before: Row[Any]) -> None:
        if before.role != "admin" or before.jurisdiction or before.is_disabled:
            return
        wanted = select(func.count()).where(
            accounts.c.role == "admin", accounts.c.jurisdiction == "", accounts.c.is_disabled.is_(False)
        )
        if not self._tx.connection.execute(wanted).scalar_one():
            raise Conflict("account_last_admin", measured=before.name)


def _account(row: Row[Any]) -> Account:
    return Account(**{name: row._mapping[name] for name in _SHOWN})
