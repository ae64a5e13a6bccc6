"""Proposed cameras over HTTP: where they had best stand, and each accepted or refused by a planner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from pydantic import Field

from api.http.openapi import responses
from api.http.schemas import Body, Latitude, Longitude
from api.problems import Refusal
from api.routes.acts import act_of, language_of
from api.routes.coverage_asked import (
    FEATURES,
    GEO,
    KEPT,
    MOST_GRIDS,
    NOT_MODIFIED,
    Code,
    Plan,
    Planner,
    Reader,
    answer_asked,
    answer_in_turn,
    asker_of,
    coverage_desk_of,
    in_turn,
    of_the_land,
)
from api.routes.repeats import KEY_PARAMETER, answer_once
from data.store import Tx
from data.store.rooms.repeats import Answer

if TYPE_CHECKING:
    from api.usecases.coverage_sites import SiteDesk

router = APIRouter(tags=["coverage"])
MOST_ADD = 2_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Kind = Literal["camera", "post"]
ProposalId = Annotated[str, Path(max_length=120, description="Id of the proposal, percent-encoded")]
KindOf = Annotated[Kind, Query(description="What is proposed")]


class SitesIn(Body):
    """A question where cameras had best stand."""

    plan: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    goal: Literal["cover", "all", "floor"] = Field(
        "cover", description="As much as `add` cameras can see; no blind corner; the density targets of the grids"
    )
    add: Annotated[int, Field(ge=0, le=MOST_ADD)] | None = Field(
        None, description="Most cameras to propose; needed for `cover`, not used for `all`"
    )
    level: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    grids: Annotated[list[Code], Field(max_length=MOST_GRIDS)] = Field(default_factory=list)
    community: Code | None = None
    floors: bool = Field(False, description="Grids short of their density come first")
    private_price: Annotated[float, Field(ge=0, le=1_000)] | None = Field(
        None,
        description="Metres of public street that one private metre in view outweighs; that of the rules when omitted",
    )


class VerdictIn(Body):
    """A decision on a proposal, with its place as it was proposed."""

    plan: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    kind: Kind = "camera"
    verdict: Literal["accepted", "refused"]
    lon: Longitude
    lat: Latitude
    heading_deg: Annotated[float, Field(ge=0, le=360)] | None = None
    level: Annotated[str, Field(max_length=80)] = Field(
        "", description="Level of pixel density; for a post the promise it was proposed for"
    )
    grid: Annotated[str, Field(max_length=64)] = Field("", description="Not used: the grid is found by the place")


def sites_of(app: FastAPI) -> SiteDesk:
    """The desk of a service that proposes cameras; the first who asks makes it."""
    found: SiteDesk | None = getattr(app.state, "site_desk", None)
    if found is None:
        from api.usecases.coverage_sites import SiteDesk

        found = app.state.site_desk = SiteDesk(coverage_desk_of(app))
    return found


@router.post("/v1/cameras/proposals", summary="Where more cameras had best stand", responses=responses(404, 422))
async def propose(request: Request, caller: Reader, body: SitesIn) -> Response:
    """Ranked, with the gain of each after those before it, and a bound that no choice can pass.

    Accepted proposals count as standing, refused ones are not proposed again.  Land too large for an answer within
    minutes is refused; choose grids or a community, or use ``gridwright cameras``.
    """
    sites, asker = sites_of(request.app), asker_of(caller)

    def work(is_called_off: Callable[[], bool]) -> dict[str, Any]:
        from api.coverage_answers import siting_out
        from api.usecases.coverage_sites import SiteQuestion, decisions

        card = sites.desk.plan_of(body.plan, asker)
        question = SiteQuestion(
            goal=body.goal,
            add=None if body.goal == "all" else body.add,
            grids=tuple(sorted(set(body.grids))),
            community=body.community or "",
            keep_floors=body.floors,
            level=body.level or "",
            private_price=body.private_price,
        )
        made = of_the_land(lambda: sites.propose(card, question, asker, is_called_off))
        verdicts = {one.id: one.verdict for one in decisions(sites.desk, card, asker, kind="camera")}
        return siting_out(made.ground, made.answer, made.sights, verdicts)

    return await answer_asked(request, work)


@router.get("/v1/cameras/proposals", summary="Decided proposals", responses={**responses(404, 422), **NOT_MODIFIED})
async def list_decided(
    request: Request,
    caller: Reader,
    plan: Plan = None,
    kind: Annotated[Kind | None, Query(description="Only of this kind")] = None,
    verdict: Annotated[Literal["accepted", "refused"] | None, Query(description="Only these")] = None,
) -> Response:
    """Accepted and refused proposals within the reader's jurisdiction, the newest first."""
    desk, asker = coverage_desk_of(request.app), asker_of(caller)

    def find() -> tuple[str, Callable[[], bytes]]:
        from api.coverage_answers import decision_out, plan_out
        from api.usecases.coverage_sites import decisions

        card = desk.plan_of(plan or None, asker)
        found = decisions(desk, card, asker, kind=kind, verdict=verdict)
        found.sort(key=lambda one: one.decided_at, reverse=True)
        rows = [decision_out(one) for one in found]
        body = orjson.dumps({"plan": plan_out(card), "proposals": rows})
        return body.decode(), lambda: body

    return await answer_in_turn(request, find)


