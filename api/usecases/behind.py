"""What takes long and follows from its key alone, made behind the scenes: whoever asks waits a little, then goes on.

Beside `api.usecases.shelf`, where whoever asks waits until it is there.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Any

from gis.errors import InputError

AT_ONCE = 2


class Behind:
    """The last few things that were made, and those that are being made.

    What can not be made is kept as well: it follows from the same key and would fail again.

    Parameters
    ----------
    most
        So many are kept.
    name
        What the threads are called.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def get[T](self, key: Hashable, make: Callable[[], T], wait_s: float = 0.0) -> T | None:
        """What stands under a key; none while it is still being made after ``wait_s``.

        Raises
        ------
        InputError
            What ``make`` raised, also where it did so for somebody before.
        """
        with self._lock:
            found = self._made.get(key)
            if found is None or (found.done() and not _is_kept(found)):
                found = self._made[key] = self._threads.submit(make)
            self._made.move_to_end(key)
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        try:
            made: T = found.result(wait_s)
        except NotYet:
            if not found.done():
                return None
            raise
        except InputError as error:
            raise InputError.of(error.faults) from error
        return made

    def end(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _is_kept(found: Future[Any]) -> bool:
    """Whether it was made, or failed for good."""
    if found.cancelled():
        return False
    error = found.exception()
    return error is None or isinstance(error, InputError)
