"""From passes in several pieces to one walk: join the pieces by the cheapest ways there and back, drop what is idle."""

from __future__ import annotations

import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray
from partition.patrol.postman.pieces import piece_of
from partition.patrol.postman.task import Task
from partition.patrol.postman.ways import arcs_to, make_ways, shortest


def joining_links(task: Task, passed: BoolArray, price: FloatArray) -> BoolArray:
    """Links that join the pieces of ``passed`` (and every needed node) at least price: a spanning tree of ways.

    Parameters
    ----------
    price
        ``(links, 2)``; need not be the cost of a pass.
    """
    ways = make_ways(task.n_nodes, task.tail, task.head, price)
    touched = task.needed.copy()
    touched[task.tail[passed]] = touched[task.head[passed]] = True
    at = np.flatnonzero(touched)
    far, arrived = shortest(ways, at)
    label = piece_of(task.n_nodes, task.tail[passed], task.head[passed])
    both = far[:, at] + far[:, at].T
    both[label[at][:, None] == label[at][None, :]] = np.inf
    i, j = np.nonzero(np.isfinite(np.triu(both)) & (np.triu(np.ones_like(both), 1) > 0))
    order = np.lexsort((j, i, both[i, j]))
    joining = np.zeros(len(task.tail), bool)
    home = label.tolist()

    def root(v: int) -> int:
        while home[v] != v:
            home[v] = home[home[v]]
            v = home[v]
        return v

    touched_piece = np.isin(np.arange(task.n_nodes), label[at])
    n_apart = len(np.unique(label[at]))
    for k in order.tolist():
        if n_apart == 1:
            break
        x, y = int(at[i[k]]), int(at[j[k]])
        if root(x) == root(y):
            continue
        forth = far[i[k], y] <= far[j[k], x]
        for arc in arcs_to(ways, arrived[i[k]] if forth else arrived[j[k]], y if forth else x):
            p, q = root(int(ways.tail[arc])), root(int(ways.head[arc]))
            if p != q:
                n_apart -= bool(touched_piece[p] and touched_piece[q])
                touched_piece[min(p, q)] |= touched_piece[max(p, q)]
                joining[ways.link[arc]] = True
                home[max(p, q)] = min(p, q)
    return joining


def join_round_trips(task: Task, passes: IntArray) -> IntArray:
    """Add ways there and back between the pieces of balanced ``passes`` until they hang together."""
    passes = _drop_strays(task, passes)
    joining = joining_links(task, passes.any(axis=1), task.passing)
    whole = passes.copy()
    two_way = joining & np.isfinite(task.passing).all(axis=1)
    whole[two_way] += 1
    for link in np.flatnonzero(joining & ~two_way).tolist():
        side = int(np.argmin(task.passing[link]))
        tail, head = (task.tail[link], task.head[link]) if side == 0 else (task.head[link], task.tail[link])
        whole[link, side] += 1
        _, arrived = shortest(task.ways, np.array([head]))
        for arc in arcs_to(task.ways, arrived[0], int(tail)):
            whole[task.ways.link[arc], task.ways.side[arc]] += 1
    return drop_idle(task, whole)


def _drop_strays(task: Task, passes: IntArray) -> IntArray:
    """Leave out loops that touch nothing needed."""
    used = passes.any(axis=1)
    label = piece_of(task.n_nodes, task.tail[used], task.head[used])
    wanted = np.isin(label, label[task.needed])
    return np.where(wanted[task.tail][:, None], passes, 0)


def drop_idle(task: Task, passes: IntArray) -> IntArray:
    """Leave out pairs of opposite passes of one link that neither cover nor join anything, the dearest first."""
    passes = passes.copy()
    pairs = np.minimum(passes[:, 0], passes[:, 1])
    cost = np.where(np.isfinite(task.passing), task.passing, 0.0).sum(axis=1)
    for link in np.lexsort((np.arange(len(cost)), -cost)).tolist():
        if pairs[link] == 0 or cost[link] == 0:
            continue
        kept = int(task.required[link] and task.extra[link, 0] != task.extra[link, 1])
        while min(passes[link]) > kept and passes[link].sum() > 2:
            passes[link] -= 1
        if min(passes[link]) > 0 and not task.required[link]:
            passes[link] -= 1
            if not hangs_together(task, passes):
                passes[link] += 1
    return passes


def hangs_together(task: Task, passes: IntArray) -> bool:
    """Every needed node is in one piece of the links passed."""
    used = passes.reshape(len(passes), -1).any(axis=1)
    label = piece_of(task.n_nodes, task.tail[used], task.head[used])
    return len(np.unique(label[task.needed])) <= 1
