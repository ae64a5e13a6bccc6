"""A point of a trade-off curve: shown before it is chosen, and made a draft when it is.

The curve is worked out by a job (`api.jobs.frontier`), which keeps its plans beside it.  Only the one that is chosen
becomes a plan of the store.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from api.usecases.packed_plans import unpack_plan
from api.usecases.plan_desk import Desk
from api.usecases.plan_features import grids_as_geojson
from data.store import Store, Tx
from data.store.rooms.jobs import JobCard
from data.store.rooms.life import ISSUED
from data.store.rooms.plans import PlanCard
from gis.errors import Conflict, NotFound
from gis.mergers import apply
from gis.territory import Territory
from partition.edits.sheet import plain_rows
from partition.filed import CROSSWALK_COLUMNS, FiledPlan

KIND = "frontier"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A point that is about to become a draft."""

    job: JobCard
    filed: FiledPlan
    territory: Territory | None
    """Where the mergers made another one."""


def file_of_point(number: int) -> str:
    """Name under which the job keeps the plan of a point."""
    return f"plan-{number}"


def show_point(store: Store, job: str, number: int, jurisdiction: str) -> bytes:
    """What a point makes of the communities that are cut anew, as JSON: ``grids`` (GeoJSON) and their ``crosswalk``.

    Raises
    ------
    NotFound
        ``job_unknown``, ``point_unknown``, ``job_file_unknown``.
    Conflict
        ``point_of_other_job``, ``frontier_not_done``.
    """
    with store.read(jurisdiction) as tx:
        card, kept = _point_of(tx, job, number=number)
        content = tx.jobs.files.read(job, file_of_point(kept))
    assert card.result is not None
    filed = unpack_plan(content)
    grids = filed.grids[filed.grids["community"].isin(card.result["communities"])].reset_index(drop=True)
    followed: list[dict[str, Any]] = []
    if filed.crosswalk is not None:
        rows = filed.crosswalk[filed.crosswalk["new"].isin(grids["code"]) | filed.crosswalk["new"].isna()]
        followed = plain_rows(rows, CROSSWALK_COLUMNS)
    return orjson.dumps({"number": kept, "grids": orjson.Fragment(grids_as_geojson(grids)), "crosswalk": followed})


def prepare_choice(store: Store, desk: Desk, job: str, weight: float, jurisdiction: str) -> Chosen:
    """Fetch the plan of a point, and its territory where mergers change it.

    Raises
    ------
    NotFound
        ``job_unknown``, ``point_unknown``, ``job_file_unknown``.
    Conflict
        ``point_of_other_job``, ``frontier_not_done``, ``frontier_plan_changed``.
    """
    with store.read(jurisdiction) as tx:
        card, kept = _point_of(tx, job, weight=weight)
        _assert_unchanged(tx, card)
        content = tx.jobs.files.read(job, file_of_point(kept))
    territory = None
    if card.params["merge"]:
        territory, _ = apply(desk.territory(card.params["territory"]), card.params["merge"])
    return Chosen(card, unpack_plan(content), territory)


def choose_point(tx: Tx, chosen: Chosen, name: str) -> PlanCard:
    """Make a draft of a point: a child of the plan that the curve is about.

    Raises
    ------
    Conflict
        ``frontier_plan_changed``, ``outside_jurisdiction``.
    """
    params = chosen.job.params
    _assert_unchanged(tx, chosen.job)
    parent = tx.plans.card(params["plan"])
    territory = params["territory"]
    if chosen.territory is not None:
        called = tx.territories.card(territory).name
        territory = tx.territories.save(chosen.territory, called, make_current=False).id
    filed = chosen.filed
    if parent.state not in ISSUED:
        # Codes that were never issued have no successors; the crosswalk is worked out when the plan is submitted.
        filed = replace(filed, crosswalk=None)
    card = tx.plans.save(filed, territory_id=territory, name=name or parent.name, parent=parent.id)
    weight = filed.meta.get("change_weight", "")
    tx.audit.record("plan.choose", card.id, place=card.place, after={"job": chosen.job.id, "change_weight": weight})
    return card


def _point_of(tx: Tx, job: str, *, number: int | None = None, weight: float | None = None) -> tuple[JobCard, int]:
    """The job and the number under which it keeps the plan of a point."""
    card = tx.jobs.card(job)
    if card.kind != KIND:
        raise Conflict("point_of_other_job", id=job, measured=card.kind)
    if card.state != "done" or card.result is None:
        raise Conflict("frontier_not_done", id=job, measured=card.state, how=card.state)
    points = card.result["points"]
    by = {point["change_weight"]: point for point in points}
    point = by.get(weight) if number is None else next((one for one in points if one["number"] == number), None)
    if point is None:
        allowed = ", ".join(f"{one['change_weight']:g}" for one in points)
        raise NotFound("point_unknown", id=job, measured=str(number if weight is None else weight), allowed=allowed)
    if point["same_as"] is not None:
        point = by[point["same_as"]]
    return card, int(point["number"])


def _assert_unchanged(tx: Tx, job: JobCard) -> None:
    """The grids of the plan are those that the curve started from; states, names and locks do not matter."""
    plan, since = job.params["plan"], job.params["revision"]
    touched = [change for change in tx.life.history.changes(plan, after=since) if change.change.get("grids")]
    if touched:
        raise Conflict("frontier_plan_changed", id=plan, measured=touched[-1].revision, allowed=since)
