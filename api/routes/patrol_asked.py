"""What patrol and track routes share: the question in a query, whose desk answers, turns for what takes long."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, FastAPI, Query, Request

from api.http.schemas import Day
from api.routes.access import Caller, allow
from api.routes.turns import Turns
from api.usecases.patrol_question import PatrolQuestion
from data.store.tables.plans import PLAN_STATES

if TYPE_CHECKING:
    from api.usecases.patrol_desk import PatrolDesk

READS = allow("planner", "reviewer", "dispatcher", "patrol", "auditor")
WALKS = allow("planner", "dispatcher", "patrol")
_SEES_DRAFTS = frozenset({"planner", "reviewer", "auditor", "admin"})
_PUBLIC_STATES = ("in_force", "superseded")

Plan = Annotated[str | None, Query(max_length=64, description="Another plan than the one in force")]


class Asked:
    """The question of a request, with the plan it names."""

    def __init__(
        self,
        grid: Annotated[str, Query(min_length=1, max_length=64, description="Code of the grid")],
        plan: Plan = None,
        mode: Annotated[Literal["foot", "ebike", "car"], Query(description="How the patrol moves")] = "foot",
        date: Annotated[Day | None, Query(description="Day of the shift, 2026-11-22; none: the plain routes")] = None,
        half: Annotated[Literal["am", "pm", "night"] | None, Query(description="Which shift of the day")] = None,
        patrollers: Annotated[int, Query(ge=0, le=50, description="0: as few as the shift allows")] = 0,
        shift_minutes: Annotated[float, Query(ge=10, le=1440, description="Longest route")] = 240.0,
        post: Annotated[str | None, Query(max_length=64, description="Id of the post to begin and end at")] = None,
    ) -> None:
        self.plan = plan or None
        self.question = PatrolQuestion(grid, mode, patrollers, shift_minutes, post or "", date, half or "")


Question = Annotated[Asked, Depends(Asked)]


def desk_of(app: FastAPI) -> PatrolDesk:
    """The desk of a service; the first who asks makes it."""
    found: PatrolDesk | None = getattr(app.state, "patrol_desk", None)
    if found is None:
        from api.usecases.patrol_desk import PatrolDesk  # the service starts without it

        found = app.state.patrol_desk = PatrolDesk(app.state.store, app.state.settings.now)
    return found


def states_for(caller: Caller) -> tuple[str, ...]:
    """States of plans that a caller may ask about by name."""
    return PLAN_STATES if caller.role in _SEES_DRAFTS else _PUBLIC_STATES


async def in_turn[T](request: Request, work: Callable[[], T]) -> T:
    """Do some work of a request in its turn; see `Turns.take`."""
    state = request.app.state
    turns: Turns | None = getattr(state, "patrol_turns", None)
    if turns is None:
        turns = state.patrol_turns = Turns()
    return await turns.take(work)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Let the threads go when the service ends."""
    yield
    turns: Turns | None = getattr(app.state, "patrol_turns", None)
    if turns is not None:
        turns.end()
        app.state.patrol_turns = None


def etag_for(version: str, question: PatrolQuestion, *more: str) -> str:
    """What names an answer: routes follow from the plan's version and the question alone."""
    text = "\n".join((version, repr(question), *more))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
