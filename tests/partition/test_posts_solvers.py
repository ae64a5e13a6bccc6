"""Sitings of posts against every choice there is, on small questions of all kinds."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.errors import InputError
from partition.coverage.posts.check import recount
from partition.coverage.posts.solve import solve
from partition.coverage.posts.types import Goal, PostProblem, PostSiting
from partition.stop import Stop

INF = math.inf


def make_problem(cost: list[list[float]], p: int, **more: object) -> PostProblem:
    table = np.array(cost, float).reshape(len(cost), -1)
    weight = np.array(more.pop("weight", np.ones(len(table))), float)
    fixed = np.array(more.pop("fixed", []), np.int32)
    room = more.pop("capacity", None)
    return PostProblem(table, weight, fixed, p, capacity=None if room is None else np.array(room, float), **more)  # type: ignore[arg-type]


@st.composite
def problems(draw: st.DrawFn, *, with_capacity: bool = False, most_rows: int = 7) -> PostProblem:
    rows = draw(st.integers(0, 4 if with_capacity else most_rows))
    cols = draw(st.integers(1, 4 if with_capacity else 6))
    whole = draw(st.booleans())
    times = st.integers(0, 6).map(float) if whole else st.floats(0, 9, width=16)
    entry = st.one_of(times, times, times, st.just(INF))
    cost = [[draw(entry) for _ in range(cols)] for _ in range(rows)]
    if rows > 2 and draw(st.booleans()):
        cost[1] = cost[0]
    weight = [float(draw(st.integers(0, 5))) for _ in range(rows)]
    fixed = draw(st.lists(st.integers(0, cols - 1), max_size=2))
    room = [draw(st.sampled_from([0.0, 3.0, 6.0, INF])) for _ in range(cols)] if with_capacity else None
    table = np.array(cost, float).reshape(rows, cols)
    return PostProblem(
        table,
        np.array(weight),
        np.array(fixed, np.int32),
        draw(st.integers(0, cols)),
        limit=float(draw(st.sampled_from([0.0, 2.0, 4.0, INF]))),
        backup=draw(st.integers(1, 2)),
        capacity=None if room is None else np.array(room),
    )


def choices(problem: PostProblem, sizes: range) -> list[tuple[int, ...]]:
    fixed = {int(j) for j in problem.fixed}
    every = range(problem.cost.shape[1])
    return [pick for size in sizes for pick in combinations(every, size) if fixed <= set(pick)]


def allowed(problem: PostProblem) -> list[tuple[int, ...]]:
    most = max(problem.p, len({int(j) for j in problem.fixed}))
    return choices(problem, range(most + 1))


def soonest(problem: PostProblem, i: int, pick: tuple[int, ...]) -> float:
    return min((float(problem.cost[i, j]) for j in pick), default=INF)


def ever(problem: PostProblem) -> list[int]:
    return [i for i in range(len(problem.cost)) if np.isfinite(problem.cost[i]).any()]


def best_center(problem: PostProblem) -> float:
    return min(max((soonest(problem, i, pick) for i in ever(problem)), default=0.0) for pick in allowed(problem))


def best_median(problem: PostProblem) -> tuple[float, float]:
    """(Weight that is left, sum of times of the rest)."""

    def count(pick: tuple[int, ...]) -> tuple[float, float]:
        left = summed = 0.0
        for i in ever(problem):
            when = soonest(problem, i, pick)
            left += 0.0 if when < INF else float(problem.weight[i])
            summed += float(problem.weight[i]) * when if when < INF and problem.weight[i] else 0.0
        return left, summed

    return min(count(pick) for pick in allowed(problem))


def is_covered(problem: PostProblem, i: int, pick: tuple[int, ...]) -> bool:
    return sum(problem.cost[i, j] <= problem.limit and problem.cost[i, j] < INF for j in pick) >= problem.backup


def best_cover(problem: PostProblem) -> int:
    every = range(problem.cost.shape[1] + 1)
    everything = tuple(range(problem.cost.shape[1]))
    rows = [i for i in range(len(problem.cost)) if is_covered(problem, i, everything)]
    return min(len(pick) for pick in choices(problem, every) if all(is_covered(problem, i, pick) for i in rows))


def best_most(problem: PostProblem) -> float:
    return max(
        sum(float(w) for i, w in enumerate(problem.weight) if is_covered(problem, i, pick)) for pick in allowed(problem)
    )


def servings(problem: PostProblem, pick: tuple[int, ...]) -> list[tuple[tuple[int, ...], dict[int, float]]]:
    """Every way of serving (site per point, -1 for none) within the capacities."""
    assert problem.capacity is not None
    ways = []
    for who in product((-1, *pick), repeat=len(problem.cost)):
        load = dict.fromkeys(pick, 0.0)
        for i, j in enumerate(who):
            if j >= 0:
                load[j] += float(problem.weight[i])
        if all(load[j] <= problem.capacity[j] for j in pick):
            ways.append((who, load))
    return ways


def best_median_served(problem: PostProblem) -> tuple[float, float]:
    best = (INF, INF)
    for pick in allowed(problem):
        for who, _ in servings(problem, pick):
            if any(j >= 0 and problem.cost[i, j] == INF for i, j in enumerate(who)):
                continue
            left = sum(float(problem.weight[i]) for i in ever(problem) if who[i] < 0)
            summed = sum(float(problem.weight[i] * problem.cost[i, j]) for i, j in enumerate(who) if j >= 0)
            best = min(best, (left, summed))
    return best


def best_most_served(problem: PostProblem) -> float:
    best = 0.0
    for pick in allowed(problem):
        for who, load in servings(problem, pick):
            fits = all(
                j < 0
                or (is_covered(problem, i, pick) and problem.cost[i, j] <= problem.limit and problem.cost[i, j] < INF)
                for i, j in enumerate(who)
            )
            best = max(best, sum(load.values())) if fits else best
    return best


def checked(problem: PostProblem, goal: Goal) -> PostSiting:
    found = solve(problem, goal)
    assert recount(problem, found) == []
    return found


def is_near(a: float, b: float) -> bool:
    return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


SOME = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SOME
@given(problems())
def test_the_last_door_is_reached_as_soon_as_by_any_choice(problem: PostProblem) -> None:
    found = checked(problem, Goal.CENTER)
    assert is_near(found.objective, best_center(problem))
    assert found.is_proved


@SOME
@given(problems())
def test_the_sum_of_times_is_least_of_all_choices(problem: PostProblem) -> None:
    found = checked(problem, Goal.MEDIAN)
    left, summed = best_median(problem)
    mine = sum(float(problem.weight[i]) for i in ever(problem) if found.assignment[i] < 0)
    assert (mine, is_near(found.objective, summed)) == (left, True)
    assert found.is_proved


@SOME
@given(problems())
def test_everything_is_covered_by_as_few_as_by_any_choice(problem: PostProblem) -> None:
    found = checked(problem, Goal.COVER)
    assert found.objective == found.bound == best_cover(problem)


@SOME
@given(problems())
def test_as_much_is_covered_as_by_any_choice(problem: PostProblem) -> None:
    found = checked(problem, Goal.MOST)
    assert is_near(found.objective, best_most(problem))
    assert found.is_proved


@SOME
@given(problems(with_capacity=True))
def test_capacities_are_kept_and_times_are_the_least(problem: PostProblem) -> None:
    found = checked(problem, Goal.MEDIAN)
    left, summed = best_median_served(problem)
    mine = sum(float(problem.weight[i]) for i in ever(problem) if found.assignment[i] < 0)
    assert (mine, is_near(found.objective, summed)) == (left, True)
    assert found.bound <= summed + 1e-9


@SOME
@given(problems(with_capacity=True))
def test_capacities_are_kept_and_most_is_served(problem: PostProblem) -> None:
    found = checked(problem, Goal.MOST)
    best = best_most_served(problem)
    assert is_near(found.objective, best)
    assert found.bound >= best - 1e-9


@pytest.mark.parametrize("goal", list(Goal))
def test_the_same_seed_gives_the_same_answer(goal: Goal) -> None:
    chance = np.random.default_rng(3)
    spots, doors = chance.random((12, 2)), chance.random((40, 2))
    cost = np.hypot(*(doors[:, None] - spots[None]).transpose(2, 0, 1)) * 100
    problem = make_problem(cost.tolist(), 4, limit=30.0, fixed=[2])
    one, two = solve(problem, goal, seed=5), solve(problem, goal, seed=5)
    assert one.sites.tolist() == two.sites.tolist()
    assert list(one.gain.items()) == list(two.gain.items())
    assert 2 in one.sites
    assert 2 not in one.gain


@pytest.mark.parametrize("goal", list(Goal))
def test_demand_that_nobody_reaches_is_listed_and_the_rest_is_solved(goal: Goal) -> None:
    found = checked(make_problem([[1, 5], [INF, INF], [5, 1]], 2, limit=2.0), goal)
    assert found.unreachable.tolist() == [1]
    assert found.assignment.tolist() == [0, -1, 1]
    assert found.is_proved


@pytest.mark.parametrize("goal", [Goal.CENTER, Goal.MEDIAN, Goal.MOST])
def test_no_budget_is_an_answer(goal: Goal) -> None:
    problem = make_problem([[1, 5], [5, 1]], 0, limit=2.0)
    found = checked(problem, goal)
    assert (found.sites.tolist(), found.assignment.tolist()) == ([], [-1, -1])
    assert found.is_proved


@pytest.mark.parametrize("goal", [Goal.CENTER, Goal.MEDIAN, Goal.MOST])
def test_posts_that_stay_are_the_answer_when_nothing_may_be_added(goal: Goal) -> None:
    found = checked(make_problem([[1, 5], [5, 1]], 1, limit=2.0, fixed=[1]), goal)
    assert (found.sites.tolist(), dict(found.gain)) == ([1], {})
    found = checked(make_problem([[1, 5], [5, 1]], 0, limit=2.0, fixed=[1, 1]), goal)
    assert found.sites.tolist() == [1]


@pytest.mark.parametrize("goal", list(Goal))
def test_nothing_to_serve_is_an_answer(goal: Goal) -> None:
    problem = PostProblem(np.zeros((0, 3)), np.zeros(0), np.zeros(0, np.int32), 1, limit=5.0)
    assert checked(problem, goal).objective == 0.0


def test_a_second_post_in_time_is_counted_as_backup() -> None:
    problem = make_problem([[1, 1, 9], [9, 1, 1]], 2, limit=2.0, backup=2)
    assert checked(problem, Goal.COVER).objective == 3
    assert checked(problem, Goal.MOST).objective == 1
    alone = make_problem([[1, 9], [1, 1]], 2, limit=2.0, backup=2)
    found = checked(alone, Goal.COVER)
    assert (found.unreachable.tolist(), found.sites.tolist()) == ([0], [0, 1])


def test_gains_come_best_first_and_add_up() -> None:
    problem = make_problem([[1, 9, 9], [9, 1, 9], [9, 9, 1]], 3, weight=[1, 5, 3], limit=2.0)
    most = checked(problem, Goal.MOST)
    assert list(most.gain.items()) == [(1, 5.0), (2, 3.0), (0, 1.0)]
    median = checked(replace(problem, fixed=np.array([0], np.int32)), Goal.MEDIAN)
    assert list(median.gain.items()) == [(1, 40.0), (2, 24.0)]


def test_bad_questions_are_refused_with_every_fault() -> None:
    with pytest.raises(InputError) as caught:
        solve(make_problem([[1, float("nan")], [-1, 2]], 3, weight=[-1, 2], fixed=[7], capacity=[1, -1]), Goal.MEDIAN)
    codes = {fault.code for fault in caught.value.faults}
    assert codes == {"posts_too_many", "posts_cost_bad", "posts_weight_bad", "posts_fixed_bad", "posts_capacity_bad"}
    with pytest.raises(InputError) as caught:
        solve(make_problem([[1.0]], -1, limit=-2.0, backup=0), Goal.MOST)
    assert {fault.code for fault in caught.value.faults} == {"posts_negative", "posts_limit_bad", "posts_backup_bad"}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"objective": 3.0}, "objective"),
        ({"bound": 5.0}, "bound"),
        ({"sites": np.array([0, 1], np.int32)}, "fixed"),
        ({"assignment": np.array([2, 2], np.int32)}, "nearest"),
        ({"unreachable": np.array([0], np.int32)}, "list"),
        ({"gain": {}}, "gains"),
    ],
)
def test_the_recount_finds_what_is_wrong(change: dict[str, object], word: str) -> None:
    problem = make_problem([[1, 5, 5], [5, 5, 1]], 2, fixed=[2])
    found = checked(problem, Goal.MEDIAN)
    assert any(word in fault for fault in recount(problem, replace(found, **change)))  # type: ignore[arg-type]


def test_no_more_sites_are_opened_than_cover_anything() -> None:
    found = checked(make_problem([[1, 9, 9], [1, 1, 9], [9, 9, 9]], 3, limit=2.0), Goal.MOST)
    assert (found.sites.tolist(), found.objective) == ([0], 2.0)


def test_as_much_weight_as_can_be_is_served_before_times_count() -> None:
    """Site 0 serves the larger single point a second away; sites that serve less at once are no better."""
    found = checked(make_problem([[INF, 1], [0, INF], [0, INF]], 1, weight=[4, 1, 2]), Goal.MEDIAN)
    assert (found.sites.tolist(), found.objective) == ([1], 4.0)


def test_posts_that_stay_are_not_swapped_away_for_roomier_ones() -> None:
    problem = make_problem([[1, 5], [5, 1]], 1, weight=[3, 3], fixed=[1], capacity=[9, 3])
    found = checked(problem, Goal.MEDIAN)
    assert (found.sites.tolist(), found.assignment.tolist()) == ([1], [-1, 1])
    two = checked(make_problem([[1, 5, 5], [5, 1, 1]], 2, weight=[3, 3], fixed=[2], capacity=[9, 9, 0]), Goal.MEDIAN)
    assert (2 in two.sites, two.objective) == (True, 18.0)


@pytest.mark.parametrize("with_capacity", [False, True])
@pytest.mark.parametrize("goal", list(Goal))
def test_an_answer_cut_short_by_the_clock_is_lawful_and_its_bound_holds(goal: Goal, with_capacity: bool) -> None:
    chance = np.random.default_rng(8)
    cost = np.hypot(*(chance.random((60, 1, 2)) - chance.random((1, 25, 2))).transpose(2, 0, 1)) * 100
    room = [8.0] * 25 if with_capacity else None
    problem = make_problem(cost.tolist(), 5, limit=18.0, fixed=[3], capacity=room)
    short = solve(problem, goal, stop=Stop(seconds=0.0, effort=0.01))
    assert recount(problem, short) == []
    whole = solve(problem, goal)
    sign = -1.0 if goal is Goal.MOST else 1.0
    if not with_capacity:
        assert whole.is_proved
        assert sign * short.bound <= sign * whole.objective + 1e-9 <= sign * short.objective + 2e-9
