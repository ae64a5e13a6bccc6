"""Which grid gets which fill: neighbours never alike, all fills used about equally.

Knows borders as pairs of positions only; the colours themselves are in `maps.style`.
"""

from __future__ import annotations

import heapq

import numpy as np
import shapely
from numpy.typing import NDArray


def borders(geometry: NDArray[np.object_], least_m: float = 0.01) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of polygons that share a border, and for how long.

    Parameters
    ----------
    geometry
        Polygons that do not overlap (a coverage), in metres.
    least_m
        A shared border shorter than this is a touch at a corner and no border.

    Returns
    -------
    pairs, length_m
        ``pairs`` is ``(m, 2)`` with the lower position first, sorted; ``length_m`` the metres of each.
        Polygons that overlap count with the border of the overlap.
    """
    tree = shapely.STRtree(geometry)
    a, b = tree.query(geometry, predicate="intersects")
    pairs = np.column_stack([a, b])[a < b]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    length_m = shapely.length(shapely.intersection(geometry[pairs[:, 0]], geometry[pairs[:, 1]]))
    long_enough = length_m >= least_m
    return pairs[long_enough].astype(np.int64), length_m[long_enough]


def colour(n: int, pairs: NDArray[np.int64], n_colours: int) -> NDArray[np.int64]:
    """Give each of ``n`` things one of ``n_colours``, neighbours different.

    Smallest-last order (Matula and Beck 1983): a planar map always has a thing with five neighbours or fewer, so
    six colours are always enough; the last colour is kept for when the others do not do.  Among the colours that
    are free the one used least so far is taken.  With more than planar contacts a clash may be unavoidable; then
    the colour that the fewest neighbours have is taken.

    Returns
    -------
    Colour per thing, 0 to ``n_colours - 1``; the same input gives the same answer.
    """
    near: list[list[int]] = [[] for _ in range(n)]
    for a, b in pairs.tolist():
        near[a].append(b)
        near[b].append(a)
    result = np.full(n, -1, dtype=np.int64)
    used = [0] * n_colours
    everyday = max(n_colours - 1, 1)
    for thing in reversed(_smallest_first(near)):
        taken = [0] * n_colours
        for other in near[thing]:
            if result[other] >= 0:
                taken[result[other]] += 1
        best = min(range(n_colours), key=lambda c: (taken[c], c >= everyday, used[c], c))
        result[thing] = best
        used[best] += 1
    return result


def _smallest_first(near: list[list[int]]) -> list[int]:
    # Take away the thing with the fewest remaining neighbours again and again; ties by position.
    degree = [len(neighbours) for neighbours in near]
    heap = [(d, i) for i, d in enumerate(degree)]
    heapq.heapify(heap)
    gone = [False] * len(near)
    order = []
    while heap:
        d, i = heapq.heappop(heap)
        if gone[i] or d != degree[i]:
            continue
        gone[i] = True
        order.append(i)
        for j in near[i]:
            if not gone[j]:
                degree[j] -= 1
                heapq.heappush(heap, (degree[j], j))
    return order
