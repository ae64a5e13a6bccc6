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
from numpy.typing import NDArray

from gis.address.sounds import N_CODES, codes
from gis.address.unify import HAN_DIGITS
from gis.graph import Int32Array

_LETTER = 0xE000
_LONE = re.compile(r"(?<![A-Z])[A-Z](?![A-Z])")
SAME_VALUE, HOMOPHONE, SLIP, TELLING, NEVER = 0.25, 0.5, 1.0, 1.5, 100.0
"""Costs: a numeral in other writing, a character that sounds alike, any other slip, one that tells places apart."""
NUMERAL, DIRECTION, SINGLE, DIGIT = 1, 2, 3, 4
"""Classes of characters that tell places apart."""


def _classes() -> NDArray[np.int8]:
    table = np.zeros(N_CODES, dtype=np.int8)
    for character in (*HAN_DIGITS, "十", "百"):
        table[ord(character)] = NUMERAL
    for character in "东南西北中上下前后左右内外":
        table[ord(character)] = DIRECTION
    table[_LETTER : _LETTER + 128] = SINGLE
    table[ord("0") : ord("9") + 1] = DIGIT
    return table


CLASSES = _classes()
VALUES = np.full(N_CODES, -1, dtype=np.int32)
for _character, _value in (*HAN_DIGITS.items(), ("十", 10), ("百", 100)):
    VALUES[ord(_character)] = _value
VALUES[ord("0") : ord("9") + 1] = np.arange(10)


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
        from gis.address.kernels import similar

        code = comparable(text)
        place, cost = similar(
            code,
            self.sounds[code],
            self.code,
            self.sound,
            self.starts,
            self.post_starts,
            self.posts,
            CLASSES,
            VALUES,
            most_cost,
        )
        if len(place) > 1:
            order = np.lexsort((place, cost))[:limit]
            place, cost = place[order], cost[order]
        return list(zip(self.ids[place].tolist(), cost.tolist()))
