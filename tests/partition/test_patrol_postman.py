"""One patroller: the routes are the shortest there are, by an integer programme that shares nothing with ours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from partition.patrol.postman import bound_routes, solve_one
from partition.patrol.problem import PatrolProblem
from tests.postman_kit import least_seconds, problem_of, random_problem, retraced_seconds

NEAR = 1e-6


def assert_shortest(problem: PatrolProblem, proofs: set[str]) -> None:
    result = solve_one(problem)
    route = result.routes[0]
    best = least_seconds(problem)
    assert retraced_seconds(problem, route) == pytest.approx(route.seconds)
    assert route.seconds == pytest.approx(best, abs=NEAR)
    assert result.bound_s == pytest.approx(best, abs=NEAR)
    assert result.bound_m <= route.length_m + NEAR
    assert result.proof in proofs


@pytest.mark.parametrize("ends", ["closed", "open", "post", "open from a post"])
def test_undirected_postman_is_as_short_as_the_integer_programme_on_200_graphs(ends: str) -> None:
    for seed in range(50):
        problem = random_problem(seed, n_nodes=8, n_posts=int("post" in ends), is_open="open" in ends)
        assert_shortest(problem, {"matching"})


@pytest.mark.parametrize("ends", ["closed", "post"])
def test_directed_postman_is_as_short_as_the_integer_programme_on_200_graphs(ends: str) -> None:
    for seed in range(100):
        problem = random_problem(seed, kind="directed", n_nodes=8, n_posts=int("post" in ends))
        assert_shortest(problem, {"flow"})


@pytest.mark.parametrize("kind", ["undirected", "directed", "mixed", "windy"])
@pytest.mark.parametrize("required_share", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("is_open", [False, True])
def test_rural_postman_with_places_and_posts_is_as_short(kind: str, required_share: float, is_open: bool) -> None:
    for seed in range(8):
        problem = random_problem(
            900 + seed,
            kind=kind,
            required_share=required_share,
            n_posts=seed % 4,
            n_stops=2,
            is_open=is_open,
        )
        assert_shortest(problem, {"matching", "flow", "mip"})


@pytest.mark.parametrize("kind", ["undirected", "mixed", "windy"])
@pytest.mark.parametrize("n_posts", [0, 1, 2])
@pytest.mark.parametrize("is_open", [False, True])
def test_no_set_of_routes_undercuts_the_bounds(kind: str, n_posts: int, is_open: bool) -> None:
    for seed in range(3):
        problem = random_problem(
            40 + seed, kind=kind, n_nodes=5, required_share=0.7, n_posts=n_posts, n_stops=1, is_open=is_open
        )
        for n_routes in (2, 3) if seed == 0 else (2,):
            bounds = bound_routes(problem, n_routes)
            assert bounds.total_s <= least_seconds(problem, n_routes) + NEAR
            assert bounds.longest_s >= bounds.total_s / n_routes - NEAR
        if seed == 1:
            assert bounds.longest_s <= least_seconds(problem, 2, aim="longest") + NEAR


def test_metres_are_bounded_by_a_walk_that_counts_metres() -> None:
    for seed in range(20):
        problem = random_problem(seed, kind="windy", required_share=0.6, n_posts=1)
        length = np.repeat(problem.length_m[:, None], 2, axis=1)
        in_metres = replace(problem, passing_s=length, inspecting_s=length.copy(), stop_s=np.zeros(len(problem.stop_s)))
        assert bound_routes(problem).total_m <= least_seconds(in_metres) + NEAR
        assert solve_one(problem).bound_m <= solve_one(problem).routes[0].length_m + NEAR


def test_two_far_legs_count_for_each_of_three_routes() -> None:
    # A square 100 s from the post: every route walks there and back.
    links = [(0, 1, 100.0, 100.0), (1, 2, 10.0, 10.0), (2, 3, 10.0, 10.0), (3, 4, 10.0, 10.0), (4, 1, 10.0, 10.0)]
    problem = problem_of(5, links, [1, 2, 3, 4], posts=[0])
    assert bound_routes(problem, 1).total_s == pytest.approx(240.0)
    assert bound_routes(problem, 3).total_s == pytest.approx(640.0)
    assert bound_routes(problem, 3).longest_s >= 640.0 / 3
    assert bound_routes(problem, 4).longest_s >= 220.0  # a street at the far side, there and back


def test_parallel_streets_are_both_inspected_and_never_added_up() -> None:
    problem = problem_of(2, [(0, 1, 4.0, 4.0), (0, 1, 7.0, 7.0), (0, 1, 9.0, 9.0)])
    result = solve_one(problem)
    assert result.routes[0].seconds == pytest.approx(4 + 7 + 9 + 4)  # back over the shortest of the three
    assert sorted(result.routes[0].link.tolist()) == [0, 0, 1, 2]


def test_a_street_of_no_length_is_passed_and_joins() -> None:
    links = [(0, 1, 5.0, 5.0), (1, 2, 0.0, 0.0), (2, 3, 5.0, 5.0), (0, 3, 50.0, 50.0)]
    result = solve_one(problem_of(4, links, [0, 2]))
    assert result.routes[0].seconds == pytest.approx(20.0)
    assert result.proof in {"matching", "mip"}
    assert np.count_nonzero(result.routes[0].link == 1) == 2


def test_a_loop_is_walked_once_without_turning_back() -> None:
    result = solve_one(problem_of(2, [(0, 0, 8.0, 8.0), (0, 1, 3.0, 3.0)]))
    assert result.routes[0].seconds == pytest.approx(14.0)


def test_a_one_way_trap_is_refused_and_not_walked() -> None:
    problem = problem_of(3, [(0, 1, 5.0, 5.0), (1, 2, 5.0, np.inf)])
    with pytest.raises(ValueError, match="reached"):
        solve_one(problem)
    mixed = problem_of(4, [(0, 1, 5.0, 6.0), (1, 2, 5.0, np.inf), (1, 3, 2.0, 2.0)])
    with pytest.raises(ValueError, match="reached"):
        solve_one(mixed)


def test_the_cheaper_pass_inspects_where_directions_differ() -> None:
    problem = problem_of(2, [(0, 1, 5.0, 5.0)])
    uphill = replace(problem, inspecting_s=np.array([[30.0, 6.0]]))
    route = solve_one(uphill).routes[0]
    assert route.seconds == pytest.approx(11.0)
    assert route.is_back[route.inspects].tolist() == [True]


def test_places_alone_make_a_route_and_nothing_makes_an_empty_one() -> None:
    links = [(0, 1, 5.0, 5.0), (1, 2, 5.0, 5.0)]
    route = solve_one(problem_of(3, links, [], stops=[(2, 60.0), (0, 30.0)], posts=[0])).routes[0]
    assert route.seconds == pytest.approx(110.0)
    assert route.stop.tolist() == [1, 0]
    here = solve_one(problem_of(3, links, [], stops=[(1, 60.0)], posts=[1])).routes[0]
    assert (len(here.link), here.seconds, here.start_node) == (0, 60.0, 1)
    idle = solve_one(problem_of(3, links, [], posts=[2])).routes[0]
    assert (len(idle.link), idle.seconds, idle.start_node) == (0, 0.0, 2)


def test_the_nearest_of_many_posts_is_taken_and_the_bound_holds_for_all() -> None:
    n = 12
    links = [(i, i + 1, 10.0, 10.0) for i in range(n - 1)]
    problem = problem_of(n, links, [0], posts=list(range(3, n)))
    result = solve_one(problem)
    assert result.routes[0].start_node == 3
    assert result.routes[0].seconds == pytest.approx(60.0)
    assert result.bound_s <= 60.0


def test_order_and_direction_of_rows_change_nothing() -> None:
    for seed in range(20):
        problem = random_problem(seed, kind="windy", n_nodes=9, required_share=0.5)
        if not problem.required.any():
            continue
        order = np.random.default_rng(seed).permutation(problem.n_links)
        other = replace(
            problem,
            tail=problem.head[order],
            head=problem.tail[order],
            length_m=problem.length_m[order],
            passing_s=problem.passing_s[order, ::-1].copy(),
            inspecting_s=problem.inspecting_s[order, ::-1].copy(),
            required=problem.required[order],
        )
        assert solve_one(other).routes[0].seconds == pytest.approx(solve_one(problem).routes[0].seconds)


def test_the_same_problem_gives_the_same_walk() -> None:
    problem = random_problem(3, kind="mixed", n_nodes=20, required_share=0.5, n_posts=1, n_stops=3)
    once, again = solve_one(problem).routes[0], solve_one(problem).routes[0]
    assert once.link.tobytes() == again.link.tobytes()
    assert once.is_back.tobytes() == again.is_back.tobytes()


def grid(side: int, *, required_share: float = 1.0, seed: int = 1) -> PatrolProblem:
    """Streets of a square grid, 60 s each, some of them required."""
    rng = np.random.default_rng(seed)
    at = np.arange(side * side).reshape(side, side)
    pairs = [*zip(at[:, :-1].ravel(), at[:, 1:].ravel()), *zip(at[:-1].ravel(), at[1:].ravel())]
    links = [(int(a), int(b), 60.0, 60.0) for a, b in pairs]
    required = np.flatnonzero(rng.random(len(links)) < required_share).tolist()
    return problem_of(side * side, links, required, posts=[0], inspecting=1.5)


def test_a_grid_of_streets_is_proved_by_matching_alone() -> None:
    result = solve_one(grid(9))
    assert result.proof == "matching"
    # Seven odd nodes on each side: twelve pairs of neighbours, two pairs round a corner.
    assert result.routes[0].deadhead_m == pytest.approx((12 + 2 * 2) * 60.0)


def test_a_walk_does_not_turn_back_where_it_need_not() -> None:
    route = solve_one(grid(7)).routes[0]
    turns_back = (route.link[1:] == route.link[:-1]) & (route.is_back[1:] != route.is_back[:-1])
    assert not turns_back.any()


def test_streets_in_pieces_are_joined_and_proved() -> None:
    for seed in range(6):
        problem = grid(8, required_share=0.4, seed=seed)
        result = solve_one(problem)
        route = result.routes[0]
        assert retraced_seconds(problem, route) == pytest.approx(route.seconds)
        assert result.proof in {"matching", "mip"}
        assert route.seconds == pytest.approx(result.bound_s)
