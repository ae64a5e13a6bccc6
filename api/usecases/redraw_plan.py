"""A plan in force and a territory that has changed in, a checked plan file with least change out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.defaults import CHANGE_WEIGHT
from api.figures import plan_figures
from api.usecases.draw_plan import engine_for
from api.usecases.moments import moment_of_territory
from api.usecases.places import check_out
from api.usecases.rules_file import read_rules
from api.usecases.run_draw import check_options, count_stopped
from api.usecases.run_redraw import Ground, check_weight, lay_ground, run_redraw
from api.usecases.verdict import Verdict
from data.files.plan_file import read_plan, write_plan
from data.files.territory_file import write_territory
from gis.errors import InputError
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from partition.filed import FiledPlan
from partition.plan import CommunityResult
from partition.rules import Rules
from partition.stop import Call, never


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
        return count_stopped(self.communities, why)


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
    engine = engine_for(workers, scheduler)
    try:
        drawn = run_redraw(
            ground,
            change_weight=change_weight,
            seed=seed,
            seconds=seconds,
            workers=workers,
            executor=engine,
            locks=locks,
            moment=moment_of_territory(territory_path, ground.territory.meta),
            is_called_off=is_called_off,
            progress=progress,
        )
    finally:
        if engine is not None:
            engine.close()
    if mergers and not drawn.is_same:
        write_territory(ground.territory, territory_beside(out))
    write_plan(drawn.filed, out, progress)
    return RedrawnPlan(
        out,
        drawn.filed,
        drawn.verdict,
        plan_figures(drawn.filed),
        ground.remarks,
        drawn.communities,
        drawn.is_same,
        drawn.freed,
        drawn.moved,
        drawn.moved_at_least,
        drawn.relations,
    )


def territory_beside(out: Path) -> Path:
    """Where the territory with the mergers applied is written: beside the plan."""
    return out.with_suffix(".territory.gpkg")


def prepare(
    old_path: Path, territory_path: Path, rules_path: Path | None, mergers: Sequence[str], progress: Progress
) -> Ground:
    """Read everything and lay the plan in force over the territory."""
    old = read_plan(old_path)
    if rules_path is None and not old.meta.get("rules"):
        raise InputError("plan_without_rules", file=str(old_path))
    rules = read_rules(rules_path) if rules_path else Rules.from_toml(old.meta["rules"], file=str(old_path))
    quality = QualityReport()
    territory = read_territory(territory_path, quality, progress)
    return lay_ground(old, territory, rules, mergers, quality, progress)
