"""Edits of plans over HTTP: steps by hand, undo and redo, locks; the grids and the ground of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field as Bounded

from api.http.openapi import responses
from api.http.schemas import Line
from api.problems import Refusal
from api.routes.acts import language_of, store_of
from api.routes.plan_answers import answer, edit_out, respond, step_out
from api.routes.plan_schemas import (
    NOT_MODIFIED,
    STALE,
    AcceptIn,
    AssignIn,
    DissolveIn,
    EditIn,
    EditOut,
    GroundIn,
    LocksIn,
    LocksOut,
    MergeIn,
    MoveIn,
    NewIn,
    SplitIn,
    StepsOut,
)
from api.routes.plans import PlanId, Planner, Reader, change_plan, desk_of
from api.routes.repeats import KEY_PARAMETER, MATCH_PARAMETER, etag_of, is_known
from data.store import Tx
from data.store.rooms.repeats import Answer
from gis.errors import InputError

if TYPE_CHECKING:
    from api.usecases.edit_plan import Edited
    from partition.edits import Wish
    from partition.edits.wishes import Part

router = APIRouter(tags=["edits"])
MERGE_HEADER = "X-Merge"
_MOST_LOCKS = 90  # as many as a query may hold
_CHANGES = responses(404, 409, 428, 507) | STALE
_HEADERS: dict[str, Any] = {"parameters": [MATCH_PARAMETER, KEY_PARAMETER]}
_MERGE = {
    "name": MERGE_HEADER,
    "in": "header",
    "required": False,
    "description": "`disjoint`: make the edit on a newer revision, where nobody touched what it touches",
    "schema": {"type": "string", "enum": ["disjoint"]},
}
_GEO = "application/geo+json"


@router.get("/v1/plans/{plan}/moves", summary="Steps made by hand", responses=responses(404))
def list_steps(
    request: Request,
    response: Response,
    caller: Reader,
    plan: PlanId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> StepsOut:
    """In their order, also those that were taken back and can be made again."""
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
        found = tx.life.edits.steps(plan, after=after, limit=limit)
    response.headers["ETag"] = etag_of(card.id, card.revision)
    response.headers["Cache-Control"] = "private, no-cache"
    language = language_of(request)
    following = found[-1].number if len(found) == limit else None
    return StepsOut(steps=[step_out(step, card.edit, language) for step in found], in_effect=card.edit, next=following)


@router.post(
    "/v1/plans/{plan}/moves",
    status_code=201,
    response_model=EditOut,
    summary="Edit a plan by hand",
    responses=_CHANGES,
    openapi_extra={"parameters": [*_HEADERS["parameters"], _MERGE]},
)
def make_step(request: Request, caller: Planner, plan: PlanId, body: EditIn) -> Response:
    """Needs If-Match.  Drops the steps that were taken back."""
    desk = desk_of(request)
    stated = request.headers.get(MERGE_HEADER)
    if stated not in (None, "disjoint"):
        raise Refusal(400, "merge_unknown", measured=str(stated)[:80], allowed="disjoint")

    def work(tx: Tx, revision: int, place: Any) -> Edited:
        from api.usecases.edit_plan import make_edit

        if isinstance(body, AcceptIn):
            from api.usecases.solve_part import accept_run

            wish = accept_run(desk, tx, plan, place, body.job, revision)
        else:
            wish = wish_of(body)
        name = body.name or ""
        return make_edit(desk, tx, plan, place, wish, revision=revision, name=name, merges=stated is not None)

    return _step(request, caller, plan, body, work, 201, body.name or "")


@router.post("/v1/plans/{plan}/undo", response_model=EditOut, summary="Take the newest step back", responses=_CHANGES)
def undo(request: Request, caller: Planner, plan: PlanId) -> Response:
    """Needs If-Match."""
    return _step(request, caller, plan, None, _taking_back(request, plan, again=False), 200, "")


@router.post("/v1/plans/{plan}/redo", response_model=EditOut, summary="Make an undone step again", responses=_CHANGES)
def redo(request: Request, caller: Planner, plan: PlanId) -> Response:
    """Needs If-Match."""
    return _step(request, caller, plan, None, _taking_back(request, plan, again=True), 200, "")


def _taking_back(request: Request, plan: str, *, again: bool) -> Any:
    def work(tx: Tx, revision: int, place: Any) -> Edited:
        from api.usecases.edit_plan import undo_edit

        return undo_edit(desk_of(request), tx, plan, place, revision=revision, again=again)

    return work


def _step(request: Request, caller: Any, plan: str, body: Any, work: Any, status: int, name: str) -> Response:
    """One change of ground: the place is made ready first, and the plan is kept at the desk afterwards."""
    desk = desk_of(request)
    places: list[Any] = []
    made: list[Edited] = []

    def within(tx: Tx, revision: int) -> Answer:
        edited: Edited = work(tx, revision, places[0])
        made.append(edited)
        return answer(status, edited.card, edit_out(edited, name, language_of(request)))

    return change_plan(
        request,
        caller,
        plan,
        body,
        within,
        prepare=lambda: places.append(desk.place(plan, caller.jurisdiction)),
        done=lambda: [desk.keep(one.card, one.sheet) for one in made],
    )


def wish_of(body: MoveIn | NewIn | DissolveIn | MergeIn | SplitIn | AssignIn) -> Wish:
    """A request as a wish."""
    from partition.edits import Wish

    if isinstance(body, AssignIn):
        return Wish("assign", shares=tuple((share.grid, _part(share)) for share in body.shares))
    if isinstance(body, MoveIn):
        return Wish("move", _part(body), body.grid)
    if isinstance(body, NewIn):
        return Wish("new", _part(body), name=body.grid_name or "")
    if isinstance(body, MergeIn):
        return Wish("merge", grid=body.grid or "", grids=tuple(body.grids))
    if isinstance(body, DissolveIn):
        return Wish("dissolve", grid=body.grid)
    return Wish("split", grid=body.grid, parts=tuple(_part(part) for part in body.parts))


def _part(ground: GroundIn) -> Part:
    from partition.edits.wishes import Part

    return Part(tuple((member.kind, member.id) for member in ground.members), tuple(ground.atoms))


@router.get("/v1/plans/{plan}/locks", response_model=LocksOut, summary="Locks on a plan", responses=responses(404))
def list_locks(request: Request, caller: Reader, plan: PlanId) -> Response:
    """What no edit may touch, and re-draws keep."""
    with store_of(request).read(caller.jurisdiction) as tx:
        return respond(answer(200, tx.plans.card(plan), LocksOut(locks=list(tx.life.locks(plan)))))


@router.post(
    "/v1/plans/{plan}/locks",
    response_model=LocksOut,
    summary="Lock parts of a plan",
    responses=_CHANGES,
    openapi_extra=_HEADERS,
)
def add_locks(request: Request, caller: Planner, plan: PlanId, body: LocksIn) -> Response:
    """Needs If-Match; gives all locks."""
    desk = desk_of(request)
    places: list[Any] = []

    def work(tx: Tx, revision: int) -> Answer:
        from api.usecases.edit_plan import lock_plan

        card = lock_plan(desk, tx, plan, places[0], body.locks, revision=revision)
        return answer(200, card, LocksOut(locks=list(tx.life.locks(plan))))

    prepare = lambda: places.append(desk.place(plan, caller.jurisdiction))  # noqa: E731
    return change_plan(request, caller, plan, body, work, prepare=prepare)


@router.delete(
    "/v1/plans/{plan}/locks",
    response_model=LocksOut,
    summary="Remove locks",
    responses=_CHANGES,
    openapi_extra=_HEADERS,
)
def remove_locks(
    request: Request,
    caller: Planner,
    plan: PlanId,
    lock: Annotated[
        list[Line] | None, Query(max_length=_MOST_LOCKS, description="Locks as they are listed; may be repeated")
    ] = None,
    all: Annotated[bool, Query(description="Every lock there is, in place of naming them")] = False,
) -> Response:
    """Needs If-Match; gives the locks that are left.  One step, however many locks it removes."""
    if bool(lock) == all:
        raise InputError("locks_or_all")

    def work(tx: Tx, revision: int) -> Answer:
        card = tx.life.remove_locks(plan, None if all else lock, revision)
        return answer(200, card, LocksOut(locks=list(tx.life.locks(plan))))

    return change_plan(request, caller, plan, None, work)


@router.get(
    "/v1/plans/{plan}/grids",
    summary="The grids of a plan",
    response_class=Response,
    responses=responses(404)
    | NOT_MODIFIED
    | {200: {"description": "GeoJSON", "content": {_GEO: {"schema": {"type": "object"}}}}},
)
def list_grids(
    request: Request,
    caller: Reader,
    plan: PlanId,
    community: Annotated[str | None, Query(max_length=40, description="Only grids of this community")] = None,
) -> Response:
    """GeoJSON in longitude and latitude."""
    return features_of(request, caller.jurisdiction, plan, community, "grids")


@router.get(
    "/v1/plans/{plan}/atoms",
    summary="The ground of a plan",
    response_class=Response,
    responses=responses(404, 409)
    | NOT_MODIFIED
    | {200: {"description": "GeoJSON", "content": {_GEO: {"schema": {"type": "object"}}}}},
)
def list_atoms(
    request: Request,
    caller: Reader,
    plan: PlanId,
    community: Annotated[str, Bounded(max_length=40), Query(description="Pieces of ground of this community")],
) -> Response:
    """The pieces that an edit moves as a whole, each with its grid and its buildings and units; GeoJSON."""
    return features_of(request, caller.jurisdiction, plan, community, "atoms")


def features_of(request: Request, jurisdiction: str, plan: str, community: str | None, what: str) -> Response:
    """The grids or the ground of a plan as GeoJSON."""
    from api.usecases.plan_features import atoms_of_plan, grids_of_plan

    with store_of(request).read(jurisdiction) as tx:
        card = tx.plans.card(plan)
    etag = etag_of(card.id, card.revision)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    if what == "grids":
        with store_of(request).read(jurisdiction) as tx:
            text = grids_of_plan(tx, tx.plans.card(plan), community)
    else:
        desk = desk_of(request)
        place = desk.place(plan, jurisdiction)
        with store_of(request).read(jurisdiction) as tx:
            text = atoms_of_plan(desk, tx, tx.plans.card(plan), place, str(community))
    return Response(text, headers=headers, media_type=_GEO)
