"""When to stop: a budget of work that is the same on every machine, and a clock only as a safety net.

Results must be byte-equal for the same input and seed, so the search counts rounds and nodes.  The seconds are
an outer guard; a result that the clock cut short says so (`CommunityResult.stopped_by`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Call = Callable[[], bool]
"""Asked again and again while work goes on; once it says yes, the work ends with the best in hand."""


def never() -> bool:
    """Nobody asks for an early end."""
    return False


@dataclass(frozen=True, slots=True)
class Stop:
    """Budget of one run.

    Attributes
    ----------
    seconds
        Wall-clock limit for the whole run; ``None``: only the work limits count.
    effort
        Multiplies every work limit (starts, moves, columns, nodes); 1.0 is the default plan.
    """

    seconds: float | None = None
    effort: float = 1.0
