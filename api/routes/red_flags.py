"""Sites with a red flag (红牌) over HTTP: raised, cleared with a reason, raised again, listed with their age."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.http.negotiate import preferred
from api.http.openapi import responses
from api.http.schemas import Body, Latitude, Line, Longitude, Moment
from api.routes.access import Caller, allow
from api.routes.acts import settings_of, store_of
from api.routes.incident_schemas import answer_seen, stated_revision
from api.routes.incidents import Reader, ground_of
from api.routes.repeats import KEY_PARAMETER, answer_once
from api.usecases.red_flags import ToldFlag, flag_answer, flag_features, flag_list, raise_flags, with_reason
from data.store import Tx
from data.store.rooms.red_flags import FlagCard
from data.store.rooms.repeats import Answer

router = APIRouter(tags=["red flags"])
Dispatcher = Annotated[Caller, Depends(allow("dispatcher"))]
Judge = Annotated[Caller, Depends(allow("dispatcher", "reviewer"))]
GEO = "application/geo+json"
_JSON = "application/json"
MOST_AT_ONCE = 1_000
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the flag as it was seen; where it was changed since, the answer is 412",
    "schema": {"type": "string", "pattern": '^"f[0-9]{1,18}-[1-9][0-9]{0,8}"$'},
}
_KEY: dict[str, Any] = {"parameters": [KEY_PARAMETER]}
_KEY_AND_MATCH: dict[str, Any] = {"parameters": [KEY_PARAMETER, _MATCH]}
FlagId = Annotated[str, Path(max_length=40, description="Id of a red flag")]
FlagState = Annotated[Literal["open", "cleared", "all"], Query(description="Only flags of this state")]
Stated = Annotated[Moment, Field(strict=False)]


class FlagIn(Body):
    """A site that gets a red flag: at a place, or that of an incident."""

    kind: Line | None = Field(None, description="That of the incident when omitted")
    title: Line | None = Field(None, description="What has to be put right; no names, no ID or phone numbers")
    lon: Longitude | None = None
    lat: Latitude | None = None
    incident: Annotated[str, Field(max_length=40)] | None = Field(None, description="Id of the one it came from")
    raised_at: Stated | None = Field(None, description="Now when omitted")
    due_at: Stated | None = Field(None, description="By when; as the rules say when omitted")


class FlagsIn(Body):
    """Several sites at once."""

    flags: Annotated[list[FlagIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ReasonIn(Body):
    """Why."""

    reason: Annotated[str, Field(max_length=200)]


class ReopenIn(ReasonIn):
    """Why it is up again, and by when it has to be put right now."""

    due_at: Stated | None = None


class FlagOut(BaseModel):
    """A red flag."""

    id: str
    county: str
    place: str
    kind: str
    title: str
    lon: float
    lat: float
    grid: str | None = Field(description="In the plan that was in force when it was raised")
    community: str | None
    plan: str | None
    incident: str | None
    raised_at: str
    due_at: str
    cleared_at: str | None
    reason: str = Field(description="Why it was cleared, or raised again")
    revision: int
    is_open: bool
    age_days: int = Field(description="Whole days that it is up, or was")
    is_overdue: bool


class AgeOut(BaseModel):
    """Flags that are up so long at most."""

    until_days: int | None
    flags: int


class FlagsOut(BaseModel):
    """Red flags, those longest up first."""

    flags: list[FlagOut]
    open: int
    cleared: int
    overdue: int
    ages: list[AgeOut]


_BOTH: dict[int | str, dict[str, Any]] = {
    200: {"description": "Red flags", "content": {_JSON: {}, GEO: {"schema": {"type": "object"}}}}
}


@router.get("/v1/red-flags", response_model=FlagsOut, summary="Sites with a red flag", responses=_BOTH)
def list_flags(request: Request, caller: Reader, state: FlagState = "open") -> Response:
    """With how old they are.  GeoJSON where that is preferred."""
    form = preferred(request.headers.get("accept", ""), (_JSON, GEO)) or _JSON
    return _list(request, caller, state, form)


@router.get(
    "/v1/red-flags.geojson",
    response_class=Response,
    summary="Sites with a red flag as GeoJSON",
    responses={200: {"description": "GeoJSON", "content": {GEO: {"schema": {"type": "object"}}}}},
)
def list_flag_features(request: Request, caller: Reader, state: FlagState = "open") -> Response:
    """Points in longitude and latitude."""
    return _list(request, caller, state, GEO)


@router.post(
    "/v1/red-flags",
    status_code=201,
    response_model=FlagOut,
    summary="Raise a red flag",
    responses=responses(404, 409, 422),
    openapi_extra=_KEY,
)
def raise_flag(request: Request, caller: Dispatcher, body: FlagIn) -> Response:
    """Its grid is that of the plan in force, and stays when plans change."""
    ground = ground_of(request.app)

    def work(tx: Tx) -> Answer:
        (card,) = raise_flags(tx, ground, [ToldFlag(**body.model_dump())], caller.role)
        tx.audit.record("flag.raise", card.id, place=card.place, after={"kind": card.kind, "grid": card.grid})
        return _told(request, card, 201)

    return answer_once(request, caller, body, work)


@router.post(
    "/v1/red-flags/many",
    status_code=201,
    response_model=FlagsOut,
    summary="Raise many red flags",
    responses=responses(404, 409, 422),
    openapi_extra=_KEY,
)
def raise_many_flags(request: Request, caller: Dispatcher, body: FlagsIn) -> Response:
    """All of them or none; every fault of every row is told."""
    ground = ground_of(request.app)

    def work(tx: Tx) -> Answer:
        told = [ToldFlag(**one.model_dump()) for one in body.flags]
        cards = raise_flags(tx, ground, told, caller.role)
        for card in cards:
            tx.audit.record("flag.raise", card.id, place=card.place, after={"kind": card.kind, "grid": card.grid})
        listed = flag_list(tx.flags.cards(), cards, settings_of(request).now())
        return Answer(201, {"Cache-Control": "private, no-cache"}, orjson.dumps(listed))

    return answer_once(request, caller, body, work)


@router.get("/v1/red-flags/{flag}", response_model=FlagOut, summary="One red flag", responses=responses(404))
def show_flag(request: Request, caller: Reader, flag: FlagId) -> Response:
    """As it stands."""
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.flags.card(flag)
    answer = _told(request, card, 200)
    return Response(answer.body, headers=dict(answer.headers), media_type=_JSON)


@router.post(
    "/v1/red-flags/{flag}/clear",
    response_model=FlagOut,
    summary="Clear a red flag",
    responses=responses(404, 409, 412, 422),
    openapi_extra=_KEY_AND_MATCH,
)
def clear_flag(request: Request, caller: Judge, flag: FlagId, body: ReasonIn) -> Response:
    """The site was put right; the reason says how."""
    revision, reason = stated_revision(request, flag), with_reason(body.reason)
    return _changed(
        request, caller, body, "flag.clear", lambda tx: tx.flags.clear(flag, reason, caller.role, revision=revision)
    )


@router.post(
    "/v1/red-flags/{flag}/reopen",
    response_model=FlagOut,
    summary="Raise a cleared red flag again",
    responses=responses(404, 409, 412, 422),
    openapi_extra=_KEY_AND_MATCH,
)
def reopen_flag(request: Request, caller: Judge, flag: FlagId, body: ReopenIn) -> Response:
    """It was not put right after all; it is as old as it was."""
    revision, reason = stated_revision(request, flag), with_reason(body.reason)
    return _changed(
        request,
        caller,
        body,
        "flag.reopen",
        lambda tx: tx.flags.reopen(flag, reason, caller.role, due_at=body.due_at, revision=revision),
    )


def _changed(
    request: Request, caller: Caller, body: ReasonIn, action: str, change: Callable[[Tx], FlagCard]
) -> Response:
    def work(tx: Tx) -> Answer:
        card = change(tx)
        tx.audit.record(action, card.id, place=card.place, after={"reason": card.reason})
        return _told(request, card, 200)

    return answer_seen(request, caller, body, work)


def _list(request: Request, caller: Caller, state: str, form: str) -> Response:
    with store_of(request).read(caller.jurisdiction) as tx:
        cards = tx.flags.cards()
    shown = [card for card in cards if state == "all" or (card.cleared_at is None) == (state == "open")]
    listed = flag_list(cards, shown, settings_of(request).now())
    told = flag_features(listed["flags"]) if form == GEO else listed
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept, Cookie, Authorization"}
    return Response(orjson.dumps(told), headers=headers, media_type=form)


def _told(request: Request, card: FlagCard, status: int) -> Answer:
    headers = {"ETag": f'"{card.id}-{card.revision}"', "Cache-Control": "private, no-cache"}
    if status == 201:
        headers["Location"] = f"/v1/red-flags/{card.id}"
    return Answer(status, headers, orjson.dumps(flag_answer(card, settings_of(request).now())))
