"""Small siting problems, and their optima by trying every choice: shares no code with the solvers."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from partition.coverage.siting.problem import SitingProblem


def random_problem(seed: int, *, unit: bool = True, with_floors: bool = False, priced: bool = False) -> SitingProblem:
    """Up to eleven poses at a few poles, up to fourteen points, some seen already, some of no weight."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(0, 12)), int(rng.integers(0, 15))
    n_poles, n_grids = int(rng.integers(1, 6)), 3
    sees = [np.flatnonzero(rng.random(m) < 0.35).astype(np.int32) for _ in range(n)]
    at_pole = rng.integers(0, n_grids, n_poles)
    pole = rng.integers(0, n_poles, n).astype(np.int32)
    return SitingProblem(
        weight=rng.choice([0.0, 1.0, 5.0, 2.5, 20.0], m),
        is_seen=rng.random(m) < 0.2,
        start=np.concatenate([[0], np.cumsum([len(s) for s in sees])]).astype(np.int64),
        point=np.concatenate([*sees, np.zeros(0, dtype=np.int32)]).astype(np.int32),
        pole=pole,
        room=rng.integers(0, 4, n_poles).astype(np.int32),
        cost=np.ones(n) if unit else rng.choice([0.5, 1.0, 2.0, 3.0], n),
        price=rng.choice([0.0, 0.5, 4.0], n) if priced else np.zeros(n),
        private_m=np.zeros(n),
        budget=float(rng.integers(0, 7)),
        grid=at_pole[pole].astype(np.int32) - (rng.random() < 0.2),
        floor=rng.integers(0, 3, n_grids).astype(np.int32) if with_floors else np.zeros(n_grids, dtype=np.int32),
    )


def worth(problem: SitingProblem, chosen: tuple[int, ...]) -> float:
    """Weight newly seen, prices taken off."""
    seen = {int(p) for pose in chosen for p in problem.seen(pose)}
    return sum(float(problem.weight[p]) for p in seen if not problem.is_seen[p]) - float(
        sum(problem.price[pose] for pose in chosen)
    )


def is_lawful(problem: SitingProblem, chosen: tuple[int, ...], floor: np.ndarray) -> bool:
    """Budget, room at poles, floors."""
    if sum(problem.cost[pose] for pose in chosen) > problem.budget + 1e-9:
        return False
    held = np.zeros(len(problem.room), dtype=int)
    grids = np.zeros(len(floor), dtype=int)
    for pose in chosen:
        held[problem.pole[pose]] += 1
        if problem.grid[pose] >= 0:
            grids[problem.grid[pose]] += 1
    return bool((held <= problem.room).all() and (grids >= floor).all())


def every_choice(n: int) -> list[tuple[int, ...]]:
    """All subsets."""
    return [chosen for size in range(n + 1) for chosen in combinations(range(n), size)]


def optimum(problem: SitingProblem, floor: np.ndarray) -> float | None:
    """Greatest worth of a lawful choice; None where there is none."""
    values = [worth(problem, c) for c in every_choice(problem.n_poses) if is_lawful(problem, c, floor)]
    return max(values) if values else None


def fewest(problem: SitingProblem) -> int:
    """Fewest poses that see every point of weight that any pose sees and no camera sees yet."""
    wanted = {
        int(p)
        for pose in range(problem.n_poses)
        for p in problem.seen(pose)
        if problem.weight[p] > 0 and not problem.is_seen[p]
    }
    for chosen in every_choice(problem.n_poses):
        if wanted <= {int(p) for pose in chosen for p in problem.seen(pose)}:
            return len(chosen)
    raise AssertionError("all poses together see what any pose sees")
