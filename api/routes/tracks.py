"""Tracks over HTTP: a recorded file is judged and what was found is kept; the list of those; one of them."""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.routing import APIRoute

from api.http.guard import TABLE
from api.http.openapi import responses
from api.http.schemas import Day
from api.problems import Refusal
from api.routes.access import Caller
from api.routes.acts import act_of, language_of, store_of
from api.routes.patrol_asked import READS, WALKS, Question, desk_of, in_turn, states_for

_GPX = ("application/gpx+xml", "application/xml", "text/xml", "application/octet-stream")
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A GPX file as the receiver recorded it; names in it are passed over and kept nowhere",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _GPX},
    }
}
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Cookie, Authorization"}


class _Upload(APIRoute):
    """Files are read piece by piece (see `api.http.guard`)."""

    tables = frozenset(_GPX)


router = APIRouter(tags=["tracks"])
_upload = APIRouter(tags=["tracks"], route_class=_Upload)


@_upload.post(
    "/v1/tracks",
    summary="Judge a recorded track",
    status_code=201,
    responses={**responses(404, 422), 200: {"description": "The same file was sent before: the track that is there"}},
    openapi_extra=_BODY,
)
async def add_track(
    request: Request,
    caller: Annotated[Caller, Depends(WALKS)],
    asked: Question,
    patroller: Annotated[int, Query(ge=0, le=50, description="Whose route was walked; 0: all of them")] = 0,
    crs: Annotated[Literal["wgs84", "gcj02"], Query(description="What the file's coordinates are in")] = "wgs84",
) -> Response:
    """What was walked of the shift's routes and what was missed; only that is kept, not the file."""
    file: BinaryIO | None = request.scope.get(TABLE)
    if file is None:
        raise Refusal(400, "track_body_missing")
    act, desk = act_of(request, caller), desk_of(request.app)

    def judge() -> tuple[int, dict[str, Any]]:
        from api.patrol_answers import track_out
        from api.usecases.track_desk import judge_upload

        found = desk.patrol(asked.question, asked.plan, caller.jurisdiction, states_for(caller))
        shifted: Literal["gcj02"] | None = "gcj02" if crs == "gcj02" else None
        judged = judge_upload(store_of(request), act, found, file, patroller=patroller, shifted=shifted)
        return (201 if judged.is_new else 200), track_out(judged.card, judged.report, language_of(request))

    status, told = await in_turn(request, judge)
    headers = {**_HEADERS, "Location": f"/v1/tracks/{told['id']}"}
    return Response(orjson.dumps(told), status, headers, media_type="application/json")


router.routes.extend(_upload.routes)


@router.get("/v1/tracks", summary="Judged tracks, the newest first", responses=responses(404))
def list_tracks(
    request: Request,
    caller: Annotated[Caller, Depends(READS)],
    plan: Annotated[str | None, Query(max_length=64, description="Of this plan only")] = None,
    grid: Annotated[str | None, Query(max_length=64, description="Of this grid only")] = None,
    mode: Annotated[Literal["foot", "ebike", "car"] | None, Query(description="Of this mode only")] = None,
    date: Annotated[Day | None, Query(description="Of shifts of this day only")] = None,
    after: Annotated[str | None, Query(max_length=64, description="Id of the last track of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Tracks of grids in the reader's jurisdiction, without their missed streets."""
    from api.patrol_answers import track_row

    day = date.isoformat() if date else None
    with store_of(request).read(caller.jurisdiction) as tx:
        cards = tx.tracks.cards(
            plan=plan or None, grid=grid or None, mode=mode, first=day, last=day, after=after, limit=limit + 1
        )
    more = cards[limit - 1].id if len(cards) > limit else None
    body = {"tracks": [track_row(card) for card in cards[:limit]], "next": more}
    return Response(orjson.dumps(body), headers=_HEADERS, media_type="application/json")


@router.get("/v1/tracks/{id}", summary="One judged track", responses=responses(404))
def show_track(
    request: Request, caller: Annotated[Caller, Depends(READS)], id: Annotated[str, Path(max_length=64)]
) -> Response:
    """With missed streets, blind areas, and the metres walked of every street."""
    from api.patrol_answers import track_out

    with store_of(request).read(caller.jurisdiction) as tx:
        card, report = tx.tracks.card(id), tx.tracks.report(id)
    body = orjson.dumps(track_out(card, report, language_of(request)))
    headers = {**_HEADERS, "ETag": f'"{card.id}"'}
    return Response(body, headers=headers, media_type="application/json")
