"""Long work over HTTP: draws and re-draws are asked for, watched and cancelled here; a worker carries them out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import fields, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, create_model
from starlette.concurrency import run_in_threadpool

from api.defaults import CHANGE_WEIGHT
from api.http.openapi import responses
from api.http.schemas import Body, Line
from api.i18n import sentence
from api.jobs.params import draw_params, redraw_params
from api.problems import Refusal, fault_rows
from api.routes.access import Caller, allow
from api.routes.acts import act_of, language_of, store_of
from api.routes.repeats import answer_once
from api.routes.sse import JobFeed, start_feed
from data.store import Tx
from data.store.rooms.jobs import JobCard
from data.store.rooms.repeats import Answer
from gis.errors import Conflict, InputError
from partition.rules import PRESETS, Rules

router = APIRouter(tags=["jobs"])
MOST_WAITING = 100
"""Jobs that one account may have in the queue."""
Planner = Annotated[Caller, Depends(allow("planner"))]
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "auditor"))]
JobId = Annotated[str, Field(max_length=40)]
State = Literal["queued", "running", "done", "failed", "cancelled"]
_EVENTS = "text/event-stream"
_EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "id": {"type": "string", "description": "Number of the event; what `Last-Event-ID` takes"},
        "event": {"type": "string", "description": "What happened"},
        "data": {"type": "string", "description": "JSON"},
    },
}
_ASKED = responses(404, 409, 507)

_TYPES: dict[type, Any] = {
    str: Line,
    int: Annotated[int, Field(ge=0, le=1_000_000)],
    float: Annotated[float, Field(ge=0, lt=1e9)],
    bool: bool,
    tuple: Annotated[list[Line], Field(max_length=20)],
}
RulesIn = create_model(
    "RulesIn",
    __base__=Body,
    __doc__="Rules of division: a preset, and what differs from it (docs/concepts.md).",
    **{rule.name: (_TYPES[type(rule.default)] | None, None) for rule in fields(Rules)},  # type: ignore[call-overload]
)


class Search(Body):
    """What every search may be told."""

    name: Line | None = Field(None, description="Name of the plan that is made; that of the territory when omitted")
    rules: RulesIn | None = None  # type: ignore[valid-type]
    seed: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0
    seconds: Annotated[float, Field(gt=0, le=7 * 86_400)] | None = Field(
        None, description="Limit of the search; a plan cut short by the clock may differ from run to run"
    )
    locks: list[Line] = Field(default_factory=list, max_length=10_000)


class DrawIn(Search):
    """A first plan of a territory of the store."""

    territory: Line | None = Field(None, description="Id of a territory; or `county`")
    county: Line | None = Field(None, description="Code of a place: its current territory; or `territory`")


class RedrawIn(Search):
    """A plan of the store drawn anew with least change; locks of the plan hold too."""

    plan: Line
    territory: Line | None = Field(None, description="Id of the territory of today; that of the plan when omitted")
    merge: list[Line] = Field(
        default_factory=list,
        max_length=1000,
        description="Changes of communities to apply first, as `330402015201+330402015202=330402015201`",
    )
    change_weight: Annotated[float, Field(ge=0, le=1e6)] = Field(
        CHANGE_WEIGHT, description="Metres of border that one household in another grid costs"
    )


class FaultOut(BaseModel):
    """Why a job failed."""

    code: str
    message: str
    facts: dict[str, Any]


class JobOut(BaseModel):
    """A job as it stands."""

    id: str
    kind: str
    state: State
    is_cancelling: bool = Field(description="It was asked to end, and its worker has not heard of it yet")
    place: str
    who: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    stage: str | None = Field(description="What is being done: a stable name")
    text: str | None = Field(description="The same for people")
    done: int
    total: int = Field(description="Steps of the stage; 0 where they are not counted")
    share: float | None = Field(description="Of the stage, 0-1")
    seconds: float = Field(description="Of work so far")
    attempts: int = Field(description="How often it was taken up since it last got further")
    params: dict[str, Any]
    result: dict[str, Any] | None = Field(description="What was made: `plan` is its id")
    faults: list[FaultOut]


class JobsOut(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobOut]
    next: str | None = Field(description="What `before` must be for the following ones")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Bring events to open streams while the service runs."""
    app.state.job_feed, task = start_feed(app)
    try:
        yield
    finally:
        task.cancel()
        with suppress(BaseException):
            await task


