"""Sites with a red flag (红牌): how many there were, came and went in a period, and how old those are that stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from partition.incidents.rates import Moments, moment64

AGE_DAYS = (7, 30, 90)
"""Upper ends of the classes of age, in days; one more for whatever is older."""


@dataclass(frozen=True, slots=True)
class FlagFigures:
    """Red flags in a period.

    Attributes
    ----------
    before
        Open when it began.
    raised, cleared
        During it.
    open
        When it ended: ``before + raised - cleared``.
    overdue
        Of the open ones, past the day by which they had to be put right.
    ages
        Open ones by days since they were raised: up to each of `AGE_DAYS`, and older.
    oldest_days
        Of the open one that is longest there; none where none is open.
    """

    before: int
    raised: int
    cleared: int
    open: int
    overdue: int
    ages: tuple[int, ...]
    oldest_days: int | None


def flag_figures(
    raised_at: Moments, due_at: Moments, cleared_at: Moments, first: datetime, after: datetime
) -> FlagFigures:
    """Figures of the flags of a period.

    Parameters
    ----------
    raised_at, due_at, cleared_at
        Of each flag; NaT in the last where it is there still.
    first, after
        The first moment of the period and the first one behind it; of a period that still goes on, now.
    """
    start, end = moment64(first), moment64(after)
    is_here = (raised_at < end) & ~(cleared_at < end)
    days = (end - raised_at[is_here]) // np.timedelta64(1, "D")
    # Seven whole days are still "up to 7".
    classes = np.searchsorted(np.array(AGE_DAYS), days.astype(np.int64), side="left")
    return FlagFigures(
        before=_n((raised_at < start) & ~(cleared_at < start)),
        raised=_n((raised_at >= start) & (raised_at < end)),
        cleared=_n((cleared_at >= start) & (cleared_at < end)),
        open=_n(is_here),
        overdue=_n(is_here & (due_at < end)),
        ages=tuple(int(n) for n in np.bincount(classes, minlength=len(AGE_DAYS) + 1)),
        oldest_days=int(days.max()) if len(days) else None,
    )


def _n(mask: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))
