"""Looking for something on the ground of a plan by its name."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.http.openapi import responses
from api.routes.plans import PlanId, Reader, desk_of

router = APIRouter(tags=["desk"])
MOST = 50


class FoundOut(BaseModel):
    """Something with a name."""

    kind: Literal["building", "unit", "address", "street", "place", "post"]
    text: str
    atom: int | None = Field(description="The piece of ground it is on, counted in `atoms` of `/ground`")
    lon: float
    lat: float


class FindOut(BaseModel):
    """What was found, best first."""

    found: list[FoundOut]


@router.get("/v1/plans/{plan}/find", summary="Where something is under a plan", responses=responses(404, 409))
def find(
    request: Request,
    caller: Reader,
    plan: PlanId,
    q: Annotated[str, Query(min_length=1, max_length=200, description="Id or name, or a part of it")],
    limit: Annotated[int, Query(ge=1, le=MOST)] = 10,
) -> FindOut:
    """Buildings and units by id, addresses, streets, key places and posts by name; grids and estates are in `/sheet`
    and `/ground`."""
    from api.usecases.plan_find import names_of

    names = names_of(desk_of(request).place(plan, caller.jurisdiction))
    found = names.find(q, limit)
    return FindOut(
        found=[FoundOut(kind=f.kind, text=f.text, atom=f.atom, lon=f.lon, lat=f.lat) for f in found]  # type: ignore[arg-type]
    )
