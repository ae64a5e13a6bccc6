"""The parts of the postman, each against a slower way to the same thing."""

from __future__ import annotations

import itertools
from collections import Counter

import networkx as nx
import numpy as np
import pytest

from partition.patrol.postman.cuts import too_seldom
from partition.patrol.postman.euler import walk_as_told, walk_both_ways
from partition.patrol.postman.pairing import pair_up
from partition.patrol.postman.ways import arcs_to, make_ways, shortest
from tests.postman_kit import problem_of


def test_pairs_are_as_cheap_as_those_of_networkx() -> None:
    rng = np.random.default_rng(5)
    for n in (2, 4, 10, 24):
        cost = rng.uniform(0, 1000, (n, n))
        cost = cost + cost.T
        graph = nx.Graph()
        graph.add_weighted_edges_from((i, j, cost[i, j]) for i in range(n) for j in range(i))
        best = sum(cost[i, j] for i, j in nx.min_weight_matching(graph))
        pairs = pair_up(cost)
        assert sorted(pairs.ravel().tolist()) == list(range(n))
        assert cost[pairs[:, 0], pairs[:, 1]].sum() == pytest.approx(best)


def test_pairs_that_are_forbidden_are_not_made() -> None:
    cost = np.full((4, 4), np.inf)
    cost[0, 1] = cost[1, 0] = 1.0
    cost[2, 3] = cost[3, 2] = 99.0
    assert pair_up(cost).tolist() == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="perfect"):
        pair_up(np.where(cost == 99.0, np.inf, cost))


def test_shortest_ways_are_those_of_networkx_over_parallels_zeros_and_one_ways() -> None:
    rng = np.random.default_rng(9)
    for _ in range(20):
        n, m = 12, 30
        tail, head = rng.integers(0, n, m), rng.integers(0, n, m)
        cost = rng.integers(0, 9, (m, 2)).astype(float)
        cost[rng.random((m, 2)) < 0.3] = np.inf
        ways = make_ways(n, tail, head, cost)
        far, arrived = shortest(ways, np.arange(n))
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(range(n))
        for (a, b), (there, back) in zip(zip(tail.tolist(), head.tolist()), cost.tolist()):
            both = [(a, b, there), (b, a, back)]
            graph.add_weighted_edges_from(arc for arc in both if np.isfinite(arc[2]))
        for i in range(n):
            expected = nx.single_source_dijkstra_path_length(graph, i)
            for j in range(n):
                assert far[i, j] == expected.get(j, np.inf)
                if np.isfinite(far[i, j]):
                    arcs = arcs_to(ways, arrived[i], j)
                    assert sum(ways.cost[arcs]) == far[i, j]
                    assert [i, *ways.head[arcs]] == [*ways.tail[arcs], j]


def broken_borders(
    a: np.ndarray, b: np.ndarray, used: np.ndarray, spare: np.ndarray, odd: np.ndarray, needed: np.ndarray
) -> bool:
    """Some set of nodes is left too seldom: every set is looked at."""
    n = len(odd)
    for size in range(1, n):
        for members in itertools.combinations(range(n), size):
            side = np.isin(np.arange(n), members)
            crossing = side[a] != side[b]
            is_apart = (needed & side).any() and (needed & ~side).any() and used[crossing].sum() < 2 - 1e-6
            if is_apart or (odd[side].sum() % 2 == 1 and spare[crossing].sum() < 1 - 1e-6):
                return True
    return False


def test_a_border_crossed_too_seldom_is_found_whenever_there_is_one() -> None:
    rng = np.random.default_rng(2)
    answers = Counter()
    for _ in range(400):
        n = int(rng.integers(4, 8))
        m = 2 * n
        a, b = rng.integers(0, n, m), rng.integers(0, n, m)
        required = (rng.random(m) < 0.5).astype(float)
        spare = rng.choice([0.0, 0.0, 0.25, 0.5, 1.0], m)
        odd = (np.bincount(a, required, n) + np.bincount(b, required, n)) % 2 == 1
        needed = np.isin(np.arange(n), np.concatenate([a[required > 0], b[required > 0]]))
        found = too_seldom(a, b, required + spare, spare, odd, needed, exact=True)
        is_broken = broken_borders(a, b, required + spare, spare, odd, needed)
        answers[is_broken] += 1
        assert bool(found) == is_broken
        for side in found:
            crossing = side[a] != side[b]
            must = required[crossing].sum()
            both = (needed & side).any() and (needed & ~side).any()
            assert (required + spare)[crossing].sum() < max(must + must % 2, 2 * both) - 1e-7
    assert min(answers.values()) > 20


def test_a_walk_passes_every_link_as_often_as_told() -> None:
    links = [(0, 1, 1.0, 1.0), (1, 2, 1.0, 1.0), (2, 0, 1.0, 1.0), (2, 2, 1.0, 1.0), (1, 3, 1.0, 1.0)]
    problem = problem_of(4, links)
    times = np.array([1, 1, 1, 1, 2])
    steps = walk_both_ways(problem, times, 0)
    assert Counter(link for link, _ in steps) == dict(enumerate(times.tolist()))
    passes = np.array([[1, 0], [1, 0], [1, 0], [2, 0], [1, 1]])
    steps = walk_as_told(problem, passes, 0)
    assert Counter(steps) == {(0, 0): 1, (1, 0): 1, (2, 0): 1, (3, 0): 2, (4, 0): 1, (4, 1): 1}


def test_links_in_two_pieces_make_no_walk() -> None:
    problem = problem_of(4, [(0, 1, 1.0, 1.0), (2, 3, 1.0, 1.0)])
    with pytest.raises(ValueError, match="hang together"):
        walk_both_ways(problem, np.array([2, 2]), 0)
