"""The page to plan cameras and minutes with, for people."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.pages.coverage import coverage_page
from api.pages.csp import OWN_FILES
from api.pages.files import page_file
from api.routes.access import Caller, allow, allow_anyone
from api.routes.acts import language_of

router = APIRouter(tags=["pages"])
_ALLOW = allow("planner", "reviewer", "auditor")


@router.get("/desk/coverage", summary="The page to plan cameras and minutes with", response_class=HTMLResponse)
def show_coverage(
    request: Request,
    _: Annotated[Caller, Depends(_ALLOW)],
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language the page opens in")] = None,
    plan: Annotated[str | None, Query(max_length=200, description="Another plan than the one in force")] = None,
) -> HTMLResponse:
    """Density and what is seen, targets, what-if, proposals to accept or refuse; promises in minutes and new posts."""
    headers = {
        "Content-Security-Policy": OWN_FILES,
        "Vary": "Accept-Language, Cookie",
        "Cache-Control": "private, no-cache",
    }
    return HTMLResponse(coverage_page(language_of(request)), headers=headers)


@router.get("/desk/coverage/{name}", include_in_schema=False)
def show_coverage_file(name: str, _: Annotated[Caller, Depends(allow_anyone("page"))]) -> Response:
    """Scripts and styles of the page."""
    content, media_type = page_file("coverage", name)
    return Response(content, media_type=media_type)
