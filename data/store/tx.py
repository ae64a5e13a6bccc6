"""A transaction and its rooms: every question to the store and every change is a method of one of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from data.store.types import Act

if TYPE_CHECKING:
    from data.store.rooms.accounts import Accounts
    from data.store.rooms.addresses import Addresses
    from data.store.rooms.audit import Audit
    from data.store.rooms.coverage import Coverage
    from data.store.rooms.features import Features
    from data.store.rooms.in_force import InForce
    from data.store.rooms.jobs import Jobs
    from data.store.rooms.life import Life
    from data.store.rooms.outbox import Outbox
    from data.store.rooms.plans import Plans
    from data.store.rooms.repeats import Repeats
    from data.store.rooms.territories import Territories
    from data.store.rooms.tracks import Tracks


class Tx:
    """One transaction on a store, open until the ``with`` block that made it ends.

    Attributes
    ----------
    connection
        For the rooms only; no other room speaks SQL.
    jurisdiction
        Code prefix that is seen and may be changed; empty for everything.
    act
        Who acts, in a transaction that writes; ``None`` in one that reads.
    """

    def __init__(self, connection: Connection, jurisdiction: str, act: Act | None) -> None:
        self.connection = connection
        self.jurisdiction = jurisdiction
        self._act = act

    @property
    def act(self) -> Act:
        """Who acts; only in a transaction that writes."""
        if self._act is None:
            raise RuntimeError("this transaction only reads: open it with store.write(act)")
        return self._act

    @property
    def writes(self) -> bool:
        """Whether this transaction may change anything."""
        return self._act is not None

    @property
    def is_postgis(self) -> bool:
        """Whether this is PostgreSQL with PostGIS; else it is SQLite."""
        return self.connection.dialect.name == "postgresql"

    @cached_property
    def territories(self) -> Territories:
        """Territories and their layers."""
        from data.store.rooms.territories import Territories

        return Territories(self)

    @cached_property
    def plans(self) -> Plans:
        """Plans as they are filed."""
        from data.store.rooms.plans import Plans

        return Plans(self)

    @cached_property
    def life(self) -> Life:
        """States of plans, what is in force, edits, locks."""
        from data.store.rooms.life import Life

        return Life(self)

    @cached_property
    def features(self) -> Features:
        """Windows and pages of features, tiles."""
        from data.store.rooms.features import Features

        return Features(self)

    @cached_property
    def in_force(self) -> InForce:
        """Plans in force and their outlines, for look-ups."""
        from data.store.rooms.in_force import InForce

        return InForce(self)

    @cached_property
    def addresses(self) -> Addresses:
        """Addresses of the current territories, for an index."""
        from data.store.rooms.addresses import Addresses

        return Addresses(self)

    @cached_property
    def audit(self) -> Audit:
        """The append-only log."""
        from data.store.rooms.audit import Audit

        return Audit(self)

    @cached_property
    def outbox(self) -> Outbox:
        """Events for others."""
        from data.store.rooms.outbox import Outbox

        return Outbox(self)

    @cached_property
    def repeats(self) -> Repeats:
        """Answers to requests that may be sent twice."""
        from data.store.rooms.repeats import Repeats

        return Repeats(self)

    @cached_property
    def accounts(self) -> Accounts:
        """Accounts, keys, sessions."""
        from data.store.rooms.accounts import Accounts

        return Accounts(self)

    @cached_property
    def jobs(self) -> Jobs:
        """Long work."""
        from data.store.rooms.jobs import Jobs

        return Jobs(self)

    @cached_property
    def tracks(self) -> Tracks:
        """Tracks of patrols, judged."""
        from data.store.rooms.tracks import Tracks

        return Tracks(self)

    @cached_property
    def coverage(self) -> Coverage:
        """Decisions on proposed cameras and posts, and the rules of coverage."""
        from data.store.rooms.coverage import Coverage

        return Coverage(self)
