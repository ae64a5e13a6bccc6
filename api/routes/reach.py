"""Response times of a plan over HTTP: promises, on a map, to a spot; where more posts would help most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import Field

from api.http.openapi import responses
from api.http.schemas import Body, Latitude, Line, Longitude
from api.problems import Refusal
from api.routes.acts import language_of
from api.routes.cameras import Limit, Offset
from api.routes.coverage_asked import (
    FEATURES,
    GEO,
    NOT_MODIFIED,
    Grids,
    Plan,
    Reader,
    Sender,
    answer_asked,
    answer_in_turn,
    asker_of,
    coverage_desk_of,
    of_the_land,
)

router = APIRouter(tags=["coverage"])
MOST_UNITS = 2_000
MOST_ADD = 50
What = Literal["rings", "streets", "posts", "doors"]
Mode = Literal["foot", "ebike", "car"]
RuleName = Annotated[str, Query(min_length=1, max_length=80, description="Name of the promise")]
BandName = Annotated[str | None, Query(max_length=80, description="Part of the day; the first when omitted")]
Minutes = Annotated[
    list[Annotated[float, Field(gt=0, le=1440)]],
    Query(max_length=20, description="Rings; those of the rules when omitted"),
]


class PostsIn(Body):
    """A question where posts had best stand."""

    plan: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    rule: Annotated[str, Field(min_length=1, max_length=80)]
    band: Annotated[str, Field(max_length=80)] | None = None
    goal: Literal["center", "median", "cover", "most"] = Field(
        "most",
        description="The last door soonest; all doors soonest on average; every door in time with as few posts as can "
        "be; as many households in time as can be",
    )
    add: Annotated[int, Field(ge=0, le=MOST_ADD)] = Field(1, description="How many more posts; not used for `cover`")


class UnitIn(Body):
    """A unit that could be sent: a car, a patrol, a post; never a person."""

    id: Line
    kind: Annotated[str, Field(max_length=40)] = ""
    lon: Longitude
    lat: Latitude
    status: Literal["available", "busy", "resting", "off"] = "available"
    age_s: Annotated[float, Field(ge=0, le=1e9)] = Field(0.0, description="Age of its position")


class NearestIn(Body):
    """An incident and the units there are."""

    plan: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    lon: Longitude
    lat: Latitude
    k: Annotated[int, Field(ge=1, le=50)] = 3
    mode: Mode = "car"
    band: Annotated[str, Field(max_length=80)] | None = None
    units: Annotated[list[UnitIn], Field(max_length=MOST_UNITS)]


def posts_desk_of(app: FastAPI) -> Any:
    """The desk of a service that proposes posts; the first who asks makes it."""
    found = getattr(app.state, "posts_desk", None)
    if found is None:
        from api.usecases.coverage_posts import PostDesk

        found = app.state.posts_desk = PostDesk(coverage_desk_of(app))
    return found


@router.get("/v1/reach", summary="Promises of response times", responses={**responses(404, 422), **NOT_MODIFIED})
async def show_reach(request: Request, caller: Sender, plan: Plan = None) -> Response:
    """Every promise in every part of the day, checked to the last door; shares are of the grids the reader sees."""
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def find() -> tuple[str, Callable[[], bytes]]:
        from api.usecases.coverage_desk import picked, reach_version

        card = desk.plan_of(plan or None, asker)
        book = desk.rules(card, "reach")
        settings = desk.reach_settings(card)

        def make() -> bytes:
            from api.reach_answers import reach_out

            grids = picked(of_the_land(lambda: desk.ground(card)), asker)
            found = of_the_land(lambda: desk.reach(card, settings))
            is_whole = found.ground.sees_all(asker.jurisdiction)
            return orjson.dumps(reach_out(found, book, grids, is_whole, language_of(request)))

        return f"{reach_version(card, settings)} {book.version} {caller.jurisdiction}", make

    return await answer_in_turn(request, find)


@router.get(
    "/v1/reach/features",
    summary="Response times on a map",
    response_class=Response,
    responses={**responses(404, 422), **NOT_MODIFIED, **FEATURES},
)
async def show_features(
    request: Request,
    caller: Sender,
    what: Annotated[What, Query(description="Kind of features")],
    rule: RuleName,
    minutes: Minutes = [],  # noqa: B006
    grid: Grids = [],  # noqa: B006
    plan: Plan = None,
    band: BandName = None,
    offset: Offset = 0,
    limit: Limit = 10_000,
) -> Response:
    """GeoJSON in longitude and latitude; `next` says where the following page begins.

    ``streets`` are cut at the exact minute, ``rings`` are the ground around them to look at; ``doors`` are those not
    reached in time, those that nobody reaches first.
    """
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def find() -> tuple[str, Callable[[], bytes]]:
        from api.feature_pages import Page, collection
        from api.usecases.coverage_desk import picked, reach_version
        from api.usecases.reach_views import ON_MAP, Chosen, rule_index

        card = desk.plan_of(plan or None, asker)
        settings = desk.reach_settings(card)
        page = Page(offset, limit)

        def make() -> bytes:
            grids = picked(of_the_land(lambda: desk.ground(card)), asker, grid)
            found = of_the_land(lambda: desk.reach(card, settings))
            is_whole = found.ground.sees_all(asker.jurisdiction) and not grid
            chosen = Chosen(rule_index(found.survey, rule, band), grids, is_whole, tuple(minutes))
            reach = found.survey.rules[chosen.index]
            return collection(ON_MAP[what](found, chosen, page), page, {"what": what, "rule": rule, "band": reach.band})

        return f"{reach_version(card, settings)} {caller.jurisdiction}", make

    return await answer_in_turn(request, find, GEO)


@router.get(
    "/v1/reach/arrival", summary="How soon somebody is at a spot", responses={**responses(404, 422), **NOT_MODIFIED}
)
async def show_arrival(
    request: Request,
    caller: Sender,
    lon: Annotated[Longitude, Query()],
    lat: Annotated[Latitude, Query()],
    plan: Plan = None,
) -> Response:
    """Per promise and part of the day: seconds, and which post is first."""
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def find() -> tuple[str, Callable[[], bytes]]:
        from api.usecases.coverage_desk import grid_here, reach_version

        card = desk.plan_of(plan or None, asker)
        settings = desk.reach_settings(card)

        def make() -> bytes:
            from api.coverage_answers import plan_out
            from api.feature_pages import metres_at
            from api.usecases.reach_views import arrivals_at

            ground = of_the_land(lambda: desk.ground(card))
            x, y = metres_at(lon, lat, ground.territory.crs)
            row = grid_here(ground, asker, x, y)
            found = of_the_land(lambda: desk.reach(card, settings))
            body = {
                "plan": plan_out(card),
                "grid": ground.land.codes[row],
                "lon": lon,
                "lat": lat,
                "rules": arrivals_at(found, x, y),
            }
            return orjson.dumps(body)

        return f"{reach_version(card, settings)} {caller.jurisdiction}", make

    return await answer_in_turn(request, find)


@router.post("/v1/reach/posts", summary="Where more posts had best stand", responses=responses(404, 422))
async def propose_posts(request: Request, caller: Reader, body: PostsIn) -> Response:
    """Ranked, with what each improves, and a bound that no choice can pass; for readers who see the whole plan."""
    desk, asker = posts_desk_of(request.app), asker_of(caller)

    def work(_: Callable[[], bool]) -> dict[str, Any]:
        from api.reach_answers import posts_out
        from api.usecases.coverage_posts import PostQuestion

        card = desk.desk.plan_of(body.plan, asker)
        if not card.place.startswith(asker.jurisdiction):
            raise Refusal(403, "coverage_whole_only", measured=asker.jurisdiction, allowed=card.place)
        question = PostQuestion(body.rule, body.band or "", body.goal, body.add)
        answer = of_the_land(lambda: desk.propose(card, question))
        return posts_out(desk.desk.ground(card), answer)

    return await answer_asked(request, work)


@router.post("/v1/units/nearest", summary="Units nearest to an incident", responses=responses(404, 422), tags=["units"])
async def ask_nearest(request: Request, caller: Sender, body: NearestIn) -> Response:
    """The units given, the soonest first, each with the reason why it is or is not among the nearest.

    A person decides whom to send.  Positions too old and units that are not available are not considered.
    """
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def work(_: Callable[[], bool]) -> dict[str, Any]:
        from api.reach_answers import units_out
        from api.usecases.coverage_posts import UnitQuestion, ask_units
        from partition.coverage.reach.types import Unit

        card = desk.plan_of(body.plan, asker)
        units = [(Unit(one.id, one.kind, 0.0, 0.0, one.status, one.age_s), one.lon, one.lat) for one in body.units]
        question = UnitQuestion(body.lon, body.lat, body.mode, body.k, body.band or "")
        ground, row, found = of_the_land(lambda: ask_units(desk, card, question, units, asker))
        return units_out(ground, found, ground.land.codes[row], language_of(request))

    return await answer_asked(request, work)
