"""A plan as it would be submitted, held against its territory, its rules, and the plan it was made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from api.usecases.file_papers import as_successor
from api.usecases.plan_desk import Desk, rules_of
from api.usecases.verdict import Verdict, judge
from data.store import Store
from data.store.rooms.plans import PlanCard
from gis.errors import Fault
from gis.territory import Territory
from partition.checks import CheckReport, check_succession, verify
from partition.compare import is_redraw_of
from partition.crosswalk import crosswalk_of_plans
from partition.edits.rows import DRAWN
from partition.file_plan import plan_id_of
from partition.filed import FiledPlan


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found of a plan at one revision.

    Attributes
    ----------
    card
        The plan, with the revision that was looked at.
    filed
        Its tables as they stand.
    whole
        Its tables as they would be submitted, with crosswalk and retired codes; ``filed`` itself where they stand.
    territory
        The one it lies on.
    report, verdict
        Of the independent check.
    faults
        Those of the verdict, and those against the plan it was made from.
    """

    card: PlanCard
    filed: FiledPlan
    whole: FiledPlan
    territory: Territory
    report: CheckReport
    verdict: Verdict
    faults: tuple[Fault, ...]


def inspect_plan(
    store: Store, desk: Desk, id: str, jurisdiction: str, at_stage: Callable[[], None] = lambda: None
) -> Inspected:
    """Check a plan by geometry, and against the plan it was made from.

    Parameters
    ----------
    at_stage
        Called between the stages of the work; what it raises ends the work.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    InputError
        ``plan_without_rules``.
    """
    with store.read(jurisdiction) as tx:
        tx.plans.card(id)
    with store.read() as tx:
        card = tx.plans.card(id)
        filed = tx.plans.load(id)
        base_id = tx.life.base_of(card)
        base = None if base_id is None else tx.plans.load(base_id)
    at_stage()
    territory = desk.territory(card.territory)
    at_stage()
    whole = _with_succession(filed, base, territory)
    if DRAWN in whole.meta:
        # What the papers call the plan must not be what they called it before the edits.
        facts = {key: value for key, value in whole.meta.items() if key != "plan_id"}
        whole = replace(whole, meta={**facts, "plan_id": plan_id_of(facts, whole.grids, whole.members)})
    at_stage()
    report = verify(whole, territory, rules_of(whole, card))
    at_stage()
    verdict = judge(report, whole)
    faults = (*verdict.faults, *(() if base is None else check_succession(base, whole)))
    return Inspected(card, filed, whole, territory, report, verdict, faults)


def _with_succession(filed: FiledPlan, base: FiledPlan | None, territory: Territory) -> FiledPlan:
    """With the crosswalk from the plan it was made from, and every code that was issued and is not in it."""
    if base is None or filed.crosswalk is not None:
        return filed
    if not is_redraw_of(filed, base):
        return as_successor(filed, base, territory)
    ever = {*base.grids["code"], *base.meta.get("retired_codes", "").split()}
    ever |= set(filed.meta.get("retired_codes", "").split())
    retired = " ".join(sorted(ever - set(filed.grids["code"])))
    crosswalk = crosswalk_of_plans(base, filed, territory)
    return replace(filed, crosswalk=crosswalk, meta={**filed.meta, "retired_codes": retired})
