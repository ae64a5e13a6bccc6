"""A route told leg by leg: what becomes one instruction, how it turns, what is said at dead ends and places."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely

from partition.patrol.describe import describe_route, place_names
from partition.patrol.problem import Route
from tests.patrol_kit import LINKS, METRIC, WHOLE, itinerary_of, network_of, pose, route_of


def told(walk: str, **facts: object) -> list[tuple[str, str, str]]:
    return [(leg.turn, leg.kind, leg.name) for leg in itinerary_of(walk, **facts).legs]


def test_links_of_one_street_in_line_are_one_leg() -> None:
    legs = itinerary_of("ab bc").legs
    assert [leg.link_ids for leg in legs] == [("ab", "bc")]
    assert legs[0].length_m == pytest.approx(200)
    assert shapely.get_coordinates(legs[0].geometry).shape == (3, 2)


def test_a_street_is_told_anew_where_inspection_ends() -> None:
    assert told("ab bc~") == [("start", "inspect", "North Street"), ("straight", "deadhead", "North Street")]


def test_turns_are_told_left_and_right_as_the_walker_sees_them() -> None:
    assert [turn for turn, _, _ in told("ab be -de")] == ["start", "right", "right"]
    assert [turn for turn, _, _ in told("-bc be ef")] == ["start", "left", "left"]


def test_a_bend_without_a_choice_is_no_turn_but_a_bend_at_a_crossing_is() -> None:
    nodes = {"p": (0, 0), "q": (100, 0), "r": (100, 100), "s": (200, 0)}
    links = {"pq": ("Long Lane", "residential", "p q"), "qr": ("Long Lane", "residential", "q r")}
    assert told("pq qr", network=network_of(links, nodes, {}), stops=()) == [("start", "inspect", "Long Lane")]
    links["qs"] = ("Side Lane", "residential", "q s")
    crossing = network_of(links, nodes, {})
    assert [turn for turn, _, _ in told("pq qr", network=crossing, stops=())] == ["start", "left"]


@pytest.mark.parametrize(
    ("degrees", "turn"),
    [(0, "straight"), (19, "straight"), (21, "right"), (-21, "left"), (159, "right"), (161, "back"), (-170, "back")],
)
def test_the_thresholds_are_20_and_160_degrees(degrees: float, turn: str) -> None:
    a = np.deg2rad(degrees)
    nodes = {"p": (0, -100), "q": (0, 0), "r": (100 * np.sin(a), 100 * np.cos(a)), "s": (-70, 70)}
    links = {n: (n, "residential", f"{n[0]} {n[1]}") for n in ("pq", "qr", "qs")}
    assert told("pq qr", network=network_of(links, nodes, {}), stops=())[1][0] == turn


def test_a_kink_of_a_metre_at_the_corner_does_not_make_a_turn() -> None:
    nodes = {"p": (0, -100), "q": (0, 0), "r": (0, 100), "s": (50, 0)}
    links = {n: (n, "residential", f"{n[0]} {n[1]}") for n in ("pq", "qr", "qs")}
    bent = network_of(links, nodes, {"qr": [(0.7, 0.2)]})
    assert told("pq qr", network=bent, stops=())[1][0] == "straight"


def test_a_dead_end_says_turn_round_and_the_way_back_is_a_turn_about() -> None:
    legs = itinerary_of("eg -eg~", stops=()).legs
    assert [(leg.turn, leg.kind, leg.turns_back) for leg in legs] == [
        ("start", "inspect", True),
        ("back", "deadhead", False),
    ]


def test_turning_about_where_the_street_goes_on_is_no_dead_end() -> None:
    legs = itinerary_of("ab -ab~").legs
    assert legs[1].turn == "back"
    assert not legs[0].turns_back


def test_a_dead_end_stays_one_when_there_is_a_place_at_its_end() -> None:
    legs = itinerary_of("eg @1 -eg~").legs
    assert [leg.kind for leg in legs] == ["inspect", "dwell", "deadhead"]
    assert legs[0].turns_back
    assert legs[2].turn == "back"


def test_the_other_side_of_a_wide_street_is_said() -> None:
    legs = itinerary_of("be -be").legs
    assert [leg.other_side for leg in legs] == [False, True]
    assert legs[1].turn == "back"


def test_a_place_ends_a_leg_and_is_told_with_its_name_kind_and_time() -> None:
    legs = itinerary_of("de @0 ef").legs
    assert [leg.kind for leg in legs] == ["inspect", "dwell", "inspect"]
    dwell = legs[1]
    assert (dwell.name, dwell.road_class, dwell.place_id, dwell.seconds) == ("东湖小学", "school", "K-1", 180.0)
    assert dwell.geometry.equals(shapely.Point(500_100, 3_390_000))
    assert legs[2].turn == "straight"


def test_a_place_is_told_where_it_stands_when_that_is_known() -> None:
    import geopandas as gpd

    table = gpd.GeoDataFrame(
        {"id": ["K-9", "K-8"], "kind": ["bank", None], "name": [None, "Hall"]},
        geometry=[shapely.Point(500_105, 3_390_020), None],
        crs=METRIC,
    )
    names = place_names(table)
    dwell = itinerary_of("de @0", places=names).legs[1]
    assert (dwell.place_id, dwell.name, dwell.road_class) == ("K-9", "", "bank")
    assert dwell.geometry.equals(shapely.Point(500_105, 3_390_020))
    assert names[1].point is None


def test_a_route_that_only_dwells_has_its_leg() -> None:
    itinerary = itinerary_of("@0")
    assert [leg.kind for leg in itinerary.legs] == ["dwell"]
    assert itinerary.minutes == pytest.approx(3)


def test_times_and_metres_add_up_to_those_of_the_route() -> None:
    network = network_of()
    posed = pose(network, ((4, 180.0), (6, 300.0)))
    route = route_of(network, posed, WHOLE)
    itinerary = itinerary_of(WHOLE)
    clock = at = 0.0
    for number, leg in enumerate(itinerary.legs, start=1):
        assert leg.number == number
        assert leg.start_s == pytest.approx(clock)
        assert leg.start_m == pytest.approx(at)
        clock += leg.seconds
        at += leg.length_m
        if leg.kind != "dwell":
            assert leg.geometry.length == pytest.approx(leg.length_m)
    assert clock == pytest.approx(route.seconds) == pytest.approx(itinerary.minutes * 60)
    assert at == pytest.approx(route.length_m) == pytest.approx(itinerary.length_m)
    inspected = sum(leg.length_m for leg in itinerary.legs if leg.kind == "inspect")
    assert inspected == pytest.approx(itinerary.required_m) == pytest.approx(route.required_m)
    passed = [link for leg in itinerary.legs for link in leg.link_ids]
    assert passed == [network.link_ids[i] for i in route.link]
    assert set(passed) == set(LINKS)
    assert itinerary.is_closed


def test_the_line_is_whole_from_leg_to_leg() -> None:
    moves = [leg for leg in itinerary_of(WHOLE).legs if leg.kind != "dwell"]
    for before, leg in pairwise(moves):
        assert shapely.get_point(before.geometry, -1).equals(shapely.get_point(leg.geometry, 0))


def test_a_loop_is_walked_in_its_direction() -> None:
    nodes = {"p": (0, 0), "q": (100, 0)}
    links = {"pq": ("In", "residential", "p q"), "ring": ("Ring", "residential", "q q")}
    bends = {"ring": [(150, 50), (200, 0), (150, -50)]}
    network = network_of(links, nodes, bends)
    forward, back = (itinerary_of(walk, network=network, stops=()).legs[1] for walk in ("pq ring", "pq -ring"))
    assert (forward.turn, back.turn) == ("left", "right")
    assert forward.bearing_deg == pytest.approx(45)
    assert back.bearing_deg == pytest.approx(135)
    assert not forward.turns_back


def test_bearings_count_clockwise_from_north() -> None:
    assert [round(leg.bearing_deg) for leg in itinerary_of("ad de").legs] == [180, 90]


def test_the_pieces_of_a_street_too_long_for_a_shift_are_told_as_the_parts_they_are() -> None:
    whole = network_of()
    posed = pose(whole)
    ab = whole.link_ids.index("ab")
    problem = posed.problem
    cut = replace(
        problem,
        n_nodes=problem.n_nodes + 1,
        tail=np.append(problem.tail, np.int32(problem.n_nodes)),
        head=np.append(np.where(np.arange(problem.n_links) == ab, problem.n_nodes, problem.head), problem.head[ab]),
        length_m=np.append(np.where(np.arange(problem.n_links) == ab, 30.0, problem.length_m), 70.0),
        passing_s=np.vstack([problem.passing_s, problem.passing_s[ab]]),
        inspecting_s=np.vstack([problem.inspecting_s, problem.inspecting_s[ab]]),
        required=np.append(problem.required, True),
    )
    in_two = replace(
        posed,
        problem=cut,
        link=np.append(posed.link, ab),
        from_m=np.append(posed.from_m, 30.0),
        to_m=np.append(np.where(np.arange(whole.n_links) == ab, 30.0, posed.to_m), 100.0),
        node=np.append(posed.node, -1),
    )
    last = whole.n_links
    route = Route(
        link=np.array([ab, last, last, ab], dtype=np.int32),
        is_back=np.array([False, False, True, True]),
        inspects=np.array([True, True, False, False]),
        stop=np.zeros(0, dtype=np.int32),
        stop_step=np.zeros(0, dtype=np.int32),
        start_node=0,
        end_node=0,
        seconds=1.0,
        length_m=200.0,
        required_m=100.0,
    )
    there, back = describe_route(whole, in_two, route, id="1", grid="1").legs
    assert there.link_ids == back.link_ids == ("ab",)
    assert there.length_m == pytest.approx(100)
    assert there.geometry.equals(whole.geometry[ab])
    assert back.turn == "back"
    # Turning at the cut is no dead end.
    half = replace(route, link=route.link[[0, 3]], is_back=np.array([False, True]), inspects=np.array([True, False]))
    there, back = describe_route(whole, in_two, half, id="1", grid="1").legs
    assert there.geometry.length == pytest.approx(30)
    assert back.turn == "back"
    assert not there.turns_back
