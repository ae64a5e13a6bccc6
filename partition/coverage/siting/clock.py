"""When the improvement of a siting ends early: by the seconds of a stop rule, or because somebody calls it off."""

from __future__ import annotations

import time

from partition.stop import Call, Stop, never

_LONGEST_S = 600.0
"""No single integer programme runs longer, whatever the stop rule."""


class Clock:
    """Runs from its making.

    Parameters
    ----------
    stop
        ``seconds`` by the wall clock, None for no limit.
    is_called_off
        Asked again and again.
    """

    def __init__(self, stop: Stop, is_called_off: Call = never) -> None:
        self.stop = stop
        self._call = is_called_off
        self._end = None if stop.seconds is None else time.monotonic() + stop.seconds

    def is_over(self) -> bool:
        """Whether to end with the best in hand."""
        return self._call() or (self._end is not None and time.monotonic() >= self._end)

    def left_s(self) -> float:
        """Seconds one more search may take."""
        return _LONGEST_S if self._end is None else max(0.0, min(_LONGEST_S, self._end - time.monotonic()))
