"""Which grid does a point, an address or a grid code lie in?  One by GET, many by POST.

The plain question after a point or an address (the plans in force now) is answered past FastAPI's machinery from the
index in memory; everything else, and everything that is not quite right, takes the ordinary road.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Annotated, Any, BinaryIO, Literal
from urllib.parse import unquote_to_bytes

import numpy as np
import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.guard import TABLE
from api.http.moments import read_moment
from api.http.negotiate import preferred
from api.http.observe import Seen
from api.http.openapi import responses
from api.http.schemas import MAX_ROWS, Latitude, Longitude
from api.lookup_answers import PlaceFound, PlacesFound, of_answer, of_fault, of_point
from api.lookup_batch import MAX_ADDRESS, MAX_TABLE_ROWS, Table, read_json, write_json, write_table
from api.lookup_books import Books, Shelf
from api.lookup_index import NOWHERE, Found, GridIndex, Lookups
from api.problems import Refusal
from api.routes.access import Caller, allow_signed_in
from api.routes.acts import language_of
from data.store.tables.plans import PLAN_STATES
from gis.errors import GridwrightError

_ALLOW = allow_signed_in()
_SIGNED_IN = Depends(_ALLOW)
_ADDRESS = re.compile(rb"address=([^&;]+)(?:&lang=(?:zh|en))?")
_POINT = re.compile(rb"(?:lon=(-?\d{1,3}(?:\.\d{1,20})?)&lat=(-?\d{1,2}(?:\.\d{1,20})?))")
_SEES_DRAFTS = frozenset({"planner", "reviewer", "auditor", "admin"})
_PUBLIC_STATES = ("in_force", "superseded")
_AT_ONCE = 1_000
MAX_IN_QUERY = 5_000
"""Characters of an address in a query string; a batch takes longer ones."""


class _Hot(APIRoute):
    """The route of one point or address; `api.http.guard` lets it look at requests first."""

    def before(self, ordinary: ASGIApp) -> ASGIApp:
        """The application that answers plain questions itself."""
        return _PlainApp(ordinary)


class _PlainApp:
    """Answers ``lon=..&lat=..`` and ``address=..`` from the index in memory; hands everything else on."""

    def __init__(self, ordinary: ASGIApp) -> None:
        self._ordinary = ordinary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await self._point(scope, receive) or await self._address(scope, receive)
        if body is None:
            await self._ordinary(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _point(self, scope: Scope, receive: Receive) -> bytes | None:
        asked = _POINT.fullmatch(scope["query_string"])
        index = lookups_of(scope["app"]).current() if asked else None
        if asked is None or index is None or not _takes_json(scope):
            return None
        lon, lat = float(asked[1]), float(asked[2])
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            return None
        request = Request(scope, receive)
        caller = await _ALLOW(request)
        found = index.find(lon, lat, caller.jurisdiction)
        return orjson.dumps(_row(index, found, lon, lat, caller.jurisdiction, language_of(request)))

    async def _address(self, scope: Scope, receive: Receive) -> bytes | None:
        asked = _ADDRESS.fullmatch(scope["query_string"])
        if asked is None or not _takes_json(scope):
            return None
        text = unquote_to_bytes(asked[1].replace(b"+", b" ")).decode("utf-8", "replace")
        books = books_of(scope["app"])
        if len(text) > MAX_IN_QUERY or not books.is_watched:
            return None
        request = Request(scope, receive)
        caller = await _ALLOW(request)
        shelf = books.current(caller.jurisdiction)
        if shelf is None:
            return None
        language = language_of(request)

        def find() -> bytes:
            with without_words():
                return orjson.dumps(of_answer(shelf.look_up_many([text])[0], language))

        return await books.run(find)


def _takes_json(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"accept":
            return value in (b"*/*", b"application/json")
    return True


class _Batch(APIRoute):
    """The route of many; tables are read row by row (see `api.http.guard`)."""

    tables = frozenset({"text/csv"})


router = APIRouter(tags=["lookup"], route_class=_Hot)
_batch = APIRouter(tags=["lookup"], route_class=_Batch)


def lookups_of(app: FastAPI) -> Lookups:
    """The indexes of a service; the first who asks makes them."""
    found: Lookups | None = getattr(app.state, "lookups", None)
    if found is None:
        settings = app.state.settings
        found = app.state.lookups = Lookups(app.state.store, settings.now, settings.poll_seconds)
    return found


@contextmanager
def without_words() -> Iterator[None]:
    """An unexpected error goes on without its message: what was asked never gets into the log."""
    try:
        yield
    except GridwrightError:
        raise
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__} in a look-up").with_traceback(error.__traceback__) from None


def books_of(app: FastAPI) -> Books:
    """The address books of a service; the first who asks makes them."""
    found: Books | None = getattr(app.state, "books", None)
    if found is None:
        found = app.state.books = Books(app.state.store, lookups_of(app), app.state.settings.now)
    return found


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Watch the store for news while the service runs."""
    lookups = lookups_of(app)

    def hear(seen: Seen) -> None:
        # Look-ups change nothing, also those that come by POST.
        if seen.method not in ("GET", "HEAD") and seen.status < 300 and not seen.route.startswith("/v1/lookup"):
            lookups.wake()

    app.state.observer.listen(hear)
    async with AsyncExitStack() as stack:
        for watched in (books_of(app).watch(), lookups.watch()):
            stack.push_async_callback(_end, asyncio.create_task(watched))
        yield


