"""Odd tracks and networks: the report stays sound whatever comes in."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.readers.gpx import Track, read_gpx
from gis.streets.beats import Beats
from gis.streets.network import Mode, StreetNetwork
from partition.patrol.tracks import Matcher, TrackSettings, judge_tracks
from partition.patrol.tracks.clean import clean_track
from tests.street_kit import METRES, MONDAY_S, ORIGIN_M, grid_town, network, track_along, walk_all

NONE = np.zeros(0, np.int32)
TOWN = grid_town(4, 3, 75.0, 3)
MATCHER = Matcher(TOWN, TrackSettings())
LAND = {"G1": shapely.box(TOWN.node_x.min(), TOWN.node_y.min(), TOWN.node_x.max(), TOWN.node_y.max())}


def beats(net: StreetNetwork) -> Beats:
    owner = np.zeros(net.n_links, np.int32)
    return Beats(("G1",), owner, owner, NONE, NONE, NONE, NONE, NONE)


FIX = st.tuples(
    st.floats(-200, 500),
    st.floats(-200, 400),
    st.one_of(st.floats(-50, 4_000), st.just(np.nan), st.just(-1e9)),
    st.one_of(st.just(np.nan), st.floats(1, 80)),
    st.integers(0, 2),
)


@settings(max_examples=60)
@given(st.lists(st.lists(FIX, max_size=40), max_size=3))
def test_whatever_the_fixes_the_figures_add_up(rows: list[list[tuple[float, float, float, float, int]]]) -> None:
    lon_m, lat_m = 111_320 * np.cos(np.radians(29.83)), 110_900
    tracks = []
    for number, fixes in enumerate(rows):
        x, y, time_s, accuracy, segment = np.array(fixes, float).reshape(-1, 5).T
        tracks.append(
            Track(
                str(number),
                116.99995 + x / lon_m,
                29.8296 + y / lat_m,
                MONDAY_S + time_s,
                accuracy.copy(),
                segment.astype(np.int32),
                {},
            )
        )
    report = judge_tracks(TOWN, beats(TOWN), tracks, matcher=MATCHER, outlines=LAND)
    assert 0 <= report.covered_m <= report.planned_m + 1e-6
    assert report.planned_m == pytest.approx(TOWN.length_m.sum())
    assert sum(m.length_m for m in report.missed) == pytest.approx(report.missed_m, abs=1e-3)
    c = report.coverage
    assert (c.interval_low_m >= 0).all()
    assert (c.interval_high_m <= TOWN.length_m[c.interval_link] + 1e-6).all()
    assert all(0 <= g.presence <= 1 for g in report.grids if g.metre_hours)
    json.dumps(report.to_json(), allow_nan=False)


def test_a_network_without_streets_gives_a_report_with_its_reason() -> None:
    nothing = np.zeros(0, object)
    none = np.zeros(0)
    sides, two = np.zeros(0, bool), np.zeros((0, 2))
    net = StreetNetwork(
        Mode.FOOT, METRES, none, none, (), NONE, NONE, NONE, none, two, two, sides, nothing, nothing, nothing, NONE
    )
    track = track_along(TOWN, *walk_all(TOWN))
    report = judge_tracks(net, beats(net), [track], outlines=LAND)
    assert [w.code for w in report.warnings] == ["warn_track_off_network", "warn_tracks_nothing_due"]
    assert sum(b.area_m2 for b in report.blind) == pytest.approx(LAND["G1"].area)


def test_a_street_closed_to_this_mode_is_never_matched() -> None:
    nodes = {"A": (0, 0), "B": (200, 0), "C": (0, 9), "D": (200, 9)}
    net = network(nodes, ("AB", "CD"), mode=Mode.EBIKE)
    for column in (net.passing_s, net.inspecting_s):
        column.setflags(write=True)
        column[0] = np.inf
    track = track_along(net, [0], [False], kmh=12, every_s=1.0, sigma_m=2.0)
    passes = Matcher(net, TrackSettings(mode=Mode.EBIKE)).match(clean_track(track, TrackSettings(mode=Mode.EBIKE)))
    assert set(passes.link.tolist()) == {1}


def test_half_days_of_the_same_patrol_add_up() -> None:
    links, backs = walk_all(TOWN)
    half = len(links) // 2
    morning = track_along(TOWN, links[:half], backs[:half], sigma_m=3.0)
    afternoon = track_along(TOWN, links[half:], backs[half:], sigma_m=3.0, begin_s=MONDAY_S + 6 * 3_600, seed=2)
    both = judge_tracks(TOWN, beats(TOWN), [morning, afternoon], matcher=MATCHER)
    alone = [judge_tracks(TOWN, beats(TOWN), [t], matcher=MATCHER) for t in (morning, afternoon)]
    assert both.missed == ()
    assert both.seconds == pytest.approx(sum(r.seconds for r in alone))
    assert both.walked_m == pytest.approx(sum(r.walked_m for r in alone))
    assert all(r.missed for r in alone)


def test_from_the_file_to_the_street_that_was_missed() -> None:
    links, backs = walk_all(TOWN, [4])
    walked = track_along(TOWN, links, backs, sigma_m=5.0)
    stamps = np.array(np.round(walked.time_s * 1_000), "datetime64[ms]").astype(str)
    rows = "".join(
        f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}"><time>{stamp}Z</time></trkpt>'
        for lat, lon, stamp in zip(walked.lat, walked.lon, stamps)
    )
    text = f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{rows}</trkseg></trk></gpx>'
    track = read_gpx(io.BytesIO(text.encode()), file="G1-1.gpx")
    report = judge_tracks(TOWN, beats(TOWN), [track], matcher=MATCHER)
    assert report.tracks[0].patrol == "G1-1"
    assert [m.link_ids for m in report.missed] == [(TOWN.link_ids[4],)]
    assert ORIGIN_M[0] < report.missed[0].geometry.centroid.x < ORIGIN_M[0] + 300
