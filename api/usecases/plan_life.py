"""A plan on its way: made from another, checked before it is submitted, its papers, held beside another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from api.usecases.compare_plans import comparison_json
from api.usecases.inspect_plan import inspect_plan
from api.usecases.plan_desk import Desk
from data.store import Act, Store, Tx
from data.store.rooms.life import ISSUED, NEXT, Stale
from data.store.rooms.plans import PlanCard
from gis.errors import Conflict, Fault
from partition.compare import compare, ground_of
from partition.edits.rows import DRAWN
from partition.filed import FiledPlan

_SHOWN_FAULTS = 20
_OF_ONE_REDRAW = ("households_moved", "households_moved_at_least", DRAWN)


@dataclass(frozen=True, slots=True)
class Examined:
    """A plan that may be submitted, at one revision.

    Attributes
    ----------
    revision
        The one that was examined.
    filed
        Its tables with crosswalk and retired codes; ``None`` where they stand already.
    """

    revision: int
    filed: FiledPlan | None


def settle_if_due(store: Store, now: datetime) -> None:
    """Write down what has come true by now: plans whose day has come, and those they took over from."""
    with store.read() as tx:
        due = tx.life.is_due(now)
    if due:
        with store.write(Act("system", now)) as tx:
            tx.life.settle()


def fork_plan(tx: Tx, parent: str, name: str, at_revision: int | None = None) -> PlanCard:
    """A draft that begins as a copy of another plan and is its child.

    Parameters
    ----------
    at_revision
        Copy the plan as it was at that revision.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    Conflict
        ``revision_out_of_reach``: there was no such revision, or what came since can not be taken back: steps that
        are kept no more, or codes that were issued since.
    """
    card = tx.plans.card(parent)
    since = () if at_revision is None else tx.life.edits.since(card, at_revision)
    if since and card.state in ISSUED:
        raise Conflict("revision_out_of_reach", id=parent, measured=at_revision or 0, allowed=card.revision)
    old = tx.plans.load(parent)
    act = tx.act
    seed = f"{old.meta.get('plan_id', '')}\n{parent}\n{card.revision}\n{act.who}\n{act.at.isoformat()}"
    meta = {key: value for key, value in old.meta.items() if key not in _OF_ONE_REDRAW}
    meta["plan_id"] = hashlib.sha256(seed.encode()).hexdigest()[:12]
    filed = replace(old, meta=meta)
    if card.state in ISSUED:
        # Its codes are out: the child carries each on, and retires the ones it gives up.
        meta["parent_plan"] = old.meta.get("plan_id", "")
        filed = replace(filed, grids=old.grids.assign(parent=old.grids["code"]), crosswalk=None)
    child = tx.plans.save(filed, territory_id=card.territory, name=name or card.name, parent=parent)
    if since:
        tx.life.edits.restore(child, since, forget=_OF_ONE_REDRAW)
    return child


def examine_plan(store: Store, desk: Desk, id: str, jurisdiction: str) -> Examined:
    """Check a plan by geometry, and against the plan it was made from, before it is submitted.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    InputError
        ``plan_without_rules``.
    Conflict
        ``plan_not_sound``, with what is wrong.
    """
    found = inspect_plan(store, desk, id, jurisdiction)
    faults, verdict = found.faults, found.verdict
    n = len(faults) + len(verdict.open_rules)
    if n:
        shown = [Fault("plan_not_sound", {"id": id, "measured": n}), *faults[:_SHOWN_FAULTS]]
        for why, grid, community in verdict.open_rules[: _SHOWN_FAULTS - len(shown) + 1]:
            shown.append(Fault("plan_rule_open", {"why": why, "grid": grid or community}))
        raise Conflict.of(shown)
    return Examined(found.card.revision, None if found.whole is found.filed else found.whole)


def submit_examined(tx: Tx, id: str, examined: Examined | None, revision: int) -> PlanCard:
    """Submit a plan that was examined at this revision; ``None`` where it could not be submitted when it was looked at.

    Raises
    ------
    NotFound, Stale, Conflict
        As `data.store.rooms.life.Life.change_state`.
    """
    card = tx.life.hold(id, revision)
    if "submitted" in NEXT[card.state]:
        if examined is None or card.revision != examined.revision:
            raise Stale(card, revision)
        if examined.filed is not None:
            tx.plans.replace_tables(id, examined.filed)
    return tx.life.change_state(id, "submitted")


def compare_stored(store: Store, desk: Desk, ids: tuple[str, str], jurisdiction: str) -> Mapping[str, Any]:
    """Measures of two plans of the store side by side, and what changed from the first to the second.

    Households are counted on the territory of the second plan.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    InputError
        As `partition.compare.compare`.
    """
    with store.read(jurisdiction) as tx:
        cards = [tx.plans.card(id) for id in ids]
        plans = [tx.plans.load(id) for id in ids]
    ground = ground_of(desk.territory(cards[1].territory))
    names = [f"{card.id}-{card.revision}" for card in cards]
    if names[0] == names[1]:
        names[1] += " (2)"
    return comparison_json(compare(plans, names, ground=ground))
