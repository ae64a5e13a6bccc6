"""Every door in time with the fewest posts (set cover), or most households in time with a number of them.

Backup: where two posts are wanted within the limit, a door with one counts as not covered.
"""

from __future__ import annotations

import numpy as np

from gis.graph import BoolArray, IntArray
from gis.progress import SILENT, Progress
from partition.coverage.clock import Clock
from partition.coverage.posts.fewest import fewest
from partition.coverage.posts.given import check_question, covered, fixed_of, nearest, rank_by_cover
from partition.coverage.posts.most import most_covered
from partition.coverage.posts.served import most_served
from partition.coverage.posts.types import Goal, PostProblem, PostSiting
from partition.stop import Stop


def set_cover(
    problem: PostProblem, *, seed: int = 0, stop: Stop | None = None, progress: Progress = SILENT
) -> PostSiting:
    """Open the fewest sites, beside the fixed ones, that cover all demand that can be covered.

    Raises
    ------
    InputError
        As `check_question`.
    """
    check_question(problem, Goal.COVER)
    clock = Clock.of(stop or Stop())
    progress.stage("stage_posts_search")
    covers, can, fixed = _who_covers(problem)
    need = problem.backup - covers[:, fixed].sum(axis=1)
    left = can & (need > 0)
    free = np.setdiff1d(np.arange(covers.shape[1]), fixed)
    found = fewest(covers[np.ix_(left, free)], need[left], enough=None, seed=seed, clock=clock)
    new = free if found.cols is None else free[found.cols]
    sites = np.sort(np.concatenate([fixed, new]))
    bound = found.bound + len(fixed)
    return _answer(problem, Goal.COVER, sites, float(len(sites)), float(bound))


def max_cover(
    problem: PostProblem, *, seed: int = 0, stop: Stop | None = None, progress: Progress = SILENT
) -> PostSiting:
    """Open ``p`` sites, the fixed ones included, that cover as much weight as can be, within their capacities.

    With capacities each point is served by one site within the limit, and only served weight counts.

    Raises
    ------
    InputError
        As `check_question`.
    """
    check_question(problem, Goal.MOST)
    clock = Clock.of(stop or Stop())
    progress.stage("stage_posts_search")
    if problem.capacity is not None and np.isfinite(problem.capacity).any():
        return most_served(problem, seed=seed, clock=clock)
    covers, _, fixed = _who_covers(problem)
    found = most_covered(covers, problem.weight, problem.backup, fixed, problem.p, seed=seed, clock=clock)
    worth = float(problem.weight[covered(covers, found.cols, problem.backup)].sum())
    return _answer(problem, Goal.MOST, found.cols, worth, found.bound)


def _who_covers(problem: PostProblem) -> tuple[BoolArray, BoolArray, IntArray]:
    covers = np.isfinite(problem.cost) & (problem.cost <= problem.limit)
    return covers, covers.sum(axis=1) >= problem.backup, fixed_of(problem)


def _answer(problem: PostProblem, goal: Goal, sites: IntArray, objective: float, bound: float) -> PostSiting:
    covers, can, fixed = _who_covers(problem)
    is_met = covered(covers, sites, problem.backup)
    served = np.where(is_met, nearest(problem.cost, sites)[0], -1)
    tight = abs(objective - bound) <= 1e-9 * max(1.0, abs(bound))
    return PostSiting(
        goal,
        sites.astype(np.int32),
        objective,
        objective if tight else bound,
        tight,
        served.astype(np.int32),
        np.flatnonzero(~can).astype(np.int32),
        rank_by_cover(covers, problem.weight, problem.backup, fixed, sites),
    )
