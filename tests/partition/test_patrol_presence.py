"""Presence ratio of a schedule: street-hours with a patrol, by metres."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from gis.streets.network import Mode
from partition.patrol.schedule import Kind, Passes, Schedule, Shift, Visit, presence

DAY = date(2024, 3, 4)
NEXT = date(2024, 3, 5)
STREETS = {"a": np.array([100.0, 300.0]), "b": np.array([50.0]), "c": np.zeros(0)}


def schedule_of(*starts: tuple[str, float]) -> Schedule:
    shifts = tuple(
        Shift(DAY, "am", Kind.DEDICATED, False, f"00-{n}", 1, Mode.FOOT, "", (Visit(f"{g}-1", g, at, 60.0),), 60.0)
        for n, (g, at) in enumerate(starts)
    )
    return Schedule(shifts, {"am": (DAY,)}, {"am": 1})


def passes_at(street: list[int], from_s: list[float], to_s: list[float]) -> Passes:
    return Passes(np.array(street, dtype=np.int32), np.array(from_s, dtype=float), np.array(to_s, dtype=float))


def test_a_street_hour_counts_once_and_by_its_metres() -> None:
    passes = passes_at([0, 1, 0], [0, 60, 120], [60, 120, 180])
    found = presence(schedule_of(("a", 480.0)), STREETS, lambda s, v: passes, days=[DAY])
    assert found["a"].metre_hours == 24 * 400
    assert found["a"].metre_hours_with_patrol == 400
    assert found["a"].ratio == pytest.approx(1 / 24)
    assert found["b"].ratio == 0.0
    assert found["c"].ratio == 0.0


def test_a_pass_across_the_hour_counts_in_both_and_one_that_ends_on_it_in_one() -> None:
    across = passes_at([0], [30 * 60], [90 * 60])
    assert (
        presence(schedule_of(("a", 480.0)), STREETS, lambda s, v: across, days=[DAY])["a"].metre_hours_with_patrol
        == 200
    )
    until = passes_at([0], [30 * 60], [60 * 60])
    assert (
        presence(schedule_of(("a", 480.0)), STREETS, lambda s, v: until, days=[DAY])["a"].metre_hours_with_patrol == 100
    )


def test_two_patrols_in_one_hour_are_one_presence_and_in_two_hours_two() -> None:
    passes = passes_at([0], [0], [60])
    for starts, metres in (((480.0, 490.0), 100), ((480.0, 540.0), 200)):
        schedule = schedule_of(*(("a", at) for at in starts))
        assert presence(schedule, STREETS, lambda s, v: passes, days=[DAY])["a"].metre_hours_with_patrol == metres


def test_only_the_hours_and_days_asked_for_count() -> None:
    passes = passes_at([0], [0], [60])
    found = presence(schedule_of(("a", 480.0)), STREETS, lambda s, v: passes, days=[DAY, NEXT], from_hour=6, to_hour=22)
    assert found["a"].metre_hours == 2 * 16 * 400
    assert found["a"].metre_hours_with_patrol == 100
    early = presence(schedule_of(("a", 300.0)), STREETS, lambda s, v: passes, days=[DAY], from_hour=6, to_hour=22)
    assert early["a"].metre_hours_with_patrol == 0
    assert presence(schedule_of(("a", 480.0)), STREETS, lambda s, v: passes, days=[NEXT])["a"].ratio == 0


def test_what_is_passed_after_midnight_counts_for_the_day_after() -> None:
    passes = passes_at([0, 1], [0, 1800], [60, 1860])  # 23:45 and 0:15
    schedule = schedule_of(("a", 23 * 60 + 45.0))
    assert presence(schedule, STREETS, lambda s, v: passes, days=[DAY])["a"].metre_hours_with_patrol == 100
    assert presence(schedule, STREETS, lambda s, v: passes, days=[NEXT])["a"].metre_hours_with_patrol == 300
