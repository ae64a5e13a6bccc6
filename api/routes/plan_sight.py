"""What is to be seen of a plan besides its ground: why a grid is as it is, what is wrong, what arithmetic says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Path, Request, Response
from pydantic import BaseModel, Field

from api.http.openapi import also_describe, responses
from api.routes.acts import settings_of, store_of
from api.routes.plan_answers import answer, respond
from api.routes.plans import PlanId, Reader, desk_of

if TYPE_CHECKING:
    from api.usecases.watch_plan import PlanWatch, Watched

router = APIRouter(tags=["desk"])
_LATER_S = 1
GridCode = Annotated[str, Path(min_length=1, max_length=64, description="Code of a grid of the plan")]
Said = dict[str, str]


class NearOut(BaseModel):
    """A number of grids that almost works."""

    grids: int
    sizes: list[int]


class ArithmeticOut(BaseModel):
    """What the count says about a community."""

    k_min: int = Field(description="Fewest standard grids")
    k_max: int = Field(description="Most standard grids")
    standard_households: int = Field(description="What is left for standard grids")
    n_dedicated: int = Field(description="Estates with dedicated grids of their own; one over the band has several")
    dedicated_households: int
    n_rural: int
    n_grids_min: int = Field(description="Fewest grids of every kind")
    n_grids_max: int = Field(description="Most grids of every kind")
    by_count: Literal["yes", "no", "unknown"] = Field(description="Whether a lawful plan can exist, by the count alone")
    by_count_reason: str | None
    by_count_why: Said | None
    near: list[NearOut]


class ArithmeticOfOut(ArithmeticOut):
    """The same, with the community."""

    code: str


class ArithmeticsOut(BaseModel):
    """Every community of a plan's territory."""

    communities: list[ArithmeticOfOut]


class WhyCommunityOut(ArithmeticOut):
    """The community of a grid: the plan's own words and the count's."""

    code: str
    name: str
    households: int
    grids: int
    feasible: str
    reason: str | None
    why: Said | None
    proof: str
    objective: float | None
    bound: float | None
    gap_frac: float | None


class WhyRuleOut(BaseModel):
    """A broken rule as the plan tells it."""

    code: str
    sentence: Said


class WhyStepOut(BaseModel):
    """Ground that would go to a grid."""

    atoms: list[str]
    grid: str


class WhyEffectOut(BaseModel):
    """What a way makes of a grid."""

    grid: str
    before: int
    after: int
    is_in_band: bool
    is_gone: bool


class WayOut(BaseModel):
    """A lawful way to help a grid."""

    kind: Literal["move", "two", "merge"]
    is_into: bool = Field(description="It brings the grid into the band and puts no other further out")
    title: Said
    steps: list[WhyStepOut]
    edits: list[dict[str, Any]] = Field(description="What `POST /v1/plans/{plan}/moves` takes, in this order")
    effects: list[WhyEffectOut]
    outside_before: int = Field(description="Households by which the touched grids miss the band")
    outside_after: int


class WhyStopOut(BaseModel):
    """A rule that stopped moves which would have helped."""

    code: str
    n: int
    sentence: Said
    rule: Said
    example: WhyStepOut


class WhyOut(BaseModel):
    """Why a grid is as it is."""

    revision: int
    grid: str
    kind: str
    reason: str | None
    households: int
    band: list[int]
    status: Literal["in", "low", "high", "exempt", "closed"]
    missing: int = Field(description="Households below (negative) or above the band")
    pieces: int
    neighbours: list[str]
    sentence: Said = Field(description="The answer in plain words")
    broken_rules: list[WhyRuleOut]
    community: WhyCommunityOut
    ways: list[WayOut] = Field(description="The best first")
    stops: list[WhyStopOut] = Field(description="The most frequent first")
    n_tried: int = Field(description="Pieces at its border that were held against the rules")


class CheckRowOut(BaseModel):
    """One kind of check."""

    check: str
    passed: bool
    measured: float
    allowed: float
    unit: str


class SpotOut(BaseModel):
    """Where to look, in degrees."""

    lon: float
    lat: float
    bbox: list[float]


class FindingOut(BaseModel):
    """One thing that was found."""

    weight: Literal["fault", "open", "excused", "remark"]
    group: str
    code: str
    why: str = Field(description="Of a broken rule: which")
    sentence: Said
    grid: str | None
    community: str | None
    id: str | None = Field(description="Of a building, unit or estate")
    spot: SpotOut | None


