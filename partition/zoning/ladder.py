"""The solve ladder of one region: arithmetic, enumeration with proof, many short searches, a master over their pool.

Decides how much work a region gets.  All limits count work, not time; the clock is an outer guard that the
caller sets, and a plan it cut short says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from gis.graph import IntArray
from partition.zoning.columns import Columns, enumerate_columns, pool_columns
from partition.zoning.improve import anneal, polish_empty, random_state
from partition.zoning.master import solve_cover
from partition.zoning.problem import Land, Problem
from partition.zoning.seeds import metis_start, misfit, plan_price, resplit, tree_start, whole_parts

_MAX_COLUMNS = 50_000
_MAX_BRANCHES = 5_000_000
_MAX_NODES = 2_000
_MASTER_PIECES = 1_500


@dataclass(frozen=True, slots=True)
class Task:
    """One region as it travels to a worker."""

    number: int
    exact: Problem
    contracted: Problem
    loose: Problem
    seed: int
    effort: float
    deadline: float | None


@dataclass(frozen=True, slots=True)
class Solved:
    """The cut of one region: ``part`` per atom, and what is known about it (see `partition.plan.CommunityResult`)."""

    number: int
    part: IntArray
    feasible: str
    reason: str | None
    proof: str
    objective: float
    bound: float
    stopped_by: str
    seconds: float


class _Clock:
    """The outer guard: remembers whether it ever cut work short."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self.has_cut = False

    def is_over(self) -> bool:
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.has_cut = True
        return self.has_cut


def solve_region(task: Task) -> Solved:
    """Cut one region as well as the work limits allow, with a proof or a bound where one is in reach."""
    began = time.perf_counter()
    clock = _Clock(task.deadline)
    problem, part, feasible, reason, proof, bound, is_done = _climb(task, clock)
    part = part[problem.piece]
    if not problem.is_exact:
        fine = task.exact
        rough = np.zeros(fine.n_pieces, np.int64)
        rough[fine.piece] = part
        rough = np.unique(rough, return_inverse=True)[1].astype(np.int64)
        polish_empty(fine.land, rough, int(rough.max()) + 1)
        part = rough[fine.piece]
    piece_part = np.zeros(task.exact.n_pieces, np.int64)
    piece_part[task.exact.piece] = part
    _, objective = plan_price(task.exact.land, piece_part)
    stopped_by = "clock" if clock.has_cut else "done" if is_done else "work"
    return Solved(
        task.number,
        np.unique(part, return_inverse=True)[1].astype(np.int64),
        feasible,
        reason,
        proof,
        float(objective),
        min(float(bound), float(objective)) if problem.is_exact else float("nan"),
        stopped_by,
        time.perf_counter() - began,
    )


def _climb(task: Task, clock: _Clock) -> tuple[Problem, IntArray, str, str | None, str, float, bool]:
    """(problem used, part per piece, feasible, reason, proof, bound, is_done)."""
    problem = task.exact
    land = problem.land
    total = int(land.weight.sum())
    if total < 2 * land.lo and land.lo <= total <= land.hi:
        part = np.zeros(problem.n_pieces, np.int64)
        return problem, part, "yes", None, "arithmetic", plan_price(land, part)[1], True
    refusal = _by_arithmetic(land, total)
    if refusal is None:
        limits = {"max_columns": _scaled(_MAX_COLUMNS, task), "max_nodes": _scaled(_MAX_BRANCHES, task)}
        columns = enumerate_columns(land, land.lo, land.hi, **limits)
        if columns is None and not task.contracted.is_exact:
            problem = task.contracted
            land = problem.land
            columns = enumerate_columns(land, land.lo, land.hi, **limits)
        if columns is None:
            return _search(task, problem, clock)
        warm = _warm(task, land, columns, clock)
        answer = solve_cover(
            problem.n_pieces, columns, warm=warm, max_nodes=_scaled(_MAX_NODES, task), effort=task.effort
        )
        if answer.chosen is not None:
            part = _labels(problem.n_pieces, columns, answer.chosen)
            proof = "cover_mip" if answer.is_optimal and problem.is_exact else "none"
            return problem, part, "yes", None, proof, answer.bound, answer.is_optimal
        if answer.refusal is None:
            return _search(task, problem, clock)
        proof = answer.refusal if problem.is_exact else _loose_refusal(task)
        part, _ = _least(task, problem, clock)
        if plan_price(land, part)[0] == 0:
            return problem, part, "yes", None, "none", float("nan"), False
        if proof == "none":
            return problem, part, "unknown", "not_found", "none", float("nan"), False
        return problem, part, "no", "no_cover", proof, float("nan"), True
    problem = task.exact if task.exact.n_pieces <= task.contracted.n_pieces else task.contracted
    part, is_done = _least(task, problem, clock)
    return problem, part, "no", refusal, "arithmetic", float("nan"), is_done


