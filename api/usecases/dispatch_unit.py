"""Somebody is sent to an incident: every step from where it stands to dispatched in one transaction, or none at all.

Of two who send at once the second is told who was quicker.  Which step may follow is decided in
`partition.incidents.flow`, as for every other step.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.usecases.incidents import Step, check_revision, guarded, said_before, step_incident
from api.usecases.units import incident_of
from data.store import Tx
from data.store.rooms.incident_cards import IncidentCard, said
from gis.errors import Conflict, InputError
from partition.incidents.flow import HELD


@dataclass(frozen=True, slots=True)
class Order:
    """Whom to send where.

    Attributes
    ----------
    unit, body
        One of them: a unit, or else a post or a department.
    reassign
        Also where somebody has the incident already; ``reason`` says why.
    client_id
        Given by a sender that may send it again.
    """

    incident: str
    unit: str | None = None
    body: str | None = None
    reason: str = ""
    reassign: bool = False
    client_id: str | None = None


def send(tx: Tx, order: Order, role: str, *, revision: int | None = None) -> IncidentCard:
    """Send a unit, or a post or department, to an incident.

    Parameters
    ----------
    revision
        Of the incident as whoever sends has seen it; any when omitted.

    Raises
    ------
    NotFound
        ``incident_unknown``, ``unit_unknown``.
    InputError
        ``dispatch_whom``, ``incident_text_long``, ``note_looks_personal``.
    Conflict
        ``incident_not_open``; ``incident_taken``: somebody was quicker; ``dispatch_same``; ``unit_taken`` with the
        incident that it has; ``unit_off``; ``client_id_reused``; ``incident_changed``; and what a step is refused for.
    """
    body = guarded(order.body)
    named = (order.unit is not None) + (body is not None)
    if named != 1:
        raise InputError("dispatch_whom", measured=named)
    tx.stream.queue_up()  # whoever sends at the same time waits here, and then sees what was done
    before = said_before(tx, order.client_id, "dispatched", order.incident)
    if before is not None:
        return before
    card = tx.incidents.hold(order.incident)
    check_revision(card, revision)
    _check_incident(tx, card, order, body)
    if order.unit is not None:
        _check_unit(tx, order.unit)
    last = Step("dispatched", order.reason, unit=order.unit, body=body, client_id=order.client_id, through=True)
    for step in (*_back(card.state, order, body), last):
        card = step_incident(tx, card.id, step, role)
    return card


def _check_incident(tx: Tx, card: IncidentCard, order: Order, body: str | None) -> None:
    if card.state not in ("received", "assessed", *HELD):
        raise Conflict("incident_not_open", id=card.id, state=card.state)
    if card.state not in HELD:
        return
    if not order.reassign:
        now = tx.incidents.responsible(card.id)
        moment = now.made_at if now else card.changed_at
        whom, role = card.unit or card.body or "—", now.role if now else "—"
        raise Conflict("incident_taken", id=card.id, unit=whom, role=role, measured=said(moment), state=card.state)
    if (card.unit, card.body) == (order.unit, body):
        raise Conflict("dispatch_same", id=card.id, unit=card.unit or card.body or "—")


def _check_unit(tx: Tx, id: str) -> None:
    unit = tx.units.hold(id)
    if unit.status == "busy":
        raise Conflict("unit_taken", id=id, measured=incident_of(tx, id) or "—")
    if unit.status == "off":
        raise Conflict("unit_off", id=id, measured=unit.status)


def _back(state: str, order: Order, body: str | None) -> tuple[Step, ...]:
    """The steps before somebody else can be sent."""
    if state == "dispatched":
        return (Step("assigned", order.reason, unit=order.unit, body=body),)
    return (Step("assessed", order.reason),) if state in ("assigned", "arrived") else ()
