"""Cover: no gap, no overlap, no community crossed, no splinter, one part a grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import Fault

ALLOWED_M2 = 1.0
SLIVER_M2 = 10.0
GAP_WIDTH_M = 1e-3

Shapes = NDArray[Any]


def check_cover(
    codes: Shapes, shapes: Shapes, owner: NDArray[np.int64], community_codes: Shapes, communities: Shapes
) -> tuple[list[Fault], dict[str, float]]:
    """Gaps, overlaps and crossings in m2 per community, and validity of the coverage.

    Parameters
    ----------
    owner
        Per grid: position of its community, or -1.
    """
    faults: list[Fault] = []
    measures = {"gap_m2": 0.0, "overlap_m2": 0.0, "crossing_m2": 0.0}
    bad = ~shapely.is_valid(shapes) | shapely.is_empty(shapes)
    for i in np.flatnonzero(bad):
        reason = str(shapely.is_valid_reason(shapes[i])) if not shapely.is_empty(shapes[i]) else "empty"
        faults.append(Fault("check_grid_invalid", {"grid": codes[i], "measured": reason}))
    for c in range(len(communities)):
        mine = shapes[(owner == c) & ~bad]
        if len(mine) == 0:
            faults.append(Fault("check_community_without_grid", {"community": community_codes[c]}))
            continue
        union = shapely.union_all(mine)
        overlap = float(shapely.area(mine).sum() - shapely.area(union))
        gap = float(shapely.area(shapely.difference(communities[c], union)))
        crossing = float(shapely.area(shapely.difference(union, communities[c])))
        for key, value in (("gap", gap), ("overlap", overlap), ("crossing", crossing)):
            measures[f"{key}_m2"] = max(measures[f"{key}_m2"], value)
            if value > ALLOWED_M2:
                facts = {"community": community_codes[c], "measured": round(value, 3), "allowed": ALLOWED_M2}
                faults.append(Fault(f"check_{key}", facts))
        if len(mine) > 1 and not shapely.coverage_is_valid(mine, gap_width=GAP_WIDTH_M):
            wrong = shapely.coverage_invalid_edges(mine, gap_width=GAP_WIDTH_M)
            metres = float(shapely.length(wrong).sum())
            facts = {"community": community_codes[c], "measured": round(metres, 3), "allowed": 0}
            faults.append(Fault("check_coverage_invalid", facts))
    return faults, measures


def check_parts(
    codes: Shapes,
    shapes: Shapes,
    owner: NDArray[np.int64],
    communities: Shapes,
    unit_extra: NDArray[np.int64],
    units: Shapes,
    declared: set[str],
) -> Iterator[Fault]:
    """One part a grid, or as many as its community or its own units have, or a declared join; no splinters.

    Parameters
    ----------
    unit_extra
        Per grid: parts beyond the first of its ready-made units.
    """
    n_parts = shapely.get_num_geometries(shapes)
    community_parts = shapely.get_num_geometries(communities)
    allowed = np.where(owner >= 0, community_parts[owner], 1) + unit_extra
    for i in np.flatnonzero(n_parts > allowed):
        if codes[i] not in declared:
            facts = {"grid": codes[i], "measured": int(n_parts[i]), "allowed": int(allowed[i])}
            yield Fault("check_grid_in_parts", facts)
    parts, at = shapely.get_parts(shapes, return_index=True)
    small = np.flatnonzero(shapely.area(parts) < SLIVER_M2)
    if len(small) == 0:
        return
    # A splinter that is a part of the land itself was not made by the plan.
    land = np.concatenate([shapely.get_parts(communities), shapely.get_parts(units)])
    land = land[shapely.area(land) < 2 * SLIVER_M2]
    tree = shapely.STRtree(land)
    for i in small:
        near = tree.query(shapely.point_on_surface(parts[i]), predicate="intersects")
        if len(near) == 0:
            facts = {
                "grid": codes[at[i]],
                "measured": round(float(shapely.area(parts[i])), 3),
                "allowed": SLIVER_M2,
            }
            yield Fault("check_sliver", facts)


def border_on_lines(
    shapes: Shapes, owner: NDArray[np.int64], lines: Shapes, within_m: float = 5.0
) -> tuple[float, float]:
    """(metres of border between grids of one community, share of it within ``within_m`` of a line)."""
    rings, grid = shapely.get_parts(shapely.boundary(shapes), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    follows = ring[1:] == ring[:-1]
    start, end = np.round(xy[:-1][follows], 3), np.round(xy[1:][follows], 3)
    of = grid[ring[:-1][follows]]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    one = np.where(swap[:, None], end, start)
    two = np.where(swap[:, None], start, end)
    order = np.lexsort((two[:, 1], two[:, 0], one[:, 1], one[:, 0]))
    same = (one[order][1:] == one[order][:-1]).all(axis=1) & (two[order][1:] == two[order][:-1]).all(axis=1)
    first, second = order[:-1][same], order[1:][same]
    inside = (owner[of[first]] == owner[of[second]]) & (of[first] != of[second])
    a, b = one[first[inside]], two[first[inside]]
    length = np.hypot(*(b - a).T)
    total = float(length.sum())
    if total == 0 or len(lines) == 0:
        return total, 1.0 if total == 0 else 0.0
    count = np.maximum(np.ceil(length / 10.0).astype(np.int64), 1)
    row = np.repeat(np.arange(len(a)), count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    share = ((step + 0.5) / count[row])[:, None]
    points = shapely.points(a[row] * (1 - share) + b[row] * share)
    hit = np.unique(shapely.STRtree(lines).query(points, predicate="dwithin", distance=within_m)[0])
    return total, float((length / count)[row[hit]].sum() / total)
