"""A plan and its territory in, the findings of the independent check out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.usecases.check_nested import check_nested, is_nested
from api.usecases.verdict import Verdict, judge
from data.files.plan_file import read_plan
from gis.errors import InputError
from gis.progress import SILENT, Progress
from gis.readers.territory_file import read_territory
from partition.checks import CheckReport, verify
from partition.filed import FiledPlan
from partition.rules import Rules


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check_plan` found: the raw report, the verdict on it, and the plan.

    ``is_same_territory`` says whether the plan was drawn on exactly this territory.
    """

    filed: FiledPlan
    report: CheckReport
    verdict: Verdict
    is_same_territory: bool


def check_plan(
    plan_path: Path, territory_path: Path, *, of: Path | None = None, progress: Progress = SILENT
) -> Checked:
    """Verify a plan by geometry, under the rules that it carries.

    Parameters
    ----------
    plan_path
        Plan file.
    territory_path
        Territory file.
    of
        For a file of micro-grids or areas: the plan they belong to.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``plan_without_rules``, ``nested_check_no_level``, what `check_nested` refuses, and what the plan and territory
        readers find.
    """
    filed = read_plan(plan_path)
    if not filed.meta.get("rules"):
        raise InputError("plan_without_rules", file=str(plan_path))
    if of is not None and not is_nested(filed):
        raise InputError("nested_check_no_level", file=plan_path.name)
    rules = Rules.from_toml(filed.meta["rules"], file=str(plan_path))
    territory = read_territory(territory_path, progress=progress)
    progress.stage("stage_check")
    if is_nested(filed):
        report = check_nested(plan_path, filed, territory, rules, of)
    else:
        report = verify(filed, territory, rules)
    is_same = filed.meta.get("territory_hash") == territory.content_hash()
    return Checked(filed, report, judge(report, filed), is_same)
