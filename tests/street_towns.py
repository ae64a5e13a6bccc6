"""Drawn towns whose letters are street blocks: streets run between them, buildings stand in them, no units.

Coordinates of extra lines are counted in cells from the drawing's top left corner: ``(column, row)``, row downwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis.territory import Territory
from tests.towns import CELL_M, CRS, ORIGIN_M, _cells, _groups, _shapes

Line = Sequence[tuple[float, float]]


def at(points: Line) -> np.ndarray:
    """Cell coordinates in metres."""
    xy = np.asarray(points, dtype=float)
    return np.stack([ORIGIN_M[0] + xy[:, 0] * CELL_M, ORIGIN_M[1] + CELL_M - xy[:, 1] * CELL_M], axis=1)


def street_town(
    text: str,
    households: Mapping[str, int] | int = 100,
    *,
    communities: Mapping[str, str] | None = None,
    between: str | None = "residential",
    streets: Sequence[tuple[str, Line]] = (),
    barriers: Sequence[tuple[str, Line]] = (),
    barrier_areas: Sequence[tuple[str, Line]] = (),
    estates: Sequence[tuple[str, Line]] = (),
    buildings_per_cell: int = 1,
    units: Mapping[str, str] | None = None,
    rural: Sequence[str] = (),
) -> Territory:
    """A drawn town as layers.

    Parameters
    ----------
    text
        Rows of cells as in `tests.towns.town`.
    households
        Per letter, spread over buildings of 10 m, ``buildings_per_cell`` squared in each cell of the letter.
    between
        Street class along the borders of letters of one community; ``None`` for no street.
    streets, barriers, barrier_areas, estates
        ``(class or kind, corners in cells)``.
    units
        Letter -> community: these letters are ready-made units of that community.
    """
    cells = _cells(text)
    names = sorted(set(cells.ravel()) - {"."})
    index = np.array([[names.index(name) if name != "." else -1 for name in row] for row in cells])
    shapes = _shapes(index, len(names))
    codes, community = _groups(names, communities or {"C": names})

    lines: list[tuple[str, Any]] = []
    if between is not None:
        for i in range(len(names)):
            for j in range(i + 1, len(names)):
                shared = shapely.intersection(shapes[i], shapes[j])
                if community[i] == community[j] and shared.length > 0:
                    merged = shapely.line_merge(shared) if shared.geom_type == "MultiLineString" else shared
                    lines += [(between, part) for part in shapely.get_parts(merged) if part.length > 0]
    lines += [(highway, shapely.linestrings(at(line))) for highway, line in streets]
    stops = [(kind, shapely.linestrings(at(line))) for kind, line in barriers]
    stops += [(kind, shapely.polygons(at(line))) for kind, line in barrier_areas]

    given = set(units or {})
    footprints, owners = [], []
    step = CELL_M / buildings_per_cell
    for (row, column), i in np.ndenumerate(index):
        if i < 0 or names[i] in given:
            continue
        for k in range(buildings_per_cell**2):
            x = ORIGIN_M[0] + column * CELL_M + (k % buildings_per_cell + 0.5) * step
            y = ORIGIN_M[1] - row * CELL_M + (k // buildings_per_cell + 0.5) * step
            footprints.append(shapely.box(x - 5, y - 5, x + 5, y + 5))
            owners.append(i)
    w = np.zeros(len(owners), dtype=np.int64)
    for i, name in enumerate(names):
        mine = np.flatnonzero(np.array(owners) == i)
        total = households if isinstance(households, int) else households.get(name, 0)
        if len(mine):
            w[mine] = total // len(mine)
            w[mine[: total % len(mine)]] += 1

    layers = {
        "communities": gpd.GeoDataFrame(
            {"code": list(codes), "name": list(codes), "kind": ["rural" if c in rural else "urban" for c in codes]},
            geometry=[shapely.union_all(shapes[community == i]) for i in range(len(codes))],
            crs=CRS,
        ),
        "buildings": gpd.GeoDataFrame(
            {"id": [f"b{k:04d}" for k in range(len(owners))], "households": w, "population": 3 * w},
            geometry=footprints,
            crs=CRS,
        ),
    }
    for name, column, rows in (("streets", "class", lines), ("barriers", "kind", stops)):
        if rows:
            layers[name] = gpd.GeoDataFrame(
                {"id": [f"{k:04d}" for k in range(len(rows))], column: [row[0] for row in rows]},
                geometry=[row[1] for row in rows],
                crs=CRS,
            )
    if estates:
        layers["estates"] = gpd.GeoDataFrame(
            {
                "id": [f"e{k}" for k in range(len(estates))],
                "name": [f"小区{k}" for k in range(len(estates))],
                "kind": [kind for kind, _ in estates],
            },
            geometry=[shapely.polygons(at(line)) for _, line in estates],
            crs=CRS,
        )
    if units:
        rows = [names.index(name) for name in sorted(units)]
        total = [households if isinstance(households, int) else households.get(name, 0) for name in sorted(units)]
        layers["units"] = gpd.GeoDataFrame(
            {"id": sorted(units), "community": [units[n] for n in sorted(units)], "households": total},
            geometry=shapes[rows],
            crs=CRS,
        )
    return Territory.of(layers, meta={"created_at": "2025-01-01T00:00:00Z", "households_basis": "drawn"})
