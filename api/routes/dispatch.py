"""Dispatch over HTTP: whom to send to an incident and why, sending in one go, and what lies around a place."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from api.http.openapi import responses
from api.http.schemas import Body, Latitude, Longitude
from api.i18n import sentence
from api.routes.access import Caller, allow
from api.routes.acts import language_of, settings_of, store_of
from api.routes.incident_schemas import IncidentId, IncidentOut, Key, Short, answer_of, answer_seen, stated_revision
from api.routes.incidents import ground_of
from api.routes.repeats import KEY_PARAMETER
from api.routes.turns import Turns
from api.routes.units import Code
from api.usecases.dispatch_unit import Order, send
from api.usecases.incidents import rules_for
from data.store import Tx
from data.store.rooms.incident_cards import IncidentCard, said
from data.store.rooms.repeats import Answer
from data.store.tables.incidents import incidents

if TYPE_CHECKING:
    from api.usecases.dispatch_ground import DispatchGround
    from api.usecases.suggest_units import Candidate, Suggested
    from api.usecases.surroundings import Surroundings

router = APIRouter(tags=["dispatch"])
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "dispatcher", "patrol", "auditor"))]
Dispatcher = Annotated[Caller, Depends(allow("dispatcher"))]
_JSON = "application/json"
_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie, Authorization"}
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the incident as it was seen; where it was changed since, the answer is 412",
    "schema": {"type": "string", "pattern": '^"[^"]+-[1-9][0-9]{0,8}"$'},
}
_KEY_AND_MATCH: dict[str, Any] = {"parameters": [KEY_PARAMETER, _MATCH]}
_SOON_S = 1.0
Wait = Annotated[float, Query(ge=0, le=60, description="Seconds to wait for streets that are being laid")]


class OrderIn(Body):
    """Whom to send to an incident: a unit, or else a post or a department."""

    incident: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    unit: Code | None = None
    body: Short | None = Field(None, description="Post or department, where no unit is sent; never a person")
    reassign: bool = Field(False, description="Also where somebody has it already; the reason says why")
    reason: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    client_id: Key | None = Field(None, description="Of the sender's choice: the same one is the same order")


class RotationOut(BaseModel):
    """Why a unit stands behind others that are hardly later."""

    rest_s: float = Field(description="Its last incident was over too short a time ago")
    taken_s: float = Field(description="It had more incidents than others")
    seconds: float = Field(description="Both, as they count for the order; the arrival stays as it is")


class CandidateOut(BaseModel):
    """A unit as it was considered."""

    unit: str
    name: str
    kind: str
    mode: Literal["foot", "ebike", "car"]
    status: Literal["available", "busy", "resting", "off"]
    lon: float | None
    lat: float | None
    position_at: datetime | None
    age_s: float | None
    seconds: float | None = Field(description="Until it is there; of one that is farther at least so much")
    minutes: float | None
    length_m: float
    reason: str = Field(description="Code of why it is, or is not, among the suggestions")
    text: str = Field(description="The same as a sentence")
    is_route: bool = Field(description="By street; else as the crow flies, which is no route")
    geometry: dict[str, Any] | None = Field(description="GeoJSON line from the unit to the incident; of suggestions")
    rotation: RotationOut
    n_taken: int


class SuggestedOut(BaseModel):
    """Whom to send; a person decides."""

    incident: str
    etag: str
    now: datetime
    plan: str | None
    streets: Literal["ready", "not_ready", "none"] = Field(
        description="`not_ready`: still being laid, ask again; `none`: no plan with streets is in force; then times "
        "are as the crow flies"
    )
    ring: dict[str, Any] = Field(description="How soon posts are there, as in the surroundings")
    suggestions: list[CandidateOut] = Field(description="The soonest first, those that have to rest behind")
    passed_over: list[CandidateOut] = Field(description="All other units, each with its reason")


class SurroundingsOut(BaseModel):
    """What lies around a place; every part has a `state`: `ready`, `not_ready` (ask again) or `none`."""

    lon: float
    lat: float
    community: str | None
    grid: str | None
    plan: dict[str, Any] | None = Field(description="In force there now")
    street: dict[str, Any]
    cameras: dict[str, Any]
    ring: dict[str, Any]
    places: dict[str, Any]


def dispatch_ground_of(app: FastAPI) -> DispatchGround:
    """What is known of plans for dispatch; the first who asks makes it."""
    found: DispatchGround | None = getattr(app.state, "dispatch_ground", None)
    if found is None:
        from api.routes.coverage_asked import coverage_desk_of
        from api.usecases.dispatch_ground import DispatchGround  # the service starts without it

        found = app.state.dispatch_ground = DispatchGround(coverage_desk_of(app))
    return found


def surroundings_of(app: FastAPI) -> Surroundings:
    """What lies around places; the first who asks makes it."""
    found: Surroundings | None = getattr(app.state, "surroundings", None)
    if found is None:
        from api.routes.patrol_asked import desk_of
        from api.usecases.surroundings import Surroundings

        found = app.state.surroundings = Surroundings(dispatch_ground_of(app), desk_of(app))
    return found


async def _in_turn[T](request: Request, work: Callable[[], T]) -> T:
    state = request.app.state
    turns: Turns | None = getattr(state, "dispatch_turns", None)
    if turns is None:
        turns = state.dispatch_turns = Turns("dispatch", "dispatch_desk_busy")
    return await turns.take(work)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Let the threads go when the service ends."""
    yield
    for name in ("dispatch_turns", "dispatch_ground"):
        found = getattr(app.state, name, None)
        if found is not None:
            found.end()
            setattr(app.state, name, None)
    app.state.surroundings = None


