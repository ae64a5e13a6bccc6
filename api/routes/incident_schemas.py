"""What incidents look like over HTTP: bodies, answers, filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from api.http.answers import problem
from api.http.schemas import Body, Latitude, Line, Longitude, Moment
from api.routes.access import Caller
from api.routes.acts import language_of
from api.routes.repeats import answer_once, etag_of, expected_revision
from api.usecases.incidents import StaleIncident
from data.store import Tx
from data.store.rooms.incident_cards import DeskEvent, IncidentCard, incident_row, said
from data.store.rooms.red_flags import StaleFlag
from data.store.rooms.repeats import Answer
from data.store.rooms.sweeps import StaleSweep
from data.store.tables.incidents import incidents
from partition.incidents.deadlines import running
from partition.incidents.flow import NEXT, OPEN

State = Literal[
    "received", "assessed", "assigned", "dispatched", "arrived", "feedback", "verified", "closed", "cancelled"
]
After = Literal["assessed", "assigned", "dispatched", "arrived", "feedback", "verified", "closed", "cancelled"]
Result = Literal["settled", "transferred", "unfounded", "not_settled"]
Source = Literal["phone", "grid", "patrol", "video", "public", "api", "cap", "import"]
Kind = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Priority = Annotated[int, Field(ge=1, le=3, description="1 urgent, 2 pressing, 3 ordinary")]
Level = Annotated[int, Field(ge=0, le=3, description="Who settles it: 0 grid, 1 community, 2 town, 3 county")]
Short = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
IncidentId = Annotated[str, Path(max_length=40, description="Id of an incident")]
Stated = Annotated[Moment, Field(strict=False)]


class IncidentIn(Body):
    """An incident that comes in; its grid is found by its place, in the plan that was in force when it was received."""

    lon: Longitude
    lat: Latitude
    kind: Kind
    priority: Priority = 3
    title: Short | None = Field(None, description="What it is, in a few words; no names, ID or phone numbers")
    address: Short | None = None
    received_at: Stated | None = Field(None, description="Now when omitted; not before 2000")
    source: Source = "phone"
    external: Line | None = Field(None, description="Its id where it came from: with the source, one incident")
    client_id: Key | None = Field(None, description="Of the sender's choice: the same one is the same incident")


class IncidentChangeIn(Body):
    """What is put right of an open incident."""

    lon: Longitude | None = None
    lat: Latitude | None = None
    kind: Kind | None = None
    priority: Priority | None = None
    title: Short | None = None
    address: Short | None = None
    level: Level | None = None


class TransitionIn(Body):
    """A step to another state."""

    to: After
    reason: Short = Field("", description="Asked for by steps back and by cancelling")
    happened_at: Stated | None = Field(None, description="By the sender's clock, for what is sent later")
    result: Result | None = Field(None, description="Asked for by closing")
    duplicate_of: Annotated[str, Field(max_length=40)] | None = Field(
        None, description="The incident that this one is the same as; with `cancelled`"
    )
    unit: Line | None = Field(None, description="Who gets it; with `assigned` or `dispatched`")
    body: Short | None = Field(None, description="A post or a department, where no unit gets it")
    client_id: Key | None = Field(None, description="Of the sender's choice: the same one is the same step")
    through: bool = Field(False, description="Make the steps between as well")


class IncidentOut(BaseModel):
    """An incident as it stands."""

    id: str
    etag: str
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
    grid: str | None = Field(description="In the plan that was in force when it was received")
    plan: str | None
    state: str
    next: list[str] = Field(description="States that may follow")
    level: int
    result: str | None
    duplicate_of: str | None
    clock: str = Field(description="What runs: `assess`, `arrive`, `handle`, or nothing")
    clock_at: str | None
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


class IncidentsOut(BaseModel):
    """Incidents, the newest first."""

    incidents: list[IncidentOut]
    count: int = Field(description="All that fit, not only this page")
    next: str | None = Field(description="What the following page asks `after`")


class HappenedOut(BaseModel):
    """One row of the history of an incident."""

    number: int
    at: datetime
    happened_at: datetime
    kind: str
    role: str
    before: str | None
    after: str | None
    reason: str
    level: int
    unit: str | None
    body: str | None


class HistoryOut(BaseModel):
    """What happened to an incident, the oldest first."""

    incident: str
    events: list[HappenedOut]


class Wanted(BaseModel):
    """Which incidents are asked for."""

    state: list[State] = []
    kind: list[Kind] = []
    priority: list[Annotated[int, Field(ge=1, le=3)]] = []
    source: list[Source] = []
    level: list[Annotated[int, Field(ge=0, le=3)]] = []
    grid: Annotated[str, Field(max_length=64)] | None = None
    community: Annotated[str, Field(max_length=24)] | None = None
    since: Moment | None = None
    until: Moment | None = None
    is_open: bool | None = None


def wanted_of(
    state: Annotated[list[State], Query(max_length=9)] = [],  # noqa: B006
    kind: Annotated[list[Kind], Query(max_length=50)] = [],  # noqa: B006
    priority: Annotated[list[Annotated[int, Field(ge=1, le=3)]], Query(max_length=3)] = [],  # noqa: B006
    source: Annotated[list[Source], Query(max_length=8)] = [],  # noqa: B006
    level: Annotated[list[Annotated[int, Field(ge=0, le=3)]], Query(max_length=4)] = [],  # noqa: B006
    grid: Annotated[str | None, Query(max_length=64, description="Code of a grid")] = None,
    community: Annotated[str | None, Query(max_length=24, description="Code of a community, or its start")] = None,
    since: Annotated[Moment | None, Query(description="Received then or later")] = None,
    until: Annotated[Moment | None, Query(description="Received before then")] = None,
    is_open: Annotated[bool | None, Query(alias="open", description="Only open ones; only ended ones")] = None,
) -> Wanted:
    """The filters of a request."""
    return Wanted.model_construct(
        state=state,
        kind=kind,
        priority=priority,
        source=source,
        level=level,
        grid=grid,
        community=community,
        since=since,
        until=until,
        is_open=is_open,
    )


def conditions_of(wanted: Wanted) -> list[Any]:
    """Filters as conditions on the table."""
    table = incidents.c
    lists = ((table.state, wanted.state), (table.kind, wanted.kind), (table.priority, wanted.priority))
    found: list[Any] = [column.in_(values) for column, values in lists if values]
    found += [column.in_(v) for column, v in ((table.source, wanted.source), (table.level, wanted.level)) if v]
    if wanted.grid:
        found.append(table.grid == wanted.grid)
    if wanted.community:
        found.append(table.community.startswith(wanted.community, autoescape=True))
    if wanted.since:
        found.append(table.received_at >= wanted.since)
    if wanted.until:
        found.append(table.received_at < wanted.until)
    if wanted.is_open is not None:
        is_in = table.state.in_(OPEN)
        found.append(is_in if wanted.is_open else ~is_in)
    return found


def incident_out(card: IncidentCard) -> dict[str, Any]:
    """An incident as it is answered."""
    now = running(card.state, card.clocks)
    row = incident_row(card)
    return {
        **row,
        "etag": etag_of_incident(card),
        "next": list(NEXT[card.state]),
        "clock": now.what,
        "clock_at": said(now.at) if now.at else None,
    }


def incident_feature(card: IncidentCard) -> dict[str, Any]:
    """An incident as GeoJSON."""
    row = incident_out(card)
    place = [row.pop("lon"), row.pop("lat")]
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": {"type": "Point", "coordinates": place},
        "properties": row,
    }


def happened_row(event: DeskEvent) -> dict[str, Any]:
    """A row of the history; accounts stand in the log alone, here is the role."""
    data = event.data
    return {
        "number": event.number,
        "at": event.at,
        "happened_at": event.happened_at,
        "kind": event.kind,
        "role": event.role,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "level": data.get("level", 0),
        "unit": data.get("unit"),
        "body": data.get("body"),
    }


def etag_of_incident(card: IncidentCard) -> str:
    """ETag of an incident."""
    return f'"{card.id}-{card.revision}"'


def stated_revision(request: Request, id: str) -> int | None:
    """The revision that ``If-Match`` names, where it is sent.

    Raises
    ------
    Refusal
        400 ``if_match_malformed``.
    """
    return expected_revision(request, id) if request.headers.get("if-match", "").strip() else None


def answer_seen(request: Request, caller: Caller, body: BaseModel | None, work: Callable[[Tx], Answer]) -> Response:
    """As `api.routes.repeats.answer_once`, for a change that may name the revision it was made for.

    Where that is no longer the newest the answer is 412, with the ETag that stands now.
    """
    try:
        return answer_once(request, caller, body, work)
    except (StaleIncident, StaleFlag, StaleSweep) as stale:
        etag = etag_of(stale.card.id, stale.card.revision)
        return problem(request.scope, 412, *stale.faults, headers={"ETag": etag}, language=language_of(request))


def answer_of(card: IncidentCard, status: int = 200) -> Answer:
    """The answer to a change of an incident."""
    headers = {"ETag": etag_of_incident(card), "Location": f"/v1/incidents/{card.id}", "Cache-Control": "no-store"}
    return Answer(status, headers, orjson.dumps(incident_out(card)))
