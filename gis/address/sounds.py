"""Sounds: which characters sound alike.  A homophone is the commonest mistake of typing and of writing by ear."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gis.graph import Int32Array

N_CODES = 0x10000
_OWN = 1_000


@lru_cache(maxsize=1)
def syllables() -> tuple[tuple[str, ...], Int32Array]:
    """The toneless syllables in order, and for every code below 0x10000 the place of its syllable (-1: none).

    Of several readings the commonest counts, in the layer and in questions alike.
    """
    from pypinyin.pinyin_dict import pinyin_dict

    plain: dict[int, str] = {}
    for code, readings in pinyin_dict.items():
        if 0x3400 <= code < N_CODES:
            first = unicodedata.normalize("NFD", readings.split(",")[0])
            plain[code] = "".join(c for c in first if "a" <= c <= "z" or c == "\u0308").replace("u\u0308", "v")
    found = tuple(sorted({syllable for syllable in plain.values() if syllable}))
    place = {syllable: i for i, syllable in enumerate(found)}
    of_code = np.full(N_CODES, -1, dtype=np.int32)
    for code, syllable in plain.items():
        of_code[code] = place.get(syllable, -1)
    return found, of_code


@lru_cache(maxsize=1)
def sound_of_code() -> Int32Array:
    """For every code below 0x10000 a number that is the same for characters that sound alike."""
    _, place = syllables()
    own = np.arange(N_CODES, dtype=np.int32) + _OWN
    sound: Int32Array = np.where(place >= 0, place, own).astype(np.int32)
    return sound


def codes(text: str) -> NDArray[np.int32]:
    """The characters of a text as numbers; those beyond the first plane share one."""
    found = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    return np.minimum(found, N_CODES - 1).astype(np.int32)
