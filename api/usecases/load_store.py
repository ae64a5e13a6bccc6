"""A territory and its plan from files into a store; the plan becomes the one in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.usecases.carry_incidents import Carried, carry_incidents
from api.usecases.check_nested import is_nested
from api.usecases.verdict import judge
from data.files.plan_file import read_plan
from data.store import Act, SqlStore, Tx
from data.store.rooms.plans import PlanCard
from data.store.rooms.territories import TerritoryCard
from gis.errors import Conflict, InputError
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.territory import Territory
from partition.checks import verify
from partition.filed import FiledPlan
from partition.rules import Rules


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is in the store now, and what of it was there before.

    Attributes
    ----------
    territory
        Card of the territory.
    plan
        Card of the plan; ``None`` where none was given.
    is_new_territory, is_new_plan
        Whether this load brought it.
    incidents
        What became of the incidents of the territory file.
    """

    territory: TerritoryCard
    plan: PlanCard | None
    is_new_territory: bool
    is_new_plan: bool
    incidents: Carried


def load_store(
    store: SqlStore,
    territory_path: Path,
    plan_path: Path | None,
    act: Act,
    *,
    name: str = "",
    since: datetime | None = None,
    progress: Progress = SILENT,
) -> Loaded:
    """Put a territory and its plan into a store, both or neither, and then its incidents into the live table.

    Parameters
    ----------
    store
        With the tables of this release.
    territory_path
        Territory file.
    plan_path
        Plan file of exactly this territory; it comes into force.
    act
        Who loads.
    name
        What to call them; the names of the files when empty.
    since
        From when the plan is in force, which may be long past; none: from the moment of ``act``.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``load_plan_alone``, ``load_plan_refused``, ``load_plan_nested``, ``plan_without_rules``, and what the readers
        find.
    Conflict
        ``load_plan_of_other_territory``; ``effective_beneath``, ``effective_taken`` (a plan came after ``since``).
    StorageError
        What the database refuses.
    """
    filed = None if plan_path is None else _read(plan_path)
    territory = _land(territory_path, progress)
    if filed is not None and plan_path is not None:
        _refuse_unfit(filed, plan_path, territory, territory_path, progress)
    with store.write(act) as tx:
        known = {card.id for card in tx.territories.cards()}
        land = tx.territories.save(territory, name or territory_path.stem, progress)
        plan, is_new_plan = None, False
        if filed is not None and plan_path is not None:
            plan = _in_force_already(tx, filed, land)
            if plan is None:
                made = tx.plans.save(
                    filed,
                    territory_id=land.id,
                    name=name or plan_path.stem,
                    state="filed",
                    parent=_parent(tx, filed, land),
                    progress=progress,
                )
                # Whoever loads a plan from a file says that it is in force; nothing in the store can know better.
                plan = tx.life.change_state(
                    made.id, "in_force", effective_from=since, may_backdate=True, over_others=True
                )
                is_new_plan = True
    # After the plan is in force, and by themselves: whoever was cut off here loads again and loses nothing.
    carried = carry_incidents(store, territory, land.county, act)
    return Loaded(land, plan, land.id not in known, is_new_plan, carried)


def _read(plan_path: Path) -> FiledPlan:
    filed = read_plan(plan_path)
    if not filed.meta.get("rules"):
        raise InputError("plan_without_rules", file=str(plan_path))
    if is_nested(filed):
        raise InputError("load_plan_nested", file=plan_path.name)
    return filed


def _land(path: Path, progress: Progress) -> Territory:
    try:
        return read_territory(path, progress=progress)
    except InputError:
        if _is_plan(path):
            raise InputError("load_plan_alone", file=path.name) from None
        raise


def _is_plan(path: Path) -> bool:
    try:
        read_plan(path)
    except InputError:
        return False
    return True


def _refuse_unfit(filed: FiledPlan, plan_path: Path, territory: Territory, land_path: Path, progress: Progress) -> None:
    stated, found = str(filed.meta.get("territory_hash", "")), territory.content_hash()
    if stated != found:
        facts = {"file": plan_path.name, "territory": land_path.name}
        raise Conflict("load_plan_of_other_territory", **facts, measured=stated[:16], allowed=found[:16])
    progress.stage("stage_check")
    rules = Rules.from_toml(filed.meta["rules"], file=str(plan_path))
    faults = judge(verify(filed, territory, rules), filed).faults
    if faults:
        raise InputError("load_plan_refused", file=plan_path.name, measured=len(faults), first=str(faults[0]))


def _in_force_already(tx: Tx, filed: FiledPlan, land: TerritoryCard) -> PlanCard | None:
    """The same plan of the same territory where all its communities have it in force, unedited."""
    content = str(filed.meta.get("plan_id", ""))
    for card in (tx.plans.card(id) for id in tx.plans.in_force(land.county)):
        if content and card.content_id == content and card.edit == 0 and card.territory == land.id:
            return card
    return None


def _parent(tx: Tx, filed: FiledPlan, land: TerritoryCard) -> str | None:
    """The plan in force that this one was re-drawn from, where the store has it."""
    stated = str(filed.meta.get("parent_plan", ""))
    before = (tx.plans.card(id) for id in tx.plans.in_force(land.county))
    return next((card.id for card in before if stated and card.content_id == stated), None)
