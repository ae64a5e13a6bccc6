"""An incident, its history and what it is made from: cards without SQL, for whoever keeps, sends or shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from partition.incidents.deadlines import Clocks


@dataclass(frozen=True, slots=True)
class Ground:
    """Where an incident lies, found once when it is received.

    Attributes
    ----------
    county
        Of the territory.
    community
        Code.
    grid, plan
        Code and id of the plan that was in force there at the time; none where none was.
    """

    county: str
    community: str
    grid: str | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class NewIncident:
    """What is told of an incident that comes in.

    Attributes
    ----------
    source
        One of `partition.incidents.flow.SOURCES`.
    external
        Its id where it came from: the same source and id are one incident.
    title
        What it is, in a few words; never who.
    """

    kind: str
    priority: int
    lon: float
    lat: float
    received_at: datetime
    ground: Ground
    due: Clocks
    escalate_at: datetime | None
    title: str | None = None
    address: str | None = None
    source: str = "phone"
    external: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentCard:
    """An incident as it stands (columns of `data.store.tables.incidents.incidents`).

    Attributes
    ----------
    id
        ``i`` and its number.
    level
        Who has to settle it: 0 grid, 1 community, 2 town, 3 county.
    unit, body
        Who is responsible now: a unit, or else a post or a department.
    revision
        Grows with every change; ``ID-REVISION`` is its ETag.
    event
        Number of its newest event.
    """

    id: str
    county: str
    place: str
    source: str
    external: str | None
    kind: str
    priority: int
    title: str | None
    address: str | None
    lon: float
    lat: float
    community: str | None
    grid: str | None
    plan: str | None
    state: str
    level: int
    result: str | None
    duplicate_of: str | None
    received_at: datetime
    recorded_at: datetime
    assess_due_at: datetime
    arrive_due_at: datetime
    due_at: datetime
    escalate_at: datetime | None
    assessed_at: datetime | None
    assigned_at: datetime | None
    dispatched_at: datetime | None
    arrived_at: datetime | None
    feedback_at: datetime | None
    verified_at: datetime | None
    closed_at: datetime | None
    cancelled_at: datetime | None
    handled_at: datetime | None
    changed_at: datetime
    revision: int
    event: int
    unit: str | None
    body: str | None

    @property
    def clocks(self) -> Clocks:
        """When it is due."""
        return Clocks(self.assess_due_at, self.arrive_due_at, self.due_at)


LEFT = "left"
"""In the data of an event: the place that its subject was in before, where it has another one now.  Never sent."""


@dataclass(frozen=True, slots=True)
class DeskEvent:
    """One row of what happened; ``data`` holds the card of the incident, unit or flag afterwards, as plain data.

    Of what was moved, ``data`` also names the place that it left (`LEFT`).
    """

    number: int
    at: datetime
    happened_at: datetime
    kind: str
    subject: str
    place: str
    who: str
    role: str
    before: str | None
    after: str | None
    reason: str
    data: Mapping[str, Any]


def incident_row(card: IncidentCard) -> dict[str, Any]:
    """A card as plain data: what listeners are sent and what is answered; moments as RFC 3339 in UTC."""
    row = {f.name: getattr(card, f.name) for f in fields(card)}
    return {name: said(value) if isinstance(value, datetime) else value for name, value in row.items()}


def said(moment: datetime) -> str:
    """A moment as it is sent: UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
