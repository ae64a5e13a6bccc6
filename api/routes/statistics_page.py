"""The page of incident statistics, for people."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.pages.csp import OWN_FILES
from api.pages.files import page_file
from api.pages.statistics import statistics_page
from api.routes.access import Caller, allow, allow_anyone
from api.routes.acts import language_of

router = APIRouter(tags=["pages"])
_ALLOW = allow("planner", "reviewer", "dispatcher", "patrol", "auditor")


@router.get("/desk/statistics", summary="Incidents of a period, in figures", response_class=HTMLResponse)
def show_statistics(
    request: Request,
    _: Annotated[Caller, Depends(_ALLOW)],
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language the page opens in")] = None,
    period: Annotated[str | None, Query(max_length=10, description="Length of the period; read by the page")] = None,
    at: Annotated[str | None, Query(max_length=10, description="A day of it; read by the page")] = None,
    compare: Annotated[str | None, Query(max_length=10, description="Beside what; read by the page")] = None,
    measure: Annotated[str | None, Query(max_length=20, description="Colours of the map; read by the page")] = None,
    grid: Annotated[str | None, Query(max_length=64, description="The grid chosen; read by the page")] = None,
    night: Annotated[str | None, Query(max_length=1, description="0 or 1; read by the page")] = None,
) -> HTMLResponse:
    """Rates with their denominators, kinds beside the year before, grids, hot spots, ranking, red flags, papers."""
    headers = {
        "Content-Security-Policy": OWN_FILES,
        "Vary": "Accept-Language, Cookie",
        "Cache-Control": "private, no-cache",
    }
    return HTMLResponse(statistics_page(language_of(request)), headers=headers)


@router.get("/desk/statistics/{name}", include_in_schema=False)
def show_statistics_file(name: str, _: Annotated[Caller, Depends(allow_anyone("page"))]) -> Response:
    """Scripts and styles of the page."""
    content, media_type = page_file("statistics", name)
    return Response(content, media_type=media_type)
