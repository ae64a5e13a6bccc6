"""Schedules: every grid once per half day, no vehicle in two places, overload told with what would do."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import InputError
from gis.streets.network import Mode
from partition.patrol.schedule import (
    EVENING_SWEEP,
    HALF_DAYS,
    NIGHT,
    VOLUNTEERS,
    Kind,
    Round,
    Schedule,
    Shift,
    Vehicle,
    Watch,
    days_of,
    plan_schedule,
    shared_vehicles,
    total_of,
)
from partition.patrol.schedule.pack import chain_minutes, least_minutes
from partition.patrol.schedule.types import DAY_MINUTES

MONDAY = date(2024, 3, 4)
WEEK = MONDAY + timedelta(days=6)


def rounds_of(n_communities: int, n_grids: int, *, foot: float = 120.0) -> list[Round]:
    return [
        Round(
            f"{c:02}{g:02}-1",
            f"{c:02}{g:02}",
            f"{c:02}",
            {Mode.FOOT: foot, Mode.EBIKE: foot / 4, Mode.CAR: foot / 6},
            x=1000.0 * c,
            y=300.0 * g,
        )
        for c in range(n_communities)
        for g in range(n_grids)
    ]


def begin_end(shift: Shift, watches: dict[str, Watch]) -> tuple[int, int]:
    midnight = shift.date.toordinal() * DAY_MINUTES
    return midnight + watches[shift.watch].start, midnight + watches[shift.watch].end


def check(schedule: Schedule, rounds: list[Round], vehicles: list[Vehicle], watches: list[Watch]) -> None:
    """What must hold of every schedule."""
    by_name = {watch.name: watch for watch in watches}
    by_id = {r.id: r for r in rounds}
    owner = {v.id: v for v in vehicles}
    lent: dict[str, list[tuple[int, int]]] = defaultdict(list)
    seen: Counter[tuple[date, str, str]] = Counter()
    for shift in schedule.shifts:
        watch = by_name[shift.watch]
        assert shift.minutes <= watch.minutes + 1e-6
        assert shift.date.weekday() in watch.weekdays
        assert shift.mode in watch.modes
        assert bool(shift.vehicle) == (shift.mode != Mode.FOOT)
        if shift.vehicle:
            assert owner[shift.vehicle].mode == shift.mode
            lent[shift.vehicle].append(begin_end(shift, by_name))
            if not watch.is_pooled:
                assert {by_id[v.round].community for v in shift.visits} == {owner[shift.vehicle].community}
        assert shift.visits
        assert shift.visits[0].start_min == watch.start
        for one, other in pairwise(shift.visits):
            assert one.start_min + one.minutes <= other.start_min + 1e-9
        assert shift.visits[-1].start_min + shift.visits[-1].minutes == pytest.approx(watch.start + shift.minutes)
        for visit in shift.visits:
            assert visit.minutes == by_id[visit.round].minutes[shift.mode]
            seen[shift.date, shift.watch, visit.round] += 1
    assert set(seen.values()) <= {1}
    patrols = Counter((s.date, s.watch, s.patrol) for s in schedule.shifts)
    assert set(patrols.values()) <= {1}
    for times in lent.values():
        for one, other in pairwise(sorted(times)):
            assert one[1] <= other[0], "a vehicle in two shifts at one time"
    for watch in watches:
        if not watch.must_cover:
            continue
        left = {r for o in schedule.overloads if o.watch == watch.name for r in o.rounds}
        for day in schedule.held[watch.name]:
            covered = {r for (d, w, r) in seen if d == day and w == watch.name}
            assert covered | left >= set(by_id), "a round is neither walked nor told"


def test_every_grid_is_walked_once_per_half_day() -> None:
    rounds = rounds_of(28, 9)
    vehicles = list(shared_vehicles([f"{c:02}" for c in range(28)]))
    schedule = plan_schedule(rounds, vehicles, MONDAY, WEEK, plan_id="p")
    check(schedule, rounds, vehicles, list(HALF_DAYS))
    assert not schedule.overloads
    visits = Counter((s.date, s.watch, v.grid) for s in schedule.shifts for v in s.visits)
    assert len(visits) == 7 * 2 * 28 * 9
    assert set(visits.values()) == {1}


def test_a_car_and_two_e_bikes_a_community_make_28_cars_and_56_e_bikes() -> None:
    fleet = shared_vehicles([f"{c:02}" for c in range(28)])
    assert Counter(v.mode for v in fleet) == {Mode.CAR: 28, Mode.EBIKE: 56}
    assert len({v.id for v in fleet}) == 84


def test_short_grids_are_chained_into_one_shift_by_e_bike() -> None:
    rounds = rounds_of(1, 6, foot=120)  # half an hour each by e-bike, and 300 m between neighbours
    schedule = plan_schedule(rounds, shared_vehicles(["00"], cars=0, ebikes=1), MONDAY, MONDAY)
    assert [(s.mode, len(s.visits)) for s in schedule.shifts] == [(Mode.EBIKE, 6), (Mode.EBIKE, 6)]
    assert schedule.shifts[0].minutes == pytest.approx(6 * 30 + 5 * 1.3 * 300 / 300)
    in_order = [v.grid for v in schedule.shifts[0].visits]
    assert in_order in (sorted(in_order), sorted(in_order, reverse=True)), "the way zigzags"


def test_what_the_vehicles_do_not_hold_is_walked() -> None:
    rounds = rounds_of(1, 10, foot=160)  # 40 minutes by e-bike: five fit into a shift of 240
    fleet = shared_vehicles(["00"], cars=0, ebikes=1)
    schedule = plan_schedule(rounds, fleet, MONDAY, MONDAY, watches=HALF_DAYS[:1])
    check(schedule, rounds, list(fleet), [HALF_DAYS[0]])
    assert Counter(s.mode for s in schedule.shifts) == {Mode.EBIKE: 1, Mode.FOOT: 5}
    assert not schedule.overloads


def test_a_patrol_walks_where_a_grid_can_only_be_walked() -> None:
    rounds = [Round("a-1", "a", "00", {Mode.FOOT: 100.0}), Round("b-1", "b", "00", {Mode.EBIKE: 100.0})]
    watch = Watch("am", Kind.DEDICATED, 480, 240, modes=(Mode.EBIKE, Mode.FOOT), n_patrols=2)
    schedule = plan_schedule(rounds, shared_vehicles(["00"]), MONDAY, MONDAY, watches=[watch])
    assert not schedule.overloads
    assert sorted((s.mode, s.visits[0].grid) for s in schedule.shifts) == [(Mode.EBIKE, "b"), (Mode.FOOT, "a")]


def test_patrols_that_are_given_share_the_work_evenly() -> None:
    watch = Watch("am", Kind.DEDICATED, 480, 240, modes=(Mode.FOOT,), n_patrols=3)
    rounds = [Round(f"{i}-1", f"{i}", "00", {Mode.FOOT: float(m)}) for i, m in enumerate((60, 50, 40, 30, 20, 10))]
    schedule = plan_schedule(rounds, [], MONDAY, MONDAY, watches=[watch])
    assert [s.minutes for s in schedule.shifts] == [70.0, 70.0, 70.0]


def test_an_overload_is_told_with_the_patrols_and_the_minutes_that_would_do() -> None:
    watch = Watch("am", Kind.DEDICATED, 480, 240, modes=(Mode.FOOT,), n_patrols=1)
    rounds = [Round(f"{i}-1", f"{i}", "00", {Mode.FOOT: 110.0}) for i in range(5)]
    schedule = plan_schedule(rounds, [], MONDAY, WEEK, watches=[watch])
    check(schedule, rounds, [], [watch])
    [overload] = schedule.overloads
    assert overload.code == "patrol_too_few_patrols"
    assert len(overload.rounds) == 3
    assert (overload.minutes, overload.allowed_minutes) == (550.0, 240.0)
    assert overload.n_patrols_needed == 3
    assert overload.shift_minutes_needed == 550
    more = Watch("am", Kind.DEDICATED, 480, 240, modes=(Mode.FOOT,), n_patrols=overload.n_patrols_needed)
    assert not plan_schedule(rounds, [], MONDAY, MONDAY, watches=[more]).overloads
    longer = Watch("am", Kind.DEDICATED, 480, overload.shift_minutes_needed, modes=(Mode.FOOT,), n_patrols=1)
    assert not plan_schedule(rounds, [], MONDAY, MONDAY, watches=[longer]).overloads


def test_a_round_that_is_too_long_for_any_shift_is_told_and_the_rest_is_walked() -> None:
    rounds = [Round("a-1", "a", "00", {Mode.FOOT: 300.5}), Round("b-1", "b", "00", {Mode.FOOT: 100.0})]
    schedule = plan_schedule(rounds, [], MONDAY, MONDAY, watches=HALF_DAYS[:1])
    [overload] = schedule.overloads
    assert overload.code == "patrol_round_too_long"
    assert overload.rounds == ("a-1",)
    assert (overload.n_patrols_needed, overload.shift_minutes_needed) == (0, 301)
    assert [v.grid for s in schedule.shifts for v in s.visits] == ["b"]


def test_eight_weeks_have_sixteen_tuesdays_and_thursdays_and_two_off_leave_fourteen() -> None:
    last = MONDAY + timedelta(days=55)
    off = {EVENING_SWEEP.name: [date(2024, 3, 21)]}
    holidays = [date(2024, 4, 4)]  # a Thursday
    fleet = shared_vehicles([f"{c:02}" for c in range(8)])
    schedule = plan_schedule(
        rounds_of(8, 6),
        fleet,
        MONDAY,
        last,
        watches=[*HALF_DAYS, EVENING_SWEEP],
        holidays=holidays,
        cancelled=off,
    )
    check(schedule, rounds_of(8, 6), list(fleet), [*HALF_DAYS, EVENING_SWEEP])
    total = total_of(schedule, "sweep")
    assert (total.held, total.possible) == (14, 16)
    assert {d.weekday() for d in schedule.held["sweep"]} == {1, 3}
    assert not {date(2024, 3, 21), date(2024, 4, 4)} & set(schedule.held["sweep"])
    assert len(schedule.held["am"]) == 56, "grids are patrolled on holidays too"
    assert total.vehicle_times == 14 * 18
    assert total.person_times == 14 * 18 * 6


def test_what_need_not_cover_everything_goes_on_where_it_stopped() -> None:
    watch = Watch("vol", Kind.VOLUNTEER, 540, 120, n_patrols=1, must_cover=False)
    rounds = rounds_of(1, 7, foot=50)
    schedule = plan_schedule(rounds, [], MONDAY, WEEK, watches=[watch])
    times = Counter(v.grid for s in schedule.shifts for v in s.visits)
    assert len(times) == 7
    assert max(times.values()) - min(times.values()) <= 1
    assert not schedule.overloads


def test_a_night_watch_is_told_from_a_day_watch() -> None:
    assert NIGHT.is_night
    assert EVENING_SWEEP.is_night
    assert not any(watch.is_night for watch in (*HALF_DAYS, VOLUNTEERS))
    assert Watch("late", Kind.DEDICATED, 16 * 60, 240).is_night is False  # as much of it by day


def test_watches_at_one_time_do_not_share_a_vehicle() -> None:
    sweep = Watch("am2", Kind.JOINT, 9 * 60, 60, modes=(Mode.CAR,), must_cover=False, is_pooled=True, n_patrols=4)
    rounds = rounds_of(3, 4)
    fleet = list(shared_vehicles(["00", "01", "02"]))
    schedule = plan_schedule(rounds, fleet, MONDAY, WEEK, watches=[sweep, *HALF_DAYS])
    check(schedule, rounds, fleet, [sweep, *HALF_DAYS])
    assert total_of(schedule, "am2").vehicle_times == 7 * 3, "there are no more than three cars"


def test_who_walks_what_changes_from_day_to_day_but_not_from_run_to_run() -> None:
    rounds = rounds_of(2, 9, foot=150)
    fleet = shared_vehicles(["00", "01"])
    once = plan_schedule(rounds, fleet, MONDAY, WEEK, plan_id="p")
    assert once == plan_schedule(rounds[::-1], fleet[::-1], MONDAY, WEEK, plan_id="p")
    assert once != plan_schedule(rounds, fleet, MONDAY, WEEK, plan_id="q")
    of_a_grid = {(v.start_min, s.vehicle) for s in once.shifts for v in s.visits if v.grid == "0004"}
    assert len(of_a_grid) > 4


def test_a_period_of_no_day_and_a_watch_without_weekday_are_refused_together() -> None:
    wrong = Watch("x", Kind.DEDICATED, 480, 240, weekdays=frozenset())
    with pytest.raises(InputError) as caught:
        plan_schedule([], [], WEEK, MONDAY, watches=[wrong, HALF_DAYS[0], HALF_DAYS[0]])
    codes = [fault.code for fault in caught.value.faults]
    assert codes.count("schedule_period_wrong") == 1
    assert {"schedule_watch_wrong", "schedule_watch_twice"} <= set(codes)


def test_rounds_and_vehicles_of_one_name_are_refused() -> None:
    one = Round("a-1", "a", "00", {Mode.FOOT: 10.0})
    car = Vehicle("c", "00", Mode.CAR)
    with pytest.raises(InputError) as caught:
        plan_schedule([one, one], [car, car], MONDAY, MONDAY)
    assert [fault.code for fault in caught.value.faults] == ["schedule_round_twice", "schedule_vehicle_twice"]


def test_the_days_of_a_watch_include_both_ends() -> None:
    assert days_of(EVENING_SWEEP, date(2024, 3, 5), date(2024, 3, 12)) == (
        date(2024, 3, 5),
        date(2024, 3, 7),
        date(2024, 3, 12),
    )


minutes = st.floats(1, 400)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Round], list[Vehicle], list[Watch]]:
    rounds = []
    for c in range(draw(st.integers(1, 3))):
        for g in range(draw(st.integers(0, 8))):
            by_mode = draw(st.dictionaries(st.sampled_from(list(Mode)), minutes, min_size=1))
            x, y = draw(st.floats(0, 3000)), draw(st.floats(0, 3000))
            rounds.append(Round(f"{c}{g}-1", f"{c}{g}", f"{c}", by_mode, x, y))
    fleet = shared_vehicles(["0", "1", "2"], cars=draw(st.integers(0, 1)), ebikes=draw(st.integers(0, 2)))
    watches = [
        Watch(
            f"w{i}",
            draw(st.sampled_from(list(Kind))),
            draw(st.integers(0, 1439)),
            draw(st.integers(30, 600)),
            weekdays=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
            modes=tuple(draw(st.permutations(list(Mode)))[: draw(st.integers(1, 3))]),
            n_patrols=draw(st.integers(0, 4)),
            must_cover=draw(st.booleans()),
            is_pooled=draw(st.booleans()),
        )
        for i in range(draw(st.integers(1, 3)))
    ]
    return rounds, list(fleet), watches


@given(worlds())
def test_any_schedule_keeps_shifts_vehicles_and_rounds_in_order(
    world: tuple[list[Round], list[Vehicle], list[Watch]],
) -> None:
    rounds, vehicles, watches = world
    schedule = plan_schedule(rounds, vehicles, MONDAY, MONDAY + timedelta(days=3), watches=watches, plan_id="p")
    check(schedule, rounds, vehicles, watches)


@given(worlds())
def test_what_is_said_to_do_does(world: tuple[list[Round], list[Vehicle], list[Watch]]) -> None:
    rounds, _, _ = world
    watch = Watch("am", Kind.DEDICATED, 480, 100, modes=(Mode.FOOT,), n_patrols=1)
    for overload in plan_schedule(rounds, [], MONDAY, MONDAY, watches=[watch]).overloads:
        mine = [r for r in rounds if r.community == overload.community]
        assert overload.minutes >= 0
        if overload.n_patrols_needed:
            assert overload.n_patrols_needed > 1
            wider = Watch("am", Kind.DEDICATED, 480, 100, modes=(Mode.FOOT,), n_patrols=overload.n_patrols_needed)
            again = plan_schedule(mine, [], MONDAY, MONDAY, watches=[wider]).overloads
            assert all(o.code == "patrol_round_too_long" for o in again)
        longest = overload.shift_minutes_needed
        if overload.code == "patrol_too_few_patrols" and longest <= 1440:
            kept = [r for r in mine if r.minutes.get(Mode.FOOT, 1e9) <= 100]
            longer = Watch("am", Kind.DEDICATED, 480, longest, modes=(Mode.FOOT,), n_patrols=1)
            assert not plan_schedule(kept, [], MONDAY, MONDAY, watches=[longer]).overloads


@given(worlds())
def test_minutes_of_a_shift_are_at_least_those_of_its_rounds(
    world: tuple[list[Round], list[Vehicle], list[Watch]],
) -> None:
    rounds, vehicles, watches = world
    by_id = {r.id: r for r in rounds}
    for shift in plan_schedule(rounds, vehicles, MONDAY, MONDAY, watches=watches).shifts:
        visited = [by_id[v.round] for v in shift.visits]
        assert shift.minutes == pytest.approx(chain_minutes(visited, shift.mode))
        assert shift.minutes >= least_minutes(visited, list(Mode)) - 1e-6
