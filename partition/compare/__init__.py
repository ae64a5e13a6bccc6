"""Two or more plans side by side: measures, what became of every grid, and the crosswalk between them.

Decides by the tables and shapes of the plans alone; a territory, where there is one, says how many households each
building or unit holds and where it stands.  `shapes` brings the plans into one coordinate system, `joining` finds the
old grid of every household, `measures` and `changes` tell what came out, `hands` where it lies on the ground.
Relations and shares are decided in `partition.crosswalk`, which grid carries an old one on in `partition.lineage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gis.errors import Fault, InputError
from gis.progress import SILENT, Progress
from partition.compare.changes import CHANGE_COLUMNS, count_changes, list_changes
from partition.compare.hands import ground_between
from partition.compare.joining import Ground, Pieces, ground_of, join, told_by
from partition.compare.measures import Measures, measure_plan
from partition.compare.shapes import PlanShapes, shapes_of
from partition.crosswalk import invert, make_crosswalk
from partition.filed import FiledPlan
from partition.lineage import match

__all__ = [
    "CHANGE_COLUMNS",
    "Comparison",
    "Ground",
    "Measures",
    "Pair",
    "compare",
    "count_changes",
    "ground_between",
    "ground_of",
    "is_redraw_of",
]


@dataclass(frozen=True, slots=True)
class Pair:
    """The first plan against another.

    Attributes
    ----------
    old, new
        Names of the plans.
    changes
        The change list, columns `CHANGE_COLUMNS`.
    counts
        How many grids of either plan each change has, last row ``all``.
    crosswalk, inverse
        Old codes to new ones and the other way round (`partition.crosswalk`).
    households
        How the households of the crosswalk were found: ``filed`` (the new plan carries the crosswalk of its re-draw),
        ``counted`` (member by member) or ``estimated`` (from what old and new grids hold, or by ground).
    joined
        How old and new were joined: ``filed``, ``id``, ``place`` or ``area``, the least exact one that was needed.
    """

    old: str
    new: str
    changes: pd.DataFrame
    counts: pd.DataFrame
    crosswalk: pd.DataFrame
    inverse: pd.DataFrame
    households: str
    joined: str

    @property
    def is_unchanged(self) -> bool:
        """Every grid is kept, in the same outline."""
        return bool((self.changes["change"] == "kept").all() and not self.changes["outline_m2"].any())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Plans side by side: their names, their measures in the same order, and the first against each other one."""

    names: tuple[str, ...]
    measures: tuple[Measures, ...]
    pairs: tuple[Pair, ...]


def compare(
    plans: Sequence[FiledPlan],
    names: Sequence[str],
    *,
    ground: Ground | None = None,
    progress: Progress = SILENT,
) -> Comparison:
    """Compare two or more plans; the first is the one the others are held against.

    Parameters
    ----------
    plans
        The plans, in any coordinate systems.
    names
        What to call each in the answer and in faults.
    ground
        What a territory knows of the members (`ground_of`): then households are counted, not estimated.
    progress
        Watches the work.

    Raises
    ------
    InputError
        Every fault found: ``compare_too_few``, ``compare_plan_empty``, ``compare_code_twice``,
        ``compare_member_twice``, ``compare_member_without_grid``, ``compare_no_overlap``.
    """
    if len(plans) < 2:
        raise InputError("compare_too_few", measured=len(plans))
    faults = [fault for plan, name in zip(plans, names) for fault in _faults(plan, name)]
    if faults:
        raise InputError.of(faults)
    progress.stage("stage_compare", len(plans))
    shapes = shapes_of(plans, names)
    measures = [measure_plan(plans[0], shapes[0])]
    progress.advance()
    pairs = []
    for plan, name, shape in zip(plans[1:], names[1:], shapes[1:]):
        pieces = join(plans[0], plan, shapes[0], shape, ground)
        if is_redraw_of(plan, plans[0]) and plan.crosswalk is not None:
            pieces = told_by(plan.crosswalk, plans[0], plan, pieces)
        measures.append(measure_plan(plan, shape, pieces, len(plans[0].grids)))
        pairs.append(_pair(plans[0], plan, (names[0], name), (shapes[0], shape), pieces))
        progress.advance()
    return Comparison(tuple(names), tuple(measures), tuple(pairs))


def _pair(
    old: FiledPlan, new: FiledPlan, names: tuple[str, str], shapes: tuple[PlanShapes, PlanShapes], pieces: Pieces
) -> Pair:
    if is_redraw_of(new, old) and new.crosswalk is not None:
        crosswalk, households, joined = new.crosswalk, "filed", "filed"
    else:
        crosswalk = _crosswalk(old, new, pieces)
        households = "counted" if pieces.is_counted else "estimated"
        joined = "area" if pieces.area_m2.any() else "place" if pieces.by_place else "id"
    changes = list_changes(old, new, *shapes, crosswalk)
    return Pair(*names, changes, count_changes(changes), crosswalk, invert(crosswalk), households, joined)


def is_redraw_of(new: FiledPlan, old: FiledPlan) -> bool:
    """Whether a plan says that it was drawn from another."""
    parent = new.meta.get("parent_plan", "")
    return bool(parent) and parent == old.meta.get("plan_id", "")


def _crosswalk(old: FiledPlan, new: FiledPlan, pieces: Pieces) -> pd.DataFrame:
    old_code, new_code = old.grids["code"].to_numpy(object), new.grids["code"].to_numpy(object)
    parent = match(pieces.old, pieces.new, pieces.households, len(old_code), len(new_code))
    names = np.array([*old_code, None], object)  # position -1: no old grid
    return make_crosswalk(
        names[pieces.old],
        new_code[pieces.new],
        pieces.households,
        pieces.buildings,
        old_code.tolist(),
        new_code.tolist(),
        names[parent].tolist(),
    )


def _faults(plan: FiledPlan, name: str) -> list[Fault]:
    codes, members = plan.grids["code"], plan.members
    wrong = {
        "compare_code_twice": codes[codes.duplicated()],
        "compare_member_twice": members["id"][members.duplicated(["kind", "id"])],
        "compare_member_without_grid": members["id"][~members["grid"].isin(codes)],
    }
    return [Fault(code, {"file": name, "id": str(ids.min()), "n": len(ids)}) for code, ids in wrong.items() if len(ids)]
