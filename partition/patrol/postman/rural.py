"""The rural postman on any streets: windy, mixed, in pieces.

An integer program whose cuts arrive as they are broken (`partition.patrol.postman.program`); every solution in pieces
is joined into a walk, so that there is always one in hand, with a bound.  Work is counted in rounds and nodes; the
clock is a safety net.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from gis.graph import IntArray
from partition.patrol.postman.effort import Effort
from partition.patrol.postman.join import hangs_together, join_round_trips
from partition.patrol.postman.model import Model, make_model
from partition.patrol.postman.task import Task, Walk, is_same, tight


def cost_of(task: Task, passes: IntArray) -> float:
    """Seconds of balanced passes ``(links, 2)``: every required link is inspected on its cheapest pass."""
    able = np.where(passes > 0, task.extra, np.inf)[task.required]
    walked = float((passes * np.where(passes > 0, task.passing, 0.0)).sum())
    return walked + float(able.min(axis=1).sum())


def improve_walk(task: Task, walk: Walk, effort: Effort) -> Walk:
    """Raise the bound of ``walk`` and look for a better one, until they meet or the work is done."""
    model = make_model(task, is_symmetric=False)
    program = model.program
    found = program.relax(max_rounds=effort.relax_rounds, deadline=effort.deadline, ceiling=walk.cost - model.constant)
    costs = np.concatenate([task.passing[np.isfinite(task.passing)], [task.least_extra]])
    walk = _with_bound(walk, tight(found.bound + model.constant, costs))
    if found.is_walk and found.value is not None:
        return _taken(task, walk, model, found.value)
    if is_same(walk.cost, walk.bound):
        return replace(walk, proof="mip")
    program.make_whole()
    for _ in range(effort.settle_rounds):
        if time.monotonic() >= effort.deadline:
            break
        found = program.settle(deadline=effort.deadline, max_nodes=effort.nodes)
        walk = _with_bound(walk, tight(found.bound + model.constant, costs))
        if found.value is not None:
            walk = _taken(task, walk, model, found.value)
        if is_same(walk.cost, walk.bound):
            return replace(walk, proof="mip")
        if found.value is None or not program.cut_off(found.value, exact=False):
            break
    return walk


def _with_bound(walk: Walk, bound: float) -> Walk:
    return replace(walk, bound=min(max(walk.bound, bound), walk.cost))


def _taken(task: Task, walk: Walk, model: Model, value: np.ndarray) -> Walk:
    """The better of the walk in hand and what the program found, joined where it lies in pieces."""
    passes, start = model.passes(task, value)
    if not hangs_together(task, passes):
        passes = join_round_trips(task, passes)
    cost = cost_of(task, passes)
    if cost < walk.cost:
        walk = replace(walk, passes=passes, start=start, cost=cost)
    return replace(walk, proof="mip") if is_same(walk.cost, walk.bound) else walk
