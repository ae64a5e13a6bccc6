"""Who may call a route: every route states it by ``Depends(allow(...))`` or ``Depends(allow_anyone())``.

A key (``Authorization: Bearer gw_...``) or a signed-in browser (a cookie, and for unsafe methods the header
``X-CSRF-Token``) says who asks.  Without accounts in the store everybody on this machine may do everything, but pages
of other sites may still not act through the browser of somebody who sits here.
"""

from __future__ import annotations

import ipaddress
import secrets
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.accounts.caller import ANYONE, LOCAL, ROLES, Caller, Pass
from api.accounts.guard import CHALLENGE, REFUSED, Guard, access_settings
from api.accounts.logins import Logins
from api.accounts.rates import address_of
from api.http.guard import media_types_given
from api.problems import Refusal
from gis.errors import StorageError

__all__ = ["ANYONE", "LOCAL", "ROLES", "Allow", "Caller", "allow", "allow_anyone", "allow_signed_in"]

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PASS = "gridwright.pass"
_LET_IN = "gridwright.let_in"
_PROXIES = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"})


class Allow:
    """A dependency that lets some roles in and gives the `Caller`.

    Attributes
    ----------
    roles
        Who may call; empty for anyone, signed in or not.
    """

    def __init__(self, roles: frozenset[str], *, before_change: bool = False, rate: str = "stranger") -> None:
        self.roles = roles
        self._rate = rate  # of requests from one address where anyone may call
        self._before_change = before_change  # also with a one-time password that was not changed yet

    async def __call__(self, request: Request) -> Caller:
        """The caller of a request; asked again about the same request, it answers as before and counts nothing.

        Raises
        ------
        Refusal
            401 ``login_needed``, ``key_refused``, ``key_ended_401``, ``account_disabled_401``; 403 ``role_refused``,
            ``csrf_missing``, ``origin_refused``, ``password_must_change``; 429 ``rate_exceeded``.
        """
        before = request.scope.get(_LET_IN)
        if before is not None and before[0] is self:
            known: Caller = before[1]
            return known
        caller = await self._let_in(request)
        request.scope[_LET_IN] = (self, caller)
        return caller

    async def _let_in(self, request: Request) -> Caller:
        guard = guard_of(request)
        if not self.roles:
            if not await _is_open(guard):
                guard.rates.take(self._rate, _address(request))
            return ANYONE
        good = await _pass(request, guard)
        caller = good.caller
        if not caller.is_local:
            guard.rates.take(caller.role, good.key or caller.name)
        if not good.key and request.method not in SAFE_METHODS:
            refuse_foreign_pages(request)
            if not caller.is_local and not _has_csrf(request, good):
                raise Refusal(403, "csrf_missing")
        if good.must_change and not self._before_change:
            raise Refusal(403, "password_must_change")
        if caller.role not in self.roles:
            raise Refusal(403, "role_refused", measured=caller.role, allowed=", ".join(sorted(self.roles)))
        request.scope[_PASS] = good
        return caller


async def is_still_let_in(request: Request, asker: Allow, caller: Caller) -> bool:
    """Whether a request that came in would be let in again as the same caller: for streams, which stay long."""
    scope = {name: value for name, value in request.scope.items() if name not in (_PASS, _LET_IN)}
    try:
        return await asker(Request(scope)) == caller
    except Refusal as refusal:
        return refusal.status == 429  # it asks a lot; that is no reason
    except StorageError:
        return True  # nobody can say now; the next time somebody may


def allow(*roles: str) -> Allow:
    """A dependency for a route that some roles may call; ``admin`` always may."""
    unknown = set(roles) - set(ROLES)
    if unknown or not roles:
        raise ValueError(f"no such roles: {sorted(unknown)}")
    return Allow(frozenset(roles) | {"admin"})


def allow_signed_in(*, before_change: bool = False) -> Allow:
    """A dependency for a route that every account may call."""
    return Allow(frozenset(ROLES), before_change=before_change)


def allow_anyone(rate: str = "stranger") -> Allow:
    """A dependency for a route that needs no account and shows nothing of the store but what a link opens.

    It gives a caller in whose jurisdiction nothing lies.

    Parameters
    ----------
    rate
        How often one address may ask (`api.accounts.rates.DEFAULT_RATES`).
    """
    return Allow(frozenset(), rate=rate)


