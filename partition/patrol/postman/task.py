"""What one patroller's search works on: costs of passes, the nodes that must be touched, where to begin and end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray
from partition.patrol.postman.euler import extra_cost, passing_cost
from partition.patrol.postman.ways import Ways, make_ways
from partition.patrol.problem import PatrolProblem

Proof = Literal["matching", "flow", "mip", "none"]

FREE = -1
"""An end of the walk that may lie anywhere."""


@dataclass(frozen=True, slots=True)
class Task:
    """One walk to be found.

    Attributes
    ----------
    tail, head, passing
        Links, and what a pass costs in each direction (infinite: forbidden).
    extra
        What inspecting adds, per link and direction.
    required, needed
        Links to be inspected; nodes that must be touched (ends of required links, stops, a fixed start or end).
    start, end
        Node, or `FREE`.  A closed walk has the same node twice, or ends where it began when both are free.
    is_open
        The walk need not come back.
    ways
        The passes as arcs.
    """

    tail: IntArray
    head: IntArray
    passing: FloatArray
    extra: FloatArray
    required: BoolArray
    needed: BoolArray
    start: int
    end: int
    is_open: bool
    ways: Ways

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.needed)

    @property
    def least_extra(self) -> float:
        """What the inspections add at least; the whole of it where both directions add the same."""
        return float(self.extra[self.required].min(axis=1).sum())


@dataclass(frozen=True, slots=True)
class Walk:
    """Passes of one walk, not yet in order, with what is proved about it.

    Attributes
    ----------
    passes
        ``(links, 2)`` per direction, or ``(links,)`` where the direction is open.
    start
        Where it begins.
    cost
        Passing and inspecting, without dwell.
    bound
        No walk costs less.
    proof
        See `partition.patrol.problem.PatrolResult`.
    """

    passes: IntArray
    start: int
    cost: float
    bound: float
    proof: Proof


def make_task(
    problem: PatrolProblem,
    *,
    start: int = FREE,
    end: int = FREE,
    passing: FloatArray | None = None,
    extra: FloatArray | None = None,
) -> Task:
    """The task of one walk from ``start`` to ``end``; other costs may be given (metres for seconds).

    Raises
    ------
    ValueError
        When a required link may be inspected in no direction.
    """
    passing = passing_cost(problem) if passing is None else passing
    extra = extra_cost(problem) if extra is None else extra
    required = np.asarray(problem.required)
    if not np.isfinite(extra[required]).any(axis=1).all():
        raise ValueError("a required link may be inspected in no direction")
    tail, head = np.asarray(problem.tail, np.int64), np.asarray(problem.head, np.int64)
    needed = np.zeros(problem.n_nodes, bool)
    needed[tail[required]] = needed[head[required]] = True
    needed[np.asarray(problem.stop_node, np.int64)] = True
    for node in (start, end):
        if node != FREE:
            needed[node] = True
    ways = make_ways(problem.n_nodes, tail, head, passing)
    return Task(tail, head, passing, extra, required, needed, start, end, problem.is_open, ways)


def is_undirected(task: Task) -> bool:
    """Both directions of every link are allowed and cost the same, to pass and to inspect."""
    extra = task.extra[task.required]
    return bool(
        np.isfinite(task.passing).all()
        and np.array_equal(task.passing[:, 0], task.passing[:, 1])
        and np.array_equal(extra[:, 0], extra[:, 1])
    )


def tight(bound: float, costs: FloatArray) -> float:
    """Lift a bound to the next whole number where every finite cost is one."""
    finite = costs[np.isfinite(costs)]
    return float(np.ceil(bound - 1e-6)) if np.isfinite(bound) and (finite == np.rint(finite)).all() else bound


def is_same(cost: float, bound: float) -> bool:
    """The cost is the bound, up to rounding."""
    return cost <= bound + 1e-9 * max(1.0, abs(bound))
