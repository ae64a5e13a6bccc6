"""Scenarios over HTTP: the family of a plan, and two plans side by side."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask

from api.http.openapi import responses
from api.routes.acts import language_of, store_of
from api.routes.plan_answers import plan_out
from api.routes.plan_notes import notes_of_both
from api.routes.plan_schemas import PlanOut
from api.routes.plans import PlanId, Reader, desk_of, settle

router = APIRouter(tags=["plans"])
With = Annotated[str, Query(alias="with", max_length=40, description="The plan it is held against")]
_BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TABLE = "text/csv"
_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


class FamilyOut(BaseModel):
    """Plans that were made from one another, in the order of a tree: parents before their children."""

    plans: list[PlanOut]
    more: int = Field(description="Plans of the family that are left out")


@router.get("/v1/plans/{plan}/family", summary="The scenarios around a plan", responses=responses(404))
def show_family(request: Request, caller: Reader, plan: PlanId) -> FamilyOut:
    """The plan it all began with as far as one may see, and everything that was made from it; at most 500."""
    from api.usecases.scenarios import family_of

    settle(request)
    with store_of(request).read(caller.jurisdiction) as tx:
        tx.plans.card(plan)
        cards, more = tx.plans.family(plan)
    return FamilyOut(plans=[plan_out(card) for card in family_of(cards, plan)], more=more)


@router.get(
    "/v1/plans/{plan}/compare",
    summary="Two plans side by side",
    response_class=JSONResponse,
    responses=responses(404, 409),
)
def compare(
    request: Request,
    caller: Reader,
    plan: PlanId,
    other: With,
    detail: Annotated[bool, Query(description="With the change list and the ground that changed hands")] = False,
) -> dict[str, Any]:
    """Measures of both, what changed from the plan named by `with` to this one, and the notes on both."""
    store, desk = store_of(request), desk_of(request)
    if detail:
        from api.usecases.scenarios import compare_in_detail, load_two

        told = dict(compare_in_detail(load_two(store, desk, other, plan, caller.jurisdiction)))
    else:
        from api.usecases.plan_life import compare_stored

        told = dict(compare_stored(store, desk, (other, plan), caller.jurisdiction))
    return {**told, "notes": notes_of_both(request, caller, (other, plan))}


@router.get(
    "/v1/plans/{plan}/compare/changes",
    summary="The change list of two plans as a table",
    response_class=Response,
    responses={
        **responses(404, 409, 507),
        200: {"description": "CSV or XLSX", "content": {_TABLE: _FILE, _BOOK: _FILE}},
    },
)
def change_list(
    request: Request,
    caller: Reader,
    plan: PlanId,
    other: With,
    form: Annotated[Literal["csv", "xlsx"], Query(alias="as")] = "csv",
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language of the table")] = None,
) -> Response:
    """What became of every grid, from the plan named by `with` to this one."""
    from api.usecases.scenarios import change_table, load_two, write_change_book

    language = lang or language_of(request)
    two = load_two(store_of(request), desk_of(request), other, plan, caller.jurisdiction)
    name = f"changes-{'-'.join(two.names).replace(' (2)', '')}.{form}"
    headers = {"Cache-Control": "private, no-store"}
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return Response(change_table(two, language), headers=headers, media_type=f"{_TABLE}; charset=utf-8")
    folder = FilePath(tempfile.mkdtemp(prefix="gridwright-changes-"))
    try:
        write_change_book(two, folder / name, language)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    tidy = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(folder / name, media_type=_BOOK, filename=name, headers=headers, background=tidy)