def guard_of(request: Request) -> Guard:
    """The guard of the service."""
    state = request.app.state
    guard: Guard | None = getattr(state, "guard", None)
    if guard is None:
        guard = state.guard = Guard(state.store, state.settings.now, access_settings())
    return guard


def logins_of(request: Request) -> Logins:
    """Signing in at the service."""
    state = request.app.state
    logins: Logins | None = getattr(state, "logins", None)
    if logins is None:
        logins = state.logins = Logins(guard_of(request))
    return logins


def pass_of(request: Request) -> Pass:
    """What the request came in with, on a route that is not open to anyone."""
    good: Pass = request.scope[_PASS]
    return good


def cookie_name(request: Request) -> str:
    """Name of the session's cookie; under https one that no other host and no http page can set."""
    return "__Host-gridwright" if is_https(request) else "gridwright"


def is_https(request: Request) -> bool:
    """Whether the reader came by https, as far as the address that readers use says so."""
    stated = str(getattr(request.app.state.settings, "public_url", ""))
    return (stated or str(request.url)).startswith("https:")


def refuse_foreign_pages(request: Request) -> None:
    """Only pages of ours may act through somebody's browser; programs state no origin."""
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    if site not in ("same-origin", "none") or (origin is not None and origin not in _own_origins(request)):
        raise Refusal(403, "origin_refused", measured=(origin or site)[:200])


async def _pass(request: Request, guard: Guard) -> Pass:
    stated = request.headers.getlist("authorization")
    if stated:
        return await _pass_of_key(request, guard, stated)
    if await _is_open(guard):
        if not _is_near(request):
            raise Refusal(401, "accounts_needed", headers=CHALLENGE)
        return Pass(LOCAL)
    token = request.cookies.get(cookie_name(request), "")
    if token:
        good = guard.known(token)
        if good is None or not good.session:
            guard.rates.check("wrong_key", _address(request))
            good = await run_in_threadpool(guard.ask_session, token)
        if good is not None:
            return good
        guard.rates.take("wrong_key", _address(request))
    if "text/html" in request.headers.get("accept", "") and "text/html" in media_types_given(request.scope["route"]):
        # A page, and a person with a browser: show them the way in instead of a problem.
        raise Refusal(303, "login_needed", headers={"Location": f"/login?next={_here(request)}"})
    raise Refusal(401, "login_needed", headers=CHALLENGE)


async def _is_open(guard: Guard) -> bool:
    known = guard.is_open()
    return await run_in_threadpool(guard.ask_open) if known is None else known


async def _pass_of_key(request: Request, guard: Guard, stated: list[str]) -> Pass:
    scheme, _, text = stated[0].strip().partition(" ")
    text = text.strip()
    good = guard.known(text) if len(stated) == 1 and scheme.lower() == "bearer" else None
    if good is not None and good.key:
        return good
    address = _address(request)
    guard.rates.check("wrong_key", address)
    try:
        if len(stated) > 1:
            raise Refusal(401, "authorization_twice", headers=REFUSED)
        if scheme.lower() != "bearer":
            raise Refusal(401, "authorization_scheme", headers=CHALLENGE, measured=scheme[:20], allowed="Bearer")
        return await run_in_threadpool(guard.ask_key, text)
    except Refusal:
        guard.rates.take("wrong_key", address)
        raise


def _has_csrf(request: Request, good: Pass) -> bool:
    stated = request.headers.get(CSRF_HEADER, "")
    return secrets.compare_digest(stated.encode("latin-1", "replace"), good.csrf.encode())


def _own_origins(request: Request) -> tuple[str, ...]:
    stated = str(getattr(request.app.state.settings, "public_url", "")).rstrip("/")
    return (f"{request.url.scheme}://{request.url.netloc}", stated)


def _is_near(request: Request) -> bool:
    """Whether the caller sits on this machine; a socket in the file system and a test have no address."""
    if not _PROXIES.isdisjoint(request.headers.keys()):
        return False  # somebody further away, through a proxy on this machine
    return _is_loopback(request.client.host if request.client else "")


@lru_cache(maxsize=1024)
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def _address(request: Request) -> str:
    return address_of(request.client.host if request.client else None)


def _here(request: Request) -> str:
    scope: Any = request.scope
    query = scope.get("query_string", b"").decode("latin-1")
    return quote(scope.get("path", "/") + (f"?{query}" if query else ""), safe="/")
