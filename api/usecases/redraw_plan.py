"""A plan in force and a territory that has changed in, a checked plan with least change out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from api.cluster import Cluster
from api.figures import plan_figures
from api.usecases.draw_plan import check_options, explain
from api.usecases.in_force import Seen, read_locks, see
from api.usecases.moments import moment_of_territory
from api.usecases.places import check_out
from api.usecases.rules_file import read_rules
from api.usecases.verdict import Verdict, judge
from data.files.plan_file import read_plan, write_plan
from data.files.territory_file import write_territory
from gis.atoms import Atoms, build_atoms
from gis.errors import Conflict, GridwrightError, InputError
from gis.mergers import apply
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from gis.territory import Territory
from partition.checks import verify
from partition.checks.succession import check_succession
from partition.crosswalk import crosswalk_of_plans, relations
from partition.executor import Executor, Pool
from partition.file_plan import file_plan, grid_name
from partition.filed import FiledPlan
from partition.plan import CommunityResult, Grid
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.redraw import Redrawn, redraw
from partition.zoning.succession import Succession, succeed

CHANGE_WEIGHT = 20.0
"""Metres of border that one household in another grid costs, where the user does not say (docs/concepts.md)."""


@dataclass(frozen=True, slots=True)
class RedrawnPlan:
    """What `redraw_plan` made.

    Attributes
    ----------
    path, filed, verdict, figures, quality, communities
        As of `api.usecases.draw_plan.Drawn`.
    is_same
        Nothing changed: the plan in force goes on, byte for byte.
    freed
        Communities that were cut anew.
    moved, moved_at_least
        Households that change grid under the best matching, and how many do in any lawful plan (proved).
    relations
        Grids per relation: kept, changed, split, merged, new, retired; of old and of new grids.
    """

    path: Path
    filed: FiledPlan
    verdict: Verdict
    figures: Mapping[str, Any]
    quality: QualityReport
    communities: tuple[CommunityResult, ...]
    is_same: bool
    freed: tuple[str, ...]
    moved: int
    moved_at_least: int
    relations: Mapping[str, Mapping[str, int]]

    def n_stopped_by(self, why: str) -> int:
        """Communities whose search ended before its work was done: by ``clock``, ``cancel`` or ``worker``."""
        return sum(community.stopped_by == why for community in self.communities)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a re-draw starts from."""

    old: FiledPlan
    territory: Territory
    rules: Rules
    atoms: Atoms
    seen: Seen
    remarks: QualityReport


