"""The dispatcher's desk, as it stands and as it changes: the board, and the stream of events after it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.http.openapi import also_describe
from api.http.schemas import Moment
from api.routes import incident_feed
from api.routes.access import Caller, allow, is_still_let_in
from api.routes.acts import settings_of, store_of
from api.routes.incident_feed import DeskFeed, EventStream, poll
from api.routes.plan_schemas import NOT_MODIFIED
from api.routes.repeats import is_known
from api.usecases.incident_board import board_of, since_of

router = APIRouter(tags=["incidents"])
READS = allow("planner", "reviewer", "dispatcher", "patrol", "auditor")
Reader = Annotated[Caller, Depends(READS)]
_EVENTS = "text/event-stream"
_JSON = "application/json"
_NO_EVENT = 2**53 - 1


class BoardColumns(BaseModel):
    """One value an incident in every column; moments in seconds since 1970."""

    id: list[str]
    kind: list[int] = Field(description="Place in `kinds`")
    priority: list[int]
    state: list[int] = Field(description="Place in `states`")
    level: list[int]
    lon: list[float]
    lat: list[float]
    received_at: list[int]
    due_at: list[int]
    clock_at: list[int | None] = Field(description="When what it waits for is due; null: it waits for nothing")
    closed_at: list[int | None] = Field(description="When it was closed or cancelled")
    title: list[str | None]
    unit: list[str | None]
    body: list[str | None]
    source: list[str]
    revision: list[int]
    grid: list[int | None] = Field(description="Place in `grids`")
    community: list[int | None] = Field(description="Place in `communities`")


class BoardOut(BaseModel):
    """Everything that is open, and what ended of late."""

    event: int = Field(description="Number of the newest event in it: what `after` of the stream takes")
    now: str = Field(description="The service's clock")
    since: str = Field(description="Incidents that ended earlier are left out")
    count: int = Field(description="Incidents in the store that fit")
    kinds: list[str]
    states: list[str]
    columns: BoardColumns
    grids: list[str]
    communities: list[str]
    units: list[dict[str, Any]]
    flags: list[dict[str, Any]]


class DeskMessage(BaseModel):
    """What `data` of a message holds, as JSON."""

    number: int
    after: int = Field(description="Number of the message before: another one than was read means that one is missing")
    kind: str = Field(
        description="`incident.received`, `incident.step`, `unit.moved`, ...; `incident.left`, `unit.left`: it lies in "
        "none of the listener's places any more; `resync`: take the board"
    )
    at: str = Field("", description="This and what follows is left out of `resync`")
    subject: str = Field("", description="Id of the incident, unit or flag")
    role: str = ""
    before: str | None = None
    after_state: str | None = None
    row: dict[str, Any] = Field(
        {}, description="The incident, unit or flag afterwards; of one that left, its id and revision"
    )


_MESSAGE = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "id": {"type": "string", "description": "Number of the event; what `Last-Event-ID` takes"},
        "event": {"type": "string", "description": "incident, unit, flag, import, rules, resync or alive"},
        "data": {"type": "string", "contentMediaType": _JSON, "contentSchema": also_describe(DeskMessage)},
    },
}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Bring events to open streams while the service runs."""
    observer = app.state.observer
    feed = DeskFeed(app.state.store, app.state.settings, lambda: bool(observer.is_draining))
    app.state.desk_feed = feed
    feed.start()
    try:
        yield
    finally:
        await feed.end()


@router.get(
    "/v1/incidents/board",
    response_model=BoardOut,
    summary="Everything that is open on the dispatcher's desk",
    responses=NOT_MODIFIED,
)
def show_board(
    request: Request,
    caller: Reader,
    since: Annotated[Moment | None, Query(description="Also what ended from then on; a day ago when omitted")] = None,
) -> Response:
    """As columns, as of one number of the stream: `GET /v1/incidents/stream?after=EVENT` goes on from there."""
    now = settings_of(request).now()
    with store_of(request).read(caller.jurisdiction) as tx:
        event = tx.stream.last()
        seen = f"{caller.jurisdiction} {since.isoformat() if since else ''}"
        etag = f'"{event}-{hashlib.sha256(seen.encode()).hexdigest()[:8]}"'
        headers = {"ETag": f"W/{etag}", "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
        if is_known(request, etag):
            return Response(status_code=304, headers=headers)
        board = board_of(tx, now, since_of(now, since), event)
    return Response(orjson.dumps(board), headers=headers, media_type=_JSON)


@router.get(
    "/v1/incidents/stream",
    summary="What happens on the dispatcher's desk, as it happens",
    response_class=StreamingResponse,
    responses={
        200: {"description": "Server-sent events, each of this form", "content": {_EVENTS: {"schema": _MESSAGE}}}
    },
)
async def stream_incidents(
    request: Request,
    caller: Reader,
    after: Annotated[
        int | None, Query(ge=0, le=_NO_EVENT, description="Number of the last event that is known; else only new ones")
    ] = None,
    seconds: Annotated[
        int, Query(ge=0, le=incident_feed.MOST_S, description="How long to listen; 0: what there is, and no longer")
    ] = incident_feed.MOST_S,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> Response:
    """Server-sent events: incidents, units, red flags, files taken in, rules.

    A browser's EventSource reconnects by itself and goes on where it was.  Every message names the one before it in
    `after`.  `resync` says that the place in the stream is gone: take the board, and go on from the number of this
    message.  `alive` comes every quarter of a minute without a word, has no id, and names the last message too.  The
    stream ends after half an hour and with the account's right to read it.
    """
    known = after if last_event_id is None else number_of(last_event_id)
    listens_s = min(seconds, incident_feed.MOST_S)
    if listens_s == 0:
        text = await run_in_threadpool(poll, request.app.state.store, caller.jurisdiction, known)
        return Response(text, headers={"Cache-Control": "no-store"}, media_type=_EVENTS)
    feed: DeskFeed = request.app.state.desk_feed
    feed.check_room()
    if known is None:
        known = await run_in_threadpool(_newest, request)

    async def is_welcome() -> bool:
        return await is_still_let_in(request, READS, caller)

    return EventStream(feed, caller.jurisdiction, known, listens_s, is_welcome)


def number_of(last_event_id: str) -> int:
    """What a browser says it has got; what is no number of ours is a number that no event has."""
    text = last_event_id.strip()
    return min(int(text), _NO_EVENT) if text.isascii() and text.isdigit() else _NO_EVENT


def _newest(request: Request) -> int:
    with store_of(request).read() as tx:
        return tx.stream.last()
