"""Compiled loops: hashes of many texts, and the search for names that resemble a text.

Only they need the compiler, which takes longer to load than most questions to answer: whoever calls them imports this
room when the time has come.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gis.address.fuzzy import DIGIT, HOMOPHONE, NEVER, SAME_VALUE, SLIP, TELLING


@njit(cache=True)
def hash_texts(units, starts):  # type: ignore[no-untyped-def]
    """Two independent 64-bit hashes of every text; `gis.address.blobs` has the same in Python."""
    n = len(starts) - 1
    out = np.empty((n, 2), dtype=np.uint64)
    for i in range(n):
        a, b = np.uint64(14695981039346656037), np.uint64(0x9E3779B97F4A7C15)
        for k in range(starts[i], starts[i + 1]):
            unit = np.uint64(units[k])
            a = (a ^ unit) * np.uint64(1099511628211)
            b = (b + unit + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
            b ^= b >> np.uint64(32)
        a ^= a >> np.uint64(29)
        out[i, 0], out[i, 1] = a, b
    return out


@njit(cache=True)
def mend(a, sa, b, sb, classes, values, most):  # type: ignore[no-untyped-def]
    """Cost of mending a into b; more than ``most`` may come back as any greater number."""
    n, m = len(a), len(b)
    before = np.zeros(m + 1)
    last = np.zeros(m + 1)
    for j in range(m):
        last[j + 1] = last[j] + _drop(b[j], classes)
    now = np.zeros(m + 1)
    for i in range(n):
        drop_a = _drop(a[i], classes)
        now[0] = last[0] + drop_a
        least = now[0]
        for j in range(m):
            best = min(last[j + 1] + drop_a, now[j] + _drop(b[j], classes))
            if a[i] == b[j]:
                change = 0.0
            else:
                va, vb = values[a[i]], values[b[j]]
                if va >= 0 and vb >= 0:
                    change = SAME_VALUE if va == vb else NEVER
                elif _tells_apart(classes[a[i]], classes[b[j]]):
                    change = NEVER
                elif sa[i] == sb[j]:
                    change = HOMOPHONE
                elif classes[a[i]] != 0 or classes[b[j]] != 0:
                    change = TELLING
                else:
                    change = SLIP
            best = min(best, last[j] + change)
            if i > 0 and j > 0 and a[i] == b[j - 1] and a[i - 1] == b[j] and a[i] != b[j]:
                best = min(best, before[j - 1] + SLIP)
            now[j + 1] = best
            least = min(least, best)
        if least > most:
            return least
        before, last, now = last, now, before
    return last[m]


@njit(cache=True)
def _tells_apart(one, other):  # type: ignore[no-untyped-def]
    """Two directions, two single letters; or a digit in place of something else."""
    return (one != 0 and one == other) or one == DIGIT or other == DIGIT


@njit(cache=True)
def _drop(code, classes):  # type: ignore[no-untyped-def]
    kind = classes[code]
    if kind == 0:
        return SLIP
    return NEVER if kind == DIGIT else TELLING


@njit(cache=True)
def similar(code, sound, codes, sounds, starts, post_starts, posts, classes, values, most):  # type: ignore[no-untyped-def]
    """Places of names within a cost of a text, and the costs."""
    n_names = len(starts) - 1
    shared = np.zeros(n_names, dtype=np.int16)
    n = len(code)
    for i in range(n):
        # A sound that occurs k times in the text may be shared k times at most.
        nth = 1
        for k in range(i):
            if sound[k] == sound[i]:
                nth += 1
        run, owner = 0, -1
        for p in range(post_starts[sound[i]], post_starts[sound[i] + 1]):
            if posts[p] == owner:
                run += 1
            else:
                owner, run = posts[p], 1
            if run == nth:
                shared[owner] += 1
    place = np.empty(n_names, dtype=np.int32)
    cost = np.empty(n_names, dtype=np.float64)
    found = 0
    for name in range(n_names):
        if shared[name] == 0:
            continue
        m = starts[name + 1] - starts[name]
        if shared[name] < max(n, m) - most:
            continue
        a, b = starts[name], starts[name + 1]
        c = mend(code, sound, codes[a:b], sounds[a:b], classes, values, most)
        if c <= most:
            place[found], cost[found] = name, c
            found += 1
    return place[:found], cost[:found]