@router.post(
    "/v1/draw",
    status_code=202,
    response_model=JobOut,
    summary="Draw the grids of a territory",
    responses=responses(404, 409, 507),
)
def ask_draw(request: Request, caller: Planner, body: DrawIn) -> Response:
    """Answers at once with a job; the plan it makes is a draft."""
    if (body.territory is None) == (body.county is None):
        raise InputError("job_place_needed")

    def ask(tx: Tx) -> JobCard:
        card = tx.territories.card(body.territory) if body.territory else tx.territories.current(body.county or "")
        params = draw_params(
            card.id,
            name=body.name or card.name,
            rules=rules_in(body.rules),
            seed=body.seed,
            seconds=body.seconds,
            locks=tuple(body.locks),
        )
        return tx.jobs.ask("draw", params, place=narrower(card.county, tx.jurisdiction))

    return ask_job(request, caller, body, ask)


@router.post(
    "/v1/redraw", status_code=202, response_model=JobOut, summary="Draw a plan anew", responses=responses(404, 409, 507)
)
def ask_redraw(request: Request, caller: Planner, body: RedrawIn) -> Response:
    """With least change; answers at once with a job.  The plan it makes is a draft, a child of the one it is of."""

    def ask(tx: Tx) -> JobCard:
        plan = tx.plans.card(body.plan)
        card = tx.territories.card(body.territory or plan.territory)
        if body.merge and not card.county.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=card.county, allowed=tx.jurisdiction)
        params = redraw_params(
            plan.id,
            plan.revision,
            card.id,
            name=body.name or plan.name,
            rules=None if body.rules is None else rules_in(body.rules),
            merge=tuple(body.merge),
            change_weight=body.change_weight,
            seed=body.seed,
            seconds=body.seconds,
            locks=tuple(dict.fromkeys([*tx.life.locks(plan.id), *body.locks])),
        )
        return tx.jobs.ask("redraw", params, place=narrower(card.county, tx.jurisdiction))

    return ask_job(request, caller, body, ask)


