"""Solver runs on part of a plan over HTTP: what arithmetic says at once, and the run itself as a job.

An answer is made a step of the plan like any edit: ``POST /v1/plans/{plan}/moves {"kind": "accept", "job": ID}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.http.openapi import responses
from api.http.schemas import Body, Line
from api.jobs.params import solve_params
from api.routes.acts import language_of, store_of
from api.routes.jobs import JobOut, refuse_many, shown
from api.routes.plans import PlanId, Planner, Reader, desk_of
from api.routes.repeats import KEY_PARAMETER, answer_once, etag_of
from data.store import Tx
from data.store.rooms.repeats import Answer

if TYPE_CHECKING:
    from api.usecases.plan_desk import Place
    from api.usecases.solve_part import Asked
    from data.store.rooms.plan_card import PlanCard

router = APIRouter(tags=["edits"])
_MOST_SECONDS = 3_600
Codes = Annotated[list[Line], Field(max_length=200)]


class SolveIn(Body):
    """Part of a plan to be solved: some grids of one community, or all of it."""

    grids: Codes = Field(default_factory=list, description="Nothing else changes; or `community`")
    community: Line | None = Field(None, description="All its grids that are not locked; or `grids`")
    aim: Literal["balance", "least_change", "lawful"] = Field(
        "balance",
        description="`balance`: least cost; `least_change`: fewest households in another grid; `lawful`: something "
        "lawful that costs little and moves little",
    )
    n_grids: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="Grids that the part is to have; as many as are best when omitted"
    )
    most_moved: Annotated[int, Field(ge=0, le=100_000_000)] | None = Field(
        None, description="With `lawful`: households that may change grid"
    )
    seconds: Annotated[float, Field(gt=0, le=_MOST_SECONDS)] | None = Field(None, description="Limit of the search")
    seed: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0


class NearMissOut(BaseModel):
    """A number of grids that almost works."""

    n_grids: int
    sizes: list[int] = Field(description="Households of the grids it is about")
    distances: list[int] = Field(description="Of each how far it is from the band; 0: inside, negative: below")


class OutlookOut(BaseModel):
    """What arithmetic says before anything is solved."""

    community: str
    grids: list[str] = Field(description="Grids that may change")
    households: int
    n_now: int = Field(description="Grids that may change")
    k_min: int = Field(description="Fewest grids by count; more than `k_max` where no number is lawful")
    k_max: int
    feasible: Literal["yes", "no", "unknown"] = Field(description="Whether a lawful answer exists; `no` is proved")
    reason: str | None
    is_lawful_now: bool
    n_held: int = Field(description="Pieces of ground that locks hold in their grids")
    near_misses: list[NearMissOut]
    sentences: dict[str, list[str]] = Field(description="The same for people, by language")


class SolveOut(JobOut):
    """A job, and what is known before it begins."""

    outlook: OutlookOut


@router.get("/v1/plans/{plan}/solve", summary="Whether a part of a plan can be lawful", responses=responses(404, 409))
def look_at_part(
    request: Request,
    response: Response,
    caller: Reader,
    plan: PlanId,
    grid: Annotated[list[Line], Query(max_length=200, description="Grids of one community; or `community`")] = [],  # noqa: B006
    community: Annotated[Line | None, Query(description="All its grids that are not locked; or `grid`")] = None,
) -> OutlookOut:
    """By count alone; a number of grids that fits may still have no plan whose grids hang together."""
    from api.usecases.solve_part import ask_part, outlook_to_json

    desk = desk_of(request)
    place = desk.place(plan, caller.jurisdiction)
    with store_of(request).read(caller.jurisdiction) as tx:
        card = tx.plans.card(plan)
        asked = ask_part(place, desk.sheet(tx, card, place), grid, community or "", tx.life.locks(plan))
    response.headers["ETag"] = etag_of(card.id, card.revision)
    response.headers["Cache-Control"] = "private, no-cache"
    return OutlookOut(**outlook_to_json(place, asked))


@router.post(
    "/v1/plans/{plan}/solve",
    status_code=202,
    response_model=SolveOut,
    summary="Solve part of a plan",
    responses=responses(404, 409, 507),
    openapi_extra={"parameters": [KEY_PARAMETER]},
)
def ask_solve(request: Request, caller: Planner, plan: PlanId, body: SolveIn) -> Response:
    """Answers at once with a job; its result is a proposal, and the plan stays as it is until that is accepted."""
    desk = desk_of(request)
    places: list[Place] = []

    def work(tx: Tx) -> Answer:
        from api.usecases.solve_part import ask_part, outlook_to_json

        refuse_many(tx, caller)
        card = tx.life.hold_editable(plan)
        sheet = desk.sheet(tx, card, places[0])
        locks = tx.life.locks(plan)
        asked = ask_part(places[0], sheet, body.grids, body.community or "", locks, body.n_grids)
        job = tx.jobs.ask("solve", _params(card, body, asked, places[0], locks), place=card.place)
        told = SolveOut(
            **shown(job, language_of(request)).model_dump(), outlook=OutlookOut(**outlook_to_json(places[0], asked))
        )
        return Answer(202, {"Location": f"/v1/jobs/{job.id}"}, told.model_dump_json().encode())

    return answer_once(
        request, caller, body, work, prepare=lambda: places.append(desk.place(plan, caller.jurisdiction))
    )


def _params(card: PlanCard, body: SolveIn, asked: Asked, place: Place, locks: tuple[str, ...]) -> dict[str, Any]:
    return solve_params(
        card.id,
        card.revision,
        grids=tuple(body.grids),
        community=place.ground.graph.communities[asked.chosen.community],
        state=asked.state,
        aim=body.aim,
        n_grids=body.n_grids,
        most_moved=body.most_moved,
        seed=body.seed,
        seconds=body.seconds,
        locks=locks,
    )
