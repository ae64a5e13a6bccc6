"""Rates equal a recount in plain Python, whatever the incidents; each incident is due in one period only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from partition.incidents.periods import Period, months_until, period_of, read_period, span
from partition.incidents.rates import Columns, Tally, minutes_median, tally, total
from partition.incidents.trends import Redraw, follow

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
HOURS = st.integers(-60 * 24, 60 * 24)


@dataclass(frozen=True)
class One:
    received: datetime
    arrive_due: datetime
    arrived: datetime | None
    due: datetime
    handled: datetime | None
    level: int
    is_cancelled: bool
    is_duplicate: bool
    is_settled: bool
    grid: int


@st.composite
def incident(draw: st.DrawFn) -> One:
    received = START + timedelta(hours=draw(HOURS))

    def later() -> datetime | None:
        hours = draw(st.one_of(st.none(), st.integers(0, 600)))
        return None if hours is None else received + timedelta(hours=hours)

    due = received + timedelta(hours=draw(st.integers(1, 400)))
    return One(
        received,
        received + timedelta(hours=draw(st.integers(1, 9))),
        later(),
        due,
        later(),
        draw(st.integers(0, 3)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.integers(-1, 3)),
    )


def columns_of(rows: list[One]) -> Columns:
    def moments(name: str) -> np.ndarray:
        found = [getattr(one, name) for one in rows]
        return np.array(["NaT" if m is None else m.replace(tzinfo=None) for m in found], "datetime64[us]")

    def flags(name: str) -> np.ndarray:
        return np.array([getattr(one, name) for one in rows], bool)

    return Columns(
        moments("received"),
        moments("arrive_due"),
        moments("arrived"),
        moments("due"),
        moments("handled"),
        np.array([one.level for one in rows], np.int8),
        flags("is_cancelled"),
        flags("is_duplicate"),
        flags("is_settled"),
    )


def recount(rows: list[One]) -> Tally:
    """One incident after another, as a clerk would."""
    n: dict[str, int] = dict.fromkeys((name for name in Tally.__slots__ if name != "settled"), 0)
    settled = [0, 0, 0, 0]
    for one in rows:
        came = START <= one.received < END
        if one.is_cancelled or one.is_duplicate:
            if came:
                n["duplicates" if one.is_duplicate else "cancelled"] += 1
            continue
        handled = one.handled is not None and one.handled < END
        if came:
            n["received"] += 1
            n["received_handled"] += handled
        if START <= one.due < END:
            n["due"] += 1
            n["due_handled"] += handled
            n["due_in_time"] += handled and one.handled <= one.due
        if START <= one.arrive_due < END and (one.arrived is not None or one.handled is None):
            n["arrive_due"] += 1
            n["arrived_in_time"] += one.arrived is not None and one.arrived < END and one.arrived <= one.arrive_due
        if one.handled is not None and START <= one.handled < END:
            n["handled"] += 1
            if one.is_settled:
                settled[one.level] += 1
        if one.received < END and not handled:
            n["open"] += 1
            n["overdue"] += one.due < END
    return Tally(**n, settled=tuple(settled))


@settings(max_examples=120, deadline=None)
@given(st.lists(incident(), max_size=40))
def test_rates_equal_a_recount_one_by_one(rows: list[One]) -> None:
    columns = columns_of(rows)
    grids = np.array([one.grid for one in rows], np.int64)
    (whole,) = tally(columns, START, END)
    assert whole == recount(rows)
    assert whole.is_consistent()
    by_grid = tally(columns, START, END, grids, 4)
    assert by_grid == [recount([one for one in rows if one.grid == grid]) for grid in range(4)]
    assert total(by_grid) == recount([one for one in rows if one.grid >= 0])
    halves = tally(columns, START, END, grids, 4, np.full(len(rows), 0.5))
    assert [half.due for half in halves] == [one.due / 2 for one in by_grid]


@settings(max_examples=60, deadline=None)
@given(st.lists(incident(), max_size=30))
def test_an_incident_is_received_due_and_handled_in_one_month_only(rows: list[One]) -> None:
    columns = columns_of(rows)
    months = [
        tally(columns, *month.bounds("UTC"))[0] for month in months_until(period_of("month", date(2027, 6, 1)), 24)
    ]
    counted = [one for one in rows if not one.is_cancelled and not one.is_duplicate]
    assert total(months).received == total(months).due == len(counted)
    assert total(months).handled == sum(one.handled is not None for one in counted)


def test_nothing_at_all_has_no_rate_and_never_a_nan() -> None:
    (none,) = tally(columns_of([]), START, END)
    assert none == Tally()
    assert none.handled_of_due.frac is None
    assert none.handled_of_due.text is None
    assert none.handled_of_due.at_least is None
    assert [share.text for share in none.settled_by_level] == [None] * 4
    assert minutes_median(*(np.array([], "datetime64[us]"),) * 2, np.array([], bool)) is None


@pytest.mark.parametrize(
    ("text", "kind", "label", "before", "year_before"),
    [
        ("2026-11", None, "2026-11", "2026-10", "2025-11"),
        ("2026-01-31", "month", "2026-01", "2025-12", "2025-01"),
        ("2026-W53", None, "2026-W53", "2026-W52", "2025-W52"),
        ("2027-01-01", "week", "2026-W53", "2026-W52", "2025-W52"),
        ("2026-Q1", None, "2026-Q1", "2025-Q4", "2025-Q1"),
        ("2026-11", "year", "2026", "2025", "2025"),
        ("2028-02-29", None, "2028-02-29", "2028-02-28", "2027-02-28"),
    ],
)
def test_periods_are_read_and_followed_back(
    text: str, kind: str | None, label: str, before: str, year_before: str
) -> None:
    period = read_period(text, kind)
    assert (period.label, period.before().label, period.year_before().label) == (label, before, year_before)
    assert read_period(label) == period


def test_a_month_begins_at_midnight_in_china() -> None:
    first, after = read_period("2026-11").bounds()
    assert (first.isoformat(), after.isoformat()) == ("2026-10-31T16:00:00+00:00", "2026-11-30T16:00:00+00:00")
    assert span(date(2026, 11, 3), date(2026, 11, 9)).before() == Period("span", date(2026, 10, 27), date(2026, 11, 2))


@pytest.mark.parametrize("text", ["2026-13", "2026-02-30", "2025-W53", "2026-Q5", "1999-12", "", "november", "2026-1"])
def test_no_such_period_is_refused(text: str) -> None:
    with pytest.raises(InputError) as told:
        read_period(text)
    assert told.value.faults[0].code == "period_malformed"


def test_a_month_does_not_say_which_day() -> None:
    with pytest.raises(InputError):
        read_period("2026-11", "day")
    with pytest.raises(InputError):
        span(date(2026, 11, 2), date(2026, 11, 1))


def test_former_grids_are_followed_through_redraws_by_their_households() -> None:
    redraws = [
        Redraw("p1", ()),
        Redraw("p2", (("a", "a", 0.75), ("a", "b", 0.25), ("c", "d", 1.0))),
        Redraw("p3", (("b", "e", 0.5), ("b", "a", 0.5), ("d", "d", 1.0))),
    ]
    found = follow([("p1", "a"), ("p2", "b"), ("p3", "a"), ("p1", "x"), ("p1", "c")], redraws)
    assert found["p1", "a"] == {"a": 0.875, "e": 0.125}
    assert found["p2", "b"] == {"a": 0.5, "e": 0.5}
    assert (found["p3", "a"], found["p1", "x"], found["p1", "c"]) == ({"a": 1.0}, {"x": 1.0}, {"d": 1.0})
