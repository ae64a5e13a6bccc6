"""A plan for export tests: a coverage of crooked polygons near Jiaxing, Chinese names, a hole, a grid in two parts."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.territory import Territory
from partition.crosswalk import make_crosswalk
from partition.filed import FiledPlan

COMMUNITIES = ("330402015006", "330402015201")
NAMES = ("七星街道湘城社区居民委员会", "东栅·王江泾镇〇一村〈甲〉")


def filed_town(
    n: int = 60, seed: int = 7, crs: str = "EPSG:4549", *, rare: bool = False, name_length: int = 0
) -> tuple[FiledPlan, Territory]:
    """A plan of ``n`` cells and its territory.

    ``rare`` names a grid with characters that GBK lacks, ``name_length`` names one with that many characters.
    """
    random = np.random.default_rng(seed)
    frame = shapely.box(520_000, 3_400_000, 524_000, 3_403_000)
    points = np.column_stack([random.uniform(520_000, 524_000, n), random.uniform(3_400_000, 3_403_000, n)])
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame))
    cells = shapely.intersection(cells, frame)
    order = np.lexsort((shapely.get_y(shapely.centroid(cells)), shapely.get_x(shapely.centroid(cells))))
    cells = cells[order]
    # A lake in one cell, and an island of the same grid in it.
    x, y = shapely.get_coordinates(shapely.point_on_surface(cells[5]))[0]
    lake, island = shapely.box(x - 40, y - 40, x + 40, y + 40), shapely.box(x - 10, y - 10, x + 10, y + 10)
    cells[5] = shapely.union(shapely.difference(cells[5], lake), island)
    west = np.arange(n) < n // 2
    community = np.where(west, COMMUNITIES[0], COMMUNITIES[1])
    number = np.where(west, np.arange(n) + 1, np.arange(n) - n // 2 + 1)
    codes = [f"{c}{i:03d}" for c, i in zip(community, number)]
    names = [f"{NAMES[0] if w else NAMES[1]}第{i}网格" for w, i in zip(west, number)]
    if rare:
        names[3] = "𠮷祥㙍里"
    if name_length:
        names[4] = "长" * name_length
    households = random.integers(300, 501, n)
    grids = gpd.GeoDataFrame(
        {
            "code": codes,
            "name": names,
            "community": community,
            "kind": np.where(np.arange(n) % 7 == 0, "dedicated", "standard"),
            "households": households,
            "population": households * 3,
            "buildings": 1,
            "area_m2": np.round(shapely.area(cells), 2),
            "within_band": np.arange(n) % 5 > 0,
            "reason": [None if i % 5 else "estate" for i in range(n)],
            "parent": [None if i % 2 else codes[i] for i in range(n)],
        },
        geometry=cells,
        crs="EPSG:4549",
    ).to_crs(crs)
    members = pd.DataFrame({"kind": "building", "id": [f"00{i:04d}" for i in range(n)], "grid": codes})
    plans = pd.DataFrame(
        {
            "code": list(COMMUNITIES),
            "households": [int(households[west].sum()), int(households[~west].sum())],
            "grids": [int(west.sum()), int((~west).sum())],
            "feasible": "yes",
            "reason": [None, None],
            "proof": ["cover_mip", "none"],
            "objective": [12.5, 3.25],
            "bound": [12.5, np.nan],
            "gap_frac": [0.0, np.nan],
            "seconds": [1.5, 2.5],
        }
    )
    violations = pd.DataFrame(
        {
            "code": ["estate"],
            "grid": [codes[0]],
            "community": [COMMUNITIES[0]],
            "detail_zh": ["说明" * 30],
            "detail_en": ["explanation"],
        }
    )
    meta = {
        "rules": 'preset = "qu-county"\n',
        "seed": "0",
        "created_at": "2026-01-31T08:00:00Z",
        "plan_id": "p1",
        "parent_plan": "p0",
        "version": "0.1.0",
    }
    old = [*codes[:-1], f"{COMMUNITIES[1]}099"]
    crosswalk = make_crosswalk(old, codes, households, np.ones(n, int), old_codes=old, new_codes=codes)
    layers = {
        "communities": gpd.GeoDataFrame(
            {
                "code": list(COMMUNITIES),
                "name": list(NAMES),
                "kind": ["urban", "rural"],
                "town": ["七星街道", "王江泾镇"],
                "class_code": ["111", "220"],
            },
            geometry=[shapely.union_all(cells[west]), shapely.union_all(cells[~west])],
            crs="EPSG:4549",
        ).to_crs(crs)
    }
    tables = (_plain(table) for table in (grids, members, plans, violations))
    return FiledPlan(*tables, meta, crosswalk), Territory.of(layers)


def _plain(table):
    """Text as objects and ``None``, as a filed plan has it."""
    texts = {c: table[c].astype(object).where(table[c].notna(), None) for c in table.columns if table[c].dtype == "str"}
    return table.assign(**texts)
