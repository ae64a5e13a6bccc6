"""The Lagrangian bound of the p-median: every point pays a price, sites that do not pay off are ruled out.

Relaxes that each point is served exactly once (Cornuejols, Fisher and Nemhauser, 1977); prices follow the deflected
subgradient.  At every price the least that a site would add tells whether a better plan may hold it or must.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from partition.coverage.clock import Clock
from partition.coverage.posts.median_kernels import relax, serve

_PATIENCE = 20
_LEAST_PACE = 1e-4
_TINY = 1e-9
_ROWS = 2_000

Lists = tuple[IntArray, Int32Array, FloatArray]
"""Per point: where its sites start; sites, the cheapest first; their costs."""


def make_lists(cost: FloatArray, most: FloatArray) -> Lists:
    """Sites of every point that cost at most so much (at least one), by cost."""
    start, near, reach = [np.zeros(1, np.int64)], [], []
    for low in range(0, len(cost), _ROWS):
        some = cost[low : low + _ROWS]
        order = np.argsort(some, axis=1, kind="stable")
        sorted_ = np.take_along_axis(some, order, axis=1)
        kept = sorted_ <= most[low : low + _ROWS, None]
        start.append(kept.sum(axis=1))
        near.append(order[kept].astype(np.int32))
        reach.append(sorted_[kept])
    return np.cumsum(np.concatenate(start)), np.concatenate(near), np.concatenate(reach)


@dataclass(slots=True)
class Relaxed:
    """State of the relaxation, better from round to round.

    Attributes
    ----------
    lists
        Sites of every point by cost.
    most
        Per point: the price above which nothing is to be gained.
    is_out, is_in
        Sites that no better plan holds, and those that every better plan holds.
    price
        Best prices so far.
    often
        Per site: how often it was opened of late, as a share.
    bound
        No plan that is better than the one in hand costs less.
    """

    lists: Lists
    most: FloatArray
    is_out: BoolArray
    is_in: BoolArray
    price: FloatArray
    often: FloatArray
    bound: float

    def copy(self) -> Relaxed:
        """The same to go on from; lists of sites are shared."""
        return replace(
            self,
            is_out=self.is_out.copy(),
            is_in=self.is_in.copy(),
            price=self.price.copy(),
            often=self.often.copy(),
        )


def tighten(
    state: Relaxed,
    p: int,
    best: float,
    step: float,
    rounds: int,
    clock: Clock,
    try_plan: Callable[[IntArray], float],
    pace: float = 1.0,
) -> float:
    """Raise the bound; returns the cost of the best plan.

    Parameters
    ----------
    best
        Cost of the plan in hand.
    step
        A better plan is better by at least so much (1 where all costs are whole).
    try_plan
        Called with open sites that look good; says what the best plan now costs.
    """
    n, m = len(state.price), len(state.is_in)
    least = state.lists[2][state.lists[0][:-1]]
    price, waited = state.price.copy(), 0
    worth, times, direction = np.empty(m), np.empty(n), np.zeros(n)
    seen = np.inf
    for _ in range(rounds):
        relax(state.lists, price, worth)
        forced = np.flatnonzero(state.is_in)
        free = np.flatnonzero(~state.is_in & ~state.is_out)
        wanted = p - len(forced)
        if wanted <= 0 or wanted >= len(free):
            # Nothing is left to choose: that plan is looked at, and there is no other.
            if 0 <= wanted <= len(free):
                best = min(best, try_plan(np.concatenate([forced, free[:wanted]])))
            state.bound = np.inf
            break
        by_worth = free[np.lexsort((free, worth[free]))]
        chosen = np.concatenate([forced, by_worth[:wanted]])
        low = float(price.sum() + worth[chosen].sum())
        is_open = np.zeros(m, bool)
        is_open[chosen] = True
        total = serve(state.lists, price, is_open, times)
        if total < min(seen, best * 1.02):
            seen = total
            best = min(best, try_plan(chosen))
        _rule_out(state, worth, by_worth, wanted, low, best - step)
        state.often += 0.1 * (is_open - state.often)
        if low > state.bound + 1e-6 * max(1.0, abs(low)):
            state.bound, waited = low, 0
            state.price = price.copy()
        else:
            waited += 1
            if low > state.bound:
                state.bound, state.price = low, price.copy()
        if state.bound > best - step or pace < _LEAST_PACE or clock.is_over:
            break
        if waited >= _PATIENCE:
            pace, waited = pace / 2, 0
            price, direction[:] = state.price.copy(), 0.0
            continue
        direction = 1.0 - times + 0.6 * direction
        size = float(direction @ direction)
        if size < _TINY:
            break
        pull = pace * (max(best - low, step) * 1.01) / size
        price = np.clip(price + pull * direction, least, state.most)
    return best


def _rule_out(state: Relaxed, worth: FloatArray, by_worth: IntArray, wanted: int, low: float, most: float) -> None:
    """Sites whose coming or going would cost more than a better plan may."""
    if wanted <= 0 or wanted > len(by_worth):
        return
    taken, left = by_worth[:wanted], by_worth[wanted:]
    state.is_out[left[low + worth[left] - worth[taken[-1]] > most + _TINY]] = True
    if len(left):
        state.is_in[taken[low - worth[taken] + worth[left[0]] > most + _TINY]] = True
