"""Deadlines of incidents: the table, working days, escalation, and the file they are edited in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import InputError
from partition.incidents.calendar import CHINA, Span, WorkCalendar, span_of
from partition.incidents.deadlines import RULES, Deadline, IncidentRules, clocks, minutes, next_escalation, row_for
from partition.incidents.rules_toml import rules_from_toml, rules_of_table, table_of, to_toml


def at(text: str) -> datetime:
    """A moment in China's time."""
    return datetime.fromisoformat(f"{text}+08:00")


def codes(error: InputError) -> list[str]:
    return [fault.code for fault in error.faults]


@pytest.mark.parametrize(
    ("received", "n", "due"),
    [
        ("2026-11-18T10:00", 3, "2026-11-23T17:30"),  # Wednesday: Thursday, Friday, over the weekend, Monday
        ("2026-11-20T23:59", 1, "2026-11-23T17:30"),  # late on Friday
        ("2026-11-21T09:00", 1, "2026-11-23T17:30"),  # on Saturday
        ("2026-09-30T16:00", 3, "2026-10-10T17:30"),  # over National Day: the 8th, the 9th and the Saturday made up
        ("2026-02-13T09:00", 2, "2026-02-24T17:30"),  # the Saturday before Spring Festival is worked
        ("2026-12-30T09:00", 3, "2027-01-04T17:30"),  # into a year whose holidays nobody has announced: weeks as usual
    ],
)
def test_working_days_pass_over_weekends_holidays_and_days_made_up(received: str, n: int, due: str) -> None:
    assert CHINA.after(at(received), Span(n, "working days")) == at(due)


def test_days_keep_the_hour_where_clocks_are_put_forward_and_hours_do_not() -> None:
    there = WorkCalendar(zone="Europe/London")
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night after, clocks go forward
    assert there.after(before, Span(1, "days")) == datetime(2026, 3, 29, 11, tzinfo=UTC)
    assert there.after(before, Span(24, "hours")) == datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert there.after(before, Span(1, "working days")) == datetime(2026, 3, 30, 16, 30, tzinfo=UTC)
    assert CHINA.after(before, Span(1, "days")) == CHINA.after(before, Span(24, "hours"))


def test_urgent_ones_are_reached_in_1_3_5_minutes_the_outer_bound_is_30_and_ordinary_kinds_have_days() -> None:
    received = at("2026-11-20T10:00")
    arrive = [clocks(RULES, "消防隐患", priority, received).arrive_at for priority in (1, 2, 3)]
    assert arrive == [at("2026-11-20T10:01"), at("2026-11-20T10:03"), at("2026-11-20T10:05")]
    ordinary = clocks(RULES, "矛盾纠纷", 3, received)
    assert (ordinary.arrive_at, ordinary.due_at) == (at("2026-11-20T10:30"), at("2026-11-25T17:30"))


def test_a_row_that_names_more_goes_first_and_what_it_leaves_out_comes_from_the_next() -> None:
    rows = (
        Deadline("*", 0, minutes(10), minutes(30), minutes(60)),
        Deadline("*", 1, arrive=minutes(1)),
        Deadline("噪声扰民", 0, arrive=minutes(20)),
        Deadline("噪声扰民", 1, handle=minutes(45)),
    )
    rules = IncidentRules(deadlines=rows)
    assert row_for(rules, "噪声扰民", 1) == Deadline("噪声扰民", 1, minutes(10), minutes(20), minutes(45))
    assert row_for(rules, "别的", 1) == Deadline("别的", 1, minutes(10), minutes(1), minutes(60))


def test_an_overdue_incident_goes_up_level_by_level_and_stops_at_the_county() -> None:
    due = clocks(RULES, "噪声扰民", 1, at("2026-11-20T10:00"))
    steps = [next_escalation(RULES, "received", 1, due, level) for level in range(4)]
    assert steps == [at("2026-11-20T10:01"), at("2026-11-20T10:16"), at("2026-11-20T10:31"), None]
    assert next_escalation(RULES, "feedback", 1, due, 0) is None
    weekly = replace(RULES, escalate_every=(Span(1, "working days"),) * 3)
    assert next_escalation(weekly, "received", 1, due, 1) == at("2026-11-23T17:30")


