"""Sharing whole numbers: totals stay exact, nobody gets a fraction, and the order of rows does not matter.

Largest remainders (Hamilton's method): everyone gets the whole part of their quota, what is left goes to the largest
fractions.  Ties go to the lower position, so callers sort by id first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DIGITS = 9  # quotas are compared at this many decimals, so that rounding noise cannot decide a tie


def share_whole(
    weights: NDArray[np.float64], groups: NDArray[np.int64], totals: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Share the total of each group among its members by weight, in whole numbers.

    Parameters
    ----------
    weights
        Finite and not negative; one per member.  A group of zero weights shares equally.
    groups
        Group of each member, ``0 .. len(totals) - 1``.
    totals
        Whole number to share in each group.

    Returns
    -------
    ndarray of int64
        Share of each member.  For every group with a member the shares sum to its total exactly.

    Notes
    -----
    O(n log n).
    """
    n = len(weights)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    size = np.bincount(groups, minlength=len(totals))
    heaviest = np.zeros(len(totals))
    np.maximum.at(heaviest, groups, weights)
    # Weights are scaled by the heaviest of their group first: sums then neither overflow nor vanish.
    scale = heaviest[groups]
    scaled = np.where(scale > 0, weights / np.where(scale > 0, scale, 1.0), 1.0)
    weight_sum = np.bincount(groups, weights=scaled, minlength=len(totals))
    quota = np.round(totals[groups] * (scaled / weight_sum[groups]), _DIGITS)
    shares = np.floor(quota).astype(np.int64)
    left = totals - np.bincount(groups, weights=shares, minlength=len(totals)).astype(np.int64)
    left[size == 0] = 0
    order = np.lexsort((np.arange(n), -(quota - shares), groups))
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n) - start[groups[order]]
    shares += rank < left[groups]
    # Rounding can push the whole parts one over the total (left < 0): take back from the smallest fractions.
    from_end = size[groups] - 1 - rank
    over = (left[groups] < 0) & (shares > 0) & (from_end < -left[groups])
    shares -= over
    return shares


def whole_totals(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round values to whole numbers so that their sum is the rounded sum (largest remainders)."""
    if len(values) == 0:
        return np.zeros(0, dtype=np.int64)
    base = np.floor(np.round(values, _DIGITS))
    fraction = np.round(values - base, _DIGITS)
    up = int(np.floor(np.round(fraction.sum(), 6) + 0.5))
    order = np.lexsort((np.arange(len(values)), -fraction))
    result = base.astype(np.int64)
    result[order[:up]] += 1
    return result
