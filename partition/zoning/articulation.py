"""Refusals that can be told in a sentence: land that hangs on the rest by one piece; a piece with no room beside it.

A grid that does not hold a piece ``v`` lies on one side of it.  So what a side can not put into grids of its own must
go to the grid of ``v``; when all sides together ask too much of that one grid, no lawful plan exists.  The proof is
arithmetic and the pieces can be named.  Cut pieces by the low points of a depth-first walk (Hopcroft and Tarjan 1973).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from gis.graph import IntArray
from partition.zoning.problem import Land

PENDANT, HEMMED = "pendant_over_band", "hemmed_in"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no lawful plan exists around one piece.

    Attributes
    ----------
    reason
        ``pendant_over_band``: land that touches the rest only through ``centre`` must go to its grid, and is too much
        for it.  ``hemmed_in``: ``centre`` is too small for a grid, and too large for one with any of its neighbours.
    centre
        The piece.
    hanging
        The pieces behind it (``hemmed_in``: the smallest neighbour), ascending.
    centre_households, hanging_households
        Of the piece, and of those behind it.
    least_households
        Fewest households that the grid of ``centre`` must hold; more than the band allows.
    """

    reason: str
    centre: int
    hanging: IntArray
    centre_households: int
    hanging_households: int
    least_households: int


def refusal(land: Land) -> Refusal | None:
    """A refusal of connected land, the one that misses by least where there are several; ``None`` proves nothing.

    Cost: linear in the contacts.
    """
    n = len(land.weight)
    if n < 2 or land.weight.sum() == 0:
        return None
    least, lightest, is_whole = _walk(land)
    if not is_whole:
        return None
    hemmed = (land.weight > 0) & (land.weight < land.lo) & (lightest > 0) & (land.weight + lightest > land.hi)
    found: list[tuple[int, int, str]] = []
    found += [(int(least[v]), int(v), PENDANT) for v in np.flatnonzero(least > land.hi)]
    found += [(int(land.weight[v] + lightest[v]), int(v), HEMMED) for v in np.flatnonzero(hemmed)]
    if not found:
        return None
    households, centre, reason = min(found)
    if reason == PENDANT:
        hanging = _hanging(land, centre)
    else:
        near = land.indices[land.indptr[centre] : land.indptr[centre + 1]]
        near = near[land.link[land.indptr[centre] : land.indptr[centre + 1]]]
        hanging = near[[int(np.argmin(land.weight[near]))]]
    behind = int(land.weight[hanging].sum())
    return Refusal(reason, centre, hanging, int(land.weight[centre]), behind, households)


@njit(cache=True)
def intake(w: int, lightest: int, lo: int, hi: int) -> int:
    """Fewest households of a side of ``w`` that the grid of the cut piece must take.

    Parameters
    ----------
    lightest
        Households of the lightest piece of this side that touches the cut piece: what is taken begins with one.
    """
    k = w // lo
    if w <= k * hi:
        return 0
    taken = w if k == 0 else w - k * hi
    if taken >= lightest:
        return taken
    rest = w - lightest
    k = rest // lo
    return w - (0 if k == 0 else min(rest, k * hi))


@njit(cache=True)
def _walk(land: Land) -> tuple[IntArray, IntArray, bool]:
    """(per piece the fewest households of its grid, its lightest neighbour or -1, whether all hangs together)."""
    n = len(land.weight)
    disc = np.full(n, -1, np.int64)
    low = np.zeros(n, np.int64)
    below = land.weight.copy()
    parent = np.full(n, -1, np.int64)
    at = land.indptr[:n].copy()
    lightest = np.full(n, -1, np.int64)
    total = land.weight.sum()
    # Households of the sides that hang on a piece alone.
    least = land.weight.copy()
    apart = np.zeros(n, np.int64)
    stack = np.empty(n, np.int64)
    disc[0] = 0
    stack[0] = 0
    top, clock = 1, 1
    while top > 0:
        v = stack[top - 1]
        if at[v] < land.indptr[v + 1]:
            u = land.indices[at[v]]
            is_link = land.link[at[v]]
            at[v] += 1
            if not is_link:
                continue
            if lightest[v] < 0 or land.weight[u] < lightest[v]:
                lightest[v] = land.weight[u]
            if disc[u] < 0:
                disc[u] = clock
                low[u] = clock
                clock += 1
                parent[u] = v
                stack[top] = u
                top += 1
            elif u != parent[v]:
                low[v] = min(low[v], disc[u])
            continue
        top -= 1
        p = parent[v]
        if p < 0:
            continue
        below[p] += below[v]
        low[p] = min(low[p], low[v])
        if low[v] >= disc[p]:
            touch = -1
            for e in range(land.indptr[p], land.indptr[p + 1]):
                u = land.indices[e]
                if land.link[e] and disc[v] <= disc[u] and (touch < 0 or land.weight[u] < touch):
                    touch = land.weight[u]
            least[p] += intake(below[v], touch, land.lo, land.hi)
            apart[p] += below[v]
    for v in range(n):
        # The side above, or all the rest where nothing hangs on the piece: the count holds for it as well.
        least[v] += intake(total - land.weight[v] - apart[v], lightest[v], land.lo, land.hi)
    return least, lightest, clock == n


def _hanging(land: Land, centre: int) -> IntArray:
    """Pieces of the sides of ``centre`` that must give to its grid."""
    n = len(land.weight)
    side = np.full(n, -1, np.int64)
    side[centre] = n
    given: list[int] = []
    for first in range(n):
        if side[first] >= 0:
            continue
        members, stack = [first], [first]
        side[first] = first
        lightest = -1
        while stack:
            v = stack.pop()
            for e in range(int(land.indptr[v]), int(land.indptr[v + 1])):
                u = int(land.indices[e])
                if not land.link[e]:
                    continue
                if u == centre:
                    lightest = int(land.weight[v]) if lightest < 0 else min(lightest, int(land.weight[v]))
                elif side[u] < 0:
                    side[u] = first
                    members.append(u)
                    stack.append(u)
        if intake(int(land.weight[members].sum()), max(lightest, 0), land.lo, land.hi) > 0:
            given += members
    return np.array(sorted(given), np.int64)