async def _end(watch: asyncio.Task[None]) -> None:
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch


AsOf = Annotated[
    str | None,
    Query(max_length=40, description="Plans in force at this moment (RFC 3339, or a date in China's time)"),
]
OfPlan = Annotated[str | None, Query(max_length=40, description="This plan instead of those in force")]
Language = Annotated[Literal["zh", "en"] | None, Query(description="Language of `detail`")]


Address = Annotated[
    str | None,
    Query(
        max_length=MAX_IN_QUERY, description="An address as people write it, or the code of a grid, also a retired one"
    ),
]


@router.get("/v1/lookup", summary="The grid of a point or an address", responses=responses(404))
def look_up(
    request: Request,
    address: Address = None,
    lon: Annotated[Longitude | None, Query()] = None,
    lat: Annotated[Latitude | None, Query()] = None,
    as_of: AsOf = None,
    plan: OfPlan = None,
    lang: Language = None,
    caller: Caller = _SIGNED_IN,
) -> PlaceFound:
    """Finds the grid that a point in WGS 84 lies in, or the building that an address means and its grid.

    A point on the common border of two grids belongs to the one with the lower code, and `reason` says so.  Of an
    address names may be mistyped, numbers never: what does not exist is not replaced by its neighbour.
    """
    language = language_of(request)
    if address is not None:
        if lon is not None or lat is not None:
            raise Refusal(400, "lookup_one_of")
        shelf = _shelf(request, caller, as_of, plan)
        with books_of(request.app).turn(), without_words():
            answer = shelf.look_up_many([address])[0]
        return PlaceFound(**of_answer(answer, language))
    if lon is None or lat is None:
        missing = "lat" if lon is not None else "lon" if lat is not None else "address / lon, lat"
        raise Refusal(400, "parameter_missing", where="query", column=missing, measured=None, allowed="Field required")
    index = _index(request, caller, as_of, plan)
    found = index.find(lon, lat, caller.jurisdiction)
    return PlaceFound(**_row(index, found, lon, lat, caller.jurisdiction, language))


def _list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "maxItems": MAX_ROWS, "items": items}


_POINT_IN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["lon", "lat"],
    "properties": {
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
    },
}
_BODY = {
    "application/json": {
        "schema": {
            "oneOf": [
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": [name],
                    "properties": {name: _list_of(items)},
                }
                for name, items in (("points", _POINT_IN), ("addresses", {"type": "string", "maxLength": MAX_ADDRESS}))
            ]
        }
    },
    "text/csv": {
        "schema": {
            "type": "string",
            "description": f"A table of at most {MAX_TABLE_ROWS:,} rows with a column address, or lon and lat",
        }
    },
}


