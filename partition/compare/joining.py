"""Which old grid each household of a new plan comes from: by member, by place, by ground.

Members (units and buildings) are joined by id; where an id is unknown to the old plan, or points to a grid that lies
elsewhere, by the place that a territory knows for it; where nobody knows the place, by the ground that old and new
grids share.  What a member weighs is counted where a territory says so, else estimated from what its old and its new
grid hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.apportion import share_whole
from gis.enclose import locate
from gis.graph import BoolArray, IntArray
from gis.territory import Territory
from partition.compare.shapes import ObjectArray, PlanShapes, overlay
from partition.filed import FiledPlan

_LEAST_M2 = 1.0
_ROUNDS = 60
_MOST_STRAY_FRAC = 0.2
"""Ids of which more than this part point elsewhere were given anew: none of them is believed."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a territory knows of members.

    Attributes
    ----------
    members
        Columns kind, id, households; one row a unit or building.
    points
        A point inside each, in ``crs``.
    crs
        Where the points are.
    """

    members: pd.DataFrame
    points: ObjectArray
    crs: CRS


@dataclass(frozen=True, slots=True)
class Pieces:
    """A new plan in pieces, each with the old grid it comes from.

    Attributes
    ----------
    old, new
        Positions of grids; ``old`` is -1 for ground that no old grid held.
    households, buildings
        What the piece holds; sums over the pieces of a new grid are its own.
    area_m2
        Ground of pieces that were found by area, else 0.
    is_counted
        Households were counted per member (a territory or a filed crosswalk says so), not estimated.
    by_id, by_place
        Members joined in either way.
    keeps_code, n_judged
        Members whose grid has the same code in both plans, of how many that were joined.
    """

    old: IntArray
    new: IntArray
    households: IntArray
    buildings: IntArray
    area_m2: NDArray[np.float64]
    is_counted: bool
    by_id: int
    by_place: int
    keeps_code: int
    n_judged: int


def ground_of(territory: Territory) -> Ground:
    """Households and places of the members a territory holds."""
    parts, points = [], []
    for kind, layer in (("unit", "units"), ("building", "buildings")):
        table = territory[layer]
        households = table["households"].fillna(0).to_numpy(np.int64)
        parts.append(pd.DataFrame({"kind": kind, "id": table["id"].to_numpy(object), "households": households}))
        points.append(shapely.point_on_surface(np.asarray(table.geometry.array, dtype=object)))
    return Ground(pd.concat(parts, ignore_index=True), np.concatenate(points), CRS(territory.crs))


def join(
    old: FiledPlan, new: FiledPlan, old_shapes: PlanShapes, new_shapes: PlanShapes, ground: Ground | None
) -> Pieces:
    """Cut a new plan into pieces by the old grid each comes from; both shapes in one CRS."""
    code_old, code_new = old.grids["code"].to_numpy(object), new.grids["code"].to_numpy(object)
    members = new.members
    grid = pd.Index(code_new).get_indexer(members["grid"]).astype(np.int64)
    source, by_id = _by_id(old, new, grid, old_shapes, new_shapes)
    by_place = _by_place(members, source, old_shapes, ground)
    weight, is_counted = _households(old, new, grid, source, ground)
    known = source >= 0
    keeps = code_old[source[known]] == code_new[grid[known]] if known.any() else np.zeros(0, bool)
    one = (members["kind"] == "building").to_numpy()
    lost = (source < 0) & ~by_place  # of an id nobody knows, at a place nobody knows
    stay = ~lost
    held = np.bincount(grid[lost], weight[lost], len(code_new)).astype(np.int64)
    houses = np.bincount(grid[lost & one], minlength=len(code_new)).astype(np.int64)
    # A grid whose members say nothing of its households is cut by its ground as a whole.
    silent = np.bincount(grid, weight, len(code_new)).astype(np.int64) == 0
    held[silent] += new.grids["households"].to_numpy(np.int64)[silent]
    cut = (held > 0) | (houses > 0) | (np.bincount(grid, minlength=len(code_new)) == 0)
    o, n, area = _by_area(old_shapes, new_shapes, cut)
    return Pieces(
        old=np.concatenate([source[stay], o]),
        new=np.concatenate([grid[stay], n]),
        households=np.concatenate([weight[stay], share_whole(area, n, held)]),
        buildings=np.concatenate([one[stay].astype(np.int64), share_whole(area, n, houses)]),
        area_m2=np.concatenate([np.zeros(int(stay.sum())), area]),
        is_counted=is_counted,
        by_id=by_id,
        by_place=int(by_place.sum()),
        keeps_code=int(keeps.sum()),
        n_judged=len(keeps),
    )


def told_by(crosswalk: pd.DataFrame, old: FiledPlan, new: FiledPlan, pieces: Pieces) -> Pieces:
    """The pieces of a filed crosswalk: one a row, counted by whoever made the plan; codes kept as ``pieces`` found."""
    rows = crosswalk[crosswalk["new"].isin(new.grids["code"])]
    counts = rows[["households", "buildings"]].to_numpy(np.int64)
    return replace(
        pieces,
        old=pd.Index(old.grids["code"]).get_indexer(rows["old"]).astype(np.int64),
        new=pd.Index(new.grids["code"]).get_indexer(rows["new"]).astype(np.int64),
        households=counts[:, 0],
        buildings=counts[:, 1],
        area_m2=np.zeros(len(rows)),
        is_counted=True,
    )


def _households(
    old: FiledPlan, new: FiledPlan, grid: IntArray, source: IntArray, ground: Ground | None
) -> tuple[IntArray, bool]:
    """Households of each member of the new plan, and whether they were counted."""
    totals = new.grids["households"].to_numpy(np.int64)
    counts = _counting(new, grid)
    if ground is not None:
        keys = pd.MultiIndex.from_frame(ground.members[["kind", "id"]])
        if keys.is_unique:
            at = keys.get_indexer(pd.MultiIndex.from_frame(new.members[["kind", "id"]]))
            known = np.where(at >= 0, ground.members["households"].to_numpy(np.int64)[at], 0) * counts
            if np.array_equal(np.bincount(grid, known, len(totals)).astype(np.int64), totals):
                return known.astype(np.int64), True
    told = np.zeros(len(grid), np.int64)
    told[counts] = share_whole(_likely(old, counts, grid, source, totals), grid[counts], totals)
    # Nothing was guessed where every member is a grid of its own, or its grid holds nothing.
    sizes = np.bincount(grid[counts], minlength=len(totals))
    return told, bool(((sizes == 1) | (totals == 0)).all())


def _counting(plan: FiledPlan, grid: IntArray) -> BoolArray:
    """Members that say what a grid holds: the units of a community; the buildings of one without units."""
    is_unit = (plan.members["kind"] == "unit").to_numpy(bool)
    community = plan.grids["community"].to_numpy(object)
    has_units = np.isin(community.astype(str), np.unique(community[grid[is_unit]].astype(str)))
    return np.asarray(is_unit == has_units[grid], bool)


def _likely(
    old: FiledPlan, counts: BoolArray, grid: IntArray, source: IntArray, totals: IntArray
) -> NDArray[np.float64]:
    """Weights of counting members that agree with what old and new grids hold as well as they can.

    Members of one old and one new grid weigh alike.  Rows and columns are scaled in turn (iterative proportional
    fitting), the new totals last; an old grid counts with the part of its members that are still there.
    """
    n_old = len(old.grids)
    cells, at, size = np.unique(
        np.column_stack([source[counts], grid[counts]]), axis=0, return_inverse=True, return_counts=True
    )
    row, column = cells[:, 0], cells[:, 1]
    old_grid = pd.Index(old.grids["code"]).get_indexer(old.members["grid"]).astype(np.int64)
    before = np.bincount(old_grid[_counting(old, old_grid)], minlength=n_old)
    known = row >= 0
    still = np.bincount(row[known], size[known], n_old)
    aim = old.grids["households"].to_numpy(np.float64) * np.minimum(1.0, still / np.maximum(before, 1))
    value = size.astype(np.float64)
    for _ in range(_ROUNDS):
        sums = np.bincount(row[known], value[known], n_old)
        value[known] *= np.divide(aim, sums, out=np.ones(n_old), where=(sums > 0) & (aim > 0))[row[known]]
        sums = np.bincount(column, value, len(totals))
        value *= np.divide(totals, sums, out=np.zeros(len(totals)), where=sums > 0)[column]
    return (value / size)[at.ravel()]


def _by_id(
    old: FiledPlan, new: FiledPlan, grid: IntArray, old_shapes: PlanShapes, new_shapes: PlanShapes
) -> tuple[IntArray, int]:
    keys = pd.MultiIndex.from_frame(old.members[["kind", "id"]])
    at = keys.get_indexer(pd.MultiIndex.from_frame(new.members[["kind", "id"]]))
    position = pd.Index(old.grids["code"]).get_indexer(old.members["grid"])
    source = np.where(at >= 0, position[at] if len(position) else -1, -1).astype(np.int64)
    found = np.flatnonzero(source >= 0)
    if len(found):
        pairs, which = np.unique(np.column_stack([source[found], grid[found]]), axis=0, return_inverse=True)
        # A member stands still: its old and its new grid have the ground it stands on in common.
        one, two = old_shapes.geometry[pairs[:, 0]], new_shapes.geometry[pairs[:, 1]]
        shared, differ = two.copy(), ~shapely.equals_exact(one, two)
        shared[differ] = shapely.intersection(one[differ], two[differ])
        stray = (shapely.area(shared) < _LEAST_M2)[which.ravel()]
        source[found if stray.mean() > _MOST_STRAY_FRAC else found[stray]] = -1
    return source, int((source >= 0).sum())


def _by_place(members: pd.DataFrame, source: IntArray, old_shapes: PlanShapes, ground: Ground | None) -> BoolArray:
    """Fill ``source`` where the ground knows the place; which members it placed, in a grid or outside all of them."""
    placed = np.zeros(len(source), bool)
    lost = np.flatnonzero(source < 0)
    if ground is None or len(lost) == 0:
        return placed
    known = ground.members[["kind", "id"]].drop_duplicates()
    at = pd.MultiIndex.from_frame(known).get_indexer(pd.MultiIndex.from_frame(members.iloc[lost][["kind", "id"]]))
    there = lost[at >= 0]
    points = ground.points[known.index.to_numpy()[at[at >= 0]]]
    if ground.crs != old_shapes.crs:
        points = np.asarray(gpd.GeoSeries(points, crs=ground.crs).to_crs(old_shapes.crs).array, dtype=object)
    source[there] = locate(points, old_shapes.geometry)
    placed[there] = True
    return placed


def _by_area(
    old_shapes: PlanShapes, new_shapes: PlanShapes, cut: BoolArray
) -> tuple[IntArray, IntArray, NDArray[np.float64]]:
    if not cut.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    rows = np.flatnonzero(cut)
    part = PlanShapes(new_shapes.geometry[rows], new_shapes.area_m2[rows], new_shapes.crs)
    o, n, area = overlay(old_shapes, part)
    bare = part.area_m2 - np.bincount(n, area, len(rows))
    # What no old grid covers is new ground, unless it is no more than a border drawn again.
    fresh = np.flatnonzero(bare > 0.01 * part.area_m2)
    o = np.concatenate([o, np.full(len(fresh), -1, np.int64)])
    n = np.concatenate([n, fresh])
    area = np.concatenate([area, bare[fresh]])
    return o, rows[n].astype(np.int64), area
