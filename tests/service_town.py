"""A small town in a store, with a plan in force: what tests of the service ask about.

    A A B B        A, B: community 330402015001
    A A B B
    C C D D        C, D: community 330402015002
    C C D D

Cells are squares of 100 m; `middle` gives the middle of a grid in longitude and latitude.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer

from data.store import SqlStore, Tx
from gis.territory import Territory
from partition.filed import FiledPlan
from tests.cell_plans import CORNER, CRS, SIDE_M, cell_plan, cells
from tests.stores import act

DRAWING = ("AABB", "AABB", "CCDD", "CCDD")
FIRST, SECOND = "330402015001", "330402015002"
COMMUNITIES = {"A": FIRST, "B": FIRST, "C": SECOND, "D": SECOND}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_TO_LON_LAT = Transformer.from_crs(CRS, 4326, always_xy=True)


def lon_lat(column: float, row: float) -> tuple[float, float]:
    """Longitude and latitude of a place in the drawing: columns from the west, rows from the north."""
    lon, lat = _TO_LON_LAT.transform(CORNER[0] + SIDE_M * column, CORNER[1] - SIDE_M * row)
    return float(lon), float(lat)


def middle(letter: str, drawing: tuple[str, ...] = DRAWING) -> tuple[float, float]:
    """Longitude and latitude of the middle of a grid."""
    places = [(c, r) for r, line in enumerate(drawing) for c, found in enumerate(line) if found == letter]
    return lon_lat(float(np.mean([c for c, _ in places])) + 0.5, float(np.mean([r for _, r in places])) + 0.5)


def town_territory(communities: Mapping[str, str] = COMMUNITIES, names: Mapping[str, str] | None = None) -> Territory:
    """The layers of the town: its communities, and a unit a cell."""
    squares, letters, households, ids = cells(DRAWING)
    home = np.array([communities[letter] for letter in letters])
    codes = sorted(set(home))
    layers = {
        "communities": gpd.GeoDataFrame(
            {"code": codes, "name": [(names or {}).get(c, f"社区 {c}") for c in codes], "kind": ["urban"] * len(codes)},
            geometry=[shapely.union_all(squares[home == code]) for code in codes],
            crs=CRS,
        ),
        "units": gpd.GeoDataFrame(
            {"id": [f"u{name}" for name in ids], "community": home, "households": households, "population": households},
            geometry=squares,
            crs=CRS,
        ),
    }
    return Territory.of(layers, meta={"created_at": "2025-01-01T00:00:00Z", "households_basis": "drawn"})


def town_plan(plan_id: str = "P-1", names: Mapping[str, str] | None = None) -> FiledPlan:
    """The plan of the drawing."""
    return cell_plan(DRAWING, plan_id=plan_id, communities=COMMUNITIES, grid_names=names)


def put_town(store: SqlStore, *, name: str = "全域方案", since: datetime = LONG_AGO) -> str:
    """Load the town and its plan, put the plan in force, and give its id."""
    with store.write(act()) as tx:
        territory = tx.territories.save(town_territory(), "测试镇")
        return put_in_force(
            tx, tx.plans.save(town_plan(), territory_id=territory.id, name=name, state="filed").id, since
        )


def put_in_force(tx: Tx, id: str, since: datetime) -> str:
    """A plan in force in all of its communities, from a moment on; what was in force there ends."""
    return tx.life.change_state(id, "in_force", effective_from=since, may_backdate=True, over_others=True).id
