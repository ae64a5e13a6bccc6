"""Plans on a chequered town: every letter of a drawing is a grid, every cell a unit of its own households."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from partition.compare import Ground
from partition.filed import FiledPlan
from partition.rules import Rules

CRS = "EPSG:4549"
CORNER = (500_000.0, 3_390_000.0)
SIDE_M = 100.0


def cells(drawing: Sequence[str]) -> tuple[np.ndarray, list[str], np.ndarray, np.ndarray]:
    """(squares, letters, households, names) of every cell with a letter, row by row from the north."""
    rows, columns = np.array([(r, c) for r, line in enumerate(drawing) for c, x in enumerate(line) if x != "."]).T
    letters = [drawing[r][c] for r, c in zip(rows, columns)]
    x0, y0 = CORNER[0] + SIDE_M * columns, CORNER[1] - SIDE_M * rows
    squares = shapely.box(x0, y0 - SIDE_M, x0 + SIDE_M, y0)
    households = 60 + (37 * rows + 101 * columns) % 80
    names = np.array([f"{r:02d}-{c:02d}" for r, c in zip(rows, columns)], dtype=object)
    return squares, letters, households, names


def cell_plan(
    drawing: Sequence[str],
    *,
    plan_id: str = "P-1",
    prefix: str = "u",
    kind: str = "unit",
    communities: Mapping[str, str] | None = None,
    grid_names: Mapping[str, str] | None = None,
    crs: str = CRS,
    meta: Mapping[str, str] | None = None,
) -> FiledPlan:
    """The plan of a drawing; grid ``A`` has the code of its community (default ``330402015001``) and ``A``."""
    squares, letters, households, names = cells(drawing)
    home = dict(communities or {})
    rows = []
    for letter in sorted(set(letters)):
        mine = np.array([x == letter for x in letters])
        community = home.get(letter, "330402015001")
        total = int(households[mine].sum())
        shape = shapely.union_all(squares[mine])
        rows.append(
            {
                "code": community + letter,
                "name": (grid_names or {}).get(letter, f"第{letter}网格"),
                "community": community,
                "kind": "standard",
                "households": total,
                "population": 3 * total,
                "buildings": int(mine.sum()) if kind == "building" else 0,
                "area_m2": float(shape.area),
                "within_band": 300 <= total <= 500,
                "reason": None,
                "parent": None,
                "geometry": shape,
            }
        )
    grids = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    code = {row["code"][-1]: row["code"] for row in rows}
    members = pd.DataFrame({"kind": kind, "id": prefix + names, "grid": [code[x] for x in letters]})
    known = grids.groupby("community", as_index=False)["households"].sum()
    table = pd.DataFrame(
        {
            "code": known["community"],
            "households": known["households"],
            "grids": [int((grids["community"] == c).sum()) for c in known["community"]],
            "feasible": "yes",
            "reason": None,
            "proof": "cover_mip",
            "objective": 100.0,
            "bound": 100.0,
            "gap_frac": 0.0,
            "seconds": float("nan"),
        }
    )
    nothing = pd.DataFrame({name: [] for name in ("code", "grid", "community", "detail_zh", "detail_en")}, dtype=object)
    facts = {"rules": Rules().to_toml(), "plan_id": plan_id, "created_at": "2024-05-01T00:00:00Z", "version": "0.1.0"}
    shown = grids if crs == CRS else grids.to_crs(crs)
    members = members.sort_values(["kind", "id"], ignore_index=True)
    return FiledPlan(shown, members, table, nothing, {**facts, **dict(meta or {})})


def cell_ground(drawing: Sequence[str], *, prefix: str = "u", kind: str = "unit") -> Ground:
    """What a territory would know of the cells."""
    squares, _, households, names = cells(drawing)
    members = pd.DataFrame({"kind": kind, "id": prefix + names, "households": households.astype(np.int64)})
    return Ground(members, shapely.centroid(squares), gpd.GeoSeries(squares, crs=CRS).crs)
