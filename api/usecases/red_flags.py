"""Red flags: raised at a place or for an incident, listed with their age, in plain data and as GeoJSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.usecases.incident_ground import IncidentGround
from api.usecases.incident_rules import rules_in
from api.usecases.incidents import checked_moment, guarded
from data.store import Tx
from data.store.rooms.incident_cards import Ground
from data.store.rooms.red_flags import FlagCard, NewFlag, flag_row
from gis.errors import Fault, InputError
from partition.incidents.flags import AGE_DAYS


@dataclass(frozen=True, slots=True)
class ToldFlag:
    """What somebody tells of a site: where it is, or the incident that it came from."""

    kind: str | None
    title: str | None
    lon: float | None = None
    lat: float | None = None
    incident: str | None = None
    raised_at: datetime | None = None
    due_at: datetime | None = None


def raise_flags(tx: Tx, ground: IncidentGround, told: Sequence[ToldFlag], role: str) -> list[FlagCard]:
    """Raise flags, all of them or none; every fault of every row is told.

    Raises
    ------
    NotFound
        ``incident_unknown``.
    InputError
        ``flag_title_missing``, ``flag_place_missing``, ``flag_due_before``, ``incident_outside``,
        ``incident_no_land``, ``incident_in_future``, ``incident_too_old``, ``incident_text_long``,
        ``note_looks_personal``.
    """
    new, faults = [], []
    for i, one in enumerate(told, 1):
        try:
            new.append(_new(tx, ground, one))
        except InputError as error:
            faults += [Fault(f.code, {**f.facts, "row": i} if len(told) > 1 else f.facts) for f in error.faults]
    if faults:
        raise InputError.of(faults)
    return tx.flags.raise_many(new, role)


def _new(tx: Tx, ground: IncidentGround, told: ToldFlag) -> NewFlag:
    raised_at = checked_moment(told.raised_at, tx.act.at)
    title, kind = guarded(told.title), guarded(told.kind)
    lon, lat, where = told.lon, told.lat, None
    if told.incident is not None:
        card = tx.incidents.card(told.incident)
        title, kind = title or card.title or card.kind, kind or card.kind
        if lon is None or lat is None:
            lon, lat = card.lon, card.lat
            where = Ground(card.county, card.community or "", card.grid, card.plan)
    if lon is None or lat is None:
        raise InputError("flag_place_missing")
    if title is None or kind is None:
        raise InputError("flag_title_missing")
    where = where or ground.find(lon, lat, raised_at, tx.jurisdiction)
    rules = rules_in(tx, where.county)
    due_at = told.due_at or rules.calendar.after(raised_at, rules.flag_due)
    if due_at < raised_at:
        raise InputError("flag_due_before", measured=due_at.isoformat(), allowed=raised_at.isoformat())
    return NewFlag(kind, title, lon, lat, where, raised_at, due_at, told.incident)


def flag_answer(card: FlagCard, now: datetime) -> dict[str, Any]:
    """A flag as it is answered: with its age in whole days, and whether its day has passed."""
    until = card.cleared_at or now
    return {
        **flag_row(card),
        "is_open": card.cleared_at is None,
        "age_days": max((until - card.raised_at) // timedelta(days=1), 0),
        "is_overdue": card.cleared_at is None and card.due_at < now,
    }


def flag_list(cards: Sequence[FlagCard], shown: Sequence[FlagCard], now: datetime) -> dict[str, Any]:
    """Flags with how many there are, and how old those are that are up.

    Parameters
    ----------
    cards
        All of the jurisdiction.
    shown
        Those that are asked for.
    """
    rows = [flag_answer(card, now) for card in cards]
    up = [row for row in rows if row["is_open"]]
    wanted = {card.id for card in shown}
    ends: list[int | None] = [*AGE_DAYS, None]
    ages = [{"until_days": end, "flags": 0} for end in ends]
    for row in up:
        ages[next((k for k, end in enumerate(AGE_DAYS) if row["age_days"] <= end), len(AGE_DAYS))]["flags"] += 1
    return {
        "flags": [row for row in rows if row["id"] in wanted],
        "open": len(up),
        "cleared": len(rows) - len(up),
        "overdue": sum(row["is_overdue"] for row in up),
        "ages": ages,
    }


def flag_features(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Flags as GeoJSON."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": row["id"],
                "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
                "properties": {key: value for key, value in row.items() if key not in ("lon", "lat")},
            }
            for row in rows
        ],
    }


def with_reason(told: str) -> str:
    """A reason as it may be kept; empty where none is given.

    Raises
    ------
    InputError
        ``incident_text_long``, ``note_looks_personal``.
    """
    return guarded(told) or ""
