"""Cleaning of tracks: every rule, its count, and where a track falls into parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.readers.gpx import Track, read_gpx
from gis.streets.network import Mode
from partition.patrol.tracks.clean import RULES, CleanTrack, clean_track
from partition.patrol.tracks.kernels_clean import thin
from partition.patrol.tracks.settings import TrackSettings
from tests.street_kit import MONDAY_S, ORIGIN_M, receive

FOOT, CAR = TrackSettings(), TrackSettings(mode=Mode.CAR)


def line(n: int = 60, every_s: float = 10.0, kmh: float = 3.6) -> Track:
    """A straight walk without error: a metre a second."""
    time_s = np.arange(n) * every_s
    xy = np.column_stack([time_s * kmh / 3.6, np.zeros(n)]) + ORIGIN_M
    return receive(xy, time_s + MONDAY_S, 0.0)


def with_times(track: Track, time_s: np.ndarray) -> Track:
    return replace(track, time_s=np.array(time_s, float))


def moved(track: Track, rows: slice | list[int], metres: float) -> Track:
    lat = track.lat.copy()
    lat[rows] += metres / 111_000
    return replace(track, lat=lat)


def counted(clean: CleanTrack) -> dict[str, int]:
    return {rule: n for rule, n in clean.dropped.items() if n}


def test_a_sound_track_loses_nothing_and_is_one_part() -> None:
    clean = clean_track(line(), FOOT)
    assert (len(clean), clean.n_parts, counted(clean)) == (60, 1, {})
    assert clean.length_m == pytest.approx(590, rel=2e-3)
    assert clean.seconds == 590


def test_inaccurate_fixes_are_dropped_and_those_without_accuracy_stay() -> None:
    accuracy = np.full(60, np.nan)
    accuracy[:10] = [60, 55, 51, 50.1, 50, 49, 10, 5, 3, 1]
    assert counted(clean_track(replace(line(), accuracy_m=accuracy), FOOT)) == {"inaccurate": 4}


def test_a_second_fix_of_the_same_moment_is_dropped() -> None:
    track = line()
    time_s = track.time_s.copy()
    time_s[[5, 9]] = time_s[[4, 8]]
    assert counted(clean_track(with_times(track, time_s), FOOT)) == {"duplicate": 2}


def test_a_track_that_stands_twice_in_a_file_counts_once() -> None:
    once = line()
    twice = Track(
        once.patrol,
        *(np.tile(column, 2) for column in (once.lon, once.lat, once.time_s, once.accuracy_m)),
        np.repeat(np.array([0, 1], np.int32), 60),
        {},
    )
    clean = clean_track(twice, FOOT)
    assert counted(clean) == {"duplicate": 60}
    assert clean.seconds == 590


def test_segments_in_wrong_order_are_put_right() -> None:
    track = line()
    order = np.r_[30:60, 0:30]
    columns = (track.lon[order], track.lat[order], track.time_s[order], track.accuracy_m)
    swapped = Track("1", *columns, np.repeat(np.array([0, 1], np.int32), 30), {})
    clean = clean_track(swapped, FOOT)
    assert (clean.n_parts, clean.clock_jumps, counted(clean)) == (1, 0, {})
    assert (np.diff(clean.time_s) > 0).all()


@pytest.mark.parametrize("jump_s", [3_600.0, -3_600.0, 86_400.0 * 365, -200.0, 200.0])
def test_a_single_fix_with_a_wrong_clock_is_dropped(jump_s: float) -> None:
    track = line()
    time_s = track.time_s.copy()
    time_s[30] += jump_s
    clean = clean_track(with_times(track, time_s), FOOT)
    assert (counted(clean), clean.n_parts, clean.clock_jumps) == ({"clock": 1}, 1, 0)


def test_a_clock_that_is_set_back_for_good_cuts_the_track_and_is_counted() -> None:
    track = line()
    time_s = track.time_s.copy()
    time_s[30:] -= 3_600
    clean = clean_track(with_times(track, time_s), FOOT)
    assert (len(clean), clean.n_parts, clean.clock_jumps) == (60, 2, 1)
    assert clean.seconds == 580


def test_a_clock_that_is_set_forward_for_good_cuts_the_track() -> None:
    track = line()
    time_s = track.time_s.copy()
    time_s[30:] += 3_600
    clean = clean_track(with_times(track, time_s), FOOT)
    assert (len(clean), clean.n_parts, clean.clock_jumps, clean.seconds) == (60, 2, 0, 580)


@pytest.mark.parametrize("year_s", [0.0, 5e9, -1e9])
def test_years_in_which_no_patrol_was_recorded_are_wrong_clocks(year_s: float) -> None:
    track = line()
    time_s = track.time_s.copy()
    time_s[:4] = year_s + np.arange(4)
    assert counted(clean_track(with_times(track, time_s), FOOT)) == {"clock": 4}


def test_gaps_longer_than_five_minutes_cut_the_track_and_shorter_ones_do_not() -> None:
    time_s = line().time_s.copy()
    time_s[20:] += 280
    time_s[40:] += 295
    clean = clean_track(with_times(line(), time_s), FOOT)
    assert np.flatnonzero(np.diff(clean.part)).tolist() == [39]
    assert clean.seconds == 590 + 280 - 10


def test_a_fix_far_away_is_dropped_and_the_track_goes_on() -> None:
    clean = clean_track(moved(line(), [30], 400), FOOT)
    assert (counted(clean), clean.n_parts) == ({"too_fast": 1}, 1)


def test_a_bus_ride_on_a_patrol_on_foot_is_dropped_and_cuts_it() -> None:
    metres = np.concatenate([np.arange(60) * 10.0, 600 + np.arange(30) * 110.0, 3_900 + np.arange(60) * 10.0])
    time_s = MONDAY_S + np.arange(150) * 10.0
    track = receive(np.column_stack([metres, np.zeros(150)]) + ORIGIN_M, time_s, 0.0)
    clean = clean_track(track, FOOT)
    assert 25 <= clean.dropped["too_fast"] <= 40
    assert clean.n_parts == 2
    assert clean_track(track, CAR).dropped["too_fast"] == 0


def test_standing_with_a_poor_receiver_is_not_riding() -> None:
    place = np.tile(np.array(ORIGIN_M), (1_200, 1))
    track = receive(place, MONDAY_S + np.arange(1_200.0), 20.0)
    clean = clean_track(track, FOOT)
    assert clean.n_parts == 1
    assert clean.dropped["too_fast"] < 12


def test_what_lies_outside_the_shift_is_another_shifts() -> None:
    clean = clean_track(line(), FOOT, within=(MONDAY_S + 100, MONDAY_S + 200))
    assert len(clean) == 11
    assert counted(clean) == {"outside_shift": 49}


def test_a_track_without_times_keeps_its_order_and_knows_no_hours() -> None:
    clean = clean_track(with_times(line(), np.full(60, np.nan)), FOOT)
    assert (len(clean), clean.n_parts, clean.is_timed) == (60, 1, False)
    assert np.isnan(clean.seconds)
    assert clean.length_m == pytest.approx(590, rel=2e-3)


def test_a_track_with_few_times_counts_as_one_without_and_one_with_most_loses_the_rest() -> None:
    few = line().time_s.copy()
    few[10:] = np.nan
    assert not clean_track(with_times(line(), few), FOOT).is_timed
    most = line().time_s.copy()
    most[::6] = np.nan
    assert counted(clean_track(with_times(line(), most), FOOT)) == {"without_time": 10}


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("is_timed", [True, False])
def test_tracks_of_hardly_any_fix_are_no_trouble(n: int, is_timed: bool) -> None:
    track = line(2)
    time_s = track.time_s[:n] if is_timed else np.full(n, np.nan)
    columns = (track.lon[:n], track.lat[:n], time_s, track.accuracy_m[:n], track.segment[:n])
    clean = clean_track(Track("1", *columns, {}), FOOT)
    assert len(clean) == n
    assert clean.n_parts == min(n, 1)


def test_the_bus_journey_keeps_every_fix_and_its_published_length(shared_data: Path) -> None:
    track = read_gpx(shared_data / "gps-limerick-bus" / "304-2019-02-18.gpx")
    clean = clean_track(track, CAR)
    assert (len(clean), clean.n_parts, counted(clean)) == (2_144, 1, {})
    assert round(clean.seconds / 3600, 3) == 1.243
    assert round(clean.length_m / 1000, 2) == 14.19
    assert np.diff(clean.time_s).max() == 138


@given(
    st.lists(
        st.tuples(
            st.floats(-3_000, 3_000),
            st.floats(-3_000, 3_000),
            st.one_of(st.floats(-1e5, 1e5), st.just(np.nan)),
            st.one_of(st.floats(0.1, 200), st.just(np.nan)),
        ),
        max_size=40,
    )
)
def test_every_fix_is_kept_or_counted_under_one_rule(rows: list[tuple[float, float, float, float]]) -> None:
    x, y, time_s, accuracy = np.array(rows, float).reshape(-1, 4).T
    columns = (114 + x / 1e5, 30 + y / 1e5, MONDAY_S + time_s, accuracy, np.zeros(len(x), np.int32))
    clean = clean_track(Track("1", *columns, {"no_position": 3, "outside_earth": 2}), FOOT)
    assert list(clean.dropped) == list(RULES)
    assert len(clean) + sum(clean.dropped.values()) == clean.n_read == len(x) + 5
    same = clean.part[1:] == clean.part[:-1]
    if clean.is_timed:
        step_s = np.diff(clean.time_s)[same]
        assert ((step_s >= 0) & (step_s <= FOOT.gap_s)).all()
    assert (np.diff(clean.part) >= 0).all()


def test_thinning_averages_and_leaves_out_what_is_close() -> None:
    rng = np.random.default_rng(1)
    x = np.arange(400.0) + rng.normal(0, 5, 400)
    out_x, _, first_s, last_s = thin(x, np.zeros(400), np.arange(400.0), 8.0, 4.0)
    assert 45 <= len(out_x) <= 50
    assert np.abs(out_x - (first_s + last_s) / 2).std() < 5 / np.sqrt(8) * 1.3
    still_x, *_ = thin(rng.normal(0, 1, 400), rng.normal(0, 1, 400), np.arange(400.0), 8.0, 4.0)
    assert len(still_x) == 1
