"""A period's figures while the period still runs."""

from __future__ import annotations

from datetime import date

import pytest

from partition.incidents.compare import Change
from partition.incidents.periods import period_of
from partition.incidents.rates import Tally
from partition.incidents.summary import IncidentSummary, Step


@pytest.mark.parametrize(
    ("kind", "day", "labels", "begun"),
    [
        ("month", "2026-11-22", [f"11-{d:02d}" for d in range(1, 31)], 22),
        ("month", "2026-11-30", [f"11-{d:02d}" for d in range(1, 31)], 30),
        ("month", "2026-12-24", [f"11-{d:02d}" for d in range(1, 31)], 30),
        ("month", "2026-10-31", [f"11-{d:02d}" for d in range(1, 31)], 0),
        ("week", "2027-01-01", ["12-28", "12-29", "12-30", "12-31", "01-01", "01-02", "01-03"], 5),
        ("year", "2026-11-01", [f"2026-{m:02d}" for m in range(1, 13)], 11),
    ],
)
def test_steps_to_come_are_not_counted_as_begun(kind: str, day: str, labels: list[str], begun: int) -> None:
    inside = date(2026, 12, 30) if kind == "week" else date(2026, 11, 5)
    made = IncidentSummary(
        period=period_of(kind, inside),
        compared=period_of(kind, inside),
        zone="Asia/Shanghai",
        made_at=f"{day}T23:30:00+08:00",
        plans=(),
        totals=Tally(),
        change=Change(0, 0),
        steps=tuple(Step(label, 0, 0) for label in labels),
    )
    assert made.n_begun == begun
