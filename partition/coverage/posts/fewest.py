"""The fewest sites that cover a table: search, then HiGHS for the rest and for the bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array

from gis.graph import BoolArray, IntArray
from partition.coverage.clock import Clock
from partition.coverage.posts.cover_kernels import search_cover
from partition.coverage.posts.table import Core, reduce_table
from partition.coverage.program import at_most, hand_over, make_model, run_integer, set_whole

_STEPS = 20_000
_ROUND = 1e-6


@dataclass(frozen=True, slots=True)
class Fewest:
    """Columns that cover (None: none within the number allowed), and a number below which no cover goes."""

    cols: IntArray | None
    bound: int


def fewest(covers: BoolArray, need: IntArray, *, enough: int | None, seed: int, clock: Clock) -> Fewest:
    """Cover every row as often as it needs with as few columns as can be.

    Parameters
    ----------
    covers, need
        ``bool[rows, cols]``; every row has as many coverers as it needs.
    enough
        Stop at a cover of so many columns, or at the proof that there is none; None: the fewest.
    """
    core = reduce_table(covers, need)
    base = len(core.forced)
    target = None if enough is None else enough - base
    if target is not None and target < bool(len(core.rows)):
        return Fewest(None, base + bool(len(core.rows)))
    if not len(core.rows):
        return Fewest(core.forced, base)
    found = _search(core, 0 if target is None else target, seed, clock)
    if target is not None and found is not None and len(found) <= target:
        return Fewest(_whole(core, found), base)
    lp = relaxed_bound(core, clock)
    if target is not None and lp > target:
        return Fewest(None, base + lp)
    if found is not None and len(found) <= lp:
        return Fewest(_whole(core, found), base + lp)
    better, bound = _integer(core, found, target, clock)
    found = better if better is not None else found
    bound = max(bound, lp)
    if target is not None and (found is None or len(found) > target):
        return Fewest(None, base + bound)
    return Fewest(None if found is None else _whole(core, found), base + bound)


def _whole(core: Core, found: IntArray) -> IntArray:
    return np.sort(np.concatenate([core.forced, core.cols[found]]))


def _search(core: Core, enough: int, seed: int, clock: Clock) -> IntArray | None:
    by_col, by_row = core.lists
    begin = greedy(core)
    if enough and len(begin) > enough:
        begin = begin[:enough]
    found: IntArray = search_cover(by_col, by_row, core.need, begin, enough, clock.work(_STEPS), seed)
    return found if len(found) else None


def greedy(core: Core) -> IntArray:
    """Columns, the one that covers most of what is short first."""
    short, chosen = core.need.copy(), []
    table = core.covers.astype(np.float32)
    is_out = np.zeros(len(core.cols), bool)
    while (short > 0).any():
        gain = (short > 0).astype(np.float32) @ table
        gain[is_out] = -1.0
        best = int(gain.argmax())
        is_out[best] = True
        chosen.append(best)
        short = short - core.covers[:, best]
    return np.array(chosen, np.int64)


def relaxed_bound(core: Core, clock: Clock) -> int:
    """The linear program rounded up; 0 when it does not end in time."""
    model = _model(core, None)
    if np.isfinite(clock.left_s):
        model.setOptionValue("time_limit", clock.left_s)
    model.run()
    if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return 0
    return int(np.ceil(model.getObjectiveValue() - _ROUND))


def _integer(core: Core, warm: IntArray | None, target: int | None, clock: Clock) -> tuple[IntArray | None, int]:
    """A cover (within the target, where there is one) and the bound on its size."""
    model = _model(core, target)
    set_whole(model, np.arange(len(core.cols)))
    if target is not None:
        model.setOptionValue("mip_max_improving_sols", 1)
    elif warm is not None:
        hand_over(model, np.isin(np.arange(len(core.cols)), warm).astype(float))
    value, bound, is_done = run_integer(model, clock)
    if target is not None and is_done and value is None:
        return None, target + 1
    least = max(int(np.ceil(min(bound, 1e9) - _ROUND)), 0) if np.isfinite(bound) else 0
    if value is None:
        return None, least
    found = np.flatnonzero(value > 0.5)
    # A cover is a cover only if it covers: never trust a status alone.
    if (core.covers[:, found].sum(axis=1) < core.need).any():
        return None, 0
    return found, least


def _model(core: Core, target: int | None) -> Any:
    n = len(core.cols)
    model = make_model(np.ones(n), np.ones(n), csc_array(core.covers), core.need.astype(float))
    if target is not None:
        at_most(model, n, target)
    return model
