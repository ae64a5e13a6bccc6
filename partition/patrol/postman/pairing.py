"""Minimum-weight perfect matching of a complete graph (rustworkx, Galil's blossoms)."""

from __future__ import annotations

import numpy as np
import rustworkx as rx

from gis.graph import FloatArray, IntArray

_STEPS = float(2**40)  # costs become whole numbers this fine: far below any length that is measured


def pair_up(cost: FloatArray) -> IntArray:
    """Pairs ``(k, 2)`` of least total cost that take in every row once.

    Parameters
    ----------
    cost
        Symmetric, with an even number of rows; infinite where two must not be paired.

    Raises
    ------
    ValueError
        When there is no perfect matching.
    """
    n = len(cost)
    if n == 0:
        return np.zeros((0, 2), np.int64)
    i, j = np.triu_indices(n, 1)
    value = cost[i, j]
    open_pair = np.isfinite(value)
    i, j, value = i[open_pair], j[open_pair], value[open_pair]
    top = float(value.max(initial=0.0))
    whole = np.rint(value * (_STEPS / top if top > 0 else 1.0)).astype(np.int64)
    graph = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(n))
    graph.add_edges_from(list(zip(i.tolist(), j.tolist(), (whole.max(initial=0) + 1 - whole).tolist())))
    found = rx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
    if 2 * len(found) != n:
        raise ValueError("no perfect matching")
    return np.array(sorted((min(a, b), max(a, b)) for a, b in found), np.int64)
