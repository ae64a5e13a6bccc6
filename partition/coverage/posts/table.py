"""Who covers whom, and what of it matters: forced sites, demand that follows from other demand, sites that add nothing.

The reductions of Toregas and ReVelle (1973): a point whose coverers contain all coverers of another is covered with
it; a site that covers only what another covers is never needed.  Where a point wants several coverers, sites that
cover it stay apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gis.graph import BoolArray, IntArray
from partition.coverage.posts.cover_kernels import subsets, supersets

Lists = tuple[IntArray, IntArray]


@dataclass(frozen=True, slots=True)
class Core:
    """What is left to decide.

    Attributes
    ----------
    rows, cols
        Rows and columns of the table given that are left.
    covers
        ``bool[rows, cols]``.
    need
        Per row left: coverers still wanted.
    forced
        Columns that every answer holds.
    """

    rows: IntArray
    cols: IntArray
    covers: BoolArray
    need: IntArray
    forced: IntArray

    @property
    def lists(self) -> tuple[Lists, Lists]:
        """The table by column and by row: where each one's list starts, and the lists."""
        by_row = csr_array(self.covers)
        by_col = csr_array(self.covers.T)
        row = (by_row.indptr.astype(np.int64), by_row.indices.astype(np.int64))
        return (by_col.indptr.astype(np.int64), by_col.indices.astype(np.int64)), row


def reduce_table(covers: BoolArray, need: IntArray) -> Core:
    """Leave out of a covering problem what decides itself.  Every row must have as many coverers as it needs."""
    rows, cols = np.flatnonzero(need > 0), np.arange(covers.shape[1])
    need = need[rows].astype(np.int64)
    table = np.ascontiguousarray(covers[rows])
    forced: list[int] = []
    while len(rows):
        size = (len(rows), len(cols))
        must = table[table.sum(axis=1) <= need].any(axis=0)
        if must.any():
            forced += cols[must].tolist()
            need = need - table[:, must].sum(axis=1)
            table, cols = table[:, ~must], cols[~must]
            left = need > 0
            table, rows, need = table[left], rows[left], need[left]
        if len(rows):
            is_out = supersets(words(table), by_size(table), need)
            table, rows, need = table[~is_out], rows[~is_out], need[~is_out]
            turned = np.ascontiguousarray(table.T)
            may_go = ~turned[:, need > 1].any(axis=1)
            is_out = subsets(words(turned), by_size(turned)[::-1].copy(), may_go) | ~turned.any(axis=1)
            table, cols = np.ascontiguousarray(table[:, ~is_out]), cols[~is_out]
        if (len(rows), len(cols)) == size:
            break
    if not len(rows):
        cols = cols[:0]
    return Core(rows, cols, table[:, : len(cols)], need, np.sort(np.array(forced, np.int64)))


def by_size(table: BoolArray) -> IntArray:
    """Rows, those with fewest entries first."""
    order: IntArray = np.argsort(table.sum(axis=1), kind="stable")
    return order


def words(table: BoolArray) -> NDArray[np.uint64]:
    """Rows as bits in words of 64."""
    packed = np.packbits(table, axis=1)
    spare = -packed.shape[1] % 8
    return np.ascontiguousarray(np.pad(packed, ((0, 0), (0, spare)))).view(np.uint64)
