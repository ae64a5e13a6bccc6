"""Branch and cut: the linear program with its cuts, halved again and again on a pass that is not whole.

The bounds of these programs lie so near to the optimum that a few dozen small linear programs prove more than one
general integer program does; and cuts found anywhere hold everywhere.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gis.graph import FloatArray
from partition.patrol.postman.effort import Effort
from partition.patrol.postman.model import Model
from partition.patrol.postman.program import Program
from partition.patrol.postman.task import Walk, is_same

_WHOLE = 1e-6
_NODE_ROUNDS, _EXACT_ROUNDS, _LOOK_EVERY = 12, 4, 8
_COLUMNS, _FEWEST = 300, 30


def raise_bound(
    model: Model,
    walk: Walk,
    effort: Effort,
    lift: Callable[[float], float],
    look: Callable[[FloatArray, bool], float],
    best: Callable[[], Walk],
) -> Walk:
    """Linear programs with cuts, then branching, until the best walk meets its bound or the work is done.

    Parameters
    ----------
    lift, look
        See `branch`.
    best
        The best walk in hand.
    """
    program = model.program

    def proved(bound: float) -> Walk:
        walk_now = best()
        bound = min(max(walk.bound, bound + model.constant), walk_now.cost)
        is_proved = is_same(walk_now.cost, bound)
        return replace(walk_now, bound=walk_now.cost if is_proved else bound, proof="mip" if is_proved else "none")

    found = program.relax(effort, ceiling=walk.cost - model.constant)
    bound = lift(found.bound)
    if found.value is not None:
        ceiling = look(found.value, found.is_walk)
        if bound < ceiling - _near(ceiling):
            program.add_parity()
            bound = max(bound, branch(program, effort, ceiling, look, lift))
    return proved(bound)


def branch(
    program: Program,
    effort: Effort,
    ceiling: float,
    look: Callable[[FloatArray, bool], float],
    lift: Callable[[float], float],
) -> float:
    """Prove the least cost of a walk, or as much of it as the limits allow.

    Parameters
    ----------
    ceiling
        Cost of the walk in hand.
    look
        Told every solution and whether it is a walk; answers the cost of the best walk in hand then.
    lift
        Makes a bound stronger (to the next whole number, where costs are whole).

    Returns
    -------
    float
        A bound that holds for every walk; the cost of the best one in hand when that is proved.
    """
    model = program.model
    n = model.getNumCol()
    lp = model.getLp()
    low, high = np.array(lp.col_lower_), np.array(lp.col_upper_)
    queue: list[tuple[float, int, tuple[tuple[int, float, float], ...]]] = [(-np.inf, 0, ())]
    changed: list[int] = []
    used = serial = 0
    # A program of many columns takes longer: the work as a whole is what is limited.
    n_allowed = min(effort.programs, max(_FEWEST, round(effort.programs * _COLUMNS / n)))
    while queue:
        bound, _, halves = heapq.heappop(queue)
        if lift(bound) >= ceiling - _near(ceiling):
            return ceiling
        while True:
            for column in changed:
                model.changeColBounds(column, low[column], high[column])
            changed = [column for column, _, _ in halves]
            for column, least, most in halves:
                model.changeColBounds(column, least, most)
            value, cost, n_programs = _solve_node(program, n, ceiling, lift, effort)
            used += n_programs
            if (value is None and cost < np.inf) or used >= n_allowed or effort.seconds_left <= 0:
                return min(lift(least) for least in [bound, *(b for b, _, _ in queue)])
            if value is None or lift(cost) >= ceiling - _near(ceiling):
                break
            away = np.abs(value - np.rint(value))
            is_whole = bool((away < _WHOLE).all())
            real = value[: len(program.columns.cost)]
            is_walk = is_whole and program.is_walk(real)
            if is_walk or serial % _LOOK_EVERY == 1:
                ceiling = look(real, is_walk)
            if is_whole:
                break
            column = int(np.argmax(np.where(away < _WHOLE, -1.0, np.minimum(away, 0.45))))
            floor = float(np.floor(value[column]))
            least, most = next(((a, b) for c, a, b in reversed(halves) if c == column), (low[column], high[column]))
            kept = tuple(half for half in halves if half[0] != column)
            below, above = (*kept, (column, least, floor)), (*kept, (column, floor + 1, most))
            bound, serial = max(bound, cost), serial + 1
            halves, other = (above, below) if value[column] - floor > 0.4 else (below, above)
            heapq.heappush(queue, (bound, serial, other))
    return ceiling


def _near(cost: float) -> float:
    return 1e-9 * max(1.0, abs(cost)) if np.isfinite(cost) else 0.0


def _solve_node(
    program: Program, n: int, ceiling: float, lift: Callable[[float], float], effort: Effort
) -> tuple[FloatArray | None, float, int]:
    """(values of all columns, cost, linear programs solved); no values where no walk is left or the clock stopped."""
    best, turn = -np.inf, 0
    while True:
        turn += 1
        status = program.solve_linear(effort.seconds_left)
        if status != "optimal":
            return None, np.inf if status == "empty" else best, turn
        value = np.asarray(program.model.getSolution().col_value)[:n]
        best = float(program.model.getInfo().objective_function_value)
        if lift(best) >= ceiling - _near(ceiling):
            return value, best, turn
        is_whole = bool((np.abs(value - np.rint(value)) < _WHOLE).all())
        has_cut = program.cut_off(value[: len(program.columns.cost)], exact=is_whole or turn <= _EXACT_ROUNDS)
        if not has_cut or (turn >= _NODE_ROUNDS and not is_whole):
            return value, best, turn
