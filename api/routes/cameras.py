"""Cameras of a plan over HTTP: how many there are and what they see, on a map, by other rules, beside another plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Discriminator, Field, Tag

from api.http.openapi import responses
from api.http.schemas import Body, Latitude, Longitude
from api.problems import Refusal
from api.routes.acts import language_of
from api.routes.coverage_asked import (
    FEATURES,
    GEO,
    NOT_MODIFIED,
    Box,
    Code,
    Grids,
    Level,
    Plan,
    Reader,
    answer_asked,
    answer_in_turn,
    asker_of,
    coverage_desk_of,
    lifespan,
    of_the_land,
)

if TYPE_CHECKING:
    from api.usecases.coverage_desk import Asker, CoverageDesk, DeskCameras

__all__ = ["lifespan", "router"]

router = APIRouter(tags=["coverage"])
MOST_ADDED = 200
MOST_TARGETS = 20
What = Literal["grids", "cameras", "sights", "masks", "blind", "seen"]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=20_000)]


class PlaceIn(Body):
    """Cameras on a spot; without a heading they look all round."""

    lon: Longitude
    lat: Latitude
    heading_deg: Annotated[float, Field(ge=0, le=360)] | None = None
    count: Annotated[int, Field(ge=1, le=500)] = 1


class MoreIn(Body):
    """Positions somewhere in a grid: they count, and see nothing."""

    grid: Code
    count: Annotated[int, Field(ge=1, le=10_000)] = 1


Targets = Annotated[
    dict[Annotated[str, Field(max_length=10)], Annotated[float, Field(ge=0, le=100_000)]],
    Field(max_length=MOST_TARGETS, description="Positions per km2 by `urban`, `rural` or a class code"),
]


def _is_of(body: Any) -> str:
    return "grid" if isinstance(body, MoreIn) or (isinstance(body, dict) and "grid" in body) else "place"


Added = Annotated[Annotated[PlaceIn, Tag("place")] | Annotated[MoreIn, Tag("grid")], Discriminator(_is_of)]


class WhatIfIn(Body):
    """Other targets, more positions, cameras on spots; nothing is kept."""

    plan: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    level: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    targets: Targets = Field(default_factory=dict)
    add: Annotated[list[Added], Field(max_length=MOST_ADDED)] = Field(default_factory=list)


def survey_of(desk: CoverageDesk, asker: Asker, plan: str | None, level: str | None) -> DeskCameras:
    """The survey that a question is about, at a level."""
    card = desk.plan_of(plan or None, asker)
    settings = desk.camera_settings(card, level or "")
    return of_the_land(lambda: desk.cameras(card, settings))


@router.get("/v1/cameras", summary="Cameras by area", responses={**responses(404, 422), **NOT_MODIFIED})
async def show_cameras(
    request: Request,
    caller: Reader,
    plan: Plan = None,
    level: Level = None,
    scope: Literal["grid", "community", "town", "class", "class_code", "all"] = "grid",
) -> Response:
    """Density beside what is seen: positions are counted, public street metres are looked at.

    Sums are of the grids that the reader sees.
    """
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def find() -> tuple[str, Callable[[], bytes]]:
        from api.usecases.coverage_desk import cameras_version, picked

        card = desk.plan_of(plan or None, asker)
        book = desk.rules(card, "cameras")
        settings = desk.camera_settings(card, level or "")

        def make() -> bytes:
            import orjson

            from api.coverage_answers import cameras_out

            found = of_the_land(lambda: desk.cameras(card, settings))
            grids = picked(found.ground, asker)
            is_whole = found.ground.sees_all(asker.jurisdiction)
            return orjson.dumps(cameras_out(found, book, grids, scope, is_whole, language_of(request)))

        return f"{cameras_version(card, settings)} {book.version} {caller.jurisdiction}", make

    return await answer_in_turn(request, find)


@router.get(
    "/v1/cameras/features",
    summary="Cameras on a map",
    response_class=Response,
    responses={**responses(404, 422), **NOT_MODIFIED, **FEATURES},
)
async def show_features(
    request: Request,
    caller: Reader,
    what: Annotated[What, Query(description="Kind of features")],
    grid: Grids = [],  # noqa: B006
    plan: Plan = None,
    level: Level = None,
    bbox: Box = None,
    offset: Offset = 0,
    limit: Limit = 5_000,
) -> Response:
    """GeoJSON in longitude and latitude; `next` says where the following page begins.

    ``sights`` is the ground that each camera sees at the level, ``masks`` the private part of it, ``seen`` street by
    the number of working cameras that see it, ``blind`` street that none sees, the longest first.
    """
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def find() -> tuple[str, Callable[[], bytes]]:
        from api.feature_pages import Page, box_in, collection
        from api.ogc.parameters import read_bbox
        from api.usecases.coverage_desk import cameras_version, picked
        from api.usecases.coverage_features import KINDS, Chosen

        box = read_bbox(bbox or None)
        card = desk.plan_of(plan or None, asker)
        settings = desk.camera_settings(card, level or "")
        page = Page(offset, limit)

        def make() -> bytes:
            found = of_the_land(lambda: desk.cameras(card, settings))
            grids = picked(found.ground, asker, grid)
            crs = found.ground.territory.crs
            chosen = Chosen(grids, None if box is None else box_in((box.west, box.south, box.east, box.north), crs))
            more = {"what": what, "level": settings.level, "edition": settings.profile.edition}
            return collection(KINDS[what](found, chosen, page), page, more)

        return f"{cameras_version(card, settings)} {caller.jurisdiction}", make

    return await answer_in_turn(request, find, GEO)


@router.post("/v1/cameras/what-if", summary="What more cameras would change", responses=responses(404, 422))
async def ask_what_if(request: Request, caller: Reader, body: WhatIfIn) -> Response:
    """Rows before and after, and the street metres that cameras on spots would newly see.  Nothing is kept."""
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def work(_: Callable[[], bool]) -> dict[str, Any]:
        from api.coverage_answers import what_if_out
        from api.usecases.coverage_sites import Place, ask_what_if

        found = survey_of(desk, asker, body.plan, body.level)
        counts: dict[str, int] = {}
        for one in body.add:
            if isinstance(one, MoreIn):
                counts[one.grid] = counts.get(one.grid, 0) + one.count
        places = [Place(one.lon, one.lat, one.heading_deg, one.count) for one in body.add if isinstance(one, PlaceIn)]
        told = ask_what_if(found, asker, counts, places, body.targets)
        return what_if_out(found.ground, told, found.survey.settings.level, bool(places))

    return await answer_asked(request, work)


@router.get(
    "/v1/cameras/compare",
    summary="What another plan does to cameras and reach",
    responses={**responses(404, 422), **NOT_MODIFIED},
)
async def compare(
    request: Request,
    caller: Reader,
    other: Annotated[str, Query(min_length=1, max_length=64, description="The plan to compare with")],
    plan: Plan = None,
) -> Response:
    """Measures of both plans, by the rules of each one's county; for readers who see both as a whole."""
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def find() -> tuple[str, Callable[[], bytes]]:
        from api.usecases.coverage_desk import cameras_version, reach_version

        cards = [desk.plan_of(name or None, asker) for name in (plan, other)]
        for card in cards:
            if not card.place.startswith(asker.jurisdiction):
                raise Refusal(403, "coverage_whole_only", measured=asker.jurisdiction, allowed=card.place)
        settings = [(desk.camera_settings(card), desk.reach_settings(card)) for card in cards]
        versions = [
            text
            for card, (cameras, reach) in zip(cards, settings)
            for text in (cameras_version(card, cameras), reach_version(card, reach))
        ]

        def make() -> bytes:
            import orjson

            from api.reach_answers import compared_out

            surveys = [
                of_the_land(lambda card=card, pair=pair: (desk.cameras(card, pair[0]), desk.reach(card, pair[1])))  # type: ignore[misc]
                for card, pair in zip(cards, settings)
            ]
            return orjson.dumps(compared_out(*surveys, language_of(request)))

        return " ".join(versions), make

    return await answer_in_turn(request, find)
