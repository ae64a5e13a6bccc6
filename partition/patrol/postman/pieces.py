"""Which nodes hang together over given links, in the order of their lowest node."""

from __future__ import annotations

import numba
import numpy as np

from gis.graph import IntArray


def piece_of(n_nodes: int, a: IntArray, b: IntArray) -> IntArray:
    """Lowest node of the piece each node lies in, over the links ``a``-``b``."""
    label: IntArray = _pieces(n_nodes, np.ascontiguousarray(a, np.int64), np.ascontiguousarray(b, np.int64))
    return label


@numba.njit(cache=True)
def _pieces(n, a, b):  # type: ignore[no-untyped-def]
    label = np.arange(n)
    for k in range(len(a)):
        x, y = a[k], b[k]
        while label[x] != x:
            label[x] = label[label[x]]
            x = label[x]
        while label[y] != y:
            label[y] = label[label[y]]
            y = label[y]
        if x < y:
            label[y] = x
        elif y < x:
            label[x] = y
    for v in range(n):
        x = v
        while label[x] != x:
            x = label[x]
        label[v] = x
    return label
