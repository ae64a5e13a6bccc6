"""Land under the road collisions of Salford: a lattice of made communities, drawn, so that every one lies in a grid.

The borders are made up; only the places and times of ``incidents-salford`` are real.
"""

from __future__ import annotations

from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import shapely

from api.usecases.run_draw import run_draw
from gis.territory import Territory
from partition.rules import Rules
from tests.served import Town

CRS = "EPSG:32630"
SINCE = datetime(2018, 1, 1, tzinfo=UTC)
"""In force from here, before the first of the collisions."""
COUNTY = "330900"
_WEST_M, _SOUTH_M = 533_000.0, 5_918_800.0
_COLUMNS, _ROWS = 4, 3
_UNITS = 5
_COMMUNITY_M = 4_500.0


def salford_land() -> Territory:
    """12 communities of 25 units of 60 to 80 households, over all of the collisions."""
    side = _COMMUNITY_M / _UNITS
    column, row = np.meshgrid(np.arange(_COLUMNS * _UNITS), np.arange(_ROWS * _UNITS))
    column, row = column.ravel(), row.ravel()
    west, south = _WEST_M + column * side, _SOUTH_M + row * side
    cells = shapely.box(west, south, west + side, south + side)
    of = (row // _UNITS) * _COLUMNS + column // _UNITS
    codes = [f"{COUNTY}{1 + i // _COLUMNS:03d}{1 + i % _COLUMNS:03d}" for i in range(_COLUMNS * _ROWS)]
    households = 60 + (7 * column + 3 * row) % 21
    communities = gpd.GeoDataFrame(
        {"code": codes, "name": [f"社区 {code[-6:]}" for code in codes], "kind": "urban"},
        geometry=[shapely.union_all(cells[of == i]) for i in range(len(codes))],
        crs=CRS,
    )
    units = gpd.GeoDataFrame(
        {
            "id": [f"u{i:05d}" for i in range(len(cells))],
            "community": [codes[i] for i in of],
            "households": households,
            "population": households * 2,
        },
        geometry=cells,
        crs=CRS,
    )
    meta = {"created_at": "2018-01-01T00:00:00Z", "households_basis": "made up"}
    return Territory.of({"communities": communities, "units": units}, meta=meta)


def salford_town() -> Town:
    """The land and its plan; put it into a store with ``put_town(store, town, SINCE)`` (`tests.served`)."""
    land = salford_land()
    return Town(land, run_draw(land, Rules(), seed=1).filed)
