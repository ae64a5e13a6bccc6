"""Exact windows, re-splits and the search that uses them: never worse, contiguous, exact, the same every time."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gis.graph import AtomGraph
from partition.rules import Rules
from partition.stop import Stop
from partition.zoning.divide import divide
from partition.zoning.draw import draw
from partition.zoning.improve import anneal, random_state
from partition.zoning.pieces import make_problems
from partition.zoning.problem import Land, edge_costs
from partition.zoning.resplit import resplit
from partition.zoning.search import Clock, best_of_runs
from partition.zoning.seeds import metis_start, plan_price, sub_land, tree_start, whole_parts
from partition.zoning.windows import improve_by_windows
from tests.partition.brute import all_plans
from tests.towns import mesh, town

METRES = Rules(weight_street=1.0, balance_weight=0.0, dispersion_weight=0.0)


def land_of(graph: AtomGraph, rules: Rules = METRES) -> Land:
    (division,) = divide(graph, rules)
    (region,) = division.regions
    return make_problems(graph, region, division.edges, edge_costs(graph, rules), rules)[1].land


def is_contiguous(land: Land, part: np.ndarray) -> bool:
    return int(whole_parts(land, part).max()) == len(np.unique(part)) - 1


def rough_plan(land: Land, seed: int) -> np.ndarray:
    """A plan with room for improvement, in band where a short walk finds the way."""
    part = metis_start(land, max(1, round(int(land.weight.sum()) / land.target)), seed)
    state = random_state(seed)
    anneal(land, part, 100 * len(part), hot=20.0, cold=1.0, soft=20.0, hard=200.0, state=state)
    return np.unique(part, return_inverse=True)[1].astype(np.int64)


@pytest.mark.parametrize("rules", [METRES, Rules()])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_windows_never_worsen_a_plan_and_keep_grids_in_one_piece(rules, seed):
    land = land_of(mesh(14, seed, 70, 0.9, 480, 0.1), rules)
    part = rough_plan(land, seed)
    before = part.copy()
    better, work = improve_by_windows(land, part, width=4, max_columns=2_000, max_work=5_000_000)
    assert (part == before).all()
    assert plan_price(land, better) <= plan_price(land, part)
    assert is_contiguous(land, better)
    assert work > 0
    again, _ = improve_by_windows(land, part, width=4, max_columns=2_000, max_work=5_000_000)
    assert again.tobytes() == better.tobytes()


def test_a_window_over_a_whole_town_finds_its_proved_optimum():
    land = land_of(mesh(6, 7, 100))
    better, _ = improve_by_windows(land, rough_plan(land, 2), width=7, max_columns=10_000, max_work=100_000_000)
    assert plan_price(land, better) == (0, pytest.approx(1290.63, abs=0.005))


@given(st.lists(st.sampled_from([60, 100, 150, 210, 330]), min_size=8, max_size=8), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_a_window_over_a_small_town_agrees_with_brute_force(weights, seed):
    assume(sum(weights) > 600)
    graph = town("abcd\nefgh", dict(zip("abcdefgh", weights)))
    costs = [cost for _, cost in all_plans(graph, METRES, is_lawful=True)]
    land = land_of(graph)
    part = whole_parts(land, tree_start(land, random_state(seed)))
    assume(len(np.unique(part)) > 1)
    better, _ = improve_by_windows(land, part, width=len(part), max_columns=5_000, max_work=50_000_000)
    outside, cost = plan_price(land, better)
    assert (outside, cost) <= plan_price(land, part)
    assert (outside == 0) == bool(costs)
    if costs:
        assert cost == pytest.approx(min(costs), abs=1e-5)


def test_the_number_of_grids_may_change_in_a_window():
    land = land_of(town("abcdef", dict.fromkeys("abcdef", 150)))
    part = np.array([0, 0, 1, 1, 2, 2])
    better, _ = improve_by_windows(land, part, width=3, max_columns=100, max_work=10_000)
    assert len(np.unique(better)) == 2
    assert better[0] == better[2] != better[3] == better[5]
    dear = land._replace(balance=100.0, target=300.0)
    back, _ = improve_by_windows(dear, better, width=2, max_columns=100, max_work=10_000)
    assert len(np.unique(back)) == 3


def test_a_block_over_the_band_stands_alone_and_its_neighbours_are_cut_well():
    land = land_of(town("abcdX", {"a": 200, "b": 200, "c": 200, "d": 200, "X": 900}))
    heavy = int(land.weight.argmax())
    part = np.zeros(5, np.int64)
    part[[v for v in range(5) if land.weight[v] == 200][:1]] = 1
    better, _ = improve_by_windows(land, part, width=2, max_columns=100, max_work=10_000)
    assert plan_price(land, better)[0] == 400
    assert (better == better[heavy]).sum() == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_resplits_never_worsen_a_plan(seed):
    land = land_of(mesh(16, seed, 60, 0.8, 400), Rules())
    part = rough_plan(land, seed)
    better = resplit(land, part, 500, random_state(seed))
    assert plan_price(land, better) <= plan_price(land, part)
    assert is_contiguous(land, better)
    assert resplit(land, part, 500, random_state(seed)).tobytes() == better.tobytes()


def test_a_land_cut_out_of_another_keeps_its_inner_contacts():
    land = land_of(mesh(8, 1, 100))
    nodes = np.array([9, 10, 17, 18, 40])
    few = sub_land(land, nodes)
    assert few.weight.tolist() == land.weight[nodes].tolist()
    assert np.diff(few.indptr).tolist() == [2, 2, 2, 2, 0]
    for i, v in enumerate(nodes):
        for e in range(few.indptr[i], few.indptr[i + 1]):
            u = nodes[few.indices[e]]
            there = land.indptr[v] + np.flatnonzero(land.indices[land.indptr[v] : land.indptr[v + 1]] == u)
            assert few.cost[e] == land.cost[there[0]]


def test_a_large_land_is_started_in_districts_of_whole_parts():
    land = land_of(mesh(100, 1, 40))
    part = metis_start(land, 1000, 3)
    assert is_contiguous(land, part)
    assert 950 <= len(np.unique(part)) <= 1050
    assert metis_start(land, 1000, 3).tobytes() == part.tobytes()


def test_a_search_without_time_still_gives_a_lawful_plan():
    land = land_of(mesh(24, 1, 90, 1.0, 480, 0.15))
    clock = Clock(time.monotonic() - 1.0)
    quick = best_of_runs(land, 1, 1.0, clock)
    assert clock.has_cut
    assert plan_price(land, quick)[0] == 0
    assert is_contiguous(land, quick)


def test_a_time_limit_is_said_and_the_plan_is_whole():
    result = draw(mesh(40, 1, 40), METRES, stop=Stop(seconds=0.05))
    (answer,) = result.communities
    assert (answer.stopped_by, answer.feasible) == ("clock", "yes")
    assert all(grid.within_band for grid in result.plan.grids)


def test_lumpy_land_comes_into_the_band_below_the_published_boundary():
    result = draw(mesh(24, 1, 90, 1.0, 480, 0.15), METRES)
    (answer,) = result.communities
    assert answer.feasible == "yes"
    assert answer.objective <= 25_600.0
