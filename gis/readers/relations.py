"""How the layers of a territory fit each other: coverage, containment, place.  Everything is in metres here.

Communities may not overlap, units must tile their communities, buildings must lie in one.  Slits and overlaps too
thin to mean anything are closed exactly and told in m2; larger ones are faults that name the pair and the area.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.crs import extent_text, swap_axes
from gis.errors import Fact
from gis.readers.faults import FaultList, named
from gis.repair import is_absent, is_finite, make_cover_exact, overlapping_pairs
from gis.report import QualityReport

SLIT_WIDTH_M = 1.0
_NEAR_M = 30_000.0
_TOLD_M2 = 0.001


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much overlap, overhang or missing land (m2) between neighbours is noise to mend and not a fault."""

    area_m2: float = 1.0


def check_place(
    layers: dict[str, gpd.GeoDataFrame], faults: FaultList, near_m: float = _NEAR_M, share: float = 0.5
) -> None:
    """Note layers that lie elsewhere than the communities, and say so when swapping x and y would bring them home.

    Call it with all layers in one CRS as read (degrees or metres): swapping means something only there.
    """
    home = layers["communities"]
    shapes = np.asarray(home.geometry.array)
    x0, y0, x1, y1 = shapely.total_bounds(shapes[is_finite(shapes) & ~is_absent(shapes)])
    margin = near_m / 111_000.0 if home.crs is not None and home.crs.is_geographic else near_m

    def share_inside(points: Any) -> float:
        x, y = shapely.get_x(points), shapely.get_y(points)
        inside = (x >= x0 - margin) & (x <= x1 + margin) & (y >= y0 - margin) & (y <= y1 + margin)
        return float(inside.mean())

    for name, table in layers.items():
        shapes = np.asarray(table.geometry.array)
        shapes = shapes[is_finite(shapes) & ~is_absent(shapes)]
        if name == "communities" or not len(shapes):
            continue
        points = shapely.centroid(shapes)
        here = share_inside(points)
        if here >= share:
            continue
        seen = shapely.total_bounds(shapes)
        facts: dict[str, Fact] = {
            "layer": name,
            "measured": extent_text((seen[0], seen[1], seen[2], seen[3])),
            "allowed": extent_text((x0, y0, x1, y1)),
        }
        swapped = share_inside(swap_axes(points)) > max(0.9, here)
        faults.add("layer_swapped" if swapped else "layer_elsewhere", **facts)


def check_communities(communities: gpd.GeoDataFrame, tolerance: Tolerance, faults: FaultList) -> None:
    """Note communities that overlap by more than the tolerance: both names and the area."""
    shapes = np.asarray(communities.geometry.array)
    codes = communities["code"].to_numpy()
    _overlaps("communities", shapes, codes, tolerance, faults)


def check_units(
    units: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    tolerance: Tolerance,
    faults: FaultList,
    *,
    check_gaps: bool = True,
) -> None:
    """Note units that name no community, overlap, leave their community, or leave land of it uncovered."""
    codes = communities["code"].to_numpy()
    position = pd.Index(codes).get_indexer(units["community"])
    stray = position < 0
    lines: list[dict[str, Fact]] = [
        {"row": int(r) + 1, "id": str(units["id"].iloc[r]), "measured": str(units["community"].iloc[r])}
        for r in np.flatnonzero(stray)
    ]
    faults.each("community_unknown", "units", lines, column="community", allowed=f"{len(codes)} codes of communities")
    shapes = np.asarray(units.geometry.array)
    ids = units["id"].to_numpy()
    _overlaps("units", shapes, ids, tolerance, faults)
    known = np.flatnonzero(~stray)
    outlines = np.asarray(communities.geometry.array)
    homes = outlines[position[known]]
    out_m2 = shapely.area(shapely.difference(shapes[known], homes))
    over = np.flatnonzero(out_m2 > tolerance.area_m2)
    lines = [
        {
            "row": int(known[k]) + 1,
            "id": str(ids[known[k]]),
            "community": str(codes[position[known[k]]]),
            "measured": round(float(out_m2[k]), 1),
        }
        for k in over
    ]
    faults.each("unit_outside_community", "units", lines, allowed=tolerance.area_m2)
    if check_gaps and not len(over) and not stray.any():
        _gaps(shapes, outlines, position, codes, tolerance, faults)


def uncovered_land(units: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, least_m2: float) -> list[tuple[int, Any]]:
    """Land of communities with units that no unit covers: (position of the community, shape) per community.

    Slits narrower than `SLIT_WIDTH_M` are left to the exact coverage.
    """
    position = pd.Index(communities["code"]).get_indexer(units["community"])
    shapes = np.asarray(units.geometry.array)
    outlines = np.asarray(communities.geometry.array)
    sums = np.bincount(position[position >= 0], weights=shapely.area(shapes[position >= 0]), minlength=len(outlines))
    found: list[tuple[int, Any]] = []
    for k in np.unique(position[position >= 0]):
        if shapely.area(outlines[k]) - sums[k] <= least_m2:
            continue
        rest = shapely.difference(outlines[k], shapely.union_all(shapes[position == k]))
        core = shapely.buffer(rest, -SLIT_WIDTH_M / 2, join_style="mitre")
        parts = shapely.get_parts(rest)
        solid = parts[shapely.intersects(parts, core)] if not core.is_empty else parts[:0]
        if shapely.area(solid).sum() > least_m2:
            found.append((int(k), shapely.union_all(solid)))
    return found


