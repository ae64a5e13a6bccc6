"""Pages for people: the list of plans at ``/`` (see `api.routes.ogc` for what programs get there), and their maps."""

from __future__ import annotations

import zlib
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.http.openapi import responses
from api.pages.csp import policy_of_map, policy_of_page
from api.pages.index import index_page
from api.pages.maps import MapCache
from api.routes.access import Caller, allow, allow_signed_in
from api.routes.acts import language_of, settings_of, store_of
from data.store import SqlStore, Tx
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.plan_figures import plan_figures
from gis.errors import NotFound

router = APIRouter(tags=["pages"])
HTML = "text/html; charset=utf-8"
_ALLOW = allow("planner", "reviewer", "dispatcher", "patrol", "auditor")
_SIGNED_IN = allow_signed_in()
READS_PLANS = _ALLOW.roles
"""Who sees plans; others come to look up."""
_SEES_DRAFTS = frozenset({"planner", "reviewer", "auditor", "admin"})
_SHOWN_STATES = frozenset({"in_force", "superseded"})
_LISTED = 100


async def front_page(request: Request) -> Response:
    """The list of plans as a page; `create_app` hands it to the route of ``/``."""
    caller = await _SIGNED_IN(request)
    if caller.role not in READS_PLANS:
        return Response(status_code=303, headers={"Location": "/lookup", "Vary": "Accept"})
    return await run_in_threadpool(_index, request, caller)


def _index(request: Request, caller: Caller) -> Response:
    with store_of(request).read(caller.jurisdiction) as tx:
        ruling = tx.plans.in_force(at=settings_of(request).now())
        cards = {card.id: card for card in tx.plans.cards(limit=_LISTED)}
        for id in ruling:
            # A plan may have been in force for longer than the list goes back.
            if id not in cards and (card := _card_of(tx, id)) is not None:
                cards[id] = card
        listed = [card for card in cards.values() if caller.role in _SEES_DRAFTS or card.state in _SHOWN_STATES]
        figures = plan_figures(tx, listed)
    account = "" if caller.is_local else caller.name
    html = index_page(
        listed, figures, frozenset(ruling), language_of(request), account=account, has_desk=caller.role in _SEES_DRAFTS
    )
    headers = {
        "Content-Security-Policy": policy_of_page(html),
        "Vary": "Accept, Accept-Language",
        "Cache-Control": "private, no-cache",
    }
    return Response(html, headers=headers, media_type=HTML)


@router.get(
    "/map/{plan}",
    summary="The map of a plan, as a page",
    response_class=Response,
    responses={
        **responses(404),
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        303: {"description": "To the sign-in page, for browsers"},
        304: {"description": "The reader has it already (If-None-Match)"},
    },
)
def show_map(
    request: Request,
    plan: str,
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language the page opens in")] = None,
    caller: Caller = Depends(_ALLOW),  # noqa: B008 - made once, with the route
) -> Response:
    """Gives one page with everything in it: grids, ground, figures; it asks nobody for anything."""
    store, language = store_of(request), language_of(request)
    with store.read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
    if caller.role not in _SEES_DRAFTS and card.state not in _SHOWN_STATES:
        raise NotFound("plan_unknown", id=plan)
    desk = f"/desk/plan?plan={quote(card.id)}" if caller.role in _SEES_DRAFTS else ""
    tag = f'"{card.id}-{card.revision}-{language}{"-desk" if desk else ""}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Language, Accept-Encoding"}
    if tag in (given.strip() for given in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    key = (card.id, card.revision, language, card.territory, card.name, caller.jurisdiction, desk)
    packed = _cache_of(request.app).page(key, lambda: _drawn(store, card, caller.jurisdiction, language, desk))
    page = zlib.decompress(packed, 31)
    headers["Content-Security-Policy"] = policy_of_map(page[:8192].decode("utf-8", "ignore"))
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=HTML)
    return Response(page, headers=headers, media_type=HTML)


def _drawn(store: SqlStore, card: PlanCard, jurisdiction: str, language: str, desk: str) -> str:
    from maps.plan_map import render_plan_map  # brings folium along, which nobody waits for at the start

    with store.read(jurisdiction) as tx:
        filed = tx.plans.load(card.id)
        territory = tx.territories.load(card.territory)
    return render_plan_map(filed, territory, language=language, title=card.name, desk=desk)


def _card_of(tx: Tx, id: str) -> PlanCard | None:
    try:
        return tx.plans.card(id)
    except NotFound:
        return None  # it reaches beyond the jurisdiction


def _cache_of(app: FastAPI) -> MapCache:
    cache: MapCache | None = getattr(app.state, "map_cache", None)
    if cache is None:
        cache = app.state.map_cache = MapCache(app.state.settings.cache_folder)
    return cache
