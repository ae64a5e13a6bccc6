"""Units nearest to an incident: the same as networkx, the way drawn, and a reason for everyone who is not sent."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from gis.streets.network import StreetNetwork
from partition.coverage.reach.arrival import arrive, spot_seconds
from partition.coverage.reach.dispatch import UnitIndex, nearest_units
from partition.coverage.reach.types import Unit, UnitReach
from tests.reach_kit import as_graph, city, cut_at, made
from tests.street_kit import ORIGIN_M

X0, Y0 = ORIGIN_M
KMH_36 = 10.0  # metres per second
NEAR_S = 0.02  # a spot within 5 cm of a junction is at the junction


def street(*ends: tuple[float, float], one_way: bool = False) -> StreetNetwork:
    """Streets from node to node in a row, at 36 km/h."""
    xy = np.array(ends, float)
    n = len(xy) - 1
    metres = np.hypot(*np.diff(xy, axis=0).T)
    seconds = np.stack([metres / KMH_36, np.full(n, np.inf) if one_way else metres / KMH_36], 1)
    return made(xy, np.arange(n), np.arange(1, n + 1), seconds)


def whole(network: StreetNetwork) -> np.ndarray:
    """Links that are not in a fragment, which units and incidents leave for the rest."""
    return np.flatnonzero(UnitIndex.of(network).kerb.is_main)


def unit(id: str, x: float, y: float = 0.0, status: str = "available", age_s: float = 0.0) -> Unit:
    return Unit(id, "car", X0 + x, Y0 + y, status, age_s)


def told(network: StreetNetwork, units: list[Unit], x: float, y: float = 0.0, **facts: object) -> dict[str, UnitReach]:
    return {reach.unit.id: reach for reach in nearest_units(network, units, X0 + x, Y0 + y, **facts)}


def reasons(answer: dict[str, UnitReach]) -> dict[str, str]:
    return {id: reach.reason for id, reach in answer.items()}


@given(seed=st.integers(0, 10_000), k=st.integers(1, 6), factor=st.sampled_from([1.0, 1.2]))
def test_times_and_order_equal_networkx_between_spots_anywhere_along_streets(seed: int, k: int, factor: float) -> None:
    network = city(7, seed)
    rng = np.random.default_rng(seed)
    link = rng.choice(whole(network), 7)
    along = rng.random(7) * network.length_m[link]
    link[6], along[6] = link[0], along[0] * 0.7  # one unit in the incident's street
    if seed % 3 == 0:
        along[1] = 0.0
    spots = shapely.line_interpolate_point(network.geometry[link], along)
    x, y = shapely.get_coordinates(spots).T
    units = [Unit(f"u{n}", "car", x[n], y[n]) for n in range(1, 7)]
    answer = nearest_units(network, units, x[0], y[0], k=k, speed_factor=factor)
    fine, nodes = cut_at(network, link.tolist(), along.tolist())
    to_it = nx.single_source_dijkstra_path_length(as_graph(fine, factor).reverse(), nodes[0])
    wanted = {f"u{n}": to_it.get(nodes[n], np.inf) for n in range(1, 7)}
    chosen = [reach for reach in answer if reach.reason == "chosen"]
    can_come = sorted(s for s in wanted.values() if np.isfinite(s))
    np.testing.assert_allclose([reach.seconds for reach in chosen], can_come[:k], atol=NEAR_S)
    for reach in answer:
        if reach.reason == "chosen":
            assert reach.seconds == pytest.approx(wanted[reach.unit.id], abs=NEAR_S)
        elif reach.reason == "farther":
            assert chosen[-1].seconds - 1e-9 <= reach.seconds <= wanted[reach.unit.id] + NEAR_S
        else:
            assert reach.reason in ("straight_line", "no_way")
            assert np.isinf(wanted[reach.unit.id])


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_the_way_is_on_the_streets_as_long_as_told_and_driven_in_the_time_told(seed: int) -> None:
    network = city(8, seed)
    even = made(
        np.stack([network.node_x - X0, network.node_y - Y0], 1),
        network.tail,
        network.head,
        np.where(np.isfinite(network.passing_s), network.length_m[:, None] / KMH_36, np.inf),
    )
    rng = np.random.default_rng(seed)
    link = rng.choice(whole(even), 4)
    x, y = shapely.get_coordinates(
        shapely.line_interpolate_point(even.geometry[link], rng.random(4), normalized=True)
    ).T
    streets = shapely.union_all(even.geometry)
    for reach in nearest_units(even, [Unit(f"u{n}", "car", x[n], y[n]) for n in (1, 2, 3)], x[0], y[0]):
        if reach.reason != "chosen":
            continue
        assert reach.seconds == pytest.approx(reach.length_m / KMH_36, abs=NEAR_S)
        if reach.line is None:
            assert reach.length_m == pytest.approx(0, abs=1e-6)
            continue
        assert shapely.length(reach.line) == pytest.approx(reach.length_m)
        assert shapely.distance(shapely.get_point(reach.line, 0), shapely.Point(reach.unit.x, reach.unit.y)) < 1e-6
        assert shapely.distance(shapely.get_point(reach.line, -1), shapely.Point(x[0], y[0])) < 1e-6
        assert shapely.covers(shapely.buffer(streets, 0.01), reach.line)


def test_everyone_who_is_not_sent_has_a_reason() -> None:
    network = street((0, 0), (5_000, 0))
    units = [
        unit("a", 1_000),
        unit("b", 2_000),
        unit("c", 3_000),
        unit("d", 4_000),
        unit("busy", 10, status="busy"),
        unit("rest", 20, status="resting"),
        unit("off", 30, status="off"),
        unit("odd", 30, status="lunch"),
        unit("old", 40, age_s=601),
        unit("wood", 40, 900),
        unit("nowhere", float("nan")),
        unit("endless", float("inf")),
        unit("when", 40, age_s=float("nan")),
    ]
    answer = nearest_units(network, units, X0, Y0)
    assert [reach.unit.id for reach in answer] == [
        *("a", "b", "c"),
        *sorted(["d", "busy", "rest", "off", "odd", "old", "wood", "nowhere", "endless", "when"]),
    ]
    assert {reach.unit.id: reach.reason for reach in answer} == {
        "a": "chosen",
        "b": "chosen",
        "c": "chosen",
        "d": "farther",
        "busy": "busy",
        "rest": "resting",
        "off": "off",
        "odd": "off",
        "old": "stale",
        "wood": "off_network",
        "nowhere": "off_network",
        "endless": "off_network",
        "when": "stale",
    }
    assert [reach.seconds for reach in answer[:3]] == pytest.approx([100, 200, 300])
    by_id = {reach.unit.id: reach for reach in answer}
    assert by_id["d"].seconds >= 300
    assert np.isinf(by_id["old"].seconds)


def test_units_that_rest_are_sent_when_told_so_and_old_positions_when_trusted() -> None:
    network = street((0, 0), (5_000, 0))
    units = [unit("a", 1_000, status="resting"), unit("b", 500, age_s=900)]
    assert reasons(told(network, units, 0)) == {"a": "resting", "b": "stale"}
    assert reasons(told(network, units, 0, with_resting=True, stale_s=900)) == {"a": "chosen", "b": "chosen"}


def test_turn_out_and_the_last_metres_on_foot_are_counted() -> None:
    network = street((0, 0), (5_000, 0))
    reach = told(network, [unit("a", 1_000, 20)], 0, 45, turn_out_s=60)["a"]
    # 2 s from its yard at the speed of the streets, 100 s by street, 45 m at 4.5 km/h.
    assert reach.seconds == pytest.approx(60 + 2 + 100 + 36)
    assert reach.length_m == pytest.approx(20 + 1_000 + 45)
    assert shapely.length(reach.line) == pytest.approx(reach.length_m)


def test_one_way_streets_are_driven_towards_the_incident() -> None:
    network = street((0, 0), (1_000, 0), (2_000, 0), one_way=True)
    answer = told(network, [unit("before", 200), unit("after", 1_500)], 900, k=1)
    assert reasons(answer) == {"before": "chosen", "after": "no_way"}
    assert answer["before"].seconds == pytest.approx(70)


def test_in_the_same_one_way_street_a_unit_that_is_past_goes_round() -> None:
    square = [(0, 0), (1_000, 0), (1_000, 1_000), (0, 1_000), (0, 0)]
    xy = np.array(square[:4], float)
    seconds = np.stack([np.full(4, 100.0), np.full(4, np.inf)], 1)
    network = made(xy, np.arange(4), np.array([1, 2, 3, 0]), seconds)
    answer = told(network, [unit("past", 600), unit("short", 400)], 500)
    assert answer["short"].seconds == pytest.approx(10)
    assert answer["past"].seconds == pytest.approx(390)
    assert shapely.length(answer["past"].line) == pytest.approx(3_900)


def test_where_no_street_leads_the_answer_says_straight_line() -> None:
    network = made(
        np.array([[0, 0], [2_000, 0], [0, 500], [2_000, 500]]),
        np.array([0, 2]),
        np.array([1, 3]),
        np.full((2, 2), 200.0),
    )
    answer = told(network, [unit("here", 1_000), unit("across", 100, 500), unit("wood", 0, -900)], 0, k=3)
    assert reasons(answer) == {"here": "chosen", "across": "straight_line", "wood": "straight_line"}
    assert list(answer) == ["here", "across", "wood"]
    assert answer["across"].seconds == pytest.approx(np.hypot(100, 500) / KMH_36)
    assert answer["across"].line is None
    assert reasons(told(network, [unit("here", 1_000), unit("across", 100, 500)], 0, k=1))["across"] == "no_way"


def test_an_incident_off_the_streets_is_answered_as_the_crow_flies() -> None:
    network = street((0, 0), (5_000, 0))
    answer = told(network, [unit("a", 300), unit("b", 0), unit("c", 4_000)], 0, 400, k=2)
    assert reasons(answer) == {"b": "straight_line", "a": "straight_line", "c": "no_way"}
    assert [answer[id].seconds for id in "ba"] == pytest.approx([40, 50])


def test_nobody_to_send_is_an_answer_and_an_incident_without_a_place_a_fault() -> None:
    network = street((0, 0), (5_000, 0))
    assert nearest_units(network, [], X0, Y0) == ()
    assert reasons(told(network, [unit("a", 1)], 0, k=0)) == {"a": "farther"}
    empty = made(np.zeros((0, 2)), np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)))
    assert reasons(told(empty, [unit("a", 1)], 0)) == {"a": "straight_line"}
    with pytest.raises(InputError) as caught:
        nearest_units(network, [], float("nan"), 0.0)
    assert caught.value.code == "dispatch_place_wrong"


def test_equals_are_ranked_by_their_ids_and_the_index_changes_nothing() -> None:
    network = street((0, 0), (1_000, 0), (2_000, 0))
    units = [unit("b", 1_500), unit("a", 500), unit("c", 1_000)]
    plain = nearest_units(network, units, X0 + 1_000, Y0, k=2)
    again = nearest_units(network, units[::-1], X0 + 1_000, Y0, k=2, index=UnitIndex.of(network))
    assert [reach.unit.id for reach in plain] == ["c", "a", "b"]
    assert [(r.unit, r.seconds, r.reason) for r in plain] == [(r.unit, r.seconds, r.reason) for r in again]


@given(seed=st.integers(0, 10_000))
def test_the_reversed_search_tells_the_same_as_the_forward_one(seed: int) -> None:
    network = city(7, seed)
    rng = np.random.default_rng(seed)
    nodes = rng.choice(network.tail[whole(network)], 5, replace=False)
    link, share = rng.choice(whole(network)), rng.random()
    at = shapely.line_interpolate_point(network.geometry[link], share, normalized=True)
    units = [Unit(f"u{n}", "car", network.node_x[v], network.node_y[v]) for n, v in enumerate(nodes)]
    forward = spot_seconds(
        network,
        arrive(network, nodes, range(5)),
        np.array([link], np.int32),
        np.array([share * network.length_m[link]]),
    )[0][0]
    nearest = nearest_units(network, units, at.x, at.y, k=1)[0]
    if np.isfinite(forward):
        assert nearest.seconds == pytest.approx(forward, abs=NEAR_S)
    else:
        assert nearest.reason == "straight_line"
