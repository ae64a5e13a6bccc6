"""Mending geometry: invalid shapes by structure, coverages made exact.  Every repair can be measured and told.

Decides how a shape is mended and what that changed; whether the change is small enough to accept, and the words
for it, belong to the readers.  All lengths and areas are in the units of the coordinates: call it in metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[np.object_]
_POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
TYPES = {
    "polygon": _POLYGONAL,
    "line": (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING, shapely.GeometryType.LINEARRING),
    "point": (shapely.GeometryType.POINT,),
}


def is_finite(geometry: Geometries) -> NDArray[np.bool_]:
    """Per geometry: every x and y is a finite number (missing and empty ones count as finite)."""
    xy, index = shapely.get_coordinates(geometry, return_index=True)
    bad = np.zeros(len(geometry), dtype=bool)
    bad[index[~np.isfinite(xy).all(axis=1)]] = True
    return ~bad


def is_absent(geometry: Geometries) -> NDArray[np.bool_]:
    """Per geometry: missing or empty."""
    absent: NDArray[np.bool_] = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    return absent


def single_points(geometry: Geometries) -> Geometries:
    """Multipoints that hold one point, as that point; everything else unchanged."""
    many = shapely.get_type_id(geometry) == shapely.GeometryType.MULTIPOINT
    lone = many & (shapely.get_num_geometries(geometry) == 1)
    if not lone.any():
        return geometry
    result = geometry.copy()
    result[lone] = shapely.get_geometry(geometry[lone], 0)
    return result


@dataclass(frozen=True, slots=True)
class Mended:
    """Shapes after repair.

    Attributes
    ----------
    geometry
        The shapes, those that were valid untouched.
    index
        Positions of the shapes that were invalid, ascending.
    before_m2, after_m2
        Their areas (0 for lines) before and after.
    change_frac
        Change of area as a share of the larger of the two (1 where nothing is left).
    """

    geometry: Geometries
    index: NDArray[np.intp]
    before_m2: NDArray[np.float64]
    after_m2: NDArray[np.float64]
    change_frac: NDArray[np.float64]


def mend(geometry: Geometries) -> Mended:
    """Make invalid shapes valid by their structure: holes stay holes, overlapping parts are merged, spikes go.

    Only polygons (or only lines) are kept of a mended shape; collapsed parts are dropped.  Coordinates must be
    finite.
    """
    index = np.flatnonzero(~shapely.is_valid(geometry) & ~shapely.is_missing(geometry))
    if not len(index):
        none = np.empty(0)
        return Mended(geometry, index, none, none, none)
    broken = geometry[index]
    fixed = shapely.make_valid(broken, method="structure", keep_collapsed=False)
    areal = np.isin(shapely.get_type_id(broken), _POLYGONAL)
    for k in np.flatnonzero(areal & ~np.isin(shapely.get_type_id(fixed), _POLYGONAL)):
        parts = shapely.get_parts(fixed[k])
        fixed[k] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), _POLYGONAL)])
    before, after = shapely.area(broken), shapely.area(fixed)
    larger = np.maximum(before, after)
    change = np.divide(np.abs(after - before), larger, out=np.ones(len(index)), where=larger > 0)
    change[~areal & ~shapely.is_empty(fixed)] = 0.0
    result = geometry.copy()
    result[index] = fixed
    return Mended(result, index, before, after, change)


@dataclass(frozen=True, slots=True)
class ExactCover:
    """A coverage after cleaning: its pieces, whether anything was done, and the land that changed hands (m2)."""

    geometry: Geometries
    changed: NDArray[np.bool_]
    overlap_m2: float
    gap_m2: float


def overlapping_pairs(geometry: Geometries, candidates: NDArray[np.bool_] | None = None) -> tuple[Any, Any, Any]:
    """Pairs of polygons that share area.

    Parameters
    ----------
    geometry
        Valid polygons.
    candidates
        Positions to look at; all when omitted.

    Returns
    -------
    tuple of arrays
        ``a``, ``b`` (positions, ``a < b``, ascending) and the shared area, largest first not implied; pairs that
        share no area are left out.
    """
    at = np.arange(len(geometry)) if candidates is None else np.flatnonzero(candidates)
    tree = shapely.STRtree(geometry[at])
    a, b = tree.query(geometry[at])
    a, b = at[a], at[b]
    keep = a < b
    a, b = a[keep], b[keep]
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    shared = shapely.area(shapely.intersection(geometry[a], geometry[b]))
    real = shared > 0
    return a[real], b[real], shared[real]


def make_cover_exact(geometry: Geometries, *, gap_width_m: float) -> ExactCover:
    """Make neighbouring polygons share their borders vertex by vertex, close slits and end tiny overlaps.

    A coverage that is exact already comes back untouched.

    Parameters
    ----------
    geometry
        Valid polygons that should tile: overlaps are given to one neighbour, whatever their size, so refuse large
        ones first.
    gap_width_m
        Gaps narrower than this are closed.
    """
    bad = ~shapely.is_empty(shapely.coverage_invalid_edges(geometry, gap_width=gap_width_m))
    if not bad.any():
        return ExactCover(geometry, bad, 0.0, 0.0)
    # Overlaps and gaps lie between pieces with bad edges: measuring these alone is enough.
    before = float(shapely.area(geometry[bad]).sum())
    union = float(shapely.area(shapely.union_all(geometry[bad])))
    cleaned = _clean_near(geometry, bad, gap_width_m)
    cleaned = _close_open_slits(cleaned, gap_width_m)
    gained = float(shapely.area(cleaned).sum() - shapely.area(geometry).sum()) + (before - union)
    changed = ~shapely.equals_exact(geometry, cleaned, tolerance=0.0, normalize=True)
    return ExactCover(cleaned, changed, max(before - union, 0.0), max(gained, 0.0))


def _clean_near(geometry: Geometries, bad: NDArray[np.bool_], width_m: float) -> Geometries:
    """Clean the bad pieces and two rings of neighbours; everything when that is not enough."""
    tree = shapely.STRtree(geometry)
    near = np.flatnonzero(bad)
    for _ in range(2):
        near = np.unique(tree.query(geometry[near])[1])
    if len(near) < len(geometry):
        cleaned = geometry.copy()
        cleaned[near] = shapely.coverage_clean(geometry[near], gap_width=width_m)
        if shapely.coverage_is_valid(cleaned):
            return cleaned
    whole: Geometries = shapely.coverage_clean(geometry, gap_width=width_m)
    return whole


def _close_open_slits(geometry: Geometries, width_m: float) -> Geometries:
    """Close slits between pieces that open to the outside: cleaning a coverage fills enclosed gaps alone."""
    edges = shapely.coverage_invalid_edges(geometry, gap_width=width_m)
    edges = edges[~shapely.is_empty(edges)]
    if not len(edges):
        return geometry
    # Only the land right beside the bad edges is looked at.
    reach = shapely.union_all(shapely.buffer(edges, 5 * width_m, quad_segs=1))
    tree = shapely.STRtree(geometry)
    near = np.unique(tree.query(reach, predicate="intersects"))
    land = shapely.union_all(shapely.intersection(geometry[near], reach))
    half = width_m / 2
    closed = shapely.buffer(shapely.buffer(land, half, join_style="mitre"), -half, join_style="mitre")
    slits = shapely.get_parts(shapely.difference(shapely.intersection(closed, reach), land))
    slits = slits[shapely.area(slits) > 1e-9]
    filled = geometry.copy()
    touched = np.zeros(len(geometry), dtype=bool)
    for slit in slits:
        at = np.sort(tree.query(slit, predicate="dwithin", distance=1e-6))
        contact = shapely.area(shapely.intersection(geometry[at], shapely.buffer(slit, half)))
        beside = contact > 0
        if beside.sum() >= 2:  # a notch in one piece alone is its own affair
            k = at[np.argmax(contact)]
            filled[k] = shapely.union(filled[k], slit)
            touched[at] = True
    return _clean_near(filled, touched, width_m) if touched.any() else geometry