def test_the_default_rules_come_back_from_their_file_and_from_plain_data() -> None:
    assert rules_from_toml(to_toml(RULES)) == RULES
    assert rules_of_table(table_of(RULES)) == RULES


spans = st.builds(Span, st.integers(1, 500).map(float), st.sampled_from(["min", "hours", "days", "working days"]))
names = st.text(st.characters(categories=["L", "N", "S", "P"]), min_size=1, max_size=20).filter(
    lambda name: name.isprintable() and name != "*"
)


@given(
    kinds=st.lists(names, unique=True, max_size=4),
    handle=spans,
    every=st.tuples(spans, spans, spans),
    week=st.sets(st.sampled_from(["mon", "wed", "sat", "sun"]), min_size=1),
    holidays=st.frozensets(st.dates(min_value=at("2026-01-01T00:00").date()), max_size=5),
    metres=st.floats(0, 10_000),
)
def test_any_rules_come_back_from_their_file(
    kinds: list[str], handle: Span, every: tuple[Span, Span, Span], week: set[str], holidays: frozenset, metres: float
) -> None:
    from partition.incidents.calendar import WEEKDAYS
    from partition.incidents.deadlines import Kind

    rules = IncidentRules(
        deadlines=(
            Deadline("*", 0, minutes(0.5), minutes(1), handle),
            *(Deadline(kind, 2, handle=handle) for kind in kinds),
        ),
        escalate_every=every,
        duplicate_m=metres,
        kinds=tuple(Kind(kind, kind, kind[::-1]) for kind in kinds),
        calendar=WorkCalendar("UTC", tuple(d for d in WEEKDAYS if d in week), time(8), time(18), holidays),
    )
    assert rules_from_toml(to_toml(rules)) == rules


def test_all_faults_of_a_file_are_told_at_once_with_their_places() -> None:
    text = """
    [incidents]
    duplicate_m = -1
    stale_s = "long"
    escalate_every = ["15 min", "0 min", "soon"]
    colour = "red"
    [incidents.calendar]
    zone = "Mars/Base"
    work_week = []
    opens = "18:00"
    closes = "09:00"
    holidays = ["2026-10-01/2026-10-07", "2026-13-01"]
    working_days = ["2026-10-01"]
    [[incidents.kinds]]
    code = "噪声"
    [[incidents.kinds]]
    code = "噪声"
    [[incidents.deadlines]]
    kind = "火灾"
    priority = 7
    arrive = "2.5 working days"
    [[incidents.deadlines]]
    kind = "噪声"
    arrive = "2 hours"
    handle = "1 hours"
    """
    with pytest.raises(InputError) as caught:
        rules_from_toml(text, file="r.toml")
    assert {(fault.code, fault.facts["column"]) for fault in caught.value.faults} == {
        ("incident_rules_out_of_range", "incidents.duplicate_m"),
        ("incident_rules_wrong_type", "incidents.stale_s"),
        ("incident_rules_out_of_range", "incidents.escalate_every.2"),
        ("incident_rules_span", "incidents.escalate_every.3"),
        ("incident_rules_unknown_key", "incidents.colour"),
        ("incident_rules_zone", "incidents.calendar.zone"),
        ("incident_rules_never_worked", "incidents.calendar.work_week"),
        ("incident_rules_order", "incidents.calendar.closes"),
        ("incident_rules_wrong_type", "incidents.calendar.holidays.2"),
        ("incident_rules_day_both", "incidents.calendar.working_days"),
        ("incident_rules_twice", "incidents.kinds"),
        ("incident_rules_kind_unknown", "incidents.deadlines.1.kind"),
        ("incident_rules_wrong_type", "incidents.deadlines.1.priority"),
        ("incident_rules_span", "incidents.deadlines.1.arrive"),
        ("incident_rules_order", "incidents.deadlines.2.handle"),
        ("incident_rules_no_default", "incidents.deadlines"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x =", "incident_rules_not_toml"),
        ("[a]", "incident_rules_no_table"),
        ("incidents = 3", "incident_rules_wrong_type"),
    ],
)
def test_what_is_no_rules_is_refused(text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        rules_from_toml(text)
    assert codes(caught.value) == [code]


@pytest.mark.parametrize("text", ["", "3", "min", "-1 min", "1.5 days", "99999 days", "1e3 min", "３ min", "2 weeks"])
def test_what_is_no_span_is_none(text: str) -> None:
    assert span_of(text) is None
