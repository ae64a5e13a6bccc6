"""Search for a region too fine to enumerate: many short annealed runs and a master over the pool of their grids.

Decides how much search a region gets; all limits count work.  Whether a region is searched at all is decided in
`ladder`.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from gis.graph import IntArray
from partition.stop import Call, never
from partition.zoning.columns import Columns, pool_columns
from partition.zoning.improve import anneal, random_state
from partition.zoning.master import solve_cover
from partition.zoning.problem import Land
from partition.zoning.seeds import metis_start, plan_price, resplit, tree_start, whole_parts

_MASTER_PIECES = 1_500


class Clock:
    """The outer guard: remembers whether it ever cut work short."""

    def __init__(self, deadline: float | None, is_called_off: Call = never) -> None:
        self.deadline = deadline
        self.is_called_off = is_called_off
        self.has_cut = False

    def is_over(self) -> bool:
        """Whether the time is up or the work was called off; once it is, it stays so."""
        if self.is_called_off() or (self.deadline is not None and time.monotonic() > self.deadline):
            self.has_cut = True
        return self.has_cut


def best_of_runs(land: Land, seed: int, effort: float, clock: Clock, is_short: bool = False) -> IntArray:
    """Best plan of several annealed starts and of the master over all their grids."""
    n = len(land.weight)
    total = int(land.weight.sum())
    runs, steps = (3, 600 * n) if is_short else _budget(n, effort)
    mean = float(land.cost.mean()) if len(land.cost) and land.cost.mean() > 0 else 1.0
    plans: list[IntArray] = []
    best: IntArray | None = None
    best_price = (1 << 62, np.inf)
    low, high = max(1, -(-total // land.hi)), max(1, total // land.lo)
    middle = min(max(round(total / land.target), low), max(high, low))
    ladder = sorted(
        {min(max(middle + d, low), max(high, low)) for d in (-2, -1, 0, 1)}, key=lambda k: (abs(k - middle), k)
    )
    for run in range(runs):
        start = seed + 7919 * run
        state = random_state(start)
        if run % 4 == 3:
            part = whole_parts(land, tree_start(land, state))
        else:
            shift = 1.0 - 0.06 * (run % 3)
            k = ladder[run % len(ladder)] if middle < 20 else max(low, round(middle * shift))
            part = metis_start(land, min(k, n), start)
        part = _settle(land, part, steps, mean, state)
        plans.append(part)
        price = plan_price(land, part)
        if price < best_price:
            best, best_price = part, price
        if clock.is_over():
            break
    assert best is not None
    if is_short:
        return best
    if n <= _MASTER_PIECES and len(plans) > 1 and not clock.is_over():
        best = _pool(land, effort, plans, best)
    for again in range(2):
        if clock.is_over():
            break
        state = random_state(seed + 104_729 + again)
        part = _settle(land, best.copy(), steps, 0.4 * mean, state)
        if plan_price(land, part) < plan_price(land, best):
            best = part
    return best


def _settle(land: Land, part: IntArray, steps: int, mean: float, state: IntArray) -> IntArray:
    """Anneal, re-split neighbours along trees, then walk downhill."""
    n = len(part)
    count = int(part.max()) + 1
    anneal(land, part, count, steps, mean, 0.04 * mean, 0.05 * mean, mean, state)
    resplit(land, part, count, min(2 * n, 20_000), state)
    anneal(land, part, count, max(steps // 10, 20 * n), 0.02 * mean, 0.001 * mean, 10 * mean, 100 * mean, state)
    return np.unique(part, return_inverse=True)[1].astype(np.int64)


def _pool(land: Land, effort: float, plans: list[IntArray], best: IntArray) -> IntArray:
    """Master over the grids of all runs; lawful grids only, unless the best plan itself has others."""
    columns = pool_columns(land, plans)
    outside, cost = plan_price(land, best)
    if outside == 0:
        columns = columns.take(np.flatnonzero(columns.outside == 0))
    else:
        columns = replace(columns, cost=columns.cost + (float(land.cost.sum()) + cost) * columns.outside)
    warm = find_columns(columns, best)
    chosen = solve_cover(len(land.weight), columns, warm=warm, max_nodes=200, effort=effort).chosen
    if chosen is None:
        return best
    part = label_pieces(len(land.weight), columns, chosen)
    return part if plan_price(land, part) < (outside, cost) else best


def find_columns(columns: Columns, part: IntArray) -> IntArray:
    """Positions of the grids of a plan among the columns."""
    at = {columns.index[columns.start[j] : columns.start[j + 1]].tobytes(): j for j in range(len(columns))}
    labels = np.unique(part)
    return np.sort(np.array([at[np.flatnonzero(part == p).astype(np.int64).tobytes()] for p in labels]))


def label_pieces(n: int, columns: Columns, chosen: IntArray) -> IntArray:
    """Grid per piece of a plan given as columns."""
    part = np.full(n, -1, np.int64)
    for label, j in enumerate(chosen):
        part[columns.index[columns.start[j] : columns.start[j + 1]]] = label
    return part


def _budget(n: int, effort: float) -> tuple[int, int]:
    """(runs, moves a run) for a region of ``n`` pieces: many runs where they are cheap."""
    if n <= 400:
        runs, steps = 8, 1_500 * n
    elif n <= _MASTER_PIECES:
        runs, steps = 4, 1_000 * n
    elif n <= 10_000:
        runs, steps = 2, 1_000 * n
    else:
        runs, steps = 1, 300 * n
    return max(1, round(runs * effort)), max(1_000, round(steps * min(effort, 1.0) if effort < 1 else steps * effort))
