"""The report of tracks: totals, missed streets, blind areas, households, presence, warnings."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely

from api.i18n import sentence, sentences
from gis.errors import InputError, NotFound
from gis.readers.gpx import Track
from gis.shift import wgs84_to_gcj02
from gis.streets.beats import Beats
from gis.streets.blind import blind_areas, left_over, stretches
from gis.streets.network import Mode, StreetNetwork
from partition.patrol.itinerary import Itinerary, Leg
from partition.patrol.tracks import Homes, Matcher, TrackReport, TrackSettings, judge_tracks
from partition.patrol.tracks.clean import RULES
from tests.street_kit import METRES, MONDAY_S, ORIGIN_M, grid_town, network, receive, track_along, walk_all

NODES = {"A": (0, 0), "B": (150, 0), "C": (300, 0), "D": (0, 150), "E": (150, 150), "F": (300, 150)}
LINKS = ("AB", "BC", "DE", "EF", "AD", "BE", "CF")
NAMES = {"AB": "South Street", "BC": "South Street", "DE": "北街", "EF": "北街", "BE": "Middle Lane"}


def town(**options: object) -> tuple[StreetNetwork, Beats]:
    """Two blocks; the western one is grid W, the eastern one grid E, the lane between them W's; CF is nobody's."""
    net = network(NODES, LINKS, names={**dict.fromkeys(LINKS, ""), **NAMES}, **options)  # type: ignore[arg-type]
    owner = {"AB": 1, "DE": 1, "AD": 1, "BE": 1, "BC": 0, "EF": 0, "CF": -1}
    grid = np.array([owner[name] for name in net.link_ids], np.int32)
    none = np.zeros(0, np.int32)
    return net, Beats(("E", "W"), grid, np.where(grid < 0, 1, 0).astype(np.int32), none, none, none, none, none)


OUTLINES = {
    "W": shapely.box(*ORIGIN_M, ORIGIN_M[0] + 150, ORIGIN_M[1] + 150),
    "E": shapely.box(ORIGIN_M[0] + 150, ORIGIN_M[1], ORIGIN_M[0] + 300, ORIGIN_M[1] + 150),
}


def walked(net: StreetNetwork, letters: str, **options: object) -> Track:
    links, backs = [], []
    for a, b in pairwise(letters):
        backs.append(f"{a}{b}" not in net.link_ids)
        links.append(net.link_ids.index(f"{b}{a}" if backs[-1] else f"{a}{b}"))
    return track_along(net, links, backs, **{"sigma_m": 4.0, **options})  # type: ignore[arg-type]


def codes(report: TrackReport) -> list[str]:
    return [w.code for w in report.warnings]


def test_planned_covered_and_missed_add_up_in_all_and_by_grid() -> None:
    net, beats = town()
    report = judge_tracks(net, beats, [walked(net, "ABEDA")])
    assert report.planned_m == pytest.approx(900)
    assert report.covered_m == pytest.approx(600)
    assert report.missed_m == pytest.approx(300)
    assert report.coverage_frac == pytest.approx(2 / 3)
    assert [(g.grid, round(g.planned_m), round(g.covered_m), g.missed_streets) for g in report.grids] == [
        ("E", 300, 0, 2),
        ("W", 600, 600, 0),
    ]
    assert sum(m.length_m for m in report.missed) == pytest.approx(report.missed_m)


def test_the_street_that_was_left_out_is_named_and_no_other() -> None:
    net, beats = town()
    report = judge_tracks(net, beats, [walked(net, "ABEDA")], grids=["W"])
    assert report.missed == ()
    report = judge_tracks(net, beats, [walked(net, "EDABCFE")])
    assert [(m.grid, m.street, m.link_ids, round(m.length_m)) for m in report.missed] == [
        ("W", "Middle Lane", ("BE",), 150)
    ]


def test_missed_streets_come_by_length_with_the_links_of_one_name_together() -> None:
    nodes = {**NODES, "G": (0, 40)}
    net = network(nodes, ("AB", "BC", "AG"), names={"AB": "Long", "BC": "Long", "AG": "Short"})
    none = np.zeros(0, np.int32)
    owner = np.zeros(3, np.int32)
    report = judge_tracks(net, Beats(("G1",), owner, owner, none, none, none, none, none), [])
    assert [(m.street, m.link_ids, round(m.length_m)) for m in report.missed] == [
        ("Long", ("AB", "BC"), 300),
        ("Short", ("AG",), 40),
    ]
    assert report.missed[0].geometry.length == pytest.approx(300)


def test_of_a_street_walked_in_part_the_rest_is_missed() -> None:
    net, beats = town()
    half = walked(net, "BC", dropped=0.0, every_s=1.0, sigma_m=1.0)
    keep = slice(0, len(half) // 2)
    columns = {name: getattr(half, name)[keep] for name in ("lon", "lat", "time_s", "accuracy_m", "segment")}
    report = judge_tracks(net, beats, [replace(half, **columns)], grids=["E"])
    south = next(m for m in report.missed if m.street == "South Street")
    # The track ends inside the street: that end is known to twice the error of a fix.
    assert south.length_m == pytest.approx(75 - 20, abs=6)
    assert south.street_m == pytest.approx(150)
    assert south.geometry.length == pytest.approx(south.length_m, abs=0.1)


def test_a_street_missed_on_one_side_is_missed_by_its_length() -> None:
    net, beats = town(both_sides=("BE",))
    report = judge_tracks(net, beats, [walked(net, "ABEDA")], grids=["W"])
    assert report.planned_m == pytest.approx(750)
    assert [(m.street, round(m.length_m), round(m.geometry.length)) for m in report.missed] == [
        ("Middle Lane", 150, 150)
    ]
    again = judge_tracks(net, beats, [walked(net, "ABEDA"), walked(net, "BE", seed=2)], grids=["W"])
    assert again.missed == ()


def test_hours_kilometres_speed_and_person_times() -> None:
    net, beats = town()
    tracks = [walked(net, "ABEDA", patrol="W-1"), walked(net, "BCFEB", patrol="E-1", seed=2)]
    report = judge_tracks(net, beats, tracks, persons={"E-1": 3})
    assert report.seconds == pytest.approx(2 * 600 / 3.0 * 3.6, abs=15)
    assert report.walked_m == pytest.approx(1_200, rel=0.08)
    assert report.mean_kmh == pytest.approx(3.0, rel=0.08)
    assert report.person_times == 4
    assert [t.patrol for t in report.tracks] == ["W-1", "E-1"]


def test_an_itinerary_takes_the_place_of_the_beat() -> None:
    net, beats = town()
    line = net.geometry[0]
    legs = tuple(
        Leg(i, kind, "straight", "", "residential", (name,), line, 0.0, 150.0, 180.0, 0.0, 0.0)
        for i, (kind, name) in enumerate((("inspect", "AB"), ("deadhead", "BE"), ("inspect", "DE")), 1)
    )
    route = Itinerary("W-1", "W", 1, 1, Mode.FOOT, METRES, legs, 450, 300, 150, 9, 300, 0)
    report = judge_tracks(net, beats, [walked(net, "AB")], itineraries=[route])
    assert report.link_ids == ("AB", "DE")
    assert [m.link_ids for m in report.missed] == [("DE",)]
    stranger = replace(route, legs=(replace(legs[0], link_ids=("nowhere",)),))
    with pytest.raises(InputError) as caught:
        judge_tracks(net, beats, [], itineraries=[stranger])
    assert caught.value.code == "track_link_unknown"


def test_an_unknown_grid_is_said() -> None:
    net, beats = town()
    with pytest.raises(NotFound) as caught:
        judge_tracks(net, beats, [], grids=["W", "Z"])
    assert (caught.value.code, caught.value.facts["id"]) == ("track_grid_unknown", "Z")


def test_blind_areas_are_the_grid_without_what_lies_near_the_walk() -> None:
    net, beats = town()
    report = judge_tracks(net, beats, [walked(net, "ABEDA", sigma_m=1.0)], outlines=OUTLINES)
    west = [b for b in report.blind if b.grid == "W"]
    # 30 m from all four streets: a square of 90 m, whole.
    assert [round(b.area_m2, -2) for b in west] == [8_100]
    east = [b for b in report.blind if b.grid == "E"]
    assert sum(b.area_m2 for b in east) == pytest.approx(150 * 120, rel=0.02)
    assert OUTLINES["W"].buffer(0.01).contains(west[0].geometry)


def test_without_any_track_the_whole_grid_is_blind_and_every_street_missed() -> None:
    net, beats = town()
    report = judge_tracks(net, beats, [], outlines=OUTLINES)
    assert report.covered_m == 0
    assert sum(b.area_m2 for b in report.blind) == pytest.approx(2 * 150 * 150)
    assert len(report.missed) == 6
    assert report.to_json()["mean_kmh"] is None


def test_households_near_missed_streets_and_in_blind_areas_count_once() -> None:
    net, beats = town()
    at = np.array([(150, 10), (155, 75), (75, 75), (225, 75), (10, 10)], float) + ORIGIN_M
    homes = Homes(shapely.points(at), np.array([1, 2, 4, 8, 16]))
    report = judge_tracks(net, beats, [walked(net, "EDABCFE", sigma_m=1.0)], outlines=OUTLINES, homes=homes)
    assert report.households_missed == 1 + 2
    assert report.missed[0].households == 3
    assert report.households_blind == 2 + 4 + 8
    assert sum(b.households for b in report.blind) == 14


def test_presence_is_the_share_of_metre_hours_with_a_patrol() -> None:
    net, beats = town()
    begin = MONDAY_S + 9 * 3_600
    first = walked(net, "ABEDA", begin_s=begin + 60, sigma_m=1.0)
    report = judge_tracks(net, beats, [first], within=(begin, begin + 4 * 3_600))
    presence = {g.grid: g.presence for g in report.grids}
    assert presence["W"] == pytest.approx(1 / 4)
    assert presence["E"] == 0
    second = walked(net, "ABE", begin_s=begin + 2 * 3_600 + 60, sigma_m=1.0, seed=2)
    report = judge_tracks(net, beats, [first, second], within=(begin, begin + 4 * 3_600))
    assert {g.grid: g.presence for g in report.grids}["W"] == pytest.approx((600 + 300) / (4 * 600))


def test_the_json_is_plain_and_in_degrees_and_the_same_each_time() -> None:
    net, beats = town()
    tracks = [walked(net, "EDABCFE")]
    texts = [
        json.dumps(judge_tracks(net, beats, tracks, outlines=OUTLINES).to_json(), allow_nan=False) for _ in range(2)
    ]
    assert texts[0] == texts[1]
    data = json.loads(texts[0])
    assert {"fixes", "used", "dropped", "hours", "km", "mean_kmh", "planned_km", "covered_km", "missed_km"} <= set(data)
    lon, lat = data["missed"][0]["geometry"]["coordinates"][0]
    assert 116.9 < lon < 117.1
    assert 29.7 < lat < 30.0
    assert data["blind"][0]["geometry"]["type"] == "Polygon"
    rows = {row["id"]: row for row in data["links"]}
    assert rows["BE"]["patrolled"] is False
    assert rows["BE"]["visits"] == 0
    assert rows["AB"]["intervals_m"][0] == [0, 150]
    assert rows["AB"]["first"].startswith("2026-03-02T00:")
    assert "links" not in judge_tracks(net, beats, tracks).to_json(with_links=False)


def test_one_fix_covers_nothing_and_says_so() -> None:
    net, beats = town()
    track = receive(np.array([ORIGIN_M]) + np.array([75, 0]), np.array([MONDAY_S]), 0.0)
    report = judge_tracks(net, beats, [track], outlines=OUTLINES)
    assert report.covered_m == 0
    assert codes(report) == ["warn_track_one_fix"]
    json.dumps(report.to_json(), allow_nan=False)


def test_a_track_of_which_nothing_is_left_says_so() -> None:
    net, beats = town()
    track = walked(net, "ABC")
    report = judge_tracks(net, beats, [replace(track, accuracy_m=np.full(len(track), 99.0))])
    assert codes(report) == ["warn_track_without_fixes"]


def test_warnings_for_poor_tracks() -> None:
    net, beats = town()
    track = walked(net, "ABEDA", dropped=0.0)
    n = len(track)
    many = np.where(np.arange(n) % 3 == 0, 99.0, 5.0)
    assert codes(judge_tracks(net, beats, [replace(track, accuracy_m=many)])) == ["warn_track_many_dropped"]
    set_back = track.time_s - 7_200 * (np.arange(n) > n // 2)
    assert codes(judge_tracks(net, beats, [replace(track, time_s=set_back)])) == ["warn_track_clock"]
    untimed = replace(track, time_s=np.full(n, np.nan))
    assert codes(judge_tracks(net, beats, [untimed])) == ["note_track_without_time"]
    every = slice(0, n, 20)
    names = ("lon", "lat", "time_s", "accuracy_m", "segment")
    sparse = replace(track, **{name: getattr(track, name)[every] for name in names})
    assert codes(judge_tracks(net, beats, [sparse])) == ["warn_track_sparse"]
    assert codes(judge_tracks(net, beats, [replace(track, lat=track.lat + 0.2)])) == ["warn_track_off_network"]


def test_a_track_of_a_phone_with_shifted_coordinates_is_recognised_but_not_shifted() -> None:
    net, beats = town()
    track = walked(net, "ABEDA")
    lon, lat = wgs84_to_gcj02(track.lon, track.lat)
    report = judge_tracks(net, beats, [replace(track, lon=lon, lat=lat)])
    assert codes(report) == ["warn_track_looks_shifted"]
    assert report.covered_m == 0


def test_nothing_due_is_said() -> None:
    net, beats = town()
    empty = replace(beats, link_grid=np.full(net.n_links, -1, np.int32))
    report = judge_tracks(net, empty, [walked(net, "ABEDA")])
    assert codes(report) == ["warn_tracks_nothing_due"]
    assert report.to_json()["coverage_frac"] is None


def test_every_warning_and_every_rule_has_its_sentence_in_both_languages() -> None:
    net, beats = town()
    report = judge_tracks(net, beats, [replace(walked(net, "ABEDA"), patrol="")])
    assert report.tracks[0].patrol == "1"
    for language in ("en", "zh"):
        assert {f"track_dropped_{rule}" for rule in RULES} <= sentences(language).keys()
    far = judge_tracks(net, beats, [replace(walked(net, "ABEDA"), lat=walked(net, "ABEDA").lat + 0.2)])
    assert "{" not in sentence(far.warnings[0].code, far.warnings[0].facts, "zh")


def test_a_matcher_can_be_used_again_and_one_of_other_figures_is_not_believed() -> None:
    net, beats = town()
    track = walked(net, "ABEDA")
    plain = judge_tracks(net, beats, [track])
    for matcher in (Matcher(net, TrackSettings()), Matcher(net, TrackSettings(reach_m=1.0))):
        assert judge_tracks(net, beats, [track], matcher=matcher).covered_m == plain.covered_m


def test_what_intervals_leave_over() -> None:
    link, low, high = left_over(
        np.array([0, 2, 3]),
        np.array([0, 0, 1, 2], np.int32),
        np.array([10.0, 60, 0, 0]),
        np.array([40.0, 100, 9, 50]),
        np.array([100.0, 9, 50, 30]),
    )
    assert list(zip(link.tolist(), low.tolist(), high.tolist())) == [(0, 0, 10), (0, 40, 60), (3, 0, 30)]


def test_stretches_are_cut_out_of_bent_links() -> None:
    net, _ = town()
    bent = net.geometry.copy()
    x, y = ORIGIN_M
    bent[0] = shapely.LineString([(x, y), (x + 100, y), (x + 100, y + 50)])
    net = replace(net, geometry=bent, length_m=shapely.length(bent))
    lines = stretches(net, np.array([0, 0], np.int32), np.array([90.0, 0]), np.array([120.0, 150]))
    assert shapely.get_coordinates(lines[0]).tolist() == [[x + 90, y], [x + 100, y], [x + 100, y + 20]]
    assert lines[1] is bent[0]


def test_slivers_of_blind_ground_are_left_out() -> None:
    land = np.array([shapely.box(0, 0, 100, 62)], object)
    lines = np.array([shapely.LineString([(0, 31), (100, 31)])], object)
    owner, areas = blind_areas(land, lines, 30.0, 150.0)
    assert len(areas) == 0
    owner, areas = blind_areas(land, lines, 30.0, 50.0)
    assert owner.tolist() == [0, 0]


@pytest.mark.parametrize("sigma_m", [5.0, 10.0])
def test_of_a_whole_town_the_street_left_out_is_reported_and_no_other(sigma_m: float) -> None:
    net = grid_town()
    none = np.zeros(0, np.int32)
    owner = np.zeros(net.n_links, np.int32)
    beats = Beats(("G1",), owner, owner, none, none, none, none, none)
    matcher = Matcher(net, TrackSettings())
    judged = 0
    for closed in range(0, net.n_links, 9):
        links, backs = walk_all(net, [closed])
        if set(range(net.n_links)) - set(links) != {closed}:
            continue  # without it another street is out of reach
        track = track_along(net, links, backs, sigma_m=sigma_m, seed=closed)
        report = judge_tracks(net, beats, [track], matcher=matcher)
        assert [m.link_ids for m in report.missed] == [(net.link_ids[closed],)]
        judged += 1
    assert judged >= 5


def test_errors_that_drift_are_harder_and_still_hide_no_missed_street() -> None:
    net = grid_town()
    none = np.zeros(0, np.int32)
    owner = np.zeros(net.n_links, np.int32)
    beats = Beats(("G1",), owner, owner, none, none, none, none, none)
    hits = misses = 0
    for closed in range(0, 40, 8):
        links, backs = walk_all(net, [closed])
        track = track_along(net, links, backs, sigma_m=5.0, lasting_s=60.0, seed=closed)
        told = {name for m in judge_tracks(net, beats, [track]).missed for name in m.link_ids}
        hits += net.link_ids[closed] in told
        misses += len(told - {net.link_ids[k] for k in set(range(net.n_links)) - set(links)})
    assert hits == 5
    assert misses <= 2
