"""Stores that the desk is measured on: ``python -m tests.bench.desk_city FOLDER [--town] [--city] [--whole]``.

``town.db`` is a sample town of at least 5,000 buildings; ``city.db`` a city of ready-made units, as statistics offices
publish them: crooked outlines, real spread of households, 81 units a community; ``whole.db`` (``--whole``) a sample
city with half as many pieces, street blocks and estates.  Each holds one draft.  Making them takes minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from api.usecases.run_draw import run_draw
from data.migrations import upgrade
from data.sample import make_town
from data.store import Act, open_store
from gis.territory import Territory
from partition.rules import Rules

TOWN_HOUSEHOLDS = 32_000
CITY_SIDE = 225
WHOLE_HOUSEHOLDS = 2_000_000
_COMMUNITY_SIDE = 9
_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_CRS = "EPSG:4549"
_CORNER = (500_000.0, 3_390_000.0)
_CELL_M = 90.0
_BENDS = 3
_SPREAD = 0.65
_MEDIAN = 40.0


def unit_city(side: int = CITY_SIDE, seed: int = 1) -> Territory:
    """``side`` x ``side`` units with crooked outlines that fit without gaps, in square communities."""
    rng = np.random.default_rng(seed)
    rings = _rings(side, rng)
    row, column = np.divmod(np.arange(side * side), side)
    per = -(-side // _COMMUNITY_SIDE)
    number = (row // _COMMUNITY_SIDE) * per + column // _COMMUNITY_SIDE
    home = np.array([f"330402{k // 100 + 1:03d}{k % 100 + 1:03d}" for k in range(per * per)], object)[number]
    households = np.rint(_MEDIAN * np.exp(_SPREAD * rng.standard_normal(side * side))).astype(np.int64)
    households[rng.random(side * side) < 0.04] = 0
    units = shapely.polygons(rings)
    codes = sorted(set(home))
    order = np.argsort(home, kind="stable")
    groups = np.split(units[order], np.flatnonzero(np.diff(number[order])) + 1)
    land = np.array([shapely.coverage_union_all(group) for group in groups], object)
    layers = {
        "communities": gpd.GeoDataFrame(
            {"code": codes, "name": [f"第{k + 1}社区" for k in range(len(codes))], "kind": "urban"},
            geometry=land,
            crs=_CRS,
        ),
        "units": gpd.GeoDataFrame(
            {
                "id": [f"U{k:06d}" for k in range(side * side)],
                "community": home,
                "households": households,
                "population": np.rint(households * 2.7).astype(np.int64),
            },
            geometry=units,
            crs=_CRS,
        ),
    }
    return Territory.of(layers, meta={"created_at": "2026-01-01T00:00:00Z", "households_basis": "made"})


def _rings(side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Outlines by unit: corners pushed about, and bends along every side that both neighbours share."""
    n = side + 1
    y, x = np.mgrid[0:n, 0:n].astype(float)
    corner = np.stack([x, y], axis=-1) + rng.uniform(-0.22, 0.22, (n, n, 2))
    along = (np.arange(1, _BENDS + 1) / (_BENDS + 1))[:, None]

    def bent(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
        between = one[..., None, :] * (1 - along) + two[..., None, :] * along
        return between + rng.uniform(-0.05, 0.05, between.shape)

    level, upright = bent(corner[:, :-1], corner[:, 1:]), bent(corner[:-1], corner[1:])
    parts = (
        corner[:-1, :-1, None], level[:-1],
        corner[:-1, 1:, None], upright[:, 1:],
        corner[1:, 1:, None], level[1:, :, ::-1],
        corner[1:, :-1, None], upright[:, :-1, ::-1],
        corner[:-1, :-1, None],
    )  # fmt: skip
    ring = np.concatenate(parts, axis=2).reshape(side * side, -1, 2)
    # Whole centimetres: what two units share is the same number in both.
    return np.round(ring * _CELL_M, 2) + np.array(_CORNER)


def keep(path: Path, territory: Territory, name: str, workers: int = 2) -> str:
    """Draw a territory and keep both in a new store; the id of the draft."""
    began = time.monotonic()
    path.unlink(missing_ok=True)
    upgrade(f"sqlite:///{path}")
    drawn = run_draw(territory, Rules(), seed=1, seconds=300, workers=workers)
    print(f"{path.name}: {len(drawn.filed.grids)} grids, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    store = open_store(f"sqlite:///{path}")
    try:
        with store.write(Act("bench", _NOW)) as tx:
            card = tx.territories.save(territory, name)
            id = tx.plans.save(drawn.filed, territory_id=card.id, name=name).id
    finally:
        store.close()
    print(f"{path.name}: kept, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return id


def main() -> None:
    """Make what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--town", action="store_true")
    parser.add_argument("--city", action="store_true")
    parser.add_argument("--whole", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.town:
        keep(asked.folder / "town.db", make_town(TOWN_HOUSEHOLDS, seed=1).territory, "town")
    if asked.city:
        keep(asked.folder / "city.db", unit_city(), "city")
    if asked.whole:
        keep(asked.folder / "whole.db", make_town(WHOLE_HOUSEHOLDS, seed=1).territory, "whole city")


if __name__ == "__main__":
    main()
