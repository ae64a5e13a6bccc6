"""Land without households that hangs on no region: handed to the grid it touches longest, after the search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis.graph import AtomGraph, EdgeClass, IntArray
from partition.plan import DEDICATED
from partition.zoning.divide import Division, components, inner_edges, is_link


def attach_late(
    graph: AtomGraph, division: Division, groups: Sequence[IntArray], kinds: Sequence[str], closed: Sequence[bool]
) -> list[IntArray]:
    """Atoms that each grid receives.

    A connected piece of late land goes as a whole, to an ordinary grid before a dedicated one, over a passable
    border before a barrier, to the longest contact; a piece that touches nothing goes to the nearest grid.

    Parameters
    ----------
    groups, kinds
        Atoms and kind of each grid of the community.
    closed
        Grids that may receive nothing (locked), unless there is no other.
    """
    late = division.late
    inner, a, b = inner_edges(graph, late, division.edges)
    link = is_link(graph, inner)
    piece = components(len(late), a[link], b[link])
    owner = np.full(graph.n_atoms, -1, np.int64)
    for i, atoms in enumerate(groups):
        owner[atoms] = i
    piece_of = np.full(graph.n_atoms, -1, np.int64)
    piece_of[late] = piece
    edges = division.edges
    ends = np.concatenate([graph.edge_a[edges], graph.edge_b[edges]])
    others = np.concatenate([graph.edge_b[edges], graph.edge_a[edges]])
    both = np.concatenate([edges, edges])
    beside = (piece_of[ends] >= 0) & (piece_of[ends] != piece_of[others])
    ends, others, both = ends[beside], others[beside], both[beside]
    rank_of = np.array([2 * closed[i] + (kinds[i] == DEDICATED) for i in range(len(groups))], np.int64)
    waiting = set(range(int(piece.max()) + 1 if len(piece) else 0))
    while waiting:
        best: dict[int, tuple[int, int, float, int]] = {}
        known = owner[others] >= 0
        contacts: dict[tuple[int, int, bool, bool], float] = {}
        for e, p, g in zip(both[known].tolist(), piece_of[ends[known]].tolist(), owner[others[known]].tolist()):
            if p in waiting:
                key = (p, g, bool(graph.edge_passable[e]), bool(graph.edge_class[e] == EdgeClass.EXCLAVE))
                contacts[key] = contacts.get(key, 0.0) + float(graph.edge_length_m[e])
        for (p, g, passable, is_gap), metres in sorted(contacts.items()):
            worth = (int(rank_of[g]) + 4 * is_gap, 0 if passable else 1, -metres, g)
            if p not in best or worth < best[p]:
                best[p] = worth
        if not best:
            homes = np.flatnonzero(owner[division.atoms] >= 0)
            homes = homes[rank_of[owner[division.atoms[homes]]] == rank_of.min()]
            p = min(waiting)
            here = late[piece == p]
            gap = np.hypot(
                graph.x_m[division.atoms[homes]] - graph.x_m[here].mean(),
                graph.y_m[division.atoms[homes]] - graph.y_m[here].mean(),
            )
            best[p] = (0, 0, 0.0, int(owner[division.atoms[homes[int(np.argmin(gap))]]]))
        # Land that touches an ordinary grid first; the rest may touch one once that land has an owner.
        level = min(worth[0] for worth in best.values())
        for p in sorted(best):
            if best[p][0] == level:
                owner[late[piece == p]] = best[p][3]
                waiting.discard(p)
    return [late[owner[late] == i] for i in range(len(groups))]
