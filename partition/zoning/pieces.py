"""From a region of atoms to a problem of pieces: whole estates glued, land without households contracted.

Contraction is exact where the land has a single neighbour with households; elsewhere it is a choice, and the
problem says so (`Problem.is_exact`).
"""

from __future__ import annotations

import heapq

import numpy as np

from gis.graph import AtomGraph, BoolArray, FloatArray, IntArray
from partition.rules import Rules
from partition.zoning.divide import Region, components, inner_edges, is_link, whole_estates
from partition.zoning.problem import Before, Problem, make_land


def make_problems(
    graph: AtomGraph,
    region: Region,
    edges: IntArray,
    edge_cost: FloatArray,
    rules: Rules,
    before: Before | None = None,
) -> tuple[Problem, Problem, Problem]:
    """The region three times: exact pieces, contracted pieces, and contracted pieces with every tie loosened.

    All three are the same object content where nothing had to be contracted.  A refusal of the loosened problem
    holds for the atoms: it links any two pieces that touch the same land without households.
    ``before`` is about all atoms of the graph.
    """
    rules = region.rules or rules
    inner, a, b = inner_edges(graph, region.atoms, edges)
    link = is_link(graph, inner)
    cost = edge_cost[inner]
    length = graph.edge_length_m[inner]
    if region.joins:
        pairs = np.concatenate([join.links for join in region.joins])
        pairs = np.sort(pairs, axis=1)
        la, lb = np.searchsorted(region.atoms, pairs[:, 0]), np.searchsorted(region.atoms, pairs[:, 1])
        a, b = np.concatenate([a, la]), np.concatenate([b, lb])
        link = np.concatenate([link, np.ones(len(la), bool)])
        cost = np.concatenate([cost, np.zeros(len(la))])
        length = np.concatenate([length, np.zeros(len(la))])
    weight = graph.households[region.atoms]
    whole = _glue_estates(graph, region, rules)
    exact, contracted, hubs = _contract(whole, weight, a, b, link, length)

    mine = None if before is None else before.at(region.atoms)

    def problem(piece: IntArray, is_exact: bool, extra: IntArray) -> Problem:
        ea, eb = np.concatenate([a, extra[:, 0]]), np.concatenate([b, extra[:, 1]])
        land = make_land(
            piece,
            weight,
            graph.x_m[region.atoms],
            graph.y_m[region.atoms],
            graph.inertia_m2[region.atoms],
            ea,
            eb,
            np.concatenate([cost, np.zeros(len(extra))]),
            np.concatenate([link, np.ones(len(extra), bool)]),
            rules,
            mine,
        )
        return Problem(land, region.atoms.astype(np.int32), piece, is_exact)

    none = np.zeros((0, 2), np.int64)
    first = problem(exact, True, none)
    if len(hubs) == 0 and int(contracted.max()) == int(exact.max()):
        return first, first, first
    return first, problem(contracted, False, none), problem(contracted, False, hubs)


def _glue_estates(graph: AtomGraph, region: Region, rules: Rules) -> IntArray:
    """Piece per atom: the atoms of one estate together where it must stay whole (not inside a dedicated estate)."""
    if region.kind == "dedicated":
        return np.arange(len(region.atoms))
    return np.unique(whole_estates(graph, rules, region.atoms), return_inverse=True)[1].astype(np.int64)


def _contract(
    piece: IntArray, weight: IntArray, a: IntArray, b: IntArray, link: BoolArray, length: FloatArray
) -> tuple[IntArray, IntArray, IntArray]:
    """(exact pieces, fully contracted pieces, pairs of atoms tied through the same land without households)."""
    n = int(piece.max()) + 1
    w = np.bincount(piece, weight, n)
    keep = link & (piece[a] != piece[b])
    pa, pb, metres = piece[a[keep]], piece[b[keep]], length[keep]
    is_empty = w == 0
    if not is_empty.any():
        return piece, piece, np.zeros((0, 2), np.int64)
    both = is_empty[pa] & is_empty[pb]
    label = components(n, pa[both], pb[both])
    edge = is_empty[pa] != is_empty[pb]
    hub = np.where(is_empty[pa[edge]], label[pa[edge]], label[pb[edge]])
    home = np.where(is_empty[pa[edge]], pb[edge], pa[edge])
    touching = np.unique(np.stack([hub, home], axis=1), axis=0)
    hubs, first, count = np.unique(touching[:, 0], return_index=True, return_counts=True)
    target = np.arange(n)
    for h, at in zip(hubs[count == 1], first[count == 1]):
        target[is_empty & (label == h)] = touching[at, 1]
    exact = np.unique(target[piece], return_inverse=True)[1].astype(np.int64)
    # Grow the homes over the remaining empty pieces, longest contact first.
    near: dict[int, list[tuple[int, float]]] = {}
    for i, j, m in zip(pa.tolist(), pb.tolist(), metres.tolist()):
        near.setdefault(i, []).append((j, m))
        near.setdefault(j, []).append((i, m))
    open_pieces = {int(v) for v in np.flatnonzero(is_empty) if target[v] == v}
    heap: list[tuple[float, int, int]] = []
    for v in sorted(open_pieces):
        for u, m in sorted(near.get(v, [])):
            if u not in open_pieces:
                heapq.heappush(heap, (-m, v, u))
    while heap:
        _, v, u = heapq.heappop(heap)
        if v not in open_pieces:
            continue
        open_pieces.discard(v)
        target[v] = target[u]
        for t, m in sorted(near.get(v, [])):
            if t in open_pieces:
                heapq.heappush(heap, (-m, t, v))
    contracted = np.unique(target[piece], return_inverse=True)[1].astype(np.int64)
    some_atom = np.zeros(n, np.int64)
    some_atom[piece[::-1]] = np.arange(len(piece))[::-1]
    ties = []
    for at, many in zip(first, count):
        if many > 1:
            homes = some_atom[touching[at : at + many, 1]]
            i, j = np.triu_indices(len(homes), 1)
            ties.append(np.stack([homes[i], homes[j]], axis=1))
    return exact, contracted, np.concatenate(ties) if ties else np.zeros((0, 2), np.int64)
