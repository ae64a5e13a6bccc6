"""The rules of incidents of a county: kept by versions, undone, read.  Here a rule book is text; what it may say is
decided in `partition.incidents.rules_toml`.

Deadlines that run are columns of their incidents: other rules leave them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import or_, select

from data.store.rooms.incident_cards import said
from data.store.rooms.inside import is_inside
from data.store.rooms.owners import around
from data.store.tables.incidents import incident_rules
from data.store.tx import Tx
from gis.errors import Conflict


@dataclass(frozen=True, slots=True)
class IncidentBook:
    """Rules of incidents of a county at a version.

    Attributes
    ----------
    version
        0: the defaults, never changed.
    before
        The version that undo leads to; none: there is nothing before.
    toml
        Empty for the defaults.
    """

    county: str
    version: int
    before: int | None
    toml: str
    changed_at: datetime | None
    role: str


class StaleIncidentRules(Conflict):
    """A change was asked of rules that are no longer the newest."""

    def __init__(self, book: IncidentBook, version: int) -> None:
        super().__init__("incident_rules_changed", measured=book.version, allowed=version)
        self.book = book


_BOOK = [incident_rules.c[f.name] for f in fields(IncidentBook)]


class IncidentRuleBooks:
    """Rule books inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def book(self, county: str) -> IncidentBook:
        """The newest rules of a county; version 0 where they were never changed."""
        return self._find(county, None) or IncidentBook(county, 0, None, "", None, "")

    def change(self, county: str, toml: str, version: int, role: str) -> IncidentBook:
        """Put other rules in the place of a version, with a row of the log and an event.

        The text is taken as it is: whoever calls has read it.  The same text again makes no new version.

        Raises
        ------
        StaleIncidentRules
            ``incident_rules_changed``: the version is no longer the newest.
        Conflict
            ``outside_jurisdiction``.
        """
        newest = self._newest(county, version)
        return newest if newest.toml == toml else self._add(newest, toml, newest.version, role, "change")

    def undo(self, county: str, version: int, role: str) -> IncidentBook:
        """Put the rules before a version in its place; asked again, it goes back further.

        Raises
        ------
        StaleIncidentRules
            ``incident_rules_changed``.
        Conflict
            ``incident_rules_no_undo``, ``outside_jurisdiction``.
        """
        newest = self._newest(county, version)
        if newest.before is None:
            raise Conflict("incident_rules_no_undo", measured=newest.version)
        former = self._find(county, newest.before) if newest.before else None
        toml, before = ("", None) if former is None else (former.toml, former.before)
        return self._add(newest, toml, before, role, "undo")

    def _newest(self, county: str, version: int) -> IncidentBook:
        tx = self._tx
        if not county.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=county, allowed=tx.jurisdiction)
        tx.stream.queue_up()  # of two that change them at once, the second waits here and finds the first's
        newest = self.book(county)
        if newest.version != version:
            raise StaleIncidentRules(newest, version)
        return newest

    def _add(self, newest: IncidentBook, toml: str, before: int | None, role: str, verb: str) -> IncidentBook:
        tx = self._tx
        book = IncidentBook(newest.county, newest.version + 1, before, toml, tx.act.at, role)
        row = {f.name: getattr(book, f.name) for f in fields(IncidentBook)}
        tx.connection.execute(incident_rules.insert().values(place=book.county, who=tx.act.who, **row))
        was, now = ({"version": one.version, "toml": one.toml} for one in (newest, book))
        tx.audit.record(f"incident_rules.{verb}", book.county, place=book.county, before=was, after=now)
        told = {"county": book.county, "version": book.version, "changed_at": said(tx.act.at)}
        tx.stream.put("rules.changed", book.county, told, county=book.county, place=book.county, role=role)
        return book

    def _find(self, county: str, version: int | None) -> IncidentBook | None:
        table = incident_rules.c
        seen = or_(is_inside(table.place, self._tx), around(table.place, self._tx))
        wanted = select(*_BOOK).where(table.county == county, seen)
        if version is not None:
            wanted = wanted.where(table.version == version)
        row = self._tx.connection.execute(wanted.order_by(table.version.desc()).limit(1)).first()
        return None if row is None else IncidentBook(*row)
