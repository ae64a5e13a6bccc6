"""A region cut into a fixed number of parts under a tight band: many cooled walks, and a master over their parts.

Decides how the work is shared between fresh starts and returns to the best plans.  Whether a plan is the best there
is, `cut_bound` says.  Work is counted in moves; the clock of the caller only cuts it short.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit

from gis.graph import BoolArray, FloatArray, IntArray
from partition.zoning.columns import Columns, enumerate_columns, pool_columns
from partition.zoning.improve import random_state, uniform
from partition.zoning.master import solve_cover
from partition.zoning.problem import Land, price_columns, price_plan
from partition.zoning.seeds import tree_start
from partition.zoning.tight import Pool, make_pool, opposite_arcs, walk

_ELITE = 24  # plans kept to return to
_SMALL = 128  # up to here every lawful part met on the way is kept for the master
_CAPACITY = 20_000
_MAX_BRANCHES = 1_000_000
_FIRST_PARTS = 3_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a walk cools: temperatures in mean border costs, prices of a mean piece outside the band in the same."""

    hot: float
    cold: float
    soft: float
    hard: float
    moves_a_piece: int
    block: int  # walks between two masters


# Lumpy pieces (a mean piece is more than the band is wide): many short walks that stay warm and are held to the
# band; few of their plans are good, but their lawful parts fit together.  Fine pieces: long walks that may stray.
_SHORT = Schedule(1.2, 0.6, 10.0, 60.0, 200, 80)
_LUMPY = (_SHORT, _SHORT, _SHORT, Schedule(1.5, 0.6, 4.0, 30.0, 200, 80))
_LONG = Schedule(2.5, 0.22, 0.7, 10.0, 1_500, 12)
_FINE = (_LONG, _LONG, _LONG, Schedule(1.5, 0.6, 4.0, 30.0, 1_500, 12))


@dataclass(frozen=True, slots=True)
class FixedParts:
    """A plan.

    Attributes
    ----------
    part
        Part per piece.
    outside, cost
        Households outside the band (0: lawful), and cost.
    was_cut
        The clock cut the work short.
    lawful_parts
        Short lawful parts met on the way, pieces ascending in each: where a bound may take its first prices from.
    """

    part: IntArray
    outside: int
    cost: float
    was_cut: bool
    lawful_parts: list[IntArray]


def no_floor() -> float:
    """Nothing is known about how cheap a plan can be."""
    return -np.inf


