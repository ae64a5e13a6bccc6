"""The rules of incidents over HTTP: read, changed with If-Match, undone; one rule book for all of a county.

Other rules leave deadlines that run as they are; they hold for what is received, or gets another kind or priority,
from then on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from api.http.answers import problem
from api.http.openapi import responses
from api.http.schemas import Body, CodePrefix
from api.operation.escalation import watch_deadlines
from api.problems import Refusal
from api.routes.access import Caller, allow
from api.routes.acts import language_of, store_of
from api.routes.repeats import KEY_PARAMETER, answer_once
from api.usecases.incident_rules import (
    MOST_TOML,
    checked_table,
    checked_toml,
    county_for,
    full_toml,
    known_kinds,
    plain,
)
from data.store import Tx
from data.store.rooms.incident_rules import IncidentBook, StaleIncidentRules
from data.store.rooms.repeats import Answer

router = APIRouter(tags=["incidents"])
Reader = Annotated[Caller, Depends(allow("planner", "reviewer", "dispatcher", "patrol", "auditor"))]
Ruler = Annotated[Caller, Depends(allow("reviewer"))]
County = Annotated[
    CodePrefix | None, Query(description="Code of a county, or of a place in it; the caller's own when omitted")
]
_TOML = "application/toml"
_JSON = "application/json"
_ETAG = re.compile(r'"rules-([0-9]{1,9})"')
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,  # for programs that check requests; without it the answer is 428
    "description": "ETag of the rules that the change was made for",
    "schema": {"type": "string", "pattern": '^"rules-[0-9]{1,9}"$'},
}
_STALE: dict[int | str, dict[str, Any]] = responses(412)
_GIVEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rules, every field stated",
        "content": {_JSON: {"schema": {"type": "object"}}, _TOML: {"schema": {"type": "string"}}},
    }
}
_BODY: dict[str, Any] = {
    "required": True,
    "description": "The rules as JSON, or a TOML text; what it does not state is the default",
    "content": {
        _JSON: {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"rules": {"type": "object"}, "toml": {"type": "string", "maxLength": MOST_TOML}},
            }
        },
        _TOML: {"schema": {"type": "string", "maxLength": MOST_TOML}},
    },
}
Form = Annotated[Literal["json", "toml"], Query(alias="f", description="What the answer is written in")]


class RulesIn(Body):
    """Rules as plain data, or as TOML."""

    rules: dict[str, Any] | None = None
    toml: Annotated[str, Field(max_length=MOST_TOML)] | None = None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Bring overdue incidents up while the service runs."""
    state = app.state
    task = asyncio.create_task(watch_deadlines(state.store, state.settings.now), name="incident-deadlines")
    try:
        yield
    finally:
        task.cancel()
        with suppress(BaseException):
            await task


@router.get("/v1/incidents/rules", summary="Rules for incidents", responses={**responses(404, 409), **_GIVEN})
def show_incident_rules(request: Request, caller: Reader, county: County = None, form: Form = "json") -> Response:
    """Deadlines by kind and priority, kinds, working days, when an overdue one goes up, what may be a duplicate."""
    with store_of(request).read(caller.jurisdiction) as tx:
        book = tx.incident_rules.book(county_for(tx, county))
    return _answer(book, form)


class KindOut(BaseModel):
    """A kind of incidents."""

    code: str
    zh: str
    en: str


class RuledOut(BaseModel):
    """A county with rules of its own."""

    code: str
    name: str


class KindsOut(BaseModel):
    """What kinds are called on a desk, whatever counties it works in."""

    counties: list[RuledOut]
    kinds: list[KindOut] = Field(description="Each code once; the first county that names it is followed")
    stale_s: float = Field(description="Older positions of units are old in one of the counties, in seconds")


@router.get("/v1/incidents/kinds", response_model=KindsOut, summary="Kinds of incidents by name")
def show_incident_kinds(request: Request, caller: Reader) -> Response:
    """Of the caller's county, or of all counties that the caller sees, together."""
    with store_of(request).read(caller.jurisdiction) as tx:
        found = known_kinds(tx)
    told = {
        "counties": [{"code": code, "name": name} for code, name in found.counties],
        "kinds": [{"code": kind.code, "zh": kind.zh, "en": kind.en} for kind in found.kinds],
        "stale_s": found.stale_s,
    }
    return Response(orjson.dumps(told), headers={"Cache-Control": "private, no-cache"}, media_type=_JSON)


