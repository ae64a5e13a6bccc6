"""A siting problem made smaller without losing an optimum: nothing that is seen already, equal points as one.

Points that the same poses see are one point with the sum of their weights; a pose that sees nothing new stays only
where a floor may need it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from gis.graph import FloatArray, Int32Array, IntArray
from partition.coverage.siting.problem import SitingProblem


@dataclass(frozen=True, slots=True)
class Core:
    """The problem the solvers of this room work on.

    Attributes
    ----------
    pose
        Per pose here: its number in the problem.
    weight
        Per merged point.
    start, point
        Poses to points.
    first, seer
        Points to poses.
    price, cost, pole, grid
        Per pose, poles numbered from 0 without gaps; grid -1 for none.
    n_poles, room, budget
        Number of poles, most poses per pole, and the budget.
    floor
        Per grid, lowered to what poses, poles and budget allow.
    floor_short
        Per grid: by how much it was lowered.
    has_unit_cost
        Whether the budget is a plain number of poses.
    """

    pose: IntArray
    weight: FloatArray
    start: IntArray
    point: Int32Array
    first: IntArray
    seer: Int32Array
    price: FloatArray
    cost: FloatArray
    pole: Int32Array
    grid: Int32Array
    n_poles: int
    room: Int32Array
    budget: float
    floor: Int32Array
    floor_short: Int32Array
    has_unit_cost: bool

    @property
    def n_poses(self) -> int:
        """Number of poses."""
        return len(self.pose)

    @property
    def n_points(self) -> int:
        """Number of merged points."""
        return len(self.weight)


def reduce(problem: SitingProblem) -> Core:
    """Make the core of a problem."""
    n, m = problem.n_poses, problem.n_points
    size = np.diff(problem.start)
    by = np.repeat(np.arange(n, dtype=np.int64), size)
    useful = (problem.weight > 0) & ~problem.is_seen
    keep = useful[problem.point]
    by, point = by[keep], problem.point[keep].astype(np.int64)
    gains = np.bincount(by, minlength=n) > 0
    floor, short = attainable_floors(problem)
    wanted = np.zeros(n, dtype=bool)
    inside = problem.grid >= 0
    wanted[inside] = floor[problem.grid[inside]] > 0
    pose = np.flatnonzero((gains | wanted) & (problem.cost <= problem.budget))
    number = np.full(n, -1, dtype=np.int64)
    number[pose] = np.arange(len(pose))
    stays = number[by] >= 0
    by, point = number[by[stays]], point[stays]
    group, weight = _merge(by, point, problem.weight, m)
    pair = np.unique(np.stack([by, group[point]], axis=1), axis=0) if len(by) else np.zeros((0, 2), dtype=np.int64)
    matrix = csr_array((np.ones(len(pair), dtype=np.int8), (pair[:, 0], pair[:, 1])), shape=(len(pose), len(weight)))
    turned = matrix.T.tocsr()
    turned.sort_indices()
    poles, pole = np.unique(problem.pole[pose], return_inverse=True)
    return Core(
        pose=pose,
        weight=weight,
        start=matrix.indptr.astype(np.int64),
        point=matrix.indices.astype(np.int32),
        first=turned.indptr.astype(np.int64),
        seer=turned.indices.astype(np.int32),
        price=np.asarray(problem.price[pose], dtype=np.float64),
        cost=np.asarray(problem.cost[pose], dtype=np.float64),
        pole=pole.astype(np.int32),
        grid=np.asarray(problem.grid[pose], dtype=np.int32),
        n_poles=len(poles),
        room=np.asarray(problem.room, dtype=np.int32)[poles],
        budget=float(problem.budget),
        floor=floor,
        floor_short=short,
        has_unit_cost=bool((problem.cost == 1.0).all()),
    )


def _merge(by: IntArray, point: IntArray, weight: FloatArray, m: int) -> tuple[IntArray, FloatArray]:
    """Groups of points with the same poses: group per point (-1: nobody sees it) and weight per group."""
    # Two independent 64-bit sums of hashes of the poses; equal sets have equal sums, and others differ but for a
    # chance of one in 2**128 a pair.
    keys = np.random.default_rng(20_170).integers(
        1, 2**63, size=(2, int(by.max()) + 1 if len(by) else 0), dtype=np.uint64
    )
    one, two = np.zeros(m, dtype=np.uint64), np.zeros(m, dtype=np.uint64)
    order = np.argsort(point, kind="stable")
    by, point = by[order], point[order]
    there, begin = np.unique(point, return_index=True)
    if len(there):
        one[there] = np.add.reduceat(keys[0][by], begin)
        two[there] = np.add.reduceat(keys[1][by], begin)
    pairs = np.stack([one[there], two[there]], axis=1)
    _, lead, label = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    # Number the groups by their first point, so that the order of points is kept.
    rank = np.empty(len(lead), dtype=np.int64)
    rank[np.argsort(lead, kind="stable")] = np.arange(len(lead))
    group = np.full(m, -1, dtype=np.int64)
    group[there] = rank[label.reshape(-1)]
    return group, np.bincount(group[there], weights=weight[there], minlength=len(lead)).astype(np.float64)


def attainable_floors(problem: SitingProblem) -> tuple[Int32Array, Int32Array]:
    """Floors that can be kept together, and what each is short of.

    A grid gives no more poses than its poles have room for; where the budget does not serve all, the shortest floors go
    first, so that as many grids as can be are served whole.
    """
    floor = np.maximum(problem.floor, 0).astype(np.int64)
    n_grids = len(floor)
    inside = np.flatnonzero(problem.grid >= 0)
    room = np.zeros(n_grids, dtype=np.int64)
    if len(inside):
        pole, at, count = np.unique(problem.pole[inside], return_index=True, return_counts=True)
        np.add.at(room, problem.grid[inside[at]], np.minimum(count, problem.room[pole]))
    kept = np.minimum(floor, room)
    price = float(problem.cost.min()) if len(problem.cost) else 1.0
    room_for = problem.budget / price if price > 0 else np.inf
    left = int(np.floor(min(room_for, float(kept.sum())) + 1e-9))
    for grid in np.argsort(kept, kind="stable"):
        given = min(int(kept[grid]), left)
        kept[grid] = given
        left -= given
    return kept.astype(np.int32), (floor - kept).astype(np.int32)
