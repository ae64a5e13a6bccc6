"""Sweeps of buildings: recorded once each, corrected, withdrawn and taken back, added up by place.

What may be told of a sweep is decided in `api.usecases.sweeps`.  A sweep that is withdrawn stays and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from data.store.numbers import take_numbers
from data.store.rooms.inside import is_inside
from data.store.tables.layers import LAYER_TABLES, territories
from data.store.tables.sweeps import sweeps
from data.store.tx import Tx
from gis.errors import Conflict, NotFound
from partition.incidents.sweeps import SweepFigures

_AT_ONCE = 500
_COUNTS = ("vehicles", "people", "buildings", "problems")
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class NewSweep:
    """What is told of a sweep.

    Attributes
    ----------
    community
        None where it went through several of the county.
    people
        How many took part.
    external
        Its id in its source, where it has one: the same one is the same sweep.
    """

    county: str
    community: str | None
    kind: str
    began_at: datetime
    ended_at: datetime | None
    vehicles: int
    people: int
    buildings: int
    problems: int
    source: str = "desk"
    external: str | None = None

    @property
    def place(self) -> str:
        """The code it is seen by."""
        return self.community or self.county


@dataclass(frozen=True, slots=True)
class SweepCard:
    """A sweep as it stands (columns of `data.store.tables.sweeps`)."""

    number: int
    county: str
    place: str
    community: str | None
    kind: str
    began_at: datetime
    ended_at: datetime | None
    vehicles: int
    people: int
    buildings: int
    problems: int
    source: str
    external: str | None
    recorded_at: datetime
    withdrawn_at: datetime | None
    revision: int

    @property
    def id(self) -> str:
        """``s`` and its number."""
        return f"s{self.number}"


@dataclass(frozen=True, slots=True)
class SweepWanted:
    """Which sweeps are asked for.

    Attributes
    ----------
    since, until
        It began then or later, and before then.
    community
        Code of a community, or its start.
    is_withdrawn
        Those that were withdrawn, in place of those that count.
    """

    since: datetime | None = None
    until: datetime | None = None
    community: str | None = None
    is_withdrawn: bool = False


class StaleSweep(Conflict):
    """A change was asked of a revision that is no longer the newest."""

    def __init__(self, card: SweepCard, revision: int) -> None:
        super().__init__("sweep_changed", id=card.id, measured=card.revision, allowed=revision)
        self.card = card


_CARD = [sweeps.c[f.name] for f in fields(SweepCard)]


class Sweeps:
    """Sweeps inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    # -- recorded

    def add_many(self, new: Sequence[NewSweep]) -> list[tuple[SweepCard, bool]]:
        """Record sweeps, with a row of the log.

        Returns
        -------
        list
            Each sweep, and whether it is new: one of the same source and external id is left as it is.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``; ``sweep_elsewhere``: the id means a sweep that this transaction does not see.
        """
        tx = self._tx
        strange = next((one.place for one in new if not one.place.startswith(tx.jurisdiction)), None)
        if strange is not None:
            raise Conflict("outside_jurisdiction", measured=strange, allowed=tx.jurisdiction)
        take_numbers(tx, "sweeps", 0)  # of two that send one sweep at once, the second waits here
        there: dict[Any, SweepCard] = dict(self._known(new))
        told: list[tuple[Any, bool]] = []
        made: dict[Any, NewSweep] = {}
        for i, one in enumerate(new):
            key = i if one.external is None else (one.county, one.source, one.external)
            is_new = key not in there and key not in made
            if is_new:
                made[key] = one
            told.append((key, is_new))
        there |= self._insert(made)
        return [(there[key], is_new) for key, is_new in told]

    def _known(self, new: Iterable[NewSweep]) -> Iterable[tuple[Any, SweepCard]]:
        named = sorted({(one.county, one.source, one.external) for one in new if one.external is not None})
        key = (sweeps.c.county, sweeps.c.source, sweeps.c.external)
        for start in range(0, len(named), _AT_ONCE):
            some = or_(
                *(and_(*(column == part for column, part in zip(key, one))) for one in named[start : start + _AT_ONCE])
            )
            for card in self._read(some):
                yield (card.county, card.source, card.external), card

    def _insert(self, made: dict[Any, NewSweep]) -> dict[Any, SweepCard]:
        if not made:
            return {}
        tx = self._tx
        first = take_numbers(tx, "sweeps", len(made))
        cards = {
            key: SweepCard(
                number=first + i,
                place=one.place,
                recorded_at=tx.act.at,
                withdrawn_at=None,
                revision=1,
                **{f.name: getattr(one, f.name) for f in fields(one)},
            )
            for i, (key, one) in enumerate(made.items())
        }
        try:
            rows = [{f.name: getattr(card, f.name) for f in fields(card)} for card in cards.values()]
            tx.connection.execute(insert(sweeps), rows)
        except IntegrityError as error:  # a row that is hidden from here has the id
            raise Conflict("sweep_elsewhere") from error
        ids = [card.id for card in cards.values()]
        counts = {name: sum(getattr(card, name) for card in cards.values()) for name in _COUNTS}
        subject = ids[0] if len(ids) == 1 else f"{ids[0]}-{ids[-1]}"
        place = _around(card.place for card in cards.values())
        tx.audit.record("sweep.add", subject, place=place, after={"sweeps": len(ids), **counts})
        return cards

    # -- changed

    def change(self, id: str, *, revision: int | None = None, **values: Any) -> SweepCard:
        """Put a sweep right; as it is already changes nothing.

        Parameters
        ----------
        revision
            The one that whoever asks has seen; any when omitted.

        Raises
        ------
        NotFound
            ``sweep_unknown``.
        Conflict
            ``sweep_changed`` (`StaleSweep`); ``sweep_withdrawn``; ``outside_jurisdiction``.
        """
        card = self.hold(id, revision)
        if card.withdrawn_at is not None:
            raise Conflict("sweep_withdrawn", id=id)
        return self._set(card, "sweep.change", values)

    def withdraw(self, id: str, *, revision: int | None = None) -> SweepCard:
        """Let a sweep count nowhere; one that was withdrawn before is left as it is.

        Raises
        ------
        NotFound
            ``sweep_unknown``.
        Conflict
            ``sweep_changed`` (`StaleSweep`).
        """
        card = self.hold(id, revision)
        return card if card.withdrawn_at else self._set(card, "sweep.withdraw", {"withdrawn_at": self._tx.act.at})

    def restore(self, id: str, *, revision: int | None = None) -> SweepCard:
        """Let a sweep that was withdrawn count again.

        Raises
        ------
        NotFound, Conflict
            As `withdraw`.
        """
        return self._set(self.hold(id, revision), "sweep.restore", {"withdrawn_at": None})

    def hold(self, id: str, revision: int | None = None) -> SweepCard:
        """One sweep; whoever else changes one waits until the transaction ends.

        Raises
        ------
        NotFound
            ``sweep_unknown``.
        Conflict
            ``sweep_changed`` (`StaleSweep`).
        """
        take_numbers(self._tx, "sweeps", 0)
        card = self.card(id)
        if revision is not None and revision != card.revision:
            raise StaleSweep(card, revision)
        return card

    def _set(self, card: SweepCard, action: str, values: dict[str, Any]) -> SweepCard:
        tx = self._tx
        wanted = replace(card, **values)
        wanted = replace(wanted, place=wanted.community or wanted.county)
        if wanted == card:
            return card
        if not wanted.place.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=wanted.place, allowed=tx.jurisdiction)
        changed = replace(wanted, revision=card.revision + 1)
        differ = [f.name for f in fields(card) if getattr(card, f.name) != getattr(changed, f.name)]
        row = {name: getattr(changed, name) for name in differ}
        tx.connection.execute(update(sweeps).where(sweeps.c.number == card.number).values(row))
        said = [name for name in differ if name not in ("place", "revision")]
        before, after = ({name: _plain(getattr(one, name)) for name in said} for one in (card, changed))
        tx.audit.record(action, card.id, place=_around((card.place, changed.place)), before=before, after=after)
        return changed

    # -- read

    def card(self, id: str) -> SweepCard:
        """One sweep.

        Raises
        ------
        NotFound
            ``sweep_unknown``.
        """
        found = self._read(sweeps.c.number == _number(id))
        if not found:
            raise NotFound("sweep_unknown", id=id)
        return found[0]

    def cards(self, wanted: SweepWanted, *, after: str | None = None, limit: int = 100) -> list[SweepCard]:
        """Sweeps, the newest first.

        Parameters
        ----------
        after
            Id of the last sweep of the page before.

        Raises
        ------
        NotFound
            ``sweep_unknown``: there is no sweep ``after``.
        """
        conditions = self._conditions(wanted)
        order = (sweeps.c.began_at, sweeps.c.number)
        if after is not None:
            last = self.card(after)
            conditions.append(tuple_(*order) < (last.began_at, last.number))
        return self._read(*conditions, limit=limit)

    def count(self, wanted: SweepWanted) -> int:
        """How many sweeps fit."""
        asked = select(func.count()).select_from(sweeps).where(self._is_seen(), *self._conditions(wanted))
        return int(self._tx.connection.execute(asked).scalar_one())

    def figures(self, first: datetime, after: datetime) -> dict[str, SweepFigures]:
        """What the sweeps that began within a time add up to, by place: community, or county.

        Parameters
        ----------
        first, after
            The first moment and the first one behind it.
        """
        table = sweeps.c
        wanted = (
            select(table.place, func.count(), *(func.sum(table[name]) for name in _COUNTS))
            .where(self._is_seen(), *self._conditions(SweepWanted(first, after)))
            .group_by(table.place)
            .order_by(table.place)
        )
        return {row[0]: SweepFigures(*map(int, row[1:])) for row in self._tx.connection.execute(wanted)}

    def counties_of(self, communities: Iterable[str]) -> dict[str, str]:
        """The county of each community that the current territories have; the others are left out."""
        table, asked = LAYER_TABLES["communities"].c, sorted(set(communities))
        found: dict[str, str] = {}
        for start in range(0, len(asked), _AT_ONCE):
            wanted = (
                select(table.code, table.county)
                .join(territories, territories.c.id == table.territory)
                .where(territories.c.is_current, table.code.in_(asked[start : start + _AT_ONCE]))
                .where(is_inside(table.code, self._tx))
            )
            found.update((row.code, row.county) for row in self._tx.connection.execute(wanted))
        return found

    def _conditions(self, wanted: SweepWanted) -> list[ColumnElement[Any]]:
        table = sweeps.c
        found: list[ColumnElement[Any]] = [
            table.withdrawn_at.is_not(None) if wanted.is_withdrawn else table.withdrawn_at.is_(None)
        ]
        if wanted.since is not None:
            found.append(table.began_at >= wanted.since)
        if wanted.until is not None:
            found.append(table.began_at < wanted.until)
        if wanted.community:
            found.append(func.substr(table.community, 1, len(wanted.community)) == wanted.community)
        return found

    def _read(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[SweepCard]:
        wanted = select(*_CARD).where(self._is_seen(), *conditions)
        wanted = wanted.order_by(sweeps.c.began_at.desc(), sweeps.c.number.desc()).limit(limit)
        return [SweepCard(*row) for row in self._tx.connection.execute(wanted)]

    def _is_seen(self) -> ColumnElement[Any]:
        return is_inside(sweeps.c.place, self._tx)


def _number(id: str) -> int:
    digits = id.removeprefix("s")
    if not (id.startswith("s") and digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise NotFound("sweep_unknown", id=id)
    return int(digits)


def _around(places: Iterable[str]) -> str:
    """What all of some codes begin with."""
    known = list(places)
    same = (len(set(digits)) == 1 for digits in zip(*known))
    return known[0][: sum(takewhile(bool, same))]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
