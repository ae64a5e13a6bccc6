"""A square city of grids for `tests.bench.serve`."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.territory import Territory
from partition.filed import FiledPlan

_CRS = "EPSG:4549"
_SIDE_M = 300.0
_CORNER = (500_000.0, 3_390_000.0)
_VERTICES = 60


def grid_city(n_grids: int) -> tuple[Territory, FiledPlan]:
    """A square city of square grids with outlines of 60 vertices, a hundred grids a community."""
    side = int(np.ceil(np.sqrt(n_grids)))
    column, row = (k.ravel()[:n_grids] for k in np.meshgrid(np.arange(side), np.arange(side)))
    x, y = _CORNER[0] + column * _SIDE_M, _CORNER[1] + row * _SIDE_M
    squares = shapely.box(x, y, x + _SIDE_M, y + _SIDE_M)
    home = np.array([f"330402{k // 1000:03d}{k % 1000:03d}" for k in np.arange(n_grids) // 100], dtype=object)
    codes = sorted(set(home))
    numbers = np.arange(n_grids) % 100
    grids = gpd.GeoDataFrame(
        {
            "code": [f"{c}{k:03d}" for c, k in zip(home, numbers)],
            "name": [f"第{k}网格" for k in numbers],
            "community": home,
            "kind": "standard",
            "households": 400,
            "population": 1_200,
            "buildings": 20,
            "area_m2": _SIDE_M**2,
            "within_band": True,
            "reason": None,
            "parent": None,
        },
        geometry=shapely.segmentize(squares, 4 * _SIDE_M / _VERTICES),
        crs=_CRS,
    )
    land = gpd.GeoDataFrame(
        {"code": codes, "name": codes, "kind": "urban"},
        geometry=[shapely.union_all(squares[home == code]) for code in codes],
        crs=_CRS,
    )
    units = gpd.GeoDataFrame(
        {"id": grids["code"], "community": home, "households": 400, "population": 1_200}, geometry=squares, crs=_CRS
    )
    known = {"code": codes, "households": [400 * int((home == c).sum()) for c in codes], "feasible": "yes"}
    communities = pd.DataFrame({**known, "grids": [int((home == c).sum()) for c in codes]})
    for name, value in (("reason", None), ("proof", "arithmetic"), ("objective", 0.0), ("bound", 0.0)):
        communities[name] = value
    communities["gap_frac"], communities["seconds"] = 0.0, float("nan")
    nothing = pd.DataFrame({n: [] for n in ("code", "grid", "community", "detail_zh", "detail_en")}, dtype=object)
    members = pd.DataFrame({"kind": "unit", "id": grids["code"], "grid": grids["code"]})
    filed = FiledPlan(grids, members, communities, nothing, {"plan_id": "bench", "rules": ""})
    return Territory.of({"communities": land, "units": units}), filed
