"""The re-draw itself: a plan in force and a territory of today in, a checked plan with least change out.

Decides how the plan in force is laid over the territory, and when a re-drawn plan is refused; no file and no store.
`redraw_plan` and `weigh_change` go from file to file, the jobs from store to store.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
import pandas as pd

from api.defaults import CHANGE_WEIGHT
from api.usecases.in_force import Seen, read_locks, see
from api.usecases.run_draw import count_stopped, explain
from api.usecases.verdict import Verdict, judge
from gis.atoms import Atoms, build_atoms
from gis.errors import Conflict, GridwrightError, InputError
from gis.mergers import apply
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.territory import Territory
from partition.checks import verify
from partition.checks.succession import check_succession
from partition.crosswalk import crosswalk_of_plans, relations
from partition.executor import Executor
from partition.file_plan import file_plan, grid_name
from partition.filed import FiledPlan
from partition.plan import CommunityResult, Grid
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.ladder import Solved
from partition.zoning.redraw import Redrawn, redraw
from partition.zoning.succession import Succession, succeed


@dataclass(frozen=True, slots=True)
class Ground:
    """What a re-draw starts from."""

    old: FiledPlan
    territory: Territory
    rules: Rules
    atoms: Atoms
    seen: Seen
    remarks: QualityReport


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A plan that was drawn anew and checked.

    Attributes
    ----------
    filed, verdict, communities
        As of `api.usecases.run_draw.Computed`.
    is_same
        Nothing changed: ``filed`` is the plan in force itself.
    freed
        Communities that were cut anew.
    moved, moved_at_least
        Households that change grid under the best matching, and how many do in any lawful plan (proved).
    relations
        Grids per relation: kept, changed, split, merged, new, retired; of old and of new grids.
    """

    filed: FiledPlan
    verdict: Verdict
    communities: tuple[CommunityResult, ...]
    is_same: bool
    freed: tuple[str, ...]
    moved: int
    moved_at_least: int
    relations: Mapping[str, Mapping[str, int]]

    def n_stopped_by(self, why: str) -> int:
        """Communities whose search ended before its work was done: by ``clock``, ``cancel`` or ``worker``."""
        return count_stopped(self.communities, why)


def run_redraw(
    ground: Ground,
    *,
    change_weight: float = CHANGE_WEIGHT,
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    locks: Sequence[str] = (),
    moment: str = "",
    is_called_off: Call = never,
    known: MutableMapping[str, Solved] | None = None,
    progress: Progress = SILENT,
) -> Recomputed:
    """Draw a plan anew with least change and check it by geometry.

    Parameters
    ----------
    ground
        From `lay_ground`.
    change_weight, seed, seconds, workers, locks, is_called_off, progress
        As for `api.usecases.redraw_plan.redraw_plan`.
    executor, moment, known
        As for `api.usecases.run_draw.run_draw`.

    Raises
    ------
    InputError
        ``lock_*``.
    Conflict
        ``locks_contradict``: no lawful plan was found that obeys the locks.
    GridwrightError
        ``plan_refused_by_check``.
    """
    old, territory, seen = ground.old, ground.territory, ground.seen
    held, pinned = read_locks(locks, old, territory, ground.atoms, seen.in_force)
    codes = set(ground.atoms.graph.communities)
    if seen.in_force.unchanged == codes == set(old.communities["code"].astype(str)):
        return _same(ground)
    seen = replace(seen, in_force=replace(seen.in_force, pinned=pinned))
    drawn = redraw(
        ground.atoms.graph,
        ground.rules,
        seen.in_force,
        change_weight=change_weight,
        seed=seed,
        territory_hash=territory.content_hash(),
        stop=Stop(seconds=seconds),
        workers=workers,
        executor=executor,
        locks=held,
        is_called_off=is_called_off,
        known=known,
        with_floor=seconds is None,
        progress=progress,
    )
    after, filed, verdict = conclude(ground, seen, drawn, change_weight, moment, seed, progress)
    return Recomputed(
        filed,
        verdict,
        after.result.communities,
        False,
        drawn.freed,
        after.pairing.moved,
        drawn.moved_at_least,
        _relations(filed),
    )


def lay_ground(
    old: FiledPlan,
    territory: Territory,
    rules: Rules,
    mergers: Sequence[str],
    quality: QualityReport,
    progress: Progress = SILENT,
) -> Ground:
    """Apply the mergers, build the atoms and lay the plan in force over them.

    Parameters
    ----------
    mergers
        Changes of communities to apply first (see `gis.mergers.read_specs`).
    quality
        Takes the repairs and remarks.

    Raises
    ------
    InputError
        ``plans_apart``, ``codes_*``, and what the mergers find.
    """
    if mergers:
        territory, _ = apply(territory, list(mergers), report=quality, progress=progress)
    atoms, seen = _lay(old, territory, rules, (), quality, progress)
    if seen.mixed and len(territory["buildings"]):
        # The plan in force may have cut blocks of these communities finer: so do we, where it keeps its grids.
        finer, again = _lay(old, territory, rules, seen.mixed, quality, progress)
        if len(again.mixed) < len(seen.mixed):
            atoms, seen = finer, again
    return Ground(old, territory, rules, atoms, seen, quality)


def conclude(
    ground: Ground, seen: Seen, drawn: Redrawn, change_weight: float, moment: str, seed: int, progress: Progress
) -> tuple[Succession, FiledPlan, Verdict]:
    """Codes, tables and verdict of a re-drawn plan; refused where it is not sound or a lock does not hold."""
    after = follow(ground, seen, drawn)
    _check_pins(seen, ground.atoms, after)
    filed = file_successor(ground, seen, drawn, after, change_weight, moment, progress)
    progress.stage("stage_check")
    verdict = judge(verify(filed, ground.territory, ground.rules), filed)
    faults = [*verdict.faults, *check_succession(ground.old, filed)]
    if faults:
        raise GridwrightError("plan_refused_by_check", measured=len(faults), first=str(faults[0]), seed=seed)
    return after, filed, verdict


