"""The rural postman on any streets: windy, mixed, in pieces.

Linear programs whose cuts arrive as they are broken (`partition.patrol.postman.program`), then branching; solutions
are rounded to walks, so that there is always one in hand, with a bound.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gis.graph import FloatArray, IntArray
from partition.patrol.postman.branch import raise_bound
from partition.patrol.postman.directed import circulate
from partition.patrol.postman.effort import Effort
from partition.patrol.postman.join import drop_idle, joining_links
from partition.patrol.postman.model import make_model
from partition.patrol.postman.task import Task, Walk, tight


def cost_of(task: Task, passes: IntArray) -> float:
    """Seconds of balanced passes ``(links, 2)``: every required link is inspected on its cheapest pass."""
    able = np.where(passes > 0, task.extra, np.inf)[task.required]
    walked = float((passes * np.where(passes > 0, task.passing, 0.0)).sum())
    return walked + float(able.min(axis=1).sum())


def round_to_walk(task: Task, value: FloatArray, start: int, end: int) -> IntArray:
    """A walk near passes that are not whole: required links in their likelier direction, what joins them, and a flow
    that balances both.
    """
    able = np.isfinite(task.passing)
    likely = np.where(able & (np.isfinite(task.extra) | ~task.required[:, None]), value, -1.0)
    dear = np.where(able, task.passing, np.inf)
    likelier = np.where(likely[:, 0] == likely[:, 1], dear[:, 1] < dear[:, 0], likely[:, 1] > likely[:, 0]).astype(int)
    lure = np.clip(1.0 - value.sum(axis=1), 0.0, 1.0)[:, None] * np.where(able, task.passing, 0.0)
    joining = joining_links(task, task.required, np.where(able, lure, np.inf))
    low = np.zeros(value.shape)
    chosen = np.flatnonzero(task.required | joining)
    low[chosen, likelier[chosen]] = 1.0
    passes, _ = circulate(task, low, start=start, end=end)
    return drop_idle(task, passes)


def improve_walk(task: Task, walk: Walk, effort: Effort) -> Walk:
    """Raise the bound of ``walk`` and look for a better one, until they meet or the work is done."""
    model = make_model(task, is_symmetric=False)
    costs = np.append(task.passing, task.least_extra)
    best = walk

    def lift(bound: float) -> float:
        return tight(bound + model.constant, costs) - model.constant

    def look(value: FloatArray, is_walk: bool) -> float:
        nonlocal best
        if is_walk:
            passes, start = model.passes(task, value)
        else:
            start, end = model.ends(value)
            passes = round_to_walk(task, model.fractions(task, value), start, end)
        cost = cost_of(task, passes)
        if cost < best.cost:
            best = replace(best, passes=passes, start=start, cost=cost)
        return best.cost - model.constant

    return raise_bound(model, walk, effort, lift, look, lambda: best)
