"""Which grid does a point lie in?  One point by GET, many by POST.

The plain question (a point, the plans in force now) is answered past FastAPI's machinery from the index in memory;
everything else, and everything that is not quite right, takes the ordinary road.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, Literal

import numpy as np
import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.moments import read_moment
from api.http.negotiate import preferred
from api.http.observe import Seen
from api.http.openapi import responses
from api.http.schemas import MAX_ROWS, Latitude, Longitude
from api.i18n import sentence
from api.lookup_batch import read_points, read_table, write_table
from api.lookup_index import NOWHERE, Found, GridIndex, Lookups
from api.problems import Refusal
from api.routes.access import Caller, allow_signed_in
from api.routes.acts import language_of
from data.store.tables.plans import PLAN_STATES

_ALLOW = allow_signed_in()
_SIGNED_IN = Depends(_ALLOW)
_POINT = re.compile(rb"(?:lon=(-?\d{1,3}(?:\.\d{1,20})?)&lat=(-?\d{1,2}(?:\.\d{1,20})?))")
_SEES_DRAFTS = frozenset({"planner", "reviewer", "auditor", "admin"})
_PUBLIC_STATES = ("in_force", "superseded")

Reason = Literal["outside", "on_border", "lon_lat_swapped"]


class PlaceFound(BaseModel):
    """Where a point lies."""

    status: Literal["exact", "not_found"]
    grid: str | None
    name: str | None
    community: str | None
    plan: str | None
    lon: float
    lat: float
    reason: Reason | None
    detail: str | None


class PlacesFound(BaseModel):
    """Where points lie, in the order they were given."""

    rows: list[PlaceFound]
    found: int
    not_found: int


class _Hot(APIRoute):
    """The route of a point; `api.http.guard` lets it look at requests first."""

    def before(self, ordinary: ASGIApp) -> ASGIApp:
        """The application that answers plain questions itself."""
        return _PointApp(ordinary)


class _PointApp:
    """Answers ``lon=..&lat=..`` from the index in memory; hands everything else on."""

    def __init__(self, ordinary: ASGIApp) -> None:
        self._ordinary = ordinary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = _POINT.fullmatch(scope["query_string"])
        index = lookups_of(scope["app"]).current() if asked else None
        if asked is None or index is None or not _takes_json(scope):
            await self._ordinary(scope, receive, send)
            return
        lon, lat = float(asked[1]), float(asked[2])
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            await self._ordinary(scope, receive, send)
            return
        request = Request(scope, receive)
        caller = await _ALLOW(request)
        found = index.find(lon, lat, caller.jurisdiction)
        body = orjson.dumps(_row(index, found, lon, lat, caller.jurisdiction, request))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _takes_json(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"accept":
            return value in (b"*/*", b"application/json")
    return True


router = APIRouter(tags=["lookup"], route_class=_Hot)
_ordinary = APIRouter(tags=["lookup"])


def lookups_of(app: FastAPI) -> Lookups:
    """The indexes of a service; the first who asks makes them."""
    found: Lookups | None = getattr(app.state, "lookups", None)
    if found is None:
        settings = app.state.settings
        found = app.state.lookups = Lookups(app.state.store, settings.now, settings.poll_seconds)
    return found


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Watch the store for news while the service runs."""
    lookups = lookups_of(app)

    def hear(seen: Seen) -> None:
        if seen.method not in ("GET", "HEAD") and seen.status < 300:
            lookups.wake()

    app.state.observer.listen(hear)
    watch = asyncio.create_task(lookups.watch())
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


AsOf = Annotated[
    str | None,
    Query(max_length=40, description="Plans in force at this moment (RFC 3339, or a date in China's time)"),
]
OfPlan = Annotated[str | None, Query(max_length=40, description="This plan instead of those in force")]
Language = Annotated[Literal["zh", "en"] | None, Query(description="Language of `detail`")]


@router.get("/v1/lookup", summary="The grid of a point", responses=responses(404))
def look_up(
    request: Request,
    lon: Annotated[Longitude, Query()],
    lat: Annotated[Latitude, Query()],
    as_of: AsOf = None,
    plan: OfPlan = None,
    lang: Language = None,
    caller: Caller = _SIGNED_IN,
) -> PlaceFound:
    """Finds the grid that a point in WGS 84 lies in.

    A point on the common border of two grids belongs to the one with the lower code, and `reason` says so.
    """
    index = _index(request, caller, as_of, plan)
    found = index.find(lon, lat, caller.jurisdiction)
    return PlaceFound(**_row(index, found, lon, lat, caller.jurisdiction, request))


