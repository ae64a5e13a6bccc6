"""Arrival from posts: the same as networkx, cut at the exact place, and only ever more with more time."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import InputError
from gis.streets.network import StreetNetwork
from partition.coverage.reach.arcs import Arcs
from partition.coverage.reach.arrival import arrive, reached_m, spot_seconds
from tests.reach_kit import as_graph, cut_at, made, random_network

SEEDS = st.integers(0, 10_000)


def by_networkx(network: StreetNetwork, posts: list[int], speed_factor: float = 1.0) -> np.ndarray:
    found = np.full(network.n_nodes, np.inf)
    for node, s in nx.multi_source_dijkstra_path_length(as_graph(network, speed_factor), set(posts)).items():
        found[node] = s
    return found


def line(*metres: float, seconds: list[list[float]]) -> StreetNetwork:
    """Nodes in a row, so many metres apart."""
    x = np.concatenate([[0.0], np.cumsum(metres)])
    n = len(metres)
    return made(np.stack([x, np.zeros(n + 1)], 1), np.arange(n), np.arange(1, n + 1), np.array(seconds, float))


def test_times_equal_networkx_on_200_random_directed_multigraphs() -> None:
    rng = np.random.default_rng(7)
    for seed in range(200):
        network = random_network(seed)
        posts = rng.choice(network.n_nodes, int(rng.integers(1, 5)), replace=False).tolist()
        ours = arrive(network, posts, range(len(posts))).node_s
        np.testing.assert_allclose(ours, by_networkx(network, posts), atol=1e-9, err_msg=str(seed))


@given(seed=SEEDS, factor=st.sampled_from([0.5, 1.0, 1.2]), begin=st.sampled_from([0.0, 30.0]))
def test_the_first_post_is_one_that_arrives_then(seed: int, factor: float, begin: float) -> None:
    network = random_network(seed)
    posts = np.random.default_rng(seed).choice(network.n_nodes, 3, replace=False)
    rows = [4, 9, 2]
    arrival = arrive(network, posts, rows, start_s=begin, speed_factor=factor)
    alone = {row: by_networkx(network, [int(node)], factor) + begin for node, row in zip(posts, rows)}
    for node in range(network.n_nodes):
        first = int(arrival.node_post[node])
        if first < 0:
            assert np.isinf(arrival.node_s[node])
            assert all(np.isinf(times[node]) for times in alone.values())
        else:
            assert arrival.node_s[node] == pytest.approx(alone[first][node])
            assert arrival.node_s[node] == pytest.approx(min(times[node] for times in alone.values()))


def test_travel_is_from_the_post_to_the_place_on_one_way_streets() -> None:
    network = line(100, 100, seconds=[[10, np.inf], [10, np.inf]])
    assert arrive(network, [0], [0]).node_s.tolist() == [0, 10, 20]
    assert arrive(network, [2], [0]).node_s.tolist() == [np.inf, np.inf, 0]


def test_of_parallel_streets_the_quicker_counts_and_not_their_sum() -> None:
    network = made(np.array([[0, 0], [100, 0]]), np.array([0, 0]), np.array([1, 1]), np.array([[4.0, 4], [7, 7]]))
    assert arrive(network, [0], [0]).node_s.tolist() == [0, 4]


def test_a_street_of_no_metres_and_no_time_is_a_way() -> None:
    network = line(100, 0, 100, seconds=[[10, 10], [0, 0], [10, 10]])
    assert arrive(network, [0], [0]).node_s.tolist() == [0, 10, 10, 20]
    assert 0.0 in Arcs.of(network).seconds


@pytest.mark.parametrize("wrong", [np.nan, -1.0])
def test_times_that_are_no_times_are_refused_with_the_street(wrong: float) -> None:
    network = line(100, 100, seconds=[[10, 10], [10, wrong]])
    with pytest.raises(InputError) as caught:
        arrive(network, [0], [0])
    assert caught.value.code == "reach_time_wrong"
    assert caught.value.facts["id"] == "S000001"


def test_posts_off_the_network_and_no_posts_at_all_reach_nothing() -> None:
    network = line(100, seconds=[[10, 10]])
    for posts in ([], [-1]):
        arrival = arrive(network, posts, range(len(posts)))
        assert np.isinf(arrival.node_s).all()
        assert (arrival.node_post == -1).all()
        assert reached_m(network, arrival, 1e9)[0].sum() == 0


def test_turn_out_and_limit_count_from_the_call() -> None:
    network = line(100, 100, seconds=[[10, 10], [10, 10]])
    assert arrive(network, [0], [0], start_s=60, limit_s=70).node_s.tolist() == [60, 70, np.inf]
    assert arrive(network, [0, 2], [0, 1], start_s=[60, 5]).node_post.tolist() == [1, 1, 1]


@given(seed=SEEDS, share=st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_spots_along_links_are_reached_as_if_they_were_junctions(seed: int, share: list[float]) -> None:
    network = random_network(seed)
    rng = np.random.default_rng(seed)
    links = rng.choice(network.n_links, 4, replace=False).astype(np.int32)
    along = np.array(share) * network.length_m[links]
    posts = rng.choice(network.n_nodes, 2, replace=False)
    ours, first = spot_seconds(network, arrive(network, posts, [0, 1]), links, along)
    fine, nodes = cut_at(network, links.tolist(), along.tolist())
    np.testing.assert_allclose(ours, by_networkx(fine, posts.tolist())[nodes], atol=1e-6)
    assert ((first >= 0) == np.isfinite(ours)).all()


@given(seed=SEEDS, limits=st.tuples(st.floats(0, 60), st.floats(0, 60)))
def test_metres_reached_grow_with_time_and_equal_a_finely_cut_network(seed: int, limits: tuple[float, float]) -> None:
    network = random_network(seed, 12, 16)
    arrival = arrive(network, [0, 5], [0, 1])
    less, more = sorted(limits)
    reached = [np.minimum(sum(reached_m(network, arrival, t)), network.length_m) for t in (less, more)]
    assert (reached[0] <= reached[1] + 1e-9).all()
    share = (np.arange(200) + 0.5) / 200
    for link in range(network.n_links):
        if not np.isfinite(network.passing_s[link]).any():
            assert reached[0][link] == 0
            continue
        at, _ = spot_seconds(network, arrival, np.full(200, link, np.int32), share * network.length_m[link])
        counted = (at <= less).mean() * network.length_m[link]
        assert reached[0][link] == pytest.approx(counted, abs=network.length_m[link] * 0.011)


@pytest.mark.parametrize(
    ("kmh", "minutes", "metres"), [(40, 1, 666.7), (40, 3, 2_000), (40, 5, 3_333.3), (4.5, 15, 1_125)]
)
def test_steady_speed_reaches_the_published_metres(kmh: float, minutes: float, metres: float) -> None:
    length = 5_000.0
    seconds = length / kmh * 3.6
    network = line(length, seconds=[[seconds, seconds]])
    ahead, behind = reached_m(network, arrive(network, [0], [0]), 60 * minutes)
    assert ahead[0] == pytest.approx(metres, abs=0.1)
    assert behind[0] == 0


def test_a_link_is_entered_only_at_the_end_it_is_open_from() -> None:
    # A ring of three streets; the last may be driven from its tail only.
    network = made(
        np.array([[0, 0], [100, 0], [50, 80]]),
        np.array([0, 1, 2]),
        np.array([1, 2, 0]),
        np.array([[10.0, 10], [10, 10], [10, np.inf]]),
        length_m=np.full(3, 100.0),
    )
    arrival = arrive(network, [0], [0])
    assert spot_seconds(network, arrival, np.array([2], np.int32), np.array([90.0]))[0][0] == pytest.approx(29)
    ahead, behind = reached_m(network, arrival, 25)
    assert (ahead[2], behind[2]) == (pytest.approx(50), 0)
    at_node, _ = spot_seconds(network, arrival, np.array([2], np.int32), np.array([100.0]))
    assert at_node[0] == 0  # at its end stands the post
