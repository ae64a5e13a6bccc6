"""Sweeps of buildings (联合清查) over HTTP: recorded one or many at once, listed, put right, withdrawn, restored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from api.http.openapi import responses
from api.http.schemas import Body, CodePrefix, Line, Moment
from api.problems import fault_rows
from api.routes.access import Caller, allow
from api.routes.acts import language_of, store_of
from api.routes.incident_schemas import answer_seen, stated_revision
from api.routes.repeats import KEY_PARAMETER, answer_once, is_known
from api.usecases.sweeps import (
    ToldSweep,
    correct_sweep,
    etag_of_sweep,
    record_sweep,
    record_sweeps,
    sweep_out,
)
from data.store import Tx
from data.store.rooms.repeats import Answer
from data.store.rooms.sweeps import SweepCard, SweepWanted

router = APIRouter(tags=["sweeps"])
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "dispatcher", "patrol", "auditor"))]
Recorder = Annotated[Caller, Depends(allow("dispatcher", "patrol", "reviewer"))]
MOST_AT_ONCE = 1_000
_JSON = "application/json"
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the sweep as it was seen; where it was changed since, the answer is 412",
    "schema": {"type": "string", "pattern": '^"s[0-9]{1,18}-[1-9][0-9]{0,8}"$'},
}
_KEY: dict[str, Any] = {"parameters": [KEY_PARAMETER]}
_KEY_AND_MATCH: dict[str, Any] = {"parameters": [KEY_PARAMETER, _MATCH]}
SweepId = Annotated[str, Path(max_length=40, description="Id of a sweep")]
Stated = Annotated[Moment, Field(strict=False)]
# What is believed is decided in `partition.incidents.sweeps`, so that a row of many is refused and not all of them.
Count = Annotated[int, Field(ge=-(10**9), le=10**9)]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Code = Annotated[CodePrefix, Field(min_length=1)]
Source = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9_-]+$")]


class SweepIn(Body):
    """A sweep that took place: when, where, and how much of what."""

    kind: Kind = Field(description="What was swept for, in a few words; no names, ID or phone numbers")
    began_at: Stated = Field(description="Not before 2000; the period it counts in")
    ended_at: Stated | None = None
    community: Code | None = Field(None, description="Code; the whole county when omitted")
    county: Code | None = Field(None, description="Asked for where the caller sees several and names no community")
    vehicles: Count = Field(description="Vehicle-times")
    people: Count = Field(description="Person-times: how many took part")
    buildings: Count = Field(description="Buildings looked at")
    problems: Count = Field(description="What was found wrong in them")
    source: Source = Field("desk", description="The system it comes from")
    external: Line | None = Field(None, description="Its id there: with the source, one sweep")


class SweepsIn(Body):
    """Several sweeps at once."""

    sweeps: Annotated[list[SweepIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


class SweepChangeIn(Body):
    """What is put right of a sweep; null for the community means the whole county."""

    kind: Kind | None = None
    began_at: Stated | None = None
    ended_at: Stated | None = None
    community: Code | None = None
    vehicles: Count | None = None
    people: Count | None = None
    buildings: Count | None = None
    problems: Count | None = None


class SweepOut(BaseModel):
    """A sweep as it stands."""

    id: str
    etag: str
    county: str
    community: str | None
    name: str | None = Field(description="Of the community")
    kind: str
    began_at: str
    ended_at: str | None
    vehicles: int
    people: int
    buildings: int
    problems: int
    source: str
    external: str | None
    recorded_at: str
    withdrawn_at: str | None = Field(description="It counts nowhere since then")
    revision: int


class SweepsOut(BaseModel):
    """Sweeps, the newest first."""

    sweeps: list[SweepOut]
    count: int = Field(description="All that fit, not only this page")
    next: str | None = Field(description="What the following page asks `after`")


class SweepRowOut(BaseModel):
    """What became of one row."""

    row: int
    what: Literal["new", "known", "refused"]
    id: str | None
    faults: list[dict[str, Any]]


class SweepRowsOut(BaseModel):
    """What became of every row."""

    new: int
    known: int
    refused: int
    rows: list[SweepRowOut]


_SAME: dict[int | str, dict[str, Any]] = {200: {"model": SweepOut, "description": "It was sent before"}}
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The reader has this version"}}


@router.get("/v1/sweeps", response_model=SweepsOut, summary="Sweeps, the newest first", responses=responses(404))
def list_sweeps(
    request: Request,
    caller: Reader,
    since: Annotated[Moment | None, Query(description="Began then or later")] = None,
    until: Annotated[Moment | None, Query(description="Began before then")] = None,
    community: Annotated[CodePrefix | None, Query(description="Code of a community, or its start")] = None,
    withdrawn: Annotated[bool, Query(description="Those that were withdrawn, in place of those that count")] = False,
    after: Annotated[str | None, Query(max_length=40, description="Id of the last sweep of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """A page of those that fit, and how many there are in all."""
    wanted = SweepWanted(since, until, community, withdrawn)
    with store_of(request).read(caller.jurisdiction) as tx:
        cards = tx.sweeps.cards(wanted, after=after, limit=limit + 1)
        count, names = tx.sweeps.count(wanted), _names(tx)
    told = {
        "sweeps": [sweep_out(card, names) for card in cards[:limit]],
        "count": count,
        "next": cards[limit - 1].id if len(cards) > limit else None,
    }
    headers = {"Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
    return Response(orjson.dumps(told), headers=headers, media_type=_JSON)


@router.post(
    "/v1/sweeps",
    status_code=201,
    response_model=SweepOut,
    summary="Record a sweep",
    responses=responses(404, 409, 422) | _SAME,
    openapi_extra=_KEY,
)
def add_sweep(request: Request, caller: Recorder, body: SweepIn) -> Response:
    """Counts only; sent again with its source and id there, it is answered and not counted twice."""
    told = ToldSweep(**body.model_dump())

    def add(tx: Tx) -> Answer:
        card, is_new = record_sweep(tx, told)
        return _answer(tx, card, 201 if is_new else 200)

    return answer_once(request, caller, body, add)


@router.post(
    "/v1/sweeps/many",
    response_model=SweepRowsOut,
    summary="Record many sweeps",
    responses=responses(409, 422),
    openapi_extra=_KEY,
)
def add_sweeps(request: Request, caller: Recorder, body: SweepsIn) -> Response:
    """At most a thousand rows; what is wrong with one keeps no other from being taken."""
    told, language = [ToldSweep(**one.model_dump()) for one in body.sweeps], language_of(request)

    def add(tx: Tx) -> Answer:
        taken = record_sweeps(tx, told)
        rows = [
            {
                "row": i,
                "what": one.what,
                "id": one.card.id if one.card else None,
                "faults": fault_rows(one.faults, language),
            }
            for i, one in enumerate(taken, 1)
        ]
        counts = {what: sum(one.what == what for one in taken) for what in ("new", "known", "refused")}
        return Answer(200, {"Cache-Control": "no-store"}, orjson.dumps(counts | {"rows": rows}))

    return answer_once(request, caller, body, add)


@router.get("/v1/sweeps/{id}", response_model=SweepOut, summary="One sweep", responses=responses(404) | _NOT_MODIFIED)
def show_sweep(request: Request, caller: Reader, id: SweepId) -> Response:
    """As it stands, also when it was withdrawn."""
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.sweeps.card(id)
        told = orjson.dumps(sweep_out(card, _names(tx)))
    headers = {"ETag": etag_of_sweep(card), "Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(told, headers=headers, media_type=_JSON)


@router.patch(
    "/v1/sweeps/{id}",
    response_model=SweepOut,
    summary="Put a sweep right",
    responses=responses(404, 409, 412, 422),
    openapi_extra=_KEY_AND_MATCH,
)
def put_right(request: Request, caller: Recorder, id: SweepId, body: SweepChangeIn) -> Response:
    """The figures of its period follow."""
    revision, changes = stated_revision(request, id), body.model_dump(exclude_unset=True)
    return _changed(request, caller, body, lambda tx: correct_sweep(tx, id, changes, revision=revision))


@router.delete(
    "/v1/sweeps/{id}",
    response_model=SweepOut,
    summary="Withdraw a sweep",
    responses=responses(404, 409, 412),
    openapi_extra=_KEY_AND_MATCH,
)
def withdraw_sweep(request: Request, caller: Recorder, id: SweepId) -> Response:
    """It counts nowhere from now on and is kept, so that it can be taken back."""
    revision = stated_revision(request, id)
    return _changed(request, caller, None, lambda tx: tx.sweeps.withdraw(id, revision=revision))


@router.post(
    "/v1/sweeps/{id}/restore",
    response_model=SweepOut,
    summary="Take the withdrawal of a sweep back",
    responses=responses(404, 409, 412),
    openapi_extra=_KEY_AND_MATCH,
)
def restore_sweep(request: Request, caller: Recorder, id: SweepId) -> Response:
    """It counts again."""
    revision = stated_revision(request, id)
    return _changed(request, caller, None, lambda tx: tx.sweeps.restore(id, revision=revision))


def _changed(
    request: Request, caller: Caller, body: SweepChangeIn | None, change: Callable[[Tx], SweepCard]
) -> Response:
    return answer_seen(request, caller, body, lambda tx: _answer(tx, change(tx)))


def _answer(tx: Tx, card: SweepCard, status: int = 200) -> Answer:
    headers = {"ETag": etag_of_sweep(card), "Location": f"/v1/sweeps/{card.id}", "Cache-Control": "no-store"}
    return Answer(status, headers, orjson.dumps(sweep_out(card, _names(tx))))


def _names(tx: Tx) -> dict[str, str]:
    return tx.incident_figures.place_names()[0]
