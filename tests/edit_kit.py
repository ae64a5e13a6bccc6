"""Edits for tests: a sheet back to the tables of a plan, and random wishes."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from partition.edits import Ground, Sheet, Wish
from partition.edits.sheet import shape_of
from partition.edits.wishes import Part
from partition.filed import COMMUNITY_COLUMNS, GRID_COLUMNS, MEMBER_COLUMNS, VIOLATION_COLUMNS, FiledPlan


def filed_of(sheet: Sheet, ground: Ground, drawn: FiledPlan) -> FiledPlan:
    """The tables of a sheet; what an edit never changes is taken from the plan as drawn."""
    rows = [sheet.grids[code] for code in sorted(sheet.grids)]
    grids = gpd.GeoDataFrame(
        _table(rows, GRID_COLUMNS), geometry=[shape_of(row["shape"]) for row in rows], crs=drawn.grids.crs
    )
    members = [
        {"kind": kind, "id": name, "grid": str(sheet.atom_code[atom])} for (kind, name), atom in ground.atom_of.items()
    ]
    violations = [row for code in sorted(sheet.violations) for row in sheet.violations[code]]
    return replace(
        drawn,
        grids=grids,
        members=_table(members, MEMBER_COLUMNS).sort_values(["kind", "id"], ignore_index=True),
        communities=_table([sheet.communities[code] for code in sorted(sheet.communities)], COMMUNITY_COLUMNS),
        violations=_table(violations, VIOLATION_COLUMNS),
        meta=dict(sheet.meta),
        crosswalk=None,
    )


def random_wish(rng: np.random.Generator, ground: Ground, sheet: Sheet) -> Wish:
    """Something a planner might try at a border between two atoms; much of it is refused."""
    graph = ground.graph
    differ = np.flatnonzero(sheet.atom_code[graph.edge_a] != sheet.atom_code[graph.edge_b])
    kind = str(rng.choice(["move", "move", "move", "new", "new", "merge", "dissolve", "split", "split"]))
    if len(differ) == 0 or kind in ("new", "split"):
        differ = np.arange(len(graph.edge_a))
    edge = int(rng.choice(differ))
    a, b = int(graph.edge_a[edge]), int(graph.edge_b[edge])
    if rng.random() < 0.5:
        a, b = b, a
    one, two = str(sheet.atom_code[a]), str(sheet.atom_code[b])
    land = Part(atoms=(graph.atom_ids[a],))
    if kind == "move":
        return Wish("move", land, two)
    if kind == "new":
        return Wish("new", land)
    if kind == "merge":
        return Wish("merge", grids=(one, two))
    if kind == "dissolve":
        return Wish("dissolve", grid=one)
    mine = np.flatnonzero(sheet.atom_code == one)
    mine = mine[np.argsort(graph.x_m[mine] + rng.normal() * graph.y_m[mine])]
    cut = max(1, len(mine) // 2)
    halves = (mine[:cut], mine[cut:]) if len(mine) > 1 else (mine, mine)
    return Wish("split", grid=one, parts=tuple(Part(atoms=tuple(graph.atom_ids[i] for i in half)) for half in halves))


def _table(rows: list[dict], columns: dict[str, str]) -> pd.DataFrame:
    data = {}
    for name, dtype in columns.items():
        values = [row[name] for row in rows]
        data[name] = pd.Series(values, dtype=object if dtype == "str" else dtype)
    return pd.DataFrame(data)
