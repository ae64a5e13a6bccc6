"""Patrols over HTTP: which grids there are, the routes of one grid in one shift, and the files of a route."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.http.openapi import responses
from api.problems import Refusal
from api.routes.access import Caller
from api.routes.acts import language_of, settings_of, store_of
from api.routes.lookup import lookups_of
from api.routes.patrol_asked import READS, Asked, Plan, Question, desk_of, etag_for, in_turn, lifespan, states_for
from api.routes.repeats import is_known
from data.store.rooms.tracks import TrackCard
from gis.errors import InputError, NotFound

if TYPE_CHECKING:
    from api.usecases.patrol_desk import DeskPatrol

__all__ = ["lifespan", "router"]

router = APIRouter(tags=["patrols"])

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "As the reader has it already"}}
_KEPT = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Cookie, Authorization"}
_FORMS = {
    "gpx": "application/gpx+xml",
    "kml": "application/vnd.google-earth.kml+xml",
    "geojson": "application/geo+json",
    "pdf": "application/pdf",
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _FORMS.values()}}
}
_RouteId = Annotated[str, Path(max_length=80, description="GRID-1: the first patroller's route")]
_Crs = Annotated[Literal["wgs84", "gcj02"], Query(description="gcj02 for Chinese phone maps; not with pdf")]
_HALVES = ("am", "pm", "night")
_OF_THE_QUESTION = frozenset({"patrol_post_unknown", "patrol_post_off_network"})


@router.get("/v1/patrols/grids", summary="Grids that can be patrolled", responses={**responses(404), **NOT_MODIFIED})
async def list_grids(request: Request, caller: Annotated[Caller, Depends(READS)], plan: Plan = None) -> Response:
    """Grids with a point inside each, posts to begin at, and the plan: the one in force with most grids here."""

    def find() -> dict[str, Any]:
        from api.patrol_answers import plan_out, posts_out

        lookups = lookups_of(request.app)
        index = (
            lookups.of_plan(plan, caller.jurisdiction, states_for(caller)).grids
            if plan
            else lookups.ask_current().grids
        )
        rows = [row for row, code in enumerate(index.community) if code.startswith(caller.jurisdiction)]
        counted = Counter(index.plan[row] for row in rows)
        if not counted:
            raise NotFound("patrol_no_plan_here", measured=caller.jurisdiction or "—")
        store = store_of(request)
        with store.read() as tx:
            cards = {id: tx.plans.card(id) for id in sorted(counted)}
        most = min(counted, key=lambda id: (-counted[id], id))
        with store.read(caller.jurisdiction) as tx:
            posts = tx.territories.load(cards[most].territory, layers=("communities", "posts"))["posts"]
        points = {row: index.outline[row].representative_point() for row in rows}
        return {
            "plan": plan_out(cards[most]),
            "plans": [plan_out(card) for card in cards.values()],
            "grids": [
                {
                    "code": index.code[row],
                    "name": index.name[row] or "",
                    "community": index.community[row],
                    "plan": index.plan[row],
                    "lon": round(points[row].x, 7),
                    "lat": round(points[row].y, 7),
                }
                for row in rows
            ],
            "posts": posts_out(list(zip(posts["id"], posts["name"], posts["kind"]))),
        }

    body = await in_turn(request, lambda: orjson.dumps(find()))
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    if is_known(request, etag):  # phones ask again and again whether the plan has changed
        return Response(status_code=304, headers={**_KEPT, "ETag": etag})
    return Response(body, headers={**_KEPT, "ETag": etag}, media_type="application/json")


@router.get("/v1/patrols", summary="Routes of one grid in one shift", responses={**responses(404, 422), **NOT_MODIFIED})
async def show_patrol(request: Request, caller: Annotated[Caller, Depends(READS)], asked: Question) -> Response:
    """Every street and key place of the grid in as few routes as the shift allows, or in as many as asked for.

    Routes of different days and halves go round differently, at the same cost.  422 only where nothing can be walked
    at all; what a route leaves out stands in ``unreachable`` with the reason.
    """
    language = language_of(request)
    etag, found = await _found(request, caller, asked, "json", language)
    if found is None:
        return Response(status_code=304, headers={**_KEPT, "ETag": etag})

    def tell() -> bytes:
        from api.patrol_answers import patrol_out

        return orjson.dumps(patrol_out(found, language))

    body = await in_turn(request, tell)
    return Response(body, headers={**_KEPT, "ETag": etag}, media_type="application/json")


@router.get(
    "/v1/patrols/{route_id}/qr.svg",
    summary="QR code that leads to the GPX file of a route",
    response_class=Response,
    responses={
        **responses(404, 422),
        **NOT_MODIFIED,
        200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}},
    },
)
async def show_qr(
    request: Request,
    caller: Annotated[Caller, Depends(READS)],
    asked: Question,
    route_id: _RouteId,
    crs: _Crs = "wgs84",
) -> Response:
    """For a phone that is signed in to the service, or a service without accounts."""
    etag, found = await _found(request, caller, asked, "qr", route_id, crs, _base(request))
    if found is None:
        return Response(status_code=304, headers={**_KEPT, "ETag": etag})

    def draw() -> bytes:
        from io import BytesIO

        import segno

        from api.patrol_answers import notes_on

        notes_on(found, language_of(request))  # refuses where there is no route
        to = BytesIO()
        code = segno.make_qr(_gpx_url(request, found.route(route_id).id, crs), error="m")
        code.save(to, kind="svg", border=4, scale=8, xmldecl=False, svgns=True)
        return to.getvalue()

    return Response(await in_turn(request, draw), headers={**_KEPT, "ETag": etag}, media_type="image/svg+xml")


@router.get(
    "/v1/patrols/{route_id}.{form}",
    summary="File of a route",
    response_class=Response,
    responses={**responses(404, 422), **NOT_MODIFIED, **_FILES},
)
async def show_file(
    request: Request,
    caller: Annotated[Caller, Depends(READS)],
    asked: Question,
    route_id: _RouteId,
    form: Literal["gpx", "kml", "geojson", "pdf"],
    crs: _Crs = "wgs84",
) -> Response:
    """GPX 1.1, KML, GeoJSON, or a page to print with what the last patrol of the grid missed."""
    if form == "pdf" and crs != "wgs84":
        raise Refusal(400, "patrol_page_crs", measured=crs, allowed="wgs84")
    language = language_of(request)
    last = await in_turn(request, lambda: _last_track(request, caller, asked)) if form == "pdf" else None
    more = (form, crs, language, route_id, last.id if last else "", _base(request) if form == "pdf" else "")
    etag, found = await _found(request, caller, asked, *more)
    if found is None:
        return Response(status_code=304, headers={**_KEPT, "ETag": etag})
    content = await in_turn(request, lambda: _render(request, caller, found, route_id, form, crs, last))
    day = "_".join(
        part for part in (asked.question.day and asked.question.day.isoformat(), asked.question.half) if part
    )
    name = "_".join(part for part in (route_id, day, "GCJ02" if crs == "gcj02" else "") if part)
    headers = {
        **_KEPT,
        "ETag": etag,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{name}.{form}', safe='')}",
    }
    return Response(content, headers=headers, media_type=_FORMS[form])


async def _found(request: Request, caller: Caller, asked: Asked, *more: str) -> tuple[str, DeskPatrol | None]:
    """The ETag of an answer and what it is made of; nothing where the reader has the answer already."""
    desk, question, states = desk_of(request.app), asked.question, states_for(caller)

    def find() -> tuple[str, DeskPatrol | None]:
        card = desk.plan_of(question.grid, asked.plan, caller.jurisdiction, states)
        etag = etag_for(f"{card.id}-{card.revision}", question, *more)
        if is_known(request, etag):
            return etag, None
        try:
            return etag, desk.patrol(question, asked.plan, caller.jurisdiction, states)
        except InputError as error:
            if error.code in _OF_THE_QUESTION:
                raise
            # Not the parameters are at fault but the territory: nothing can be walked there.
            refusal = Refusal(422, error.code, **error.facts)
            refusal.faults = error.faults
            raise refusal from error

    return await in_turn(request, find)


def _render(
    request: Request, caller: Caller, found: DeskPatrol, route_id: str, form: str, crs: Any, last: TrackCard | None
) -> bytes:
    from api.patrol_answers import missed_of, notes_on
    from maps.patrol import render_geojson, render_gpx, render_kml, render_patrol_page

    language = language_of(request)
    notes_on(found, language)  # refuses where there is no route
    itinerary = found.route(route_id)
    if form == "pdf":
        missed = None
        if last is not None:
            with store_of(request).read(caller.jurisdiction) as tx:
                missed = missed_of(last, tx.tracks.report(last.id))
        ground = found.ground
        url = _gpx_url(request, itinerary.id, "wgs84")
        return render_patrol_page(
            itinerary, ground.land.filed, ground.sheet, language=language, gpx_url=url, missed=missed
        )
    write = {"gpx": render_gpx, "kml": render_kml, "geojson": render_geojson}[form]
    return write(itinerary, language=language, datum=crs)


def _last_track(request: Request, caller: Caller, asked: Asked) -> TrackCard | None:
    """The newest track of the grid from a shift before this one."""
    question = asked.question
    if question.day is None:
        return None
    now = (question.day.isoformat(), _HALVES.index(question.half) if question.half else 0)
    with store_of(request).read(caller.jurisdiction) as tx:
        cards = tx.tracks.cards(grid=question.grid, last=now[0], limit=20)
    before = [card for card in cards if (card.day, _HALVES.index(card.half)) < now]
    return max(before, key=lambda card: (card.day, _HALVES.index(card.half), card.received_at), default=None)


def _base(request: Request) -> str:
    return settings_of(request).public_url.rstrip("/") or str(request.base_url).rstrip("/")


def _gpx_url(request: Request, route_id: str, crs: str) -> str:
    """Where a phone finds the GPX file; the query is that of the request."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if value and key not in ("crs", "lang")]
    if crs != "wgs84":
        kept.append(("crs", crs))
    query = "&".join(f"{quote(key)}={quote(value)}" for key, value in kept)
    return f"{_base(request)}/v1/patrols/{quote(route_id, safe='')}.gpx?{query}"
