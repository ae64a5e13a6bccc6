"""A shelf for what takes long to make and follows from its key alone: made once, the last few are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from gis.errors import InputError


@dataclass(slots=True)
class Shelf[T]:
    """The last few things that were made; each is made once, by the first who asks.

    What can not be made is kept as well: it follows from the same key and would fail again.
    """

    most: int
    made: OrderedDict[Hashable, T | InputError] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    making: dict[Hashable, threading.Lock] = field(default_factory=dict)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What stands under a key; made by ``make`` where nothing does.

        Raises
        ------
        InputError
            What ``make`` raised, also where it did so for somebody before.
        """
        with self.lock:
            mine = self.making.setdefault(key, threading.Lock())
        with mine:
            found = self._kept(key)
            if found is None:
                try:
                    found = make()
                except InputError as error:
                    found = error
                self._keep(key, found)
        if isinstance(found, InputError):
            raise InputError.of(found.faults)
        return found

    def drop(self, key: Hashable) -> None:
        """Forget what stands under a key; whoever asks next makes it anew."""
        with self.lock:
            self.made.pop(key, None)
            self.making.pop(key, None)

    def _kept(self, key: Hashable) -> T | InputError | None:
        with self.lock:
            if key in self.made:
                self.made.move_to_end(key)
            return self.made.get(key)

    def _keep(self, key: Hashable, found: T | InputError) -> None:
        with self.lock:
            self.made[key] = found
            while len(self.made) > self.most:
                gone, _ = self.made.popitem(last=False)
                self.making.pop(gone, None)
