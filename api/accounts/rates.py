"""How often one may ask: per key or account, and per address for those who have not shown who they are.

Counted in this process, in memory: a flood is held where it arrives, and nothing is written for it.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Mapping

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.problems import Refusal
from gis.errors import InputError

DEFAULT_RATES: Mapping[str, str] = {
    "planner": "3000/minute",
    "reviewer": "3000/minute",
    "dispatcher": "3000/minute",
    "patrol": "600/minute",
    # A look-up key could sweep a city address by address: a desk's day is far below, a city far above.
    "lookup": "600/minute;20000/day",
    "auditor": "1200/minute",
    "admin": "3000/minute",
    "stranger": "300/minute",
    "page": "12000/minute",
    "share": "600/minute",
    "wrong_key": "30/minute",
    "login": "20/minute",
}
"""Requests by role; ``stranger``: not signed in, ``wrong_key`` and ``login``: refused keys, links and log-ins, per
address; ``page``: scripts and styles, some eighty of them a page; ``share``: by one link to a plan."""


class Rates:
    """The counters of one process."""

    def __init__(self, rates: Mapping[str, str] | None = None) -> None:
        wanted = {**DEFAULT_RATES, **(rates or {})}
        self._limits = {kind: _limits(kind, text) for kind, text in wanted.items()}
        self._counters = FixedWindowRateLimiter(MemoryStorage())

    def take(self, kind: str, who: str) -> None:
        """Count one request.

        Parameters
        ----------
        kind
            Role, or another kind of `DEFAULT_RATES`.
        who
            Key, account or address.

        Raises
        ------
        Refusal
            429 ``rate_exceeded`` with ``Retry-After``.
        """
        for limit in self._limits[kind]:
            if not self._counters.hit(limit, kind, who):
                self._refuse(limit, kind, who)

    def check(self, kind: str, who: str) -> None:
        """Refuse where the count is already full, without counting.

        Raises
        ------
        Refusal
            429 ``rate_exceeded`` with ``Retry-After``.
        """
        for limit in self._limits[kind]:
            if not self._counters.test(limit, kind, who):
                self._refuse(limit, kind, who)

    def _refuse(self, limit: RateLimitItem, kind: str, who: str) -> None:
        reset = self._counters.get_window_stats(limit, kind, who).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        raise Refusal(
            429,
            "rate_exceeded",
            headers={"Retry-After": str(seconds)},
            measured=seconds,
            allowed=f"{limit.amount}/{limit.GRANULARITY.name}",
        )


def address_of(host: str | None) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber gets."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def read_rates(text: str) -> dict[str, str]:
    """Rates as a setting writes them: ``lookup=600/minute;20000/day, planner=3000/minute``.

    Raises
    ------
    InputError
        ``rate_wrong``.
    """
    rates = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        kind, _, rate = (p.strip() for p in part.partition("="))
        if kind not in DEFAULT_RATES:
            raise InputError("rate_wrong", measured=part, allowed=", ".join(DEFAULT_RATES))
        _limits(kind, rate)
        rates[kind] = rate
    return rates


def _limits(kind: str, text: str) -> list[RateLimitItem]:
    try:
        return parse_many(text)
    except ValueError as error:
        raise InputError("rate_wrong", measured=f"{kind}={text}", allowed=", ".join(DEFAULT_RATES)) from error
