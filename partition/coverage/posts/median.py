"""All doors soonest on average (p-median): interchange from many starts, the Lagrangian bound, then branching on sites.

What no plan serves at all counts so dear that as much weight as can be is served first; where some is left, the bound
is on plans that serve at least as much.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray
from gis.progress import SILENT, Progress
from partition.coverage.clock import Clock
from partition.coverage.posts.given import check_question, fixed_of, nearest, rank_by_time, unserved_cost
from partition.coverage.posts.lagrange import Lists, Relaxed, make_lists, tighten
from partition.coverage.posts.median_kernels import interchange, shake
from partition.coverage.posts.served import median_served
from partition.coverage.posts.types import Goal, PostProblem, PostSiting
from partition.stop import Stop

_STARTS = 4
_KICKS = 60
_ROUNDS = 2000
_NODE_ROUNDS = 100
_NODE_PACE = 0.3
_NODES = 5000
_POINT_NODES = 4_000_000
_ENTRIES = 400_000_000
_TINY = 1e-9


def p_median(
    problem: PostProblem, *, seed: int = 0, stop: Stop | None = None, progress: Progress = SILENT
) -> PostSiting:
    """Open ``p`` sites so that weight times time, summed over all demand, is least, within the capacities.

    Where the sites are too few (or too small) to serve all demand, they serve as much weight as they can first; the
    objective sums what is served.

    Raises
    ------
    InputError
        As `check_question`.
    """
    check_question(problem, Goal.MEDIAN)
    clock = Clock.of(stop or Stop())
    if problem.capacity is not None and np.isfinite(problem.capacity).any():
        progress.stage("stage_posts_search")
        return median_served(problem, choose_sites, seed=seed, clock=clock)
    fixed = fixed_of(problem)
    can = np.isfinite(problem.cost).any(axis=1)
    rows = np.flatnonzero(can & (problem.weight > 0))
    dear, weight = problem.cost[rows], problem.weight[rows]
    penalty = unserved_cost(dear, weight)
    dear[np.isinf(dear)] = penalty
    dear *= weight[:, None]
    sites, bound = choose_sites(dear, fixed, problem.p, seed=seed, clock=clock, progress=progress)
    served, when = nearest(problem.cost, sites)
    is_served = np.isfinite(when[rows])
    objective = float(weight[is_served] @ when[rows][is_served])
    left = float(weight[~is_served].sum())
    if not len(sites):
        bound = penalty * left
    total = objective + penalty * left
    is_proved = bound >= total - _TINY * max(1.0, total)
    return PostSiting(
        Goal.MEDIAN,
        sites.astype(np.int32),
        objective,
        objective if is_proved else float(np.clip(bound - penalty * left, 0.0, objective)),
        is_proved,
        served,
        np.flatnonzero(~can).astype(np.int32),
        rank_by_time(problem.cost, fixed, sites, lambda times: weight @ times[rows]),
    )


@dataclass(slots=True)
class _Search:
    """The best plan so far; cost per site of every point."""

    cost: FloatArray
    lists: Lists
    fixed: IntArray
    sites: IntArray
    total: float
    tiny: float

    def look(self, sites: IntArray) -> float:
        """Improve these sites by swaps; returns the cost of the best plan."""
        mine = np.concatenate([self.fixed, np.setdiff1d(sites, self.fixed)]).astype(np.int64)
        total = interchange(self.cost, self.lists, mine, len(self.fixed), self.tiny)
        if total < self.total - self.tiny:
            self.sites, self.total = mine, self.exact(mine)
        return self.total

    def exact(self, sites: IntArray) -> float:
        """Cost of these sites, free of the rounding of many small changes."""
        return float(self.cost[:, sites].min(axis=1).sum())


def choose_sites(
    cost: FloatArray, fixed: IntArray, p: int, *, seed: int, clock: Clock, progress: Progress = SILENT
) -> tuple[IntArray, float]:
    """Sites (the fixed ones included) at least cost, all finite, and the bound on any choice."""
    n, m = cost.shape
    if p <= len(fixed) or not n or p >= m:
        sites = fixed if p <= len(fixed) else fixed if not n and p == 0 else _any(fixed, p, m)
        return sites, float(cost[:, sites].min(axis=1).sum()) if n and len(sites) else 0.0
    is_whole = bool((cost == np.round(cost)).all()) and float(cost.max()) * n < 2.0**52
    # Points that no other site serves better than those open for good are settled.
    most = cost[:, fixed].min(axis=1, initial=np.inf)
    open_ = np.flatnonzero(cost.min(axis=1) < most)
    settled = float(np.delete(most, open_).sum())
    if not len(open_):
        return _any(fixed, p, m), settled
    cost = np.ascontiguousarray(cost[open_] if len(open_) < n else cost)
    most = most[open_]
    tiny = _TINY * max(1.0, float(cost.max()))
    search = _Search(cost, make_lists(cost, most), fixed, _any(fixed, p, m), np.inf, tiny)
    progress.stage("stage_posts_search")
    _explore(search, p, seed, clock)
    progress.stage("stage_posts_bound")
    step = 1.0 - 1e-6 if is_whole else max(_TINY * search.total, 1e-12)
    ends = np.sort(cost[:, search.sites], axis=1)
    price = ends[:, 0] if p == 1 else (ends[:, 0] + np.minimum(ends[:, 1], np.median(cost, axis=1))) / 2
    is_in = np.isin(np.arange(m), fixed)
    price = np.minimum(np.maximum(price, ends[:, 0]), most)
    state = Relaxed(search.lists, most, np.zeros(m, bool), is_in, price, is_in.astype(np.float64), 0.0)
    tighten(state, p, search.total, step, clock.work(_ROUNDS), clock, search.look)
    bound = state.bound
    if bound <= search.total - step:
        progress.stage("stage_posts_prove")
        bound = _prove(state, search, p, step, clock)
    if is_whole and np.isfinite(bound):
        bound = float(np.ceil(bound - 1e-6))
    bound = search.total if bound > search.total - step else bound
    return np.sort(search.sites), bound + settled


def _any(fixed: IntArray, p: int, m: int) -> IntArray:
    free = np.setdiff1d(np.arange(m), fixed)
    return np.sort(np.concatenate([fixed, free[: max(p - len(fixed), 0)]]))


def _explore(search: _Search, p: int, seed: int, clock: Clock) -> None:
    """A few starts by chance, then kicks from the best."""
    n, m = search.cost.shape
    chance = np.random.default_rng(seed)
    free = np.setdiff1d(np.arange(m), search.fixed)
    for _ in range(_STARTS):
        search.look(chance.permutation(free)[: p - len(search.fixed)])
        if clock.is_over:
            return
    state = np.array([seed], np.uint64)
    for kick in range(clock.work(max(6, min(_KICKS, _ENTRIES // (n * m))))):
        sites = search.sites.copy()
        shake(sites, len(search.fixed), m, 2 + (p - len(search.fixed)) // (8 + 4 * (kick % 3)), state)
        search.look(sites)
        if clock.is_over:
            return


def _prove(root: Relaxed, search: _Search, p: int, step: float, clock: Clock) -> float:
    """Branch on sites, the least bound first, until no better plan can be left; returns the bound."""
    keep = np.flatnonzero(~root.is_out)
    few = np.ascontiguousarray(search.cost[:, keep])
    none: BoolArray = np.zeros(len(keep), bool)
    lists = make_lists(few, root.most)
    root = Relaxed(lists, root.most, none, root.is_in[keep], root.price, root.often[keep], root.bound)
    queue: list[tuple[float, int, Relaxed]] = [(root.bound, 0, root)]
    nodes, most = 0, clock.work(min(_NODES, _POINT_NODES // len(search.cost)))
    while queue and queue[0][0] <= search.total - step:
        if nodes >= most or clock.is_over:
            return queue[0][0]
        parent = heapq.heappop(queue)[2]
        free = np.flatnonzero(~parent.is_in & ~parent.is_out)
        if not len(free):
            search.look(keep[parent.is_in])
            continue
        site = free[np.abs(parent.often[free] - 0.5).argmin()]
        for marks in ("is_in", "is_out"):
            child = parent.copy()
            getattr(child, marks)[site] = True
            tighten(
                child, p, search.total, step, _NODE_ROUNDS, clock, lambda open_: search.look(keep[open_]), _NODE_PACE
            )
            nodes += 1
            if child.bound <= search.total - step:
                heapq.heappush(queue, (child.bound, nodes, child))
    return search.total
