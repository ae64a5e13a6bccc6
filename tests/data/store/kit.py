"""Small towns and plans for the tests of the store: what lies where is known beforehand."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.territory import Territory
from partition.filed import FiledPlan

CRS = "EPSG:4549"


def town(county: str = "330402", *, version: int = 0, x: float = 520_000) -> Territory:
    """Two communities side by side, 001001 and 002001, each with a house and a camera; a street along both.

    A second house lies outside of both.  ``version`` makes another territory of the same places.
    """
    y = 3_400_000
    codes = [f"{county}001001", f"{county}002001"]
    homes = [shapely.Point(x + 100, y + 100), shapely.Point(x + 600, y + 100), shapely.Point(x + 5_000, y)]
    layers = {
        "communities": {
            "code": codes,
            "name": ["东一", "东二"],
            "kind": ["urban", "rural"],
            "geometry": [shapely.box(x, y, x + 500, y + 500), shapely.box(x + 500, y, x + 1_000, y + 500)],
        },
        "buildings": {"id": ["b1", "b2", "b3"], "households": [300 + version, 400, 1], "geometry": homes},
        "cameras": {"id": ["k1", "k2"], "geometry": homes[:2]},
        "streets": {
            "id": ["s1", "s2"],
            "geometry": [
                shapely.LineString([(x + 10, y + 250), (x + 990, y + 250)]),
                shapely.LineString([(x + 10, y + 100), (x + 400, y + 100)]),
            ],
        },
    }
    return Territory.of({name: gpd.GeoDataFrame(table, crs=CRS) for name, table in layers.items()})


def plan(territory: Territory, *, per_community: int = 2, plan_id: str = "p1") -> FiledPlan:
    """Each community cut into upright strips; the houses are members of the first strip."""
    communities, buildings = territory["communities"], territory["buildings"]
    rows, shapes = [], []
    for code, shape in zip(communities["code"], communities.geometry):
        x0, y0, x1, y1 = shape.bounds
        edges = np.linspace(x0, x1, per_community + 1)
        for k, (a, b) in enumerate(pairwise(edges), start=1):
            rows.append({"code": f"{code}{k:03d}", "name": f"第{k}网格", "community": code})
            shapes.append(shapely.box(a, y0, b, y1))
    grids = gpd.GeoDataFrame(rows, geometry=shapes, crs=CRS).assign(
        kind="standard",
        households=300,
        population=900,
        buildings=1,
        area_m2=shapely.area(shapes),
        within_band=True,
        reason=None,
        parent=None,
    )
    for column in ("code", "name", "community", "kind", "reason", "parent"):
        grids[column] = grids[column].astype(object)
    firsts = [row["code"] for row in rows[::per_community]]
    members = {"kind": "building", "id": buildings["id"].tolist()[:2], "grid": firsts[:2]}
    n = len(communities)
    is_first = np.arange(n) == 0
    tables = {
        "code": communities["code"].tolist(),
        "households": 300 * per_community,
        "grids": per_community,
        "feasible": "yes",
        "reason": [None, *["too_few"] * (n - 1)],
        "proof": "cover_mip",
        "objective": 1.5 + np.arange(n),
        "bound": np.where(is_first, 1.5, np.nan),
        "gap_frac": np.where(is_first, 0.0, np.nan),
        "seconds": np.nan,
    }
    violations = {
        "code": ["band"],
        "grid": [rows[0]["code"]],
        "community": [None],
        "detail_zh": ["说"],
        "detail_en": ["say"],
    }
    meta = {"rules": "", "seed": "0", "plan_id": plan_id, "territory_hash": territory.content_hash()}
    return FiledPlan(grids[_GRID_ORDER], _table(members), _table(tables), _table(violations), meta)


_GRID_ORDER = [
    *("code", "name", "community", "kind", "households", "population", "buildings", "area_m2"),
    *("within_band", "reason", "parent", "geometry"),
]


def _table(columns: dict[str, object]) -> pd.DataFrame:
    table = pd.DataFrame(columns)
    for column in table.columns:
        if table[column].dtype == "str":
            table[column] = table[column].astype(object).where(table[column].notna(), None)
    return table
