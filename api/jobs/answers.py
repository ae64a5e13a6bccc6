"""Answers of a job's regions: as plain data that gives back every bit, and kept as they come.

Decides how an answer is written down; numbers with a fraction are written in base 16, so that infinities and the last
bit survive every store.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from partition.zoning.ladder import Solved

_TEXTS = ("feasible", "reason", "proof", "stopped_by")
_FLOATS = ("objective", "bound", "seconds")


def answer_to_json(answer: Solved) -> dict[str, Any]:
    """An answer as plain data."""
    plain: dict[str, Any] = {name: getattr(answer, name) for name in _TEXTS}
    plain |= {name: float(getattr(answer, name)).hex() for name in _FLOATS}
    return {**plain, "number": int(answer.number), "part": answer.part.tolist()}


def answer_from_json(plain: Mapping[str, Any]) -> Solved:
    """The answer that `answer_to_json` wrote down."""
    floats = {name: float.fromhex(plain[name]) for name in _FLOATS}
    texts = {name: plain[name] for name in _TEXTS}
    return Solved(number=int(plain["number"]), part=np.array(plain["part"], np.int64), **texts, **floats)


class Answers(MutableMapping[str, Solved]):
    """Answers by the content of their region; new ones wait to be kept.

    The solver adds to it while another thread takes the new ones away to the store.
    """

    def __init__(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        self._known = {content: answer_from_json(plain) for content, plain in known.items()}
        self._waiting: dict[str, Solved] = {}
        self._lock = threading.Lock()

    @property
    def n_waiting(self) -> int:
        """Answers that nobody has kept yet."""
        return len(self._waiting)

    def take_new(self) -> dict[str, dict[str, Any]]:
        """Answers that nobody has kept yet, as plain data; give them back with `put_back` where that fails."""
        with self._lock:
            taken, self._waiting = self._waiting, {}
        return {content: answer_to_json(answer) for content, answer in taken.items()}

    def put_back(self, taken: Mapping[str, Mapping[str, Any]]) -> None:
        """These were not kept after all."""
        with self._lock:
            for content, plain in taken.items():
                self._waiting.setdefault(content, answer_from_json(plain))

    def __getitem__(self, content: str) -> Solved:
        return self._known[content]

    def __setitem__(self, content: str, answer: Solved) -> None:
        with self._lock:
            if content not in self._known:
                self._known[content] = self._waiting[content] = answer

    def __delitem__(self, content: str) -> None:
        with self._lock:
            del self._known[content]
            self._waiting.pop(content, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
