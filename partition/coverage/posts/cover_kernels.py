"""Compiled loops of covering: domination among rows and columns, and searches that swap one site for another.

A table of who covers whom is given twice, compressed by row and by column.  Chance is a counter-based generator of
its own, so that a seed gives the same search on every machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_3 = np.uint64(0x94D049BB133111EB)


@njit(cache=True, nogil=True)
def draw(state: Any, n: int) -> int:
    """A number below ``n``; moves the state on (splitmix64)."""
    state[0] += _MIX
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * _MIX_2
    z = (z ^ (z >> np.uint64(27))) * _MIX_3
    return int((z ^ (z >> np.uint64(31))) % np.uint64(n))


@njit(cache=True, nogil=True)
def supersets(bits: Any, order: Any, most: Any) -> Any:
    """Which sets contain an earlier one of the order that is kept and wants at least as much.

    ``bits`` holds a set per row as words, ``order`` goes by size, smallest first; ``most`` is what each set wants.
    Of equal sets the first of the order stays.
    """
    n, words = bits.shape
    is_out = np.zeros(n, np.bool_)
    kept = np.empty(n, np.int64)
    n_kept = 0
    for at in range(n):
        r = order[at]
        for q in range(n_kept):
            s = kept[q]
            if most[s] < most[r]:
                continue
            inside = True
            for w in range(words):
                if bits[s, w] & ~bits[r, w]:
                    inside = False
                    break
            if inside:
                is_out[r] = True
                break
        if not is_out[r]:
            kept[n_kept] = r
            n_kept += 1
    return is_out


@njit(cache=True, nogil=True)
def subsets(bits: Any, order: Any, may_go: Any) -> Any:
    """Which sets lie inside an earlier one of the order (largest first) that is kept; only where ``may_go``."""
    n, words = bits.shape
    is_out = np.zeros(n, np.bool_)
    kept = np.empty(n, np.int64)
    n_kept = 0
    for at in range(n):
        r = order[at]
        if may_go[r]:
            for q in range(n_kept):
                s = kept[q]
                inside = True
                for w in range(words):
                    if bits[r, w] & ~bits[s, w]:
                        inside = False
                        break
                if inside:
                    is_out[r] = True
                    break
        if not is_out[r]:
            kept[n_kept] = r
            n_kept += 1
    return is_out


@njit(cache=True, nogil=True)
def _open(c: int, by_col: Any, by_row: Any, need: Any, heavy: Any, count: Any, score: Any, is_in: Any) -> None:
    """Put a site in.  A score is what a site outside would mend, and what one inside would break by going."""
    c_start, c_row = by_col
    r_start, r_col = by_row
    is_in[c] = True
    own = 0.0
    for a in range(c_start[c], c_start[c + 1]):
        r = c_row[a]
        count[r] += 1
        if count[r] <= need[r]:
            own += heavy[r]
        if count[r] == need[r]:
            for b in range(r_start[r], r_start[r + 1]):
                if not is_in[r_col[b]]:
                    score[r_col[b]] -= heavy[r]
        elif count[r] == need[r] + 1:
            for b in range(r_start[r], r_start[r + 1]):
                if is_in[r_col[b]]:
                    score[r_col[b]] -= heavy[r]
    score[c] = own


@njit(cache=True, nogil=True)
def _close(c: int, by_col: Any, by_row: Any, need: Any, heavy: Any, count: Any, score: Any, is_in: Any) -> None:
    """Take a site out."""
    c_start, c_row = by_col
    r_start, r_col = by_row
    is_in[c] = False
    own = 0.0
    for a in range(c_start[c], c_start[c + 1]):
        r = c_row[a]
        count[r] -= 1
        if count[r] < need[r]:
            own += heavy[r]
        if count[r] == need[r] - 1:
            for b in range(r_start[r], r_start[r + 1]):
                if not is_in[r_col[b]]:
                    score[r_col[b]] += heavy[r]
        elif count[r] == need[r]:
            for b in range(r_start[r], r_start[r + 1]):
                if is_in[r_col[b]]:
                    score[r_col[b]] += heavy[r]
    score[c] = own


@njit(cache=True, nogil=True)
def search_cover(by_col: Any, by_row: Any, need: Any, begin: Any, enough: int, steps: int, seed: int) -> Any:
    """Cover every row with fewer and fewer sites: row weighting local search (Gao and others, 2015).

    ``begin`` covers nothing in particular; ends when a cover of ``enough`` sites is found or the steps are used up.
    Returns the sites of the smallest cover found (empty: none).
    """
    n_rows, n_cols = len(by_row[0]) - 1, len(by_col[0]) - 1
    r_start, r_col = by_row
    state = np.array([seed], np.uint64)
    count = np.zeros(n_rows, np.int64)
    heavy = np.ones(n_rows)
    score = np.zeros(n_cols)
    is_in = np.zeros(n_cols, np.bool_)
    when = np.zeros(n_cols, np.int64)
    for r in range(n_rows):
        for b in range(r_start[r], r_start[r + 1]):
            score[r_col[b]] += 1.0
    for c in begin:
        _open(c, by_col, by_row, need, heavy, count, score, is_in)
    n_in = len(begin)
    best = np.empty(0, np.int64)
    short = np.empty(n_rows, np.int64)
    last_in = -1
    for step in range(1, steps + 1):
        n_short = 0
        for r in range(n_rows):
            if count[r] < need[r]:
                short[n_short] = r
                n_short += 1
        if n_short == 0:
            best = np.flatnonzero(is_in)
            if n_in <= enough:
                return best
        out = -1
        for c in range(n_cols):
            if (
                is_in[c]
                and (c != last_in or n_short == 0)
                and (out < 0 or score[c] < score[out] or (score[c] == score[out] and when[c] < when[out]))
            ):
                out = c
        if out >= 0:
            _close(out, by_col, by_row, need, heavy, count, score, is_in)
            when[out] = step
            n_in -= 1
        if n_short == 0:
            continue
        r = short[draw(state, n_short)]
        into = -1
        for b in range(r_start[r], r_start[r + 1]):
            c = r_col[b]
            if (
                not is_in[c]
                and c != out
                and (into < 0 or score[c] > score[into] or (score[c] == score[into] and when[c] < when[into]))
            ):
                into = c
        if into >= 0:
            _open(into, by_col, by_row, need, heavy, count, score, is_in)
            when[into] = step
            last_in = into
            n_in += 1
        elif out >= 0:
            _open(out, by_col, by_row, need, heavy, count, score, is_in)
            n_in += 1
        for q in range(n_short):
            r = short[q]
            if count[r] < need[r]:
                heavy[r] += 1.0
                for b in range(r_start[r], r_start[r + 1]):
                    score[r_col[b]] += 1.0
    return best


@njit(cache=True, nogil=True)
def _count(c: int, by: int, by_col: Any, by_row: Any, need: Any, weight: Any, count: Any, gain: Any) -> None:
    """Put a site in (``by`` 1) or out (-1); the gain of a site is the weight of rows that want just one more."""
    c_start, c_row = by_col
    r_start, r_col = by_row
    for a in range(c_start[c], c_start[c + 1]):
        r = c_row[a]
        change = 0.0
        if count[r] == need[r] - 1:
            change = -weight[r]
        count[r] += by
        if count[r] == need[r] - 1:
            change = weight[r]
        if change != 0.0:
            for b in range(r_start[r], r_start[r + 1]):
                gain[r_col[b]] += change


@njit(cache=True, nogil=True)
def search_most(
    by_col: Any, by_row: Any, need: Any, weight: Any, begin: Any, kicks: int, tiny: float, seed: int
) -> Any:
    """Cover as much weight as can be with as many sites as ``begin``: swaps until none helps, then kicks."""
    n_rows, n_cols = len(by_row[0]) - 1, len(by_col[0]) - 1
    state = np.array([seed], np.uint64)
    count = np.zeros(n_rows, np.int64)
    gain = np.zeros(n_cols)
    is_in = np.zeros(n_cols, np.bool_)
    for r in range(n_rows):
        if need[r] == 1:
            for b in range(by_row[0][r], by_row[0][r + 1]):
                gain[by_row[1][b]] += weight[r]
    sites = begin.copy()
    for c in sites:
        _count(c, 1, by_col, by_row, need, weight, count, gain)
        is_in[c] = True
    p = len(sites)
    best, best_worth = sites.copy(), -1.0
    for _kick in range(kicks + 1):
        helped = p < n_cols
        while helped:
            helped = False
            for k in range(p):
                old = sites[k]
                _count(old, -1, by_col, by_row, need, weight, count, gain)
                is_in[old] = False
                new = old
                for c in range(n_cols):
                    if not is_in[c] and gain[c] > gain[new] + tiny:
                        new = c
                if new != old:
                    helped = True
                sites[k] = new
                is_in[new] = True
                _count(new, 1, by_col, by_row, need, weight, count, gain)
        worth = 0.0
        for r in range(n_rows):
            if count[r] >= need[r]:
                worth += weight[r]
        if worth > best_worth + tiny:
            best[:] = sites
            best_worth = worth
        if p == 0 or p >= n_cols:
            break
        if worth < best_worth - tiny:
            for k in range(p):
                _count(sites[k], -1, by_col, by_row, need, weight, count, gain)
                is_in[sites[k]] = False
            sites[:] = best
            for k in range(p):
                _count(sites[k], 1, by_col, by_row, need, weight, count, gain)
                is_in[sites[k]] = True
        for _ in range(1 + min(p, n_cols - p) // 4):
            k, new = draw(state, p), draw(state, n_cols)
            if not is_in[new]:
                _count(sites[k], -1, by_col, by_row, need, weight, count, gain)
                is_in[sites[k]] = False
                sites[k] = new
                is_in[new] = True
                _count(new, 1, by_col, by_row, need, weight, count, gain)
    return best
