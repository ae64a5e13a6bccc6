"""Every lawful grid of a region: enumeration of connected sets of pieces, and pools of grids from many plans.

Enumeration is complete or says that it is not; only a complete set of columns carries a proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from gis.graph import BoolArray, FloatArray, IntArray
from partition.zoning.problem import Land, price_columns
from partition.zoning.seeds import misfit

_MAX_PIECES = 2_048  # bit sets of more pieces take memory by the square, and their grids are past counting


@dataclass(frozen=True, slots=True)
class Columns:
    """Grids as sets of pieces in compressed columns, pieces ascending in each.

    ``is_complete``: no lawful grid is missing.  ``outside`` and ``cost`` as `price_columns` gives them.
    """

    start: IntArray
    index: IntArray
    outside: IntArray
    cost: FloatArray
    is_complete: bool

    def __len__(self) -> int:
        return len(self.start) - 1

    def take(self, chosen: IntArray) -> Columns:
        """Some of the columns, in the order given; completeness is lost."""
        sizes = np.diff(self.start)[chosen]
        start = np.concatenate([[0], np.cumsum(sizes)])
        index = np.repeat(self.start[chosen] - start[:-1], sizes) + np.arange(start[-1])
        return Columns(start, self.index[index], self.outside[chosen], self.cost[chosen], False)


def enumerate_columns(land: Land, lo: int, hi: int, *, max_columns: int, max_nodes: int) -> Columns | None:
    """All connected sets of pieces with ``lo`` to ``hi`` households that leave a rest which can be lawful by count.

    Parameters
    ----------
    max_columns, max_nodes
        Work limits: grids found, and branches looked at.

    Returns
    -------
    Columns or None
        ``None`` when a limit was met.
    """
    n = len(land.weight)
    if n == 0 or land.weight.sum() < lo:
        return Columns(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), True)
    if n > _MAX_PIECES:
        return None
    near = _near_masks(land)
    start, index, done = _enumerate(land, near, lo, hi, max_columns, max_nodes)
    if not done:
        return None
    outside, cost = price_columns(land, start, index)
    columns = Columns(start, index, outside, cost, True)
    if lo == land.lo and hi == land.hi:
        keep = np.flatnonzero(_leaves_lawful_rest(land, start, index))
        columns = columns.take(keep)
    return Columns(columns.start, columns.index, columns.outside, columns.cost, True)


def pool_columns(land: Land, plans: list[IntArray]) -> Columns:
    """The distinct grids of some plans, in a fixed order."""
    grids: dict[bytes, IntArray] = {}
    for part in plans:
        order = np.argsort(part, kind="stable")
        cuts = np.flatnonzero(np.diff(part[order])) + 1
        for members in np.split(order, cuts):
            grids.setdefault(members.astype(np.int64).tobytes(), members)
    keys = sorted(grids)
    sizes = [len(grids[key]) for key in keys]
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    index = np.concatenate([grids[key] for key in keys]) if keys else np.zeros(0, np.int64)
    outside, cost = price_columns(land, start, index)
    return Columns(start, index, outside, cost, False)


def _near_masks(land: Land) -> IntArray:
    n = len(land.weight)
    words = (n + 63) // 64
    near = np.zeros((n, words), np.uint64)
    rows = np.repeat(np.arange(n), np.diff(land.indptr))[land.link]
    to = land.indices[land.link]
    np.bitwise_or.at(near, (rows, to // 64), np.uint64(1) << (to % 64).astype(np.uint64))
    return near  # type: ignore[return-value]


@njit(cache=True)
def _lowest(mask: IntArray) -> int:
    for word in range(len(mask)):
        m = mask[word]
        if m != np.uint64(0):
            bit = 0
            while (m & np.uint64(1)) == np.uint64(0):
                m >>= np.uint64(1)
                bit += 1
            return word * 64 + bit
    return -1


@njit(cache=True)
def _enumerate(
    land: Land, near: IntArray, lo: int, hi: int, max_columns: int, max_nodes: int
) -> tuple[IntArray, IntArray, bool]:
    n, words = near.shape
    start = np.zeros(max_columns + 1, np.int64)
    index = np.empty(1024, np.int64)
    n_columns, filled, visited = 0, 0, 0
    # One row per depth: the frontier and everything already seen; `chosen` is the growing set itself.
    frontier = np.zeros((n + 2, words), np.uint64)
    seen = np.zeros((n + 2, words), np.uint64)
    chosen = np.empty(n + 2, np.int64)
    weight = np.zeros(n + 2, np.int64)
    one = np.uint64(1)
    for s in range(n):
        if land.weight[s] > hi:
            continue
        above = np.zeros(words, np.uint64)
        for v in range(s + 1, n):
            above[v >> 6] |= one << np.uint64(v & 63)
        depth = 0
        chosen[0] = s
        weight[0] = land.weight[s]
        for word in range(words):
            frontier[0, word] = near[s, word] & above[word]
            seen[0, word] = frontier[0, word]
        fresh = True
        while depth >= 0:
            if fresh and weight[depth] >= lo:
                if n_columns == max_columns:
                    return start[:1], index[:0], False
                if filled + depth + 1 > len(index):
                    larger = np.empty(2 * len(index) + n, np.int64)
                    for i in range(filled):
                        larger[i] = index[i]
                    index = larger
                # Sorted by insertion: the sets are small, and it is quick to compile.
                for d in range(depth + 1):
                    i = filled + d
                    while i > filled and index[i - 1] > chosen[d]:
                        index[i] = index[i - 1]
                        i -= 1
                    index[i] = chosen[d]
                filled += depth + 1
                n_columns += 1
                start[n_columns] = filled
            fresh = False
            v = _lowest(frontier[depth])
            if v < 0:
                depth -= 1
                continue
            visited += 1
            if visited > max_nodes:
                return start[:1], index[:0], False
            # Dropped for the whole branch at this depth; the deeper level is the branch that takes it.
            frontier[depth, v >> 6] &= ~(one << np.uint64(v & 63))
            if weight[depth] + land.weight[v] > hi:
                continue
            for word in range(words):
                new = near[v, word] & above[word] & ~seen[depth, word]
                frontier[depth + 1, word] = frontier[depth, word] | new
                seen[depth + 1, word] = seen[depth, word] | new
            chosen[depth + 1] = v
            weight[depth + 1] = weight[depth] + land.weight[v]
            depth += 1
            fresh = True
    return start[: n_columns + 1].copy(), index[:filled].copy(), True


@njit(cache=True)
def _leaves_lawful_rest(land: Land, start: IntArray, index: IntArray) -> BoolArray:
    """Per column: every connected piece of what it leaves behind has a lawful number of grids by count."""
    n = len(land.weight)
    n_columns = len(start) - 1
    good = np.ones(n_columns, np.bool_)
    mark = np.full(n, -1, np.int64)
    stack = np.empty(n + 1, np.int64)
    for j in range(n_columns):
        for i in range(start[j], start[j + 1]):
            mark[index[i]] = j
        # Only the pieces beside the column can have been cut off from the others.
        for i in range(start[j], start[j + 1]):
            if not good[j]:
                break
            c = index[i]
            for e in range(land.indptr[c], land.indptr[c + 1]):
                v = land.indices[e]
                if not land.link[e] or mark[v] == j:
                    continue
                w = 0
                mark[v] = j
                stack[0] = v
                top = 1
                while top > 0:
                    top -= 1
                    t = stack[top]
                    w += land.weight[t]
                    for f in range(land.indptr[t], land.indptr[t + 1]):
                        u = land.indices[f]
                        if land.link[f] and mark[u] != j:
                            mark[u] = j
                            stack[top] = u
                            top += 1
                if misfit(land, w) > 0:
                    good[j] = False
                    break
    return good
