"""The clock of a run: an outer guard only; the work itself is counted in steps and nodes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from partition.stop import Stop

NODES = 20_000
"""Branch-and-bound nodes per integer program at effort 1."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When to end, and how much to do until then."""

    end: float | None
    effort: float

    @classmethod
    def of(cls, stop: Stop) -> Clock:
        """Start it."""
        return cls(None if stop.seconds is None else time.monotonic() + stop.seconds, stop.effort)

    @property
    def left_s(self) -> float:
        """Seconds left, infinite without a limit."""
        return float("inf") if self.end is None else max(self.end - time.monotonic(), 0.0)

    @property
    def is_over(self) -> bool:
        """No seconds left."""
        return self.left_s <= 0.0

    def work(self, steps: int) -> int:
        """So many steps at this effort, at least one."""
        return max(1, round(steps * self.effort))
