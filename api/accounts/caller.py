"""Who asks: the account behind a request, its role and how far its eye reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ROLES = ("planner", "reviewer", "dispatcher", "patrol", "lookup", "auditor", "admin")
NOWHERE = "-"
"""A jurisdiction in which nothing lies: no code starts with it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    name
        Account name; ``local`` where the store has no accounts.
    role
        One of `ROLES`; empty for somebody who is not signed in, on a route that is open to anyone.
    jurisdiction
        Code prefix the caller may see and change; empty for everything.
    is_local
        There are no accounts: whoever sits at this machine may do everything.
    """

    name: str
    role: str
    jurisdiction: str
    is_local: bool = False


LOCAL = Caller("local", "admin", "", is_local=True)
ANYONE = Caller("anyone", "", NOWHERE)


@dataclass(frozen=True, slots=True)
class Pass:
    """What a request came in with, once it has been found good.

    Attributes
    ----------
    key
        Readable start of the API key; empty for a session.
    session
        Hash of the session's token; empty for a key.
    csrf
        What unsafe requests of the session must bring along.
    ends_at
        Moment from which it is good for nothing; ``None`` for never.
    must_change
        The session may only change its password and sign out.
    """

    caller: Caller
    key: str = ""
    session: str = ""
    csrf: str = ""
    ends_at: datetime | None = None
    must_change: bool = False
