"""The page to look up with, for people."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.pages.csp import OWN_FILES
from api.pages.files import page_file
from api.pages.lookup import lookup_page
from api.routes.access import Caller, allow_anyone, allow_signed_in
from api.routes.acts import language_of
from api.routes.pages import READS_PLANS

router = APIRouter(tags=["pages"])


@router.get("/lookup", summary="The page to look up with", response_class=HTMLResponse)
def show_lookup(
    request: Request,
    caller: Annotated[Caller, Depends(allow_signed_in())],
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language of the page")] = None,
) -> HTMLResponse:
    """One field for an address, a grid code or a point, with suggestions; the answer with its reasons."""
    account = "" if caller.is_local else caller.name
    page = lookup_page(language_of(request), account=account, reads_plans=caller.role in READS_PLANS)
    headers = {
        "Content-Security-Policy": OWN_FILES,
        "Vary": "Accept-Language, Cookie",
        "Cache-Control": "private, no-cache",
    }
    return HTMLResponse(page, headers=headers)


@router.get("/lookup/{name}", include_in_schema=False)
def show_lookup_file(name: str, _: Annotated[Caller, Depends(allow_anyone("page"))]) -> Response:
    """Script and style of the page."""
    content, media_type = page_file("lookup", name)
    return Response(content, media_type=media_type)
