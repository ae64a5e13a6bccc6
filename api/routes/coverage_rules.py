"""The rules of coverage over HTTP: read, changed with If-Match, undone; one rule book for all plans of a county."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, ValidationError

from api.http.answers import problem
from api.http.openapi import responses
from api.http.schemas import Body
from api.problems import Refusal
from api.routes.acts import language_of
from api.routes.coverage_asked import Plan, Planner, Reader, asker_of, coverage_desk_of
from api.routes.repeats import KEY_PARAMETER, answer_once
from data.store import Tx
from data.store.rooms.coverage import RuleBook, StaleRules
from data.store.rooms.repeats import Answer

if TYPE_CHECKING:
    from data.store.rooms.plan_card import PlanCard

router = APIRouter(tags=["coverage"])
Part = Literal["cameras", "reach"]
MOST_TOML = 100_000
_TOML = "application/toml"
_JSON = "application/json"
_ETAG = re.compile(r'"(cameras|reach)-([0-9]{1,9})"')
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,  # for programs that check requests; without it the answer is 428
    "description": "ETag of the rules that the change was made for",
    "schema": {"type": "string", "pattern": '^"(cameras|reach)-[0-9]{1,9}"$'},
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
    "description": "The table of settings as JSON, or a TOML text; what it does not state is the default",
    "content": {
        _JSON: {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"settings": {"type": "object"}, "toml": {"type": "string", "maxLength": MOST_TOML}},
            }
        },
        _TOML: {"schema": {"type": "string", "maxLength": MOST_TOML}},
    },
}
Form = Annotated[Literal["json", "toml"], Query(alias="f", description="What the answer is written in")]


class RulesIn(Body):
    """Rules as plain data, or as TOML."""

    settings: dict[str, Any] | None = None
    toml: Annotated[str, Field(max_length=MOST_TOML)] | None = None


@router.get("/v1/cameras/settings", summary="Rules for cameras", responses={**responses(404), **_GIVEN})
def show_camera_rules(request: Request, caller: Reader, plan: Plan = None, form: Form = "json") -> Response:
    """Targets, levels, optics, siting; those of the county of a plan."""
    return _show(request, caller, plan, "cameras", form)


@router.get("/v1/reach/settings", summary="Rules for response times", responses={**responses(404), **_GIVEN})
def show_reach_rules(request: Request, caller: Reader, plan: Plan = None, form: Form = "json") -> Response:
    """Promises, parts of the day, speeds; those of the county of a plan."""
    return _show(request, caller, plan, "reach", form)


@router.put(
    "/v1/cameras/settings",
    summary="Change the rules for cameras",
    responses={**responses(404, 409, 422, 428, 507), **_STALE},
    openapi_extra={"parameters": [_MATCH, KEY_PARAMETER], "requestBody": _BODY},
)
async def change_camera_rules(request: Request, caller: Planner, plan: Plan = None) -> Response:
    """Needs If-Match.  All faults are told before anything is kept."""
    return await _change(request, caller, plan, "cameras")


@router.put(
    "/v1/reach/settings",
    summary="Change the rules for response times",
    responses={**responses(404, 409, 422, 428, 507), **_STALE},
    openapi_extra={"parameters": [_MATCH, KEY_PARAMETER], "requestBody": _BODY},
)
async def change_reach_rules(request: Request, caller: Planner, plan: Plan = None) -> Response:
    """Needs If-Match.  All faults are told before anything is kept."""
    return await _change(request, caller, plan, "reach")


@router.post(
    "/v1/cameras/settings/undo",
    summary="Go back to the rules for cameras before these",
    responses={**responses(404, 409, 507), **_STALE},
    openapi_extra={"parameters": [_MATCH, KEY_PARAMETER]},
)
def undo_camera_rules(request: Request, caller: Planner, plan: Plan = None) -> Response:
    """Asked again, it goes back further.  With If-Match only from that version."""
    return _undo(request, caller, plan, "cameras")


@router.post(
    "/v1/reach/settings/undo",
    summary="Go back to the rules for response times before these",
    responses={**responses(404, 409, 507), **_STALE},
    openapi_extra={"parameters": [_MATCH, KEY_PARAMETER]},
)
def undo_reach_rules(request: Request, caller: Planner, plan: Plan = None) -> Response:
    """Asked again, it goes back further.  With If-Match only from that version."""
    return _undo(request, caller, plan, "reach")


def _show(request: Request, caller: Any, plan: str | None, part: Part, form: str) -> Response:
    desk = coverage_desk_of(request.app)
    card = desk.plan_of(plan or None, asker_of(caller))
    return _answer(card, desk.rules(card, part), form)


async def _change(request: Request, caller: Any, plan: str | None, part: Part) -> Response:
    from starlette.concurrency import run_in_threadpool

    body = await request.body()
    return await run_in_threadpool(_put, request, caller, plan, part, body)


def _put(request: Request, caller: Any, plan: str | None, part: Part, body: bytes) -> Response:
    from api.usecases.coverage_rules import checked, text_of

    asked = _read(request, body)
    card = coverage_desk_of(request.app).plan_of(plan or None, asker_of(caller))
    version = _expected(request, part)
    if version is None:
        raise Refusal(428, "if_match_missing")
    text = asked.toml if asked.toml is not None else text_of(part, asked.settings or {})
    text = checked(part, text)
    return _kept(
        request, caller, card, asked, lambda tx: tx.coverage.change_rules(card.county, part, text, version, caller.role)
    )


def _undo(request: Request, caller: Any, plan: str | None, part: Part) -> Response:
    card = coverage_desk_of(request.app).plan_of(plan or None, asker_of(caller))
    stated = _expected(request, part)

    def work(tx: Tx) -> RuleBook:
        version = tx.coverage.rules(card.county, part).version if stated is None else stated
        return tx.coverage.undo_rules(card.county, part, version, caller.role)

    return _kept(request, caller, card, None, work)


def _kept(
    request: Request, caller: Any, card: PlanCard, body: RulesIn | None, change: Callable[[Tx], RuleBook]
) -> Response:
    def work(tx: Tx) -> Answer:
        made = _answer(card, change(tx), "json")
        kept = {name: value for name, value in made.headers.items() if name.lower() in ("etag", "cache-control")}
        return Answer(200, kept, bytes(made.body))

    try:
        return answer_once(request, caller, body, work)
    except StaleRules as stale:
        return problem(
            request.scope, 412, *stale.faults, headers={"ETag": _etag(stale.book)}, language=language_of(request)
        )


def _answer(card: PlanCard, book: RuleBook, form: str) -> Response:
    from api.usecases.coverage_rules import full_text, plain

    headers = {"ETag": _etag(book), "Cache-Control": "private, no-cache"}
    if form == "toml":
        return Response(full_text(book), headers=headers, media_type=_TOML)
    body = {
        "plan": card.id,
        "county": card.county,
        "part": book.part,
        "version": book.version,
        "is_default": not book.toml,
        "can_undo": book.before is not None,
        "changed_at": book.changed_at.isoformat() if book.changed_at else None,
        "settings": plain(book),
    }
    return Response(orjson.dumps(body), headers=headers, media_type=_JSON)


def _read(request: Request, body: bytes) -> RulesIn:
    """The body of a change: JSON with ``settings`` or ``toml``, or TOML itself."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == _TOML:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refusal(400, "coverage_settings_not_text", file="", measured=str(error)[:200]) from error
        if len(text) > MOST_TOML:
            raise Refusal(422, "coverage_rules_long", measured=len(text), allowed=MOST_TOML)
        return RulesIn(toml=text)
    try:
        asked = RulesIn.model_validate_json(body or b"{}")
    except ValidationError as error:
        row = error.errors()[0]
        column = ".".join(map(str, row["loc"])) or "body"
        facts = {"where": "body", "column": column, "measured": type(row.get("input")).__name__}
        raise Refusal(422, "parameter_wrong", **facts, allowed=str(row["msg"])) from error
    if (asked.settings is None) == (asked.toml is None):
        raise Refusal(422, "coverage_rules_body")
    return asked


def _etag(book: RuleBook) -> str:
    return f'"{book.part}-{book.version}"'


def _expected(request: Request, part: Part) -> int | None:
    """The version that a change was made for; None where the request says none."""
    stated = request.headers.get("if-match")
    if stated is None or not stated.strip():
        return None
    found = _ETAG.fullmatch(stated.strip())
    if found is None or found[1] != part:
        raise Refusal(400, "coverage_if_match_malformed", measured=stated[:80], allowed=f'"{part}-1"')
    return int(found[2])
