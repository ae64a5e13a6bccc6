"""Sets of pieces as words of 64 bits: what the walks over connected sets count with."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis.graph import BoolArray, FloatArray, IntArray
from partition.zoning.problem import Land
from partition.zoning.seeds import misfit

Masks = NDArray[np.uint64]

# Position of the single bit of b as (b x de Bruijn number) >> 58: there is no such instruction in numba.
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_POSITION = np.zeros(64, np.int64)
_POSITION[[((1 << i) * 0x03F79D71B4CB0A89 >> 58) & 63 for i in range(64)]] = np.arange(64)


@njit(cache=True)
def lowest(mask: Masks) -> int:
    """Lowest member of a set, or -1."""
    for word in range(len(mask)):
        m = mask[word]
        if m != np.uint64(0):
            bit = m & (~m + np.uint64(1))
            return int(word * 64 + _POSITION[(bit * _DE_BRUIJN) >> np.uint64(58)])
    return -1


def near_masks(land: Land) -> Masks:
    """Per piece: the pieces it is linked to."""
    n = len(land.weight)
    near: Masks = np.zeros((n, (n + 63) // 64), np.uint64)
    rows = np.repeat(np.arange(n), np.diff(land.indptr))[land.link]
    to = land.indices[land.link]
    np.bitwise_or.at(near, (rows, to // 64), np.uint64(1) << (to % 64).astype(np.uint64))
    return near


def border_costs(land: Land) -> FloatArray:
    """Per piece: cost of its whole border."""
    rows = np.repeat(np.arange(len(land.weight)), np.diff(land.indptr))
    return np.bincount(rows, land.cost, len(land.weight))


def fitting_sums(land: Land) -> BoolArray:
    """Per number of households up to the region's total: some number of grids holds it by count."""
    return np.array([misfit(land, w) == 0 for w in range(int(land.weight.sum()) + 1)])


def set_of(part: IntArray, label: int, words: int) -> Masks:
    """The members of one part of a plan as a set."""
    mask: Masks = np.zeros(words, np.uint64)
    members = np.flatnonzero(part == label)
    np.bitwise_or.at(mask, members // 64, np.uint64(1) << (members % 64).astype(np.uint64))
    return mask


def members_of(masks: Masks, n: int) -> BoolArray:
    """Sets as a table: one row a set, one column a piece."""
    piece = np.arange(n)
    return (masks[:, piece // 64] >> (piece % 64).astype(np.uint64) & np.uint64(1)).astype(np.bool_)


@njit(cache=True)
def rest_fits(near: Masks, weight: IntArray, fits: BoolArray, mask: Masks, rest: Masks, todo: Masks) -> bool:
    """Whether every connected piece of what a set leaves behind can be grids by count (``rest``, ``todo``: room)."""
    n, words = near.shape
    one = np.uint64(1)
    for word in range(words):
        rest[word] = ~mask[word]
        todo[word] = np.uint64(0)
    if n & 63:
        rest[words - 1] &= (one << np.uint64(n & 63)) - one
    while True:
        v = lowest(rest)
        if v < 0:
            return True
        w = 0
        rest[v >> 6] &= ~(one << np.uint64(v & 63))
        while v >= 0:
            w += weight[v]
            for word in range(words):
                new = near[v, word] & rest[word]
                rest[word] &= ~new
                todo[word] |= new
            v = lowest(todo)
            if v >= 0:
                todo[v >> 6] &= ~(one << np.uint64(v & 63))
        if not fits[w]:
            return False
