"""What several closed routes can save against one: the ways between streets that lie apart, and no more.

Any routes that begin anywhere become one closed walk when they are joined over the shortest ways between their streets,
walked there and back.  So all together they take at least what one takes, less those ways: the longest of the least
spanning tree between the parts of the beat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from gis.graph import FloatArray, Int32Array, IntArray
from partition.patrol.postman import bound_routes, solve_one
from partition.patrol.problem import PatrolProblem
from partition.patrol.ways import Ways

_MOST_LOOKED_AT = 4
"""Ways between parts of which it is examined whether two routes could do without them."""


def least_of_several(
    problem: PatrolProblem,
    ways: Ways,
    n_routes: int,
    one: float,
    *,
    enough: float = np.inf,
    measured: PatrolProblem | None = None,
) -> float:
    """What ``n_routes`` closed routes that begin anywhere take together at least.

    Each way saved lies between the streets of some of the routes and those of the others.  So it is no longer than the
    longest way for which the parts on its two sides can be shared out among the routes within their shifts; that is
    examined for the longest ways of the tree.  Two routes moreover take what their sides take by themselves.

    Parameters
    ----------
    problem
        In seconds: shifts are kept in them.
    ways
        Of ``measured``.
    one
        What one route takes at least.
    enough
        A bound this high needs no more work: what the routes in hand take.
    measured
        The problem in the unit of ``one`` and of the answer; the same as ``problem`` where that is seconds.
    """
    measured = measured or problem
    part, nodes = parts_of(problem)
    n = int(part.max(initial=-1)) + 1
    if n_routes < 2 or n < 2:
        return one
    a, b, away = tree_between(ways, part, nodes, n)
    rest = float(away[_MOST_LOOKED_AT]) if len(away) > _MOST_LOOKED_AT else 0.0
    if n_routes == 2:
        least = one - rest
        for i in range(min(len(away), _MOST_LOOKED_AT)):
            if one - float(away[i]) >= enough:
                return min(least, one - float(away[i]))
            for side in _sides(a, b, n, i):
                halves = [_half(problem, part, nodes, side, half) for half in (0, 1)]
                if all(bound_routes(half).total_s <= problem.shift_s for half in halves):
                    apart = sum(solve_one(_half(measured, part, nodes, side, half)).bound_s for half in (0, 1))
                    least = min(least, max(one - float(away[i]), apart))
        return least
    longest = rest
    for i in range(min(len(away), _MOST_LOOKED_AT)):
        if any(_fits(problem, part, nodes, side, n_routes) for side in _sides(a, b, n, i)):
            longest = float(away[i])
            break
    return one - float(np.minimum(away, longest)[: n_routes - 1].sum())


def parts_of(problem: PatrolProblem) -> tuple[Int32Array, IntArray]:
    """Per node that must be touched, which part of the beat it belongs to; and these nodes."""
    must = problem.required
    tail, head = problem.tail[must], problem.head[must]
    nodes, at = np.unique(np.concatenate([tail, head, problem.stop_node]), return_inverse=True)
    m = len(tail)
    matrix = coo_array((np.ones(m), (at[:m], at[m : 2 * m])), shape=(len(nodes), len(nodes)))
    return connected_components(matrix, directed=False)[1].astype(np.int32), nodes.astype(np.int64)


def tree_between(ways: Ways, part: Int32Array, nodes: IntArray, n: int) -> tuple[IntArray, IntArray, FloatArray]:
    """The least spanning tree between the parts: (ends, seconds there and back), the longest way first."""
    apart = ways.from_nodes(nodes)[:, nodes]
    order = np.argsort(part, kind="stable")
    begin = np.searchsorted(part[order], np.arange(n))
    both = (apart + apart.T)[order][:, order]
    between = np.minimum.reduceat(np.minimum.reduceat(both, begin, axis=0), begin, axis=1)
    tree = minimum_spanning_tree(np.triu(between, 1)).tocoo()
    longest = np.argsort(-tree.data, kind="stable")
    return tree.row[longest].astype(np.int64), tree.col[longest].astype(np.int64), tree.data[longest]


def groups_of(problem: PatrolProblem, ways: Ways, most: int) -> Iterator[tuple[IntArray, Int32Array]]:
    """The beat parted at its longest ways: one, two, and so on up to ``most`` of them.

    Yields
    ------
    tuple
        Nodes that must be touched, and the group of each.
    """
    part, nodes = parts_of(problem)
    n = int(part.max(initial=-1)) + 1
    if n < 2:
        return
    a, b, _ = tree_between(ways, part, nodes, n)
    for cut in range(1, min(most, n - 1) + 1):
        matrix = coo_array((np.ones(len(a) - cut), (a[cut:], b[cut:])), shape=(n, n))
        yield nodes, connected_components(matrix, directed=False)[1][part].astype(np.int32)


def _sides(a: IntArray, b: IntArray, n: int, i: int) -> Iterator[Int32Array]:
    """Every way of sharing the parts between two routes where tree edge ``i`` is the shortest between them."""
    kept = np.ones(len(a), bool)
    for size in range(i + 1):
        for others in combinations(range(i), size):
            cut = [*others, i]
            kept[:] = True
            kept[cut] = False
            matrix = coo_array((np.ones(int(kept.sum())), (a[kept], b[kept])), shape=(n, n))
            piece = connected_components(matrix, directed=False)[1]
            side = np.full(int(piece.max()) + 1, -1, np.int32)
            side[piece[a[i]]] = 0
            for _ in cut:
                for edge in cut:
                    x, y = piece[a[edge]], piece[b[edge]]
                    if side[x] >= 0 > side[y]:
                        side[y] = 1 - side[x]
                    elif side[y] >= 0 > side[x]:
                        side[x] = 1 - side[y]
            yield side[piece]


def _half(problem: PatrolProblem, part: Int32Array, nodes: IntArray, side: Int32Array, half: int) -> PatrolProblem:
    """The problem of one side."""
    side_of = np.full(problem.n_nodes, -1, np.int32)
    side_of[nodes] = side[part]
    stops = side_of[problem.stop_node] == half
    return replace(
        problem,
        required=problem.required & (side_of[problem.tail] == half),
        stop_node=problem.stop_node[stops],
        stop_s=problem.stop_s[stops],
        n_patrollers=1,
    )


def _fits(problem: PatrolProblem, part: Int32Array, nodes: IntArray, side: Int32Array, n_routes: int) -> bool:
    """Whether some routes could do one side and the others the other, as far as the bounds tell."""
    needed = []
    for half in (0, 1):
        mine = _half(problem, part, nodes, side, half)
        able = (k for k in range(1, n_routes) if bound_routes(mine, k).total_s <= k * problem.shift_s)
        needed.append(next(able, n_routes))
    return sum(needed) <= n_routes
