"""Many short texts in two arrays, so that they can lie in a memory-mapped file; and stable hashes of texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_UTF16 = "utf-16-le"
_FEW_UNITS = 400  # hashed in Python, sooner than the compiler is loaded
_MASK = 2**64 - 1


class Texts:
    """A read-only list of texts: UTF-16 units in one array and where each text begins."""

    def __init__(self, units: NDArray[np.uint16], starts: NDArray[np.int64]) -> None:
        self.units = units
        self.starts = starts

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Pack texts; what is no text of Unicode is replaced."""
        joined = "".join(texts)
        units = np.frombuffer(joined.encode(_UTF16, "replace"), dtype=np.uint16)
        length = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        if len(units) != len(joined):  # characters of two units
            length = np.array([len(text.encode(_UTF16, "replace")) // 2 for text in texts], dtype=np.int64)
        starts = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum(length, out=starts[1:])
        return cls(units, starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, place: int) -> str:
        return self.units[self.starts[place] : self.starts[place + 1]].tobytes().decode(_UTF16)

    def all(self) -> list[str]:
        """Every text."""
        whole = self.units.tobytes().decode(_UTF16)
        if len(whole) != len(self.units):
            return [self[place] for place in range(len(self))]
        edge = self.starts.tolist()
        return [whole[a:b] for a, b in pairwise(edge)]


def hashes(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Two independent 64-bit hashes of every text, the same in every process: shape (n, 2)."""
    packed = Texts.of(texts)
    if len(packed.units) < _FEW_UNITS:
        units, starts = packed.units.tolist(), packed.starts.tolist()
        few = [_hash_one(units[a:b]) for a, b in pairwise(starts)]
        return np.array(few, dtype=np.uint64).reshape(-1, 2)
    from gis.address.kernels import hash_texts

    made: NDArray[np.uint64] = hash_texts(packed.units, packed.starts)
    return made


def _hash_one(units: list[int]) -> tuple[int, int]:
    """What `gis.address.kernels.hash_texts` makes of one text."""
    a, b = 14695981039346656037, 0x9E3779B97F4A7C15
    for unit in units:
        a = ((a ^ unit) * 1099511628211) & _MASK
        b = ((b + unit + 1) * 0xD6E8FEB86659FD93) & _MASK
        b ^= b >> 32
    return a ^ (a >> 29), b
