"""Improve a choice of cameras window by window: all poses near one another chosen anew, the rest standing still.

A window is a part of the land grown over shared points until it holds enough poses; inside it the dual bound and the
integer programme of the small problem apply, so that a city costs as much per square kilometre as a quarter does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from scipy.sparse import csr_array

from gis.graph import BoolArray, Int32Array, IntArray
from partition.coverage.siting.kernels import cover_counts
from partition.coverage.siting.reduce import Core

Solver = Callable[[Core, IntArray], IntArray]
"""Improves a choice on a core: positions in, positions out."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a problem as a core of its own, and the number of each of its poses in the whole."""

    core: Core
    pose: IntArray


def improve(core: Core, chosen: IntArray, solve: Solver, *, size: int, passes: int = 2) -> IntArray:
    """Solve windows one after another until a pass changes nothing.

    Parameters
    ----------
    core, chosen
        The problem, and a lawful choice.
    solve
        Improves a choice within a window; never makes it worse.
    size
        Poses in a window.
    passes
        Most passes; each begins its windows elsewhere.
    """
    by_pole = _by_pole(core)
    for turn in range(passes):
        before = set(chosen.tolist())
        done = np.zeros(core.n_poses, dtype=bool)
        # Another order of seeds puts the seams of a pass inside the windows of the next.
        seeds = np.sort(chosen) if turn % 2 == 0 else np.sort(chosen)[::-1]
        for seed in seeds:
            if done[seed]:
                continue
            inside = grow(
                int(seed), size, core.start, core.point, core.first, core.seer, core.pole, by_pole[0], by_pole[1]
            )
            done[inside] = True
            window, held = _window(core, np.sort(inside), chosen)
            if not len(held):
                continue
            better = solve(window.core, held)
            outside = chosen[~np.isin(chosen, inside)]
            chosen = np.sort(np.concatenate([outside, window.pose[better]]))
        if set(chosen.tolist()) == before:
            break
    return chosen


def _by_pole(core: Core) -> tuple[IntArray, IntArray]:
    order = np.argsort(core.pole, kind="stable")
    first = np.searchsorted(core.pole[order], np.arange(core.n_poles + 1))
    return first.astype(np.int64), order.astype(np.int64)


@njit(cache=True, nogil=True)
def grow(
    seed: int, size: int, start: Any, point: Any, first: Any, seer: Any, pole: Any, pole_first: Any, pole_pose: Any
) -> Any:
    """Poses nearest to a seed over shared points, whole poles, breadth first."""
    n = len(pole)
    is_in = np.zeros(n, dtype=np.bool_)
    queue = np.empty(n, dtype=np.int64)
    head, tail = 0, 0
    for k in range(pole_first[pole[seed]], pole_first[pole[seed] + 1]):
        queue[tail] = pole_pose[k]
        is_in[pole_pose[k]] = True
        tail += 1
    while head < tail and tail < size:
        pose = queue[head]
        head += 1
        for k in range(start[pose], start[pose + 1]):
            p = point[k]
            for e in range(first[p], first[p + 1]):
                other = seer[e]
                if is_in[other]:
                    continue
                for q in range(pole_first[pole[other]], pole_first[pole[other] + 1]):
                    queue[tail] = pole_pose[q]
                    is_in[pole_pose[q]] = True
                    tail += 1
    return queue[:tail].copy()


def _window(core: Core, inside: IntArray, chosen: IntArray) -> tuple[Window, IntArray]:
    """The problem inside, given what stands outside; and the positions of the choice inside."""
    is_inside = np.zeros(core.n_poses, dtype=bool)
    is_inside[inside] = True
    outside = chosen[~is_inside[chosen]]
    held = chosen[is_inside[chosen]]
    is_seen = cover_counts(core.start, core.point, outside, core.n_points) > 0
    start, point, here = _entries(core, inside, is_seen)
    number = np.full(core.n_points, -1, dtype=np.int32)
    number[here] = np.arange(len(here))
    point = number[point]
    matrix = csr_array((np.ones(len(point), dtype=np.int8), point, start), shape=(len(inside), len(here)))
    turned = matrix.T.tocsr()
    turned.sort_indices()
    grids = core.grid[outside]
    stand = np.bincount(grids[grids >= 0], minlength=len(core.floor))
    poles, pole = np.unique(core.pole[inside], return_inverse=True)
    spare = core.budget - float(core.cost[chosen].sum())
    window = Core(
        pose=inside,
        weight=core.weight[here],
        start=start,
        point=point,
        first=turned.indptr.astype(np.int64),
        seer=turned.indices.astype(np.int32),
        price=core.price[inside],
        cost=core.cost[inside],
        pole=pole.astype(np.int32),
        grid=core.grid[inside],
        n_poles=len(poles),
        room=core.room[poles],
        budget=float(core.cost[held].sum()) + max(0.0, spare),
        floor=np.maximum(core.floor - stand, 0).astype(np.int32),
        floor_short=core.floor_short,
        has_unit_cost=core.has_unit_cost,
    )
    return Window(window, inside), np.searchsorted(inside, np.sort(held))


def _entries(core: Core, inside: IntArray, is_seen: BoolArray) -> tuple[IntArray, Int32Array, IntArray]:
    size = core.start[inside + 1] - core.start[inside]
    before = np.concatenate([[0], np.cumsum(size)])
    where = np.arange(before[-1]) + np.repeat(core.start[inside] - before[:-1], size)
    point = core.point[where]
    keep = ~is_seen[point]
    by = np.repeat(np.arange(len(inside)), size)[keep]
    point = point[keep]
    start = np.concatenate([[0], np.cumsum(np.bincount(by, minlength=len(inside)))]).astype(np.int64)
    return start, point, np.unique(point)
