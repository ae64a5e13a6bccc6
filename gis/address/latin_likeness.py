"""Texts in Latin script that resemble a text.

Letters are few, so that counting shared letters tells little; shared pairs of neighbours tell more, and their lists
are short.  The cost of mending is that of `gis.address.fuzzy`: digits and single letters are never mended.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis.address.fuzzy import CLASSES, VALUES, comparable
from gis.graph import Int32Array

_N_PAIRS = 1 << 14


class Likeness:
    """Texts that belong to numbered owners, ready to be compared."""

    def __init__(self, texts: Sequence[str], owners: Sequence[int]) -> None:
        parts = [comparable(text) for text in texts]
        self._owner = np.array(owners, dtype=np.int32)
        self._length = np.array([len(text) for text in texts], dtype=np.int32)
        self._starts = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(part) for part in parts], out=self._starts[1:])
        self._codes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
        pairs = [np.unique(_pairs(part)) for part in parts]
        pair = np.concatenate(pairs) if pairs else np.zeros(0, dtype=np.int32)
        owner = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in pairs])
        self._posts = owner[np.argsort(pair, kind="stable")]
        self._post_starts = np.zeros(_N_PAIRS + 1, dtype=np.int64)
        np.cumsum(np.bincount(pair, minlength=_N_PAIRS), out=self._post_starts[1:])

    def near(self, text: str, most_cost: float, limit: int) -> list[tuple[int, float]]:
        """Owners of texts within a cost, with the share of the text that needs no mending; the likest first."""
        if not len(self._owner) or not text:
            return []
        from gis.address.latin_kernels import near

        code = comparable(text)
        place, cost = near(
            code, _pairs(code), self._codes, self._starts, self._post_starts, self._posts, CLASSES, VALUES, most_cost
        )
        share = 1.0 - cost / np.maximum(self._length[place], len(text))
        order = np.lexsort((place, -share))[:limit]
        return list(zip(self._owner[place[order]].tolist(), share[order].tolist()))


def _pairs(code: Int32Array) -> Int32Array:
    """Neighbouring letters as numbers, the ends of the text being neighbours too."""
    ended = np.concatenate(([0], code & 127, [0])).astype(np.int32)
    return (ended[:-1] << 7) | ended[1:]