class CheckOut(BaseModel):
    """What was found of a plan at a revision."""

    revision: int
    at: datetime
    age_s: float
    is_sound: bool = Field(description="It could be submitted as it is")
    n: dict[str, int] = Field(description="How many of each weight, also beyond the listed ones")
    rows: list[CheckRowOut]
    findings: list[FindingOut]


class CheckingOut(BaseModel):
    """The plan is being checked."""

    revision: int = Field(description="The one that is being checked")
    last: CheckOut | None = Field(description="What was found of an earlier one")


also_describe(CheckingOut)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Ends the checks with the service."""
    yield
    watch: PlanWatch | None = getattr(app.state, "plan_watch", None)
    if watch is not None:
        watch.end()


def watch_of(request: Request) -> PlanWatch:
    """The watch of the service; made when it is first asked for."""
    from api.usecases.watch_plan import PlanWatch

    state = request.app.state
    watch: PlanWatch | None = getattr(state, "plan_watch", None)
    if watch is None:
        watch = state.plan_watch = PlanWatch(state.store, desk_of(request), settings_of(request).now)
    return watch


@router.get(
    "/v1/plans/{plan}/grids/{grid}/why",
    response_model=WhyOut,
    summary="Why a grid is as it is",
    responses=responses(404, 409),
)
def show_why(request: Request, caller: Reader, plan: PlanId, grid: GridCode) -> Response:
    """What the plan and the count say of it, and which lawful edits would bring it into the band or nearer to it;
    where none would, which rules stop them."""
    from api.usecases.explain_grid import explain_grid

    desk = desk_of(request)
    place = desk.place(plan, caller.jurisdiction)
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
        told = explain_grid(desk, tx, card, place, grid)
    return respond(answer(200, card, WhyOut(**told)))


@router.get(
    "/v1/plans/{plan}/arithmetic",
    response_model=ArithmeticsOut,
    summary="What the count says of every community",
    responses=responses(404, 409),
)
def show_arithmetic(request: Request, caller: Reader, plan: PlanId) -> Response:
    """How many standard grids each community can have; the same for all plans of a territory under the same rules."""
    from api.usecases.explain_grid import arithmetic_of_place

    place = desk_of(request).place(plan, caller.jurisdiction)
    told = place.kept("arithmetic", lambda: arithmetic_of_place(place))
    body = ArithmeticsOut(communities=told)
    return respond(answer(200, None, body, **{"Cache-Control": "private, no-cache"}))


@router.get(
    "/v1/plans/{plan}/check",
    response_model=CheckOut,
    summary="What is wrong with a plan",
    responses={
        **responses(404, 409),
        202: {
            "description": "It is being found out; ask again after `Retry-After` seconds",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CheckingOut"}}},
        },
    },
)
def show_check(request: Request, caller: Reader, plan: PlanId) -> Response:
    """Checks the plan as it would be submitted, beside other requests: by geometry, against the plan it was made from,
    and its broken rules; each finding with its place.  A newer revision ends the check of an older one."""
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
    watch = watch_of(request)
    found = watch.look(card)
    now = settings_of(request).now()
    if found is None:
        last = watch.last(plan)
        body = CheckingOut(revision=card.revision, last=None if last is None else _check_out(last, now))
        return respond(answer(202, card, body, **{"Retry-After": str(_LATER_S)}))
    return respond(answer(200, card, _check_out(found, now)))


def _check_out(found: Watched, now: datetime) -> CheckOut:
    from api.usecases.explain_grid import in_each_language

    findings = [
        FindingOut(
            weight=one.weight,  # type: ignore[arg-type]
            group=one.group,
            code=one.code,
            why=one.why,
            sentence=dict(in_each_language(one.code, **one.facts)),
            grid=_text(one.facts.get("grid") or one.facts.get("new")),
            community=_text(one.facts.get("community")),
            id=_text(one.facts.get("id")),
            spot=None if one.spot is None else SpotOut(lon=one.spot.lon, lat=one.spot.lat, bbox=list(one.spot.bbox)),
        )
        for one in found.findings
    ]
    return CheckOut(
        revision=found.revision,
        at=found.at,
        age_s=max(0.0, round((now - found.at).total_seconds(), 1)),
        is_sound=found.is_sound,
        n=dict(found.n),
        rows=[
            CheckRowOut(check=r.check, passed=r.passed, measured=r.measured, allowed=r.allowed, unit=r.unit)
            for r in found.rows
        ],
        findings=findings,
    )


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