@router.put(
    "/v1/cameras/proposals/{id}",
    summary="Accept or refuse a proposal",
    responses=responses(404, 409, 422, 507),
    openapi_extra={"parameters": [KEY_PARAMETER]},
)
async def decide(request: Request, caller: Planner, id: ProposalId, body: VerdictIn) -> Response:
    """Kept with the plan, whatever its revision; another verdict takes the place of the first."""
    desk, asker, act = coverage_desk_of(request.app), asker_of(caller), act_of(request, caller)
    del act  # made again with the change; here for its refusals, before anything is worked out

    def work() -> Response:
        from api.coverage_answers import decision_out
        from api.usecases.coverage_sites import Place, proposal_at

        card = desk.plan_of(body.plan, asker)
        place = Place(body.lon, body.lat, body.heading_deg)
        proposed = proposal_at(desk.ground(card), asker, place, kind=body.kind, id=_checked(id), level=body.level)

        def change(tx: Tx) -> Answer:
            made, _ = tx.coverage.decide(card.id, card.county, proposed, body.verdict, caller.role)
            return Answer(200, {"Cache-Control": "no-store"}, orjson.dumps(decision_out(made)))

        return answer_once(request, caller, body, change)

    return await in_turn(request, work)


@router.delete(
    "/v1/cameras/proposals/{id}",
    summary="Take a decision back",
    status_code=204,
    response_class=Response,
    responses=responses(404, 409, 507),
    openapi_extra={"parameters": [KEY_PARAMETER]},
)
def undecide(request: Request, caller: Planner, id: ProposalId, plan: Plan = None, kind: KindOf = "camera") -> Response:
    """The proposal is open again."""
    desk = coverage_desk_of(request.app)
    card = desk.plan_of(plan or None, asker_of(caller))

    def change(tx: Tx) -> Answer:
        tx.coverage.undo(card.id, kind, id)
        return Answer(204, {}, b"")

    return answer_once(request, caller, None, change)


@router.get(
    "/v1/cameras/proposals.xlsx",
    summary="Accepted proposals as a workbook",
    response_class=Response,
    responses={
        **responses(404, 422),
        **NOT_MODIFIED,
        200: {"content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def show_workbook(
    request: Request,
    caller: Reader,
    plan: Plan = None,
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language of the heads")] = None,
) -> Response:
    """Codes and ids as text, the same bytes for the same decisions."""
    return await _export(request, caller, plan, "xlsx")


@router.get(
    "/v1/cameras/proposals.geojson",
    summary="Accepted proposals as GeoJSON",
    response_class=Response,
    responses={**responses(404, 422), **NOT_MODIFIED, **FEATURES},
)
async def show_geojson(
    request: Request,
    caller: Reader,
    plan: Plan = None,
    lang: Annotated[Literal["zh", "en"] | None, Query(description="Language of errors")] = None,
) -> Response:
    """Points in longitude and latitude (WGS 84)."""
    return await _export(request, caller, plan, "geojson")


async def _export(request: Request, caller: Any, plan: str | None, form: str) -> Response:
    desk, asker = coverage_desk_of(request.app), asker_of(caller)
    name = f"{plan or 'cameras'}-accepted.{form}"

    def find() -> tuple[str, Callable[[], bytes]]:
        from api.usecases.coverage_export import accepted_geojson, accepted_workbook
        from api.usecases.coverage_sites import decisions

        card = desk.plan_of(plan or None, asker)
        found = decisions(desk, card, asker, verdict="accepted")
        make = accepted_workbook if form == "xlsx" else accepted_geojson
        return repr((card.id, card.revision, found)), lambda: make(card, found, language_of(request))

    headers = {"Content-Disposition": f'attachment; filename="{name}"', **KEPT}
    return await answer_in_turn(request, find, _XLSX if form == "xlsx" else GEO, headers)


def _checked(id: str) -> str:
    """An id that can be listed and asked for again.

    Raises
    ------
    Refusal
        400 ``coverage_id_wrong``.
    """
    if not id.strip() or not id.isprintable() or "/" in id:
        raise Refusal(400, "coverage_id_wrong", measured=id[:80])
    return id


__all__ = ["router", "sites_of"]
