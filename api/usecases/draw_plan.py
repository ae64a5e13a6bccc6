"""A territory in, a checked plan file out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.cluster import Cluster
from api.figures import plan_figures
from api.usecases.moments import moment_of_territory
from api.usecases.places import check_out
from api.usecases.rules_file import read_rules
from api.usecases.run_draw import check_options, count_stopped, run_draw
from api.usecases.verdict import Verdict
from data.files.plan_file import write_plan
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from partition.executor import Executor, Pool
from partition.filed import FiledPlan
from partition.plan import CommunityResult
from partition.stop import Call, never


@dataclass(frozen=True, slots=True)
class Drawn:
    """What `draw_plan` made.

    Attributes
    ----------
    path
        The plan file.
    filed
        The plan as tables.
    verdict
        Of the independent check; never with faults.
    figures
        See `api.figures.plan_figures`.
    quality
        Repairs and remarks made while reading and building.
    communities
        What is known about each community: proof, bound, gap, near misses.
    """

    path: Path
    filed: FiledPlan
    verdict: Verdict
    figures: Mapping[str, Any]
    quality: QualityReport
    communities: tuple[CommunityResult, ...]

    def n_stopped_by(self, why: str) -> int:
        """Communities whose search ended before its work was done: by ``clock``, ``cancel`` or ``worker``."""
        return count_stopped(self.communities, why)


def draw_plan(
    territory_path: Path,
    out: Path,
    *,
    rules_path: Path | None = None,
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    locks: Sequence[str] = (),
    is_called_off: Call = never,
    progress: Progress = SILENT,
) -> Drawn:
    """Draw the grids of a territory, check them by geometry, and write the plan.

    The same territory, rules and seed give the same bytes, with any number of workers, here or on a cluster, unless
    ``seconds`` or a call-off cut the search short.

    Parameters
    ----------
    territory_path
        Territory file.
    out
        Plan file to write (``.gpkg``); it appears whole or not at all.
    rules_path
        Rules as TOML; the default preset when omitted.
    seed
        Fixes every random choice.
    seconds
        Wall-clock limit of the search; ``None`` for none.
    workers
        Processes for the search.
    scheduler
        Address of a running dask.distributed cluster to search on instead.
    locks
        Codes of grids in force (layer ``grids``) that stay as they are.
    is_called_off
        Asked all the time; once true, the search ends with the best plan so far, which is checked and written.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``option_out_of_range``, ``out_*``, ``lock_*``, ``scheduler_*``, and what the rules and territory readers find.
    GridwrightError
        ``plan_refused_by_check``: the new plan is not sound; nothing is written.
    StorageError
        The plan can not be written.
    """
    check_options(seed, seconds, workers)
    check_out(out, (".gpkg",), [territory_path])
    rules = read_rules(rules_path)
    quality = QualityReport()
    territory = read_territory(territory_path, quality, progress)
    engine = engine_for(workers, scheduler)
    try:
        computed = run_draw(
            territory,
            rules,
            seed=seed,
            seconds=seconds,
            workers=workers,
            executor=engine,
            locks=locks,
            file=territory_path.name,
            moment=moment_of_territory(territory_path, territory.meta),
            is_called_off=is_called_off,
            progress=progress,
        )
    finally:
        if engine is not None:
            engine.close()
    quality.remarks.extend(computed.quality.remarks)
    for name, n in computed.quality.counts.items():
        quality.count(name, n)
    write_plan(computed.filed, out, progress)
    figures = plan_figures(computed.filed)
    return Drawn(out, computed.filed, computed.verdict, figures, quality, computed.communities)


def engine_for(workers: int, scheduler: str | None) -> Executor | None:
    """Where a search runs: a cluster, a pool of processes, or (``None``) here.

    Raises
    ------
    InputError
        ``scheduler_*``.
    """
    if scheduler is not None:
        return Cluster(scheduler)
    return Pool(workers) if workers > 1 else None
