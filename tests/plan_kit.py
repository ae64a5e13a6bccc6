"""Plans in a store for tests: a small town, drawn once, and short ways to save it and to move it through its states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from data.sample import make_town
from data.store import SqlStore
from data.store.rooms.plans import PlanCard
from gis.atoms import Atoms, build_atoms
from gis.territory import Territory
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.rules import Rules
from partition.zoning.draw import draw
from tests.stores import act

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
CLERK, REVIEWER = "clerk", "reviewer"


@dataclass(frozen=True)
class Drawn:
    """A town and its plan."""

    territory: Territory
    atoms: Atoms
    rules: Rules
    filed: FiledPlan


@lru_cache(maxsize=4)
def drawn_town(households: int = 3_000, seed: int = 1) -> Drawn:
    """A town drawn with the default rules."""
    return draw_town(make_town(households, seed=seed).territory)


def draw_town(town: Territory) -> Drawn:
    """A territory drawn with the default rules."""
    rules = Rules()
    atoms = build_atoms(town, max_households=rules.max_households, estate_cap=rules.estate_cap)
    result = draw(atoms.graph, rules, territory_hash=town.content_hash())
    return Drawn(town, atoms, rules, file_plan(town, atoms, result, meta={"version": "test"}))


def keep_territory(store: SqlStore, town: Drawn | None = None) -> str:
    """The town in the store; its id."""
    with store.write(act(at=NOW)) as tx:
        return tx.territories.save((town or drawn_town()).territory, "town").id


def keep_plan(
    store: SqlStore,
    *,
    name: str = "plan",
    communities: Sequence[str] | None = None,
    parent: str | None = None,
    town: Drawn | None = None,
) -> str:
    """A draft in the store, of all or some communities; its id."""
    town = town or drawn_town()
    filed = town.filed if communities is None else part_of(town.filed, communities)
    territory = keep_territory(store, town)
    with store.write(act(CLERK, at=NOW)) as tx:
        return tx.plans.save(filed, territory_id=territory, name=name, parent=parent).id


def part_of(filed: FiledPlan, communities: Sequence[str]) -> FiledPlan:
    """The plan of some communities."""
    grids = filed.grids[filed.grids["community"].isin(communities)].reset_index(drop=True)
    members = filed.members[filed.members["grid"].isin(grids["code"])].reset_index(drop=True)
    rows = filed.communities[filed.communities["code"].isin(communities)].reset_index(drop=True)
    violations = filed.violations[filed.violations["community"].isin(communities)].reset_index(drop=True)
    return replace(filed, grids=grids, members=members, communities=rows, violations=violations)


def step(store: SqlStore, id: str, to: str, *, who: str | None = None, at: datetime = NOW, **options: Any) -> PlanCard:
    """One step; submitted by the clerk, the rest by the reviewer."""
    actor = who or (CLERK if to in ("submitted", "withdrawn") else REVIEWER)
    with store.write(act(actor, at=at)) as tx:
        return tx.life.change_state(id, to, **options)


def put_in_force(store: SqlStore, id: str, *, at: datetime = NOW, **options: Any) -> PlanCard:
    """All the steps of a draft."""
    for to in ("submitted", "approved", "filed"):
        step(store, id, to, at=at)
    return step(store, id, "in_force", at=at, **options)
