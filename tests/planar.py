"""Random planar territories for property tests and for measuring scale: streets, blocks, estates, buildings.

Not made to look like a town (that is `data.sample`), but to be awkward: community borders cut blocks, streets end
in the open, estates lie across streets, households are lumpy.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from gis.territory import Territory
from tests.towns import CRS

LOT_M = 25.0
HIGHWAYS = np.array(["primary", "tertiary", "residential", "service"], dtype=object)


def planar(
    seed: int,
    *,
    n_blocks: int = 49,
    n_communities: int = 4,
    block_m: float = 150.0,
    households: float = 6.0,
    share_built: float = 0.5,
    n_estates: int = 0,
    n_lanes: int = 0,
    dead_ends: float = 0.1,
    river: bool = False,
    points_only: bool = False,
    shift_m: tuple[float, float] = (0.0, 0.0),
) -> Territory:
    """A random territory.

    Parameters
    ----------
    n_blocks, block_m
        Roughly how many street blocks, and how wide each.
    households
        Mean households of a building (lumpy: lognormal).
    share_built
        Share of building lots (25 m apart) that are built on.
    dead_ends
        Share of street pieces that are shortened so that they end in the open.
    """
    random = np.random.default_rng(seed)
    side = np.sqrt(n_blocks) * block_m
    origin = np.array([500_000.0, 3_000_000.0]) + np.array(shift_m)

    def moved(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        return np.asarray(shapely.transform(shapes, lambda xy: np.round(xy, 3) + origin))

    streets = _edges(random, max(2, round(np.sqrt(n_blocks))), side)
    highway = HIGHWAYS[random.choice(4, len(streets), p=[0.1, 0.2, 0.5, 0.2])]
    short = random.random(len(streets)) < dead_ends
    streets[short] = _shorten(streets[short])
    lanes = _sticks(random, n_lanes, side, 0.8 * block_m)
    if n_communities > 1:
        centres = random.uniform(0.1 * side, 0.9 * side, (n_communities, 2))
        areas = _cells(centres, side)
    else:
        areas = np.array([shapely.box(0, 0, side, side)], dtype=object)

    n_lots = int(side // LOT_M)
    column, row = np.meshgrid(np.arange(n_lots), np.arange(n_lots))
    lots = (np.stack([column.ravel(), row.ravel()], axis=1) + 0.5) * LOT_M
    lots = lots[random.random(len(lots)) < share_built] + random.uniform(-3, 3, (1, 2))
    half = random.uniform(3, 9, (len(lots), 2))
    w = np.rint(random.lognormal(np.log(households) - 0.5, 1.0, len(lots))).astype(np.int64)
    if points_only:
        footprints = moved(shapely.points(lots))
    else:
        footprints = moved(shapely.box(*(lots - half).T, *(lots + half).T))

    all_streets = np.concatenate([streets, lanes])
    layers = {
        "communities": gpd.GeoDataFrame(
            {
                "code": [f"C{i:03d}" for i in range(len(areas))],
                "name": [f"社区{i}" for i in range(len(areas))],
                "kind": "urban",
            },
            geometry=moved(areas),
            crs=CRS,
        ),
        "streets": gpd.GeoDataFrame(
            {
                "id": [f"s{i:06d}" for i in range(len(all_streets))],
                "class": np.concatenate([highway, np.full(len(lanes), "footway", dtype=object)]),
            },
            geometry=moved(all_streets),
            crs=CRS,
        ),
        "buildings": gpd.GeoDataFrame(
            {"id": [f"b{i:06d}" for i in range(len(lots))], "households": w, "population": 3 * w},
            geometry=footprints,
            crs=CRS,
        ),
    }
    if n_estates:
        corner = random.uniform(0.05 * side, 0.85 * side, (n_estates, 2))
        size = random.uniform(0.5 * block_m, 1.5 * block_m, (n_estates, 2))
        layers["estates"] = gpd.GeoDataFrame(
            {
                "id": [f"e{i:03d}" for i in range(n_estates)],
                "name": [f"小区{i}" for i in range(n_estates)],
                "kind": random.choice(["estate", "business", "park"], n_estates),
            },
            geometry=moved(shapely.box(corner[:, 0], corner[:, 1], *(corner + size).T)),
            crs=CRS,
        )
    if river:
        x = np.linspace(-50, side + 50, 200)
        bed = shapely.linestrings(np.stack([x, side / 2 + 0.1 * side * np.sin(x / side * 7)], axis=1))
        layers["barriers"] = gpd.GeoDataFrame(
            {"id": ["r0"], "kind": ["river"]}, geometry=moved(np.array([bed])), crs=CRS
        )
    return Territory.of(layers, meta={"created_at": "2025-01-01T00:00:00Z", "households_basis": "drawn"})


def _edges(random: np.random.Generator, n: int, side: float) -> NDArray[np.object_]:
    """Sides of Voronoi cells of a jittered n x n lattice."""
    step = side / n
    column, row = np.meshgrid(np.arange(-1, n + 1), np.arange(-1, n + 1))
    points = (np.stack([column.ravel(), row.ravel()], axis=1) + 0.5) * step
    cells = Voronoi(points + random.uniform(-0.35, 0.35, points.shape) * step)
    ridge = np.asarray(cells.ridge_vertices)
    ends = np.round(cells.vertices[ridge[(ridge >= 0).all(axis=1)]], 3)
    inside = (np.abs(ends - side / 2) < side / 2 + step).all(axis=(1, 2)) & (ends[:, 0] != ends[:, 1]).any(axis=1)
    return np.asarray(shapely.linestrings(ends[inside]))


def _shorten(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    half = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.6, normalized=True))
    start = shapely.get_coordinates(shapely.get_point(lines, 0))
    return np.asarray(shapely.linestrings(np.stack([start, half], axis=1)))


def _sticks(random: np.random.Generator, n: int, side: float, length: float) -> NDArray[np.object_]:
    start = random.uniform(0, side, (n, 2))
    angle = random.uniform(0, 2 * np.pi, n)
    end = start + length * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object)


def _cells(centres: NDArray[np.float64], side: float) -> NDArray[np.object_]:
    """Voronoi cells of a few points, cut to the square, as an exact coverage."""
    far = side * 20 * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) + side / 2
    cells = Voronoi(np.concatenate([centres, far]))
    ridge = np.asarray(cells.ridge_vertices)
    sides = shapely.linestrings(cells.vertices[ridge[(ridge >= 0).all(axis=1)]])
    box = shapely.box(0, 0, side, side)
    lines = np.append(shapely.intersection(sides, box), box.exterior)
    noded = shapely.union_all(lines, grid_size=0.001)
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))