def _gaps(shapes: Any, outlines: Any, position: Any, codes: Any, tolerance: Tolerance, faults: FaultList) -> None:
    units = gpd.GeoDataFrame({"community": codes[position]}, geometry=shapes)
    homes = gpd.GeoDataFrame({"code": codes}, geometry=outlines)
    lines: list[dict[str, Fact]] = []
    for k, land in uncovered_land(units, homes, tolerance.area_m2):
        point = shapely.point_on_surface(land)
        lines.append(
            {
                "id": str(codes[k]),
                "measured": round(float(shapely.area(land)), 1),
                "where": f"{point.x:.0f}, {point.y:.0f}",
            }
        )
    faults.each("units_leave_land", "units", lines, allowed=tolerance.area_m2)


def _overlaps(layer: str, shapes: Any, ids: Any, tolerance: Tolerance, faults: FaultList) -> None:
    invalid = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    a, b, shared = overlapping_pairs(shapes, invalid)
    lines: list[dict[str, Fact]] = [
        {"id": str(ids[i]), "other": str(ids[j]), "measured": round(float(m2), 1)}
        for i, j, m2 in zip(a, b, shared)
        if m2 > tolerance.area_m2
    ]
    faults.each(f"{layer}_overlap", layer, lines, allowed=tolerance.area_m2)


def make_exact(
    communities: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None, report: QualityReport
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Communities and units as one exact coverage: shared borders vertex by vertex, no slit, no overlap.

    Where a community has units it becomes their union.  Land that changed hands goes into the report in m2.
    """
    # Sorted first: how ties are broken must not depend on the order of rows.
    communities = communities.sort_values("code", kind="stable", ignore_index=True)
    units = None if units is None else units.sort_values("id", kind="stable", ignore_index=True)
    codes = communities["code"].to_numpy()
    outlines = np.asarray(communities.geometry.array)
    shapes = np.empty(0, dtype=object) if units is None else np.asarray(units.geometry.array)
    position = np.empty(0, dtype=int) if units is None else pd.Index(codes).get_indexer(units["community"])
    whole = np.setdiff1d(np.arange(len(codes)), position)
    pieces = np.concatenate([shapes, outlines[whole]])
    cover = make_cover_exact(pieces, gap_width_m=SLIT_WIDTH_M)
    if not cover.changed.any():
        return communities, units
    if cover.overlap_m2 + cover.gap_m2 >= _TOLD_M2:  # a vertex added where borders meet is no repair to tell
        report.add(
            "repair_cover",
            "units" if len(shapes) else "communities",
            before=round(cover.overlap_m2 + cover.gap_m2, 3),
            after=0,
            overlap_m2=round(cover.overlap_m2, 3),
            gap_m2=round(cover.gap_m2, 3),
            pieces=int(cover.changed.sum()),
        )
        report.count("cover_pieces_mended", int(cover.changed.sum()))
    n = len(shapes)
    outlines = outlines.copy()
    outlines[whole] = cover.geometry[n:]
    if units is not None:
        units = units.set_geometry(gpd.GeoSeries(cover.geometry[:n], index=units.index, crs=units.crs))
    for k in np.unique(position[position >= 0]):
        outlines[k] = shapely.coverage_union_all(cover.geometry[:n][position == k])
    return communities.set_geometry(gpd.GeoSeries(outlines, index=communities.index, crs=communities.crs)), units


def find_community(shapes: Any, communities: gpd.GeoDataFrame) -> Any:
    """Position of the community each shape belongs to, -1 for none.

    A shape belongs where its inner point lies; one whose inner point lies in no community but which reaches into
    some belongs to the one it shares most area with.  Borders go to the lower position.
    """
    outlines = np.asarray(communities.geometry.array)
    found = np.full(len(shapes), -1, dtype=np.int64)
    if not len(shapes):
        return found
    tree = shapely.STRtree(outlines)
    row, at = tree.query(shapely.point_on_surface(shapes), predicate="intersects")
    order = np.lexsort((-at, row))
    found[row[order]] = at[order]
    left = np.flatnonzero(found < 0)
    if len(left):
        row, at = tree.query(shapes[left], predicate="intersects")
        if len(row):
            shared = shapely.area(shapely.intersection(shapes[left[row]], outlines[at]))
            order = np.lexsort((-at, shared, row))
            found[left[row[order]]] = at[order]
    return found


def check_buildings(
    buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, faults: FaultList, report: QualityReport
) -> Any:
    """Note buildings outside every community (one line, ids and total); returns each building's community position.

    A building that names another community than it lies in is told in the report: its place counts.
    """
    found = find_community(np.asarray(buildings.geometry.array), communities)
    outside = found < 0
    if outside.any():
        faults.add(
            "buildings_outside",
            layer="buildings",
            id=named(buildings["id"][outside]),
            measured=int(outside.sum()),
            households=int(buildings["households"][outside].fillna(0).sum()),
            allowed=0,
            total=len(buildings),
        )
    if "community" in buildings.columns:
        said = buildings["community"].to_numpy()
        codes = communities["code"].to_numpy()
        other = np.flatnonzero(pd.notna(said) & ~outside & (said != codes[found]))
        if len(other):
            report.add(
                "warn_community_differs",
                "buildings",
                named(buildings["id"].iloc[other]),
                before=len(other),
                after=None,
            )
    return found