@_batch.post(
    "/v1/lookup/batch",
    summary="The grids of many points or addresses",
    response_model=PlacesFound,
    responses={**responses(404), 200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    openapi_extra={"requestBody": {"required": True, "content": _BODY}},
)
async def look_up_many(
    request: Request, as_of: AsOf = None, plan: OfPlan = None, lang: Language = None, caller: Caller = _SIGNED_IN
) -> Response:
    """Finds the grids of many points or addresses, one row out per row in, in their order.

    JSON takes up to 10,000, and one faulty row refuses the whole.  A table may be long: its answer comes row by row,
    and a faulty row says what is wrong with it while the rest go on.  The answer is a table where a table is sent or
    asked for (``Accept: text/csv``), else JSON.
    """
    table: BinaryIO | None = request.scope.get(TABLE)
    offered = ("text/csv", "application/json") if table is not None else ("application/json", "text/csv")
    gives = preferred(request.headers.get("accept", ""), offered)
    write = write_table if gives == "text/csv" else write_json
    body = await request.body()
    if table is None and not body:
        raise Refusal(400, "batch_empty")
    language = language_of(request)

    def begin() -> Iterator[list[dict[str, Any]]]:
        """Everything that can be refused is refused here, before the answer begins."""
        asked: Any = read_json(body) if table is None else Table.read(table, _charset(request))
        by_address = isinstance(asked, list) or (isinstance(asked, Table) and asked.address is not None)
        # The whole answer is of one state of the store.
        shelf = _shelf(request, caller, as_of, plan) if by_address else None
        index = None if by_address else _index(request, caller, as_of, plan)

        def of_texts(texts: Sequence[str]) -> list[dict[str, Any]]:
            assert shelf is not None
            with without_words():
                return [of_answer(answer, language) for answer in shelf.look_up_many(texts)]

        def of_points(points: NDArray[np.float64]) -> list[dict[str, Any]]:
            assert index is not None
            return _rows(index, points, caller.jurisdiction, language)

        if isinstance(asked, Table):
            return asked.answered(of_points, of_texts, lambda code, facts: of_fault(code, facts, language))
        if isinstance(asked, list):
            parts = (asked[start : start + _AT_ONCE] for start in range(0, len(asked), _AT_ONCE))
            return ([{**row, "query": text} for row, text in zip(of_texts(part), part)] for part in parts)
        return iter([[{**row, "query": f"{row['lon']!r},{row['lat']!r}"} for row in of_points(asked)]])

    return StreamingResponse(write(await run_in_threadpool(begin)), media_type=gives)


router.routes.extend(_batch.routes)


def _charset(request: Request) -> str | None:
    kind = request.headers.get("content-type", "").lower()
    found = re.search(r";\s*charset\s*=\s*\"?([^\s;\"]+)", kind)
    # Programs say utf-8 of whatever they send: that is tried first in any case.
    return found[1] if found and found[1] not in ("utf-8", "utf8") else None


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


def _shelf(request: Request, caller: Caller, as_of: str | None, plan: str | None) -> Shelf:
    books = books_of(request.app)
    if plan is None and as_of is None:
        return books.ask_current(caller.jurisdiction)
    index = _index(request, caller, as_of, plan)
    moment = read_moment(as_of, "as_of") if as_of is not None else request.app.state.settings.now()
    return books.over(index, caller.jurisdiction, moment=moment, plan=plan or "")


def _row(index: GridIndex, found: Found, lon: float, lat: float, jurisdiction: str, language: str) -> dict[str, Any]:
    reason: str | None = "on_border" if found.on_border else None
    facts: dict[str, Any] = {}
    if found.row == NOWHERE:
        reason = "outside"
        if abs(lon) <= 90:
            other = index.find(lat, lon, jurisdiction)
            if other.row != NOWHERE:
                reason, facts = "lon_lat_swapped", {"id": index.grids.code[other.row]}
    return of_point(index, found.row, lon, lat, reason, facts, language)


def _rows(index: GridIndex, points: NDArray[np.float64], jurisdiction: str, language: str) -> list[dict[str, Any]]:
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
        made.append(of_point(index, int(row[i]), x, y, reason, facts, language))
    return made
