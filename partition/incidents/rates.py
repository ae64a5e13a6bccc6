"""Rates of incidents: handled and on time, with the right denominator, printed as the papers print them.

Of a period: what was received in it (受理), what was due in it (应结案: it had to be handled by a moment of the
period, whenever it came in), and of those what was handled by its end (结案) and in time (按期结案).  Each incident is
due in one period only, and a period that is over never changes because something was handled later.  Duplicates and
cancelled ones are told apart and stand in no rate.

References
----------
Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
N_LEVELS = 4
Moments = NDArray[np.datetime64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, both counted.

    Attributes
    ----------
    n, of
        Counts; fractional ones where incidents of a former grid are spread over those that took its place.
    """

    n: float
    of: float

    @property
    def frac(self) -> float | None:
        """Part over whole; none of nothing."""
        return self.n / self.of if self.of else None

    @property
    def text(self) -> str | None:
        """In per cent with two decimals, half up, as a paper prints it: ``97.74``; none of nothing."""
        return percent(self.n, self.of)

    @property
    def at_least(self) -> float | None:
        """Wilson's lower bound at 95 %: what few cases prove; none of nothing."""
        return wilson_lower(self.n, self.of)


def percent(n: float, of: float, digits: int = 2) -> str | None:
    """``n`` of ``of`` in per cent, rounded half away from zero to the digits that are printed; none of nothing.

    Exact for whole numbers: 1/8 is 12.5, and 12.5 at no digits is 13, whatever binary fractions do.
    """
    if not of:
        return None
    return rounded(Decimal(str(n)) * 100, Decimal(str(of)), digits)


