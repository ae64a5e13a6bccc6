"""The clock of a run: an outer guard only; the work itself is counted in steps and nodes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from partition.stop import Call, Stop, never


@dataclass(frozen=True, slots=True)
class Clock:
    """When to end, and how much to do until then.

    Attributes
    ----------
    end
        Moment of the monotonic clock; None without a limit.
    effort
        Multiplies every number of steps and nodes.
    is_called_off
        Asked again and again; once it says yes the run ends with the best in hand.
    """

    end: float | None
    effort: float
    is_called_off: Call = never

    @classmethod
    def of(cls, stop: Stop, is_called_off: Call = never) -> Clock:
        """Start it."""
        return cls(None if stop.seconds is None else time.monotonic() + stop.seconds, stop.effort, is_called_off)

    @property
    def left_s(self) -> float:
        """Seconds left, infinite without a limit."""
        return float("inf") if self.end is None else max(self.end - time.monotonic(), 0.0)

    @property
    def is_over(self) -> bool:
        """Whether to end with the best in hand."""
        return self.is_called_off() or self.left_s <= 0.0

    def work(self, steps: int) -> int:
        """So many steps at this effort, at least one."""
        return max(1, round(steps * self.effort))
