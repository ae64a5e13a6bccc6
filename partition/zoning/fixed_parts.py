"""A region cut into a fixed number of parts under a tight band: many cooled walks, and a master over their parts.

Decides how the work is shared between fresh starts and returns to the best plans.  Whether a plan is the best there
is, `cut_bound` says.  Work is counted in moves; the clock of the caller only cuts it short.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numba import njit

from gis.graph import FloatArray, IntArray
from partition.zoning.columns import Columns, pool_columns
from partition.zoning.improve import random_state, uniform
from partition.zoning.master import solve_cover
from partition.zoning.problem import Land, price_columns, price_plan
from partition.zoning.seeds import tree_start
from partition.zoning.tight import Pool, make_pool, opposite_arcs, walk

_MOVES_A_PIECE = 1_500  # of one walk
_BLOCK = 12  # walks between two masters
_SMALL = 128  # up to here every lawful part met on the way is kept for the master
_CAPACITY = 20_000
# (hot, cold) in mean border costs; (soft, hard) in the same for a mean piece outside the band.  Lumpy pieces need a
# walk that stays warm and is held to the band; fine pieces one that may stray and cools down.
_SCHEDULES = ((1.5, 0.6, 4.0, 30.0), (2.5, 0.22, 0.7, 10.0))


@dataclass(frozen=True, slots=True)
class FixedParts:
    """A plan: part per piece, households outside the band (0: lawful), cost, and whether the clock cut it short."""

    part: IntArray
    outside: int
    cost: float
    was_cut: bool


def divide_into(
    land: Land, n_parts: int, *, seed: int, moves: int, deadline: float | None = None, floor: float = -np.inf
) -> FixedParts:
    """Cut a contiguous region into ``n_parts`` contiguous parts, fewest households outside the band, then cheapest.

    Parameters
    ----------
    moves
        Work limit: moves tried over all walks.
    deadline
        Of `time.monotonic`; work stops there with the best plan so far.
    floor
        No plan is cheaper than this: reaching it ends the work.
    """
    n = len(land.weight)
    steps = _MOVES_A_PIECE * max(n, 64)
    n_walks = max(2, moves // steps)
    search = _Search(land, n_parts, seed)
    was_cut = False
    for run in range(n_walks):
        # The first half looks around; the second half mostly returns to the best plans.
        share = run / n_walks
        search.one_walk(run, steps, is_fresh=share < 0.5 or run % 3 == 0)
        if run % _BLOCK == _BLOCK - 1 or run == n_walks - 1:
            search.recombine()
        if search.price[0] == 0 and search.price[1] <= floor + 1e-9:
            break
        if deadline is not None and time.monotonic() > deadline:
            was_cut = run < n_walks - 1
            search.recombine()
            break
    return FixedParts(search.part, search.price[0], search.price[1], was_cut)


class _Search:
    """What the walks have found so far."""

    def __init__(self, land: Land, n_parts: int, seed: int) -> None:
        self.land, self.n_parts, self.seed = land, n_parts, seed
        self.other = opposite_arcs(land)
        self.mean_cost = float(land.cost.mean()) if len(land.cost) and land.cost.mean() > 0 else 1.0
        self.mean_weight = max(float(land.weight.mean()), 1.0)
        self.elite: list[tuple[int, float, bytes]] = []
        self.part = np.zeros(len(land.weight), np.int64)
        self.price: tuple[int, float] = (1 << 62, np.inf)
        self.pool = make_pool(len(land.weight), 0, 0.0)
        self.has_news = False

    def one_walk(self, run: int, steps: int, *, is_fresh: bool) -> None:
        """One cooled walk, from a fresh start or from one of the best plans, half as warm."""
        state = random_state(self.seed * 1_000_003 + run)
        hot, cold, soft, hard = _SCHEDULES[run % len(_SCHEDULES)]
        if is_fresh or not self.elite:
            part = _start(self.land, self.n_parts, state)
        else:
            part = np.frombuffer(self.elite[int(uniform(state) * len(self.elite))][2], np.int64).copy()
            hot = max(0.6 * hot, 1.2 * cold)
        warm, dear = self.mean_cost, self.mean_cost / self.mean_weight
        walk(
            self.land, self.other, part, self.n_parts, steps,
            hot * warm, cold * warm, soft * dear, hard * dear, state, self.pool,
        )  # fmt: skip
        self.learn(part)

    def learn(self, part: IntArray) -> None:
        """Take a plan into the few best, parts numbered in order of their first piece."""
        _, first, back = np.unique(part, return_index=True, return_inverse=True)
        part = np.argsort(np.argsort(first))[back].astype(np.int64)
        outside, cost = price_plan(self.land, part, self.n_parts)
        entry = (int(outside), float(cost), part.tobytes())
        if entry in self.elite:
            return
        self.elite = sorted([*self.elite, entry])[:8]
        self.has_news = True
        if entry[:2] < self.price:
            self.price, self.part = entry[:2], part

    def recombine(self) -> None:
        """Best plan of lawful parts met anywhere; then keep only parts as short as good plans need."""
        land, n = self.land, len(self.land.weight)
        if self.has_news and self.elite:
            plans = [np.frombuffer(e[2], np.int64) for e in self.elite]
            columns = _columns(land, self.pool) if n <= _SMALL and self.pool.tally[0] else pool_columns(land, plans)
            columns = columns.take(np.flatnonzero(columns.outside == 0))
            chosen = solve_cover(n, columns, warm=None, max_nodes=200, effort=0.1).chosen
            if chosen is not None and len(chosen) == self.n_parts:
                part = np.zeros(n, np.int64)
                for label, j in enumerate(chosen):
                    part[columns.index[columns.start[j] : columns.start[j + 1]]] = label
                self.learn(part)
        self.has_news = False
        if n <= _SMALL:
            if len(self.pool.masks) == 0:
                self.pool = make_pool(n, _CAPACITY, 4.0 * self.price[1] / self.n_parts)
            elif 2 * self.pool.tally[0] > _CAPACITY:
                trim_pool(self.pool, _columns(land, self.pool).cost)


def _columns(land: Land, pool: Pool) -> Columns:
    """The parts of a pool, in the order met."""
    n = len(land.weight)
    masks = pool.masks[: pool.tally[0]].astype("<u8")
    bits = np.unpackbits(masks.view(np.uint8), axis=1, bitorder="little")[:, :n]
    start = np.concatenate([[0], np.cumsum(bits.sum(axis=1))]).astype(np.int64)
    index = np.nonzero(bits)[1].astype(np.int64)
    outside, cost = price_columns(land, start, index)
    return Columns(start, index, outside, cost, False)


def trim_pool(pool: Pool, cost: FloatArray) -> None:
    """Keep the cheaper quarter of the capacity; parts dropped are not met again."""
    kept = np.sort(np.argsort(cost, kind="stable")[: len(pool.masks) // 4])
    rest = pool.masks[kept]
    pool.masks[:] = 0
    pool.masks[: len(rest)] = rest
    pool.tally[0] = len(rest)


@njit(cache=True)
def _grown(land: Land, n_parts: int, state: IntArray) -> IntArray:
    """Contiguous parts grown from random pieces, the lightest part first."""
    n = len(land.weight)
    part = np.full(n, -1, np.int64)
    w = np.zeros(n_parts, np.int64)
    is_stuck = np.zeros(n_parts, np.bool_)
    for p in range(n_parts):
        v = int(uniform(state) * n)
        while part[v] >= 0:
            v = (v + 1) % n
        part[v] = p
        w[p] = land.weight[v]
    for _ in range(n + n_parts):
        light = -1
        for p in range(n_parts):
            if not is_stuck[p] and (light < 0 or w[p] < w[light]):
                light = p
        if light < 0:
            break
        count = 0
        taken = -1
        for v in range(n):
            if part[v] >= 0:
                continue
            for e in range(land.indptr[v], land.indptr[v + 1]):
                if land.link[e] and part[land.indices[e]] == light:
                    count += 1
                    if uniform(state) * count < 1.0:
                        taken = v
                    break
        if taken < 0:
            is_stuck[light] = True
        else:
            part[taken] = light
            w[light] += land.weight[taken]
    return part


def _start(land: Land, n_parts: int, state: IntArray) -> IntArray:
    """Tree cuts where they give the right number of parts, grown parts otherwise."""
    for _ in range(10):
        part = tree_start(land, state)
        if int(part.max()) + 1 == n_parts:
            return part
    return _grown(land, n_parts, state)
