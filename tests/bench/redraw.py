"""Re-draws: ``python -m tests.bench.redraw [BEFORE.gpkg AFTER.gpkg]``.

Without files: the published case of a hundred atoms, one JSON object per change weight.  With two territory files: the
first is drawn, then re-drawn on the second, with the proved least change and the fresh drawing beside it; the plan's
grid of every unit and building is in the object, so that anybody can count the moved households without our code.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from api.usecases import draw_plan, redraw_plan
from gis.readers.territory_file import read_territory
from partition.crosswalk import crosswalk_of_plans
from partition.lineage import moved
from partition.rules import Rules
from partition.zoning.draw import draw
from partition.zoning.redraw import InForce, redraw
from tests.bench.output import json_lines, say
from tests.towns import mesh

_BORDERS = Rules(balance_weight=0.0, dispersion_weight=0.0, weight_street=1.0)
_WEIGHTS = (0.0, 0.2, 0.25, 0.5, 1.0, 5.0)


def hundred_atoms() -> list[dict[str, Any]]:
    """The published case by change weight, in metres of border."""
    before = mesh(10, 7, 120)
    old = draw(before, _BORDERS).plan
    u = np.random.default_rng(3).uniform(size=100)
    w = before.households
    w = np.minimum(np.where(u < 0.12, np.floor(1.4 * w), np.where(u > 0.92, np.floor(0.5 * w), w)), 280)
    graph = replace(before, households=w.astype(np.int64))
    best = draw(graph, _BORDERS).communities[0].objective
    seen = InForce(
        tuple(grid.code for grid in old.grids),
        tuple(grid.community for grid in old.grids),
        old.atom_grid.astype(np.int64),
        graph.households,
        graph.households,
        np.ones(100, bool),
        np.zeros(100, bool),
    )
    rows = []
    for weight in _WEIGHTS:
        began = time.perf_counter()
        drawn = redraw(graph, _BORDERS, seen, change_weight=weight)
        seconds = time.perf_counter() - began
        found, plan = drawn.result.communities[0], drawn.result.plan
        change = moved(seen.parent, plan.atom_grid.astype(np.int64), graph.households, len(old.grids), len(plan.grids))
        rows.append(
            {
                "instance": "c10x120 re-drawn",
                "change_weight": weight,
                "grids": len(plan.grids),
                "in_band": all(grid.within_band for grid in plan.grids),
                "border_m": round(found.objective - weight * change, 2),
                "border_over_best_percent": round(100 * ((found.objective - weight * change) / best - 1), 2),
                "moved": change,
                "moved_percent": round(100 * change / int(graph.households.sum()), 2),
                "moved_at_least": drawn.moved_at_least,
                "gap_frac": found.gap_frac,
                "seconds": round(seconds, 2),
                "assignment": dict(zip(graph.atom_ids, plan.atom_grid.tolist())),
            }
        )
    return rows


def two_files(before: Path, after: Path, workers: int) -> dict[str, Any]:
    """Draw, re-draw, draw afresh, and count."""
    with tempfile.TemporaryDirectory() as scratch:
        old = draw_plan(before, Path(scratch) / "old.gpkg", workers=workers)
        began = time.perf_counter()
        again = redraw_plan(old.path, after, Path(scratch) / "new.gpkg", workers=workers)
        seconds = time.perf_counter() - began
        fresh = draw_plan(after, Path(scratch) / "fresh.gpkg", workers=workers)
        beside = crosswalk_of_plans(old.filed, fresh.filed, read_territory(after))
    crosswalk = again.filed.crosswalk
    assert crosswalk is not None
    stays = beside["relation"].isin(("kept", "changed"))
    feasible = again.filed.communities["feasible"].value_counts()
    return {
        "instance": f"{before.stem} -> {after.stem}",
        "old_grids": len(old.filed.grids),
        "grids": len(again.filed.grids),
        "communities": {str(k): int(v) for k, v in feasible.items()},
        "out_of_band_where_lawful": len(again.verdict.open_rules),
        "freed": len(again.freed),
        "moved": again.moved,
        "moved_at_least": again.moved_at_least,
        "ratio": round(again.moved / max(again.moved_at_least, 1), 4),
        "fresh_not_carried": int(beside["households"][~stays & beside["old"].notna()].sum()),
        "not_carried": int(
            crosswalk["households"][~crosswalk["relation"].isin(("kept", "changed")) & crosswalk["old"].notna()].sum()
        ),
        "old_codes_in_crosswalk": int(crosswalk["old"].nunique()),
        "shares_off_one": int((crosswalk.groupby("old")["share_of_old"].sum() != 1.0).sum()),
        "relations": {side: dict(told) for side, told in again.relations.items()},
        "seconds": round(seconds, 2),
        "workers": workers,
        "assignment": dict(zip(again.filed.members["id"], again.filed.members["grid"])),
    }


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="TERRITORY.gpkg")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--no-solution", action="store_true", help="leave the assignment out")
    asked = parser.parse_args()
    answers = json_lines()
    if len(asked.files) not in (0, 2):
        parser.error("two territory files, before and after, or none")
    rows = [two_files(*asked.files, asked.workers)] if asked.files else hundred_atoms()
    for row in rows:
        if asked.no_solution:
            del row["assignment"]
        say(answers, row)


if __name__ == "__main__":
    main()
