"""Turns for what takes long: threads of their own, so that look-ups and pages go on beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from api.problems import Refusal

AT_ONCE = 2
MOST_WAITING = 24
_LATER_S = 5


class Turns:
    """Threads for one kind of question.

    Parameters
    ----------
    name
        What the threads are called.
    busy
        Code of the refusal when too many wait.
    """

    def __init__(self, name: str = "patrols", busy: str = "patrol_desk_busy") -> None:
        # Ever the same few: what a thread has made for itself (transformations of coordinates) is there the next time.
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=name)
        self._busy = busy
        self._n_asked = 0

    async def take[T](self, work: Callable[[], T]) -> T:
        """Do some work in its turn.

        Raises
        ------
        Refusal
            503 with the code that says that too many wait.
        """
        if self._n_asked >= AT_ONCE + MOST_WAITING:
            raise Refusal(503, self._busy, headers={"Retry-After": str(_LATER_S)}, allowed=MOST_WAITING)
        self._n_asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._n_asked -= 1

    def end(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