@router.get(
    "/v1/dispatch",
    response_model=SuggestedOut,
    summary="Whom to send to an incident",
    responses=responses(404),
)
async def suggest(
    request: Request,
    caller: Reader,
    incident: Annotated[str, Query(min_length=1, max_length=40, description="Id of the incident")],
    k: Annotated[int, Query(ge=1, le=50, description="So many are wanted")] = 3,
    beyond: Annotated[bool, Query(description="Also units that serve another place")] = False,
    wait_s: Wait = 5.0,
) -> Response:
    """The available units that are soonest there, each by its own streets, and for every other why it is not one.

    Units that came back just now, or had more incidents than others, go behind those that are at most a minute later.
    """

    def work() -> bytes:
        from api.usecases.suggest_units import Call, suggest_units
        from api.usecases.surroundings import Spot

        now, land = settings_of(request).now(), dispatch_ground_of(request.app)
        with store_of(request).read(caller.jurisdiction) as tx:
            card = tx.incidents.card(incident)
            units = tx.units.cards()
            rules = rules_for(tx, card.county)
            busy = {one.unit: one.id for one in tx.incidents.cards(incidents.c.unit.is_not(None)) if one.unit}
        plan = land.plan_at(card.community or "", card.county, now)
        found = suggest_units(land, plan, Call(card, units, rules, now, busy, k, beyond, wait_s))
        spot = Spot(card.lon, card.lat, card.community or "", card.county)
        ring = surroundings_of(request.app).ring(plan, spot)
        told = _suggested_out(found, card, now, language_of(request))
        told |= {"plan": plan.id if plan else None, "ring": ring}
        return orjson.dumps(told)

    return Response(await _in_turn(request, work), headers=_HEADERS, media_type=_JSON)


@router.post(
    "/v1/dispatch",
    response_model=IncidentOut,
    summary="Send somebody to an incident",
    responses=responses(404, 409, 412, 422),
    openapi_extra=_KEY_AND_MATCH,
)
def order(request: Request, caller: Dispatcher, body: OrderIn) -> Response:
    """Through every step to dispatched at once.  Of two who send at the same time one is told who was quicker."""
    revision = stated_revision(request, body.incident)
    wanted = Order(**body.model_dump())

    def work(tx: Tx) -> Answer:
        card = send(tx, wanted, caller.role, revision=revision)
        tx.audit.record("incident.dispatch", card.id, place=card.place, after={"unit": card.unit, "body": card.body})
        return answer_of(card)

    return answer_seen(request, caller, body, work)


