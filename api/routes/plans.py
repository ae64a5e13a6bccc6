"""Plans over HTTP: the list, one plan, its states, its papers.  Edits: `plan_edits`; side by side: `plan_scenarios`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import Field as Bounded

from api.http.openapi import responses
from api.http.schemas import CodePrefix, Moment
from api.problems import Refusal
from api.routes.access import Caller, allow
from api.routes.acts import settings_of, store_of
from api.routes.plan_answers import answer, conflict, is_next, plan_out, respond
from api.routes.plan_schemas import (
    NOT_MODIFIED,
    STALE,
    ForkIn,
    PlanOut,
    PlansOut,
    ReignOut,
    RenameIn,
    State,
    StatusIn,
    StatusOut,
    StayOut,
)
from api.routes.repeats import (
    KEY_PARAMETER,
    MATCH_PARAMETER,
    answer_once,
    etag_of,
    expected_revision,
    is_known,
)
from data.store import Tx
from data.store.rooms.plan_card import PlanCard
from data.store.rooms.repeats import Answer
from gis.errors import InputError

if TYPE_CHECKING:
    from api.usecases.plan_desk import Desk
    from api.usecases.plan_life import Examined

router = APIRouter(tags=["plans"])
Planner = Annotated[Caller, Depends(allow("planner"))]
Officer = Annotated[Caller, Depends(allow("planner", "reviewer"))]
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "auditor"))]
PlanId = Annotated[str, Bounded(max_length=40)]
_HEADERS: dict[str, Any] = {"parameters": [MATCH_PARAMETER, KEY_PARAMETER]}
_MAKING = Lock()
_WHO: Mapping[str, str] = {
    "submitted": "planner",
    "withdrawn": "planner",
    "filed": "planner",
    "returned": "reviewer",
    "approved": "reviewer",
    "in_force": "reviewer",
}
"""State to the role that may put a plan into it; admin may all."""


def desk_of(request: Request) -> Desk:
    """The desk of the service."""
    return desk_of_app(request.app)


def desk_of_app(app: FastAPI) -> Desk:
    """The desk of the service; made when it is first asked for, since it brings the solver's floor along."""
    from api.usecases.plan_desk import Desk

    with _MAKING:
        desk: Desk | None = getattr(app.state, "desk", None)
        if desk is None:
            desk = app.state.desk = Desk(app.state.store)
    return desk


def settle(request: Request) -> datetime:
    """Let states follow the clock before anybody reads them; returns the moment."""
    from api.usecases.plan_life import settle_if_due

    now = settings_of(request).now()
    settle_if_due(store_of(request), now)
    return now


def change_plan(
    request: Request,
    caller: Caller,
    id: str,
    body: Any,
    work: Any,
    **options: Any,
) -> Response:
    """One change of a plan: answered once, and told apart from a stale one.

    ``work`` takes the transaction and the revision that the request knows.
    """
    from data.store.rooms.life import Stale

    revision = expected_revision(request, id)
    try:
        return answer_once(request, caller, body, lambda tx: work(tx, revision), **options)
    except Stale as stale:
        from api.usecases.edit_plan import StaleEdit, changes_since

        if isinstance(stale, StaleEdit):
            return conflict(request, stale.difference, stale.faults)
        with store_of(request).read(caller.jurisdiction) as tx:
            difference = changes_since(tx, tx.plans.card(id), stale.revision)
        return conflict(request, difference, stale.faults)


