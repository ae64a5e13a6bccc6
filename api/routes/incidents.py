"""Incidents over HTTP: received, corrected, brought from state to state, listed; each with its history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from api.http.negotiate import preferred
from api.http.openapi import responses
from api.routes.access import Caller, allow
from api.routes.acts import settings_of, store_of
from api.routes.incident_schemas import (
    HistoryOut,
    IncidentChangeIn,
    IncidentId,
    IncidentIn,
    IncidentOut,
    IncidentsOut,
    TransitionIn,
    Wanted,
    answer_of,
    answer_seen,
    conditions_of,
    etag_of_incident,
    happened_row,
    incident_feature,
    incident_out,
    stated_revision,
    wanted_of,
)
from api.routes.repeats import KEY_PARAMETER, answer_once, is_known
from api.usecases.incident_ground import IncidentGround
from api.usecases.incidents import Step, Told, change_incident, receive, step_incident
from data.store import Tx
from data.store.rooms.repeats import Answer
from gis.errors import InputError, NotFound

router = APIRouter(tags=["incidents"])
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "dispatcher", "patrol", "auditor"))]
Dispatcher = Annotated[Caller, Depends(allow("dispatcher"))]
Reporter = Annotated[Caller, Depends(allow("dispatcher", "patrol"))]
Handler = Annotated[Caller, Depends(allow("dispatcher", "patrol", "reviewer"))]
GEO = "application/geo+json"
_JSON = "application/json"
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the incident as it was seen; where it was changed since, the answer is 412",
    "schema": {"type": "string", "pattern": '^"[^"]+-[1-9][0-9]{0,8}"$'},
}
_KEY: dict[str, Any] = {"parameters": [KEY_PARAMETER]}
_KEY_AND_MATCH: dict[str, Any] = {"parameters": [KEY_PARAMETER, _MATCH]}
_BOTH: dict[int | str, dict[str, Any]] = {
    200: {"description": "Incidents", "content": {_JSON: {}, GEO: {"schema": {"type": "object"}}}}
}
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The reader has this version"}}
_SAME: dict[int | str, dict[str, Any]] = {200: {"model": IncidentOut, "description": "It was sent before"}}
After = Annotated[str | None, Query(max_length=40, description="Id of the last incident of the page before")]
Limit = Annotated[int, Query(ge=1, le=10_000)]


def ground_of(app: FastAPI) -> IncidentGround:
    """What finds the grids of incidents; the first who asks makes it."""
    found: IncidentGround | None = getattr(app.state, "incident_ground", None)
    if found is None:
        found = app.state.incident_ground = IncidentGround(app.state.store)
    return found


@router.post(
    "/v1/incidents",
    status_code=201,
    response_model=IncidentOut,
    summary="Take an incident in",
    responses=responses(409, 422) | _SAME,
    openapi_extra=_KEY,
)
def add_incident(request: Request, caller: Reporter, body: IncidentIn) -> Response:
    """Its grid, community and deadlines are found and kept; sent again, it is answered and not taken twice."""
    ground = ground_of(request.app)
    told = Told(**body.model_dump())

    def add(tx: Tx) -> Answer:
        card, is_new = receive(tx, ground, told, caller.role)
        if is_new:
            tx.audit.record("incident.receive", card.id, place=card.place, after={"kind": card.kind, "grid": card.grid})
        return answer_of(card, 201 if is_new else 200)

    # The land is read before the transaction begins, not with its locks held.
    return answer_once(
        request, caller, body, add, prepare=lambda: ground.find_many([told.lon], [told.lat], [_now(request)])
    )


def _now(request: Request) -> datetime:
    return settings_of(request).now()


@router.get(
    "/v1/incidents",
    response_model=IncidentsOut,
    summary="Incidents, the newest first",
    responses=responses(404) | _BOTH,
)
def list_incidents(
    request: Request,
    caller: Reader,
    wanted: Annotated[Wanted, Depends(wanted_of)],
    after: After = None,
    limit: Limit = 100,
) -> Response:
    """A page of those that fit, and how many there are in all.  GeoJSON where that is preferred."""
    form = preferred(request.headers.get("accept", ""), (_JSON, GEO)) or _JSON
    return _page(request, caller, wanted, after, limit, form)


@router.get(
    "/v1/incidents.geojson",
    response_class=Response,
    summary="Incidents as GeoJSON",
    responses=responses(404) | {200: {"description": "GeoJSON", "content": {GEO: {"schema": {"type": "object"}}}}},
)
def list_incident_features(
    request: Request,
    caller: Reader,
    wanted: Annotated[Wanted, Depends(wanted_of)],
    after: After = None,
    limit: Limit = 10_000,
) -> Response:
    """Points in longitude and latitude, the newest first; `next` says where the following page begins."""
    return _page(request, caller, wanted, after, limit, GEO)


def _page(request: Request, caller: Caller, wanted: Wanted, after: str | None, limit: int, form: str) -> Response:
    conditions = conditions_of(wanted)
    with store_of(request).read(caller.jurisdiction) as tx:
        cards = tx.incidents.cards(*conditions, after=_number(after), limit=limit + 1, newest_first=True)
        count = tx.incidents.count(*conditions)
    following = cards[limit - 1].id if len(cards) > limit else None
    page = cards[:limit]
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept, Cookie, Authorization"}
    if form == GEO:
        told: dict[str, Any] = {
            "type": "FeatureCollection",
            "features": [incident_feature(card) for card in page],
            "numberMatched": count,
            "next": following,
        }
    else:
        told = {"incidents": [incident_out(card) for card in page], "count": count, "next": following}
    return Response(orjson.dumps(told), headers=headers, media_type=form)


def _number(after: str | None) -> int:
    if after is None:
        return 0
    digits = after.removeprefix("i")
    if not (after.startswith("i") and digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise NotFound("incident_unknown", id=after)
    return int(digits)


@router.get(
    "/v1/incidents/{id}",
    response_model=IncidentOut,
    summary="One incident",
    responses=responses(404) | _NOT_MODIFIED,
)
def show_incident(request: Request, caller: Reader, id: IncidentId) -> Response:
    """As it stands, with what runs and what may follow."""
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.incidents.card(id)
    etag = etag_of_incident(card)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(orjson.dumps(incident_out(card)), headers=headers, media_type=_JSON)


@router.get(
    "/v1/incidents/{id}/history",
    response_model=HistoryOut,
    summary="What happened to an incident",
    responses=responses(404),
)
def show_history(request: Request, caller: Reader, id: IncidentId) -> Response:
    """Every step with its role and both its times: when it happened, and when the service was told."""
    with store_of(request).read(caller.jurisdiction) as tx:
        events = tx.incidents.history(id)
    told = {"incident": id, "events": [happened_row(event) for event in events]}
    return Response(orjson.dumps(told), headers={"Cache-Control": "private, no-cache"}, media_type=_JSON)


@router.patch(
    "/v1/incidents/{id}",
    response_model=IncidentOut,
    summary="Put an incident right",
    responses=responses(404, 409, 412, 422),
    openapi_extra=_KEY_AND_MATCH,
)
def put_right(request: Request, caller: Dispatcher, id: IncidentId, body: IncidentChangeIn) -> Response:
    """Its deadlines follow kind and priority, its grid follows its place."""
    ground, revision = ground_of(request.app), stated_revision(request, id)
    changes = body.model_dump(exclude_unset=True)
    if not changes or any(changes[name] is None for name in changes if name not in ("title", "address")):
        raise InputError("incident_change_empty")

    def change(tx: Tx) -> Answer:
        card = change_incident(tx, ground, id, caller.role, changes, revision=revision)
        tx.audit.record(
            "incident.change", id, place=card.place, after={name: changes[name] for name in sorted(changes)}
        )
        return answer_of(card)

    return answer_seen(request, caller, body, change)


@router.post(
    "/v1/incidents/{id}/transitions",
    response_model=IncidentOut,
    summary="Bring an incident into another state",
    responses=responses(404, 409, 412, 422),
    openapi_extra=_KEY_AND_MATCH,
)
def make_step(request: Request, caller: Handler, id: IncidentId, body: TransitionIn) -> Response:
    """A step that may not follow is refused, and those that may are named."""
    revision = stated_revision(request, id)
    step = Step(**body.model_dump())

    def make(tx: Tx) -> Answer:
        card = step_incident(tx, id, step, caller.role, revision=revision)
        tx.audit.record("incident.step", id, place=card.place, after={"state": card.state, "unit": card.unit})
        return answer_of(card)

    return answer_seen(request, caller, body, make)
