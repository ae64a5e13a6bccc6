"""The last door soonest (p-center): bisection over the distinct times, each step a question of covering.

Follows Minieka (1970) with the reductions of `partition.coverage.posts.table`; weights do not matter here.
"""

from __future__ import annotations

import numpy as np

from gis.graph import FloatArray, IntArray
from gis.progress import SILENT, Progress
from partition.coverage.clock import Clock
from partition.coverage.posts.fewest import fewest
from partition.coverage.posts.given import check_question, fixed_of, nearest, rank_by_time
from partition.coverage.posts.most import most_covered
from partition.coverage.posts.types import Goal, PostProblem, PostSiting
from partition.stop import Stop


def p_center(
    problem: PostProblem, *, seed: int = 0, stop: Stop | None = None, progress: Progress = SILENT
) -> PostSiting:
    """Open sites so that the demand that is reached last is reached as soon as can be.

    Where the sites are too few to reach all demand that some site reaches, the objective is infinite; then they reach
    as much weight as they can, and that as soon as can be.

    Raises
    ------
    InputError
        As `check_question`.
    """
    check_question(problem, Goal.CENTER)
    clock = Clock.of(stop or Stop())
    cost, fixed = problem.cost, fixed_of(problem)
    can = np.isfinite(cost).any(axis=1)
    rows = np.flatnonzero(can)
    progress.stage("stage_posts_search")
    if problem.p <= len(fixed):
        sites = fixed
        bound = _last(cost[rows], sites)
    else:
        sites, bound = _choose(cost[rows], problem.weight[rows], fixed, problem.p, seed, clock)
        sites = _fill(cost[rows], sites, problem.p)
    served, when = nearest(cost, sites)
    last = float(when[rows].max(initial=0.0))
    gain = rank_by_time(cost[rows], fixed, sites, lambda times: times.max(axis=0, initial=0.0))
    bound = min(bound, last)
    return PostSiting(
        Goal.CENTER,
        sites.astype(np.int32),
        last,
        bound,
        bound >= last,
        served,
        np.flatnonzero(~can).astype(np.int32),
        gain,
    )


def _last(cost: FloatArray, sites: IntArray) -> float:
    return float(nearest(cost, sites)[1].max(initial=0.0))


def _choose(
    cost: FloatArray, weight: FloatArray, fixed: IntArray, p: int, seed: int, clock: Clock
) -> tuple[IntArray, float]:
    """Sites and the least time there can be."""
    times = np.unique(cost[np.isfinite(cost)])
    if not len(times):
        return fixed, 0.0
    best = _farthest_first(cost, fixed, p)
    last = _last(cost, best)
    if np.isinf(last):
        found, bound = _cover(cost, fixed, p, float(times[-1]), seed, clock)
        if found is None:
            reach = most_covered(np.isfinite(cost), weight + 1e-9, 1, fixed, p, seed=seed, clock=clock)
            if bound <= p:
                return reach.cols, float(times[0])
            rows = np.flatnonzero(np.isfinite(cost[:, reach.cols]).any(axis=1))
            return _choose(cost[rows], weight[rows], fixed, p, seed, clock)[0], np.inf
        best, last = found, _last(cost, found)
    # Nobody is reached sooner than by all sites together.
    low = int(np.searchsorted(times, cost.min(axis=1).max()))
    high = int(np.searchsorted(times, last))
    sure = low
    while low < high:
        middle = (low + high) // 2
        found, bound = _cover(cost, fixed, p, float(times[middle]), seed, clock)
        if found is not None:
            best = found
            high = int(np.searchsorted(times, _last(cost, found)))
        else:
            low = middle + 1
            sure = middle + 1 if bound > p else sure
    return best, float(times[sure])


def _cover(
    cost: FloatArray, fixed: IntArray, p: int, limit: float, seed: int, clock: Clock
) -> tuple[IntArray | None, int]:
    covers = cost <= limit
    left = ~covers[:, fixed].any(axis=1)
    if not covers[left].any(axis=1).all():
        return None, p + 1
    free = np.setdiff1d(np.arange(cost.shape[1]), fixed)
    table = covers[np.ix_(left, free)]
    found = fewest(table, np.ones(len(table), np.int64), enough=p - len(fixed), seed=seed, clock=clock)
    if found.cols is None:
        return None, found.bound + len(fixed)
    return np.sort(np.concatenate([fixed, free[found.cols]])), found.bound + len(fixed)


def _farthest_first(cost: FloatArray, fixed: IntArray, p: int) -> IntArray:
    """Each time the best site for whoever is reached last (Gonzalez, 1985, but for sites that are not demand)."""
    sites = fixed.tolist()
    when = nearest(cost, fixed)[1]
    if not sites:
        when = cost.min(axis=1) + 1.0
    is_open = np.zeros(cost.shape[1], bool)
    is_open[fixed] = True
    while len(sites) < p:
        far = int(when.argmax())
        near = np.where(is_open, np.inf, cost[far])
        site = int(near.argmin())
        if np.isinf(near[site]) or (sites and when[far] <= 0):
            break
        when = cost[:, site].copy() if not sites else np.minimum(when, cost[:, site])
        is_open[site] = True
        sites.append(site)
    return np.sort(np.array(sites, np.int64))


def _fill(cost: FloatArray, sites: IntArray, p: int) -> IntArray:
    """Posts left over go where they shorten the sum of all times most."""
    when = nearest(cost, sites)[1]
    when = np.where(np.isfinite(when), when, np.nan_to_num(cost, posinf=0.0).max(initial=0.0) * 2 + 1)
    chosen = sites.tolist()
    while len(chosen) < p:
        total = np.minimum(when[:, None], cost).sum(axis=0)
        total[chosen] = np.inf
        best = int(total.argmin())
        chosen.append(best)
        when = np.minimum(when, cost[:, best])
    return np.sort(np.array(chosen, np.int64))
