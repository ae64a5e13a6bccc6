"""Names that resemble a text: how much must be mended to get from one to the other.

The cost of mending is a restricted edit distance (optimal string alignment) in which characters that sound alike
cost half.  What tells places apart is never mended into another: a digit or numeral into a different one, south into
north, one single letter into another.  Names that share too few sounds with the text to come below the limit are
passed over by counting shared sounds first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis.address.sounds import N_CODES, codes
from gis.address.unify import HAN_DIGITS
from gis.graph import Int32Array

HOMOPHONE, EDIT, APART = 0.5, 1.0, 1.5
_NEVER = 100.0
_LETTER = 0xE000
_LONE = re.compile(r"(?<![A-Z])[A-Z](?![A-Z])")
_NUMERAL, _DIRECTION, _SINGLE, _DIGIT = 1, 2, 3, 4


def _classes() -> NDArray[np.int8]:
    table = np.zeros(N_CODES, dtype=np.int8)
    for character in (*HAN_DIGITS, "十", "百"):
        table[ord(character)] = _NUMERAL
    for character in "东南西北中上下前后左右内外":
        table[ord(character)] = _DIRECTION
    table[_LETTER : _LETTER + 128] = _SINGLE
    table[ord("0") : ord("9") + 1] = _DIGIT
    return table


_CLASS = _classes()
_VALUE = np.full(N_CODES, -1, dtype=np.int32)
for _character, _value in (*HAN_DIGITS.items(), ("十", 10), ("百", 100)):
    _VALUE[ord(_character)] = _value
_VALUE[ord("0") : ord("9") + 1] = np.arange(10)


def comparable(text: str) -> Int32Array:
    """Character numbers of a text as the comparison sees them: single letters (A区) are signs, not spelling."""
    return codes(_LONE.sub(lambda found: chr(_LETTER + ord(found[0])), text))


@dataclass(frozen=True, slots=True)
class Spelling:
    """Names made ready to be compared: character numbers, sounds, and which names have which sound."""

    ids: Int32Array
    code: Int32Array
    sound: Int32Array
    starts: Int32Array
    post_starts: Int32Array
    posts: Int32Array
    sounds: Int32Array

    @classmethod
    def of(cls, ids: Sequence[int], texts: Sequence[str], sounds: Int32Array) -> Spelling:
        """Prepare names; ``sounds`` gives the sound of a character number."""
        parts = [comparable(text) for text in texts]
        length = np.array([len(part) for part in parts], dtype=np.int32)
        starts = np.zeros(len(parts) + 1, dtype=np.int32)
        np.cumsum(length, out=starts[1:])
        code = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
        sound = sounds[code]
        owner = np.repeat(np.arange(len(parts), dtype=np.int32), length)
        order = np.argsort(sound, kind="stable")
        n_sounds = int(sounds.max(initial=0)) + 2
        post_starts = np.zeros(n_sounds + 1, dtype=np.int32)
        np.cumsum(np.bincount(sound, minlength=n_sounds), out=post_starts[1:])
        return cls(np.asarray(ids, dtype=np.int32), code, sound, starts, post_starts, owner[order], sounds)

    def similar(self, text: str, most_cost: float, limit: int) -> list[tuple[int, float]]:
        """Ids of names within a cost of a text, cheapest first (ties by id), with their costs."""
        if not len(self.ids) or not text:
            return []
        code = comparable(text)
        place, cost = _similar(
            code,
            self.sounds[code],
            self.code,
            self.sound,
            self.starts,
            self.post_starts,
            self.posts,
            _CLASS,
            _VALUE,
            most_cost,
        )
        if len(place) > 1:
            order = np.lexsort((place, cost))[:limit]
            place, cost = place[order], cost[order]
        return list(zip(self.ids[place].tolist(), cost.tolist()))


@njit(cache=True)
def _mend(a, sa, b, sb, classes, values, most):  # type: ignore[no-untyped-def]
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
                    change = 0.25 if va == vb else 100.0
                elif _tells_apart(classes[a[i]], classes[b[j]]):
                    change = 100.0
                elif sa[i] == sb[j]:
                    change = 0.5
                elif classes[a[i]] != 0 or classes[b[j]] != 0:
                    change = 1.5
                else:
                    change = 1.0
            best = min(best, last[j] + change)
            if i > 0 and j > 0 and a[i] == b[j - 1] and a[i - 1] == b[j] and a[i] != b[j]:
                best = min(best, before[j - 1] + 1.0)
            now[j + 1] = best
            least = min(least, best)
        if least > most:
            return least
        before, last, now = last, now, before
    return last[m]


@njit(cache=True)
def _tells_apart(one, other):  # type: ignore[no-untyped-def]
    """Two directions, two single letters; or a digit in place of something else."""
    return (one != 0 and one == other) or one == 4 or other == 4


@njit(cache=True)
def _drop(code, classes):  # type: ignore[no-untyped-def]
    kind = classes[code]
    if kind == 0:
        return 1.0
    return 100.0 if kind == 4 else 1.5


@njit(cache=True)
def _similar(code, sound, codes, sounds, starts, post_starts, posts, classes, values, most):  # type: ignore[no-untyped-def]
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
        c = _mend(code, sound, codes[a:b], sounds[a:b], classes, values, most)
        if c <= most:
            place[found], cost[found] = name, c
            found += 1
    return place[:found], cost[:found]
