"""Compiled loop of Latin script: names that share enough pairs of letters with a text, and what mending them costs."""

from __future__ import annotations

import numpy as np
from numba import njit

from gis.address.kernels import mend


@njit(cache=True)
def near(code, pairs, codes, starts, post_starts, posts, classes, values, most):  # type: ignore[no-untyped-def]
    """Places of names within a cost of a text, and the costs."""
    n_names = len(starts) - 1
    shared = np.zeros(n_names, dtype=np.int16)
    for pair in pairs:
        for p in range(post_starts[pair], post_starts[pair + 1]):
            shared[posts[p]] += 1
    place = np.empty(n_names, dtype=np.int32)
    cost = np.empty(n_names, dtype=np.float64)
    found = 0
    n = len(code)
    for name in range(n_names):
        m = starts[name + 1] - starts[name]
        # One mistake spoils three pairs at most, two letters having changed places.
        least = max(n, m) + 1 - 3 * most
        if shared[name] < max(least, 1) or abs(n - m) > most:
            continue
        other = codes[starts[name] : starts[name + 1]]
        c = mend(code, code, other, other, classes, values, most)
        if c <= most:
            place[found], cost[found] = name, c
            found += 1
    return place[:found], cost[:found]
