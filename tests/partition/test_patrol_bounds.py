"""What several routes can not undercut, against routes found by long searches; and the land a problem is cut out of."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from data.sample import make_town
from gis.streets import lay_network
from partition.patrol.arcs.run import search_tours
from partition.patrol.arcs.split import split_tour
from partition.patrol.parting import groups_of, least_of_several
from partition.patrol.pose import Poser
from partition.patrol.postman import bound_routes, solve_one
from partition.patrol.settings import PatrolSettings
from partition.patrol.several import TaskSet
from partition.patrol.ways import Ways
from tests.partition.test_patrol_plan import problem_of


def scattered(seed: int, shift_s: float):
    """Three to five clumps of streets, far apart, all reachable on foot."""
    rng = np.random.default_rng(seed)
    links, n = [], 0
    centres = []
    for _ in range(int(rng.integers(3, 6))):
        k = int(rng.integers(2, 5))
        links += [(n + i, n + (i + 1) % k, float(rng.integers(20, 90)), True) for i in range(k)]
        centres.append(n)
        n += k
    for a, b in pairwise(centres):
        links.append((a, b, float(rng.integers(50, 600)), False))
    return problem_of(n, links, shift_s=shift_s)


@pytest.mark.parametrize("seed", range(40))
def test_no_routes_found_take_less_than_one_route_less_what_parting_saves(seed):
    for shift_s in (np.inf, 2_500.0, 1_500.0):
        problem = scattered(seed, shift_s)
        ways = Ways.of(problem)
        one = solve_one(problem)
        task_set = TaskSet(problem, ways)
        for n in (2, 3):
            tours = search_tours(task_set.tasks(shift_s, n), seed=seed, n_rounds=3_000)
            if len(tours.missing) or len(tours.tours) != n:
                continue
            assert tours.cost >= least_of_several(problem, ways, n, one.bound_s) - 1e-3
            assert tours.cost >= bound_routes(problem, n).total_s - 1e-3


def test_two_routes_save_the_longest_way_and_no_more():
    links = [(0, 1, 100, True), (1, 2, 500, False), (2, 3, 100, True), (3, 4, 40, False), (4, 5, 100, True)]
    problem = problem_of(6, links)
    one = solve_one(problem).bound_s
    assert one == pytest.approx(1_980)
    assert least_of_several(problem, Ways.of(problem), 2, one) == pytest.approx(980)
    assert least_of_several(problem, Ways.of(problem), 3, one) == pytest.approx(900)
    # The two streets on one side of the long way take 680 s together.
    for shift_s, least in ((700, 980), (650, 1_980)):
        tight = problem_of(6, links, shift_s=shift_s)
        assert least_of_several(tight, Ways.of(tight), 2, one) == pytest.approx(least)


def test_the_beat_is_parted_at_its_longest_ways_first():
    links = [(0, 1, 100, True), (1, 2, 500, False), (2, 3, 100, True), (3, 4, 40, False), (4, 5, 100, True)]
    problem = problem_of(6, links)
    first, second = (group.tolist() for _, group in groups_of(problem, Ways.of(problem), 5))
    assert first == [0, 0, 1, 1, 1, 1]
    assert second == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("limit", [np.inf, 900.0, 500.0])
def test_a_giant_tour_is_cut_as_cheaply_as_trying_every_cut(limit):
    problem = problem_of(7, [(0, k, 20.0 * k, True) for k in range(1, 7)], posts=[0])
    tasks = TaskSet(problem, Ways.of(problem)).tasks(limit, 0)
    order = np.array([3, 0, 5, 2, 1, 4], np.int32)
    found = split_tour(tasks, order, is_ring=False)
    best = None
    for cuts in range(2**5):
        at = [i + 1 for i in range(5) if cuts >> i & 1]
        pieces = np.split(order, at)
        # There and back: inspecting takes twice as long as walking home.
        cost = [sum(60.0 * (int(task) + 1) for task in piece) for piece in pieces]
        if max(cost) <= limit and (best is None or (len(pieces), sum(cost)) < best):
            best = (len(pieces), sum(cost))
    assert (len(found.tours), found.cost) == (best[0], pytest.approx(best[1]))


def test_a_posed_problem_holds_every_shortest_way_of_the_whole_network():
    town = make_town(2_000, 3).territory
    communities = town["communities"][["code", "geometry"]]
    settings = PatrolSettings()
    network, beats = lay_network(town, communities, settings.network_options())
    open_ = np.isfinite(network.passing_s)
    tail = np.concatenate([network.tail[open_[:, 0]], network.head[open_[:, 1]]])
    head = np.concatenate([network.head[open_[:, 0]], network.tail[open_[:, 1]]])
    cost = np.concatenate([network.passing_s[open_[:, 0], 0], network.passing_s[open_[:, 1], 1]])
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    kept = np.concatenate([[True], (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])])
    matrix = coo_array((cost[kept], (tail[kept], head[kept])), shape=(network.n_nodes, network.n_nodes)).tocsr()
    poser = Poser(network, beats, settings)
    looked_at = 0
    for grid in beats.grids:
        posed = poser.pose(grid)
        must = posed.problem.required
        if not must.any():
            continue
        ends = np.unique(np.concatenate([posed.problem.tail[must], posed.problem.head[must]]))
        whole = dijkstra(matrix, indices=posed.node[ends])[:, posed.node[ends]]
        assert Ways.of(posed.problem).from_nodes(ends)[:, ends] == pytest.approx(whole, rel=1e-9, abs=1e-6)
        looked_at += 1
    assert looked_at >= 3