_BATCH = {
    "application/json": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["points"],
            "properties": {
                "points": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MAX_ROWS,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["lon", "lat"],
                        "properties": {
                            "lon": {"type": "number", "minimum": -180, "maximum": 180},
                            "lat": {"type": "number", "minimum": -90, "maximum": 90},
                        },
                    },
                }
            },
        }
    },
    "text/csv": {"schema": {"type": "string", "description": "A table with the columns lon and lat"}},
}


@_ordinary.post(
    "/v1/lookup/batch",
    summary="The grids of many points",
    response_model=PlacesFound,
    responses={**responses(404), 200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    openapi_extra={"requestBody": {"required": True, "content": _BATCH}},
)
async def look_up_many(
    request: Request, as_of: AsOf = None, plan: OfPlan = None, lang: Language = None, caller: Caller = _SIGNED_IN
) -> Response:
    """Finds the grids of up to 10,000 points, one row out per row in, in their order.

    The answer is a table where a table is sent or asked for (``Accept: text/csv``), else JSON.
    """
    body = await request.body()
    if not body:
        raise Refusal(400, "batch_empty")
    is_table = request.headers.get("content-type", "").split(";")[0].strip().lower() == "text/csv"
    offered = ("text/csv", "application/json") if is_table else ("application/json", "text/csv")
    gives = preferred(request.headers.get("accept", ""), offered)

    def work() -> Response:
        points = read_table(body) if is_table else read_points(body)
        index = _index(request, caller, as_of, plan)
        rows = _rows(index, points, caller.jurisdiction, request)
        if gives == "text/csv":
            return Response(write_table(rows), media_type="text/csv")
        n_found = sum(row["status"] == "exact" for row in rows)
        answer = {"rows": rows, "found": n_found, "not_found": len(rows) - n_found}
        return Response(orjson.dumps(answer), media_type="application/json")

    return await run_in_threadpool(work)


router.routes.extend(_ordinary.routes)


def _index(request: Request, caller: Caller, as_of: str | None, plan: str | None) -> GridIndex:
    lookups = lookups_of(request.app)
    if plan is not None:
        if as_of is not None:
            raise Refusal(400, "lookup_plan_or_moment")
        states = PLAN_STATES if caller.role in _SEES_DRAFTS else _PUBLIC_STATES
        return lookups.of_plan(plan, caller.jurisdiction, states)
    if as_of is not None:
        return lookups.at(read_moment(as_of, "as_of"))
    return lookups.ask_current()


def _row(index: GridIndex, found: Found, lon: float, lat: float, jurisdiction: str, request: Request) -> dict[str, Any]:
    reason: str | None = "on_border" if found.on_border else None
    facts: dict[str, Any] = {}
    if found.row == NOWHERE:
        reason = "outside"
        if abs(lon) <= 90:
            other = index.find(lat, lon, jurisdiction)
            if other.row != NOWHERE:
                reason, facts = "lon_lat_swapped", {"id": index.grids.code[other.row]}
    return _described(index, found.row, lon, lat, reason, facts, request)


def _described(
    index: GridIndex, row: int, lon: float, lat: float, reason: str | None, facts: dict[str, Any], request: Request
) -> dict[str, Any]:
    grids = index.grids
    is_found = row != NOWHERE
    return {
        "status": "exact" if is_found else "not_found",
        "grid": grids.code[row] if is_found else None,
        "name": grids.name[row] if is_found else None,
        "community": grids.community[row] if is_found else None,
        "plan": grids.plan[row] if is_found else None,
        "lon": lon,
        "lat": lat,
        "reason": reason,
        "detail": sentence(f"lookup_{reason}", facts, language_of(request)) if reason else None,
    }


def _rows(index: GridIndex, points: np.ndarray, jurisdiction: str, request: Request) -> list[dict[str, Any]]:
    lon, lat = points[:, 0], points[:, 1]
    row, on_border = index.find_many(lon, lat, jurisdiction)
    swapped = np.full(len(row), NOWHERE)
    lost = np.flatnonzero((row == NOWHERE) & (np.abs(lon) <= 90))
    if len(lost):
        swapped[lost] = index.find_many(lat[lost], lon[lost], jurisdiction)[0]
    made = []
    for i, (x, y) in enumerate(points.tolist()):
        reason, facts = ("on_border" if on_border[i] else None), {}
        if row[i] == NOWHERE:
            reason = "outside"
            if swapped[i] != NOWHERE:
                reason, facts = "lon_lat_swapped", {"id": index.grids.code[swapped[i]]}
        made.append(_described(index, int(row[i]), x, y, reason, facts, request))
    return made
