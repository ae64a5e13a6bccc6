"""Links to read a plan without an account, over HTTP: made, listed, revoked.  What they open: `shared`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, StringConstraints

from api.http.openapi import responses
from api.http.schemas import Body
from api.routes.acts import act_of, settings_of, store_of
from api.routes.plans import Officer, PlanId, Reader
from api.usecases.plan_shares import DEFAULT_DAYS, MOST_DAYS, make_share
from data.store.rooms.shares import Share

router = APIRouter(tags=["shares"])
ShareId = Annotated[str, Path(max_length=40, description="Of the link, as the list says it")]
Label = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ShareIn(Body):
    """A new link."""

    expires_in_days: int = Field(DEFAULT_DAYS, ge=1, le=MOST_DAYS)
    note: Label = Field("", description="Whom it is for; shown in the list, not to those who open the link")


class ShareOut(BaseModel):
    """A link, without what opens it."""

    id: str
    note: str
    state: Literal["live", "expired", "revoked"]
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None
    uses: int = Field(description="How often the page was opened by it")


class NewShareOut(ShareOut):
    """A link at the only moment at which its text is known."""

    path: str = Field(description="Where it leads, at this service")
    link: str = Field(description="The whole address, as far as the service knows its own; else the path")


class SharesOut(BaseModel):
    """Links, the newest first."""

    shares: list[ShareOut]


@router.get("/v1/plans/{plan}/shares", summary="Links to a plan", responses=responses(404))
def list_shares(request: Request, caller: Reader, plan: PlanId) -> SharesOut:
    """Who made them, when they end, when and how often they were used; never what opens them."""
    with store_of(request).read(caller.jurisdiction) as tx:
        found = tx.shares.of_plan(plan)
    now = settings_of(request).now()
    return SharesOut(shares=[_out(share, now) for share in found])


@router.post(
    "/v1/plans/{plan}/shares",
    status_code=201,
    summary="Make a link to read a plan without an account",
    responses=responses(404, 409, 507),
)
def add_share(request: Request, caller: Officer, plan: PlanId, body: ShareIn) -> NewShareOut:
    """The link is shown this once: only its hash is kept.  That is why there is no Idempotency-Key here."""
    with store_of(request).write(act_of(request, caller)) as tx:
        share, token = make_share(tx, plan, body.expires_in_days, body.note.strip())
    settings, path = settings_of(request), f"/shared/{token}"
    shown = _out(share, settings.now()).model_dump()
    return NewShareOut(**shown, path=path, link=f"{settings.public_url.rstrip('/')}{path}")


@router.delete("/v1/plans/{plan}/shares/{share}", summary="Revoke a link", responses=responses(404, 507))
def revoke_share(request: Request, caller: Officer, plan: PlanId, share: ShareId) -> ShareOut:
    """It opens nothing from now on; it stays in the list.  Twice is the same as once."""
    with store_of(request).write(act_of(request, caller)) as tx:
        found = tx.shares.revoke(plan, share)
    return _out(found, settings_of(request).now())


def _out(share: Share, now: datetime) -> ShareOut:
    columns = {name: getattr(share, name) for name in ShareOut.model_fields if hasattr(share, name) and name != "state"}
    return ShareOut(**columns, note=share.label, state=share.state(now))  # type: ignore[arg-type]
