"""How much work one walk is worth: rounds and nodes, the same on every machine; the clock is a safety net."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Effort:
    """Work limits of one walk.

    Attributes
    ----------
    relax_rounds, programs
        Linear programs before branching, and while branching.
    deadline, clock
        When to stop, and by which clock; infinite: the work limits alone count.
    """

    relax_rounds: int = 60
    programs: int = 1_500
    deadline: float = np.inf
    clock: Callable[[], float] = time.monotonic

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return self.deadline - self.clock() if np.isfinite(self.deadline) else np.inf
