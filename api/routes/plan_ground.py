"""A plan for the planner's desk: the ground in one body, the plan on it, and what lies beneath."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.http.openapi import responses
from api.routes.acts import language_of, store_of
from api.routes.plan_answers import answer, plan_out, respond
from api.routes.plan_schemas import NOT_MODIFIED, BrokenRuleOut, CommunityOut, PlanOut
from api.routes.plans import PlanId, Reader, desk_of
from api.routes.repeats import etag_of, is_known
from gis.errors import InputError

if TYPE_CHECKING:
    from data.store.rooms.plan_card import PlanCard

router = APIRouter(tags=["desk"])
PACKED = "application/vnd.gridwright.packed"
_PACKED_BODY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A head in JSON and arrays of numbers (docs/desk.md)",
        "content": {PACKED: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class SheetGridOut(BaseModel):
    """A grid."""

    code: str
    name: str | None
    community: str
    kind: str
    households: int
    population: int
    buildings: int
    area_m2: float
    within_band: bool
    reason: str | None
    parent: str | None = Field(description="The grid of the plan in force that it carries on")


class SheetRuleOut(BrokenRuleOut):
    """A broken rule and where."""

    community: str


class SheetOut(BaseModel):
    """A plan on its ground."""

    plan: PlanOut
    ground: str = Field(description="Which ground it is: that of `/ground` with this ETag")
    atom_grid: list[int] = Field(description="Per piece of ground its grid, counted in `grids`; -1 for none")
    grids: list[SheetGridOut]
    communities: list[CommunityOut]
    broken_rules: list[SheetRuleOut]
    closed: list[str] = Field(description="Communities whose grids are not made of whole pieces: no edit there")
    retired: list[str] = Field(description="Codes that were issued once and are in force no more")
    basis: str = Field(description="What counts as a household")
    is_estimate: bool = Field(description="Households were modelled, not counted")
    locks: list[str]
    lock_atoms: dict[str, int] = Field(description="Of locked buildings and units: the piece of ground they are on")


@router.get(
    "/v1/plans/{plan}/ground",
    summary="The ground of a plan in one body",
    response_class=Response,
    responses=responses(404, 409) | NOT_MODIFIED | _PACKED_BODY,
)
def show_ground(request: Request, caller: Reader, plan: PlanId) -> Response:
    """Every piece of ground with its outline and its sums, as arrays; the same for all revisions of a plan."""
    return ground_of(request, caller.jurisdiction, plan)


@router.get(
    "/v1/plans/{plan}/sheet",
    response_model=SheetOut,
    summary="A plan on its ground",
    responses=responses(404, 409) | NOT_MODIFIED,
)
def show_sheet(request: Request, caller: Reader, plan: PlanId) -> Response:
    """Which grid every piece of ground is in, the grids, what is known of the communities, and the locks."""
    return sheet_of(request, caller.jurisdiction, plan)


@router.get(
    "/v1/plans/{plan}/backdrop/{layer}",
    summary="Buildings or streets under a plan",
    response_class=Response,
    responses=responses(404, 409) | NOT_MODIFIED | _PACKED_BODY,
)
def show_backdrop(
    request: Request,
    caller: Reader,
    plan: PlanId,
    layer: Literal["buildings", "streets"],
    bbox: Annotated[
        str | None, Query(max_length=200, description="west,south,east,north in degrees; everything when omitted")
    ] = None,
) -> Response:
    """At most 20,000 of a window; the head says how many there are."""
    return backdrop_of(request, caller.jurisdiction, plan, layer, bbox)


def ground_of(request: Request, jurisdiction: str, plan: str) -> Response:
    """The ground of a plan; made once and kept as long as its place is."""
    from api.usecases.plan_ground import kept_ground

    place = desk_of(request).place(plan, jurisdiction)
    key = _key(place)
    headers = {"ETag": f'"{key}"', "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return _packed(request, kept_ground(place), headers)


def sheet_of(request: Request, jurisdiction: str, plan: str) -> Response:
    """A plan on its ground."""
    from api.usecases.plan_ground import sheet_of_plan

    desk, language = desk_of(request), language_of(request)
    with store_of(request).read(jurisdiction) as tx:
        card = tx.plans.card(plan)
    etag = f'"{language}-{_key_of_card(card)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Language"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    place = desk.place(plan, jurisdiction)
    with store_of(request).read(jurisdiction) as tx:
        card = tx.plans.card(plan)
        told = sheet_of_plan(desk, tx, card, place, language)
    body = SheetOut(plan=plan_out(card), ground=_key(place), **told)
    return respond(answer(200, None, body, **{**headers, "ETag": f'"{language}-{_key_of_card(card)}"'}))


def backdrop_of(request: Request, jurisdiction: str, plan: str, layer: str, bbox: str | None) -> Response:
    """A layer of the plan's territory in a window."""
    from api.usecases.plan_backdrop import backdrop_of as made

    window = _window(bbox)
    place = desk_of(request).place(plan, jurisdiction)
    key = _key(place)
    headers = {"ETag": f'"{key}-{layer}-{bbox or ""}"', "Cache-Control": "private, no-cache"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    backdrop = place.kept(layer, lambda: made(place, layer))
    return Response(backdrop.window(window), headers=headers, media_type=PACKED)


def _key(place: Any) -> str:
    from api.usecases.plan_ground import kept_key

    return kept_key(place)


def _key_of_card(card: PlanCard) -> str:
    return etag_of(card.id, card.revision).strip('"')


def _window(bbox: str | None) -> tuple[float, float, float, float] | None:
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        raise InputError("bbox_wrong", measured=bbox[:80]) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InputError("bbox_wrong", measured=bbox[:80])
    return west, south, east, north


def _packed(request: Request, packed: bytes, headers: dict[str, str]) -> Response:
    """A body that is kept compressed, as the reader takes it."""
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=PACKED)
    return Response(gzip.decompress(packed), headers=headers, media_type=PACKED)
