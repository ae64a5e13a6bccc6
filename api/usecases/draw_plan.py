"""A territory in, a checked plan file out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

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
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.plan import Result
from partition.stop import Stop
from partition.zoning.draw import draw


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
    n_stopped_by_clock
        Communities whose search the clock cut short.
    """

    path: Path
    filed: FiledPlan
    verdict: Verdict
    figures: Mapping[str, Any]
    quality: QualityReport
    n_stopped_by_clock: int


def draw_plan(
    territory_path: Path,
    out: Path,
    *,
    rules_path: Path | None = None,
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    locks: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Drawn:
    """Draw the grids of a territory, check them by geometry, and write the plan.

    The same territory, rules and seed give the same bytes, with any number of workers, unless ``seconds`` cut the
    search short.

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
    locks
        Codes of grids in force (layer ``grids``) that stay as they are.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``option_out_of_range``, ``out_*``, ``lock_*``, and what the rules and territory readers find.
    GridwrightError
        ``plan_refused_by_check``: the new plan is not sound; nothing is written.
    StorageError
        The plan can not be written.
    """
    _check_options(seed, seconds, workers)
    check_out(out, (".gpkg",), [territory_path])
    rules = read_rules(rules_path)
    quality = QualityReport()
    territory = read_territory(territory_path, quality, progress)

    def attempt(finer: Sequence[str]) -> tuple[Atoms, Result, QualityReport]:
        remarks = QualityReport()
        atoms = build_atoms(
            territory,
            max_households=rules.max_households,
            estate_cap=rules.estate_cap,
            finer=finer,
            report=remarks,
            progress=progress,
        )
        result = draw(
            atoms.graph,
            rules,
            seed=seed,
            territory_hash=territory.content_hash(),
            stop=Stop(seconds=seconds),
            workers=workers,
            locks=locks_of(territory, atoms, locks),
            progress=progress,
        )
        return atoms, result, remarks

    atoms, result, remarks = attempt(())
    stuck = _stuck(result)
    if stuck and len(territory["buildings"]):
        # Where whole blocks allow no lawful plan, blocks cut finer may; all other communities come out the same.
        finer = attempt(stuck)
        if len(_stuck(finer[1])) < len(stuck):
            atoms, result, remarks = finer
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
    n_cut = sum(community.stopped_by == "clock" for community in result.communities)
    return Drawn(out, filed, verdict, plan_figures(filed), quality, n_cut)


def explain(code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """The sentence of a broken rule in Chinese and in English."""
    return sentence(code, facts, "zh"), sentence(code, facts, "en")


def _stuck(result: Result) -> list[str]:
    """Communities whose count allows a lawful plan but whose blocks do not, or where none was found."""
    return [community.code for community in result.communities if community.reason in ("no_cover", "not_found")]


def _check_options(seed: int, seconds: float | None, workers: int) -> None:
    if seed < 0:
        raise InputError("option_out_of_range", column="--seed", measured=seed, allowed=">= 0")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise InputError("option_out_of_range", column="--seconds", measured=seconds, allowed="> 0")
    if workers < 1:
        raise InputError("option_out_of_range", column="--workers", measured=workers, allowed=">= 1")
