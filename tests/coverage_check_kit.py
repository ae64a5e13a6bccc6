"""A made-up quarter for the check of coverage: streets on a square pattern, houses, two grids, cameras, posts."""

from __future__ import annotations

from types import MappingProxyType

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from gis.territory import Territory
from partition.filed import FiledPlan

METRES = CRS.from_epsg(32650)
X0, Y0, BLOCK_M, N = 500_000.0, 4_400_000.0, 90.0, 6


def made_land() -> tuple[Territory, FiledPlan]:
    """A quarter of six by six blocks and a plan that halves it."""
    side = N * BLOCK_M
    whole = shapely.box(X0 - 20, Y0 - 20, X0 + side + 20, Y0 + side + 20)
    lines = [shapely.LineString([(X0 + i * BLOCK_M, Y0), (X0 + i * BLOCK_M, Y0 + side)]) for i in range(N + 1)] + [
        shapely.LineString([(X0, Y0 + i * BLOCK_M), (X0 + side, Y0 + i * BLOCK_M)]) for i in range(N + 1)
    ]
    houses = [
        shapely.box(x + 10, y + 10, x + 75, y + 40)
        for x in (X0 + i * BLOCK_M for i in range(N))
        for y in (Y0 + j * BLOCK_M for j in range(N))
    ]
    poles = [(X0 + 4 + 95 * k, Y0 + 4 + 80 * k) for k in range(5)]
    layers = {
        "communities": _table({"code": ["C"], "name": ["C"], "kind": ["urban"], "class_code": ["111"]}, [whole]),
        "streets": _table(
            {"id": [f"s{k:02}" for k in range(len(lines))], "class": ["residential"] * len(lines)}, lines
        ),
        "buildings": _table({"id": [f"b{k:02}" for k in range(len(houses))], "households": [10] * len(houses)}, houses),
        "cameras": _table(
            {
                "id": [f"c{k}" for k in range(5)],
                "kind": ["枪机", "球机", "枪机", "枪机", "枪机"],
                "heading_deg": [0.0, None, 90.0, 45.0, 200.0],
                "channels": [1, 2, 1, None, 4],
                "status": ["在线", "在线", "离线", "在线", "联网"],
            },
            [shapely.Point(*pole) for pole in poles],
        ),
        "posts": _table({"id": ["p0"], "kind": ["police"]}, [shapely.Point(X0 + 1, Y0 + 1)]),
        "key_places": _table(
            {"id": ["k0", "k1"], "kind": ["学校", "商店"], "name": ["一小", "店"]},
            [shapely.Point(X0 + 272, Y0 + 275), shapely.Point(X0 + 95, Y0 + 182)],
        ),
    }
    middle = X0 + side / 2 + 11
    west = whole.intersection(shapely.box(X0 - 50, Y0 - 50, middle, Y0 + side + 50))
    grids = gpd.GeoDataFrame(
        {"code": ["C001", "C002"], "name": ["一", "二"], "community": ["C", "C"], "kind": ["standard"] * 2}
        | {"households": [180, 180]},
        geometry=[west, whole.difference(west)],
        crs=METRES,
    )
    empty = pd.DataFrame()
    return Territory.of(layers, crs=METRES), FiledPlan(grids, empty, empty, empty, MappingProxyType({}))


def _table(columns: dict[str, list[object]], shapes: list[shapely.Geometry]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=METRES)
