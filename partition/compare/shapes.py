"""Grids of several plans brought into one metric coordinate system, and where they lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.crs import Bounds, crs_text, extent_text, metric_crs
from gis.errors import Fault, InputError
from gis.graph import FloatArray, IntArray
from partition.filed import FiledPlan

ObjectArray = NDArray[Any]

_AT_ONCE = 64
SLIVER_FRAC = 0.01
"""Two grids that share less than this part of the smaller one do not share ground: the same border, drawn again."""


@dataclass(frozen=True, slots=True)
class PlanShapes:
    """Grids of one plan in metres, by position, in the CRS that all compared plans share."""

    geometry: ObjectArray
    area_m2: FloatArray
    crs: CRS


def shapes_of(plans: Sequence[FiledPlan], names: Sequence[str]) -> list[PlanShapes]:
    """Grids of every plan in one metric CRS (that of the first plan).

    Raises
    ------
    InputError
        ``compare_plan_empty``, ``compare_no_overlap``: every plan at fault.
    """
    empty = [Fault("compare_plan_empty", {"file": name}) for plan, name in zip(plans, names) if plan.grids.empty]
    if empty:
        raise InputError.of(empty)
    first = plans[0].grids
    crs = metric_crs(CRS(first.crs), _bounds(first))
    known = [_moved(plan.grids, crs) for plan in plans]
    faults = []
    tree = shapely.STRtree(known[0].geometry)
    for plan, name, shapes in zip(plans[1:], names[1:], known[1:]):
        b, a = tree.query(shapes.geometry, predicate="intersects")
        least = SLIVER_FRAC * min(known[0].area_m2.min(), shapes.area_m2.min())
        if not _share_more(known[0].geometry[a], shapes.geometry[b], least):
            facts = {"file": name, "measured": _extent(plan), "other": names[0], "allowed": _extent(plans[0])}
            faults.append(Fault("compare_no_overlap", facts))
    if faults:
        raise InputError.of(faults)
    return known


def _share_more(one: ObjectArray, two: ObjectArray, than_m2: float) -> bool:
    """Whether shapes, pair by pair, share more ground than that; a few pairs tell it of plans of the same place."""
    shared = 0.0
    for start in range(0, len(one), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        shared += float(shapely.area(shapely.intersection(one[part], two[part])).sum())
        if shared > than_m2:
            return True
    return False


def overlay(old: PlanShapes, new: PlanShapes) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs of an old and a new grid that share ground, and how much: (old, new, area_m2), by new, then old."""
    n, o = shapely.STRtree(old.geometry).query(new.geometry, predicate="intersects")
    order = np.lexsort((o, n))
    n, o = n[order].astype(np.int64), o[order].astype(np.int64)
    area = shapely.area(shapely.intersection(old.geometry[o], new.geometry[n]))
    real = area > SLIVER_FRAC * np.minimum(old.area_m2[o], new.area_m2[n])
    return o[real], n[real], area[real]


def measure_borders(shapes: PlanShapes, community: ObjectArray) -> tuple[float, FloatArray]:
    """(metres of border between grids of one community, Polsby-Popper of each grid).

    The grids of a community are a coverage: every metre between two of them stands in two perimeters, every other
    metre in one, and that one is the outline of the community.
    """
    perimeter = shapely.length(shapes.geometry)
    _, group = np.unique(community.astype(str), return_inverse=True)
    order = np.argsort(group, kind="stable")
    cuts = np.searchsorted(group[order], np.arange(1, int(group.max()) + 1))
    outline = sum(_outline_m(shapes.geometry[rows]) for rows in np.split(order, cuts))
    inner_m = max(0.0, (float(perimeter.sum()) - outline) / 2)
    return inner_m, 4 * np.pi * shapes.area_m2 / np.maximum(perimeter, 1e-9) ** 2


def _outline_m(geometry: ObjectArray) -> float:
    if len(geometry) == 1:
        return float(shapely.length(geometry[0]))
    try:
        return float(shapely.length(shapely.coverage_union_all(geometry)))
    except shapely.errors.GEOSException:
        return float(shapely.length(shapely.union_all(geometry)))


def _moved(grids: gpd.GeoDataFrame, crs: CRS) -> PlanShapes:
    shapes = grids.geometry if grids.crs == crs else grids.geometry.to_crs(crs)
    geometry = np.asarray(shapes.array, dtype=object).copy()
    geometry[~shapely.is_geometry(geometry)] = shapely.Polygon()
    broken = ~shapely.is_valid(geometry)
    geometry[broken] = shapely.make_valid(geometry[broken])
    return PlanShapes(geometry, shapely.area(geometry), crs)


def _extent(plan: FiledPlan) -> str:
    return f"{extent_text(_bounds(plan.grids))} ({crs_text(CRS(plan.grids.crs))})"


def _bounds(grids: gpd.GeoDataFrame) -> Bounds:
    x0, y0, x1, y1 = (float(v) for v in grids.total_bounds)
    return x0, y0, x1, y1
