"""Administrative boundaries as communities: which level, which polygons, and the cover they form.

Decides the admin level (the finest whose polygons hold nearly all buildings), mends boundaries that an extract has
cut open, keeps only polygons that hold data, and makes the cover exact.  All lengths and areas are metric; the
caller brings lines and polygons in a metric CRS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from gis.errors import InputError
from gis.readers.osm.scan import Boundary, Tags
from gis.report import QualityReport

# Nearly all first; an extract that shows a strip of its neighbours still gets its own communities.
_COVER_FRACS = (0.95, 0.8)
_FINEST, _COARSEST = 12, 6
_GAP_FRAC = 0.4
_CLOSE_M = 1.0
_NEAR_M = 400.0


@dataclass(slots=True)
class _Piece:
    """A boundary that may become a community: its polygon and, where it had to be closed, the chords drawn."""

    tags: Tags
    relation: int
    polygon: Any
    chords: Any = None


def read_communities(
    boundaries: Mapping[int, Boundary],
    polygons: Mapping[int, Any],
    ways: Mapping[int, Any],
    anchors: Any,
    *,
    level: int | None,
    crs: CRS,
    report: QualityReport,
) -> gpd.GeoDataFrame:
    """Choose and clean the communities of an extract.

    Parameters
    ----------
    boundaries
        Boundary relations by id.
    polygons
        Polygons of the relations that are complete in the file, by relation id (metric).
    ways
        Lines of the member ways that are in the file, by way id (metric).
    anchors
        Footprints (or points) that communities should hold, metric.
    level
        Admin level to take; ``None`` chooses the finest that covers 95 % of the anchors (80 % where
        none does).
    crs
        The metric CRS of all geometry.

    Returns
    -------
    GeoDataFrame
        ``code, name, name_zh, kind, town`` in ``crs``, a valid coverage; empty when no level serves.

    Raises
    ------
    InputError
        ``osm_admin_level_absent`` when the level asked for has no polygon in the file.
    """
    points = shapely.point_on_surface(anchors)
    whole = _pieces(boundaries, polygons)
    # An extract cut along a border often lacks the one way that closes its outer communities.
    mended = _with_mended(whole, boundaries, ways)
    chosen, by_level = _finest(whole, mended, points, level)
    if chosen is None:
        if level is not None:
            found = ", ".join(sorted({b.tags.get("admin_level", "") for b in boundaries.values()}))
            raise InputError("osm_admin_level_absent", measured=level, allowed=found)
        if boundaries:
            report.add("note_osm_no_communities", "communities", before=len(boundaries), after=0)
        return _frame([], [], by_level, 0, crs)
    pieces = sorted(by_level[chosen], key=lambda piece: piece.relation)
    held = _held(pieces, points)
    kept = [piece for piece, n in zip(pieces, held) if n > 0 or len(points) == 0]
    for piece in kept:
        if piece.chords is not None:
            gap_m = round(float(shapely.length(piece.chords)), 1)
            report.add("repair_osm_boundary_closed", "communities", f"r{piece.relation}", measured=gap_m)
    geometry = _cover(_grown(kept, anchors, points, report), kept, report)
    inside = _held([_Piece({}, 0, polygon) for polygon in geometry], points)
    share = round(sum(inside) / max(len(points), 1), 4)
    report.add(
        "note_osm_admin_level", "communities", before=len(boundaries), after=len(kept), level=chosen, measured=share
    )
    frame = _frame(kept, geometry, by_level, chosen, crs)
    _warn_partial(frame, anchors, report)
    return frame


def _pieces(boundaries: Mapping[int, Boundary], polygons: Mapping[int, Any]) -> dict[int, list[_Piece]]:
    by_level: dict[int, list[_Piece]] = {}
    for relation, boundary in sorted(boundaries.items()):
        said = boundary.tags.get("admin_level", "")
        if relation in polygons and said.isdigit() and _COARSEST <= int(said) <= _FINEST:
            by_level.setdefault(int(said), []).append(_Piece(boundary.tags, relation, polygons[relation]))
    return by_level


def _held(pieces: list[_Piece], points: Any) -> list[int]:
    """How many points each polygon holds; a point in two counts for the first."""
    owner = _owner([piece.polygon for piece in pieces], points)
    return np.bincount(owner[owner >= 0], minlength=len(pieces)).tolist()


def _owner(polygons: Any, points: Any) -> Any:
    """Position of the polygon that holds each point, -1 for none."""
    owner = np.full(len(points), -1, dtype=np.int64)
    if len(polygons) and len(points):
        at, polygon = shapely.STRtree(polygons).query(points, predicate="intersects")
        order = np.lexsort((polygon, at))[::-1]
        owner[at[order]] = polygon[order]
    return owner


def _finest(
    whole: dict[int, list[_Piece]], mended: dict[int, list[_Piece]], points: Any, level: int | None
) -> tuple[int | None, dict[int, list[_Piece]]]:
    """The finest level that holds enough of the points, from whole boundaries where they do, else mended ones."""
    levels = sorted(mended, reverse=True) if level is None else [level]
    for enough in _COVER_FRACS:
        for candidate in levels:
            for by_level in (whole, mended):
                pieces = by_level.get(candidate, [])
                if pieces and sum(_held(pieces, points)) >= enough * len(points):
                    return candidate, by_level
    if level is not None and mended.get(level):
        return level, mended
    return None, whole


def _with_mended(
    whole: Mapping[int, list[_Piece]], boundaries: Mapping[int, Boundary], ways: Mapping[int, Any]
) -> dict[int, list[_Piece]]:
    by_level = {level: list(pieces) for level, pieces in whole.items()}
    complete = {piece.relation for pieces in whole.values() for piece in pieces}
    for relation, boundary in sorted(boundaries.items()):
        said = boundary.tags.get("admin_level", "")
        if relation in complete or not said.isdigit() or not _COARSEST <= int(said) <= _FINEST:
            continue
        closed = _close([ways[way] for way in boundary.ways if way in ways])
        if closed is not None:
            by_level.setdefault(int(said), []).append(_Piece(boundary.tags, relation, *closed))
    return by_level


def _close(lines: list[Any]) -> tuple[Any, Any] | None:
    """Close the one open chain of a boundary with a straight line, when the gap is a small part of the ring."""
    if not lines:
        return None
    merged = shapely.line_merge(shapely.union_all(lines))
    chains = [line for line in shapely.get_parts(merged) if not line.is_closed]
    rings = [shapely.Polygon(line) for line in shapely.get_parts(merged) if line.is_closed]
    if len(chains) != 1:
        return None
    chord = shapely.LineString([chains[0].coords[-1], chains[0].coords[0]])
    if chord.length > _GAP_FRAC * (chains[0].length + chord.length):
        return None
    ring = shapely.make_valid(shapely.Polygon(chains[0].coords), method="structure", keep_collapsed=False)
    return shapely.union_all([ring, *rings]), chord


def _grown(kept: list[_Piece], anchors: Any, points: Any, report: QualityReport) -> list[Any]:
    """Grow mended communities out over the buildings that lie just beyond the straight line that closed them."""
    polygons = [piece.polygon for piece in kept]
    mended = [k for k, piece in enumerate(kept) if piece.chords is not None]
    if not mended:
        return polygons
    outside = np.flatnonzero(_owner(polygons, points) < 0)
    chords = np.array([kept[k].chords for k in mended], dtype=object)
    to_chord = shapely.distance(points[outside][:, None], chords[None, :])
    nearest = to_chord.argmin(axis=1) if len(outside) else np.empty(0, dtype=np.int64)
    fixed = [kept[k].polygon for k in range(len(kept)) if k not in set(mended)]
    to_fixed = shapely.distance(points[outside], shapely.union_all(fixed)) if fixed else np.full(len(outside), np.inf)
    for position, k in enumerate(mended):
        reach_m = min(_NEAR_M, chords[position].length)
        close = to_chord[:, position] if len(outside) else np.empty(0)
        mine = outside[(nearest == position) & (close <= reach_m) & (close <= to_fixed)]
        if not len(mine):
            continue
        cloud = shapely.union_all([chords[position], *anchors[mine]])
        hull = shapely.buffer(shapely.concave_hull(cloud, ratio=0.4), 2.0, join_style="mitre")
        others = shapely.union_all([polygons[j] for j in range(len(polygons)) if j != k])
        grown = shapely.difference(shapely.union(polygons[k], hull), others)
        parts = shapely.get_parts(shapely.make_valid(grown, method="structure", keep_collapsed=False))
        before = float(shapely.area(polygons[k]))
        polygons[k] = _without_pinholes(shapely.union_all([p for p in parts if p.intersects(polygons[k])]))
        report.add(
            "repair_osm_boundary_grown",
            "communities",
            f"r{kept[k].relation}",
            before=round(before),
            after=round(float(shapely.area(polygons[k]))),
            measured=len(mine),
        )
    return polygons


def _without_pinholes(polygon: Any) -> Any:
    """Fill holes under 1000 m2 that growing left."""
    parts = []
    for part in shapely.get_parts(polygon):
        holes = [ring for ring in part.interiors if shapely.Polygon(ring).area >= 1000.0]
        parts.append(shapely.Polygon(part.exterior, holes))
    return shapely.union_all(parts)


def _cover(polygons: list[Any], kept: list[_Piece], report: QualityReport) -> Any:
    """Make the polygons an exact coverage; overlaps and gaps are reported in m2."""
    cover = np.array(polygons, dtype=object)
    broken = ~shapely.is_valid(cover)
    for k in np.flatnonzero(broken):
        before = float(shapely.area(cover[k]))
        cover[k] = shapely.make_valid(cover[k], method="structure", keep_collapsed=False)
        report.add(
            "repair_osm_polygon",
            "communities",
            f"r{kept[k].relation}",
            before=round(before, 1),
            after=round(float(shapely.area(cover[k])), 1),
        )
    if len(cover) < 2 or shapely.coverage_is_valid(cover, gap_width=_CLOSE_M):
        return cover
    first, second = shapely.STRtree(cover).query(cover, predicate="intersects")
    pairs = first < second
    overlaps = shapely.area(shapely.intersection(cover[first[pairs]], cover[second[pairs]]))
    for a, b, area_m2 in zip(first[pairs], second[pairs], overlaps):
        if area_m2 > 0.01:
            report.add(
                "repair_osm_communities_overlap",
                "communities",
                f"r{kept[a].relation}",
                before=round(float(area_m2), 2),
                after=0,
                other=f"r{kept[b].relation}",
            )
    before = float(shapely.area(shapely.union_all(cover)))
    cover = np.array(shapely.coverage_clean(cover, gap_width=_CLOSE_M), dtype=object)
    filled = float(shapely.area(cover).sum()) - before
    report.add("repair_osm_coverage", "communities", before=round(before, 2), after=round(before + filled, 2))
    return cover


def _frame(
    kept: list[_Piece], geometry: Any, by_level: Mapping[int, list[_Piece]], level: int, crs: CRS
) -> gpd.GeoDataFrame:
    codes = [_code(piece) for piece in kept]
    seen = Counter(codes)
    coarser = [p for other in sorted(by_level, reverse=True) if other < level for p in by_level[other]]
    parents = [p for p in coarser if p.chords is None]
    rows = []
    for k, piece in enumerate(kept):
        code = codes[k] if seen[codes[k]] == 1 else f"r{piece.relation}"
        name = piece.tags.get("name") or piece.tags.get("name:zh") or piece.tags.get("name:en") or code
        inner = shapely.point_on_surface(geometry[k])
        town = next((p.tags.get("name") for p in parents if p.polygon.contains(inner)), None)
        rows.append({"code": code, "name": name, "name_zh": piece.tags.get("name:zh"), "kind": "urban", "town": town})
    columns = ["code", "name", "name_zh", "kind", "town"]
    data = {column: [row[column] for row in rows] for column in columns}
    frame = gpd.GeoDataFrame(data, geometry=list(geometry), crs=crs)
    return frame.sort_values("code", kind="stable", ignore_index=True)


def _code(piece: _Piece) -> str:
    for key in ("ref", "ISO3166-2", "ref:INSEE"):
        if piece.tags.get(key, "").strip():
            return piece.tags[key].strip()
    return f"r{piece.relation}"


def _warn_partial(frame: gpd.GeoDataFrame, anchors: Any, report: QualityReport) -> None:
    """Say which communities reach so far beyond the data that their totals cannot be whole."""
    if not len(anchors):
        return
    window = shapely.buffer(shapely.box(*shapely.total_bounds(anchors)), 200.0)
    share = shapely.area(shapely.intersection(frame.geometry.array, window)) / shapely.area(frame.geometry.array)
    for code, inside in zip(frame["code"], share):
        if inside < 0.7:
            report.add("warn_osm_community_partial", "communities", code, measured=round(float(inside), 3))
