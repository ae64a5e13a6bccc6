"""Posts that can serve only so much: sites and who is served by which, one site per point.

Small questions are integer programs from the plan found by search.  For large ones the bound is that of posts without
limits, and that no more can be served than the largest posts hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_array, csc_array, csr_array, diags_array

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from partition.coverage.clock import Clock
from partition.coverage.posts.given import covered, fixed_of, nearest, rank_by_cover, rank_by_time, unserved_cost
from partition.coverage.posts.most import most_covered
from partition.coverage.posts.served_kernels import serve_all
from partition.coverage.posts.types import Goal, PostProblem, PostSiting
from partition.coverage.program import at_most, hand_over, make_model, run_integer, set_whole

_SWAP_WORK = 200_000_000
_MOST_PAIRS = 20_000
_TINY = 1e-9

Choose = Callable[..., tuple[IntArray, float]]


@dataclass(frozen=True, slots=True)
class _Task:
    """Serve as much worth as can be.  Only points with weight that some site may serve."""

    worth: FloatArray
    weight: FloatArray
    room: FloatArray
    covers: BoolArray
    backup: int
    fixed: IntArray
    p: int

    @property
    def tiny(self) -> float:
        """Worth that does not count."""
        return _TINY * max(1.0, float(self.worth.max(initial=0.0)))

    def serve(self, sites: IntArray) -> tuple[float, IntArray]:
        """(Worth, site per point or -1) with these sites open."""
        if not len(sites):
            return 0.0, np.full(len(self.weight), -1, np.int64)
        met = covered(self.covers, sites, self.backup)
        best = (-1.0, np.zeros(0, np.int64))
        few = np.sort(self.worth[:, sites], axis=1)
        regret = few[:, -1] - (np.maximum(few[:, -2], 0.0) if len(sites) > 1 else 0.0)
        for key in (-self.weight, -regret, -regret / self.weight):
            order = np.argsort(key, kind="stable")
            total, slot = serve_all(self.worth, self.weight, self.room, sites, met, order, self.tiny)
            if total > best[0] + self.tiny:
                best = (total, np.where(slot >= 0, sites[slot], -1))
        return best


def median_served(problem: PostProblem, choose: Choose, *, seed: int, clock: Clock) -> PostSiting:
    """Answer of `Goal.MEDIAN` with capacities; ``choose`` finds sites without them."""
    fixed = fixed_of(problem)
    reach = np.isfinite(problem.cost)
    can = reach.any(axis=1)
    rows = np.flatnonzero(can & (problem.weight > 0))
    cost, weight = problem.cost[rows], problem.weight[rows]
    penalty = unserved_cost(cost, weight)
    dear = weight[:, None] * np.where(reach[rows], cost, penalty)
    task = _task(problem, rows, np.where(reach[rows], weight[:, None] * penalty - dear, -1.0), reach[rows], 1)
    begin, low = choose(dear, fixed, problem.p, seed=seed, clock=clock)
    everything = penalty * float(weight.sum())
    if not len(begin):
        low = everything
    sites, served, high = _search(task, begin, everything - low, clock)
    at = np.flatnonzero(served >= 0)
    times = cost[at, served[at]]
    objective = float(weight[at] @ times)
    left = float(weight.sum() - weight[at].sum())
    # Whoever serves at least this much pays no less than the cheapest shares of demand that make so much.
    bound = max(
        everything - high - penalty * left, _cheapest(cost.min(axis=1, initial=np.inf), weight, weight[at].sum())
    )
    whole = _back(problem, rows, served, sites, reach)
    gain = rank_by_time(cost, fixed, sites, lambda when: weight @ when)
    return _answer(Goal.MEDIAN, problem, sites, objective, min(bound, objective), whole, ~can, gain)


def _cheapest(cost: FloatArray, weight: FloatArray, served: float) -> float:
    order = np.argsort(cost, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(weight[order])[:-1]])
    return float((np.clip(served - before, 0.0, weight[order]) * cost[order]).sum())


def most_served(problem: PostProblem, *, seed: int, clock: Clock) -> PostSiting:
    """Answer of `Goal.MOST` with capacities."""
    fixed = fixed_of(problem)
    covers = np.isfinite(problem.cost) & (problem.cost <= problem.limit)
    can = covers.sum(axis=1) >= problem.backup
    rows = np.flatnonzero(can & (problem.weight > 0))
    weight = problem.weight[rows]
    task = _task(problem, rows, np.where(covers[rows], weight[:, None], -1.0), covers[rows], problem.backup)
    begin = most_covered(covers[rows], weight, problem.backup, fixed, problem.p, seed=seed, clock=clock)
    sites, served, bound = _search(task, begin.cols, begin.bound, clock)
    objective = float(weight[served >= 0].sum())
    if (weight == np.round(weight)).all():
        bound = float(np.floor(bound + 1e-6))
    met = covers & covered(covers, sites, problem.backup)[:, None]
    whole = _back(problem, rows, served, sites, met)
    gain = rank_by_cover(covers, problem.weight, problem.backup, fixed, sites)
    return _answer(Goal.MOST, problem, sites, objective, max(bound, objective), whole, ~can, gain)


def _task(problem: PostProblem, rows: IntArray, worth: FloatArray, covers: BoolArray, backup: int) -> _Task:
    assert problem.capacity is not None
    weight = problem.weight[rows]
    # A site too small for a point can not serve it, though it may back it up.
    worth = np.where(problem.capacity >= weight[:, None], worth, -1.0)
    return _Task(worth, weight, problem.capacity.astype(float), covers, backup, fixed_of(problem), problem.p)


def _back(problem: PostProblem, rows: IntArray, served: IntArray, sites: IntArray, may: BoolArray) -> Int32Array:
    """Serving site per point of the problem; points without weight go to the nearest."""
    whole = np.full(len(problem.cost), -1, np.int32)
    free = np.flatnonzero(problem.weight == 0)
    whole[free] = nearest(np.where(may[free], problem.cost[free], np.inf), sites)[0]
    whole[rows] = served
    return whole


def _answer(
    goal: Goal,
    problem: PostProblem,
    sites: IntArray,
    objective: float,
    bound: float,
    served: Int32Array,
    cannot: BoolArray,
    gain: dict[int, float],
) -> PostSiting:
    is_proved = abs(objective - bound) <= _TINY * max(1.0, abs(bound))
    bound = objective if is_proved else bound
    out = np.flatnonzero(cannot).astype(np.int32)
    return PostSiting(goal, sites.astype(np.int32), objective, bound, is_proved, served, out, gain)


def _search(task: _Task, begin: IntArray, bound: float, clock: Clock) -> tuple[IntArray, IntArray, float]:
    """(Sites, site per point, worth that no plan exceeds)."""
    n, m = task.worth.shape
    p = max(task.p, len(task.fixed))
    free = np.setdiff1d(np.arange(m), task.fixed)
    by_room = free[np.lexsort((free, -task.room[free]))]
    biggest = float(task.room[task.fixed].sum() + task.room[by_room[: p - len(task.fixed)]].sum())
    # Those that stay come first: the search swaps the others.
    wanted = np.concatenate([np.setdiff1d(begin, task.fixed), np.setdiff1d(by_room, begin, assume_unique=True)])
    starts = [np.concatenate([task.fixed, wanted])[:p]]
    starts.append(np.concatenate([task.fixed, by_room])[:p])
    sites, (total, served) = max(((s, task.serve(s)) for s in starts), key=lambda pair: pair[1][0])
    if biggest <= 0 or not n or task.p <= len(task.fixed):
        bound = min(bound, total) if not n or biggest <= 0 else bound
    looks, helped = clock.work(max(1, _SWAP_WORK // (200 * n * max(p, 1) + 1))), task.p > len(task.fixed)
    while helped and looks > 0:
        helped = False
        for k in range(len(task.fixed), len(sites)):
            for site in np.setdiff1d(free, sites):
                looks -= 1
                if looks <= 0 or clock.is_over:
                    break
                tried = sites.copy()
                tried[k] = site
                better, who = task.serve(tried)
                if better > total + task.tiny:
                    sites, total, served, helped = tried, better, who, True
        if clock.is_over:
            break
    if total < bound - task.tiny and n * m and int((task.worth >= 0).sum()) <= _MOST_PAIRS:
        sites, served, bound = _integer(task, sites, served, total, bound, clock)
    return np.sort(sites), served, bound


def _integer(
    task: _Task, sites: IntArray, served: IntArray, total: float, bound: float, clock: Clock
) -> tuple[IntArray, IntArray, float]:
    """Columns: sites, then a pair of point and site each, then (with backup) points that are met."""
    n, m = task.worth.shape
    at, to = np.nonzero(task.worth >= 0)
    k = len(at)
    pair = np.arange(k)
    ones = np.ones(k)
    per_point = csr_array((ones, (at, pair)), shape=(n, k))
    per_site = csr_array((task.weight[at], (to, pair)), shape=(m, k))
    link = csr_array((ones, (pair, to)), shape=(k, m))
    room = np.minimum(task.room, task.weight.sum())
    met = csr_array(task.covers.astype(float))
    table = csc_array(
        block_array(
            [
                [None, -per_point],
                [diags_array(room), -per_site],
                [link, -diags_array(ones)],
                [met, -task.backup * per_point],
            ]
        )
    )
    least = np.concatenate([-np.ones(n), np.zeros(m + k + n)])
    scale = max(float(task.worth.max()), 1.0)
    model = make_model(np.concatenate([np.zeros(m), -task.worth[at, to] / scale]), np.ones(m + k), table, least)
    at_most(model, m, max(task.p, len(task.fixed)))
    for site in task.fixed:
        model.changeColBounds(int(site), 1.0, 1.0)
    set_whole(model, np.arange(m + k))
    hand_over(model, np.concatenate([np.isin(np.arange(m), sites), served[at] == to]).astype(float))
    value, low, _ = run_integer(model, clock)
    bound = min(bound, -low * scale + task.tiny)
    if value is not None:
        chosen = np.flatnonzero(value[:m] > 0.5)
        who = np.full(n, -1, np.int64)
        on = np.flatnonzero(value[m:] > 0.5)
        who[at[on]] = to[on]
        if _is_lawful(task, chosen, who) and task.worth[np.flatnonzero(who >= 0), who[who >= 0]].sum() > total:
            return chosen, who, bound
    return sites, served, bound


def _is_lawful(task: _Task, sites: IntArray, served: IntArray) -> bool:
    """An integer program is believed only after a recount."""
    on = np.flatnonzero(served >= 0)
    load = np.bincount(served[on], weights=task.weight[on], minlength=len(task.room))
    return bool(
        len(sites) <= max(task.p, len(task.fixed))
        and np.isin(task.fixed, sites).all()
        and np.isin(served[on], sites).all()
        and (load <= task.room * (1 + 1e-12)).all()
        and covered(task.covers, sites, task.backup)[on].all()
    )
