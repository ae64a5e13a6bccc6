"""Notes pinned on the map of a plan, over HTTP: read by everybody who works on plans, written by planners and
reviewers."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from api.http.negotiate import preferred
from api.http.openapi import responses
from api.http.schemas import Body, Latitude, Line, Longitude
from api.problems import Refusal
from api.routes.access import Caller
from api.routes.acts import store_of
from api.routes.plan_schemas import NOT_MODIFIED
from api.routes.plans import Officer, PlanId, Reader
from api.routes.repeats import KEY_PARAMETER, answer_once, is_known
from api.usecases.plan_notes import MOST_CHARACTERS, Shown, clean_text, note_features, note_row, notes_of
from data.store import Tx
from data.store.rooms.notes import Note
from data.store.rooms.repeats import Answer

router = APIRouter(tags=["notes"])
GEO = "application/geo+json"
_JSON = "application/json"
_KEY: dict[str, Any] = {"parameters": [KEY_PARAMETER]}
NoteState = Literal["open", "settled"]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MOST_CHARACTERS, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"),
    Field(description="Shown as text wherever it appears; no ID or phone numbers"),
]
NoteNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of a note or an answer within the plan")]


class NoteIn(Body):
    """A note at a place."""

    lon: Longitude
    lat: Latitude
    text: Text
    grid: Line | None = Field(None, description="Code of a grid of the plan that it is about")


class AnswerIn(Body):
    """An answer to a note."""

    text: Text


class NoteChangeIn(Body):
    """Another text (of one's own note or answer), or another state (of any note)."""

    text: Text | None = None
    state: NoteState | None = None


class AnswerOut(BaseModel):
    """An answer; one that was removed has no text."""

    number: int
    text: str
    at: datetime
    who: str | None = Field(description="Account; null on a shared link")
    role: str = Field(description="Its role when it wrote")
    edited_at: datetime | None
    removed_at: datetime | None
    removed_by: str | None
    removed_role: str | None
    may_edit: bool = Field(description="Whether whoever asks may change or remove it")


class NoteOut(AnswerOut):
    """A note with its answers."""

    plan: str = Field(description="The plan it was written on, where it is answered and settled")
    plan_name: str
    is_inherited: bool = Field(description="An open note of the plan that this one was made from")
    lon: float
    lat: float
    grid: str | None
    state: NoteState
    settled_at: datetime | None
    settled_by: str | None
    settled_role: str | None
    answers: list[AnswerOut]


class NotesOut(BaseModel):
    """Notes in the order they were written, those of the plan before last after its own."""

    notes: list[NoteOut]
    open: int
    settled: int


_BOTH: dict[int | str, dict[str, Any]] = {
    200: {"description": "Notes", "content": {_JSON: {}, GEO: {"schema": {"type": "object"}}}}
}


@router.get(
    "/v1/plans/{plan}/notes",
    response_model=NotesOut,
    summary="Notes on a plan",
    responses=responses(404) | NOT_MODIFIED | _BOTH,
)
def list_notes(
    request: Request,
    caller: Reader,
    plan: PlanId,
    state: Annotated[NoteState | None, Query(description="Only notes of this state")] = None,
) -> Response:
    """With their answers; also the open notes of the plan it was made from.  GeoJSON where that is preferred."""
    form = preferred(request.headers.get("accept", ""), (_JSON, GEO)) or _JSON
    return notes_answer(request, caller.jurisdiction, plan, state, form, caller)


@router.get(
    "/v1/plans/{plan}/notes.geojson",
    response_class=Response,
    summary="Notes on a plan as GeoJSON",
    responses=responses(404)
    | NOT_MODIFIED
    | {200: {"description": "GeoJSON", "content": {GEO: {"schema": {"type": "object"}}}}},
)
def list_note_features(
    request: Request,
    caller: Reader,
    plan: PlanId,
    state: Annotated[NoteState | None, Query(description="Only notes of this state")] = None,
) -> Response:
    """Points with text, state, answers, role and moment; removed ones are left out."""
    return notes_answer(request, caller.jurisdiction, plan, state, GEO, caller)


def notes_answer(
    request: Request, jurisdiction: str, plan: str, state: str | None, form: str, caller: Caller | None
) -> Response:
    """The notes that a plan shows; without accounts' names where the reader has none (``caller`` is ``None``)."""
    with store_of(request).read(jurisdiction) as tx:
        shown = notes_of(tx, plan)
    rows = rows_of(shown, plan, caller)
    if state is not None:
        rows = [row for row in rows if row["state"] == state]
    if form == GEO:
        body = orjson.dumps(note_features(rows), option=orjson.OPT_UTC_Z)
    else:
        there = [row["state"] for row in rows if row["removed_at"] is None]
        told = {"notes": rows, "open": there.count("open"), "settled": there.count("settled")}
        body = NotesOut(**told).model_dump_json().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=form)


