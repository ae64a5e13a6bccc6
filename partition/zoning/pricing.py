"""Bound and proof for regions with too many lawful grids to write down: duals, exact pricing, reduced-cost fixing.

Given a lawful plan (the upper bound), the LP over all lawful grids is solved by column generation: a walk over all
connected sets prices them with the duals and keeps the cheapest (`walk`).  For any duals y and z (z: of the number
of grids, k_min to k_max), with -m the least reduced cost of all lawful grids,

    every plan of k grids costs  sum(y) + z k + sum of its reduced costs  >=  sum(y) + min_k (z k - m k),

a bound whatever the duals are (Lagrange).  A grid of a better plan has a reduced cost of at most
``best - sum(y) - z k + m (k - 1)``: once the walk has kept all of those, the others are proved useless and the rest
is a small exact cover.  Follows Mehrotra, Johnson and Nemhauser (1998); work is capped by branches, not by the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
from numba import njit

from gis.graph import FloatArray, IntArray
from partition.zoning.bits import Masks, members_of, set_of
from partition.zoning.columns import Columns
from partition.zoning.exact_cover import cover_exactly
from partition.zoning.halves import best_halves
from partition.zoning.master import integer_cover
from partition.zoning.problem import Land, price_columns
from partition.zoning.seeds import plan_price
from partition.zoning.walk import Harvest, harvest

_TINY = 1e-6
_FIRST_ROOM = 100_000
_FIRST_LIMIT_FRAC = 0.2  # of what a grid costs
_ROOM = 2_000_000
_MAX_BRANCHES = 400_000_000
_FIRST_BRANCHES = 25_000_000  # a region whose first walk is longer than this is past proving
_MAX_HALVES = 30_000_000
_MAX_CHECKS = 300_000_000
_MAX_PASSES = 20
_MAX_ROUNDS = 200
_ADDED = 400
_MAX_INTEGER = 6_000
_WIDE_FRAC = 0.01
_PULL = 0.01
_ROOMY = 1.1
_SLACK_FRAC = 0.002
_MANY_GRIDS = 10
_FEW = 1_500
_FEW_NODES = 200


@dataclass(frozen=True, slots=True)
class Proof:
    """The best plan known after all, its cost, and a lower bound that holds for every lawful plan."""

    part: IntArray
    cost: float
    bound: float
    is_optimal: bool


def prove(land: Land, part: IntArray, *, effort: float, is_over: Callable[[], bool]) -> Proof | None:
    """Bound the cost of all lawful plans, and find the best one where that can be done.

    Parameters
    ----------
    part
        A lawful plan: grid per piece.
    effort
        Multiplies the work limits.
    is_over
        Asked now and then; stops the work.

    Returns
    -------
    Proof or None
        ``None``: nothing could be proved within the work limits.
    """
    total = int(land.weight.sum())
    fewest, most = -(-total // land.hi), total // land.lo
    best, cost = part, plan_price(land, part)[1]
    bounds: list[float] = []
    if fewest <= 1:
        fewest = 2
        alone = plan_price(land, np.zeros(len(part), np.int64))
        if alone[0] == 0:
            bounds.append(alone[1])
            if alone[1] < cost - 1e-9:
                best, cost = np.zeros(len(part), np.int64), alone[1]
    if fewest == 2 <= most:
        is_done, halves, better, _ = best_halves(land, cost, round(_MAX_HALVES * effort))
        if halves is not None:
            best, cost = halves, better
        if is_done:
            bounds.append(cost)
            fewest = 3
    if fewest <= most:
        found = _price(land, best, cost, fewest, most, effort, is_over)
        if found is None:
            return None
        if found.cost < cost - 1e-9:
            best, cost = found.part, found.cost
        bounds.append(found.bound)
    bound = min([*bounds, cost])
    return Proof(best, cost, bound, bound >= cost - _TINY)


def _price(
    land: Land, part: IntArray, cost: float, fewest: int, most: int, effort: float, is_over: Callable[[], bool]
) -> Proof | None:
    """The same for plans of ``fewest`` to ``most`` grids."""
    total = int(land.weight.sum())
    heaviest = min(land.hi, total - (fewest - 1) * land.lo)
    own = _grids_of(land, part)
    duals, per_grid = _first_duals(land, part, own), 0.0
    branches_left = round(_MAX_BRANCHES * effort)
    bound = -np.inf
    limit = _FIRST_LIMIT_FRAC * cost / len(own[1])
    model = _lp(duals, fewest, most, cost)
    _add(model, len(part), own[0], own[1])
    for turn in range(_MAX_PASSES):
        crop = harvest(
            land,
            heaviest,
            duals,
            per_grid,
            limit=limit,
            room=_ROOM if turn else _FIRST_ROOM,
            max_branches=branches_left if turn else min(branches_left, round(_FIRST_BRANCHES * effort)),
            is_over=is_over,
            is_patient=turn > 0,
        )
        if crop is None:
            break
        branches_left -= crop.branches
        least = min(float(crop.reduced.min()) if len(crop.reduced) else np.inf, crop.limit)
        base = float(duals.sum())
        counts = np.arange(fewest, most + 1)
        bound = max(bound, float((base + (per_grid + min(least, 0.0)) * counts).min()))
        need = float((cost - base - per_grid * counts - min(least, 0.0) * (counts - 1)).max()) + _TINY
        lp = _relax(model, land, crop, fewest, most)
        if crop.limit >= need:
            if lp is None:
                break
            return _finish(land, crop, part, cost, lp, max(bound, lp.bound), effort)
        if lp is None or is_over():
            break
        if turn < 2 and fewest >= _MANY_GRIDS and cost - lp.bound > _WIDE_FRAC * cost:
            part, cost = _better(land, crop, lp, part, cost, effort)
        duals, per_grid = lp.duals, lp.per_grid
        # What the next walk has to keep if the duals are nearly right; more than there is room for is let go.
        limit = _ROOMY * max(cost - lp.bound, 0.0) + _SLACK_FRAC * cost
    return Proof(part, cost, min(bound, cost), False) if np.isfinite(bound) else None


@dataclass(frozen=True, slots=True)
class _Relaxed:
    """Duals of the LP over a harvest, the bound they give over it, and the reduced costs of the harvest."""

    duals: FloatArray
    per_grid: float
    bound: float
    reduced: FloatArray
    fewest: int


def _grids_of(land: Land, part: IntArray) -> tuple[Masks, FloatArray]:
    words = (len(part) + 63) // 64
    labels = np.unique(part)
    masks = np.stack([set_of(part, int(label), words) for label in labels])
    columns = _columns(land, masks)
    return masks, columns.cost


def _columns(land: Land, masks: Masks) -> Columns:
    table = members_of(masks, len(land.weight))
    start = np.concatenate([[0], np.cumsum(table.sum(axis=1))]).astype(np.int64)
    index = np.nonzero(table)[1].astype(np.int64)
    outside, cost = price_columns(land, start, index)
    return Columns(start, index, outside, cost, False)


def _first_duals(land: Land, part: IntArray, own: tuple[Masks, FloatArray]) -> FloatArray:
    """Every grid of the plan pays for itself, shared out by households."""
    labels, back = np.unique(part, return_inverse=True)
    weight = np.bincount(back, land.weight, len(labels))
    result: FloatArray = own[1][back] * land.weight / weight[back]
    return result


def _relax(model: highspy.Highs, land: Land, crop: Harvest, fewest: int, most: int) -> _Relaxed | None:
    """LP over the grids of a harvest (and the plan in hand), by column generation in memory."""
    n = len(land.weight)
    first = np.argsort(crop.reduced, kind="stable")[:_ADDED]
    _add(model, n, crop.masks[first], crop.cost[first])
    reduced = np.empty(len(crop.cost))
    best: _Relaxed | None = None
    for _ in range(_MAX_ROUNDS):
        model.run()
        if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return best
        dual = np.asarray(model.getSolution().row_dual)
        duals, per_grid = dual[:n].copy(), float(dual[n])
        _reduce(crop.masks, crop.cost, _byte_sums(duals, crop.masks.shape[1]), per_grid, reduced)
        least = min(float(reduced.min()) if len(reduced) else 0.0, 0.0)
        counts = np.arange(fewest, most + 1)
        bound = float((duals.sum() + (per_grid + least) * counts).min())
        if best is None or bound > best.bound:
            best = _Relaxed(duals, per_grid, bound, reduced.copy(), fewest)
        if least >= -1e-7:
            return best
        worth = np.flatnonzero(reduced < min(-1e-7, 0.02 * least))
        if len(worth) > _ADDED:
            worth = worth[np.argpartition(reduced[worth], _ADDED)[:_ADDED]]
        worth = np.sort(worth)
        _add(model, n, crop.masks[worth], crop.cost[worth])
    return best


def _lp(centre: FloatArray, fewest: int, most: int, cost: float) -> highspy.Highs:
    """Rows: every piece once, and the number of grids.  Columns: a whole plan at the price of the best one known, and
    per piece a little of it to buy or sell at the price ``centre``.

    The first keeps the LP solvable whatever grids have been met so far; a bound above the best plan is of no use
    anyway.  The others pull the duals to ``centre`` where the LP leaves them free (du Merle and others 1999): even
    duals let the next walk drop its branches early, extreme ones make it a hundred times as long.
    """
    n = len(centre)
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("random_seed", 1)
    model.setOptionValue("presolve", "off")
    for _ in range(n):
        model.addRow(1.0, 1.0, 0, np.zeros(0, np.int32), np.zeros(0))
    model.addRow(float(fewest), float(most), 0, np.zeros(0, np.int32), np.zeros(0))
    values = np.append(np.ones(n), float(fewest))
    model.addCol(cost, 0.0, highspy.kHighsInf, n + 1, np.arange(n + 1, dtype=np.int32), values)
    each, one = np.arange(n, dtype=np.int32), np.ones(n)
    model.addCols(n, centre, np.zeros(n), _PULL * one, n, each, each, one)
    model.addCols(n, -centre, np.zeros(n), _PULL * one, n, each, each, -one)
    return model


def _add(model: highspy.Highs, n: int, masks: Masks, cost: FloatArray) -> None:
    if len(masks) == 0:
        return
    table = np.column_stack([members_of(masks, n), np.ones(len(masks), bool)])
    start = np.concatenate([[0], np.cumsum(table.sum(axis=1))[:-1]]).astype(np.int32)
    index = np.nonzero(table)[1].astype(np.int32)
    count = len(masks)
    model.addCols(
        count, cost, np.zeros(count), np.full(count, highspy.kHighsInf), len(index), start, index, np.ones(len(index))
    )


def _byte_sums(duals: FloatArray, words: int) -> FloatArray:
    """Per byte of a set and value of that byte: the sum of the duals of its members."""
    padded = np.zeros(words * 64)
    padded[: len(duals)] = duals
    bits = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(float)
    return np.ascontiguousarray(padded.reshape(-1, 8) @ bits.T)


@njit(cache=True)
def _reduce(masks: Masks, cost: FloatArray, sums: FloatArray, fixed: float, reduced: FloatArray) -> None:
    """Reduced costs of sets, eight pieces at a time."""
    n_bytes = sums.shape[0]
    for j in range(len(cost)):
        value = cost[j] - fixed
        for b in range(n_bytes):
            value -= sums[b, (masks[j, b >> 3] >> np.uint64(8 * (b & 7))) & np.uint64(255)]
        reduced[j] = value


def _finish(land: Land, crop: Harvest, part: IntArray, cost: float, lp: _Relaxed, bound: float, effort: float) -> Proof:
    """Reduced-cost fixing and the exact cover of what it leaves."""
    bound = min(bound, cost)
    keep = np.flatnonzero(lp.reduced <= cost - lp.bound + _TINY)
    if bound >= cost - _TINY:
        return Proof(part, cost, cost, True)
    if len(keep) > _FEW and lp.fewest >= _MANY_GRIDS:
        part, cost = _better(land, crop, lp, part, cost, effort)
        keep = np.flatnonzero(lp.reduced <= cost - lp.bound + _TINY)
    masks = crop.masks[keep]
    checks = round(_MAX_CHECKS * effort)
    is_done, chosen, _ = cover_exactly(
        land.weight, land.lo, masks, crop.cost[keep], lp.reduced[keep], lp.bound, cost, checks
    )
    if chosen is not None:
        part = _part_of(masks[chosen], len(part))
        cost = plan_price(land, part)[1]
    if is_done:
        return Proof(part, cost, cost, True)
    keep = keep[lp.reduced[keep] <= cost - lp.bound + _TINY]
    if len(keep) <= _MAX_INTEGER:
        columns = _columns(land, crop.masks[keep])
        status, found, least = integer_cover(len(part), columns, None, round(2_000 * effort))
        if found is not None and columns.cost[found].sum() < cost - 1e-9:
            part = _part_of(crop.masks[keep][found], len(part))
            cost = plan_price(land, part)[1]
        if status in ("optimal", "infeasible"):
            return Proof(part, cost, cost, True)
        bound = max(bound, min(least - _TINY, cost))
    return Proof(part, cost, min(bound, cost), False)


def _better(
    land: Land, crop: Harvest, lp: _Relaxed, part: IntArray, cost: float, effort: float
) -> tuple[IntArray, float]:
    """A cheaper plan from the grids of least reduced cost, if they hold one: (part, cost)."""
    few = np.sort(np.argsort(lp.reduced, kind="stable")[:_FEW])
    columns = _columns(land, crop.masks[few])
    _, found, _ = integer_cover(len(part), columns, None, round(_FEW_NODES * effort))
    if found is None or columns.cost[found].sum() >= cost - 1e-9:
        return part, cost
    part = _part_of(crop.masks[few][found], len(part))
    return part, plan_price(land, part)[1]


def _part_of(masks: Masks, n: int) -> IntArray:
    return members_of(masks, n).argmax(axis=0).astype(np.int64)