@router.get(
    "/v1/incidents/{id}/surroundings",
    response_model=SurroundingsOut,
    summary="What lies around an incident",
    responses=responses(404),
)
async def show_surroundings(request: Request, caller: Reader, id: IncidentId, wait_s: Wait = 0.0) -> Response:
    """Its street and who patrols it, cameras that see it, how soon posts are there, estate and key places."""

    def work() -> bytes:
        with store_of(request).read(caller.jurisdiction) as tx:
            card = tx.incidents.card(id)
        return _around(request, caller, card.lon, card.lat, (card.county, card.community or "", card.grid), wait_s)

    return Response(await _in_turn(request, work), headers=_HEADERS, media_type=_JSON)


@router.get(
    "/v1/surroundings",
    response_model=SurroundingsOut,
    summary="What lies around a place",
    responses=responses(404),
)
async def show_surroundings_of_place(
    request: Request,
    caller: Reader,
    lon: Annotated[Longitude, Query()],
    lat: Annotated[Latitude, Query()],
    wait_s: Wait = 0.0,
) -> Response:
    """The same for a place where nothing is yet; streets are made ready meanwhile, for whoever is sent."""

    def work() -> bytes:
        now = settings_of(request).now()
        found = ground_of(request.app).find(lon, lat, now, caller.jurisdiction)
        return _around(request, caller, lon, lat, (found.county, found.community, found.grid), wait_s)

    return Response(await _in_turn(request, work), headers=_HEADERS, media_type=_JSON)


def _around(
    request: Request, caller: Caller, lon: float, lat: float, where: tuple[str, str, str | None], wait_s: float
) -> bytes:
    from api.usecases.surroundings import Spot

    county, community, grid = where
    now = settings_of(request).now()
    told = surroundings_of(request.app).at(Spot(lon, lat, community, county), now, caller.jurisdiction, wait_s)
    return orjson.dumps({"lon": lon, "lat": lat, "community": community or None, "grid": grid, **told})


def _suggested_out(found: Suggested, card: IncidentCard, now: datetime, language: str) -> dict[str, Any]:
    lines, say = _lines(found), _Says(language)
    return {
        "incident": card.id,
        "etag": f'"{card.id}-{card.revision}"',
        "now": said(now),
        "streets": found.streets,
        "suggestions": [
            _candidate_out(one, now, say) | {"geometry": line or _straight(one, card)}
            for one, line in zip(found.suggestions, lines, strict=True)
        ],
        "passed_over": [_candidate_out(one, now, say) for one in found.passed_over],
    }


class _Says:
    """Sentences of reasons in one language; of a thousand units many have the same."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._said: dict[tuple[Any, ...], str] = {}

    def __call__(self, one: Candidate) -> str:
        key = (one.reason, *one.facts.items())
        found = self._said.get(key)
        if found is None:
            found = self._said[key] = sentence(f"dispatch_reason_{one.reason}", one.facts, self._language)
        return found


def _candidate_out(one: Candidate, now: datetime, say: _Says) -> dict[str, Any]:
    from api.usecases.units import age_of

    unit, seconds = one.unit, one.seconds
    comes = math.isfinite(seconds)
    return {
        "unit": unit.id,
        "name": unit.name,
        "kind": unit.kind,
        "mode": unit.mode,
        "status": unit.status,
        "lon": unit.lon,
        "lat": unit.lat,
        "position_at": said(unit.position_at) if unit.position_at else None,
        "age_s": age_of(unit, now),
        "seconds": round(seconds, 1) if comes else None,
        "minutes": round(seconds / 60, 1) if comes else None,
        "length_m": round(one.length_m, 1),
        "reason": one.reason,
        "text": say(one),
        "is_route": one.line is not None or one.reason == "chosen",
        "geometry": None,
        "rotation": {
            "rest_s": one.rotation.rest_s,
            "taken_s": one.rotation.taken_s,
            "seconds": one.rotation.seconds,
        },
        "n_taken": unit.n_taken,
    }


def _lines(found: Suggested) -> list[Any]:
    """The ways of the suggestions as GeoJSON, where they are ways."""
    import numpy as np

    from api.feature_pages import geometry_of

    if found.ground is None:
        return [None] * len(found.suggestions)
    lines = np.array([*(one.line for one in found.suggestions), None], dtype=object)[:-1]
    return geometry_of(lines, found.ground.ground.territory.crs)


def _straight(one: Candidate, card: IncidentCard) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [[one.unit.lon, one.unit.lat], [card.lon, card.lat]]}
