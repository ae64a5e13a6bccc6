"""What a store is asked with: who acts and when, and how far their eye reaches."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from data.store.tx import Tx

EVERYWHERE = ""
ALL_OF_POSTGIS = "*"  # what row-level security takes for `EVERYWHERE`; the empty setting is "nowhere"
"""The jurisdiction of those who may see and change everything."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act on the store: who, when, within which jurisdiction, and why.

    Attributes
    ----------
    who
        Account name; ``local`` where there are no accounts, ``system`` for what nobody asked for.
    at
        The moment, with its time zone.  Only the `api` floor reads the clock.
    jurisdiction
        Code prefix the actor may see and change; `EVERYWHERE` for all.
    request_id
        Ties the audit log to the service's own log; empty for none.
    reason
        Why, in the actor's words; empty for none.
    """

    who: str
    at: datetime
    jurisdiction: str = EVERYWHERE
    request_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the outbox: something that others may want to hear of."""

    number: int
    at: datetime
    kind: str
    subject: str
    payload: Mapping[str, object]


class Store(Protocol):
    """Where territories, plans, accounts and jobs are kept; PostGIS and SQLite answer alike.

    A transaction is opened by ``with store.read(...)`` or ``with store.write(act)`` and gives a `Tx`, whose rooms hold
    the questions and the changes.  A ``write`` is all or nothing: whoever leaves the block without an error finds
    everything kept, also after a crash.
    """

    @property
    def kind(self) -> str:
        """``postgis`` or ``embedded``."""

    def read(self, jurisdiction: str = EVERYWHERE) -> AbstractContextManager[Tx]:
        """One state of the store, unmoved by writers, seen within a jurisdiction."""

    def write(self, act: Act) -> AbstractContextManager[Tx]:
        """A change; nobody else's change comes between its reads and its writes on the same rows."""

    def close(self) -> None:
        """Let all connections go."""
