"""Part of a community taken apart: what there is to cut when only some of its grids may change.

The parts are those of the whole community (`divide`), so that an answer for a few grids fits the rest and one for all
of them can be held against the plan as drawn.  How they are cut is decided in `resolve`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gis.errors import Conflict
from gis.graph import AtomGraph, BoolArray, EdgeClass, IntArray
from partition.plan import DEDICATED, STANDARD
from partition.rules import Rules
from partition.zoning.divide import Division, Fixed, Join, Region, components, estate_pairs, inner_edges, is_link


def free_division(graph: AtomGraph, rules: Rules, division: Division, free: BoolArray, grid: IntArray) -> Division:
    """What is left of a community when everything but some ground stays as it is.

    Parameters
    ----------
    free
        Per atom of the graph: whether it may change.
    grid
        Per atom of the graph its grid now; -1 for none.

    Raises
    ------
    Conflict
        ``solve_needs_grid``: ground that makes one grid (an estate, a village) lies partly outside.
    """
    mine = division.atoms[free[division.atoms]]
    if len(mine) == len(division.atoms) and not len(_ties(graph, division, mine, grid)):
        return division
    fixed: list[Fixed] = []
    for one in division.fixed:
        inside = free[one.atoms]
        if not inside.any():
            continue
        if not inside.all():
            raise Conflict("solve_needs_grid", measured=graph.atom_ids[int(one.atoms[~inside][0])])
        fixed.append(one)
    regions: list[Region] = []
    late = [division.late[free[division.late]]]
    ties = _ties(graph, division, mine, grid)
    for several in _pools(division):
        found, empty = _connected(graph, rules, division, several, free, ties)
        regions += found
        late += empty
    waiting = np.sort(np.concatenate(late))
    if len(waiting) and not fixed and not regions:
        fixed, waiting = [Fixed(STANDARD, waiting)], waiting[:0]
    edges = inner_edges(graph, mine, division.edges)[0]
    return Division(division.community, mine, edges, tuple(fixed), tuple(regions), waiting)


def _pools(division: Division) -> list[list[Region]]:
    """Regions that grids may reach over: all ordinary ones, all of small groups, each estate by itself."""
    pools: dict[object, list[Region]] = {}
    for number, region in enumerate(division.regions):
        pools.setdefault(number if region.kind == DEDICATED else region.kind, []).append(region)
    return list(pools.values())


def _ties(graph: AtomGraph, division: Division, mine: IntArray, grid: IntArray) -> IntArray:
    """Ties between separate parts of a community that one grid reaches over: (atom, atom)."""
    edges, _, _ = inner_edges(graph, mine, division.edges)
    a, b = graph.edge_a[edges].astype(np.int64), graph.edge_b[edges].astype(np.int64)
    is_tie = graph.edge_class[edges] == EdgeClass.EXCLAVE
    owner = np.full(graph.n_atoms, -1, np.int64)
    for number, region in enumerate(division.regions):
        owner[region.atoms] = number
    reaches = is_tie & (grid[a] == grid[b]) & (grid[a] >= 0) & (owner[a] != owner[b])
    reaches &= (owner[a] >= 0) & (owner[b] >= 0)
    return np.stack([a[reaches], b[reaches]], axis=1)


def _connected(
    graph: AtomGraph, rules: Rules, division: Division, regions: list[Region], free: BoolArray, ties: IntArray
) -> tuple[list[Region], list[IntArray]]:
    """The free ground of some regions in connected parts; those without households apart."""
    atoms = np.sort(np.concatenate([region.atoms for region in regions]))
    atoms = atoms[free[atoms]]
    if len(atoms) == 0:
        return [], []
    joins = [join.links for region in regions for join in region.joins]
    if regions[0].kind != DEDICATED:
        ties = np.concatenate([ties, estate_pairs(graph, regions[0].rules or rules, atoms)])
    pairs = np.concatenate([*joins, ties]).astype(np.int64)
    at = np.minimum(np.searchsorted(atoms, pairs), len(atoms) - 1)
    inside = (atoms[at] == pairs).all(axis=1)
    pairs, at = pairs[inside], at[inside]
    edges, a, b = inner_edges(graph, atoms, division.edges)
    link = is_link(graph, edges)
    label = components(len(atoms), np.concatenate([a[link], at[:, 0]]), np.concatenate([b[link], at[:, 1]]))
    found: list[Region] = []
    empty: list[IntArray] = []
    for number in range(int(label.max()) + 1):
        some = atoms[label == number]
        households = int(graph.households[some].sum())
        if households == 0:
            empty.append(some)
            continue
        links = pairs[label[at[:, 0]] == number]
        held = (Join(np.unique(links), households, links),) if len(links) else ()
        found.append(replace(regions[0], atoms=some, households=households, joins=held))
    return found, empty