@router.get("/v1/plans", summary="Plans within one's jurisdiction", responses=responses(404))
def list_plans(
    request: Request,
    caller: Reader,
    state: State | None = None,
    county: Annotated[CodePrefix | None, Query(description="Only plans of this county")] = None,
    at: Annotated[Moment | None, Query(description="Only plans in force at this moment")] = None,
    after: Annotated[str | None, Query(max_length=40, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> PlansOut:
    """The newest first."""
    settle(request)
    with store_of(request).read(caller.jurisdiction) as tx:
        if at is None:
            found = tx.plans.cards(state=state, county=county, after=after, limit=limit)
            following = found[-1].id if len(found) == limit else None
        else:
            found, following = _in_force(tx, at, state, county, after, limit)
    return PlansOut(plans=[plan_out(card) for card in found], next=following)


def _in_force(
    tx: Tx, at: datetime, state: str | None, county: str | None, after: str | None, limit: int
) -> tuple[list[PlanCard], str | None]:
    """Plans in force at a moment that the caller may see whole, by id."""
    from gis.errors import NotFound

    found = []
    for id in tx.plans.in_force("", at):
        if after is not None and id <= after:
            continue
        try:
            card = tx.plans.card(id)
        except NotFound:
            continue  # in force here, and for others beyond the jurisdiction
        if (state is None or card.state == state) and (county is None or card.county == county):
            found.append(card)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


@router.post(
    "/v1/plans",
    status_code=201,
    response_model=PlanOut,
    summary="Make a plan from another",
    responses=responses(404, 409, 507),
    openapi_extra={"parameters": [KEY_PARAMETER]},
)
def fork(request: Request, caller: Planner, body: ForkIn) -> Response:
    """A draft that begins as a copy of its parent, as it is or as it was."""

    def work(tx: Tx) -> Answer:
        from api.usecases.plan_life import fork_plan

        card = fork_plan(tx, body.parent, body.name or "", body.at_revision)
        return answer(201, card, plan_out(card), Location=f"/v1/plans/{card.id}")

    return answer_once(request, caller, body, work)


@router.get("/v1/plans/{plan}", response_model=PlanOut, summary="One plan", responses=responses(404) | NOT_MODIFIED)
def show_plan(request: Request, caller: Reader, plan: PlanId) -> Response:
    """Without its grids; those are features (`/v1/plans/{plan}/grids`)."""
    settle(request)
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
    etag = etag_of(card.id, card.revision)
    if is_known(request, etag):
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
    return respond(answer(200, card, plan_out(card)))


@router.patch(
    "/v1/plans/{plan}",
    response_model=PlanOut,
    summary="Rename a plan",
    responses=responses(404, 409, 428, 507) | STALE,
    openapi_extra=_HEADERS,
)
def rename(request: Request, caller: Planner, plan: PlanId, body: RenameIn) -> Response:
    """Needs If-Match."""

    def work(tx: Tx, revision: int) -> Answer:
        card = tx.life.rename(plan, body.name, revision)
        return answer(200, card, plan_out(card))

    return change_plan(request, caller, plan, body, work)


@router.get("/v1/plans/{plan}/status", summary="The life of a plan", responses=responses(404))
def show_status(request: Request, response: Response, caller: Reader, plan: PlanId) -> StatusOut:
    """Every state it was in, and where and when it was, is or will be in force."""
    settle(request)
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
        told = _status(tx, card)
    response.headers["ETag"] = etag_of(card.id, card.revision)
    response.headers["Cache-Control"] = "private, no-cache"
    return told


@router.post(
    "/v1/plans/{plan}/status",
    response_model=StatusOut,
    summary="Put a plan into another state",
    responses=responses(404, 409, 428, 507) | STALE,
    openapi_extra=_HEADERS,
)
def change_status(request: Request, caller: Officer, plan: PlanId, body: StatusIn) -> Response:
    """Needs If-Match.  Planners submit, withdraw and file; reviewers, never of their own submission, return, approve
    and put in force."""
    role = _WHO[body.state]
    if caller.role not in (role, "admin"):
        raise Refusal(403, "step_not_allowed", measured=caller.role, state=body.state, allowed=role)
    since = body.effective_from
    if since is not None and (body.state != "in_force" or since.tzinfo is None):
        raise InputError("effective_without_state" if body.state != "in_force" else "effective_without_zone")
    examined: list[Examined] = []

    def prepare() -> None:
        from api.usecases.plan_life import examine_plan, settle_if_due

        settle_if_due(store_of(request), settings_of(request).now())
        with store_of(request).read(caller.jurisdiction) as tx:
            card = tx.plans.card(plan)
        if (
            body.state == "submitted"
            and is_next(card, "submitted")
            and card.revision == expected_revision(request, plan)
        ):
            examined.append(examine_plan(store_of(request), desk_of(request), plan, caller.jurisdiction))

    def work(tx: Tx, revision: int) -> Answer:
        from api.usecases.plan_life import submit_examined

        if body.state == "submitted":
            card = submit_examined(tx, plan, examined[0] if examined else None, revision)
        else:
            card = tx.life.change_state(
                plan,
                body.state,
                revision=revision,
                effective_from=since,
                may_backdate=caller.role == "admin",
                may_approve_own=caller.is_local,
                over_others=body.over_others,
            )
        return answer(200, card, _status(tx, card))

    return change_plan(request, caller, plan, body, work, prepare=prepare, reason=body.reason or "")


def _status(tx: Tx, card: PlanCard) -> StatusOut:
    stays = [
        StayOut(revision=s.revision, state=s.state, at=s.at, who=s.who, reason=s.reason)  # type: ignore[arg-type]
        for s in tx.life.history.states(card.id)
    ]
    reigns = [
        ReignOut(community=r.community, valid_from=r.valid_from, valid_to=r.valid_to)
        for r in tx.life.reigns.of_plan(card.id)
    ]
    return StatusOut(plan=plan_out(card), states=stays, reigns=reigns)
