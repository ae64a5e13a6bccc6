"""The solve ladder of one region: arithmetic, enumeration with proof, many short searches, a master over their pool.

Decides how much work a region gets.  All limits count work, not time; the clock is an outer guard that the
caller sets, and a plan it cut short says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from gis.graph import IntArray
from partition.stop import Call, never
from partition.zoning.articulation import refusal
from partition.zoning.columns import Columns, enumerate_columns
from partition.zoning.improve import polish_empty
from partition.zoning.master import solve_cover
from partition.zoning.pricing import prove
from partition.zoning.problem import Land, Problem
from partition.zoning.search import Clock, best_of_runs, find_columns, label_pieces
from partition.zoning.seeds import misfit, plan_price

_MAX_COLUMNS = 50_000
_MAX_BRANCHES = 5_000_000
_MAX_NODES = 2_000
_PROVED_PIECES = 200  # beyond, pricing meets too many connected sets


@dataclass(frozen=True, slots=True)
class Task:
    """One region as it travels to a worker.

    ``effort`` scales all work limits, ``share`` those of search and pricing: what is enumerated is cheap to prove.
    """

    number: int
    exact: Problem
    contracted: Problem
    loose: Problem
    seed: int
    effort: float
    share: float
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


def solve_region(task: Task, is_called_off: Call = never) -> Solved:
    """Cut one region as well as the work limits allow, with a proof or a bound where one is in reach."""
    began = time.perf_counter()
    clock = Clock(task.deadline, is_called_off)
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
    outside, objective = plan_price(task.exact.land, piece_part)
    bound = min(float(bound), float(objective)) if problem.is_exact else float("nan")
    is_open = feasible == "yes" and proof == "none" and outside == 0
    if is_open and len(piece_part) <= _PROVED_PIECES and not clock.is_over():
        found = prove(task.exact.land, piece_part, effort=task.effort * task.share, is_over=clock.is_over)
        if found is not None:
            part, objective, bound = found.part[task.exact.piece], found.cost, np.nanmax([bound, found.bound])
            proof, is_done = ("cover_mip", True) if found.is_optimal else (proof, is_done)
    stopped_by = "clock" if clock.has_cut else "done" if is_done else "work"
    return Solved(
        task.number,
        np.unique(part, return_inverse=True)[1].astype(np.int64),
        feasible,
        reason,
        proof,
        float(objective),
        min(float(bound), float(objective)),
        stopped_by,
        time.perf_counter() - began,
    )


def _climb(task: Task, clock: Clock) -> tuple[Problem, IntArray, str, str | None, str, float, bool]:
    """(problem used, part per piece, feasible, reason, proof, bound, is_done)."""
    problem = task.exact
    land = problem.land
    total = int(land.weight.sum())
    if total < 2 * land.lo and land.lo <= total <= land.hi:
        part = np.zeros(problem.n_pieces, np.int64)
        return problem, part, "yes", None, "arithmetic", plan_price(land, part)[1], True
    reason = _by_arithmetic(land, total)
    if reason is None:
        if clock.is_over():
            return _search(task, problem, clock)
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
            part = label_pieces(problem.n_pieces, columns, answer.chosen)
            proof = "cover_mip" if answer.is_optimal and problem.is_exact else "none"
            return problem, part, "yes", None, proof, answer.bound, answer.is_optimal
        if answer.refusal is None:
            return _search(task, problem, clock)
        proof = answer.refusal if problem.is_exact else _loose_refusal(task)
        part, _, bound = _least(task, problem, clock)
        if plan_price(land, part)[0] == 0:
            return problem, part, "yes", None, "none", float("nan"), False
        if proof == "none":
            return problem, part, "unknown", "not_found", "none", float("nan"), False
        return problem, part, "no", "no_cover", proof, bound, True
    if total <= land.lo or (land.hi < total < 2 * land.lo and total - land.hi < 2 * land.lo - total):
        # Below the band, and where any two grids miss it by more than the one does: one grid misses least.
        part = np.zeros(problem.n_pieces, np.int64)
        return problem, part, "no", reason, "arithmetic", plan_price(land, part)[1], True
    problem = task.exact if task.exact.n_pieces <= task.contracted.n_pieces else task.contracted
    part, is_done, bound = _least(task, problem, clock)
    return problem, part, "no", reason, "arithmetic", bound, is_done


def _warm(task: Task, land: Land, columns: Columns, clock: Clock) -> IntArray | None:
    """Columns of a lawful plan found by a short search: a good upper bound spares the master most of its work."""
    if len(columns) < 200:
        return None
    part = best_of_runs(land, task.seed, task.effort * task.share, clock, is_short=True)
    return find_columns(columns, part) if plan_price(land, part)[0] == 0 else None


def _by_arithmetic(land: Land, total: int) -> str | None:
    """Why the count alone forbids a lawful plan, or ``None``."""
    if total < land.lo:
        return "under_band"
    if int(land.weight.max()) > land.hi:
        return "atom_over_band"
    if misfit(land, total) > 0:
        return "band_hole"
    found = refusal(land)
    return None if found is None else found.reason


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


def _search(task: Task, problem: Problem, clock: Clock) -> tuple[Problem, IntArray, str, str | None, str, float, bool]:
    """Many short searches and a master over their grids: for regions too fine to enumerate."""
    if not task.contracted.is_exact:
        problem = task.contracted
    part = best_of_runs(problem.land, task.seed, task.effort * task.share, clock)
    if plan_price(problem.land, part)[0] == 0:
        return problem, part, "yes", None, "none", float("nan"), False
    return problem, part, "unknown", "not_found", "none", float("nan"), False


def _least(task: Task, problem: Problem, clock: Clock) -> tuple[IntArray, bool, float]:
    """The plan with the fewest households outside the band, then the least cost.

    Returns
    -------
    (part, is_done, bound)
        ``is_done``: all grids of a reasonable size were weighed.  ``bound``: of the cost of any plan with as few
        households outside; NaN where grids of other sizes might do as well.
    """
    land = problem.land
    total = int(land.weight.sum())
    alone = np.zeros(problem.n_pieces, np.int64)
    nothing = float("nan")
    if problem.n_pieces == 1:
        return alone, True, plan_price(land, alone)[1]
    if clock.is_over():
        best = best_of_runs(land, task.seed, task.effort * task.share, clock)
        return (best if plan_price(land, best) <= plan_price(land, alone) else alone), False, nothing
    if land.hi < total < 2 * land.lo and 2 * land.lo - total < total - land.hi:
        found = _two_too_small(task, problem, 2 * land.lo - total, clock)
        if found is not None:
            return found
    low, high = max(1, land.lo // 2), max(land.hi * 3 // 2, int(land.weight.max()))
    columns = enumerate_columns(
        land,
        low,
        high,
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
            part = label_pieces(problem.n_pieces, columns, answer.chosen)
            part = part if plan_price(land, part) <= plan_price(land, alone) else alone
            outside, cost = plan_price(land, part)
            # A grid of a size that was not weighed would by itself miss the band by more.
            is_best = answer.is_optimal and outside < min(land.lo - low + 1, high + 1 - land.hi)
            return part, answer.is_optimal, cost if is_best else nothing
    best = best_of_runs(land, task.seed, task.effort * task.share, clock)
    return (best if plan_price(land, best) <= plan_price(land, alone) else alone), False, nothing


def _two_too_small(task: Task, problem: Problem, under: int, clock: Clock) -> tuple[IntArray, bool, float] | None:
    """Two grids that both lie below the band or at its lower end: among these all cuts miss by the same, ``under``."""
    land = problem.land
    total = int(land.weight.sum())
    narrow = land._replace(lo=total - land.lo, hi=land.lo)
    part = best_of_runs(narrow, task.seed, task.effort * task.share, clock)
    if plan_price(land, part)[0] != under:
        return None
    if problem.n_pieces > _PROVED_PIECES or clock.is_over():
        return part, False, float("nan")
    found = prove(narrow, part, effort=task.effort * task.share, is_over=clock.is_over)
    if found is None:
        return part, False, float("nan")
    return found.part, found.is_optimal, found.bound


def _scaled(limit: int, task: Task) -> int:
    return max(100, round(limit * task.effort))
