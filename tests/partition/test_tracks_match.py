"""Matching and linear referencing: which metres of which link a walk covered."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.streets.network import Mode, StreetNetwork
from partition.patrol.tracks.clean import clean_track
from partition.patrol.tracks.intervals import Coverage, cover
from partition.patrol.tracks.kernels_match import spread
from partition.patrol.tracks.kernels_passes import join_passes, visits_of
from partition.patrol.tracks.match import Matcher
from partition.patrol.tracks.settings import TrackSettings
from tests.street_kit import MONDAY_S, ORIGIN_M, grid_town, network, receive, track_along, walk_all

#    A---B---C---D     blocks of 100 m; E under B, F under C; a dead end X above B
NODES = {
    "A": (0, 100),
    "B": (100, 100),
    "C": (200, 100),
    "D": (300, 100),
    "E": (100, 0),
    "F": (200, 0),
    "X": (100, 140),
}
LINKS = ("AB", "BC", "CD", "BE", "CF", "EF", "BX")


def town(**options: object) -> StreetNetwork:
    return network(NODES, LINKS, **options)  # type: ignore[arg-type]


def judged(net: StreetNetwork, *walks: str, sigma_m: float = 3.0, every_s: float = 5.0, **options: object) -> Coverage:
    """What walks from node to node cover, each given as the letters of its nodes."""
    chosen = TrackSettings(mode=net.mode)
    matcher = Matcher(net, chosen)
    passes = []
    for number, walk in enumerate(walks):
        links, backs = zip(*(step(net, a, b) for a, b in pairwise(walk)))
        track = track_along(net, links, backs, sigma_m=sigma_m, every_s=every_s, seed=number, **options)  # type: ignore[arg-type]
        passes.append(matcher.match(clean_track(track, chosen)))
    return cover(net, passes, chosen, degree=matcher.degree)


def step(net: StreetNetwork, a: str, b: str) -> tuple[int, bool]:
    is_back = f"{a}{b}" not in net.link_ids
    return net.link_ids.index(f"{b}{a}" if is_back else f"{a}{b}"), is_back


def patrolled(net: StreetNetwork, coverage: Coverage) -> set[str]:
    return {net.link_ids[k] for k in np.flatnonzero(coverage.is_patrolled)}


def test_what_was_walked_is_patrolled_and_nothing_else() -> None:
    net = town()
    assert patrolled(net, judged(net, "ABCFEB")) == {"AB", "BC", "CF", "EF", "BE"}


def test_direction_does_not_matter_on_foot_whatever_the_signs_say() -> None:
    net = town(one_way=("AB", "BC"))
    assert {"AB", "BC", "CD"} == patrolled(net, judged(net, "DCBA")) - {"BX"}


def test_a_car_is_not_matched_against_a_one_way_street() -> None:
    nodes = {"A": (0, 0), "B": (300, 0), "C": (0, 12), "D": (300, 12), "P": (-100, 6), "Q": (400, 6)}
    pair = network(nodes, ("AB", "DC", "BQ", "DQ", "AP", "CP"), one_way=("AB", "DC"), mode=Mode.CAR, speed_kmh=20)
    there = judged(pair, "PABQ", sigma_m=5.0, every_s=1.0, kmh=20)
    assert "AB" in patrolled(pair, there)
    assert "DC" not in patrolled(pair, there)
    assert "DC" in patrolled(pair, judged(pair, "QDCP", sigma_m=5.0, every_s=1.0, kmh=20))


def test_a_dead_end_walked_to_its_end_is_patrolled_and_one_passed_by_is_not() -> None:
    net = town()
    assert "BX" in patrolled(net, judged(net, "ABXBC"))
    assert "BX" not in patrolled(net, judged(net, "ABCD"))
    assert "BX" not in patrolled(net, judged(net, "ABE", "EBC", "CBA"))


def test_a_street_turned_back_in_is_patrolled_as_far_as_it_was_walked() -> None:
    net = town()
    half = {"Y": (250, 100)}
    cut = network(NODES | half, (*LINKS[:2], "CY", "YD", *LINKS[3:]))
    links, backs = zip(*(step(cut, a, b) for a, b in zip("ABCYCF", "BCYCF")))
    track = track_along(cut, links, backs, sigma_m=2.0)
    chosen = TrackSettings()
    matcher = Matcher(net, chosen)
    coverage = cover(net, [matcher.match(clean_track(track, chosen))], chosen, degree=matcher.degree)
    # D is a dead end, so the place of turning is taken to be up to 20 m farther.
    assert 50 <= coverage.covered_m[net.link_ids.index("CD")] <= 80
    assert "CD" not in patrolled(net, coverage)


def test_standing_still_and_noise_at_a_corner_cover_no_street_beside() -> None:
    net = town()
    way = [(x, 100.0) for x in np.arange(0, 200, 4.0)]
    way[25:25] = [(100.0, 100.0)] * 120
    true = np.array(way) + ORIGIN_M
    track = receive(true, MONDAY_S + 5.0 * np.arange(len(true)), 8.0)
    chosen = TrackSettings()
    matcher = Matcher(net, chosen)
    coverage = cover(net, [matcher.match(clean_track(track, chosen))], chosen, degree=matcher.degree)
    assert patrolled(net, coverage) == {"AB", "BC"}
    assert coverage.covered_m[net.link_ids.index("BE")] == 0


@pytest.mark.parametrize("apart_m", [12.0, 15.0])
def test_parallel_streets_close_together_are_told_apart(apart_m: float) -> None:
    nodes = {"A": (0, 0), "B": (150, 0), "C": (0, apart_m), "D": (150, apart_m)}
    net = network(nodes, ("AB", "CD", "AC", "BD"))
    # The cross streets are shorter than the error of a fix: they count with the corners they join.
    assert patrolled(net, judged(net, "AB", sigma_m=5.0, every_s=2.0)) & {"AB", "CD"} == {"AB"}
    assert patrolled(net, judged(net, "ABDC", sigma_m=5.0, every_s=2.0)) == {"AB", "BD", "CD", "AC"}


def test_two_parallel_links_between_the_same_nodes_stay_apart() -> None:
    net = network({"A": (0, 0), "B": (200, 0)}, ("AB", "AB"))
    bent = net.geometry.copy()
    bent[1] = shapely.LineString(
        [
            *shapely.get_coordinates(bent[1])[:1],
            (ORIGIN_M[0] + 100, ORIGIN_M[1] + 80),
            *shapely.get_coordinates(bent[1])[1:],
        ]
    )
    net = replace(net, geometry=bent, length_m=shapely.length(bent))
    chosen = TrackSettings()
    matcher = Matcher(net, chosen)
    for link in (0, 1):
        track = track_along(net, [link], [False], sigma_m=5.0)
        coverage = cover(net, [matcher.match(clean_track(track, chosen))], chosen, degree=matcher.degree)
        assert coverage.is_patrolled.tolist() == [link == 0, link == 1]


def test_a_loop_is_patrolled_when_it_is_walked_round() -> None:
    ring = shapely.Point(ORIGIN_M[0] + 200, ORIGIN_M[1] + 50).buffer(50).exterior
    net = network({"A": (0, 0), "B": (200, 0), "C": (400, 0)}, ("AB", "BC", "BB"))
    loop = net.link_ids.index("BB")
    shapes = net.geometry.copy()
    xy = shapely.get_coordinates(ring)[:-1]
    first = int(np.argmin(np.hypot(*(xy - np.array(ORIGIN_M) - [200, 0]).T)))
    shapes[loop] = shapely.LineString(np.vstack([np.roll(xy, -first, axis=0), xy[first]]))
    net = replace(net, geometry=shapes, length_m=shapely.length(shapes))
    chosen = TrackSettings()
    matcher = Matcher(net, chosen)
    links = [net.link_ids.index(name) for name in ("AB", "BB", "BC")]
    for walk, expected in ((links, {"AB", "BB", "BC"}), (links[::2], {"AB", "BC"})):
        track = track_along(net, walk, [False] * len(walk), sigma_m=4.0)
        coverage = cover(net, [matcher.match(clean_track(track, chosen))], chosen, degree=matcher.degree)
        assert patrolled(net, coverage) == expected


def test_short_links_between_walked_ones_do_not_flicker() -> None:
    nodes = {c: (x, 0.0) for c, x in zip("ABCDEF", (0, 80, 84, 91, 103, 180))}
    net = network(nodes, ("AB", "BC", "CD", "DE", "EF"))
    for seed in range(5):
        track = track_along(net, range(5), [False] * 5, sigma_m=10.0, seed=seed)
        chosen = TrackSettings()
        matcher = Matcher(net, chosen)
        coverage = cover(net, [matcher.match(clean_track(track, chosen))], chosen, degree=matcher.degree)
        assert coverage.is_patrolled.all()


def test_a_wide_street_has_to_be_walked_on_both_sides() -> None:
    net = town(both_sides=("BC",))
    wide = net.link_ids.index("BC")
    once, twice = judged(net, "ABCD"), judged(net, "ABCD", "DCBA")
    assert (once.due_m[wide], once.is_patrolled[wide]) == (200, False)
    assert once.covered_m[wide] == pytest.approx(100, abs=1)
    assert twice.is_patrolled[wide]
    assert twice.covered_m[wide] == 200
    assert judged(net, "ABCBCD").is_patrolled[wide]


def test_what_lies_in_a_long_silence_does_not_count() -> None:
    net = town()
    links, backs = zip(*(step(net, a, b) for a, b in zip("ABCD", "BCD")))
    track = track_along(net, links, backs, sigma_m=3.0, dropped=0.0)
    heard = (track.time_s < MONDAY_S + 120) | (track.time_s > MONDAY_S + 240)
    columns = (track.lon, track.lat, track.time_s, track.accuracy_m, track.segment)
    chosen = TrackSettings()
    matcher = Matcher(net, chosen)
    silent = clean_track(
        replace(track, **dict(zip(("lon", "lat", "time_s", "accuracy_m", "segment"), (c[heard] for c in columns)))),
        chosen,
    )
    coverage = cover(net, [matcher.match(silent)], chosen, degree=matcher.degree)
    assert patrolled(net, coverage) == {"AB", "CD"}
    assert coverage.covered_m[net.link_ids.index("BC")] < 45


def test_a_walk_off_the_streets_breaks_the_chain_and_goes_on_after() -> None:
    net = town()
    way = np.vstack(
        [
            np.column_stack([np.arange(0, 100, 4.0), np.full(25, 100.0)]),
            np.column_stack([np.linspace(100, -150, 60), np.linspace(100, 300, 60)]),
            np.column_stack([np.linspace(-150, 200, 85), np.full(85, 300.0)]),
            np.column_stack([np.full(50, 200.0), np.linspace(300, 100, 50)]),
            np.column_stack([np.arange(200, 300, 4.0), np.full(25, 100.0)]),
        ]
    )
    track = receive(way + ORIGIN_M, MONDAY_S + 5.0 * np.arange(len(way)), 2.0)
    chosen = TrackSettings()
    matcher = Matcher(net, chosen)
    passes = matcher.match(clean_track(track, chosen))
    coverage = cover(net, [passes], chosen, degree=matcher.degree)
    assert {"AB", "CD"} <= patrolled(net, coverage) <= {"AB", "CD", "BX"}
    assert passes.n_off > 20
    assert passes.walked_m == pytest.approx(np.hypot(*np.diff(way, axis=0).T).sum(), rel=0.1)


def test_a_track_nowhere_near_covers_nothing() -> None:
    net = town()
    track = receive(
        np.column_stack([np.arange(50) * 4.0, np.zeros(50)]) + np.array(ORIGIN_M) + 5_000,
        MONDAY_S + 5.0 * np.arange(50),
        2.0,
    )
    matcher = Matcher(net, TrackSettings())
    passes = matcher.match(clean_track(track, TrackSettings()))
    assert len(passes.link) == 0
    assert passes.n_off == passes.n_fixes > 0


def test_first_and_last_visit_and_the_gap_between_them() -> None:
    net = town()
    early = judged(net, "AB", sigma_m=2.0)
    k = net.link_ids.index("AB")
    assert early.first_s[k] == pytest.approx(MONDAY_S, abs=15)
    assert early.last_s[k] == pytest.approx(MONDAY_S + 120, abs=15)
    assert early.visits[k] == 1
    chosen = TrackSettings()
    matcher = Matcher(net, chosen)
    tracks = [track_along(net, [k], [False], sigma_m=2.0, begin_s=MONDAY_S + h * 3_600, seed=h) for h in (0, 1, 4)]
    passes = [matcher.match(clean_track(t, chosen)) for t in tracks]
    coverage = cover(net, passes, chosen, degree=matcher.degree)
    assert coverage.visits[k] == 3
    assert coverage.longest_gap_s[k] == pytest.approx(3 * 3_600 - 120, abs=30)
    assert coverage.visits[net.link_ids.index("CD")] == 0


def test_a_track_without_times_is_matched_by_its_order() -> None:
    net = town()
    links, backs = zip(*(step(net, a, b) for a, b in zip("ABCFEB", "BCFEB")))
    track = track_along(net, links, backs, sigma_m=3.0)
    matcher = Matcher(net, TrackSettings())
    passes = matcher.match(clean_track(replace(track, time_s=np.full(len(track), np.nan)), TrackSettings()))
    coverage = cover(net, [passes], TrackSettings(), degree=matcher.degree)
    assert patrolled(net, coverage) == {"AB", "BC", "CF", "EF", "BE"}
    assert np.isnan(coverage.first_s).all()


def test_the_same_track_gives_the_same_bytes() -> None:
    net = grid_town()
    track = track_along(net, *walk_all(net), sigma_m=10.0)
    results = [Matcher(net, TrackSettings()).match(clean_track(track, TrackSettings())) for _ in range(2)]
    assert results[0].low_m.tobytes() == results[1].low_m.tobytes()
    assert results[0].link.tobytes() == results[1].link.tobytes()


@pytest.mark.parametrize("most_m", [60.0, 250.0, 5_000.0])
def test_short_distances_agree_with_an_independent_search(most_m: float) -> None:
    import networkx as nx

    net = grid_town(seed=3)
    matcher = Matcher(net, TrackSettings())
    graph = nx.MultiGraph()
    for k in range(net.n_links):
        graph.add_edge(int(net.tail[k]), int(net.head[k]), weight=float(net.length_m[k]))
    sources = np.arange(0, net.n_nodes, 5, dtype=np.int32)
    first, node, metres, parent, link = spread(sources, *matcher._arcs, most_m)
    for i, source in enumerate(sources.tolist()):
        expected = nx.single_source_dijkstra_path_length(graph, source, cutoff=most_m, weight="weight")
        rows = slice(first[i], first[i + 1])
        assert dict(zip(node[rows].tolist(), metres[rows].tolist())) == pytest.approx(expected)
        for k in range(first[i], first[i + 1]):
            if parent[k] >= 0:
                assert metres[parent[k]] + net.length_m[link[k]] == pytest.approx(metres[k])


PIECES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(1, 10)), max_size=30)


@settings(max_examples=200)
@given(PIECES)
def test_joined_stretches_hold_each_metre_once(pieces: list[tuple[int, int, int]]) -> None:
    counted = np.zeros((4, 32), int)
    for link, low, long in pieces:
        counted[link, low : low + long] += 1
    link = np.array([p[0] for p in pieces], np.int32)
    low = np.array([p[1] for p in pieces], float)
    high = low + np.array([p[2] for p in pieces], float)
    order = np.lexsort((high, low, link))
    out_link, out_low, out_high, once, twice = join_passes(link[order], low[order], high[order])
    for k in range(4):
        assert once[link[order] == k].sum() == (counted[k] >= 1).sum()
        assert twice[link[order] == k].sum() == (counted[k] >= 2).sum()
        assert (out_high - out_low)[out_link == k].sum() == (counted[k] >= 1).sum()
        assert (out_low[out_link == k][1:] > out_high[out_link == k][:-1]).all()


def test_visits_are_told_apart_by_the_time_between_them() -> None:
    link = np.array([0, 0, 0, 2], np.int32)
    first, last, visits, gap = visits_of(link, np.array([0.0, 50, 5_000, 7]), np.array([40.0, 90, 5_050, 9]), 3, 600.0)
    assert visits.tolist() == [2, 0, 1]
    assert gap.tolist() == [4_910, 0, 0]
    assert (first[0], last[0], first[2], last[2]) == (0, 5_050, 7, 9)
    assert np.isnan(first[1])
