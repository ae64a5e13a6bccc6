"""Log-ins: a name and a password become a session; wrong ones slow down and then wait, whether the name exists or not.

What an attempt is told must not show which names there are: every failure is counted alike (names that do not exist
are counted in memory), costs one look at a hash, and is answered no earlier than `AccessSettings.failure_s`.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool

from api.accounts.caller import Caller
from api.accounts.guard import CHALLENGE, Guard, session_hash
from api.accounts.names import is_name, tidy_name
from api.accounts.passwords import MAX_CHARACTERS, Passwords, check_password
from api.problems import Refusal
from data.store import Act
from data.store.rooms.accounts import Login
from gis.errors import InputError

FIRST_LOCK = 5
_MOST_STRANGERS = 10_000


def pause_after(failures: int) -> timedelta:
    """How long no password is looked at after so many wrong ones: none for four, then 1, 2, 4, 8, 15 ... minutes."""
    if failures < FIRST_LOCK:
        return timedelta()
    return timedelta(minutes=min(15, 2 ** min(10, failures - FIRST_LOCK)))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session at the only moment at which its token is known."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    caller: Caller
    must_change: bool
    ends_at: datetime
    last_at: datetime


class Logins:
    """Signing in and out at one store, in one process."""

    def __init__(self, guard: Guard, passwords: Passwords | None = None) -> None:
        self._guard = guard
        self.passwords = passwords or Passwords()
        self._strangers: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    async def sign_in(self, name: str, password: str, *, address: str, request_id: str) -> SignedIn:
        """A new session.

        Raises
        ------
        Refusal
            401 ``login_refused``; 429 ``login_locked``, ``rate_exceeded``; 503 ``login_busy``.
        """
        began = time.monotonic()
        self._guard.rates.take("login", address)
        name = tidy_name(name[:200])
        # What can be no name never reaches the store; it is counted as one stranger.
        login = await run_in_threadpool(self._login, name) if is_name(name) else None
        name = name if is_name(name) else ""
        self._refuse_locked(name, login)
        try:
            return await self._sign_in(name, password, login, request_id)
        except Refusal as refusal:
            if refusal.status == 401:
                await asyncio.sleep(max(0.0, began + self._guard.settings.failure_s - time.monotonic()))
            raise

    async def change_password(self, caller: Caller, old: str, new: str, *, request_id: str) -> SignedIn:
        """Another password for the caller's own account; every session ends, and a new one is given.

        Raises
        ------
        Refusal
            401 ``login_refused``; 429 ``login_locked``; 503 ``login_busy``.
        InputError
            ``password_same``, ``password_short``, ``password_long``, ``password_like_name``, ``password_common``.
        """
        began = time.monotonic()
        login = await run_in_threadpool(self._login, caller.name)
        self._refuse_locked(caller.name, login)
        if not await self._fits(old, login):
            await run_in_threadpool(self._count, caller.name, login, request_id)
            await asyncio.sleep(max(0.0, began + self._guard.settings.failure_s - time.monotonic()))
            raise _refused()
        check_password(caller.name, new)
        if old == new:
            raise InputError("password_same")
        password_hash = await self.passwords.gated(lambda: self.passwords.hash(new))
        return await run_in_threadpool(self._open, caller.name, login, request_id, chosen=password_hash)

    def sign_out(self, caller: Caller, session: str, *, request_id: str) -> None:
        """End a session."""
        guard = self._guard
        with guard.store.write(self._act(caller.name, request_id)) as tx:
            tx.accounts.sessions.end(session, tx.accounts.account(caller.name))
        guard.forget()

    async def _sign_in(self, name: str, password: str, login: Login | None, request_id: str) -> SignedIn:
        good = await self._fits(password, login)
        if not good or login is None or login.account.is_disabled:
            await run_in_threadpool(self._count, name, login, request_id)
            raise _refused()
        renewed = None
        if login.password_hash and self.passwords.is_old(login.password_hash):
            renewed = await self.passwords.gated(lambda: self.passwords.hash(password))
        return await run_in_threadpool(self._open, name, login, request_id, renewed=renewed)

    async def _fits(self, password: str, login: Login | None) -> bool:
        password_hash = login.password_hash if login else None
        # A longer one is never kept; looking at it would only cost.
        shortened = password if len(password) <= MAX_CHARACTERS else ""
        return await self.passwords.gated(lambda: self.passwords.fits(shortened, password_hash))

    def _login(self, name: str) -> Login | None:
        with self._guard.store.read() as tx:
            return tx.accounts.login(name)

    def _refuse_locked(self, name: str, login: Login | None) -> None:
        until = login.account.locked_until if login else self._strangers.get(name, (0, None))[1]
        now = self._guard.now()
        if until is not None and now < until:
            seconds = math.ceil((until - now).total_seconds())
            raise Refusal(429, "login_locked", headers={"Retry-After": str(seconds)}, measured=seconds)

    def _count(self, name: str, login: Login | None, request_id: str) -> None:
        now = self._guard.now()
        if login is None:
            failures = self._strangers.pop(name, (0, None))[0] + 1
            pause = pause_after(failures)
            self._strangers[name] = (failures, now + pause if pause else None)
            if len(self._strangers) > _MOST_STRANGERS:
                self._strangers.popitem(last=False)
            return
        with self._guard.store.write(self._act(name, request_id)) as tx:
            found = tx.accounts.login(name)
            if found is not None:
                pause = pause_after(found.failed_logins + 1)
                tx.accounts.note_failure(name, locked_until=now + pause if pause else None)

    def _open(
        self,
        name: str,
        seen: Login | None,
        request_id: str,
        *,
        renewed: str | None = None,
        chosen: str | None = None,
    ) -> SignedIn:
        """Open a session in the transaction that sees that the account is still as the password was checked for."""
        guard, act = self._guard, self._act(name, request_id)
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        ends_at = guard.session_end(act.at, act.at)
        with guard.store.write(act) as tx:
            login = tx.accounts.login(name)
            if seen is None or login is None or login.account.is_disabled or login.password_hash != seen.password_hash:
                raise _refused()
            if chosen is not None:
                tx.accounts.set_password(name, chosen, must_change=False)
            elif renewed is not None:
                tx.accounts.renew_hash(name, renewed)
            tx.accounts.sessions.forget(ended_before=act.at)
            tx.accounts.sessions.open(session_hash(token), login.account, csrf=csrf, expires_at=ends_at)
        if chosen is not None:
            guard.forget()
        account = login.account
        caller = Caller(account.name, account.role, account.jurisdiction)
        last_at = act.at + timedelta(hours=guard.settings.session_hours)
        return SignedIn(token, csrf, caller, account.must_change and chosen is None, ends_at, last_at)

    def _act(self, name: str, request_id: str) -> Act:
        return Act(name, self._guard.now(), request_id=request_id)


def _refused() -> Refusal:
    return Refusal(401, "login_refused", headers=CHALLENGE)
