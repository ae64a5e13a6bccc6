"""The few figures that describe plans in a list, counted where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Table, and_, case, func, select

from data.store.rooms.plan_card import PlanCard
from data.store.tables.plans import plan_communities, plan_grids, plan_violations
from data.store.tx import Tx

_STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """Counts of one plan; ``in_band`` counts standard grids."""

    communities: int
    grids: int
    households: int
    standard: int
    in_band: int
    violations: int


def plan_figures(tx: Tx, cards: Sequence[PlanCard]) -> dict[str, PlanFigures]:
    """Figures of plans by id."""
    if not cards:
        return {}
    is_standard = plan_grids.c.kind == _STANDARD
    sums = (
        func.count(),
        func.coalesce(func.sum(plan_grids.c.households), 0),
        func.coalesce(func.sum(case((is_standard, 1), else_=0)), 0),
        func.coalesce(func.sum(case((and_(is_standard, plan_grids.c.within_band), 1), else_=0)), 0),
    )
    grids = _by_plan(tx, plan_grids, cards, *sums)
    communities = _by_plan(tx, plan_communities, cards, func.count())
    violations = _by_plan(tx, plan_violations, cards, func.count())
    none = (0, 0, 0, 0)
    return {
        card.id: PlanFigures(
            communities.get(card.id, (0,))[0], *grids.get(card.id, none), violations.get(card.id, (0,))[0]
        )
        for card in cards
    }


def _by_plan(tx: Tx, table: Table, cards: Sequence[PlanCard], *sums: object) -> dict[str, tuple[int, ...]]:
    wanted = (
        select(table.c.plan, *sums)  # type: ignore[call-overload]
        .where(table.c.county.in_(sorted({card.county for card in cards})), table.c.plan.in_([c.id for c in cards]))
        .group_by(table.c.plan)
    )
    return {row[0]: tuple(int(value) for value in row[1:]) for row in tx.connection.execute(wanted)}
