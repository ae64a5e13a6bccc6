"""Many short texts in two arrays, so that they can lie in a memory-mapped file; and stable hashes of texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

_UTF16 = "utf-16-le"


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
    made: NDArray[np.uint64] = _hashes(packed.units, packed.starts)
    return made


@njit(cache=True)
def _hashes(units, starts):  # type: ignore[no-untyped-def]
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
