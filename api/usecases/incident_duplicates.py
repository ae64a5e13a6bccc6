"""Incidents that may be the same as one, and tying one to the other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from api.i18n import sentence
from api.usecases.incident_rules import rules_in
from data.store import Tx
from data.store.rooms.incident_cards import IncidentCard, said
from data.store.rooms.incident_search import duplicates_of, near
from gis.errors import Conflict
from partition.incidents.duplicates import Alike, duplicates, earliest_end, window


def suggestions(tx: Tx, county: str, one: Alike, language: str) -> list[dict[str, Any]]:
    """Incidents that may be the same, the likeliest first, each with why."""
    rules = rules_in(tx, county)
    wide, high = window(rules, one.lat)
    box = (one.lon - wide, one.lat - high, one.lon + wide, one.lat + high)
    span = timedelta(minutes=rules.duplicate_min)
    found = near(
        tx,
        one.kind,
        box,
        open_or_ended_after=earliest_end(rules, one.received_at),
        received_until=one.received_at + span,
    )
    cards = {card.id: card for card in found}
    out = []
    for same in duplicates(rules, one, map(alike, found)):
        card = cards[same.id]
        facts = {"distance_m": round(same.distance_m), "minutes": round(same.minutes)}
        out.append(
            {
                "incident": card.id,
                "kind": card.kind,
                "state": card.state,
                "title": card.title,
                "address": card.address,
                "grid": card.grid,
                "lon": card.lon,
                "lat": card.lat,
                "received_at": said(card.received_at),
                "distance_m": same.distance_m,
                "minutes": same.minutes,
                "score": same.score,
                "reason": same.reason,
                "message": sentence(same.reason, facts, language),
            }
        )
    return out


def alike(card: IncidentCard) -> Alike:
    """An incident as it is compared."""
    ended_at: datetime | None = card.closed_at or card.cancelled_at
    return Alike(card.id, card.kind, card.lon, card.lat, card.received_at, ended_at)


def main_of(tx: Tx, card: IncidentCard, other: str) -> IncidentCard:
    """The incident that stands for one that is marked as a duplicate of another: never a duplicate itself.

    Raises
    ------
    NotFound
        ``incident_unknown``: also when it lies outside the jurisdiction.
    Conflict
        ``duplicate_wrong``: it is the incident itself, or was cancelled for another reason.
    """
    main = tx.incidents.card(other)
    if main.duplicate_of is not None:
        main = tx.incidents.card(main.duplicate_of)  # that one is no duplicate: chains are never made
    if main.id == card.id or main.state == "cancelled" or main.county != card.county:
        raise Conflict("duplicate_wrong", id=card.id, measured=other, state=main.state)
    return main


def tie_followers(tx: Tx, id: str, main: str, role: str) -> int:
    """Let the duplicates of an incident that became one itself point to the main one; returns how many."""
    followers = duplicates_of(tx, id)
    for card in followers:
        tx.incidents.change(card.id, role, duplicate_of=main)
    return len(followers)