def rounded(n: Decimal, of: Decimal, digits: int) -> str:
    """A quotient with some decimals, half away from zero."""
    top, bottom = n.as_integer_ratio(), of.as_integer_ratio()
    scaled, whole = top[0] * bottom[1] * 10**digits, top[1] * bottom[0]
    sign = -1 if (scaled < 0) != (whole < 0) else 1
    units = sign * ((2 * abs(scaled) + abs(whole)) // (2 * abs(whole)))
    text = f"{abs(units):0{digits + 1}d}"
    shown = f"{text[:-digits]}.{text[-digits:]}" if digits else text
    return f"-{shown}" if units < 0 else shown


def wilson_lower(n: float, of: float, z: float = Z_95) -> float | None:
    """Lower end of Wilson's interval: small grids are ranked by it, so that 1 of 1 is not the best there is."""
    if not of:
        return None
    p, zz = n / of, z * z
    middle = p + zz / (2 * of)
    reach = z * math.sqrt(p * (1 - p) / of + zz / (4 * of * of))
    return max(0.0, (middle - reach) / (1 + zz / of))


@dataclass(frozen=True, slots=True)
class Columns:
    """Incidents as columns, one row each.

    Attributes
    ----------
    received_at, arrive_due_at, arrived_at, due_at, handled_at
        Moments in UTC (``datetime64[us]``); NaT where it did not come to that.
    level
        Who has it to settle: 0 grid, 1 community, 2 town, 3 county.
    is_cancelled, is_duplicate
        In no rate.  A duplicate was cancelled as one, and is counted as a duplicate only.
    is_settled
        Handled, and not handed on, unfounded or given up.
    """

    received_at: Moments
    arrive_due_at: Moments
    arrived_at: Moments
    due_at: Moments
    handled_at: Moments
    level: NDArray[np.int8]
    is_cancelled: Bools
    is_duplicate: Bools
    is_settled: Bools

    def __len__(self) -> int:
        return len(self.received_at)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the incidents of a group add up to in a period.

    Attributes
    ----------
    received, cancelled, duplicates
        That came in during the period; those that were cancelled, or cancelled as duplicates, stand beside, each in
        one of the two and not in ``received``.
    received_handled
        Of ``received``, handled by the end of the period.
    due, due_handled, due_in_time
        That had to be handled in the period; of them handled by its end, and before their own deadline.
    arrive_due, arrived_in_time
        Where somebody had to be there in the period; and was, in time.
    handled
        Handled in the period, whenever they came in.
    settled
        Of them by level, where something was settled: grid, community, town, county.
    open
        Not handled at the end of the period, whenever they came in.
    overdue
        Of them past their deadline.
    """

    received: float = 0
    cancelled: float = 0
    duplicates: float = 0
    received_handled: float = 0
    due: float = 0
    due_handled: float = 0
    due_in_time: float = 0
    arrive_due: float = 0
    arrived_in_time: float = 0
    handled: float = 0
    settled: tuple[float, ...] = (0,) * N_LEVELS
    open: float = 0
    overdue: float = 0

    @property
    def handled_of_received(self) -> Share:
        """Handled of what came in (处理率)."""
        return Share(self.received_handled, self.received)

    @property
    def handled_of_due(self) -> Share:
        """Handled of what was due (结案率)."""
        return Share(self.due_handled, self.due)

    @property
    def in_time_of_due(self) -> Share:
        """Handled in time of what was due (按期结案率)."""
        return Share(self.due_in_time, self.due)

    @property
    def arrived_in_time_of_due(self) -> Share:
        """Reached in time of what was to be reached."""
        return Share(self.arrived_in_time, self.arrive_due)

    @property
    def settled_by_level(self) -> tuple[Share, ...]:
        """Of what was settled, at which level: 小事不出网格."""
        whole = sum(self.settled)
        return tuple(Share(n, whole) for n in self.settled)

    def is_consistent(self) -> bool:
        """Whether no part is larger than its whole; of figures that somebody typed in."""
        pairs = (
            (self.received_handled, self.received),
            (self.due_handled, self.due),
            (self.due_in_time, self.due_handled),
            (self.arrived_in_time, self.arrive_due),
        )
        return all(0 <= part <= whole for part, whole in pairs)


def moment64(moment: datetime) -> np.datetime64:
    """A moment as columns hold it."""
    return np.datetime64(moment.replace(tzinfo=None) - (moment.utcoffset() or (moment - moment)), "us")


def tally(
    columns: Columns,
    first: datetime,
    after: datetime,
    group: NDArray[np.integer] | None = None,
    n_groups: int = 1,
    weight: NDArray[np.float64] | None = None,
    row: NDArray[np.integer] | None = None,
    until: datetime | None = None,
) -> list[Tally]:
    """Figures of a period by group.

    Parameters
    ----------
    first, after
        The first moment of the period and the first one behind it; of a period that still goes on, now.
    group
        Of each row, 0 to ``n_groups`` - 1; below 0: none.  None: all are one group.
    weight
        Of each row, where it counts in parts.
    row
        Row of ``columns`` that each entry of ``group`` and ``weight`` is about; none: in order, one each.
    until
        When what was received or due has to be handled to be counted as handled; the end of the period where none is
        given.  For the days of a month: the end of the month, so that the days add up to it.

    Returns
    -------
    list
        One a group.  Without weights all counts are whole numbers.
    """
    start, end = moment64(first), moment64(after)
    cut = end if until is None else moment64(until)
    n = len(columns)
    group = np.zeros(n, np.int64) if group is None else np.asarray(group, np.int64)

    def within(moments: Moments) -> Bools:
        return np.asarray((moments >= start) & (moments < end))

    counted = ~columns.is_cancelled & ~columns.is_duplicate
    came, handled = within(columns.received_at), columns.handled_at < cut
    # What was handled and nobody knows when it was reached (a table of old cases) says nothing about arriving.
    is_told = ~(np.isnat(columns.arrived_at) & ~np.isnat(columns.handled_at))
    due, arrive = counted & within(columns.due_at), counted & within(columns.arrive_due_at) & is_told
    done = counted & within(columns.handled_at)
    here = counted & (columns.received_at < end) & ~(columns.handled_at < end)
    masks: dict[str, Bools] = {
        "received": counted & came,
        "cancelled": came & columns.is_cancelled & ~columns.is_duplicate,
        "duplicates": came & columns.is_duplicate,
        "received_handled": counted & came & handled,
        "due": due,
        "due_handled": due & handled,
        "due_in_time": due & handled & (columns.handled_at <= columns.due_at),
        "arrive_due": arrive,
        "arrived_in_time": arrive & (columns.arrived_at < cut) & (columns.arrived_at <= columns.arrive_due_at),
        "handled": done,
        "open": here,
        "overdue": here & (columns.due_at < end),
    }

    def counts(mask: Bools) -> list[float]:
        picked = mask if row is None else mask[row]
        kept = picked & (group >= 0)
        found = np.bincount(group[kept], None if weight is None else weight[kept], n_groups)[:n_groups]
        return [float(value) for value in found] if weight is not None else [int(value) for value in found]

    made = {name: counts(mask) for name, mask in masks.items()}
    levels = [counts(done & columns.is_settled & (columns.level == level)) for level in range(N_LEVELS)]
    return [
        Tally(**{name: values[i] for name, values in made.items()}, settled=tuple(one[i] for one in levels))
        for i in range(n_groups)
    ]


def total(tallies: Sequence[Tally]) -> Tally:
    """Several groups together."""
    if not tallies:
        return Tally()
    names = [name for name in Tally.__slots__ if name != "settled"]
    summed = {name: sum(getattr(one, name) for one in tallies) for name in names}
    return Tally(**summed, settled=tuple(sum(one.settled[i] for one in tallies) for i in range(N_LEVELS)))


def minutes_median(since: Moments, until: Moments, picked: Bools) -> float | None:
    """Median minutes between two moments of the rows that have both; none where there is no such row."""
    both = picked & ~np.isnat(since) & ~np.isnat(until)
    if not both.any():
        return None
    return float(np.median((until[both] - since[both]) / np.timedelta64(1, "m")))
