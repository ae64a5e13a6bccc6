"""The guard: turns what a request brings along into a `Pass`, and remembers it for a moment.

A look-up must not ask the store who is asking each time.  What was found good stays so for `AccessSettings.memory_s`:
that long a key that was revoked on another host still opens.  What changes here is forgotten here at once.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api import settings
from api.accounts.caller import Caller, Pass
from api.accounts.keys import is_key, prefix_of
from api.accounts.rates import Rates, read_rates
from api.accounts.secret import service_secret
from api.problems import Refusal
from data.store import Act, SqlStore
from data.store.rooms.accounts import Account
from gis.errors import InputError, StorageError

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="gridwright"'}
REFUSED = {"WWW-Authenticate": 'Bearer realm="gridwright", error="invalid_token"'}
_MOST_REMEMBERED = 20_000
_NOTE_USE_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """What a site may set about access.

    Attributes
    ----------
    rates
        Requests by role, where they differ from `api.accounts.rates.DEFAULT_RATES`.
    memory_s
        How long a key or session that was found good is not looked up again.
    session_hours, idle_hours
        A session ends after so long, or when nothing was asked for so long.
    failure_s
        A wrong password is answered no earlier than this, whether the name exists or not.
    """

    rates: Mapping[str, str] = field(default_factory=dict)
    memory_s: float = 15.0
    session_hours: float = 12.0
    idle_hours: float = 2.0
    failure_s: float = 1.0


def access_settings() -> AccessSettings:
    """What the environment says about access.

    Raises
    ------
    InputError
        ``rate_wrong``.
    """
    return AccessSettings(rates=read_rates(settings.rates()))


class Guard:
    """Keys and sessions of one store, as one process knows them."""

    def __init__(self, store: SqlStore, now: Callable[[], datetime], access: AccessSettings = AccessSettings()) -> None:
        self.store, self.now, self.settings = store, now, access
        self.rates = Rates(access.rates)
        self._known: dict[bytes, tuple[Pass, float]] = {}
        self._lock = threading.Lock()
        self._age = 0
        self._has_accounts = False
        self._open_until = 0.0
        self._secret: bytes | None = None

    def is_open(self) -> bool | None:
        """Whether there are no accounts, as far as is known without asking the store; ``None``: it must be asked."""
        if self._has_accounts:
            return False
        return True if time.monotonic() < self._open_until else None

    def ask_open(self) -> bool:
        """Whether there are no accounts.  Once there is one it never goes away, so that is asked no more."""
        with self.store.read() as tx:
            self._has_accounts = tx.accounts.exist()
        if not self._has_accounts:
            self._open_until = time.monotonic() + min(1.0, self.settings.memory_s)
        return not self._has_accounts

    def known(self, token: str) -> Pass | None:
        """The pass of a key or session token, where it was found good a moment ago."""
        found = self._known.get(_name_of(token))
        if found is None or time.monotonic() >= found[1]:
            return None
        ends_at = found[0].ends_at
        return found[0] if ends_at is None or self.now() < ends_at else None

    def forget(self) -> None:
        """Look everything up again: something about accounts, keys or sessions has changed."""
        with self._lock:
            self._age += 1
            self._known.clear()
            self._open_until = 0.0

    def ask_key(self, text: str) -> Pass:
        """The pass of an API key.

        Raises
        ------
        Refusal
            401 ``key_refused`` for what is no key of ours; ``key_ended_401``, ``account_disabled_401`` for its holder.
        """
        prefix = prefix_of(text)
        if prefix is None:
            raise Refusal(401, "key_refused", headers=REFUSED)
        age, now = self._age, self.now()
        with self.store.read() as tx:
            found = tx.accounts.keys.find(prefix)
            account = tx.accounts.account(found[0].account) if found else None
        if found is None or account is None or not is_key(text, found[1], self.secret()):
            raise Refusal(401, "key_refused", headers=REFUSED)
        key = found[0]
        if not key.is_valid(now):
            raise Refusal(401, "key_ended_401", headers=REFUSED, measured=prefix)
        if account.is_disabled:
            raise Refusal(401, "account_disabled_401", headers=REFUSED, measured=account.name)
        good = Pass(_caller(account), key=prefix, ends_at=key.ends_at())
        self._remember(text, good, age)
        if key.last_used_at is None or now - key.last_used_at >= _NOTE_USE_EVERY:
            self._write(now, lambda tx: tx.accounts.keys.note_use(prefix))
        return good

    def ask_session(self, token: str) -> Pass | None:
        """The pass of a session; ``None`` when it has ended."""
        age, now, name = self._age, self.now(), session_hash(token)
        with self.store.read() as tx:
            session = tx.accounts.sessions.find(name)
            account = tx.accounts.account(session.account) if session else None
        if session is None or account is None or account.is_disabled or now >= session.expires_at:
            return None
        ends_at = self.session_end(session.created_at, now)
        if ends_at - session.expires_at >= timedelta(minutes=5):
            self._write(now, lambda tx: tx.accounts.sessions.prolong(name, ends_at))
        good = Pass(
            _caller(account),
            session=name,
            csrf=session.csrf,
            ends_at=session.expires_at,
            must_change=account.must_change,
        )
        self._remember(token, good, age)
        return good

    def session_end(self, opened_at: datetime, now: datetime) -> datetime:
        """When a session ends that was opened then and is used now."""
        last = opened_at + timedelta(hours=self.settings.session_hours)
        return min(last, now + timedelta(hours=self.settings.idle_hours))

    def secret(self) -> bytes:
        """What keys are hashed with.

        Raises
        ------
        StorageError
            ``secret_short``, ``secret_readable``, ``secret_unwritable``: nothing the caller of a route can mend.
        """
        if self._secret is None:
            try:
                self._secret = service_secret(self.store)
            except InputError as error:
                raise StorageError(error.code, **error.facts) from error
        return self._secret

    def _remember(self, token: str, good: Pass, age: int) -> None:
        with self._lock:
            if age != self._age:
                return  # something changed while the store was being read
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[_name_of(token)] = (good, time.monotonic() + self.settings.memory_s)

    def _write(self, now: datetime, note: Callable[..., None]) -> None:
        """Note something that nobody waits for; a store that is busy or full does not keep anybody out."""
        try:
            with self.store.write(Act("system", now)) as tx:
                note(tx)
        except StorageError:
            return


def session_hash(token: str) -> str:
    """What the store knows a session by."""
    return hashlib.sha256(token.encode()).hexdigest()


def _name_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _caller(account: Account) -> Caller:
    return Caller(account.name, account.role, account.jurisdiction)
