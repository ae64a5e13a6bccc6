"""The history of a plan over HTTP: who did what, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.http.openapi import responses
from api.routes.acts import language_of, store_of
from api.routes.plan_answers import title_of
from api.routes.plans import PlanId, Reader

if TYPE_CHECKING:
    from api.usecases.plan_history import Event

router = APIRouter(tags=["plans"])
_CSV = "text/csv"
_MOST_ITEMS = 200
Group = Literal["edits", "states", "locks", "names", "notes", "shares"]
_FORMS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Acts", "content": {"application/json": {}, _CSV: {"schema": {"type": "string"}}}}
}


class ItemOut(BaseModel):
    """One thing that an act changed; null for not there."""

    what: str = Field(
        description="`grid` (its households), `building`, `unit`, `lock`, `state`, `name`, `note`, `share`"
    )
    id: str
    before: str | int | None
    after: str | int | None


class EventOut(BaseModel):
    """One act on a plan."""

    number: int = Field(description="In the audit log")
    at: datetime
    who: str
    action: str
    group: str
    title: str
    reason: str = Field(description="In the words of whoever acted; empty for none")
    revision: int | None = Field(description="Of the plan afterwards; null for what leaves it alone")
    grids: list[str]
    items: list[ItemOut]
    more_items: int


class HistoryOut(BaseModel):
    """Acts on a plan, the newest first."""

    events: list[EventOut]
    next: int | None = Field(description="What `before` must be for the older ones")


@router.get(
    "/v1/plans/{plan}/history",
    response_model=HistoryOut,
    summary="Who did what to a plan, when and why",
    responses=responses(404) | _FORMS,
)
def show_history(
    request: Request,
    caller: Reader,
    plan: PlanId,
    what: Annotated[Group | None, Query(description="Only acts of this kind")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    form: Annotated[Literal["json", "csv"], Query(alias="f", description="CSV tells all of it")] = "json",
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language of titles and words")] = None,
) -> Response:
    """Edits with what they moved, states, locks, names, notes and links, the newest first."""
    from api.usecases.plan_history import events_of, history_table

    language, store = lang or language_of(request), store_of(request)
    headers = {"Cache-Control": "private, no-cache"}
    with store.read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
        events = [] if form == "csv" else events_of(tx, plan, group=what, before=before, limit=limit)
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="history-{card.id}-{card.revision}.csv"'
        title = lambda event: _title(event, language)  # noqa: E731
        table = history_table(store, plan, caller.jurisdiction, language, title, what)
        return StreamingResponse(table, headers=headers, media_type=f"{_CSV}; charset=utf-8")
    following = events[-1].number if len(events) == limit else None
    body = HistoryOut(events=[_out(event, language) for event in events], next=following)
    return Response(body.model_dump_json(), headers=headers, media_type="application/json")


def _out(event: Event, language: str) -> EventOut:
    from api.usecases.plan_history import word_of

    items = [
        ItemOut(what=one.what, id=one.id, **{s: word_of(one, getattr(one, s), language) for s in ("before", "after")})
        for one in event.items[:_MOST_ITEMS]
    ]
    columns = {name: getattr(event, name) for name in ("number", "at", "who", "action", "group", "reason", "revision")}
    return EventOut(
        **columns,
        title=_title(event, language),
        grids=[str(code) for code in event.change.get("grids", ())],
        items=items,
        more_items=max(0, len(event.items) - _MOST_ITEMS),
    )


def _title(event: Event, language: str) -> str:
    """What a step is called, or what the act did."""
    from api.usecases.plan_history import act_word

    if event.kind:
        return title_of(event.kind, event.name, event.change, language)
    return act_word(event, language)
