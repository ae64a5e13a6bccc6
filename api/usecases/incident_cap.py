"""CAP messages become incidents, change them or cancel them; only what is actual does.

The identifier of an alert, with a mark of its sender, is the incident's id where it came from, so that the same message
again is the same incident.  Every message that was taken is kept with its incident; an update or a cancellation finds
it by any of them that it refers to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.usecases.incident_ground import IncidentGround
from api.usecases.incidents import Step, Told, change_incident, checked_moment, guarded, receive, step_incident
from data.files.cap import CapMessage
from data.store import Tx
from data.store.rooms.cap_messages import SOURCE
from data.store.rooms.incident_cards import IncidentCard
from gis.errors import Conflict, Fault, InputError, NotFound

_MOST_KIND, _MOST_TEXT = 60, 200


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a message.

    Attributes
    ----------
    card
        The incident; none where the message is none.
    is_new, is_changed
        Whether the message made it, or changed it.
    remark
        Why it made and changed nothing.
    """

    card: IncidentCard | None = None
    is_new: bool = False
    is_changed: bool = False
    remark: Fault | None = None


def not_an_incident(message: CapMessage) -> Fault | None:
    """Why a message makes no incident: it is an exercise or a test, or it only acknowledges."""
    if message.status != "Actual":
        return Fault("cap_not_actual", {"measured": message.status})
    if message.message not in ("Alert", "Update", "Cancel"):
        return Fault("cap_not_alert", {"measured": message.message})
    return None


def hear(tx: Tx, ground: IncidentGround, message: CapMessage, role: str, reason: str = "") -> Heard:
    """Act on a message; one that was taken before changes nothing, nor does an update older than what was taken.

    Parameters
    ----------
    reason
        Kept with a cancellation.

    Raises
    ------
    InputError
        ``cap_area_missing``, ``cap_area_swapped``, ``incident_outside``, ``incident_in_future``,
        ``incident_too_old``, ``note_looks_personal``.
    NotFound
        ``cap_reference_unknown``.
    Conflict
        ``incident_step_illegal``: what has begun is not cancelled; ``incident_over``; ``cap_references_differ``: it
        refers to messages of several incidents.
    """
    remark = not_an_incident(message)
    if remark is not None:
        return Heard(remark=remark)
    if message.message == "Alert":
        return _receive(tx, ground, message, role)
    tx.stream.queue_up()  # of two messages about one incident the second waits here
    checked_moment(message.sent, tx.act.at)  # one from the future would make every later one an older one
    card, sent = _referred(tx, message)
    newest = tx.cap_messages.newest(card.id)
    is_new = tx.cap_messages.record(card, message.external, message.message, sent)
    if message.message == "Update" and newest is not None and sent < newest.sent:
        return Heard(card, remark=Fault("cap_newer_taken", {"id": newest.identifier}))
    if not is_new:
        return Heard(card)
    if message.message == "Cancel":
        if card.state == "cancelled":
            return Heard(card)
        step = Step("cancelled", reason=reason, happened_at=message.sent)
        return Heard(step_incident(tx, card.id, step, role), is_changed=True)
    changes = _changes(message)
    changed = change_incident(tx, ground, card.id, role, changes)
    return Heard(changed, is_changed=changed.revision != card.revision)


def _receive(tx: Tx, ground: IncidentGround, message: CapMessage, role: str) -> Heard:
    if message.lon is None or message.lat is None:
        raise InputError("cap_area_missing")
    told = Told(
        lon=message.lon,
        lat=message.lat,
        kind=_kind(message),
        priority=message.priority,
        title=message.title[:_MOST_TEXT] or None,
        address=message.address[:_MOST_TEXT] or None,
        received_at=message.sent,
        source=SOURCE,
        external=message.external,
    )
    try:
        card, is_new = receive(tx, ground, told, role)
    except InputError as error:
        if error.code == "incident_outside" and _is_swapped(ground, message, tx.jurisdiction):
            where = f"{message.lat:.6f},{message.lon:.6f}"
            raise InputError("cap_area_swapped", measured=where) from None
        raise
    tx.cap_messages.record(card, message.external, message.message, message.sent)
    return Heard(card, is_new=is_new)


def _is_swapped(ground: IncidentGround, message: CapMessage, jurisdiction: str) -> bool:
    if message.lon is None or message.lat is None or abs(message.lon) > 90:
        return False
    try:
        ground.find(message.lat, message.lon, message.sent, jurisdiction)
    except InputError:
        return False
    return True


def _kind(message: CapMessage) -> str:
    return guarded(message.kind[:_MOST_KIND]) or ""


def _changes(message: CapMessage) -> dict[str, Any]:
    changes: dict[str, Any] = {"kind": _kind(message), "priority": message.priority}
    if message.title:
        changes["title"] = message.title[:_MOST_TEXT]
    if message.lon is not None and message.lat is not None:
        changes |= {"lon": message.lon, "lat": message.lat}
    return changes


def _referred(tx: Tx, message: CapMessage) -> tuple[IncidentCard, datetime]:
    """The incident that a message refers to, and when it was sent: never before what it refers to."""
    known = tx.cap_messages.known_as(message.references)
    if not known:
        said = (external.rpartition("~")[0] for external in message.references)
        raise NotFound("cap_reference_unknown", measured=", ".join(said)[:120])
    meant: dict[str, set[str]] = {}
    for one in known:
        meant.setdefault(one.external, set()).add(one.incident)
    shared = set.intersection(*meant.values())
    if not shared:
        named = sorted(set().union(*meant.values()), key=_number)
        raise Conflict("cap_references_differ", measured=", ".join(named)[:120])
    incident = max(shared, key=_number)  # the newest, where an alert is known in several counties
    before = (one.sent for one in known if one.incident == incident and one.message != "Alert")
    return tx.incidents.card(incident), max([message.sent, *before])


def _number(incident: str) -> int:
    return int(incident.removeprefix("i"))
