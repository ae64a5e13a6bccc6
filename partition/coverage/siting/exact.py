"""The rest of a siting problem as an integer programme: poses that the dual bound does not settle, started warm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from gis.graph import BoolArray, FloatArray, IntArray
from partition.coverage.clock import Clock
from partition.coverage.program import hand_over, make_model, run_integer, set_whole
from partition.coverage.siting.bound import Dual
from partition.coverage.siting.reduce import Core

MOST_ENTRIES = 450_000
"""A programme with more covering entries is not begun: the dual bound stands."""
_MARGIN = 1e-6


@dataclass(frozen=True, slots=True)
class Settled:
    """Poses that every better choice must have, must not have, and those still open."""

    must: BoolArray
    open: IntArray


def settle(core: Core, dual: Dual, incumbent: float) -> Settled:
    """Settle poses by their reduced values: what loses more than the gap is out, what gains more is in."""
    if not core.has_unit_cost:
        return Settled(np.zeros(core.n_poses, dtype=bool), np.arange(core.n_poses))
    gap = dual.bound - incumbent + _MARGIN * max(1.0, abs(dual.bound))
    drop = np.full(core.n_poses, dual.last)
    # A pose may take the place of one that only its grid's floor demands.
    inside = core.grid >= 0
    has_floor = inside.copy()
    has_floor[inside] = core.floor[core.grid[inside]] > 0
    if has_floor.any():
        worst = np.full(len(core.floor), np.inf)
        held = dual.taken & has_floor
        np.minimum.at(worst, core.grid[held], dual.value[held])
        drop[has_floor] = np.minimum(drop[has_floor], worst[core.grid[has_floor]])
    out = ~dual.taken & (dual.value - drop < -gap)
    rest = dual.value[~dual.taken]
    following = max(0.0, float(rest.max())) if len(rest) else 0.0
    must = dual.taken & (dual.value - following > gap)
    return Settled(must, np.flatnonzero(~out & ~must))


def solve_exactly(
    core: Core, dual: Dual, chosen: IntArray, incumbent: float, *, nodes: int, clock: Clock
) -> tuple[IntArray, float] | None:
    """Better choice and bound from an integer programme over the open poses; None where it would be too large.

    Parameters
    ----------
    chosen, incumbent
        Best choice known and its worth.
    nodes, clock
        Limits of the search.
    """
    settled = settle(core, dual, incumbent)
    number = np.full(core.n_poses, -1, dtype=np.int64)
    number[settled.open] = np.arange(len(settled.open))
    n = len(settled.open)
    by = np.repeat(np.arange(core.n_poses), np.diff(core.start))
    is_free = np.ones(core.n_points, dtype=bool)
    is_free[core.point[settled.must[by]]] = False
    entry = (number[by] >= 0) & is_free[core.point]
    if int(entry.sum()) > MOST_ENTRIES:
        return None
    base = float(core.weight[~is_free].sum() - core.price[settled.must].sum())
    rows = _Rows(n)
    there, point = np.unique(core.point[entry], return_inverse=True)
    rows.cover(number[by[entry]], point.reshape(-1), core.weight[there])
    must_cost = float(core.cost[settled.must].sum())
    rows.most(np.arange(n), core.cost[settled.open], core.budget - must_cost)
    pole = core.pole[settled.open]
    on_pole = np.bincount(pole, minlength=core.n_poles)
    held = np.bincount(core.pole[settled.must], minlength=core.n_poles)
    for p in np.flatnonzero(on_pole + held > core.room):
        at = np.flatnonzero(pole == p)
        rows.most(at, np.ones(len(at)), float(core.room[p] - held[p]))
    grid = core.grid[settled.open]
    for g in np.flatnonzero(core.floor > 0):
        need = int(core.floor[g]) - int((core.grid[settled.must] == g).sum())
        if need > 0:
            rows.least(np.flatnonzero(grid == g), float(need))
    start = np.zeros(n)
    inside = number[chosen]
    start[inside[inside >= 0]] = 1.0
    x, bound = rows.solve(core.price[settled.open], start, nodes, clock)
    if x is None:
        return None
    better = np.sort(np.concatenate([np.flatnonzero(settled.must), settled.open[x > 0.5]]))
    # What was settled as out can be no better than the incumbent.
    return better, max(base + bound, incumbent)


class _Rows:
    """Rows of the programme: poses first, then one variable a point that is covered or not."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.weight: FloatArray = np.zeros(0)
        self._row: list[np.ndarray] = []
        self._col: list[np.ndarray] = []
        self._val: list[np.ndarray] = []
        self.least_of: list[float] = []

    def cover(self, pose: IntArray, point: IntArray, weight: FloatArray) -> None:
        """A point counts only if one of its poses is chosen."""
        m = len(weight)
        self.weight = weight
        self._add(point, pose, np.ones(len(pose)))
        self._add(np.arange(m), self.n + np.arange(m), -np.ones(m))
        self.least_of += [0.0] * m

    def most(self, pose: IntArray, cost: FloatArray, limit: float) -> None:
        """No more than ``limit`` of some poses."""
        self._add(np.full(len(pose), len(self.least_of)), pose, -cost)
        self.least_of.append(-limit)

    def least(self, pose: IntArray, limit: float) -> None:
        """No fewer than ``limit`` of some poses."""
        self._add(np.full(len(pose), len(self.least_of)), pose, np.ones(len(pose)))
        self.least_of.append(limit)

    def _add(self, row: np.ndarray, col: np.ndarray, val: np.ndarray) -> None:
        self._row.append(row)
        self._col.append(col)
        self._val.append(val)

    def solve(self, price: FloatArray, start: FloatArray, nodes: int, clock: Clock) -> tuple[FloatArray | None, float]:
        """Values of the poses, where there are any, and what no choice is worth more than."""
        n, m = self.n, len(self.weight)
        entries = (np.concatenate(self._val), (np.concatenate(self._row), np.concatenate(self._col)))
        table = coo_array(entries, shape=(len(self.least_of), n + m)).tocsc()
        cost = np.concatenate([price, -self.weight])
        model = make_model(cost, np.ones(n + m), table, np.asarray(self.least_of))
        set_whole(model, np.arange(n))
        hand_over(model, np.concatenate([start, np.minimum(table[:m, :n] @ start, 1.0)]))
        value, bound, _ = run_integer(model, clock, nodes)
        return None if value is None else value[:n], -bound
