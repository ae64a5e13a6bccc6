"""Which grid of the plan as it is goes on as which newly cut one: most households keep their code.

Land without homes that hung on no part of the search is given out here as well, to the grid it was in where it still
touches it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis.graph import AtomGraph, IntArray
from partition.lineage import pair_grids
from partition.zoning.attach import attach_late
from partition.zoning.divide import Division, inner_edges
from partition.zoning.resolved import Standing

_PIN = 1_000_000


def heirs_of(
    graph: AtomGraph, sub: Division, groups: Sequence[IntArray], kinds: Sequence[str], standing: Standing
) -> tuple[IntArray, tuple[str, ...]]:
    """Grid of every atom afterwards, and the kinds of the new grids.

    Parameters
    ----------
    sub
        The free ground.
    groups, kinds
        What was cut of it: atoms and kind of each grid.

    Returns
    -------
    (per atom of the graph its grid: a position in ``standing.kinds``, or their number and more; kinds of the new ones)
    """
    of = np.full(graph.n_atoms, -1, np.int64)
    for number, atoms in enumerate(groups):
        of[atoms] = number
    cut = sub.atoms[of[sub.atoms] >= 0]
    kind_of = np.array([*standing.kinds, ""], dtype=object)
    new_kind = np.array(kinds, dtype=object)
    old = np.where(kind_of[standing.grid[cut]] == new_kind[of[cut]], standing.grid[cut], -1)
    weight = graph.households[cut] + _PIN * standing.pinned[cut]
    partner = pair_grids(old, of[cut], weight, len(standing.kinds), len(groups)).partner
    fresh = np.flatnonzero(partner < 0)
    final = partner.copy()
    final[fresh] = len(standing.kinds) + np.arange(len(fresh))
    _give_late(graph, sub, groups, kinds, final, of, standing)
    grid = standing.grid.copy()
    grid[sub.atoms] = final[of[sub.atoms]]
    return grid, tuple(str(kinds[number]) for number in fresh.tolist())


def _give_late(
    graph: AtomGraph,
    sub: Division,
    groups: Sequence[IntArray],
    kinds: Sequence[str],
    final: IntArray,
    of: IntArray,
    standing: Standing,
) -> None:
    """Give bare land to a group, in place: that of its grid where it still touches it, else the best neighbour."""
    late = sub.late
    if len(late) == 0:
        return
    group_of = {int(code): number for number, code in enumerate(final.tolist())}
    mine = {atom: group_of.get(int(standing.grid[atom]), -1) for atom in late.tolist()}
    _, a, b = inner_edges(graph, sub.atoms, sub.edges)
    ends = np.concatenate([sub.atoms[a], sub.atoms[b]])
    others = np.concatenate([sub.atoms[b], sub.atoms[a]])
    todo = {atom for atom, group in mine.items() if group >= 0}
    near: dict[int, list[int]] = {}
    for one, two in zip(ends.tolist(), others.tolist()):
        if one in todo:
            near.setdefault(one, []).append(two)
    while True:
        given = [atom for atom in sorted(todo) if any(of[other] == mine[atom] for other in near.get(atom, ()))]
        if not given:
            break
        for atom in given:
            of[atom] = mine[atom]
        todo -= set(given)
    rest = late[of[late] < 0]
    if len(rest):
        grown = [sub.atoms[of[sub.atoms] == number] for number in range(len(groups))]
        left = Division(sub.community, sub.atoms, sub.edges, (), (), rest)
        for number, more in enumerate(attach_late(graph, left, grown, list(kinds), [False] * len(groups))):
            of[more] = number
