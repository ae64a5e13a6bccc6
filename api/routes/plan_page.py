"""The planner's desk, for people."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.pages.csp import OWN_FILES
from api.pages.files import page_file
from api.pages.plan import plan_page
from api.routes.access import Caller, allow, allow_anyone
from api.routes.acts import language_of

router = APIRouter(tags=["pages"])
_ALLOW = allow("planner", "reviewer", "auditor")


@router.get("/desk/plan", summary="The planner's desk", response_class=HTMLResponse)
def show_desk(
    request: Request,
    _: Annotated[Caller, Depends(_ALLOW)],
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language the page opens in")] = None,
    plan: Annotated[str | None, Query(max_length=200, description="The plan to open")] = None,
    other: Annotated[
        str | None, Query(alias="with", max_length=200, description="Plans it is held side by side with")
    ] = None,
) -> HTMLResponse:
    """Grids on the map to paint, push, lock and mend; problems, steps, notes, scenarios, mergers, states and papers."""
    headers = {
        "Content-Security-Policy": OWN_FILES,
        "Vary": "Accept-Language, Cookie",
        "Cache-Control": "private, no-cache",
    }
    return HTMLResponse(plan_page(language_of(request)), headers=headers)


@router.get("/desk/plan/{name}", include_in_schema=False)
def show_desk_file(name: str, _: Annotated[Caller, Depends(allow_anyone("page"))]) -> Response:
    """Scripts and styles of the page."""
    content, media_type = page_file("plan", name)
    return Response(content, media_type=media_type)
