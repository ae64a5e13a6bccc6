"""A plan and its territory in; micro-grids inside its grids, or supervision areas made of them, out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from api.figures import plan_figures
from api.i18n import sentence, sentences
from api.usecases.places import check_out
from api.usecases.rules_file import read_rules
from api.usecases.verdict import Verdict, judge
from data.files.nested_file import write_nested
from data.files.plan_file import read_plan
from gis.errors import GridwrightError, InputError
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from gis.report import QualityReport
from partition.checks import CheckReport
from partition.checks.nested import verify_areas, verify_micro
from partition.file_plan import file_plan
from partition.filed import FiledPlan
from partition.plan import CommunityResult
from partition.rules import PRESETS
from partition.stop import Call, Stop, never
from partition.zoning.areas import AREA, AreaSize, area_name, area_rules, draw_areas, grids_of_areas, members_of_areas
from partition.zoning.nested import MICRO, draw_micro, micro_name


@dataclass(frozen=True, slots=True)
class DrawnNested:
    """What `draw_micro_grids` or `draw_supervision_areas` made.

    Attributes
    ----------
    path
        The file.
    filed
        The micro-grids or areas as tables; ``community`` is the grid or the town they belong to.
    verdict
        Of the independent check; never with faults.
    figures
        See `api.figures.plan_figures`.
    band
        Low end, high end, and what is counted: ``households`` or ``grids``.
    communities
        What is known about each grid or town: proof, bound, gap, near misses.
    """

    path: Path
    filed: FiledPlan
    verdict: Verdict
    figures: Mapping[str, Any]
    band: tuple[int, int, str]
    communities: tuple[CommunityResult, ...]

    def n_stopped_by(self, why: str) -> int:
        """Grids or towns whose search ended before its work was done: by ``clock``, ``cancel`` or ``worker``."""
        return sum(community.stopped_by == why for community in self.communities)


def draw_micro_grids(
    plan_path: Path,
    territory_path: Path,
    out: Path,
    *,
    rules_path: Path | None = None,
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    is_called_off: Call = never,
    progress: Progress = SILENT,
) -> DrawnNested:
    """Cut every grid of a plan into micro-grids, check them by geometry, and write them.

    Parameters
    ----------
    plan_path, territory_path
        The plan, and the territory it was drawn on.
    out
        File to write (``.gpkg``); a plan file whose ``community`` is the grid a micro-grid lies in.
    rules_path
        Rules as TOML; the preset ``microgrid`` (30-100 households) when omitted.
    seed, seconds, workers, is_called_off, progress
        As in `api.usecases.draw_plan`.

    Raises
    ------
    InputError
        ``option_out_of_range``, ``out_*``, ``nested_*``, and what the readers find.
    GridwrightError
        ``nested_refused_by_check``: not sound; nothing is written.
    StorageError
        The file can not be written.
    """
    _check_options(seed, seconds, workers)
    check_out(out, (".gpkg",), [plan_path, territory_path])
    rules = PRESETS["microgrid"] if rules_path is None else read_rules(rules_path)
    plan = read_plan(plan_path)
    territory = read_territory(territory_path, QualityReport(), progress)
    nested = draw_micro(
        plan,
        territory,
        rules,
        seed=seed,
        stop=Stop(seconds=seconds),
        workers=workers,
        is_called_off=is_called_off,
        progress=progress,
    )
    filed = file_plan(
        nested.land,
        nested.atoms,
        nested.result,
        names=micro_name,
        explain=_explain_micro,
        meta=_meta(plan, MICRO, "households"),
        progress=progress,
    )
    progress.stage("stage_check")
    verdict = _judged(verify_micro(filed, plan, territory, rules), filed, seed)
    write_nested(filed, out, progress=progress)
    band = (rules.min_households, rules.max_households, "households")
    return DrawnNested(out, filed, verdict, plan_figures(filed), band, nested.result.communities)


def draw_supervision_areas(
    plan_path: Path,
    territory_path: Path,
    out: Path,
    *,
    grids_per_area: str = "",
    households_per_area: str = "",
    seed: int = 0,
    seconds: float | None = None,
    workers: int = 1,
    is_called_off: Call = never,
    progress: Progress = SILENT,
) -> DrawnNested:
    """Join the grids of a plan to supervision areas inside each town, check them by geometry, and write them.

    Parameters
    ----------
    plan_path, territory_path
        The plan, and the territory it was drawn on.
    out
        File to write (``.gpkg``): a plan file whose ``community`` is the town, and the table ``area_grids``.
    grids_per_area
        ``N`` (a quarter less or more) or ``MIN-MAX``; 5-8 when neither this nor the next is given.
    households_per_area
        ``MIN-MAX`` households instead.
    seed, seconds, workers, is_called_off, progress
        As in `api.usecases.draw_plan`.

    Raises
    ------
    InputError
        ``option_out_of_range``, ``option_both``, ``area_size_wrong``, ``out_*``, ``nested_*``, and what the readers
        find.
    GridwrightError
        ``nested_refused_by_check``: not sound; nothing is written.
    StorageError
        The file can not be written.
    """
    _check_options(seed, seconds, workers)
    size = area_size(grids_per_area, households_per_area)
    check_out(out, (".gpkg",), [plan_path, territory_path])
    plan = read_plan(plan_path)
    territory = read_territory(territory_path, QualityReport(), progress)
    nested = draw_areas(
        plan,
        territory,
        size,
        seed=seed,
        stop=Stop(seconds=seconds),
        workers=workers,
        is_called_off=is_called_off,
        progress=progress,
    )
    area_of = grids_of_areas(nested)
    filed = file_plan(
        nested.land,
        nested.atoms,
        nested.result,
        names=area_name,
        explain=_explain_area(size.measure),
        meta=_meta(plan, AREA, size.measure),
        progress=progress,
    )
    members = members_of_areas(plan, area_of)
    filed = FiledPlan(filed.grids, members, filed.communities, filed.violations, filed.meta)
    progress.stage("stage_check")
    report = verify_areas(filed, plan, territory, area_rules(plan, size), area_of, size.measure)
    verdict = _judged(report, filed, seed)
    write_nested(filed, out, area_of=area_of, progress=progress)
    band = (size.low, size.high, size.measure)
    return DrawnNested(out, filed, verdict, plan_figures(filed), band, nested.result.communities)


def area_size(grids_per_area: str = "", households_per_area: str = "") -> AreaSize:
    """The size of an area from what a user wrote: ``6``, ``5-8``, or ``2000-4000`` households.

    Raises
    ------
    InputError
        ``option_both``, ``area_size_wrong``.
    """
    if grids_per_area and households_per_area:
        raise InputError("option_both", column="--grids-per-area", measured="--households-per-area")
    text = households_per_area or grids_per_area
    if not text:
        return AreaSize()
    measure: Literal["grids", "households"] = "households" if households_per_area else "grids"
    found = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", text.strip())
    if found is None or (measure == "households" and found[2] is None):
        raise InputError("area_size_wrong", measured=text, allowed="N, MIN-MAX")
    if found[2] is None:
        return AreaSize.about(int(found[1]))
    return AreaSize.between(int(found[1]), int(found[2]), measure)


def _meta(plan: FiledPlan, level: str, measure: str) -> dict[str, str]:
    """What a file of another level says of itself; its date is the plan's."""
    return {
        "created_at": plan.meta.get("created_at", ""),
        "households_basis": plan.meta.get("households_basis", ""),
        "version": version("gridwright"),
        "level": level,
        "measure": measure,
        "of_plan": plan.meta.get("plan_id", ""),
    }


def _judged(report: CheckReport, filed: FiledPlan, seed: int) -> Verdict:
    verdict = judge(report, filed)
    if verdict.faults:
        first = str(verdict.faults[0])
        raise GridwrightError("nested_refused_by_check", measured=len(verdict.faults), first=first, seed=seed)
    return verdict


def _explain_micro(code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    return _said(f"micro_{code}", code, facts)


def _explain_area(measure: str) -> Any:
    def explain(code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
        own = f"area_{code}" if measure == "grids" else f"area_{code}_households"
        return _said(own, code, facts)

    return explain


def _said(own: str, code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """The sentence for this level in Chinese and English; the one of plans where there is none."""
    key = own if own in sentences("en") else code
    return sentence(key, facts, "zh"), sentence(key, facts, "en")


def _check_options(seed: int, seconds: float | None, workers: int) -> None:
    if seed < 0:
        raise InputError("option_out_of_range", column="--seed", measured=seed, allowed=">= 0")
    if seconds is not None and not 0 < seconds < float("inf"):
        raise InputError("option_out_of_range", column="--seconds", measured=str(seconds), allowed="> 0")
    if workers < 1:
        raise InputError("option_out_of_range", column="--workers", measured=workers, allowed=">= 1")
