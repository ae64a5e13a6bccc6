"""Units that can be sent: put on the list, moved, on duty and off; load, decide, check, save.

A unit is a car, a patrol or a post and is called so: what reads like a person's name or number is refused.  Only the
last position is kept.  Whom to send is `api.usecases.suggest_units` and `api.usecases.dispatch_unit`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import shapely

from api.usecases.incidents import CLOCK_SKEW, EARLIEST, Step, rules_for, step_incident
from api.usecases.plan_notes import clean_text
from data.store import Store, Tx
from data.store.rooms.incident_cards import said
from data.store.rooms.incident_land import communities_of, current_territories
from data.store.rooms.units import UnitCard, unit_row
from data.store.tables.incidents import incidents
from gis.errors import Conflict, Fault, InputError

MOST_KM = 50.0
"""A unit may be so far outside of its county: on its way back, or lent to a neighbour."""
MOST_AT_ONCE = 1_000
_KM_PER_DEGREE = 111.32
NO_IDS = ("nearest", "positions")
"""What stands for all units in addresses is no unit."""
_NOT_PERSONS = tuple("车車岗崗队隊站组組班所点點号號")
"""What a short name of a unit ends with that is no name of a person: 石门岗."""


@dataclass(frozen=True, slots=True)
class UnitTold:
    """What somebody tells of a unit.

    Attributes
    ----------
    place
        Code of what it belongs to: a community, a town, the county.
    skills
        Kinds of incidents it can take; empty: all.
    """

    id: str
    name: str
    kind: str
    mode: str
    place: str
    skills: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a unit says it is; ``at`` by its own clock, now where it says none."""

    unit: str
    lon: float
    lat: float
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a position.

    Attributes
    ----------
    what
        ``kept``; ``older``: a newer one is known, so nothing changed; ``refused``.
    fault
        Why it was refused.
    """

    unit: str
    what: str
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Counties:
    """The counties of the current territories.

    Attributes
    ----------
    code, county
        Communities and the county of each.
    box
        County to west, south, east, north in degrees.
    """

    code: tuple[str, ...]
    county: tuple[str, ...]
    box: Mapping[str, tuple[float, float, float, float]]

    def county_of(self, place: str) -> str:
        """The county that a place lies in or is.

        Raises
        ------
        InputError
            ``unit_place_unknown``.
        """
        for code, county in zip(self.code, self.county, strict=True):
            if code.startswith(place) and place.startswith(county):
                return county
        raise InputError("unit_place_unknown", measured=place)

    def away_km(self, county: str, lon: float, lat: float) -> float:
        """How far a point is from the box of a county; infinite where the county has no land."""
        if county not in self.box:
            return float("inf")
        west, south, east, north = self.box[county]
        dx = max(west - lon, lon - east, 0.0) * float(np.cos(np.radians(lat)))
        return float(np.hypot(dx, max(south - lat, lat - north, 0.0))) * _KM_PER_DEGREE


class UnitLand:
    """The counties of a store, read again when another territory is shown."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: tuple[tuple[str, ...], Counties] | None = None

    def counties(self) -> Counties:
        """What is known now."""
        with self._store.read() as tx:
            key = current_territories(tx)
            with self._lock:
                kept = self._kept
            if kept is not None and kept[0] == key:
                return kept[1]
            known = communities_of(tx)
        bounds = shapely.bounds(known.outline)
        county = np.array(known.county, dtype=object)
        box = {}
        for one in sorted(set(known.county)):
            mine = bounds[county == one]
            box[one] = (*mine[:, :2].min(axis=0).tolist(), *mine[:, 2:].max(axis=0).tolist())
        made = Counties(known.code, known.county, box)
        with self._lock:
            self._kept = (key, made)
        return made


def named(text: str) -> str:
    """A name of a unit as it may be kept.

    Raises
    ------
    InputError
        ``unit_name_personal``, ``note_text_empty``, ``note_looks_personal``.
    """
    from gis.persons import is_called_like_a_person  # the service starts without it

    kept = " ".join(clean_text(text).split())
    if is_called_like_a_person(kept) and not kept.endswith(_NOT_PERSONS):
        raise InputError("unit_name_personal")
    return kept


def put_unit(tx: Tx, counties: Counties, told: UnitTold, role: str) -> tuple[UnitCard, bool]:
    """Put a unit on the list, or say anew what it is; where it is and whether it is free stays.

    Returns
    -------
    UnitCard, bool
        The unit, and whether it is new: then it is available, and nobody knows where.

    Raises
    ------
    InputError
        ``unit_name_personal``, ``unit_id_reserved``, ``unit_place_unknown``, ``note_text_empty``,
        ``note_looks_personal``.
    Conflict
        ``outside_jurisdiction``, ``unit_id_used``.
    """
    from gis.persons import is_called_like_a_person  # the service starts without it

    county = counties.county_of(told.place)
    facts: dict[str, Any] = {
        "county": county,
        "place": told.place,
        "name": named(told.name),
        "kind": " ".join(clean_text(told.kind).split()),
        "mode": told.mode,
        "skills": tuple(sorted({clean_text(skill) for skill in told.skills})),
    }
    if is_called_like_a_person(told.id):
        raise InputError("unit_name_personal")
    if told.id in NO_IDS:
        raise InputError("unit_id_reserved", id=told.id)
    tx.stream.queue_up()
    there = tx.units.find(told.id)
    if there is None:
        nowhere: dict[str, Any] = dict.fromkeys(("lon", "lat", "position_at", "free_since"))
        new = UnitCard(id=told.id, status="available", status_at=tx.act.at, n_taken=0, revision=1, **facts, **nowhere)
        return tx.units.put(new, role), True
    if all(getattr(there, name) == value for name, value in (facts | {"skills": list(facts["skills"])}).items()):
        return there, False
    return tx.units.put(replace(there, **facts, revision=there.revision + 1), role), False


