"""Patrols of one problem: whatever the streets are like, everything is in a route or named with its reason."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from partition.patrol.check.walk import Walk
from partition.patrol.check.whole import coverage_faults, promise_faults, reason_faults
from partition.patrol.cut import cut_long_links
from partition.patrol.plan import plan_patrol
from partition.patrol.problem import PatrolProblem, PatrolResult
from partition.stop import Stop

QUICK = Stop(effort=0.01)


def problem_of(
    n_nodes: int, links: list[tuple], *, stops=(), posts=(), shift_s: float = math.inf, n_patrollers=0, is_open=False
) -> PatrolProblem:
    """Links as (tail, head, metres, required, oneway); walking 1 m/s, inspecting half as fast."""
    length = np.array([link[2] for link in links], float)
    passing = np.repeat(length[:, None], 2, axis=1) if links else np.zeros((0, 2))
    for i, link in enumerate(links):
        if len(link) > 4 and link[4]:
            passing[i, 1] = np.inf
    return PatrolProblem(
        n_nodes,
        np.array([link[0] for link in links], np.int32),
        np.array([link[1] for link in links], np.int32),
        length,
        passing,
        2 * passing,
        np.array([bool(link[3]) for link in links], bool),
        np.array([stop[0] for stop in stops], np.int32),
        np.array([stop[1] for stop in stops], float),
        np.array(posts, np.int32),
        shift_s,
        n_patrollers,
        is_open,
    )


def faults_of(problem: PatrolProblem, result: PatrolResult) -> list[str]:
    """Everything the independent check finds wrong, walks included."""
    found = [*coverage_faults(problem, result), *reason_faults(problem, result), *promise_faults(problem, result)]
    for number, route in enumerate(result.routes, 1):
        found += list(Walk(problem, route, number).faults())
    return [str(fault) for fault in found]


@st.composite
def problems(draw) -> PatrolProblem:
    """Small networks of every ugly kind: loops, parallel links, one-ways, pieces apart, tiny and long links."""
    n_nodes = draw(st.integers(1, 8))
    node = st.integers(0, n_nodes - 1)
    length = st.sampled_from([0.001, 1.0, 10.0, 35.0, 100.0, 400.0])
    link = st.tuples(node, node, length, st.booleans(), st.sampled_from([False, False, True]))
    return problem_of(
        n_nodes,
        draw(st.lists(link, max_size=14)),
        stops=draw(st.lists(st.tuples(node, st.sampled_from([0.0, 60.0])), max_size=2)),
        posts=draw(st.lists(node, max_size=2, unique=True)),
        shift_s=draw(st.sampled_from([math.inf, 3_000.0, 900.0, 300.0])),
        n_patrollers=draw(st.sampled_from([0, 0, 1, 2, 3])),
        is_open=draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None)
@given(problems())
def test_every_street_and_place_is_in_a_route_or_named_with_its_reason(problem):
    assert faults_of(problem, plan_patrol(problem, seed=1, stop=QUICK)) == []


def test_a_long_street_is_cut_so_that_a_shift_holds_each_piece():
    problem = problem_of(2, [(0, 1, 1_000, True)], posts=[0], shift_s=2_600)
    pieces = cut_long_links(problem)
    assert pieces is not None
    assert pieces.link.tolist() == [0] * len(pieces.link)
    assert pieces.problem.length_m.sum() == pytest.approx(1_000)
    assert pieces.from_frac[0] == 0
    assert pieces.to_frac[-1] == 1
    result = plan_patrol(pieces.problem, stop=QUICK)
    assert faults_of(pieces.problem, result) == []
    assert not result.unreachable
    assert len(result.routes) > 1
    assert max(route.seconds for route in result.routes) <= 2_600


def test_what_lies_beyond_a_shift_is_named_with_the_time_it_takes():
    problem = problem_of(3, [(0, 1, 100, True), (1, 2, 5_000, False), (2, 2, 50, True)], posts=[0], shift_s=3_600)
    result = plan_patrol(problem, stop=QUICK)
    (out,) = result.unreachable
    assert (out.link, out.reason) == (2, "patrol_beyond_shift")
    assert out.seconds == pytest.approx(100 + 5_000 + 100 + 5_000 + 100)


def test_a_one_way_street_without_return_is_a_trap_and_an_island_is_not_connected():
    links = [(0, 1, 10, True), (1, 2, 10, True, True), (3, 4, 10, True)]
    result = plan_patrol(problem_of(5, links, posts=[0]), stop=QUICK)
    assert [(out.link, out.reason) for out in result.unreachable] == [
        (1, "patrol_one_way_trap"),
        (2, "patrol_not_connected"),
    ]
    assert result.routes[0].required_m == 10


def test_without_a_post_every_part_is_patrolled_and_with_one_patroller_the_greatest():
    links = [(0, 1, 10, True), (2, 3, 50, True)]
    assert sorted(route.required_m for route in plan_patrol(problem_of(4, links), stop=QUICK).routes) == [10, 50]
    one = plan_patrol(problem_of(4, links, n_patrollers=1), stop=QUICK)
    assert [route.required_m for route in one.routes] == [50]
    assert [out.reason for out in one.unreachable] == ["patrol_needs_another"]


def test_too_few_patrollers_are_told_how_many_or_how_long_would_do():
    links = [(0, k, 100, True) for k in range(1, 9)]
    problem = problem_of(9, links, posts=[0], shift_s=700, n_patrollers=2)
    result = plan_patrol(problem, stop=Stop(effort=0.1))
    assert faults_of(problem, result) == []
    assert len(result.routes) == 2
    assert max(route.seconds for route in result.routes) == pytest.approx(1_200)
    assert result.shift_s_needed == pytest.approx(1_200)
    assert result.n_patrollers_needed == 4


def test_few_routes_come_before_short_ones_and_the_longest_is_evened_out():
    links = [(0, k, 100, True) for k in range(1, 9)]
    result = plan_patrol(problem_of(9, links, posts=[0], shift_s=1_300), stop=Stop(effort=0.1))
    assert sorted(round(route.seconds) for route in result.routes) == [1_200, 1_200]


def test_as_many_routes_as_asked_for():
    links = [(k, k + 1, 100, True) for k in range(6)]
    for n in (1, 2, 3):
        result = plan_patrol(problem_of(7, links, posts=[3], n_patrollers=n), stop=QUICK)
        assert len(result.routes) == n


def test_nothing_to_patrol_is_an_empty_result_and_a_cost_that_is_no_number_is_refused():
    assert plan_patrol(problem_of(2, [(0, 1, 10, False)]), stop=QUICK).routes == ()
    with pytest.raises(InputError, match="patrol_cost_not_a_number"):
        problem_of(2, [(0, 1, math.nan, True)])
    with pytest.raises(InputError, match="patrol_cost_not_a_number"):
        problem_of(2, [(0, 1, -5.0, True)])


def test_the_same_problem_gives_the_same_routes():
    links = [(i, j, 10.0 + i + j, True) for i in range(6) for j in range(i + 1, 6)]
    problem = problem_of(6, links, posts=[0, 3], shift_s=400)
    first, again = (plan_patrol(problem, seed=4, stop=QUICK) for _ in range(2))
    assert [route.link.tolist() for route in first.routes] == [route.link.tolist() for route in again.routes]


def test_a_search_that_is_cut_short_still_covers_everything():
    links = [(i, j, 10.0 + i + j, True) for i in range(8) for j in range(i + 1, 8)]
    problem = problem_of(8, links, posts=[0], shift_s=400)
    result = plan_patrol(problem, stop=Stop(seconds=0.05))
    assert faults_of(problem, result) == []
    assert not result.unreachable