def _warm(task: Task, land: Land, columns: Columns, clock: _Clock) -> IntArray | None:
    """Columns of a lawful plan found by a short search: a good upper bound spares the master most of its work."""
    if len(columns) < 200:
        return None
    part = _best_of_runs(task, land, clock, is_short=True)
    return _find_columns(columns, part) if plan_price(land, part)[0] == 0 else None


def _by_arithmetic(land: Land, total: int) -> str | None:
    """Why the count alone forbids a lawful plan, or ``None``."""
    if total < land.lo:
        return "under_band"
    if int(land.weight.max()) > land.hi:
        return "atom_over_band"
    return "band_hole" if misfit(land, total) > 0 else None


def _loose_refusal(task: Task) -> str:
    """Proof that no lawful plan exists although land without households was contracted, or ``none``."""
    land = task.loose.land
    columns = enumerate_columns(
        land, land.lo, land.hi, max_columns=_scaled(_MAX_COLUMNS, task), max_nodes=_scaled(_MAX_BRANCHES, task)
    )
    if columns is None:
        return "none"
    answer = solve_cover(
        task.loose.n_pieces, columns, warm=None, max_nodes=_scaled(_MAX_NODES, task), effort=task.effort
    )
    return answer.refusal or "none"


def _search(task: Task, problem: Problem, clock: _Clock) -> tuple[Problem, IntArray, str, str | None, str, float, bool]:
    """Many short searches and a master over their grids: for regions too fine to enumerate."""
    if not task.contracted.is_exact:
        problem = task.contracted
    part = _best_of_runs(task, problem.land, clock)
    if plan_price(problem.land, part)[0] == 0:
        return problem, part, "yes", None, "none", float("nan"), False
    return problem, part, "unknown", "not_found", "none", float("nan"), False


