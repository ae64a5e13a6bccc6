"""What a look-up answers, before any plan is known: rows of the address index, how sure, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["exact", "building", "street", "ambiguous", "not_found"]
Kind = Literal["region", "district", "town", "community", "street", "estate"]
KINDS: tuple[Kind, ...] = ("region", "district", "town", "community", "street", "estate")
REGION, DISTRICT, TOWN, COMMUNITY, STREET, ESTATE = range(6)
MOST_CANDIDATES = 5
_NO_ROWS: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
_NO_ROWS.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One address that may be meant.

    Attributes
    ----------
    row
        Row of the address in the index.
    score_frac
        How well it agrees with what was asked, 0 to 1: an order, not a probability.
    reasons
        What differs from what was asked (codes).
    """

    row: int
    score_frac: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The answer to one address.

    Attributes
    ----------
    status
        ``exact``: everything asked agrees with one address.  ``building``: the building is known, something asked was
        corrected, missing or different.  ``street``: the estate, street or community is known, the building is not
        among its addresses.  ``ambiguous``: several buildings may be meant.  ``not_found``.
    candidates
        At most `MOST_CANDIDATES`, best first; of ``exact`` and ``building`` the first is the answer.
    among
        All rows that the answer may be one of: those of the estate, or of the street's side.  Where all of them lie
        in one grid, the grid is certain though the building is not.
    reasons
        Why the answer is what it is (codes).
    confidence
        0 to 1.
    matched, dropped
        The parts of the asker's own text that were used, and those that were not.
    """

    status: Status
    candidates: tuple[Candidate, ...] = ()
    among: NDArray[np.int32] = field(default_factory=lambda: _NO_ROWS)
    reasons: tuple[str, ...] = ()
    confidence: float = 0.0
    matched: str = ""
    dropped: str = ""

    @property
    def row(self) -> int | None:
        """The row of the answer, where it is one building."""
        return self.candidates[0].row if self.status in ("exact", "building") and self.candidates else None