@router.get("/v1/jobs", summary="Jobs within one's jurisdiction", responses=responses(404))
def list_jobs(
    request: Request,
    caller: Reader,
    state: State | None = None,
    before: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> JobsOut:
    """The newest first."""
    with store_of(request).read(caller.jurisdiction) as tx:
        found = tx.jobs.cards(state=state, before=before, limit=limit)
    language = language_of(request)
    following = found[-1].id if len(found) == limit else None
    return JobsOut(jobs=[shown(card, language) for card in found], next=following)


@router.get("/v1/jobs/{job}", summary="One job", responses=responses(404))
def show_job(request: Request, response: Response, caller: Reader, job: JobId) -> JobOut:
    """How far it is, what it made, or why it failed."""
    response.headers["Cache-Control"] = "no-store"
    with store_of(request).read(caller.jurisdiction) as tx:
        return shown(tx.jobs.card(job), language_of(request))


@router.delete("/v1/jobs/{job}", status_code=202, summary="Cancel a job", responses=responses(404, 409, 507))
def cancel_job(request: Request, caller: Planner, job: JobId) -> JobOut:
    """One that waits ends at once; one that runs ends as soon as its worker hears of it, and makes no plan."""
    with store_of(request).write(act_of(request, caller)) as tx:
        return shown(tx.jobs.cancel(job), language_of(request))


@router.post("/v1/jobs/{job}/cancel", status_code=202, summary="Cancel a job", responses=responses(404, 409, 507))
def cancel_job_by_post(request: Request, caller: Planner, job: JobId) -> JobOut:
    """The same as DELETE, for callers that have only GET and POST."""
    return cancel_job(request, caller, job)


@router.get(
    "/v1/jobs/{job}/events",
    summary="What happens to a job, as it happens",
    response_class=StreamingResponse,
    responses={
        **responses(404),
        200: {"description": "Server-sent events, each of this form", "content": {_EVENTS: {"schema": _EVENT}}},
        204: {"description": "The job has ended and there is nothing new"},
    },
)
async def stream_events(
    request: Request,
    caller: Reader,
    job: JobId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Number of the last event that is known")] = 0,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> Response:
    """Server-sent events; a browser's EventSource reconnects by itself and goes on where it was.

    Kinds: `queued`, `started`, `resumed`, `stage`, `progress`, `handed_back`, `cancelling`, and as the last one
    `done`, `failed` or `cancelled`.
    """
    known = _number(last_event_id) if last_event_id else after

    def look() -> bool:
        with store_of(request).read(caller.jurisdiction) as tx:
            card = tx.jobs.card(job)
            return card.has_ended and not tx.jobs.events({job: known}, limit=1)

    if await run_in_threadpool(look):
        return Response(status_code=204)
    feed: JobFeed = request.app.state.job_feed
    feed.check_room()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(feed.stream(job, known, language_of(request)), headers=headers, media_type=_EVENTS)


def shown(card: JobCard, language: str) -> JobOut:
    """A job for the reader."""
    progress = card.progress
    stage, total = str(progress.get("stage", "")), int(progress.get("total", 0))
    done = min(int(progress.get("done", 0)), total) if total else int(progress.get("done", 0))
    return JobOut(
        id=card.id,
        kind=card.kind,
        state=card.state,  # type: ignore[arg-type]
        is_cancelling=card.is_cancelled and not card.has_ended,
        place=card.place,
        who=card.who,
        created_at=card.created_at,
        started_at=card.started_at,
        ended_at=card.ended_at,
        stage=stage or None,
        text=sentence(stage, {}, language) if stage else None,
        done=done,
        total=total,
        share=round(done / total, 4) if total else None,
        seconds=float(progress.get("spent_s", 0.0)),
        attempts=card.attempts,
        params=dict(card.params),
        result=None if card.result is None else dict(card.result),
        faults=[FaultOut(**row) for row in fault_rows(card.faults, language)],
    )


def ask_job(request: Request, caller: Caller, body: Body, ask: Callable[[Tx], JobCard]) -> Response:
    """Put a job into the queue, once for all requests with the same ``Idempotency-Key``."""

    def work(tx: Tx) -> Answer:
        refuse_many(tx, caller)
        card = ask(tx)
        text = shown(card, language_of(request)).model_dump_json()
        return Answer(202, {"Location": f"/v1/jobs/{card.id}"}, text.encode())

    return answer_once(request, caller, body, work)


def refuse_many(tx: Tx, caller: Caller) -> None:
    """Refuse one job more where an account has enough of them in the queue.

    Raises
    ------
    Refusal
        429 ``jobs_too_many``.
    """
    waiting = tx.jobs.n_waiting(caller.name)
    if waiting >= MOST_WAITING:
        facts = {"measured": waiting, "allowed": MOST_WAITING}
        raise Refusal(429, "jobs_too_many", headers={"Retry-After": "60"}, **facts)


def rules_in(rules: RulesIn | None) -> Rules:  # type: ignore[valid-type]
    """Rules of a request: those of the preset, and what is said beyond it.

    Raises
    ------
    InputError
        ``rules_*``.
    """
    if rules is None:
        return Rules()
    stated = {name: value for name, value in rules.model_dump().items() if value is not None}
    name = stated.pop("preset", Rules().preset)
    if name not in PRESETS:
        raise InputError("rules_unknown_preset", file="rules", measured=name, allowed=", ".join(PRESETS))
    return replace(PRESETS[name], **{key: tuple(v) if isinstance(v, list) else v for key, v in stated.items()})


def narrower(county: str, jurisdiction: str) -> str:
    """Where a job works: the county, or the part of it that its account sees."""
    return jurisdiction if jurisdiction.startswith(county) else county


def _number(last_event_id: str) -> int:
    """What a browser says it has got; anything it did not get from us counts as nothing."""
    return int(last_event_id) if last_event_id.isdigit() else 0