def divide_into(
    land: Land,
    n_parts: int,
    *,
    seed: int,
    moves: int,
    deadline: float | None = None,
    floor: Callable[[], float] = no_floor,
) -> FixedParts:
    """Cut a contiguous region into ``n_parts`` contiguous parts, fewest households outside the band, then cheapest.

    Parameters
    ----------
    moves
        Work limit: moves tried over all walks.
    deadline
        Of `time.monotonic`; work stops there with the best plan so far.
    floor
        Asked after each walk: no plan is cheaper than this.  Reaching it ends the work, and changes no answer:
        a plan is only ever replaced by a better one.
    """
    exact = _enumerated(land, n_parts)
    if exact is not None:
        return exact
    search = _Search(land, n_parts, seed)
    steps = search.schedules[0].moves_a_piece * max(len(land.weight), 64)
    block = search.schedules[0].block
    n_walks = max(2, moves // steps)
    was_cut = False
    for run in range(n_walks):
        # The first half looks around; the second half mostly returns to the best plans.
        share = run / n_walks
        search.one_walk(run, steps, is_fresh=share < 0.5 or run % 3 == 0)
        if run % block == block - 1 or run == n_walks - 1:
            search.recombine()
        if search.price[0] == 0 and search.price[1] <= floor() + 1e-9:
            break
        if deadline is not None and time.monotonic() > deadline:
            was_cut = run < n_walks - 1
            search.recombine()
            break
    return FixedParts(search.part, search.price[0], search.price[1], was_cut, search.lawful_parts())


def _enumerated(land: Land, n_parts: int) -> FixedParts | None:
    """The best plan of a region so small that every lawful part can be listed; ``None``: it is not, or has none."""
    n = len(land.weight)
    columns = enumerate_columns(land, land.lo, land.hi, max_columns=_CAPACITY, max_nodes=_MAX_BRANCHES)
    if columns is None:
        return None
    answer = solve_cover(n, columns, warm=None, max_nodes=2_000, effort=1.0)
    if answer.chosen is None or not answer.is_optimal or len(answer.chosen) != n_parts:
        return None
    part = labels_of(n, columns, answer.chosen)
    outside, cost = price_plan(land, part, n_parts)
    return FixedParts(part, int(outside), float(cost), False, members_of(columns))


def labels_of(n: int, columns: Columns, chosen: IntArray) -> IntArray:
    """Part per piece of a plan given by its columns."""
    part = np.zeros(n, np.int64)
    for label, j in enumerate(chosen):
        part[columns.index[columns.start[j] : columns.start[j + 1]]] = label
    return part


def members_of(columns: Columns) -> list[IntArray]:
    """The pieces of each column."""
    return [columns.index[columns.start[j] : columns.start[j + 1]] for j in range(len(columns))]


class _Search:
    """What the walks have found so far."""

    def __init__(self, land: Land, n_parts: int, seed: int) -> None:
        self.land, self.n_parts, self.seed = land, n_parts, seed
        self.other = opposite_arcs(land)
        self.mean_cost = float(land.cost.mean()) if len(land.cost) and land.cost.mean() > 0 else 1.0
        self.mean_weight = max(float(land.weight.mean()), 1.0)
        is_lumpy = self.mean_weight > land.hi - land.lo
        self.schedules = _LUMPY if is_lumpy else _FINE
        self.elite: list[tuple[int, float, bytes]] = []
        self.part = np.zeros(len(land.weight), np.int64)
        self.price: tuple[int, float] = (1 << 62, np.inf)
        self.pool = make_pool(len(land.weight), 0, 0.0)
        self.has_news = False

    def one_walk(self, run: int, steps: int, *, is_fresh: bool) -> None:
        """One cooled walk, from a fresh start or from one of the best plans, half as warm."""
        state = random_state(self.seed * 1_000_003 + run)
        schedule = self.schedules[run % len(self.schedules)]
        hot, cold = schedule.hot, schedule.cold
        active = np.ones(self.n_parts, np.bool_)
        if is_fresh or not self.elite:
            part = _start(self.land, self.n_parts, state)
        else:
            part = np.frombuffer(self.elite[int(uniform(state) * len(self.elite))][2], np.int64).copy()
            if self.n_parts > 2 and uniform(state) < 0.75:
                # Melt two or three neighbours only: their parts are cut anew, the rest keeps its good cut.
                active = _neighbours(self.land, part, self.n_parts, 2 if uniform(state) < 0.6 else 3, state)
                steps //= 2
            else:
                hot = max(0.6 * hot, 1.2 * cold)
        warm, dear = self.mean_cost, self.mean_cost / self.mean_weight
        walk(
            self.land, self.other, part, self.n_parts, steps,
            hot * warm, cold * warm, schedule.soft * dear, schedule.hard * dear, state, self.pool, active,
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
        self.elite = sorted([*self.elite, entry])[:_ELITE]
        self.has_news = True
        if entry[:2] < self.price:
            self.price, self.part = entry[:2], part

    def lawful_parts(self) -> list[IntArray]:
        """The cheapest lawful parts kept, and those of the best plans."""
        columns = pool_columns(self.land, [np.frombuffer(e[2], np.int64) for e in self.elite])
        groups = [columns.take(np.flatnonzero(columns.outside == 0))]
        if self.pool.tally[0]:
            met = _columns(self.land, self.pool)
            groups.append(met.take(np.argsort(met.cost, kind="stable")[:_FIRST_PARTS]))
        return [part for group in groups for part in members_of(group)]

    def recombine(self) -> None:
        """Best plan of lawful parts met anywhere; then keep only parts as short as good plans need."""
        land, n = self.land, len(self.land.weight)
        if self.has_news and self.elite:
            plans = [np.frombuffer(e[2], np.int64) for e in self.elite]
            columns = _columns(land, self.pool) if n <= _SMALL and self.pool.tally[0] else pool_columns(land, plans)
            columns = columns.take(np.flatnonzero(columns.outside == 0))
            chosen = solve_cover(n, columns, warm=None, max_nodes=200, effort=0.1).chosen
            if chosen is not None and len(chosen) == self.n_parts:
                part = labels_of(n, columns, chosen)
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


@njit(cache=True)
def _neighbours(land: Land, part: IntArray, n_parts: int, count: int, state: IntArray) -> BoolArray:
    """Mark ``count`` parts that hang together, at random."""
    chosen = np.zeros(n_parts, np.bool_)
    chosen[part[int(uniform(state) * len(part))]] = True
    left = count - 1
    for _ in range(200 * len(part)):
        if left == 0:
            break
        v = int(uniform(state) * len(part))
        if not chosen[part[v]]:
            continue
        for e in range(land.indptr[v], land.indptr[v + 1]):
            if not chosen[part[land.indices[e]]]:
                chosen[part[land.indices[e]]] = True
                left -= 1
                break
    return chosen


def _start(land: Land, n_parts: int, state: IntArray) -> IntArray:
    """Tree cuts where they give the right number of parts, grown parts otherwise."""
    for _ in range(10):
        part = tree_start(land, state)
        if int(part.max()) + 1 == n_parts:
            return part
    return _grown(land, n_parts, state)
