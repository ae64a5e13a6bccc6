"""Exact cover by depth-first search, bounded by the reduced costs of the LP: for regions of a few grids.

With duals of the relaxation every plan costs the LP bound plus the reduced costs of its columns (all >= 0), so a
branch dies as soon as that sum reaches the best plan known.  Larger regions hit the work limit and go to HiGHS.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis.graph import FloatArray, IntArray
from partition.zoning.columns import Columns

DONE, LIMIT = 0, 1


def search_cover(
    n_pieces: int, columns: Columns, reduced: FloatArray, bound: float, best_cost: float, max_checks: int
) -> tuple[bool, IntArray | None]:
    """(whole tree searched, columns of a plan cheaper than ``best_cost`` or None).

    Parameters
    ----------
    reduced, bound
        Reduced costs and value of the LP over the same columns.
    max_checks
        Work limit: pairs of sets compared.
    """
    words = (n_pieces + 63) // 64
    keep = np.flatnonzero(reduced <= best_cost - bound + 1e-6)
    few = columns.take(keep)
    masks: NDArray[np.uint64] = np.zeros((len(few), words), np.uint64)
    row = np.repeat(np.arange(len(few)), np.diff(few.start))
    np.bitwise_or.at(masks, (row, few.index // 64), np.uint64(1) << (few.index % 64).astype(np.uint64))
    lowest = few.index[few.start[:-1]] if len(few) else np.zeros(0, np.int64)
    order = np.lexsort((np.arange(len(few)), np.maximum(reduced[keep], 0.0), lowest))
    bucket = np.searchsorted(lowest[order], np.arange(n_pieces + 1)).astype(np.int64)
    status, chosen = _search(
        n_pieces, masks[order], np.maximum(reduced[keep][order], 0.0), bucket, best_cost - bound, max_checks
    )
    found = np.sort(keep[order[chosen]]) if len(chosen) else None
    return status == DONE, found


@njit(cache=True)
def _search(
    n: int, masks: NDArray[np.uint64], price: FloatArray, bucket: IntArray, room: float, max_checks: int
) -> tuple[int, IntArray]:
    words = masks.shape[1]
    covered = np.zeros((n + 1, words), np.uint64)
    spent = np.zeros(n + 2, np.float64)
    at = np.zeros(n + 1, np.int64)
    end = np.zeros(n + 1, np.int64)
    taken = np.zeros(n + 1, np.int64)
    best = np.zeros(0, np.int64)
    full = np.zeros(words, np.uint64)
    for v in range(n):
        full[v >> 6] |= np.uint64(1) << np.uint64(v & 63)
    depth = 0
    at[0], end[0] = bucket[0], bucket[1]
    checks = 0
    while depth >= 0:
        if at[depth] >= end[depth]:
            depth -= 1
            continue
        j = at[depth]
        at[depth] += 1
        checks += 1
        if checks > max_checks:
            return LIMIT, best
        total = spent[depth] + price[j]
        if total >= room - 1e-9:
            # Columns of a bucket come in the order of their price.
            depth -= 1
            continue
        clash = False
        for word in range(words):
            if masks[j, word] & covered[depth, word] != np.uint64(0):
                clash = True
                break
        if clash:
            continue
        taken[depth] = j
        first = -1
        for word in range(words):
            c = covered[depth, word] | masks[j, word]
            covered[depth + 1, word] = c
            missing = full[word] & ~c
            if first < 0 and missing != np.uint64(0):
                bit = 0
                while (missing & np.uint64(1)) == np.uint64(0):
                    missing >>= np.uint64(1)
                    bit += 1
                first = word * 64 + bit
        if first < 0:
            room = total
            best = taken[: depth + 1].copy()
            continue
        depth += 1
        spent[depth] = total
        at[depth], end[depth] = bucket[first], bucket[first + 1]
    return DONE, best
