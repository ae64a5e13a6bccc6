"""What a link shows of a plan to somebody without an account: the desk to look at, and what it asks for.

Nothing here changes anything, and nothing but that one plan, the outline of changes against the plan it was made
from, and its notes is told; accounts are never named.  A link that has ended says so, and nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import Field

from api.accounts.rates import address_of
from api.http.negotiate import preferred
from api.http.openapi import responses
from api.pages.csp import OWN_FILES, policy_of_page
from api.pages.plan import plan_page
from api.pages.shared import ended_page
from api.problems import Refusal
from api.routes.access import Caller, allow_anyone, guard_of
from api.routes.acts import language_of, settings_of, store_of
from api.routes.plan_answers import answer, plan_out, respond
from api.routes.plan_edits import features_of
from api.routes.plan_ground import PACKED, SheetOut, backdrop_of, ground_of, sheet_of
from api.routes.plan_notes import GEO, NotesOut, NoteState, notes_answer, rows_of
from api.routes.plan_schemas import NOT_MODIFIED, PlanOut
from api.routes.plans import desk_of, settle
from api.routes.repeats import etag_of, is_known
from api.usecases.plan_shares import Opened, note_use, open_share
from data.store.rooms.plan_card import PlanCard
from gis.errors import NotFound

router = APIRouter(tags=["shares"])
Token = Annotated[str, Path(max_length=200, description="What the link ends in")]
Anyone = Annotated[Caller, Depends(allow_anyone())]
_ENDED = responses(404, 410)
_GONE: dict[int | str, dict[str, Any]] = {
    status: {**told, "content": {**told["content"], "text/html": {"schema": {"type": "string"}}}}
    for status, told in _ENDED.items()
}
_SECRET = {"X-Robots-Tag": "noindex, nofollow"}
_PACKED_BODY: dict[int | str, dict[str, Any]] = {
    200: {"description": "As of the plan", "content": {PACKED: {"schema": {"type": "string", "format": "binary"}}}}
}


class SharedPlanOut(PlanOut):
    """A plan as a link shows it: no account is named, and no step can be taken."""

    shared_until: datetime
    parent_name: str | None = Field(description="Of the plan it can be held against; null for none")


@router.get(
    "/shared/{token}",
    summary="The page of a link to a plan",
    response_class=HTMLResponse,
    responses=_GONE,
)
def show_shared(
    request: Request,
    _: Anyone,
    token: Token,
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language the page opens in")] = None,
) -> Response:
    """The planner's desk to look at; a plain page where the link has ended."""
    headers = {**_SECRET, "Vary": "Accept-Language", "Cache-Control": "private, no-store"}
    try:
        opened = _opened(request, token)
    except (NotFound, Refusal) as refused:
        if getattr(refused, "status", 404) not in (404, 410):
            raise
        page = ended_page(refused.code.removeprefix("share_"), language_of(request))
        headers["Content-Security-Policy"] = policy_of_page(page)
        return HTMLResponse(page, getattr(refused, "status", 404), headers=headers)
    note_use(store_of(request), opened.share, settings_of(request).now(), opened=True)
    return HTMLResponse(plan_page(language_of(request)), headers={**headers, "Content-Security-Policy": OWN_FILES})


@router.get(
    "/v1/shared/{token}",
    response_model=SharedPlanOut,
    summary="A plan by a link",
    responses=_ENDED | NOT_MODIFIED,
)
def show_shared_plan(request: Request, _: Anyone, token: Token) -> Response:
    """As it is now; without the names of accounts."""
    settle(request)
    opened = _reading(request, token)
    card = opened.card
    etag = etag_of(card.id, card.revision)
    if is_known(request, etag):
        return Response(status_code=304, headers=_headers({"ETag": etag, "Cache-Control": "private, no-cache"}))
    parent = _parent_of(request, opened)
    body = SharedPlanOut(
        **_nameless(card, parent).model_dump(),
        shared_until=opened.share.expires_at,
        parent_name=None if parent is None else parent.name,
    )
    return _secret(respond(answer(200, card, body)))


@router.get(
    "/v1/shared/{token}/ground",
    summary="The ground of a plan by a link",
    response_class=Response,
    responses=_ENDED | responses(409) | NOT_MODIFIED | _PACKED_BODY,
)
def show_shared_ground(request: Request, _: Anyone, token: Token) -> Response:
    """As `/v1/plans/{plan}/ground`."""
    card = _reading(request, token).card
    return _secret(ground_of(request, card.place, card.id))


@router.get(
    "/v1/shared/{token}/sheet",
    response_model=SheetOut,
    summary="A plan on its ground by a link",
    responses=_ENDED | responses(409) | NOT_MODIFIED,
)
def show_shared_sheet(request: Request, _: Anyone, token: Token) -> Response:
    """As `/v1/plans/{plan}/sheet`, without the names of accounts."""
    opened = _reading(request, token)
    found = sheet_of(request, opened.card.place, opened.card.id)
    if found.status_code != 200:
        return _secret(found)
    told = orjson.loads(bytes(found.body))
    told["plan"] = _nameless(opened.card, _parent_of(request, opened)).model_dump(mode="json")
    kept = {
        name: value for name, value in found.headers.items() if name.lower() not in ("content-length", "content-type")
    }
    return _secret(Response(orjson.dumps(told), headers=kept, media_type="application/json"))


