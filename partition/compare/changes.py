"""The change list of two plans: what became of every old grid and where every new grid comes from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import shapely

from gis.graph import BoolArray, FloatArray
from partition.compare.shapes import SLIVER_FRAC, ObjectArray, PlanShapes
from partition.crosswalk import RELATIONS, relations
from partition.filed import FiledPlan

CHANGE_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "change": "str",
        "old": "str",
        "new": "str",
        "community": "str",
        "households_old": "int64",
        "households_new": "int64",
        "households_in": "int64",
        "households_out": "int64",
        "buildings_in": "int64",
        "buildings_out": "int64",
        "outline_m2": "float64",
    }
)
"""Columns of a change list.

``change`` is one of `partition.crosswalk.RELATIONS`, of the grid (not of a row of the crosswalk).  A kept or changed
grid is one row with both codes; every other grid is a row with one code.  So every old code stands in exactly one row
and every new code in exactly one.  ``households_in``: came from other grids or from none; ``households_out``: went to
other grids (counts of the new plan); the same for buildings.  ``outline_m2``: ground inside one outline of a kept or
changed grid and outside the other; 0 where it is no more than the same border drawn again.
"""


def list_changes(
    old: FiledPlan, new: FiledPlan, old_shapes: PlanShapes, new_shapes: PlanShapes, crosswalk: pd.DataFrame
) -> pd.DataFrame:
    """The change list, sorted by old code, new grids without an old code last."""
    old_code = old.grids["code"].to_numpy(object)
    new_code = new.grids["code"].to_numpy(object)
    heirs = crosswalk[crosswalk["relation"].isin(("kept", "changed"))]
    told_old, told_new = relations(crosswalk)
    change_old, change_new = told_old.to_dict(), told_new.to_dict()
    parent = dict(zip(heirs["new"], heirs["old"]))
    child = dict(zip(heirs["old"], heirs["new"]))
    at_old = {code: i for i, code in enumerate(old_code)}
    size_old = old.grids["households"].to_numpy(np.int64)
    size_new = new.grids["households"].to_numpy(np.int64)
    home_old, home_new = old.grids["community"].to_numpy(object), new.grids["community"].to_numpy(object)
    same = crosswalk["old"].map(child).eq(crosswalk["new"]) & crosswalk["new"].notna()
    apart = crosswalk[~same.to_numpy(bool)]
    come = apart[apart["new"].notna()].groupby("new")[["households", "buildings"]].sum()
    gone = apart[apart["old"].notna()].groupby("old")[["households", "buildings"]].sum()
    moved = _outline_m2(heirs, old_code, new_code, old_shapes, new_shapes)
    nothing = pd.Series({"households": 0, "buildings": 0})
    rows = []
    for i, code in enumerate(new_code):
        origin = parent.get(code)
        j = at_old[origin] if origin is not None else -1
        came = come.loc[code] if code in come.index else nothing
        left = gone.loc[origin] if origin in gone.index else nothing
        rows.append(
            (
                *(
                    change_new.get(code, "new"),
                    origin,
                    code,
                    home_new[i],
                    int(size_old[j]) if j >= 0 else 0,
                    int(size_new[i]),
                ),
                *(int(came["households"]), int(left["households"]) if j >= 0 else 0),
                *(int(came["buildings"]), int(left["buildings"]) if j >= 0 else 0, moved.get(code, 0.0)),
            )
        )
    for j, code in enumerate(old_code):
        if code not in child:
            left = gone.loc[code] if code in gone.index else nothing
            rows.append(
                (
                    *(change_old.get(code, "retired"), code, None, home_old[j], int(size_old[j]), 0),
                    *(0, int(left["households"]), 0, int(left["buildings"]), 0.0),
                )
            )
    table = pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))
    table = table.sort_values(["old", "new"], na_position="last", ignore_index=True)
    for name, dtype in CHANGE_COLUMNS.items():
        if dtype == "str":
            text = table[name].astype(object)
            table[name] = pd.Series([None if v is None or v != v else str(v) for v in text], dtype=object)
        else:
            table[name] = table[name].astype(dtype)
    return table


def count_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """Counts that add up: one row per change, columns ``old`` and ``new`` (grids of either plan), last row ``all``."""
    of = [(changes["change"] == relation).to_numpy() for relation in RELATIONS]
    table = pd.DataFrame(
        {
            "old": [int(changes["old"].notna().to_numpy()[rows].sum()) for rows in of],
            "new": [int(changes["new"].notna().to_numpy()[rows].sum()) for rows in of],
        },
        index=pd.Index(RELATIONS, name="change"),
    )
    table.loc["all"] = table.sum()
    return table


def _outline_m2(
    heirs: pd.DataFrame, old_code: ObjectArray, new_code: ObjectArray, old_shapes: PlanShapes, new_shapes: PlanShapes
) -> dict[str, float]:
    a = pd.Index(old_code).get_indexer(heirs["old"])
    b = pd.Index(new_code).get_indexer(heirs["new"])
    one, two = old_shapes.geometry[a], new_shapes.geometry[b]
    apart: FloatArray = np.zeros(len(a))
    differ: BoolArray = ~shapely.equals_exact(one, two, tolerance=0.01)
    apart[differ] = shapely.area(shapely.symmetric_difference(one[differ], two[differ]))
    real = apart > SLIVER_FRAC * np.minimum(old_shapes.area_m2[a], new_shapes.area_m2[b])
    return dict(zip(heirs["new"], np.where(real, np.round(apart, 1), 0.0).tolist()))
