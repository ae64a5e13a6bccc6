"""What routes of coverage share: who may ask, the plan and the grids of a question, whose desk answers, turns."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import Field

from api.http.schemas import Line
from api.problems import Refusal
from api.routes.access import Caller, allow
from api.routes.acts import language_of
from api.routes.patrol_asked import states_for
from api.routes.repeats import is_known
from api.routes.turns import Turns
from gis.errors import InputError

if TYPE_CHECKING:
    from api.usecases.coverage_desk import Asker, CoverageDesk

Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "auditor"))]
Planner = Annotated[Caller, Depends(allow("planner"))]
Officer = Annotated[Caller, Depends(allow("planner", "reviewer"))]
Sender = Annotated[Caller, Depends(allow("planner", "reviewer", "auditor", "dispatcher"))]

KEPT = {"Cache-Control": "private, no-cache", "Vary": "Accept-Language, Cookie, Authorization"}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "As the reader has it already"}}
GEO = "application/geo+json"
FEATURES: dict[int | str, dict[str, Any]] = {
    200: {"description": "GeoJSON", "content": {GEO: {"schema": {"type": "object"}}}}
}
MOST_GRIDS = 200
_LOOK_EVERY_S = 0.5

Plan = Annotated[str | None, Query(max_length=64, description="Another plan than the one in force")]
Level = Annotated[
    str | None, Query(max_length=40, description="Level of pixel density; that of the rules when omitted")
]
Grids = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]],
    Query(alias="grid", max_length=MOST_GRIDS, description="Only these grids"),
]
Box = Annotated[
    str | None,
    Query(max_length=120, description="Only what touches this box: west,south,east,north in degrees"),
]
PlanName = Annotated[str, Field(min_length=1, max_length=64)]
Code = Annotated[Line, Field(max_length=64)]


def coverage_desk_of(app: FastAPI) -> CoverageDesk:
    """The desk of a service; the first who asks makes it."""
    found: CoverageDesk | None = getattr(app.state, "coverage_desk", None)
    if found is None:
        from api.usecases.coverage_desk import CoverageDesk  # the service starts without it

        found = app.state.coverage_desk = CoverageDesk(app.state.store, app.state.settings.now)
    return found


def asker_of(caller: Caller) -> Asker:
    """Who asks, as the desk knows it."""
    from api.usecases.coverage_desk import Asker

    return Asker(caller.jurisdiction, states_for(caller))


async def in_turn[T](request: Request, work: Callable[[], T]) -> T:
    """Do some work of a request in its turn; see `Turns.take`."""
    state = request.app.state
    turns: Turns | None = getattr(state, "coverage_turns", None)
    if turns is None:
        turns = state.coverage_turns = Turns("coverage", "coverage_desk_busy")
    return await turns.take(work)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Let the threads go when the service ends."""
    yield
    turns: Turns | None = getattr(app.state, "coverage_turns", None)
    if turns is not None:
        turns.end()
        app.state.coverage_turns = None


def of_the_land[T](work: Callable[[], T]) -> T:
    """Do some work that finds faults of the territory or its rules, not of the question.

    Raises
    ------
    Refusal
        422 with the faults.
    """
    try:
        return work()
    except InputError as error:
        refusal = Refusal(422, error.code, **error.facts)
        refusal.faults = error.faults
        raise refusal from error


async def answer_in_turn(
    request: Request,
    find: Callable[[], tuple[str, Callable[[], bytes]]],
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    """Answer a question that reads.

    ``find`` gives what the answer follows from, and how it is made; what the reader has already is not made again.
    """

    def work() -> tuple[str, bytes | None]:
        version, make = find()
        text = "\n".join((version, request.url.path, request.url.query, language_of(request)))
        etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
        return etag, None if is_known(request, etag) else make()

    etag, body = await in_turn(request, work)
    kept = {**KEPT, **(headers or {}), "ETag": etag}
    if body is None:
        return Response(status_code=304, headers={**KEPT, "ETag": etag})
    return Response(body, headers=kept, media_type=media_type)


async def answer_asked(request: Request, work: Callable[[Callable[[], bool]], Any], status: int = 200) -> Response:
    """Answer a question that came with a body.

    ``work`` is given a function that says whether nobody waits for the answer any more.
    """
    gone = threading.Event()
    watching = asyncio.create_task(_watch(request, gone))
    try:
        body = await in_turn(request, lambda: orjson.dumps(work(gone.is_set)))
    finally:
        watching.cancel()
    return Response(body, status, {"Cache-Control": "no-store"}, media_type="application/json")


async def _watch(request: Request, gone: threading.Event) -> None:
    """Tell when the reader has gone: what they asked for may take minutes, and others wait for their turn."""
    while not await request.is_disconnected():
        await asyncio.sleep(_LOOK_EVERY_S)
    gone.set()
