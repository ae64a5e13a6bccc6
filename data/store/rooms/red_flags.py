"""Sites with a red flag (红牌): raised, cleared with a reason, raised again; each change has its event.

The grid a site lies in is that of the plan in force when the flag was raised, and is kept when plans change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from data.store.numbers import take_numbers
from data.store.rooms.incident_cards import Ground, said
from data.store.rooms.inside import is_inside
from data.store.tables.incidents import red_flags
from data.store.tx import Tx
from gis.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class NewFlag:
    """What is told of a site that gets a red flag.

    Attributes
    ----------
    title
        What has to be put right, in a few words; never who.
    incident
        The one it came from.
    """

    kind: str
    title: str
    lon: float
    lat: float
    ground: Ground
    raised_at: datetime
    due_at: datetime
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class FlagCard:
    """A red flag as it stands (columns of `data.store.tables.incidents.red_flags`).

    Attributes
    ----------
    id
        ``f`` and its number.
    due_at
        By when it has to be put right.
    reason
        Why it was cleared, or raised again.
    """

    id: str
    county: str
    place: str
    kind: str
    title: str
    lon: float
    lat: float
    grid: str | None
    community: str | None
    plan: str | None
    incident: str | None
    raised_at: datetime
    due_at: datetime
    cleared_at: datetime | None
    reason: str
    revision: int


class StaleFlag(Conflict):
    """A change was asked of a revision that is no longer the newest."""

    def __init__(self, card: FlagCard, revision: int) -> None:
        super().__init__("flag_changed", id=card.id, measured=card.revision, allowed=revision)
        self.card = card


_CARD = [red_flags.c[f.name] for f in fields(FlagCard)]


def _keys(flag: NewFlag | FlagCard) -> list[tuple[object, ...]]:
    """What two flags that are the same have in common: what is wrong where, to a metre; or kind and incident."""
    at = (flag.kind, flag.title, round(flag.lon, 5), round(flag.lat, 5))
    return [at] if flag.incident is None else [at, (flag.kind, flag.incident)]


class RedFlags:
    """Red flags inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def raise_many(self, new: Sequence[NewFlag], role: str) -> list[FlagCard]:
        """Raise flags, each with its event.

        Raises
        ------
        Conflict
            ``outside_jurisdiction``; ``flag_there``: that site, or that incident, has the same flag up.
        """
        tx = self._tx
        if not new:
            return []
        tx.stream.queue_up()
        up = {key: card.id for card in self.cards(is_open=True) for key in _keys(card)}
        for one in new:
            for key in _keys(one):
                if key in up:
                    raise Conflict("flag_there", id=up[key], measured=one.title)
            up |= dict.fromkeys(_keys(one), "—")
        first = take_numbers(tx, "red_flags", len(new))
        cards = [_card_of(one, f"f{first + i}") for i, one in enumerate(new)]
        for card in cards:
            if not card.place.startswith(tx.jurisdiction):
                raise Conflict("outside_jurisdiction", measured=card.place, allowed=tx.jurisdiction)
        tx.connection.execute(insert(red_flags), [{f.name: getattr(c, f.name) for f in fields(c)} for c in cards])
        event = take_numbers(tx, "incident_events", len(cards))
        tx.stream.put_many("flag.raised", [(c.id, flag_row(c), c.county, c.place) for c in cards], role, event)
        return cards

    def clear(self, id: str, reason: str, role: str, *, revision: int | None = None) -> FlagCard:
        """The site was put right.

        Raises
        ------
        NotFound
            ``flag_unknown``.
        Conflict
            ``flag_cleared``, ``flag_reason_missing``, ``flag_changed``.
        """
        card = self._hold(id, reason, revision)
        if card.cleared_at is not None:
            raise Conflict("flag_cleared", id=id)
        cleared_at = max(self._tx.act.at, card.raised_at)
        return self._change(card, "flag.cleared", role, cleared_at=cleared_at, reason=reason)

    def reopen(
        self, id: str, reason: str, role: str, *, due_at: datetime | None = None, revision: int | None = None
    ) -> FlagCard:
        """It was not put right after all; the flag is up again, and as old as it was.

        Raises
        ------
        NotFound
            ``flag_unknown``.
        Conflict
            ``flag_open``, ``flag_reason_missing``, ``flag_changed``.
        """
        card = self._hold(id, reason, revision)
        if card.cleared_at is None:
            raise Conflict("flag_open", id=id)
        return self._change(card, "flag.raised", role, cleared_at=None, reason=reason, due_at=due_at or card.due_at)

    def card(self, id: str) -> FlagCard:
        """One red flag.

        Raises
        ------
        NotFound
            ``flag_unknown``.
        """
        wanted = select(*_CARD).where(red_flags.c.id == id, is_inside(red_flags.c.place, self._tx))
        row = self._tx.connection.execute(wanted).first()
        if row is None:
            raise NotFound("flag_unknown", id=id)
        return FlagCard(*row)

    def cards(self, *, is_open: bool | None = None) -> list[FlagCard]:
        """Flags in the jurisdiction, those longest up first.

        Parameters
        ----------
        is_open
            Only those that are up, or only those that were cleared; all when omitted.
        """
        wanted = select(*_CARD).where(is_inside(red_flags.c.place, self._tx))
        if is_open is not None:
            cleared = red_flags.c.cleared_at
            wanted = wanted.where(cleared.is_(None) if is_open else cleared.is_not(None))
        wanted = wanted.order_by(red_flags.c.raised_at, func.length(red_flags.c.id), red_flags.c.id)
        return [FlagCard(*row) for row in self._tx.connection.execute(wanted)]

    def _hold(self, id: str, reason: str, revision: int | None) -> FlagCard:
        self._tx.stream.queue_up()  # whoever else changes it waits
        card = self.card(id)
        if revision is not None and revision != card.revision:
            raise StaleFlag(card, revision)
        if not reason.strip():
            raise Conflict("flag_reason_missing", id=id)
        return card

    def _change(self, card: FlagCard, kind: str, role: str, **values: Any) -> FlagCard:
        tx = self._tx
        values["revision"] = card.revision + 1
        tx.connection.execute(update(red_flags).where(red_flags.c.id == card.id).values(values))
        changed = replace(card, **values)
        tx.stream.put(
            kind, card.id, flag_row(changed), county=card.county, place=card.place, role=role, reason=changed.reason
        )
        return changed


def flag_row(card: FlagCard) -> dict[str, Any]:
    """A card as plain data: what listeners are sent and what is answered."""
    row = {f.name: getattr(card, f.name) for f in fields(card)}
    return {name: said(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _card_of(new: NewFlag, id: str) -> FlagCard:
    ground = new.ground
    return FlagCard(
        id=id,
        county=ground.county,
        place=ground.community or ground.county,
        kind=new.kind,
        title=new.title,
        lon=new.lon,
        lat=new.lat,
        grid=ground.grid,
        community=ground.community or None,
        plan=ground.plan,
        incident=new.incident,
        raised_at=new.raised_at,
        due_at=new.due_at,
        cleared_at=None,
        reason="",
        revision=1,
    )