@router.get(
    "/v1/shared/{token}/backdrop/{layer}",
    summary="Buildings or streets under a plan by a link",
    response_class=Response,
    responses=_ENDED | responses(409) | NOT_MODIFIED | _PACKED_BODY,
)
def show_shared_backdrop(
    request: Request,
    _: Anyone,
    token: Token,
    layer: Literal["buildings", "streets"],
    bbox: Annotated[
        str | None, Query(max_length=200, description="west,south,east,north in degrees; everything when omitted")
    ] = None,
) -> Response:
    """As `/v1/plans/{plan}/backdrop/{layer}`."""
    card = _reading(request, token).card
    return _secret(backdrop_of(request, card.place, card.id, layer, bbox))


@router.get(
    "/v1/shared/{token}/grids",
    summary="The grids of a plan by a link",
    response_class=Response,
    responses=_ENDED
    | NOT_MODIFIED
    | {200: {"description": "GeoJSON", "content": {GEO: {"schema": {"type": "object"}}}}},
)
def show_shared_grids(
    request: Request,
    _: Anyone,
    token: Token,
    community: Annotated[str | None, Query(max_length=40, description="Only grids of this community")] = None,
) -> Response:
    """GeoJSON in longitude and latitude."""
    card = _reading(request, token).card
    return _secret(features_of(request, card.place, card.id, community, "grids"))


@router.get(
    "/v1/shared/{token}/notes",
    response_model=NotesOut,
    summary="Notes on a plan by a link",
    responses=_ENDED
    | NOT_MODIFIED
    | {200: {"description": "Notes", "content": {"application/json": {}, GEO: {"schema": {"type": "object"}}}}},
)
def show_shared_notes(
    request: Request,
    _: Anyone,
    token: Token,
    state: Annotated[NoteState | None, Query(description="Only notes of this state")] = None,
) -> Response:
    """Roles say who wrote; accounts are not named."""
    card = _reading(request, token).card
    form = preferred(request.headers.get("accept", ""), ("application/json", GEO)) or "application/json"
    return _secret(notes_answer(request, card.place, card.id, state, form, None))


@router.get(
    "/v1/shared/{token}/compare",
    summary="A plan by a link beside the one it was made from",
    response_class=JSONResponse,
    responses=_ENDED | responses(409),
)
def show_shared_comparison(
    request: Request,
    _: Anyone,
    token: Token,
    other: Annotated[
        str | None, Query(alias="with", max_length=40, description="The plan it was made from; no other is told")
    ] = None,
    detail: Annotated[bool, Query(description="With the change list and the ground that changed hands")] = False,
) -> Response:
    """As `/v1/plans/{plan}/compare`, with the plan it was made from only."""
    from api.usecases.plan_life import compare_stored
    from api.usecases.plan_notes import notes_of

    opened = _reading(request, token)
    card, parent = opened.card, _parent_of(request, opened)
    if parent is None or other not in (None, parent.id):
        raise NotFound("plan_unknown", id=other or "")
    store, desk = store_of(request), desk_of(request)
    if detail:
        from api.usecases.scenarios import compare_in_detail, load_two

        told = dict(compare_in_detail(load_two(store, desk, parent.id, card.id, card.place)))
    else:
        told = dict(compare_stored(store, desk, (parent.id, card.id), card.place))
    with store.read(card.place) as tx:
        told["notes"] = rows_of(notes_of(tx, card.id), card.id, None)
    return _secret(Response(orjson.dumps(told, option=orjson.OPT_UTC_Z), media_type="application/json"))


def _opened(request: Request, token: str) -> Opened:
    """A link that opens something.

    Raises
    ------
    NotFound
        ``share_unknown``.
    Refusal
        410 ``share_expired``, ``share_revoked``; 429 ``rate_exceeded``, also for many wrong tokens.
    """
    rates, host = guard_of(request).rates, address_of(request.client.host if request.client else None)
    rates.check("wrong_key", host)
    try:
        opened = open_share(store_of(request), token)
    except NotFound:
        rates.take("wrong_key", host)
        raise
    state = opened.share.state(settings_of(request).now())
    if state == "expired":
        raise Refusal(410, "share_expired", headers=_SECRET)
    if state == "revoked":
        raise Refusal(410, "share_revoked", headers=_SECRET)
    rates.take("share", opened.share.id)
    return opened


def _reading(request: Request, token: str) -> Opened:
    opened = _opened(request, token)
    note_use(store_of(request), opened.share, settings_of(request).now(), opened=False)
    return opened


def _parent_of(request: Request, opened: Opened) -> PlanCard | None:
    """The plan it was made from, where it lies in the same place."""
    if opened.card.parent is None:
        return None
    try:
        with store_of(request).read(opened.card.place) as tx:
            return tx.plans.card(opened.card.parent)
    except NotFound:
        return None


def _nameless(card: PlanCard, parent: PlanCard | None) -> PlanOut:
    """A plan without accounts, jobs, and steps to take."""
    hidden: dict[str, Any] = {"created_by": "", "changed_by": "", "submitted_by": None, "approved_by": None}
    hidden |= {"job": None, "next_states": [], "parent": None if parent is None else parent.id}
    return plan_out(card).model_copy(update=hidden)


def _headers(headers: dict[str, str]) -> dict[str, str]:
    return {**headers, **_SECRET}


def _secret(response: Response) -> Response:
    """The answer, for nobody's index and nobody's cache but the reader's own."""
    for name, value in _SECRET.items():
        response.headers[name] = value
    return response
