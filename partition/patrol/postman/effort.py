"""How much work one walk is worth: rounds and nodes, the same on every machine; the clock is a safety net."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Effort:
    """Work limits of one walk.

    Attributes
    ----------
    relax_rounds
        Linear programs.
    settle_rounds, nodes
        Integer programs, and branch-and-bound nodes of each.
    deadline
        Of `time.monotonic`; infinite: the work limits alone count.
    """

    relax_rounds: int = 60
    settle_rounds: int = 12
    nodes: int = 400
    deadline: float = np.inf
