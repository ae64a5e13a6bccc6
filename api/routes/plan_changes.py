"""What happened to a plan since somebody last looked: for a page that catches up without reading everything again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.http.openapi import responses
from api.routes.acts import language_of, store_of
from api.routes.plan_answers import answer, change_out, plan_out, respond
from api.routes.plan_schemas import NOT_MODIFIED, ChangesOut
from api.routes.plans import PlanId, Reader
from api.routes.repeats import etag_of, is_known

router = APIRouter(tags=["edits"])


@router.get(
    "/v1/plans/{plan}/changes",
    response_model=ChangesOut,
    summary="What was changed since a revision",
    responses=responses(404) | NOT_MODIFIED,
)
def list_changes(
    request: Request,
    caller: Reader,
    plan: PlanId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="The revision that is known")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Who changed what and when: edits, undo and redo, locks, names and states, the oldest first."""
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
        if is_known(request, etag_of(card.id, card.revision)):
            headers = {"ETag": etag_of(card.id, card.revision), "Cache-Control": "private, no-cache"}
            return Response(status_code=304, headers=headers)
        found = tx.life.history.changes(plan, after=after, limit=limit)
    language = language_of(request)
    following = found[-1].revision if len(found) == limit and found[-1].revision < card.revision else None
    told = ChangesOut(plan=plan_out(card), changes=[change_out(one, language) for one in found], next=following)
    return respond(answer(200, card, told))
