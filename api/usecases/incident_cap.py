"""CAP messages become incidents, change them or cancel them; only what is actual does.

The identifier of an alert, with a mark of its sender, is the incident's id where it came from, so that the same message
again is the same incident; an update or a cancellation finds it by the messages it refers to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.usecases.incident_ground import IncidentGround
from api.usecases.incidents import Step, Told, change_incident, guarded, receive, step_incident
from data.files.cap import CapMessage
from data.store import Tx
from data.store.rooms.incident_cards import IncidentCard
from gis.errors import Fault, InputError, NotFound

SOURCE = "cap"
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
        Why nothing was kept.
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
    """Act on a message.

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
        ``incident_step_illegal``: what has begun is not cancelled.
    """
    remark = not_an_incident(message)
    if remark is not None:
        return Heard(remark=remark)
    if message.message == "Alert":
        return _receive(tx, ground, message, role)
    card = _referred(tx, message)
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


def _referred(tx: Tx, message: CapMessage) -> IncidentCard:
    for external in message.references:
        found = tx.incident_import.of_external(SOURCE, external)
        if found is not None:
            return tx.incidents.card(found)
    said = (external.rpartition("~")[0] for external in message.references)
    raise NotFound("cap_reference_unknown", measured=", ".join(said)[:120])