def _least(task: Task, problem: Problem, clock: _Clock) -> tuple[IntArray, bool]:
    """The plan with the fewest households outside the band, then the least cost: (part, is the search complete)."""
    land = problem.land
    total = int(land.weight.sum())
    alone = np.zeros(problem.n_pieces, np.int64)
    if total <= land.lo or problem.n_pieces == 1:
        return alone, True
    columns = enumerate_columns(
        land,
        max(1, land.lo // 2),
        max(land.hi * 3 // 2, int(land.weight.max())),
        max_columns=_scaled(_MAX_COLUMNS // 5, task),
        max_nodes=_scaled(_MAX_BRANCHES // 5, task),
    )
    if columns is not None and len(columns):
        # One household outside weighs more than any plan costs: first the fewest, then the cheapest.
        dear = float(land.cost.sum()) + float(columns.cost.max()) + 1.0
        weighed = replace(columns, cost=columns.cost + dear * columns.outside)
        answer = solve_cover(
            problem.n_pieces, weighed, warm=None, max_nodes=_scaled(_MAX_NODES, task), effort=task.effort
        )
        if answer.chosen is not None:
            part = _labels(problem.n_pieces, columns, answer.chosen)
            return (part if plan_price(land, part) <= plan_price(land, alone) else alone), answer.is_optimal
    best = _best_of_runs(task, land, clock)
    return (best if plan_price(land, best) <= plan_price(land, alone) else alone), False


def _best_of_runs(task: Task, land: Land, clock: _Clock, is_short: bool = False) -> IntArray:
    """Best plan of several annealed starts and of the master over all their grids."""
    n = len(land.weight)
    total = int(land.weight.sum())
    runs, steps = (3, 600 * n) if is_short else _budget(n, task.effort)
    mean = float(land.cost.mean()) if len(land.cost) and land.cost.mean() > 0 else 1.0
    plans: list[IntArray] = []
    best: IntArray | None = None
    best_price = (1 << 62, np.inf)
    low, high = max(1, -(-total // land.hi)), max(1, total // land.lo)
    middle = min(max(round(total / land.target), low), max(high, low))
    ladder = sorted(
        {min(max(middle + d, low), max(high, low)) for d in (-2, -1, 0, 1)}, key=lambda k: (abs(k - middle), k)
    )
    for run in range(runs):
        seed = task.seed + 7919 * run
        state = random_state(seed)
        if run % 4 == 3:
            part = whole_parts(land, tree_start(land, state))
        else:
            shift = 1.0 - 0.06 * (run % 3)
            k = ladder[run % len(ladder)] if middle < 20 else max(low, round(middle * shift))
            part = metis_start(land, min(k, n), seed)
        part = _settle(land, part, steps, mean, state)
        plans.append(part)
        price = plan_price(land, part)
        if price < best_price:
            best, best_price = part, price
        if clock.is_over():
            break
    assert best is not None
    if is_short:
        return best
    if n <= _MASTER_PIECES and len(plans) > 1 and not clock.is_over():
        best = _pool(task, land, plans, best)
    for again in range(2):
        if clock.is_over():
            break
        state = random_state(task.seed + 104_729 + again)
        part = _settle(land, best.copy(), steps, 0.4 * mean, state)
        if plan_price(land, part) < plan_price(land, best):
            best = part
    return best


def _settle(land: Land, part: IntArray, steps: int, mean: float, state: IntArray) -> IntArray:
    """Anneal, re-split neighbours along trees, then walk downhill."""
    n = len(part)
    count = int(part.max()) + 1
    anneal(land, part, count, steps, mean, 0.04 * mean, 0.05 * mean, mean, state)
    resplit(land, part, count, min(2 * n, 20_000), state)
    anneal(land, part, count, max(steps // 10, 20 * n), 0.02 * mean, 0.001 * mean, 10 * mean, 100 * mean, state)
    return np.unique(part, return_inverse=True)[1].astype(np.int64)


def _pool(task: Task, land: Land, plans: list[IntArray], best: IntArray) -> IntArray:
    """Master over the grids of all runs; lawful grids only, unless the best plan itself has others."""
    columns = pool_columns(land, plans)
    outside, cost = plan_price(land, best)
    if outside == 0:
        columns = columns.take(np.flatnonzero(columns.outside == 0))
    else:
        columns = replace(columns, cost=columns.cost + (float(land.cost.sum()) + cost) * columns.outside)
    warm = _find_columns(columns, best)
    chosen = solve_cover(len(land.weight), columns, warm=warm, max_nodes=200, effort=task.effort).chosen
    if chosen is None:
        return best
    part = _labels(len(land.weight), columns, chosen)
    return part if plan_price(land, part) < (outside, cost) else best


def _find_columns(columns: Columns, part: IntArray) -> IntArray:
    """Positions of the grids of a plan among the columns."""
    at = {columns.index[columns.start[j] : columns.start[j + 1]].tobytes(): j for j in range(len(columns))}
    labels = np.unique(part)
    return np.sort(np.array([at[np.flatnonzero(part == p).astype(np.int64).tobytes()] for p in labels]))


def _labels(n: int, columns: Columns, chosen: IntArray) -> IntArray:
    part = np.full(n, -1, np.int64)
    for label, j in enumerate(chosen):
        part[columns.index[columns.start[j] : columns.start[j + 1]]] = label
    return part


def _budget(n: int, effort: float) -> tuple[int, int]:
    """(runs, moves a run) for a region of ``n`` pieces: many runs where they are cheap."""
    if n <= 400:
        runs, steps = 8, 1_500 * n
    elif n <= _MASTER_PIECES:
        runs, steps = 4, 1_000 * n
    elif n <= 10_000:
        runs, steps = 2, 1_000 * n
    else:
        runs, steps = 1, 300 * n
    return max(1, round(runs * effort)), max(1_000, round(steps * min(effort, 1.0) if effort < 1 else steps * effort))


def _scaled(limit: int, task: Task) -> int:
    return max(100, round(limit * task.effort))
