"""Decisions on proposed cameras and posts, and the rules of coverage of a county: kept, undone, read.

Where a proposal comes from and what rules may say is decided on the floors below; here a rule book is text.  A
decision names the role that took it; who it was stands in the log alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, text, update

from data.store.postgis import ensure_parts
from data.store.rooms.inside import is_inside
from data.store.rooms.owners import around
from data.store.tables.coverage import coverage_decisions, coverage_settings
from data.store.tx import Tx
from gis.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal that is decided on.

    Attributes
    ----------
    kind
        ``camera`` or ``post``.
    id
        Of the proposal: the same for the same land and rules.
    place
        Code of its community; of the plan, where it lies in no grid.
    grid
        Code, empty outside every grid.
    heading_deg
        None where it looks all round, and for posts.
    level
        Level of pixel density; for a post the promise it was proposed for.
    """

    kind: str
    id: str
    place: str
    grid: str
    lon: float
    lat: float
    heading_deg: float | None
    level: str


@dataclass(frozen=True, slots=True)
class Decision(Proposed):
    """A decision on a proposal of a plan: ``accepted`` or ``refused``, when and by which role."""

    plan: str
    verdict: str
    decided_at: datetime
    role: str


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Rules of coverage of a county at a version.

    Attributes
    ----------
    part
        ``cameras`` or ``reach``.
    version
        0: the defaults, never changed.
    before
        The version that undo leads to; None: there is nothing before.
    toml
        Empty for the defaults.
    """

    place: str
    part: str
    version: int
    before: int | None
    toml: str
    changed_at: datetime | None
    role: str


class StaleRules(Conflict):
    """A change was asked of rules that are no longer the newest."""

    def __init__(self, book: RuleBook, version: int) -> None:
        super().__init__("coverage_rules_changed", measured=book.version, allowed=version)
        self.book = book


_DECISION = [coverage_decisions.c[f.name] for f in fields(Decision)]
_BOOK = [coverage_settings.c[f.name] for f in fields(RuleBook)]


class Coverage:
    """Decisions and rules inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def decide(self, plan: str, county: str, proposed: Proposed, verdict: str, role: str) -> tuple[Decision, bool]:
        """Keep a decision, with a row of the log; another one on the same proposal takes its place.

        Parameters
        ----------
        plan, county
            Whose proposal it is.
        verdict
            ``accepted`` or ``refused``.
        role
            Of the account that decides.

        Returns
        -------
        Decision, bool
            The decision, and whether it is new or another than before.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``.
        """
        tx = self._tx
        if not proposed.place.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=proposed.place, allowed=tx.jurisdiction)
        self._queue_up(f"{plan} {proposed.kind} {proposed.id}")
        there = self._find(plan, proposed.kind, proposed.id)
        said = {f.name: getattr(proposed, f.name) for f in fields(Proposed)}
        made = Decision(**said, plan=plan, verdict=verdict, decided_at=tx.act.at, role=role)
        if there is not None and replace(there, decided_at=made.decided_at, role=role) == made:
            return there, False
        if tx.is_postgis:
            ensure_parts(tx.connection, (coverage_decisions,), county)
        row = {f.name: getattr(made, f.name) for f in fields(Decision)}
        if there is None:
            tx.connection.execute(coverage_decisions.insert().values(county=county, **row))
        else:
            tx.connection.execute(update(coverage_decisions).where(self._is(there)).values(row))
        before = None if there is None else {"verdict": there.verdict}
        after = {name: row[name] for name in ("plan", "kind", "grid", "level", "verdict")}
        tx.audit.record(
            f"coverage.{_VERBS.get(verdict, verdict)}", proposed.id, place=proposed.place, before=before, after=after
        )
        return made, True

    def undo(self, plan: str, kind: str, id: str) -> Decision:
        """Take a decision back; returns what it was.

        Raises
        ------
        NotFound
            ``coverage_decision_unknown``.
        """
        tx = self._tx
        self._queue_up(f"{plan} {kind} {id}")
        there = self.decision(plan, kind, id)
        tx.connection.execute(delete(coverage_decisions).where(self._is(there)))
        before = {"plan": plan, "kind": kind, "verdict": there.verdict}
        tx.audit.record("coverage.undecide", id, place=there.place, before=before)
        return there

    def decision(self, plan: str, kind: str, id: str) -> Decision:
        """One decision.

        Raises
        ------
        NotFound
            ``coverage_decision_unknown``.
        """
        found = self._find(plan, kind, id)
        if found is None:
            raise NotFound("coverage_decision_unknown", id=id)
        return found

    def decisions(self, plan: str, *, kind: str | None = None, verdict: str | None = None) -> list[Decision]:
        """Decisions on proposals of a plan within the jurisdiction, in the order of kind and id."""
        table = coverage_decisions.c
        wanted = select(*_DECISION).where(table.plan == plan, self._is_seen())
        if kind is not None:
            wanted = wanted.where(table.kind == kind)
        if verdict is not None:
            wanted = wanted.where(table.verdict == verdict)
        found = [Decision(**row._mapping) for row in self._tx.connection.execute(wanted)]
        return sorted(found, key=lambda one: (one.kind, one.id))

    def rules(self, place: str, part: str) -> RuleBook:
        """The newest rules of a county; version 0 where they were never changed."""
        found = self._books(place, part, None)
        return found or RuleBook(place, part, 0, None, "", None, "")

    def change_rules(self, place: str, part: str, toml: str, version: int, role: str) -> RuleBook:
        """Put other rules in the place of a version, with a row of the log.

        The text is taken as it is: whoever calls has read it.  The same text again makes no new version.

        Raises
        ------
        StaleRules
            ``coverage_rules_changed``: the version is no longer the newest.
        Conflict
            ``outside_jurisdiction``.
        """
        newest = self._newest(place, part, version)
        return newest if newest.toml == toml else self._add(newest, toml, newest.version, role, "change")

    def undo_rules(self, place: str, part: str, version: int, role: str) -> RuleBook:
        """Put the rules before a version in its place; asked again, it goes back further.

        Raises
        ------
        StaleRules
            ``coverage_rules_changed``.
        Conflict
            ``coverage_rules_no_undo``, ``outside_jurisdiction``.
        """
        newest = self._newest(place, part, version)
        if newest.before is None:
            raise Conflict("coverage_rules_no_undo", measured=newest.version)
        former = self._books(place, part, newest.before) if newest.before else None
        toml, before = ("", None) if former is None else (former.toml, former.before)
        return self._add(newest, toml, before, role, "undo")

    def _newest(self, place: str, part: str, version: int) -> RuleBook:
        tx = self._tx
        if not place.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=place, allowed=tx.jurisdiction)
        self._queue_up(f"rules {place} {part}")
        newest = self.rules(place, part)
        if newest.version != version:
            raise StaleRules(newest, version)
        return newest

    def _add(self, newest: RuleBook, toml: str, before: int | None, role: str, verb: str) -> RuleBook:
        tx = self._tx
        version = newest.version + 1
        book = RuleBook(newest.place, newest.part, version, before, toml, tx.act.at, role)
        row = {f.name: getattr(book, f.name) for f in fields(RuleBook)}
        tx.connection.execute(coverage_settings.insert().values(row))
        was, now = ({"version": one.version, "toml": one.toml} for one in (newest, book))
        tx.audit.record(f"coverage_rules.{verb}", newest.part, place=newest.place, before=was, after=now)
        tx.outbox.put("coverage.rules", newest.part, {"part": newest.part, "version": version}, place=newest.place)
        return book

    def _books(self, place: str, part: str, version: int | None) -> RuleBook | None:
        table = coverage_settings.c
        seen = or_(is_inside(table.place, self._tx), around(table.place, self._tx))
        wanted = select(*_BOOK).where(table.place == place, table.part == part, seen)
        if version is not None:
            wanted = wanted.where(table.version == version)
        row = self._tx.connection.execute(wanted.order_by(table.version.desc()).limit(1)).first()
        return None if row is None else RuleBook(**row._mapping)

    def _queue_up(self, what: str) -> None:
        """Of two that decide the same at once, the second waits here and finds the first's; SQLite has one writer."""
        if self._tx.is_postgis:
            wait = text("select pg_advisory_xact_lock(hashtextextended(:what, 7))")
            self._tx.connection.execute(wait, {"what": what})

    def _find(self, plan: str, kind: str, id: str) -> Decision | None:
        table = coverage_decisions.c
        is_it = (table.plan == plan, table.kind == kind, table.id == id)
        row = self._tx.connection.execute(select(*_DECISION).where(*is_it, self._is_seen())).first()
        return None if row is None else Decision(**row._mapping)

    def _is(self, one: Decision) -> ColumnElement[bool]:
        table = coverage_decisions.c
        return and_(table.plan == one.plan, table.kind == one.kind, table.id == one.id, self._is_seen())

    def _is_seen(self) -> Any:
        return is_inside(coverage_decisions.c.place, self._tx)


_VERBS = {"accepted": "accept", "refused": "refuse"}