def move_unit(tx: Tx, counties: Counties, seen: Seen, role: str) -> tuple[UnitCard, bool]:
    """Take a position of a unit; one that is not newer than the last changes nothing.

    Returns
    -------
    UnitCard, bool
        The unit, and whether the position is now its last.

    Raises
    ------
    NotFound
        ``unit_unknown``.
    InputError
        ``clock_ahead``, ``unit_position_too_old``, ``unit_position_far``.
    """
    card = tx.units.hold(seen.unit)
    at = _checked(card, counties, seen, tx.act.at)
    if card.position_at is not None and at <= card.position_at:
        return card, False
    return tx.units.set(card.id, role, kind="unit.moved", lon=seen.lon, lat=seen.lat, position_at=at), True


def move_units(tx: Tx, counties: Counties, rows: Sequence[Seen | Moved], role: str) -> list[Moved]:
    """Take many positions, each for itself: what is wrong with one row keeps no other from being taken.

    Parameters
    ----------
    rows
        Positions, and rows that were refused already.

    Returns
    -------
    list of Moved
        As many, in the same order.
    """
    tx.stream.queue_up()
    cards = {card.id: card for card in tx.units.cards()}
    last = {id: card.position_at for id, card in cards.items()}
    newest: dict[str, tuple[float, float, datetime]] = {}
    answers = []
    for row in rows:
        if isinstance(row, Moved):
            answers.append(row)
            continue
        try:
            if row.unit not in cards:
                raise InputError("unit_unknown", id=row.unit[:80])
            at = _checked(cards[row.unit], counties, row, tx.act.at)
        except InputError as error:
            answers.append(Moved(row.unit, "refused", error.faults[0]))
            continue
        before = last[row.unit]
        if before is not None and at <= before:
            answers.append(Moved(row.unit, "older"))
            continue
        last[row.unit] = at
        newest[row.unit] = (row.lon, row.lat, at)
        answers.append(Moved(row.unit, "kept"))
    tx.units.move_many(newest, role)
    return answers


def set_status(tx: Tx, id: str, status: str, role: str, *, reason: str = "", release: bool = False) -> UnitCard:
    """Say whether a unit is available, resting or off; it is busy by an incident alone.

    Parameters
    ----------
    release
        Take it off its incident, which then waits for somebody else; ``reason`` says why.

    Raises
    ------
    NotFound
        ``unit_unknown``.
    Conflict
        ``unit_busy``: it has an incident; and what the step of that incident is refused for.
    """
    card = tx.units.hold(id)
    if card.status == "busy":
        incident = incident_of(tx, id)
        if not release or incident is None:
            raise Conflict("unit_busy", id=id, measured=incident or "—")
        step_incident(tx, incident, Step("assessed", reason=reason), role)
        card = tx.units.card(id)
    if card.status == status:
        return card
    fresh: dict[str, Any] = {"n_taken": 0} if card.status == "off" else {}
    return tx.units.set(id, role, status=status, status_at=tx.act.at, **fresh)


def incident_of(tx: Tx, unit: str) -> str | None:
    """The incident that a unit has; none where it has none, or one outside of the jurisdiction."""
    found = tx.incidents.cards(incidents.c.unit == unit, limit=1)
    return found[0].id if found else None


def unit_out(card: UnitCard, now: datetime, stale_s: float) -> dict[str, Any]:
    """A unit as it is answered, with the age of its position and the age at which it is no longer trusted."""
    age_s = age_of(card, now)
    return {**unit_row(card), "age_s": age_s, "stale_s": stale_s, "is_stale": age_s is None or age_s > stale_s}


def age_of(card: UnitCard, now: datetime) -> float | None:
    """Seconds since a unit's position; none where it never said one."""
    return None if card.position_at is None else round(max((now - card.position_at).total_seconds(), 0.0), 1)


def units_out(tx: Tx, cards: Sequence[UnitCard], now: datetime) -> list[dict[str, Any]]:
    """Units as they are answered, each by the rules of its county."""
    stale_s = {county: rules_for(tx, county).stale_s for county in sorted({card.county for card in cards})}
    return [unit_out(card, now, stale_s[card.county]) for card in cards]


def unit_features(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Units as GeoJSON; one that has never said where it is has no geometry."""
    features = []
    for row in rows:
        lon, lat = row["lon"], row["lat"]
        point = None if lon is None else {"type": "Point", "coordinates": [lon, lat]}
        properties = {name: value for name, value in row.items() if name not in ("lon", "lat")}
        features.append({"type": "Feature", "id": row["id"], "geometry": point, "properties": properties})
    return features


def _checked(card: UnitCard, counties: Counties, seen: Seen, now: datetime) -> datetime:
    """The moment of a position; a little ahead of our clock is taken for now."""
    at = seen.at or now
    if at > now + CLOCK_SKEW:
        allowed = round(CLOCK_SKEW.total_seconds())
        raise InputError("clock_ahead", id=card.id, measured=round((at - now).total_seconds()), allowed=allowed)
    if at < EARLIEST:
        raise InputError("unit_position_too_old", id=card.id, measured=said(at), allowed=EARLIEST.date().isoformat())
    away_km = counties.away_km(card.county, seen.lon, seen.lat)
    if away_km > MOST_KM:
        measured = round(away_km) if np.isfinite(away_km) else "—"
        raise InputError("unit_position_far", id=card.id, measured=measured, allowed=MOST_KM)
    return min(at, now)