def check_weight(change_weight: float) -> None:
    """Refuse a weight that makes no sense."""
    if not 0 <= change_weight <= 1e6:
        raise InputError("option_out_of_range", column="--change-weight", measured=str(change_weight), allowed="0-1e6")


def _lay(
    old: FiledPlan,
    territory: Territory,
    rules: Rules,
    finer: Sequence[str],
    quality: QualityReport,
    progress: Progress,
) -> tuple[Atoms, Seen]:
    atoms = build_atoms(
        territory,
        max_households=rules.max_households,
        estate_cap=rules.estate_cap,
        finer=finer,
        report=QualityReport() if finer else quality,
        progress=progress,
    )
    return atoms, see(old, territory, atoms, rules)


def follow(ground: Ground, seen: Seen, drawn: Redrawn) -> Succession:
    """Codes of the lineage for a re-drawn plan."""
    old = ground.old
    reasons = {str(code): reason for code, reason in zip(old.grids["code"], old.grids["reason"])}
    return succeed(
        drawn.result,
        seen.members,
        seen.in_force.codes,
        seen.in_force.communities,
        retired=old.meta.get("retired_codes", "").split(),
        community_of_old=seen.community_of_old,
        reasons=reasons,
    )


def file_successor(
    ground: Ground,
    seen: Seen,
    drawn: Redrawn,
    after: Succession,
    change_weight: float,
    moment: str,
    progress: Progress,
) -> FiledPlan:
    """The tables of a re-drawn plan: names carried on, unchanged communities told as before, crosswalk."""
    old = ground.old
    then = dict(zip(old.grids["code"].astype(str), old.grids["name"]))
    communities = dict(zip(ground.territory["communities"]["code"], ground.territory["communities"]["name"]))
    grids = tuple(
        replace(grid, name=str(then[grid.code]))
        if grid.parent == grid.code and str(then[grid.code] or "").startswith(str(communities.get(grid.community)))
        else grid
        for grid in after.result.plan.grids
    )
    result = replace(after.result, plan=replace(after.result.plan, grids=grids))
    meta = {
        "created_at": moment,
        "version": version("gridwright"),
        "parent_plan": old.meta.get("plan_id", ""),
        "retired_codes": " ".join(after.retired),
        "change_weight": repr(change_weight),
        "households_moved": str(after.pairing.moved),
        "households_moved_at_least": str(drawn.moved_at_least),
    }
    filed = file_plan(
        ground.territory, ground.atoms, result, names=_name, explain=explain, meta=meta, progress=progress
    )
    filed = _told_as_before(filed, old, seen.in_force.unchanged)
    return replace(filed, crosswalk=crosswalk_of_plans(old, filed, ground.territory))


def _name(grid: Grid, community: str, estate: str | None, number: int) -> str:
    """A new grid is named by its number in the code, which nobody else ever has."""
    tail = grid.code.removeprefix(grid.community)
    return grid_name(grid, community, estate, int(tail) if estate is None and tail.isdigit() else number)


def _told_as_before(filed: FiledPlan, old: FiledPlan, unchanged: frozenset[str]) -> FiledPlan:
    """Proofs, bounds and violations of communities in which nothing changed are those of the plan in force."""

    def mixed(new: pd.DataFrame, before: pd.DataFrame, column: str, order: list[str]) -> pd.DataFrame:
        kept = before[before[column].isin(unchanged)]
        rows = pd.concat([new[~new[column].isin(unchanged)], kept[list(new.columns)]], ignore_index=True)
        return rows.sort_values(order, kind="stable", ignore_index=True, na_position="first")

    communities = mixed(filed.communities, old.communities, "code", ["code"])
    order = ["community", "code", "grid"]
    return replace(
        filed, communities=communities, violations=mixed(filed.violations, old.violations, "community", order)
    )


def _check_pins(seen: Seen, atoms: Atoms, after: Succession) -> None:
    """Refuse a plan in which something locked left its grid."""
    codes = [grid.parent for grid in after.result.plan.grids]
    for atom in np.flatnonzero(seen.in_force.pinned).tolist():
        old = seen.in_force.parent[atom]
        if old >= 0 and codes[after.result.plan.atom_grid[atom]] != seen.in_force.codes[old]:
            raise Conflict(
                "locks_contradict",
                measured=atoms.graph.atom_ids[atom],
                id=seen.in_force.codes[old],
                grid=after.result.plan.grids[after.result.plan.atom_grid[atom]].code,
            )


def _relations(filed: FiledPlan) -> dict[str, dict[str, int]]:
    """Grids per relation, of old and of new grids."""
    assert filed.crosswalk is not None
    old, new = relations(filed.crosswalk)
    return {"old": _tally(old), "new": _tally(new)}


def _tally(told: pd.Series) -> dict[str, int]:
    return {str(name): int(n) for name, n in sorted(told.value_counts().items())}


def _same(ground: Ground) -> Recomputed:
    """Nothing changed: the plan in force, as it is."""
    filed = ground.old
    verdict = judge(verify(filed, ground.territory, ground.rules), filed)
    n = len(filed.grids)
    same = {"old": {"kept": n}, "new": {"kept": n}}
    return Recomputed(filed, verdict, (), True, (), 0, 0, same)
