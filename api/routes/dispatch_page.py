"""The dispatcher's desk, for people."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from api.pages.csp import OWN_FILES
from api.pages.dispatch import dispatch_page
from api.pages.files import page_file
from api.routes.access import Caller, allow, allow_anyone
from api.routes.acts import language_of

router = APIRouter(tags=["pages"])
_ALLOW = allow("planner", "reviewer", "dispatcher", "patrol", "auditor")


class Shown(BaseModel):
    """What the page shows, read by the page itself: an address that was copied shows the same to a colleague."""

    model_config = ConfigDict(extra="forbid")

    lang: Literal["zh", "en"] | None = Field(None, description="Language the page opens in")
    incident: str = Field("", max_length=40, description="The incident that is chosen")
    state: str = Field("", max_length=200, description="States, with commas between them")
    kind: list[str] = Field([], max_length=40, description="Kinds")
    priority: str = Field("", max_length=20, description="Priorities, with commas between them")
    level: str = Field("", max_length=60, description="Levels, with commas between them")
    overdue: str = Field("", max_length=1, description="1: only those whose clock ran out")
    place: str = Field("", max_length=100, description="Beginning of the code of a grid or community")
    since: str = Field("", alias="from", max_length=10, description="First day of receipt")
    until: str = Field("", alias="to", max_length=10, description="Last day of receipt")
    q: str = Field("", max_length=100, description="Words of title, number, kind, grid or unit")
    layer: str = Field("", max_length=10, description="points, heat or grids")
    per: str = Field("", max_length=12, description="count or households: what colours grids")
    view: str = Field("", max_length=60, description="Longitude, latitude and pixels per metre of the map")
    night: str = Field("", max_length=1, description="1: colours of the night; 0: of the day")


@router.get("/desk/dispatch", summary="The dispatcher's desk", response_class=HTMLResponse)
def show_desk(
    request: Request,
    _: Annotated[Caller, Depends(_ALLOW)],
    shown: Annotated[Shown, Query()],
) -> HTMLResponse:
    """Incidents on a live map and in a list, filtered by the address; the form for a new one, units and next steps."""
    headers = {
        "Content-Security-Policy": OWN_FILES,
        "Vary": "Accept-Language, Cookie",
        "Cache-Control": "private, no-cache",
    }
    return HTMLResponse(dispatch_page(language_of(request)), headers=headers)


@router.get("/desk/dispatch/{name}", include_in_schema=False)
def show_desk_file(name: str, _: Annotated[Caller, Depends(allow_anyone("page"))]) -> Response:
    """Scripts and styles of the page."""
    content, media_type = page_file("dispatch", name)
    return Response(content, media_type=media_type)
