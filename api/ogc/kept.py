"""Answers that took some work, kept in memory for the next reader up to a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable


class Kept:
    """Bytes by name, the ones that were not asked for the longest go first.

    Parameters
    ----------
    most_bytes
        What all of them may weigh together; a single one may take a quarter of it.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._weight = 0
        self._items: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The bytes of a name, made where they are not kept; two readers at once may both make them."""
        with self._lock:
            found = self._items.get(name)
            if found is not None:
                self._items.move_to_end(name)
                return found
        made = make()
        if len(made) <= self._most // 4:
            with self._lock:
                self._weight += len(made) - len(self._items.pop(name, b""))
                self._items[name] = made
                while self._weight > self._most:
                    self._weight -= len(self._items.popitem(last=False)[1])
        return made

    def __len__(self) -> int:
        return len(self._items)
