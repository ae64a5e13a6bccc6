"""Totals that somebody typed in, printed as the papers print them, and red flags of a period."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np

from api.usecases.incident_answers import RATES, change_row, share_row
from api.usecases.incident_statistics import span_of
from data.store import Tx
from data.store.rooms.incident_figures import FlagTable
from gis.errors import InputError
from partition.incidents.compare import Change
from partition.incidents.flags import AGE_DAYS, FlagFigures, flag_figures
from partition.incidents.periods import ZONE, Period
from partition.incidents.rates import Tally, rounded


def rates_of_totals(name: str, counts: dict[str, int]) -> dict[str, Any]:
    """Rates of totals; those nothing was said about are null.

    Raises
    ------
    InputError
        ``totals_inconsistent``: more was handled than there was.
    """
    tally = Tally(**counts)
    if not tally.is_consistent():
        raise InputError("totals_inconsistent", id=name, measured=", ".join(f"{k}={v}" for k, v in counts.items()))
    rates = {rate: share_row(getattr(tally, rate)) for rate in RATES}
    return {"name": name, **counts, "rates": rates}


def change_of_totals(name: str, now: int, before: int) -> dict[str, Any]:
    """A count beside another one."""
    return {"name": name, **change_row(Change(now, before))}


def ratio(n: float, of: float, digits: int = 2) -> str | None:
    """A quotient as a paper prints it, half up; null of nothing."""
    return rounded(Decimal(str(n)), Decimal(str(of)), digits) if of else None


def flags_of(tx: Tx, period: Period, now: datetime, zone: str = ZONE) -> dict[str, Any]:
    """Red flags of a period: how many there were, came and went, how old those are that stay; all and by kind."""
    span = span_of(period, now, zone)
    table = tx.incident_figures.flags(span.first, span.until)

    def told(mine: np.ndarray) -> dict[str, Any]:
        return _flag_row(
            flag_figures(table.raised_at[mine], table.due_at[mine], table.cleared_at[mine], span.first, span.until)
        )

    return {
        "total": told(np.ones(len(table.raised_at), dtype=bool)),
        "age_days": list(AGE_DAYS),
        "by_kind": [{"key": kind, **told(table.kind == kind)} for kind in _keys(table)],
    }


def _keys(table: FlagTable) -> list[str]:
    return sorted(set(table.kind.tolist()))


def _flag_row(figures: FlagFigures) -> dict[str, Any]:
    names = ("before", "raised", "cleared", "open", "overdue", "oldest_days")
    row: dict[str, Any] = {name: getattr(figures, name) for name in names}
    row["ages"] = list(figures.ages)
    row["change"] = change_row(Change(figures.open, figures.before))
    return row
