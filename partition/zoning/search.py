"""Search for a region too fine to enumerate: annealed runs, a master over the pool of their grids, exact windows.

Decides how much search a region gets; all limits count work.  The first run is a quick one, so that there is a plan
in hand when the time is short.  Whether a region is searched at all is decided in
`ladder`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from gis.graph import IntArray
from partition.stop import Call, never
from partition.zoning.columns import Columns, pool_columns
from partition.zoning.improve import anneal, random_state
from partition.zoning.master import solve_cover
from partition.zoning.problem import Land
from partition.zoning.resplit import resplit
from partition.zoning.seeds import inherited_start, metis_start, plan_price, sub_land, tree_start, whole_parts
from partition.zoning.windows import improve_by_windows

_MASTER_PIECES = 1_500
_SAMPLE_PIECES = 3_000  # enough land to learn how large grids want to be
_MANY_GRIDS = 20
_QUICK_STARTS = 8
_FULL_EFFORT_ATOMS = 20_000
_MOST_HALVINGS = 3
_SHIFTS = (1.0, 0.965, 0.93, 0.9)  # fewer grids than the target says have less border between them


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


@dataclass(frozen=True, slots=True)
class _Budget:
    """Work for one region: annealed runs, moves in each, re-splits, pieces of work for windows."""

    runs: int
    steps: int
    resplits: int
    window_work: int


def best_of_runs(land: Land, seed: int, effort: float, clock: Clock, is_short: bool = False) -> IntArray:
    """Best plan of a quick start, several annealed runs, the master over their grids, and exact windows."""
    n = len(land.weight)
    counts = _counts(land)
    best = _quick(land, counts, seed, clock)
    if clock.is_over() or n < 2:
        return best
    budget = _Budget(3, 600 * n, min(2 * n, 20_000), 0) if is_short else _budget(n, effort)
    plans = [best]
    is_redraw = len(land.toll) > 0
    heat = 1.0 if n > _MASTER_PIECES else 2.0  # few pieces can afford to forget the start
    if counts[0] >= _MANY_GRIDS:
        counts = _by_promise(land, counts[0], seed, clock)
    for run in range(budget.runs):
        if clock.is_over():
            break
        start = seed + 7919 * run
        state = random_state(start)
        if run % 2 == 0 and is_redraw:
            part = inherited_start(land)
        elif run % 4 == 3:
            part = whole_parts(land, tree_start(land, state))
        else:
            part = metis_start(land, counts[run % len(counts)], start)
        plans.append(_settle(land, part, budget, heat, state, clock))
    best = min(plans, key=lambda part: plan_price(land, part))
    if is_short:
        return best
    if n <= _MASTER_PIECES and len(plans) > 1 and not clock.is_over():
        best = _pool(land, effort, plans, best)
    for again in range(2):
        best = _sweep(land, best, budget, clock)
        if clock.is_over() or (n > _MASTER_PIECES and again == 1):
            break
        part = _settle(land, best.copy(), budget, 0.2, random_state(seed + 104_729 + again), clock)
        if plan_price(land, part) < plan_price(land, best):
            best = part
    return best


def _counts(land: Land) -> list[int]:
    """Numbers of grids worth trying, the one nearest to the target size first."""
    total = int(land.weight.sum())
    low = max(1, -(-total // land.hi))
    high = max(low, total // land.lo)
    middle = min(max(round(total / land.target), low), high)
    near = {min(max(middle + d, low), high) for d in (-2, -1, 0, 1)}
    most = len(land.weight)
    return [min(k, most) for k in sorted(near, key=lambda k: (abs(k - middle), k))]


def _by_promise(land: Land, middle: int, seed: int, clock: Clock) -> list[int]:
    """Numbers of grids by what short runs on a sample of the land say, best first; the two best only."""
    n = len(land.weight)
    sample = land
    if n > 2 * _SAMPLE_PIECES:
        district = metis_start(land, -(-n // _SAMPLE_PIECES), seed)
        sizes = np.bincount(district)
        sample = sub_land(land, np.flatnonzero(district == int(sizes.argmax())))
    share = int(sample.weight.sum()) / max(int(land.weight.sum()), 1)
    low = -(-int(sample.weight.sum()) // sample.hi)
    rough = _Budget(1, 400 * len(sample.weight), 0, 0)
    tried: list[tuple[float, float]] = []
    for shift in _SHIFTS:
        if clock.is_over():
            break
        k = max(low, round(middle * share * shift))
        part = _settle(sample, metis_start(sample, k, seed), rough, 0.5, random_state(seed), clock)
        outside, cost = plan_price(sample, part)
        tried.append((cost + 2.0 * _mean_cost(sample) * outside, shift))
    lowest = -(-int(land.weight.sum()) // land.hi)
    return [max(lowest, round(middle * shift)) for _, shift in sorted(tried)[:2]] or [middle]


def _quick(land: Land, counts: list[int], seed: int, clock: Clock) -> IntArray:
    """A start and a short walk downhill, with other starts while none is lawful: what there is time for in any case."""
    n = len(land.weight)
    mean = _mean_cost(land)
    plans: list[IntArray] = []
    for turn in range(_QUICK_STARTS if n <= _MASTER_PIECES else 1):
        state = random_state(seed + 31 * turn)
        if turn == 0 and len(land.toll):
            part = inherited_start(land)
        elif turn % 2:
            part = whole_parts(land, tree_start(land, state))
        else:
            part = metis_start(land, counts[turn // 2 % len(counts)], seed + turn)
        steps = max(60 * n, 2_000) << min(turn, 3)
        anneal(land, part, steps, hot=0.2 * mean, cold=0.01 * mean, soft=mean, hard=10 * mean, state=state)
        part = np.unique(part, return_inverse=True)[1].astype(np.int64)
        if plan_price(land, part)[0]:
            part = resplit(land, part, min(n, 2_000), state, clock.is_over)
        plans.append(part)
        if plan_price(land, part)[0] == 0:
            break
    return min(plans, key=lambda part: plan_price(land, part))


def _settle(land: Land, part: IntArray, budget: _Budget, heat: float, state: IntArray, clock: Clock) -> IntArray:
    """Anneal, re-split neighbours along trees, then walk downhill."""
    n = len(part)
    mean = _mean_cost(land)
    over = clock.is_over
    hot, cold = 0.5 * heat * mean, 0.03 * mean
    anneal(land, part, budget.steps, hot=hot, cold=cold, soft=0.05 * mean, hard=mean, state=state, is_over=over)
    part = resplit(land, part, budget.resplits, state, over)
    steps = max(budget.steps // 10, 20 * n)
    hot, cold = 0.02 * mean, 0.001 * mean
    anneal(land, part, steps, hot=hot, cold=cold, soft=10 * mean, hard=100 * mean, state=state, is_over=over)
    return np.unique(part, return_inverse=True)[1].astype(np.int64)


def _sweep(land: Land, part: IntArray, budget: _Budget, clock: Clock) -> IntArray:
    """Exact windows: wide ones where grids have few pieces."""
    if budget.window_work == 0 or clock.is_over():
        return part
    pieces = len(part) / (int(part.max()) + 1)
    width = 5 if pieces <= 6 else 4 if pieces <= 8 else 3
    better, _ = improve_by_windows(
        land, part, width=width, max_columns=2_000, max_work=budget.window_work, is_over=clock.is_over
    )
    return better


def _mean_cost(land: Land) -> float:
    return float(land.cost.mean()) if len(land.cost) and land.cost.mean() > 0 else 1.0


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


def share_of_effort(n_pieces: int, n_all: int) -> float:
    """Share of the full search for a region of ``n_pieces`` where the whole territory has ``n_all`` atoms.

    A district is searched to the full; a city of a hundred thousand blocks in small communities gets an eighth of
    that, or it would take hours.  In halves, so that a small change of the territory leaves the plans elsewhere alone.
    """
    if n_pieces > _MASTER_PIECES:
        return 1.0
    halvings = int(np.ceil(np.log2(max(n_all / _FULL_EFFORT_ATOMS, 1.0))))
    return float(0.5 ** min(halvings, _MOST_HALVINGS))


def _budget(n: int, effort: float) -> _Budget:
    """Work for a region of ``n`` pieces: many runs where they are cheap, few moves a piece where there are many."""
    if n <= 400:
        runs, steps = 8, 1_500 * n
    elif n <= _MASTER_PIECES:
        runs, steps = 6, 4_000 * n
    elif n <= 5_000:
        runs, steps = 2, 3_500 * n
    else:
        runs, steps = 1, max(100 * n, min(3_500 * n, 17_500_000))
    # Few runs need their moves, and few moves need their runs: both give way.
    runs = max(1, round(runs * effort**0.5))
    steps = max(1_000, round(steps * effort**0.5))
    return _Budget(runs, steps, min(2 * n, 20_000), round(min(20_000 * n, 30_000_000) * effort))
