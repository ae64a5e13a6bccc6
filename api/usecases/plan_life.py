"""A plan on its way: made from another, checked before it is submitted, its papers, held beside another."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from api.usecases.compare_plans import comparison_json
from api.usecases.file_papers import as_successor, write_filing
from api.usecases.plan_desk import Desk, rules_of
from api.usecases.verdict import judge
from data.store import Act, Store, Tx
from data.store.rooms.life import ISSUED, NEXT, Stale
from data.store.rooms.plans import PlanCard
from gis.errors import Conflict, Fault, InputError
from gis.territory import Territory
from partition.checks import check_succession, verify
from partition.compare import compare, ground_of, is_redraw_of
from partition.crosswalk import crosswalk_of_plans
from partition.edits.rows import DRAWN
from partition.file_plan import plan_id_of
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


def fork_plan(tx: Tx, parent: str, name: str) -> PlanCard:
    """A draft that begins as a copy of another plan and is its child.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    """
    card = tx.plans.card(parent)
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
    return tx.plans.save(filed, territory_id=card.territory, name=name or card.name, parent=parent)


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
    with store.read(jurisdiction) as tx:
        card = tx.plans.card(id)
    with store.read() as tx:
        filed = tx.plans.load(id)
        base_id = tx.life.base_of(card)
        base = None if base_id is None else tx.plans.load(base_id)
    territory = desk.territory(card.territory)
    whole = _with_succession(filed, base, territory)
    if DRAWN in whole.meta:
        # What the papers call the plan must not be what they called it before the edits.
        facts = {key: value for key, value in whole.meta.items() if key != "plan_id"}
        whole = replace(whole, meta={**facts, "plan_id": plan_id_of(facts, whole.grids, whole.members)})
    verdict = judge(verify(whole, territory, rules_of(whole, card)), whole)
    faults = [*verdict.faults, *(() if base is None else check_succession(base, whole))]
    n = len(faults) + len(verdict.open_rules)
    if n:
        shown = [Fault("plan_not_sound", {"id": id, "measured": n}), *faults[:_SHOWN_FAULTS]]
        for why, grid, community in verdict.open_rules[: _SHOWN_FAULTS - len(shown) + 1]:
            shown.append(Fault("plan_rule_open", {"why": why, "grid": grid or community}))
        raise Conflict.of(shown)
    return Examined(card.revision, None if whole is filed else whole)


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


def write_papers(store: Store, desk: Desk, id: str, jurisdiction: str, out: Path, *, language: str, paper: str) -> Path:
    """Everything that is filed of a plan, as one ZIP file in a folder that nobody else uses.

    Raises
    ------
    NotFound
        ``plan_unknown``.
    Conflict
        ``filing_*``: what is wrong with the plan.
    """
    with store.read(jurisdiction) as tx:
        card = tx.plans.card(id)
        filed = tx.plans.load(id)
        base_id = tx.life.base_of(card)
    with store.read() as tx:
        base = None if base_id is None else tx.plans.load(base_id)
    rules_of(filed, card)
    names = (f"{card.id}-{card.revision}", card.territory, base_id or "")
    try:
        filing = write_filing(
            filed, desk.territory(card.territory), base, out / "papers", names=names, language=language, paper=paper
        )
    except InputError as error:
        raise Conflict.of(error.faults) from error
    packed = out / f"{card.id}-{card.revision}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in filing.folder.rglob("*") if path.is_file()):
            # One moment for all: the same papers are the same bytes.
            entry = zipfile.ZipInfo(path.relative_to(filing.folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w") as target:
                while part := source.read(1 << 20):
                    target.write(part)
    return packed
