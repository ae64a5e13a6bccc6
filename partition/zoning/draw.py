"""Draw a plan: every community by itself, mapped over workers, put together in a fixed order.

Decides the order of the steps.  What is cut at all is decided in `divide`, how a region is cut in `ladder`, how the
work is spread in `spread`, and what is said about the outcome in `results`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import MutableMapping, Sequence

import numpy as np

from gis.graph import AtomGraph
from gis.progress import SILENT, Progress
from partition.executor import Executor, InProcess, Pool
from partition.plan import Plan, Result
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.divide import Lock, divide
from partition.zoning.ladder import Solved, Task
from partition.zoning.pieces import make_problems
from partition.zoning.problem import Before, edge_costs
from partition.zoning.results import put_together
from partition.zoning.search import share_of_effort
from partition.zoning.sound import check_graph
from partition.zoning.spread import solve_all

_FEW_PIECES = 200  # less work than starting a process
_SHORT_S = 8.0  # workers take seconds to begin: a shorter search is over before they help


def draw(
    graph: AtomGraph,
    rules: Rules,
    *,
    seed: int = 0,
    territory_hash: str = "",
    stop: Stop | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    locks: Sequence[Lock] = (),
    before: Before | None = None,
    share: float = 1.0,
    is_called_off: Call = never,
    known: MutableMapping[str, Solved] | None = None,
    progress: Progress = SILENT,
) -> Result:
    """Cut every community into grids.

    Parameters
    ----------
    seed
        Same graph, rules and seed: same plan, whatever ``workers`` is.
    stop
        Work limits, and the seconds after which the best plan so far has to do.  The seconds are shared fairly
        over the regions; hard ones get what easy ones leave.
    workers
        Processes to map the communities over; 1: in this process.
    executor
        Where to run instead (a pool in use, a cluster); it is left open.  What is soon done is done here.
    locks
        Grids that stay as they are.
    before
        The plan in force: households that leave their grid then cost something (see `redraw`).
    share
        Scales search and pricing, but not what is enumerated: for a quick answer where proofs are cheap.
    is_called_off
        Asked all the time; once true, finished regions stay, running ones end with the best they have, and the
        others get the quick plan.
    known
        Answers of earlier calls by the content of their regions; used, and added to as they come.

    Returns
    -------
    Result
        Always a plan that covers every atom.  What is not lawful in it is named in ``violations``.

    Raises
    ------
    InputError
        The graph makes no sense (see `sound`).
    NotFound, Conflict
        From the locks (see `divide`).
    """
    check_graph(graph)
    limit = stop or Stop()
    began = time.monotonic()
    divisions = divide(graph, rules, locks)
    cost = edge_costs(graph, rules)
    tasks: list[Task] = []
    for division in divisions:
        for i, region in enumerate(division.regions):
            exact, contracted, loose = make_problems(graph, region, division.edges, cost, rules, before)
            key = f"{graph.communities[division.community]}/{i}"
            number = len(tasks)
            mine = share * share_of_effort(exact.n_pieces, graph.n_atoms)
            tasks.append(Task(number, exact, contracted, loose, seed_of(key, seed), limit.effort, mine, None))
    progress.stage("stage_draw", len(tasks))
    is_small = len(tasks) < 2 or sum(task.exact.n_pieces for task in tasks) < _FEW_PIECES
    is_short = limit.seconds is not None and limit.seconds < _SHORT_S
    engine: Executor = InProcess()
    if not is_small and not is_short:
        engine = executor or (Pool(min(workers, len(tasks))) if workers > 1 else engine)
    try:
        solved = solve_all(
            tasks,
            engine,
            seconds=None if limit.seconds is None else limit.seconds - (time.monotonic() - began),
            is_called_off=is_called_off,
            known=known,
            progress=progress,
        )
    finally:
        if engine is not executor:
            engine.close()
    atom_grid, grids, results, violations = put_together(graph, rules, divisions, tasks, solved)
    order = sorted(range(len(grids)), key=lambda i: grids[i].code)
    rank = np.empty(len(grids), np.int32)
    rank[order] = np.arange(len(grids))
    plan = Plan(
        rank[atom_grid] if len(grids) else atom_grid, tuple(grids[i] for i in order), rules, seed, territory_hash
    )
    return Result(plan, tuple(results), tuple(violations), graph)


def seed_of(key: str, seed: int) -> int:
    """Seed of a region: a stable digest of its name and the run's seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{key}".encode()).digest()[:4], "big") >> 1