def rows_of(shown: list[Shown], plan: str, caller: Caller | None) -> list[dict[str, Any]]:
    """Notes as plain data for somebody."""
    reader, is_admin = (None, False) if caller is None else (caller.name, caller.role == "admin")
    return [note_row(one, plan, reader=reader, is_admin=is_admin) for one in shown]


def notes_of_both(request: Request, caller: Caller, plans: tuple[str, str]) -> list[dict[str, Any]]:
    """The notes on two plans as plain data, each under its own plan."""
    with store_of(request).read(caller.jurisdiction) as tx:
        shown = [one for plan in dict.fromkeys(plans) for one in notes_of(tx, plan) if one.note.plan == plan]
    return [row for one in shown for row in rows_of([one], one.note.plan, caller)]


@router.post(
    "/v1/plans/{plan}/notes",
    status_code=201,
    response_model=NoteOut,
    summary="Pin a note on a plan",
    responses=responses(404, 409, 507),
    openapi_extra=_KEY,
)
def add_note(request: Request, caller: Officer, plan: PlanId, body: NoteIn) -> Response:
    """In any state of the plan but the last ones; the plan's revision stays as it is."""

    def work(tx: Tx) -> Answer:
        note = tx.notes.add(plan, body.lon, body.lat, clean_text(body.text), caller.role, grid=body.grid)
        return _told(tx, note, caller, 201)

    return answer_once(request, caller, body, work)


@router.post(
    "/v1/plans/{plan}/notes/{note}/answers",
    status_code=201,
    response_model=NoteOut,
    summary="Answer a note",
    responses=responses(404, 409, 507),
    openapi_extra=_KEY,
)
def answer_note(request: Request, caller: Officer, plan: PlanId, note: NoteNumber, body: AnswerIn) -> Response:
    """Gives the note with all its answers."""

    def work(tx: Tx) -> Answer:
        answered, _ = tx.notes.answer(plan, note, clean_text(body.text), caller.role)
        return _told(tx, answered, caller, 201)

    return answer_once(request, caller, body, work)


@router.patch(
    "/v1/plans/{plan}/notes/{note}",
    response_model=NoteOut,
    summary="Change the text of a note or an answer, settle a note or open it again",
    responses=responses(404, 409, 507),
    openapi_extra=_KEY,
)
def change_note(request: Request, caller: Officer, plan: PlanId, note: NoteNumber, body: NoteChangeIn) -> Response:
    """Its text is changed by whoever wrote it or an admin, its state by everybody who may write notes."""
    if body.text is None and body.state is None:
        raise Refusal(422, "note_change_empty")

    def work(tx: Tx) -> Answer:
        if body.text is not None:
            _assert_own(tx, caller, plan, note)
            changed = tx.notes.write_anew(plan, note, clean_text(body.text))
        if body.state is not None:
            changed = tx.notes.settle(plan, note, body.state, caller.role)
        return _told(tx, changed, caller, 200)

    return answer_once(request, caller, body, work)


@router.delete(
    "/v1/plans/{plan}/notes/{note}",
    response_model=NoteOut,
    summary="Remove a note or an answer",
    responses=responses(404, 409, 507),
    openapi_extra=_KEY,
)
def remove_note(request: Request, caller: Officer, plan: PlanId, note: NoteNumber) -> Response:
    """By whoever wrote it, or an admin.  Its words are gone; that there was one, and who removed it, stays."""

    def work(tx: Tx) -> Answer:
        _assert_own(tx, caller, plan, note)
        return _told(tx, tx.notes.remove(plan, note, caller.role), caller, 200)

    return answer_once(request, caller, None, work)


def _assert_own(tx: Tx, caller: Caller, plan: str, number: int) -> None:
    if caller.role != "admin" and tx.notes.row(plan, number)["who"] != caller.name:
        raise Refusal(403, "note_not_yours", measured=number)


def _told(tx: Tx, note: Note, caller: Caller, status: int) -> Answer:
    (row,) = rows_of([Shown(note, tx.plans.card(note.plan))], note.plan, caller)
    headers = {"Cache-Control": "private, no-cache"}
    if status == 201:
        headers["Location"] = f"/v1/plans/{note.plan}/notes"
    return Answer(status, headers, NoteOut(**row).model_dump_json().encode())
