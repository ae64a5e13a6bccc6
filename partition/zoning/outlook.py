"""What is known of part of a plan before it is cut anew: its free ground, what arithmetic says, how it stands."""

from __future__ import annotations

import numpy as np

from gis.errors import Conflict
from gis.graph import AtomGraph, IntArray
from partition.plan import DEDICATED, STANDARD
from partition.rules import Rules
from partition.zoning.divide import Division, Region, components, count_range, inner_edges, is_link
from partition.zoning.feasible import assess_division
from partition.zoning.free_ground import free_division
from partition.zoning.near import distance
from partition.zoning.resolved import Outlook, Standing


def free_part(graph: AtomGraph, rules: Rules, division: Division, standing: Standing) -> Division:
    """The free ground of a community.

    Raises
    ------
    Conflict
        ``solve_needs_grid``, ``solve_nothing_free``.
    """
    if not standing.free[division.atoms].any():
        raise Conflict("solve_nothing_free", measured=graph.communities[division.community])
    return free_division(graph, rules, division, standing.free, standing.grid)


def outlook_of(graph: AtomGraph, rules: Rules, sub: Division, standing: Standing) -> Outlook:
    """What arithmetic says of the free ground."""
    found = assess_division(graph, rules, sub)
    grids = np.unique(standing.grid[sub.atoms])
    ranges = [count_range(r.households, r.rules or rules) for r in sub.regions]
    kinds = [standing.kinds[g] for g in grids[grids >= 0].tolist()]
    households = np.bincount(
        np.maximum(standing.grid[sub.atoms], 0), graph.households[sub.atoms], len(standing.kinds) + 1
    )
    lawful = all(
        kind != STANDARD or distance(int(households[g]), rules) == 0
        for g, kind in zip(grids[grids >= 0].tolist(), kinds)
    )
    return Outlook(
        int(graph.households[sub.atoms].sum()),
        len(kinds),
        len(sub.fixed) + sum(low for low, _ in ranges),
        len(sub.fixed) + sum(high for _, high in ranges),
        found.feasible,
        found.reason,
        found.near_misses,
        lawful and is_sound(graph, sub, standing),
    )


def is_sound(graph: AtomGraph, sub: Division, standing: Standing) -> bool:
    """Whether the plan as it is is one that the solver could have made: every grid whole, and in one part."""
    grid = standing.grid[sub.atoms]
    if (grid < 0).any():
        return False
    late = set(sub.late.tolist())
    for one in sub.fixed:
        labels = np.unique(standing.grid[one.atoms])
        holders = sub.atoms[np.isin(grid, labels)]
        if len(labels) != 1 or not set(np.setdiff1d(holders, one.atoms).tolist()) <= late:
            return False
    for region in sub.regions:
        labels = np.unique(standing.grid[region.atoms])
        holders = sub.atoms[np.isin(grid, labels)]
        if not set(np.setdiff1d(holders, region.atoms).tolist()) <= late:
            return False
        if any((standing.kinds[g] == DEDICATED) != (region.kind == DEDICATED) for g in labels.tolist()):
            return False
        if len(np.unique(_runs(graph, sub, region, standing.grid))) != len(labels):
            return False
    return True


def _runs(graph: AtomGraph, sub: Division, region: Region, grid: IntArray) -> IntArray:
    """Per atom of a region the piece of a grid it hangs together with."""
    atoms = region.atoms
    edges, a, b = inner_edges(graph, atoms, sub.edges)
    link = is_link(graph, edges)
    joins = [join.links for join in region.joins]
    pairs = np.searchsorted(atoms, np.concatenate(joins)) if joins else np.zeros((0, 2), np.int64)
    one, two = np.concatenate([a[link], pairs[:, 0]]), np.concatenate([b[link], pairs[:, 1]])
    same = grid[atoms[one]] == grid[atoms[two]]
    return components(len(atoms), one[same], two[same])
