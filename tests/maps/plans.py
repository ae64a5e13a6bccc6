"""A plan with its land, made up in a second: random cells grouped into communities, streets along the borders.

Not a drawing of `partition`: sizes are drawn by lot, so that every state a map must show is there.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import LineString, Point, Polygon, box

from gis.territory import Territory
from partition.filed import FiledPlan
from partition.rules import Rules

CRS = "EPSG:4549"
CORNER = (500_000.0, 3_390_000.0)


def make_plan(
    n_grids: int = 40,
    n_communities: int = 4,
    seed: int = 1,
    *,
    names: dict[int, str] | None = None,
    basis: str = "registered households, counted 2024",
) -> tuple[FiledPlan, Territory]:
    """A filed plan and its territory; ``names`` replaces the names of communities by position (grids, too)."""
    rng = np.random.default_rng(seed)
    side = 220.0 * np.sqrt(n_grids)
    x0, y0 = CORNER
    points = rng.uniform(0, side, (n_grids, 2))
    for _ in range(3):
        points = np.array([shapely.get_coordinates(c.centroid)[0] for c in _cells(points, side)])
    cells = np.array([shapely.affinity.translate(c, x0, y0) for c in _cells(points, side)], dtype=object)
    centres = shapely.get_coordinates(shapely.centroid(cells))
    hubs = rng.uniform(0, side, (n_communities, 2)) + CORNER
    owner = np.argmin(((centres[:, None] - hubs[None]) ** 2).sum(-1), axis=1)
    owner = np.unique(owner, return_inverse=True)[1]
    communities = [f"3304020150{i + 1:02d}" for i in range(owner.max() + 1)]
    community_names = [f"{'东西南北中'[i % 5]}{'湖桥园塔'[i // 5 % 4]}社区" for i in range(len(communities))]
    for i, name in (names or {}).items():
        community_names[i] = name

    rows: list[dict[str, Any]] = []
    serial = dict.fromkeys(communities, 0)
    for i in np.lexsort((centres[:, 0], -centres[:, 1], owner)):
        community = communities[owner[i]]
        serial[community] += 1
        kind = "dedicated" if i % 9 == 4 else "rural" if owner[i] == len(communities) - 1 and i % 2 else "standard"
        households = int(rng.integers(300, 501)) if i % 7 else int(rng.choice([0, 180, 262, 548, 590]))
        within = 300 <= households <= 500
        number = serial[community] + (600 if kind == "dedicated" else 0)
        rows.append(
            {
                "code": f"{community}{number:03d}",
                "name": f"{community_names[owner[i]]}第{serial[community]}网格",
                "community": community,
                "kind": kind,
                "households": households,
                "population": int(households * 2.7),
                "buildings": int(rng.integers(4, 40)),
                "area_m2": float(cells[i].area),
                "within_band": within,
                "reason": "band_hole" if kind == "standard" and not within else None,
                "parent": None,
                "geometry": cells[i],
            }
        )
    grids = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS).sort_values("code", ignore_index=True)
    territory = _land(rng, grids, communities, community_names, side)
    buildings = territory["buildings"]
    tree = shapely.STRtree(np.asarray(grids.geometry.array, dtype=object))
    which, where = tree.query(shapely.point_on_surface(np.asarray(buildings.geometry.array)), predicate="within")
    members = pd.DataFrame(
        {"kind": "building", "id": buildings["id"].to_numpy()[which], "grid": grids["code"].to_numpy()[where]}
    ).sort_values(["kind", "id"], ignore_index=True)
    table = []
    for i, code in enumerate(communities):
        mine = grids[grids["community"] == code]
        feasible = ("yes", "yes", "no", "unknown")[i % 4]
        table.append(
            {
                "code": code,
                "households": int(mine["households"].sum()),
                "grids": len(mine),
                "feasible": feasible,
                "reason": {"yes": None, "no": "band_hole", "unknown": "not_found"}[feasible],
                "proof": {"yes": "none", "no": "arithmetic", "unknown": "none"}[feasible],
                "objective": 1000.0 + i,
                "bound": 950.0 if feasible == "yes" else float("nan"),
                "gap_frac": 0.05 if feasible == "yes" else float("nan"),
                "seconds": float("nan"),
            }
        )
    bad = grids[grids["reason"].notna()]
    violations = pd.DataFrame(
        {
            "code": "out_of_band",
            "grid": bad["code"],
            "community": bad["community"],
            "detail_zh": [f"网格 {c} 有 {h} 户，不在 300–500 户之间" for c, h in zip(bad["code"], bad["households"])],
            "detail_en": [f"Grid {c} has {h} households, not 300-500" for c, h in zip(bad["code"], bad["households"])],
        }
    )
    meta = {
        "rules": Rules().to_toml(),
        "seed": str(seed),
        "version": "0.1.0",
        "territory_hash": territory.content_hash(),
        "created_at": "2024-05-01T00:00:00+08:00",
        "households_basis": basis,
        "plan_id": f"P-{seed:04d}",
    }
    return FiledPlan(grids, members, pd.DataFrame(table), violations.reset_index(drop=True), meta), territory


def _cells(points: np.ndarray, side: float) -> list[Polygon]:
    frame = box(0, 0, side, side)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=frame, ordered=True))
    return [shapely.set_precision(cell.intersection(frame), 0.001) for cell in cells]


def _land(
    rng: np.random.Generator, grids: gpd.GeoDataFrame, codes: list[str], names: list[str], side: float
) -> Territory:
    x0, y0 = CORNER
    outlines = [shapely.union_all(grids.geometry[grids["community"] == code].array) for code in codes]
    kinds = ["rural" if i == len(codes) - 1 else "urban" for i in range(len(codes))]
    streets, classes = [], ("primary", "secondary", "residential", "residential", "service", "footway")
    for i, cell in enumerate(grids.geometry):
        streets.append((f"s{i:05d}", "", classes[i % 2 + 1], cell.exterior))
        c = cell.centroid
        corners = shapely.get_coordinates(cell.exterior)[:-1]
        for j, corner in enumerate(corners[::2]):
            streets.append((f"l{i:05d}-{j}", "", classes[2 + j % 4], LineString([corner, (c.x, c.y)])))
    blocks = []
    for i, cell in enumerate(grids.geometry):
        inner = cell.buffer(-14)
        for j in range(22):
            px, py = rng.uniform(cell.bounds[:2], cell.bounds[2:])
            house = shapely.affinity.rotate(box(px, py, px + rng.uniform(9, 16), py + rng.uniform(18, 42)), i * 17 % 90)
            if inner.contains(house):
                blocks.append((f"b{i:05d}-{j:02d}", int(rng.integers(4, 40)), house))
    river = LineString([(x0 + side * t, y0 + side * (0.55 + 0.12 * np.sin(5 * t))) for t in np.linspace(0, 1, 40)])
    dedicated = grids[grids["kind"] == "dedicated"]
    n_cameras = len(grids)
    spots = [Point(*p) for p in rng.uniform((x0, y0), (x0 + side, y0 + side), (n_cameras + 3, 2))]
    parks = [grids.geometry.iloc[0].buffer(-30)]
    tables = {
        "communities": ({"code": codes, "name": names, "kind": kinds, "town": "七星街道"}, outlines),
        "streets": (
            {"id": [s[0] for s in streets], "name": [s[1] for s in streets], "class": [s[2] for s in streets]},
            [s[3] for s in streets],
        ),
        "buildings": ({"id": [b[0] for b in blocks], "households": [b[1] for b in blocks]}, [b[2] for b in blocks]),
        "barriers": (
            {"id": ["river", "rail"], "kind": ["river", "railway"]},
            [river.buffer(26), LineString([(x0, y0 + side * 0.2), (x0 + side, y0 + side * 0.32)])],
        ),
        "estates": (
            {
                "id": [f"e{i}" for i in range(len(dedicated) + 1)],
                "name": [f"金色家园{i}期" for i in range(len(dedicated) + 1)],
                "kind": ["park"] + ["estate"] * len(dedicated),
            },
            parks + [g.buffer(-3) for g in dedicated.geometry],
        ),
        "cameras": ({"id": [f"c{i}" for i in range(n_cameras)]}, spots[:n_cameras]),
        "posts": ({"id": ["p1", "p2", "p3"], "kind": ["police", "patrol", "service"]}, spots[n_cameras:]),
    }
    layers = {name: gpd.GeoDataFrame(data, geometry=shapes, crs=CRS) for name, (data, shapes) in tables.items()}
    return Territory.of(layers, meta={"households_basis": "registered"})
