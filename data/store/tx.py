"""A transaction and its rooms: every question to the store and every change is a method of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from data.store.types import ALL_OF_POSTGIS, Act

if TYPE_CHECKING:
    from data.store.rooms.accounts import Accounts
    from data.store.rooms.addresses import Addresses
    from data.store.rooms.audit import Audit
    from data.store.rooms.cap_messages import CapMessages
    from data.store.rooms.coverage import Coverage
    from data.store.rooms.features import Features
    from data.store.rooms.in_force import InForce
    from data.store.rooms.incident_figures import IncidentFigures
    from data.store.rooms.incident_import import IncidentImport
    from data.store.rooms.incident_rules import IncidentRuleBooks
    from data.store.rooms.incidents import Incidents
    from data.store.rooms.jobs import Jobs
    from data.store.rooms.life import Life
    from data.store.rooms.notes import Notes
    from data.store.rooms.outbox import Outbox
    from data.store.rooms.plans import Plans
    from data.store.rooms.red_flags import RedFlags
    from data.store.rooms.repeats import Repeats
    from data.store.rooms.shares import Shares
    from data.store.rooms.stream import Stream
    from data.store.rooms.sweeps import Sweeps
    from data.store.rooms.territories import Territories
    from data.store.rooms.tracks import Tracks
    from data.store.rooms.units import Units


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

    @contextmanager
    def widened(self, jurisdiction: str) -> Iterator[None]:
        """See and change what lies in a wider place for a while: for what follows from a change that was allowed."""
        before = self.jurisdiction
        self._see(jurisdiction)
        try:
            yield
        except DBAPIError:  # nothing more can be asked in this transaction
            self.jurisdiction = before
            raise
        except BaseException:
            self._see(before)
            raise
        self._see(before)

    def _see(self, jurisdiction: str) -> None:
        if self.is_postgis:
            self.connection.execute(select(func.set_config("gw.jurisdiction", jurisdiction or ALL_OF_POSTGIS, True)))
        self.jurisdiction = jurisdiction

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

    @cached_property
    def notes(self) -> Notes:
        """Notes pinned on plans."""
        from data.store.rooms.notes import Notes

        return Notes(self)

    @cached_property
    def shares(self) -> Shares:
        """Links to read a plan without an account."""
        from data.store.rooms.shares import Shares

        return Shares(self)

    @cached_property
    def incidents(self) -> Incidents:
        """Incidents, from receipt to closing."""
        from data.store.rooms.incidents import Incidents

        return Incidents(self)

    @cached_property
    def incident_figures(self) -> IncidentFigures:
        """Columns that figures of incidents are made from."""
        from data.store.rooms.incident_figures import IncidentFigures

        return IncidentFigures(self)

    @cached_property
    def incident_import(self) -> IncidentImport:
        """Files of incidents."""
        from data.store.rooms.incident_import import IncidentImport

        return IncidentImport(self)

    @cached_property
    def cap_messages(self) -> CapMessages:
        """Messages of CAP that were taken."""
        from data.store.rooms.cap_messages import CapMessages

        return CapMessages(self)

    @cached_property
    def units(self) -> Units:
        """Units that can be sent."""
        from data.store.rooms.units import Units

        return Units(self)

    @cached_property
    def stream(self) -> Stream:
        """Events of the dispatcher's desk."""
        from data.store.rooms.stream import Stream

        return Stream(self)

    @cached_property
    def incident_rules(self) -> IncidentRuleBooks:
        """Rules of incidents by county."""
        from data.store.rooms.incident_rules import IncidentRuleBooks

        return IncidentRuleBooks(self)

    @cached_property
    def flags(self) -> RedFlags:
        """Sites with a red flag."""
        from data.store.rooms.red_flags import RedFlags

        return RedFlags(self)

    @cached_property
    def sweeps(self) -> Sweeps:
        """Sweeps of buildings, as counts."""
        from data.store.rooms.sweeps import Sweeps

        return Sweeps(self)
