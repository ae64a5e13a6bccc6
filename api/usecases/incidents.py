"""Incidents come in and go from state to state: load, decide, check, save.

What may follow is decided in `partition.incidents.flow`, what is due in `partition.incidents.deadlines`; the place is
found in `api.usecases.incident_ground`.  Free text passes the guard that notes pass: no ID and no phone number is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api.usecases.incident_duplicates import main_of, tie_followers
from api.usecases.incident_ground import IncidentGround
from api.usecases.incident_rules import rules_in
from api.usecases.plan_notes import clean_text
from data.store import Tx
from data.store.rooms.incident_cards import Ground, IncidentCard, NewIncident
from gis.errors import Conflict, InputError
from partition.incidents.deadlines import Clocks, IncidentRules, clocks, next_escalation, running, sent_again
from partition.incidents.flow import HANDLED, LEVELS, OPEN, check_step, way

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_SKEW = timedelta(minutes=2)
"""A clock may be so far ahead of the service's; its moments are then taken for now."""
MOST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody tells of an incident."""

    lon: float
    lat: float
    kind: str
    priority: int
    title: str | None = None
    address: str | None = None
    received_at: datetime | None = None
    source: str = "phone"
    external: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step that somebody asks for.

    Attributes
    ----------
    to
        The state.
    through
        Make the steps between as well.
    """

    to: str
    reason: str = ""
    happened_at: datetime | None = None
    result: str | None = None
    duplicate_of: str | None = None
    unit: str | None = None
    body: str | None = None
    client_id: str | None = None
    through: bool = False


class StaleIncident(Conflict):
    """A change was asked of an incident that is no longer as it was seen."""

    def __init__(self, card: IncidentCard, revision: int) -> None:
        super().__init__("incident_changed", id=card.id, measured=card.revision, allowed=revision, state=card.state)
        self.card = card


def rules_for(tx: Tx, county: str) -> IncidentRules:
    """The rules in effect in a county."""
    return rules_in(tx, county)


def checked_moment(moment: datetime | None, now: datetime) -> datetime:
    """A moment somebody states, or now; a little ahead of our clock is taken for now.

    Raises
    ------
    InputError
        ``incident_in_future``, ``incident_too_old``.
    """
    if moment is None:
        return now
    if moment > now + CLOCK_SKEW:
        raise InputError("incident_in_future", measured=moment.isoformat(), allowed=now.isoformat(timespec="seconds"))
    if moment < EARLIEST:
        raise InputError("incident_too_old", measured=moment.isoformat(), allowed=EARLIEST.date().isoformat())
    return min(moment, now)


def guarded(text: str | None) -> str | None:
    """A free text as it may be kept; empty becomes none.

    Raises
    ------
    InputError
        ``incident_text_long``, ``note_looks_personal``.
    """
    if text is None or not text.strip():
        return None
    kept = " ".join(clean_text(text).split())
    if len(kept) > MOST_TITLE:
        raise InputError("incident_text_long", measured=len(kept), allowed=MOST_TITLE)
    return kept


def said_before(tx: Tx, client_id: str | None, after: str, incident: str | None = None) -> IncidentCard | None:
    """The incident as it stands, where its sender sends the same once more; none where it says something new.

    Parameters
    ----------
    after
        The state that an incident comes to by what is sent.
    incident
        Which one; none where it is a new one.

    Raises
    ------
    Conflict
        ``client_id_reused``: something else came with it.
    """
    if client_id is None:
        return None
    tx.stream.queue_up()  # of two that send the same at once the second waits here, and then finds it
    before = tx.stream.of_client(client_id)
    if before is None:
        return None
    if before.after != after or incident not in (None, before.subject):
        raise Conflict("client_id_reused", measured=client_id)
    return tx.incidents.card(before.subject)


def receive(tx: Tx, ground: IncidentGround, told: Told, role: str) -> tuple[IncidentCard, bool]:
    """Take an incident in; the same source and external id, or the same ``client_id``, is the same incident.

    Raises
    ------
    InputError
        ``incident_outside``, ``incident_no_land``, ``incident_in_future``, ``incident_too_old``,
        ``incident_text_long``, ``note_looks_personal``.
    Conflict
        ``client_id_reused``.
    """
    now = tx.act.at
    before = said_before(tx, told.client_id, "received")
    if before is not None:
        return before, False
    received_at = checked_moment(told.received_at, now)
    title, address = guarded(told.title), guarded(told.address)
    kind = guarded(told.kind) or told.kind
    where = ground.find(told.lon, told.lat, received_at, tx.jurisdiction)
    rules = rules_for(tx, where.county)
    due = clocks(rules, kind, told.priority, received_at)
    new = NewIncident(
        kind=kind,
        priority=told.priority,
        lon=told.lon,
        lat=told.lat,
        received_at=received_at,
        ground=where,
        due=due,
        escalate_at=next_escalation(rules, "received", told.priority, due, 0),
        title=title,
        address=address,
        source=told.source,
        external=told.external,
    )
    return tx.incidents.add(new, role, client_id=told.client_id)


