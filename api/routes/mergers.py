"""Mergers over HTTP: the arithmetic at once, the trade-off as a job, its points shown and one of them made a draft."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.http.openapi import responses
from api.http.schemas import Body, Line
from api.jobs.params import frontier_params
from api.problems import fault_rows
from api.routes.acts import language_of, store_of
from api.routes.jobs import FaultOut, JobId, JobOut, Planner, RulesIn, ask_job, narrower, rules_in
from api.routes.plan_answers import answer, plan_out
from api.routes.plan_schemas import PlanOut
from api.routes.plans import PlanId, Reader, desk_of
from api.routes.repeats import KEY_PARAMETER, answer_once
from data.store import Tx
from data.store.rooms.jobs import JobCard
from data.store.rooms.repeats import Answer
from gis.errors import Conflict

router = APIRouter(tags=["mergers"])
MOST_MERGERS = 50
MOST_POINTS = 20
_MOST_SPEC = 2_000
_WEIGHTS = [0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0]
Spec = Annotated[str, Field(min_length=1, max_length=_MOST_SPEC, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NeighbourOut(BaseModel):
    """A community that touches another."""

    code: str
    border_m: float


class VillageOut(BaseModel):
    """A community that may be merged."""

    code: str
    name: str
    town: str | None
    kind: str = Field(description="`urban` or `rural`")
    households: int
    population: int
    area_m2: float
    grids: int = Field(description="That the plan gives it")
    neighbours: list[NeighbourOut]


class VillagesOut(BaseModel):
    """Communities of a plan, by code."""

    villages: list[VillageOut]


class OldVillageOut(BaseModel):
    """A community that changes."""

    code: str
    name: str
    kind: str
    households: int
    grids: list[str] = Field(description="Codes of its grids in the plan")


class MeanOut(BaseModel):
    """So many grids of so many households each, on average."""

    grids: int
    households: float


class NearMissOut(BaseModel):
    """A way of cutting that almost works."""

    n_grids: int
    sizes: list[int]
    distances: list[int] = Field(description="Per size: 0 in the band, negative below, positive above")


class ReckonedOut(BaseModel):
    """What a community would be, and how many grids it could have."""

    code: str
    name: str
    kind: str
    households: int
    population: int
    buildings: int
    area_m2: float
    estates: int
    standard_households: int = Field(description="Left for standard grids once dedicated ones are taken out")
    dedicated: int = Field(description="Estates with dedicated grids of their own; one over the band has several")
    dedicated_households: int
    rural_grids: int
    n_grids_min: int = Field(description="Fewest grids of every kind, by the count")
    n_grids_max: int = Field(description="Most grids of every kind, by the count")
    rural_mode: str | None = Field(description="How a rural community is cut; null for an urban one")
    k_min: int = Field(description="Fewest standard grids")
    k_max: int = Field(description="Most standard grids")
    means: list[MeanOut]
    feasible: str = Field(description="`yes`, `no` (proved) or `unknown`: the arithmetic allows it, the search decides")
    reason: str | None
    why: str | None = Field(description="The reason in words")
    near_misses: list[NearMissOut]


class MergerOut(BaseModel):
    """One change of villages, reckoned."""

    spec: str = Field(description="What `merge` of a re-draw takes")
    kind: str
    villages: list[OldVillageOut]
    gives_up: list[str] = Field(description="Codes of communities that are no more; none is ever given again")
    grids_go_on: list[str] = Field(description="Grids whose codes may live on: their community keeps its number")
    grids_retire: list[str] = Field(description="Grids whose codes are given up with the number of their community")
    new_number: str | None = Field(description="The lowest number in the town that was never given")
    results: list[ReckonedOut]


class ReckoningOut(BaseModel):
    """Changes of villages, reckoned; what stands in the way of them together."""

    is_possible: bool
    mergers: list[MergerOut]
    faults: list[FaultOut]


class FrontierIn(Body):
    """The trade-off of a re-draw after changes of communities; locks of the plan hold too."""

    plan: Line
    territory: Line | None = Field(None, description="Id of the territory of today; that of the plan when omitted")
    merge: list[Spec] = Field(
        default_factory=list,
        max_length=MOST_MERGERS,
        description="Changes of communities to apply first, as `330402015201+330402015202=330402015201:新村`",
    )
    weights: Annotated[list[Annotated[float, Field(ge=0, le=1e6)]], Field(min_length=1, max_length=MOST_POINTS)] = (
        Field(_WEIGHTS, description="Metres of border that one household in another grid costs: one point for each")
    )
    rules: RulesIn | None = None  # type: ignore[valid-type]
    seed: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0
    seconds: Annotated[float, Field(gt=0, le=7 * 86_400)] | None = Field(
        None, description="Limit of all searches together; without one the least possible change is proved"
    )
    locks: list[Line] = Field(default_factory=list, max_length=10_000)


class CrosswalkRowOut(BaseModel):
    """What of an old grid is in a new one."""

    old: str | None
    new: str | None
    households: int
    buildings: int
    share_of_old: float
    share_of_new: float
    relation: str


class PointOut(BaseModel):
    """The plan of a point where it differs from the plan before."""

    number: int
    grids: dict[str, Any] = Field(description="GeoJSON feature collection, longitude and latitude")
    crosswalk: list[CrosswalkRowOut]


class ChooseIn(Body):
    """A point of a trade-off that becomes a draft."""

    weight: Annotated[float, Field(ge=0, le=1e6)]
    name: Line | None = Field(None, description="Of the draft; that of the plan before when omitted")


@router.get(
    "/v1/plans/{plan}/villages", summary="Communities of a plan and which ones touch", responses=responses(404, 409)
)
def show_villages(request: Request, caller: Reader, plan: PlanId) -> VillagesOut:
    """For choosing what to merge."""
    from api.usecases.reckon_mergers import list_villages

    rows = list_villages(desk_of(request), store_of(request), plan, caller.jurisdiction)
    return VillagesOut(villages=[VillageOut(**row) for row in rows])


@router.get("/v1/plans/{plan}/merge", summary="The arithmetic of mergers", responses=responses(404, 409))
def reckon(
    request: Request,
    caller: Reader,
    plan: PlanId,
    villages: Annotated[
        list[Spec],
        Query(
            min_length=1,
            max_length=MOST_MERGERS,
            description="Once a merger: codes with commas between them, or a whole change as a re-draw takes it",
        ),
    ],
) -> ReckoningOut:
    """Nothing is drawn: sums, how many grids there could be, and what can not be done, at once."""
    from api.usecases.reckon_mergers import reckon_mergers

    language = language_of(request)
    told = reckon_mergers(desk_of(request), store_of(request), plan, caller.jurisdiction, villages, language)
    return ReckoningOut(
        is_possible=not told.faults,
        mergers=[MergerOut(**merger) for merger in told.mergers],
        faults=[FaultOut(**row) for row in fault_rows(told.faults, language)],
    )


@router.post(
    "/v1/frontier",
    status_code=202,
    response_model=JobOut,
    summary="Weigh change against borders and balance",
    responses=responses(404, 409, 507),
    openapi_extra={"parameters": [KEY_PARAMETER]},
)
def ask_frontier(request: Request, caller: Planner, body: FrontierIn) -> Response:
    """One re-draw for each weight; answers at once with a job.  No plan is made before a point of it is chosen."""

    def ask(tx: Tx) -> JobCard:
        plan = tx.plans.card(body.plan)
        card = tx.territories.card(body.territory or plan.territory)
        if body.merge and not card.county.startswith(tx.jurisdiction):
            raise Conflict("outside_jurisdiction", measured=card.county, allowed=tx.jurisdiction)
        params = frontier_params(
            plan.id,
            plan.revision,
            card.id,
            merge=tuple(body.merge),
            weights=tuple(body.weights),
            rules=None if body.rules is None else rules_in(body.rules),
            seed=body.seed,
            seconds=body.seconds,
            locks=tuple(dict.fromkeys([*tx.life.locks(plan.id), *body.locks])),
        )
        return tx.jobs.ask("frontier", params, place=narrower(card.county, tx.jurisdiction))

    return ask_job(request, caller, body, ask)


@router.get(
    "/v1/jobs/{job}/points/{number}",
    summary="A point of a trade-off",
    response_model=PointOut,
    responses=responses(404, 409),
)
def show_point(
    request: Request,
    caller: Reader,
    job: JobId,
    number: Annotated[int, Field(ge=1, le=MOST_POINTS)],
) -> Response:
    """Its grids in the communities that are cut anew, and what becomes of the old ones."""
    from api.usecases.choose_point import show_point

    told = show_point(store_of(request), job, number, caller.jurisdiction)
    headers = {"Cache-Control": "private, max-age=3600"}  # what a job made never changes
    return Response(told, media_type="application/json", headers=headers)


@router.post(
    "/v1/jobs/{job}/choose",
    status_code=201,
    response_model=PlanOut,
    summary="Make a draft of a point",
    responses=responses(404, 409, 507),
    openapi_extra={"parameters": [KEY_PARAMETER]},
)
def choose(request: Request, caller: Planner, job: JobId, body: ChooseIn) -> Response:
    """A child of the plan that the trade-off is about; on the territory after the mergers."""
    from api.usecases.choose_point import Chosen, choose_point, prepare_choice

    chosen: list[Chosen] = []

    def prepare() -> None:
        desk = desk_of(request)
        chosen.append(prepare_choice(store_of(request), desk, job, body.weight, caller.jurisdiction))

    def work(tx: Tx) -> Answer:
        card = choose_point(tx, chosen[0], body.name or "")
        return answer(201, card, plan_out(card), Location=f"/v1/plans/{card.id}")

    return answer_once(request, caller, body, work, prepare=prepare)
