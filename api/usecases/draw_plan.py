"""A territory in, a checked plan file out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from api.cluster import Cluster
from api.figures import plan_figures
from api.i18n import sentence
from api.usecases.locks import locks_of
from api.usecases.moments import moment_of_territory
from api.usecases.places import check_out
from api.usecases.rules_file import read_rules
from api.usecases.verdict import Verdict, judge
from data.files.plan_file import write_plan
from gis.atoms import Atoms, build_atoms
from gis.errors import GridwrightError, InputError
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from partition.checks import verify
from partition.executor import Executor, Pool
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.plan import CommunityResult, Result
from partition.stop import Call, Stop, never
from partition.zoning.draw import draw
from partition.zoning.ladder import Solved

_BLOCKS_TOO_LARGE = ("no_cover", "not_found", "pendant_over_band", "hemmed_in")


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
        return sum(community.stopped_by == why for community in self.communities)


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

    began: float | None = None
    known: dict[str, Solved] = {}

    def attempt(finer: Sequence[str]) -> tuple[Atoms, Result, QualityReport]:
        nonlocal began
        remarks = QualityReport()
        atoms = build_atoms(
            territory,
            max_households=rules.max_households,
            estate_cap=rules.estate_cap,
            finer=finer,
            report=remarks,
            progress=progress,
        )
        left = seconds
        if seconds is not None and began is not None:
            left = max(0.0, seconds - (time.monotonic() - began))
        began = time.monotonic() if began is None else began
        result = draw(
            atoms.graph,
            rules,
            seed=seed,
            territory_hash=territory.content_hash(),
            stop=Stop(seconds=left),
            workers=workers,
            executor=engine,
            locks=locks_of(territory, atoms, locks, file=territory_path.name),
            is_called_off=is_called_off,
            known=known,
            progress=progress,
        )
        return atoms, result, remarks

    engine: Executor | None = None
    if scheduler is not None:
        engine = Cluster(scheduler)
    elif workers > 1:
        engine = Pool(workers)
    try:
        atoms, result, remarks = attempt(())
        stuck = _stuck(result)
        if stuck and len(territory["buildings"]) and not _is_cut_short(result):
            # Where whole blocks allow no lawful plan, blocks cut finer may; all other communities come out the same.
            finer = attempt(stuck)
            if len(_stuck(finer[1])) < len(stuck):
                atoms, result, remarks = finer
    finally:
        if engine is not None:
            engine.close()
    quality.remarks.extend(remarks.remarks)
    for name, n in remarks.counts.items():
        quality.count(name, n)
    meta = {
        "created_at": moment_of_territory(territory_path, territory.meta),
        "version": version("gridwright"),
    }
    filed = file_plan(territory, atoms, result, explain=explain, meta=meta, progress=progress)
    progress.stage("stage_check")
    verdict = judge(verify(filed, territory, rules), filed)
    if verdict.faults:
        first = verdict.faults[0]
        raise GridwrightError("plan_refused_by_check", measured=len(verdict.faults), first=str(first), seed=seed)
    write_plan(filed, out, progress)
    return Drawn(out, filed, verdict, plan_figures(filed), quality, result.communities)


def explain(code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """The sentence of a broken rule in Chinese and in English."""
    return sentence(code, facts, "zh"), sentence(code, facts, "en")


def _stuck(result: Result) -> list[str]:
    """Communities whose count allows a lawful plan but whose blocks do not, or where none was found."""
    return [community.code for community in result.communities if community.reason in _BLOCKS_TOO_LARGE]


def _is_cut_short(result: Result) -> bool:
    """Whether some search ended before its work was done: a second one would only take from the first."""
    return any(community.stopped_by not in ("done", "work") for community in result.communities)


def check_options(seed: int, seconds: float | None, workers: int) -> None:
    """Refuse options that make no sense."""
    if seed < 0:
        raise InputError("option_out_of_range", column="--seed", measured=seed, allowed=">= 0")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise InputError("option_out_of_range", column="--seconds", measured=str(seconds), allowed="> 0")
    if workers < 1:
        raise InputError("option_out_of_range", column="--workers", measured=workers, allowed=">= 1")
