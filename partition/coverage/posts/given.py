"""What a question about posts must hold, and what every goal shares: who is nearest, and in which order gains come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gis.errors import Fault, InputError
from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from partition.coverage.posts.types import Goal, PostProblem


def check_question(problem: PostProblem, goal: Goal) -> None:
    """Refuse numbers that mean nothing.

    Raises
    ------
    InputError
        ``posts_too_many`` (more posts than sites), ``posts_negative``, ``posts_cost_bad``, ``posts_weight_bad``,
        ``posts_fixed_bad``, ``posts_limit_bad``, ``posts_backup_bad``, ``posts_capacity_bad``; all at once.
    """
    n_demand, n_sites = problem.cost.shape
    faults = []
    if goal is not Goal.COVER:
        if problem.p > n_sites:
            faults.append(Fault("posts_too_many", {"measured": problem.p, "allowed": n_sites}))
        if problem.p < 0:
            faults.append(Fault("posts_negative", {"measured": problem.p}))
    bad = np.flatnonzero((~(problem.cost >= 0)).any(axis=1))
    if len(bad):
        faults.append(Fault("posts_cost_bad", {"count": len(bad), "row": int(bad[0]) + 1}))
    weight = problem.weight
    bad = np.flatnonzero(~((weight >= 0) & np.isfinite(weight)))
    if len(bad) or len(weight) != n_demand:
        faults.append(Fault("posts_weight_bad", {"count": len(bad), "row": int(bad[0]) + 1 if len(bad) else 1}))
    outside = problem.fixed[(problem.fixed < 0) | (problem.fixed >= n_sites)]
    if len(outside):
        faults.append(Fault("posts_fixed_bad", {"measured": int(outside[0]), "allowed": n_sites}))
    if goal in (Goal.COVER, Goal.MOST):
        if not problem.limit >= 0:
            faults.append(Fault("posts_limit_bad", {"measured": float(problem.limit)}))
        if problem.backup < 1:
            faults.append(Fault("posts_backup_bad", {"measured": problem.backup}))
    room = problem.capacity
    if room is not None and (len(room) != n_sites or not (room >= 0).all()):
        faults.append(Fault("posts_capacity_bad", {"row": int(np.argmin(room >= 0)) + 1 if len(room) else 1}))
    if faults:
        raise InputError.of(faults)


def fixed_of(problem: PostProblem) -> IntArray:
    """Sites that stay, each once, ascending."""
    return np.unique(problem.fixed).astype(np.int64)


def nearest(cost: FloatArray, sites: Sequence[int] | IntArray | Int32Array) -> tuple[Int32Array, FloatArray]:
    """Per demand point: the open site that is there first (the lowest of equals; -1: none comes), and when."""
    rows, at = len(cost), np.asarray(sites, np.int64)
    if not len(at) or not rows:
        return np.full(rows, -1, np.int32), np.full(rows, np.inf)
    few = cost[:, at]
    pick = few.argmin(axis=1)
    when = few[np.arange(rows), pick]
    return np.where(np.isfinite(when), at[pick], -1).astype(np.int32), when


def unserved_cost(cost: FloatArray, weight: FloatArray) -> float:
    """Time that stands for never: more than all travel together where demand is small, else a thousand longest ways."""
    far = float(np.max(cost, where=np.isfinite(cost), initial=0.0))
    if not len(weight):
        return 1.0
    # Where weights are whole, plans differ in what they leave by one at least.
    is_whole = bool((weight == np.round(weight)).all())
    return float(np.ceil(1.0 + far * min(float(weight.sum()) if is_whole else 1000.0, 1000.0)))


def covered(covers: BoolArray, sites: Sequence[int] | IntArray, backup: int) -> BoolArray:
    """Per demand point: whether enough of these sites cover it."""
    enough: BoolArray = covers[:, np.asarray(sites, np.int64)].sum(axis=1) >= backup
    return enough


def rank_by_time(
    cost: FloatArray, fixed: IntArray, sites: IntArray, measure: Callable[[FloatArray], FloatArray]
) -> dict[int, float]:
    """New sites, the one that lowers the measure most first, each with what it lowers it by.

    ``measure`` turns times (``[demand, choices]``) into one number per choice, infinite where demand is not served;
    between such choices the one that leaves less demand unserved goes first.
    """
    when = nearest(cost, fixed)[1]
    before = float(measure(when[:, None])[0])
    rest = np.setdiff1d(sites, fixed)
    gain: dict[int, float] = {}
    while len(rest):
        times = np.minimum(when[:, None], cost[:, rest])
        after = measure(times)
        best = int(np.lexsort((rest, after, np.isinf(times).sum(axis=0)))[0])
        gain[int(rest[best])] = 0.0 if np.isinf(after[best]) else before - float(after[best])
        before, when = float(after[best]), times[:, best]
        rest = np.delete(rest, best)
    return gain


def rank_by_cover(
    covers: BoolArray, weight: FloatArray, backup: int, fixed: IntArray, sites: IntArray
) -> dict[int, float]:
    """New sites, the one that newly covers most weight first, each with that weight."""
    count = covers[:, fixed].sum(axis=1)
    rest = np.setdiff1d(sites, fixed)
    gain: dict[int, float] = {}
    while len(rest):
        short = np.maximum(backup - count, 0)
        full = weight @ ((short[:, None] == 1) & covers[:, rest])
        part = (weight * (short > 1)) @ covers[:, rest]
        best = int(np.lexsort((rest, -part, -full))[0])
        gain[int(rest[best])] = float(full[best])
        count = count + covers[:, rest[best]]
        rest = np.delete(rest, best)
    return gain
