"""The page to walk a patrol with, for people."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.pages.csp import OWN_FILES, OWN_WORKER
from api.pages.files import page_file
from api.pages.patrol import SCOPE, WORKER, patrol_page, patrol_worker
from api.routes.access import Caller, allow, allow_anyone
from api.routes.acts import language_of

router = APIRouter(tags=["pages"])
_ALLOW = allow("planner", "reviewer", "dispatcher", "patrol", "auditor")


@router.get("/desk/patrol", summary="The page to walk a patrol with", response_class=HTMLResponse)
def show_patrol(
    request: Request,
    _: Annotated[Caller, Depends(_ALLOW)],
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language the page opens in")] = None,
    plan: Annotated[str | None, Query(max_length=200, description="Another plan than the one in force")] = None,
    grid: Annotated[str | None, Query(max_length=64, description="Code of the grid to begin with")] = None,
) -> HTMLResponse:
    """Grid and shift, the route with the next turn, places to tick, files, and what a track missed."""
    headers = {
        "Content-Security-Policy": OWN_FILES,
        "Vary": "Accept-Language, Cookie",
        "Cache-Control": "private, no-cache",
    }
    return HTMLResponse(patrol_page(language_of(request)), headers=headers)


@router.get("/desk/patrol/{name}", include_in_schema=False)
def show_patrol_file(name: str, _: Annotated[Caller, Depends(allow_anyone("page"))]) -> Response:
    """Scripts and styles of the page, and what serves it where there is no network."""
    if name == WORKER:
        headers = {"Content-Security-Policy": OWN_WORKER, "Service-Worker-Allowed": SCOPE}
        return Response(patrol_worker(), headers=headers, media_type="text/javascript; charset=utf-8")
    content, media_type = page_file("patrol", name)
    return Response(content, media_type=media_type)
