"""The undirected postman: odd nodes paired over shortest ways (Edmonds and Johnson 1973).

Exact when the required streets and the paired ways hang together; otherwise the pairing is the bound, and
`partition.patrol.postman.rural` finds what joins the pieces.  Asks for a task whose two directions cost the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray
from partition.patrol.postman.branch import raise_bound
from partition.patrol.postman.effort import Effort
from partition.patrol.postman.join import joining_links
from partition.patrol.postman.model import make_model
from partition.patrol.postman.pairing import pair_up
from partition.patrol.postman.pieces import piece_of
from partition.patrol.postman.task import FREE, Task, Walk, is_same, tight
from partition.patrol.postman.ways import arcs_to, shortest


def pair_odd_nodes(task: Task, fixed: IntArray) -> tuple[IntArray, int, float]:
    """Cheapest further passes that make a walk of the links ``fixed`` (passes per link), wherever its pieces lie.

    Returns
    -------
    tuple
        Passes per link with the further ones, where the walk begins, and what the further passes cost.
    """
    degree = np.bincount(task.tail, fixed, task.n_nodes) + np.bincount(task.head, fixed, task.n_nodes)
    odd = degree.astype(np.int64) % 2 == 1
    n_free = 0
    if task.is_open:
        for node in (task.start, task.end):
            if node == FREE:
                n_free += 1
            else:
                odd[node] ^= True
    terminals = np.flatnonzero(odd)
    far, arrived = shortest(task.ways, terminals)
    passes = np.asarray(fixed, np.int64).copy()
    further = np.zeros_like(passes)
    start = task.start
    pairs = pair_up(_with_free_ends(far[:, terminals], n_free))
    loose = [int(i) for i, j in pairs if i < len(terminals) <= j]
    for i, j in pairs:
        if j < len(terminals):
            for arc in arcs_to(task.ways, arrived[i], int(terminals[j])):
                further[task.ways.link[arc]] += 1
    if start == FREE and loose:
        start = int(terminals[loose[0]])
    cost_of = task.passing[:, 0]
    # Two ways over one street cancel; over a street that costs nothing they may stay and keep pieces together.
    further = np.where(cost_of > 0, further % 2, np.where(further > 2, 2 - further % 2, further))
    passes += further
    return passes, start, float((further * cost_of).sum())


def _with_free_ends(cost: FloatArray, n_free: int) -> FloatArray:
    """Room for ends that may lie anywhere: they pair with whom they like, for nothing."""
    n = len(cost)
    wide = np.zeros((n + n_free, n + n_free))
    wide[:n, :n] = cost
    return wide


def pieces_of(task: Task, passes: IntArray) -> tuple[IntArray, int]:
    """(piece of each node over the links passed, number of pieces that hold a node that must be touched)."""
    used = passes > 0
    label = piece_of(task.n_nodes, task.tail[used], task.head[used])
    return label, len(np.unique(label[task.needed]))


def seconds_of(task: Task, passes: IntArray) -> float:
    """Seconds of passes per link, the required ones inspected once."""
    return float((passes * task.passing[:, 0])[passes > 0].sum()) + task.least_extra


def walk_undirected(task: Task, effort: Effort) -> Walk:
    """Cheapest walk of a task whose two directions cost the same; see the module."""
    required = task.required.astype(np.int64)
    passes, start, further = pair_odd_nodes(task, required)
    bound = seconds_of(task, required) + further
    _, n_pieces = pieces_of(task, passes)
    if n_pieces <= 1:
        return Walk(passes, start, bound, bound, "matching")
    walk = _shorter(task, None, joining_links(task, task.required, task.passing), bound)
    walk = _shorter(task, walk, joining_links(task, passes > 0, task.passing) | (passes > required), bound)
    if is_same(walk.cost, bound):
        return replace(walk, proof="matching")
    return _prove(task, walk, effort)


def _shorter(task: Task, walk: Walk | None, joining: BoolArray, bound: float) -> Walk:
    """The better of ``walk`` and the cheapest walk that also passes the links ``joining``, less those it can spare."""
    joining = joining & ~task.required
    best = walk
    while True:
        passes, start, _ = pair_odd_nodes(task, (task.required | joining).astype(np.int64))
        passes = _without_idle(task, passes)
        cost = seconds_of(task, passes)
        if best is not None and cost >= best.cost:
            return best
        best = Walk(passes, start, cost, bound, "none")
        # Passes that now do a pair's work need not be asked for; the pairing may find better ones then.
        joining = joining_links(task, task.required, np.where(passes[:, None] > 0, 0.0, task.passing)) & ~task.required


def _without_idle(task: Task, passes: IntArray) -> IntArray:
    """Leave out second passes that neither cover nor join, the dearest first."""
    passes = passes.copy()
    cost = task.passing[:, 0]
    for link in np.lexsort((np.arange(len(cost)), -cost)).tolist():
        while passes[link] > 2:
            passes[link] -= 2
        if passes[link] == 2 and not task.required[link]:
            passes[link] = 0
            if pieces_of(task, passes)[1] > 1:
                passes[link] = 2
    return passes


def _prove(task: Task, walk: Walk, effort: Effort) -> Walk:
    """Raise the bound by the integer program of further passes; take the better walks it shows."""
    model = make_model(task, is_symmetric=True)
    costs = np.append(task.passing, task.least_extra)
    best = walk

    def lift(bound: float) -> float:
        return tight(bound + model.constant, costs) - model.constant

    def look(value: FloatArray, is_walk: bool) -> float:
        nonlocal best
        passes, start = model.passes(task, value)
        if is_walk:
            cost = seconds_of(task, passes)
            if cost < best.cost:
                best = replace(best, passes=passes, start=start, cost=cost)
        else:
            lure = np.clip(1.0 - model.fractions(task, value), 0.0, 1.0)[:, None] * task.passing
            best = _shorter(task, best, joining_links(task, task.required, lure), best.bound)
        return best.cost - model.constant

    return raise_bound(model, walk, effort, lift, look, lambda: best)