def redraw_plan(
    old_path: Path,
    territory_path: Path,
    out: Path,
    *,
    rules_path: Path | None = None,
    mergers: Sequence[str] = (),
    change_weight: float = CHANGE_WEIGHT,
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    locks: Sequence[str] = (),
    is_called_off: Call = never,
    progress: Progress = SILENT,
) -> RedrawnPlan:
    """Draw a plan anew with least change, check it by geometry, and write it with its crosswalk.

    Parameters
    ----------
    old_path
        Plan in force.
    territory_path
        Territory of today; or that of the plan in force, together with ``mergers``.
    out
        Plan file to write; it appears whole or not at all.
    rules_path
        Rules as TOML; those of the plan in force when omitted.
    mergers
        Changes of communities to apply first (see `gis.mergers.read_specs`); the territory so changed is written
        beside the plan (`territory_beside`).
    change_weight
        Metres of border that one household in another grid costs.
    locks
        What stays as it is (see `api.usecases.in_force.read_locks`).
    seed, seconds, workers, scheduler, is_called_off, progress
        As for `api.usecases.draw_plan.draw_plan`.

    Raises
    ------
    InputError
        ``option_out_of_range``, ``out_*``, ``lock_*``, ``plans_apart``, ``codes_*``, and what readers and mergers find.
    Conflict
        ``locks_contradict``: no lawful plan was found that obeys the locks.
    GridwrightError
        ``plan_refused_by_check``; nothing is written.
    """
    check_options(seed, seconds, workers)
    check_weight(change_weight)
    check_out(out, (".gpkg",), [territory_path, old_path])
    ground = prepare(old_path, territory_path, rules_path, mergers, progress)
    old, territory, seen = ground.old, ground.territory, ground.seen
    held, pinned = read_locks(locks, old, territory, ground.atoms, seen.in_force)
    codes = set(ground.atoms.graph.communities)
    if seen.in_force.unchanged == codes == set(old.communities["code"].astype(str)):
        return _same(ground, out, progress)
    seen = replace(seen, in_force=replace(seen.in_force, pinned=pinned))
    engine: Executor | None = Cluster(scheduler) if scheduler is not None else None
    engine = Pool(workers) if engine is None and workers > 1 else engine
    try:
        drawn = redraw(
            ground.atoms.graph,
            ground.rules,
            seen.in_force,
            change_weight=change_weight,
            seed=seed,
            territory_hash=territory.content_hash(),
            stop=Stop(seconds=seconds),
            workers=workers,
            executor=engine,
            locks=held,
            is_called_off=is_called_off,
            with_floor=seconds is None,
            progress=progress,
        )
    finally:
        if engine is not None:
            engine.close()
    moment = moment_of_territory(territory_path, territory.meta)
    after, filed, verdict = conclude(ground, seen, drawn, change_weight, moment, seed, progress)
    if mergers:
        write_territory(territory, territory_beside(out))
    write_plan(filed, out, progress)
    return RedrawnPlan(
        out,
        filed,
        verdict,
        plan_figures(filed),
        ground.remarks,
        after.result.communities,
        False,
        drawn.freed,
        after.pairing.moved,
        drawn.moved_at_least,
        _relations(filed),
    )


def conclude(
    ground: _Ground, seen: Seen, drawn: Redrawn, change_weight: float, moment: str, seed: int, progress: Progress
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


def territory_beside(out: Path) -> Path:
    """Where the territory with the mergers applied is written: beside the plan."""
    return out.with_suffix(".territory.gpkg")


def check_weight(change_weight: float) -> None:
    """Refuse a weight that makes no sense."""
    if not 0 <= change_weight <= 1e6:
        raise InputError("option_out_of_range", column="--change-weight", measured=str(change_weight), allowed="0-1e6")


def prepare(
    old_path: Path, territory_path: Path, rules_path: Path | None, mergers: Sequence[str], progress: Progress
) -> _Ground:
    """Read everything, apply the mergers, build the atoms and lay the plan in force over them."""
    old = read_plan(old_path)
    if rules_path is None and not old.meta.get("rules"):
        raise InputError("plan_without_rules", file=str(old_path))
    rules = read_rules(rules_path) if rules_path else Rules.from_toml(old.meta["rules"], file=str(old_path))
    quality = QualityReport()
    territory = read_territory(territory_path, quality, progress)
    if mergers:
        territory, _ = apply(territory, list(mergers), report=quality, progress=progress)
    atoms, seen = _lay(old, territory, rules, (), quality, progress)
    if seen.mixed and len(territory["buildings"]):
        # The plan in force may have cut blocks of these communities finer: so do we, where it keeps its grids.
        finer, again = _lay(old, territory, rules, seen.mixed, quality, progress)
        if len(again.mixed) < len(seen.mixed):
            atoms, seen = finer, again
    return _Ground(old, territory, rules, atoms, seen, quality)


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


def follow(ground: _Ground, seen: Seen, drawn: Redrawn) -> Succession:
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
    ground: _Ground,
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


def _same(ground: _Ground, out: Path, progress: Progress) -> RedrawnPlan:
    """Nothing changed: the plan in force, as it is."""
    filed = ground.old
    write_plan(filed, out, progress)
    verdict = judge(verify(filed, ground.territory, ground.rules), filed)
    n = len(filed.grids)
    same = {"old": {"kept": n}, "new": {"kept": n}}
    return RedrawnPlan(out, filed, verdict, plan_figures(filed), ground.remarks, (), True, (), 0, 0, same)
