"""The search for several patrollers: its costs recounted, small problems against every possible answer."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partition.patrol.arcs.run import Tours, orient, search_tours
from partition.patrol.arcs.tasks import Tasks, make_tasks
from partition.patrol.arcs.vehicles import search_by_vehicles


def some_tasks(n: int, seed: int, *, n_posts: int = 1, limit: float = np.inf, max_routes: int = 0, **more) -> Tasks:
    """Tasks between random points; every fourth may only be done from tail to head, every fifth is a stop."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 100, (2 * n + n_posts, 2)).astype(float)
    apart = np.abs(points[:, None] - points[None]).sum(axis=2)
    ends = np.arange(2 * n, dtype=np.int32).reshape(n, 2)
    ends[4::5, 1] = ends[4::5, 0]
    # Doing a task is never quicker than passing by.
    cost = apart[ends[:, 0], ends[:, 1]][:, None] + rng.integers(1, 30, (n, 1)) + rng.integers(0, 5, (n, 2))
    cost[::4, 1] = np.inf
    cost[4::5, 1] = np.inf
    posts = np.arange(2 * n, 2 * n + n_posts, dtype=np.int32)
    return make_tasks(apart, ends, cost, posts, limit=limit, max_routes=max_routes, **more)


def recount(tasks: Tasks, tours: Tours) -> None:
    """Every task once, every cost as the matrices say, every limit kept."""
    held = np.concatenate([tour.tasks for tour in tours.tours]) if tours.tours else np.zeros(0, int)
    assert sorted([*held.tolist(), *tours.missing.tolist()]) == list(range(tasks.n_tasks))
    for tour in tours.tours:
        directed = 2 * tour.tasks + tour.is_back
        cost = tasks.leaving[tour.post, directed[0]] + tasks.returning[tour.post, directed[-1]]
        cost += sum(float(tasks.between[a, b]) for a, b in pairwise(directed))
        assert cost == pytest.approx(tour.cost, abs=1e-3)
        assert tour.cost <= tasks.limit + 1e-3
        assert tasks.load[tour.tasks].sum() <= tasks.capacity
    assert not tasks.max_routes or len(tours.tours) <= tasks.max_routes


def cheapest(tasks: Tasks) -> float:
    """The cheapest single route from post 0, over all orders and directions."""
    n = tasks.n_tasks
    best = np.inf
    for order in permutations(range(n)):
        for backs in product((0, 1), repeat=n):
            d = [2 * t + b for t, b in zip(order, backs)]
            ways = sum(float(tasks.between[a, b]) for a, b in pairwise(d))
            best = min(best, float(tasks.leaving[0, d[0]]) + ways + float(tasks.returning[0, d[-1]]))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_one_route_of_five_tasks_is_the_cheapest_of_all(seed):
    tasks = some_tasks(5, seed)
    tours = search_tours(tasks, seed=seed, n_rounds=2_000)
    recount(tasks, tours)
    assert tours.cost == pytest.approx(cheapest(tasks), abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 25),
    seed=st.integers(0, 10_000),
    n_posts=st.integers(1, 3),
    limit=st.sampled_from([np.inf, 500.0, 250.0, 120.0]),
    max_routes=st.sampled_from([0, 1, 3]),
    is_open=st.booleans(),
)
def test_whatever_is_asked_the_figures_hold_and_nothing_is_lost(n, seed, n_posts, limit, max_routes, is_open):
    tasks = some_tasks(n, seed, n_posts=n_posts, limit=limit, max_routes=max_routes, is_open=is_open)
    recount(tasks, search_tours(tasks, seed=seed, n_rounds=300))


def test_same_seed_same_routes_and_more_rounds_are_never_worse_from_the_same_start():
    tasks = some_tasks(30, 3, limit=300.0)
    first = search_tours(tasks, seed=5, n_rounds=500)
    again = search_tours(tasks, seed=5, n_rounds=500)
    assert [t.tasks.tolist() for t in first.tours] == [t.tasks.tolist() for t in again.tours]
    more = search_tours(tasks, seed=6, n_rounds=500, start=first)
    assert more.cost <= first.cost + 1e-6


def test_a_capacity_is_kept_and_a_task_over_every_limit_is_left_over_with_its_number():
    tasks = some_tasks(20, 1, load=np.full(20, 3.0), capacity=10.0)
    tours = search_tours(tasks, seed=1, n_rounds=500)
    recount(tasks, tours)
    assert len(tours.tours) >= 7
    alone = np.min((tasks.leaving + tasks.returning).reshape(20, 2), axis=1)
    tight = some_tasks(20, 1, limit=float(np.sort(alone)[-3]))
    left = search_tours(tight, seed=1, n_rounds=500).missing
    assert set(left.tolist()) == set(np.flatnonzero(alone > tight.limit).tolist())
    assert len(left) == 2


def test_directions_of_an_order_are_the_best_of_all():
    tasks = some_tasks(6, 9)
    order = np.array([3, 1, 5, 0, 2, 4], np.int32)
    every = []
    for backs in product((0, 1), repeat=6):
        d = 2 * order + np.array(backs)
        ways = sum(float(tasks.between[a, b]) for a, b in pairwise(d))
        every.append(float(tasks.leaving[0, d[0]]) + ways + float(tasks.returning[0, d[-1]]))
    assert orient(tasks, order, 0).cost == pytest.approx(min(every))


def test_the_vehicle_search_keeps_the_same_rules():
    for max_routes, limit in ((0, 400.0), (2, np.inf), (4, 500.0)):
        tasks = some_tasks(15, 4, n_posts=2, limit=limit, max_routes=max_routes)
        tours = search_by_vehicles(tasks, seed=1, n_rounds=200)
        recount(tasks, tours)
        assert not len(tours.missing)


def test_nothing_to_do_and_one_thing_to_do():
    nothing = search_tours(some_tasks(0, 1), n_rounds=10)
    assert nothing.tours == ()
    assert len(nothing.missing) == 0
    assert len(search_tours(some_tasks(1, 1), n_rounds=10).tours) == 1
