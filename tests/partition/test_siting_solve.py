"""Cameras chosen by `partition.coverage.siting`, held against every possible choice on small problems."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partition.coverage.siting import solve_siting
from partition.coverage.siting.bound import dual_bound
from partition.coverage.siting.cover_all import cover_all
from partition.coverage.siting.exact import settle
from partition.coverage.siting.problem import SitingProblem
from partition.coverage.siting.reduce import attainable_floors, reduce
from partition.coverage.siting.solve import worth_of
from partition.stop import Stop
from tests.partition.siting_brute import every_choice, fewest, is_lawful, optimum, random_problem, worth
from tests.partition.siting_scenes import street_scene

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.booleans(), st.booleans())
def test_the_choice_is_the_best_there_is_and_says_so(seed: int, with_floors: bool, priced: bool) -> None:
    problem = random_problem(seed, with_floors=with_floors, priced=priced)
    floor, _ = attainable_floors(problem)
    best = optimum(problem, floor)
    assert best is not None
    found = solve_siting(problem)
    chosen = tuple(found.poses.tolist())
    assert is_lawful(problem, chosen, floor)
    assert found.worth == pytest.approx(worth(problem, chosen))
    assert found.worth == pytest.approx(best)
    assert found.bound >= best - 1e-6
    assert found.is_proved
    assert found.greedy_worth <= found.worth + 1e-9


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.booleans())
def test_with_costs_the_budget_holds_and_the_bound_is_above_the_optimum(seed: int, priced: bool) -> None:
    problem = random_problem(seed, unit=False, priced=priced)
    none = np.zeros(3, dtype=np.int32)
    best = optimum(problem, none)
    assert best is not None
    found = solve_siting(problem)
    chosen = tuple(found.poses.tolist())
    assert is_lawful(problem, chosen, none)
    assert found.worth == pytest.approx(worth(problem, chosen))
    assert found.greedy_worth - 1e-9 <= found.worth <= best + 1e-9
    assert found.bound >= best - 1e-6
    assert found.worth == pytest.approx(best)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_greedy_keeps_the_guarantees_that_theory_gives(seed: int) -> None:
    problem = random_problem(seed)
    best = optimum(problem, np.zeros(3, dtype=np.int32))
    greedy = solve_siting(problem, exact=False).greedy_worth
    assert best is not None
    assert greedy >= best / 2 - 1e-9  # room at poles is a matroid
    free = replace(problem, room=np.full_like(problem.room, problem.n_poses))
    best = optimum(free, np.zeros(3, dtype=np.int32))
    assert best is not None
    assert solve_siting(free, exact=False).greedy_worth >= (1 - 1 / math.e) * best - 1e-9


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_no_blind_corner_takes_as_few_cameras_as_can_be(seed: int) -> None:
    problem = random_problem(seed)
    found = cover_all(problem)
    assert len(found.poses) == fewest(problem) == found.worth
    assert found.bound <= found.worth
    assert found.is_proved == (found.bound == found.worth)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.booleans())
def test_what_the_bound_settles_is_so_in_every_better_choice(seed: int, with_floors: bool) -> None:
    problem = random_problem(seed, with_floors=with_floors)
    core = reduce(problem)
    found = solve_siting(problem, exact=False)
    number = {int(pose): at for at, pose in enumerate(core.pose)}
    chosen = np.asarray([number[pose] for pose in found.poses.tolist()], dtype=np.int64)
    dual = dual_bound(core, found.worth, chosen)
    settled = settle(core, dual, found.worth)
    free = np.zeros(core.n_poses, dtype=bool)
    free[settled.open] = True
    floor, _ = attainable_floors(problem)
    for choice in every_choice(problem.n_poses):
        if is_lawful(problem, choice, floor) and worth(problem, choice) > found.worth + 1e-6:
            inside = np.zeros(core.n_poses, dtype=bool)
            inside[[number[pose] for pose in choice if pose in number]] = True
            assert inside[settled.must].all()
            assert not inside[~settled.must & ~free].any()


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_merging_equal_points_changes_no_worth(seed: int) -> None:
    problem = replace(random_problem(seed), budget=99.0)
    core = reduce(problem)
    for choice in every_choice(min(problem.n_poses, 7)):
        inside = np.flatnonzero(np.isin(core.pose, choice))
        assert worth_of(core, inside) == pytest.approx(worth(problem, choice))


def test_gains_fall_and_add_up() -> None:
    found = solve_siting(street_scene(600, budget=40))
    assert (np.diff(found.gain) <= 1e-9).all()
    assert found.gain.sum() == pytest.approx(found.worth)
    assert found.is_proved
    assert len(found.poses) == 40


def test_a_large_scene_is_improved_window_by_window_and_stays_lawful(monkeypatch: pytest.MonkeyPatch) -> None:
    # Too large for one programme, small enough for a test.
    monkeypatch.setattr("partition.coverage.siting.exact.MOST_ENTRIES", 30_000)
    problem = street_scene(1_400, budget=150)
    assert len(problem.point) > 30_000
    floor = np.asarray([0, 3, 0, 20, 0, 0, 1, 0, 40], dtype=np.int32)
    problem = replace(problem, floor=floor)
    plain = solve_siting(problem, exact=False)
    found = solve_siting(problem)
    assert is_lawful(problem, tuple(found.poses.tolist()), floor)
    assert plain.greedy_worth <= plain.worth < found.worth <= found.bound
    assert found.bound_frac >= 0.99
    assert not found.floor_short.any()


def test_the_same_question_has_the_same_answer() -> None:
    one, two = (solve_siting(street_scene(700, budget=60)) for _ in range(2))
    assert one.poses.tolist() == two.poses.tolist()
    assert (one.worth, one.bound) == (two.worth, two.bound)


def test_no_time_left_is_an_answer_with_a_bound() -> None:
    problem = street_scene(700, budget=60)
    hasty, calm = solve_siting(problem, stop=Stop(seconds=0.0)), solve_siting(problem)
    assert hasty.greedy_worth <= hasty.worth <= calm.worth
    assert math.isfinite(hasty.bound)
    assert hasty.bound >= calm.worth - 1e-6
    called_off = solve_siting(problem, is_called_off=lambda: True)
    assert math.isfinite(called_off.bound)


@pytest.mark.parametrize("budget", [0.0, 0.5])
def test_no_budget_is_a_result_without_cameras(budget: float) -> None:
    found = solve_siting(street_scene(400, budget=budget))
    assert len(found.poses) == 0
    assert found.worth == 0.0
    assert found.is_proved


def test_nothing_to_see_or_nowhere_to_stand_is_a_result() -> None:
    scene = street_scene(400, budget=5)
    all_seen = replace(scene, is_seen=np.ones_like(scene.is_seen))
    for problem in (all_seen, _without_poses(scene)):
        for found in (solve_siting(problem), cover_all(problem)):
            assert len(found.poses) == 0
            assert found.is_proved


def test_what_a_floor_lacks_is_said_by_grid() -> None:
    scene = street_scene(400, budget=1_000)
    at = int(scene.grid[0])
    room = int(scene.room[np.unique(scene.pole[scene.grid == at])].sum())
    floor = np.zeros(9, dtype=np.int32)
    floor[at] = room + 7
    found = solve_siting(replace(scene, floor=floor))
    assert found.floor_short[at] == 7
    assert int((scene.grid[found.poses] == at).sum()) == room


def _without_poses(scene: SitingProblem) -> SitingProblem:
    none = np.zeros(0)
    return replace(
        scene,
        start=np.zeros(1, dtype=np.int64),
        point=np.zeros(0, dtype=np.int32),
        pole=np.zeros(0, dtype=np.int32),
        cost=none.copy(),
        price=none.copy(),
        private_m=none.copy(),
        grid=np.zeros(0, dtype=np.int32),
    )
