"""As much weight as can be covered with a number of sites: greedy, swaps, then HiGHS from there, with its bound.

The model of Church and ReVelle (1974); a point may want several coverers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, diags_array, hstack

from gis.graph import BoolArray, FloatArray, IntArray
from partition.coverage.clock import Clock
from partition.coverage.posts.cover_kernels import search_most, subsets
from partition.coverage.posts.table import by_size, words
from partition.coverage.program import at_most, hand_over, make_model, run_integer, set_whole

_KICKS = 60
_ROUND = 1e-9


@dataclass(frozen=True, slots=True)
class Most:
    """Sites (the fixed ones included), and the weight that no choice exceeds."""

    cols: IntArray
    bound: float


def most_covered(
    covers: BoolArray, weight: FloatArray, backup: int, fixed: IntArray, p: int, *, seed: int, clock: Clock
) -> Most:
    """Open up to ``p`` columns, the fixed ones included, that cover as much weight as can be."""
    need = backup - covers[:, fixed].sum(axis=1)
    free = np.setdiff1d(np.arange(covers.shape[1]), fixed)
    base = float(weight[need <= 0].sum())
    budget = min(p - len(fixed), len(free))
    if budget <= 0:
        return Most(fixed, base)
    table = covers[:, free]
    left = (need > 0) & (need <= budget) & (table.sum(axis=1) >= need) & (weight > 0)
    table, need, heavy = _merge(table[left], need[left], weight[left])
    if not len(table):
        return Most(fixed, base)
    keep = _worthwhile(table, need)
    free, table = free[keep], np.ascontiguousarray(table[:, keep])
    budget = min(budget, len(free))
    chosen = _greedy(table, need, heavy, budget)
    by_row, by_col = csr_array(table), csr_array(table.T)
    chosen = search_most(
        (by_col.indptr.astype(np.int64), by_col.indices.astype(np.int64)),
        (by_row.indptr.astype(np.int64), by_row.indices.astype(np.int64)),
        need,
        heavy,
        chosen,
        clock.work(_KICKS),
        _ROUND * float(heavy.sum()),
        seed,
    )
    worth, bound = _worth(table, need, heavy, chosen), float(heavy.sum())
    if worth < bound * (1 - _ROUND):
        chosen, bound = _integer(table, need, heavy, chosen, budget, clock)
        worth = _worth(table, need, heavy, chosen)
    return Most(np.sort(np.concatenate([fixed, free[_needed(table, need, chosen)]])), base + max(bound, worth))


def _needed(table: BoolArray, need: IntArray, chosen: IntArray) -> IntArray:
    """Without the sites that may go and leave everything covered that is."""
    count = table[:, chosen].sum(axis=1)
    is_met, kept = count >= need, []
    for site in chosen[np.lexsort((chosen, table[:, chosen].sum(axis=0)))].tolist():
        less = count - table[:, site]
        if (less[is_met] >= need[is_met]).all():
            count = less
        else:
            kept.append(site)
    return np.array(kept, np.int64)


def _worth(table: BoolArray, need: IntArray, weight: FloatArray, chosen: IntArray) -> float:
    return float(weight[table[:, chosen].sum(axis=1) >= need].sum())


def _merge(table: BoolArray, need: IntArray, weight: FloatArray) -> tuple[BoolArray, IntArray, FloatArray]:
    """Points with the same coverers become one."""
    if not len(table):
        return table, need, weight
    key: NDArray[np.uint64] = np.column_stack([words(table), need.astype(np.uint64)])
    _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return table[first], need[first].astype(np.int64), np.bincount(same.ravel(), weights=weight)


def _worthwhile(table: BoolArray, need: IntArray) -> IntArray:
    """Columns that cover anything, and more than another does."""
    turned = np.ascontiguousarray(table.T)
    may_go = ~turned[:, need > 1].any(axis=1)
    is_out = subsets(words(turned), by_size(turned)[::-1].copy(), may_go) | ~turned.any(axis=1)
    return np.flatnonzero(~is_out)


def _greedy(table: BoolArray, need: IntArray, weight: FloatArray, budget: int) -> IntArray:
    short = need.copy()
    chosen: list[int] = []
    dense = table.astype(np.float64)
    for _ in range(budget):
        # What it covers, and a little for what it only brings nearer to being covered.
        gain = (weight * ((short == 1) + (short > 1) / (2.0 * np.maximum(short, 1)))) @ dense
        gain[chosen] = -1.0
        best = int(gain.argmax())
        chosen.append(best)
        short = short - table[:, best]
    return np.array(chosen, np.int64)


def _integer(
    table: BoolArray, need: IntArray, weight: FloatArray, chosen: IntArray, budget: int, clock: Clock
) -> tuple[IntArray, float]:
    n_rows, n_cols = table.shape
    model = make_model(
        np.concatenate([np.zeros(n_cols), -weight]),
        np.ones(n_cols + n_rows),
        csc_array(hstack([csc_array(table.astype(float)), diags_array(-need.astype(float))])),
        np.zeros(n_rows),
    )
    at_most(model, n_cols, budget)
    whole = np.concatenate([np.arange(n_cols), n_cols + np.flatnonzero(need > 1)])
    set_whole(model, whole)
    is_met = table[:, chosen].sum(axis=1) >= need
    hand_over(model, np.concatenate([np.isin(np.arange(n_cols), chosen), is_met]).astype(float))
    value, bound, _ = run_integer(model, clock)
    bound = min(-bound, float(weight.sum()))
    if (weight == np.round(weight)).all():
        bound = float(np.floor(bound + 1e-6))
    if value is not None:
        found = np.flatnonzero(value[:n_cols] > 0.5)
        if len(found) <= budget and _worth(table, need, weight, found) > _worth(table, need, weight, chosen):
            chosen = found
    return chosen, bound