def step_incident(tx: Tx, id: str, step: Step, role: str, *, revision: int | None = None) -> IncidentCard:
    """Bring an incident into another state.

    Parameters
    ----------
    revision
        The one that whoever asks has seen; any when omitted.

    Raises
    ------
    NotFound
        ``incident_unknown``, ``unit_unknown``.
    Conflict
        As `partition.incidents.flow.check_step`; ``incident_changed``, ``incident_assignment_missing``,
        ``client_id_reused``, ``duplicate_wrong``, ``unit_taken``.
    InputError
        ``incident_in_future``, ``incident_too_old``, ``incident_text_long``, ``note_looks_personal``.
    """
    before = said_before(tx, step.client_id, step.to, id)
    if before is not None:
        return before
    card = tx.incidents.hold(id)
    check_revision(card, revision)
    moment = checked_moment(step.happened_at, tx.act.at)
    reason = guarded(step.reason) or ""
    main = None if step.duplicate_of is None else _main_of(tx, card, step)
    line = (way(card.state, step.to) if step.through else ()) or (step.to,)
    for state in line:
        is_last = state == step.to
        check_step(card.state, state, role, reason, step.result)
        takes = state == "assigned" or (state == "dispatched" and is_last)
        unit, body = (step.unit, guarded(step.body)) if takes else (None, None)
        if takes and (unit, body) == (card.unit, card.body):
            unit = body = None  # as it is
        if state == "assigned" and unit is None and body is None and not (card.unit or card.body):
            raise Conflict("incident_assignment_missing", id=id)
        rules = rules_for(tx, card.county)
        due = _due_after(card, state, rules, moment)
        card = tx.incidents.step(
            id,
            state,
            role,
            happened_at=moment,
            reason=reason if is_last else "",
            unit=unit,
            body=None if unit else body,
            result=step.result if is_last else None,
            duplicate_of=main if is_last else None,
            escalate_at=next_escalation(rules, state, card.priority, due, card.level),
            arrive_due_at=due.arrive_at,
            client_id=step.client_id if is_last else None,
        )
    if main is not None:
        tie_followers(tx, id, main, role)
    return card


def _due_after(card: IncidentCard, state: str, rules: IncidentRules, at: datetime) -> Clocks:
    """Deadlines after a step: somebody who is sent again has time to be there again."""
    if card.state not in (*HANDLED, "arrived", "cancelled") or running(state, card.clocks).what != "arrive":
        return card.clocks
    met_at = card.arrived_at or card.cancelled_at
    return sent_again(rules, card.kind, card.priority, card.clocks, met_at, at)


def change_incident(
    tx: Tx, ground: IncidentGround, id: str, role: str, changes: dict[str, Any], *, revision: int | None = None
) -> IncidentCard:
    """Correct an incident: kind, priority, title, address, place, level; deadlines follow kind and priority.

    Raises
    ------
    NotFound
        ``incident_unknown``.
    Conflict
        ``incident_changed``, ``incident_over``; ``incident_other_county``: it lies in another one now.
    InputError
        ``incident_outside``, ``incident_text_long``, ``note_looks_personal``.
    """
    card = tx.incidents.hold(id)
    check_revision(card, revision)
    if card.state not in OPEN:
        raise Conflict("incident_over", id=id, measured=card.state)
    values = {name: guarded(value) if isinstance(value, str) else value for name, value in changes.items()}
    if "lon" in values or "lat" in values:
        place = (values.get("lon", card.lon), values.get("lat", card.lat))
        values |= _moved(ground.find(*place, card.received_at, tx.jurisdiction), card)
    rules = rules_for(tx, card.county)
    kind, priority = values.get("kind", card.kind), values.get("priority", card.priority)
    if (kind, priority) != (card.kind, card.priority):
        due = clocks(rules, kind, priority, card.received_at)
        values |= {"assess_due_at": due.assess_at, "arrive_due_at": due.arrive_at, "due_at": due.due_at}
    else:
        due = card.clocks
    values["escalate_at"] = next_escalation(rules, card.state, priority, due, values.get("level", card.level))
    values = {name: value for name, value in values.items() if getattr(card, name) != value}
    return tx.incidents.change(id, role, **values) if values else card


def check_revision(card: IncidentCard, revision: int | None) -> None:
    """Refuse a change of what is no longer as it was seen.

    Raises
    ------
    StaleIncident
        ``incident_changed``.
    """
    if revision is not None and revision != card.revision:
        raise StaleIncident(card, revision)


def level_name(level: int) -> str:
    """A level as it is written: grid, community, town, county."""
    return LEVELS[level]


def _moved(found: Ground, card: IncidentCard) -> dict[str, Any]:
    if found.county != card.county:
        raise Conflict("incident_other_county", id=card.id, measured=found.county, allowed=card.county)
    return {
        "place": found.community or found.county,
        "community": found.community or None,
        "grid": found.grid,
        "plan": found.plan,
    }


def _main_of(tx: Tx, card: IncidentCard, step: Step) -> str:
    if step.to != "cancelled":
        raise Conflict("duplicate_wrong", id=card.id, measured=str(step.duplicate_of), state=card.state)
    return main_of(tx, card, str(step.duplicate_of)).id