@router.put(
    "/v1/incidents/rules",
    summary="Change the rules for incidents",
    responses={**responses(404, 409, 422, 428, 507), **_STALE},
    openapi_extra={"parameters": [_MATCH, KEY_PARAMETER], "requestBody": _BODY},
)
async def change_incident_rules(request: Request, caller: Ruler, county: County = None) -> Response:
    """Needs If-Match.  All faults are told before anything is kept; deadlines that run stay as they are."""
    body = await request.body()
    return await run_in_threadpool(_put, request, caller, county, body)


@router.post(
    "/v1/incidents/rules/undo",
    summary="Go back to the rules for incidents before these",
    responses={**responses(404, 409, 507), **_STALE},
    openapi_extra={"parameters": [_MATCH, KEY_PARAMETER]},
)
def undo_incident_rules(request: Request, caller: Ruler, county: County = None) -> Response:
    """Asked again, it goes back further.  With If-Match only from that version."""
    stated = _expected(request)

    def work(tx: Tx) -> IncidentBook:
        place = county_for(tx, county)
        version = tx.incident_rules.book(place).version if stated is None else stated
        return tx.incident_rules.undo(place, version, caller.role)

    return _kept(request, caller, None, work)


def _put(request: Request, caller: Caller, county: str | None, body: bytes) -> Response:
    asked = _read(request, body)
    version = _expected(request)
    if version is None:
        raise Refusal(428, "if_match_missing")
    text = checked_toml(asked.toml) if asked.toml is not None else checked_table(asked.rules or {})

    def work(tx: Tx) -> IncidentBook:
        return tx.incident_rules.change(county_for(tx, county), text, version, caller.role)

    return _kept(request, caller, asked, work)


def _kept(request: Request, caller: Caller, body: RulesIn | None, change: Callable[[Tx], IncidentBook]) -> Response:
    def work(tx: Tx) -> Answer:
        made = _answer(change(tx), "json")
        kept = {name: value for name, value in made.headers.items() if name.lower() in ("etag", "cache-control")}
        return Answer(200, kept, bytes(made.body))

    try:
        return answer_once(request, caller, body, work)
    except StaleIncidentRules as stale:
        headers = {"ETag": _etag(stale.book)}
        return problem(request.scope, 412, *stale.faults, headers=headers, language=language_of(request))


def _answer(book: IncidentBook, form: str) -> Response:
    headers = {"ETag": _etag(book), "Cache-Control": "private, no-cache"}
    if form == "toml":
        return Response(full_toml(book), headers=headers, media_type=_TOML)
    body = {
        "county": book.county,
        "version": book.version,
        "is_default": not book.toml,
        "can_undo": book.before is not None,
        "changed_at": book.changed_at.isoformat() if book.changed_at else None,
        "rules": plain(book),
    }
    return Response(orjson.dumps(body), headers=headers, media_type=_JSON)


def _read(request: Request, body: bytes) -> RulesIn:
    """The body of a change: JSON with ``rules`` or ``toml``, or TOML itself."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == _TOML:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refusal(400, "incident_rules_not_toml", file="", measured=str(error)[:200]) from error
        return RulesIn.model_construct(rules=None, toml=text)
    try:
        asked = RulesIn.model_validate_json(body or b"{}")
    except ValidationError as error:
        row = error.errors()[0]
        column = ".".join(map(str, row["loc"])) or "body"
        facts = {"where": "body", "column": column, "measured": type(row.get("input")).__name__}
        raise Refusal(422, "parameter_wrong", **facts, allowed=str(row["msg"])) from error
    if (asked.rules is None) == (asked.toml is None):
        raise Refusal(422, "incident_rules_body")
    return asked


def _etag(book: IncidentBook) -> str:
    return f'"rules-{book.version}"'


def _expected(request: Request) -> int | None:
    """The version that a change was made for; None where the request says none."""
    stated = request.headers.get("if-match")
    if stated is None or not stated.strip():
        return None
    found = _ETAG.fullmatch(stated.strip())
    if found is None:
        raise Refusal(400, "incident_rules_if_match", measured=stated[:80], allowed='"rules-1"')
    return int(found[1])
