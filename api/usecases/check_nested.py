"""Micro-grids or areas, their plan and their territory in; the findings of the independent check out."""

from __future__ import annotations

from pathlib import Path

from data.files.nested_file import read_area_table
from data.files.plan_file import read_plan
from gis.errors import InputError
from gis.territory import Territory
from partition.checks import CheckReport
from partition.checks.nested import verify_areas, verify_micro
from partition.filed import FiledPlan
from partition.rules import Rules


def is_nested(filed: FiledPlan) -> bool:
    """Whether a file holds micro-grids or areas instead of the grids of a plan."""
    return bool(filed.meta.get("level"))


def check_nested(path: Path, filed: FiledPlan, territory: Territory, rules: Rules, of: Path | None) -> CheckReport:
    """Verify micro-grids or areas against the plan they belong to.

    Parameters
    ----------
    path, filed
        The file, and what it holds.
    rules
        The rules it carries.
    of
        The plan file it belongs to.

    Raises
    ------
    InputError
        ``nested_check_needs_plan``, ``nested_other_plan``, ``nested_area_table_missing``, and what the plan reader
        finds.
    """
    level = filed.meta.get("level", "")
    if of is None:
        raise InputError("nested_check_needs_plan", file=path.name, measured=level)
    plan = read_plan(of)
    mine, given = filed.meta.get("of_plan", ""), plan.meta.get("plan_id", "")
    if mine != given:
        raise InputError("nested_other_plan", file=path.name, measured=mine, allowed=given)
    if level == "area":
        measure = filed.meta.get("measure", "grids")
        return verify_areas(filed, plan, territory, rules, read_area_table(path), measure)
    return verify_micro(filed, plan, territory, rules)
