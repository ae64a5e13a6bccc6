"""Joining faces nobody lives in to a neighbour: strips between carriageways, roundabouts, islands, left-overs.

Works on contacts alone; the union of the faces is made once, at the end.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.adjacency import Contacts
from gis.enclose import in_steps
from gis.graph import BoolArray, EdgeClass, FloatArray, IntArray

SLIVER_M2 = 200.0
SLIVER_WIDTH_M = 12.0
_EASE = np.ones(len(EdgeClass))
"""How readily a sliver is joined across one metre of each class of border."""
_EASE[[EdgeClass.OPEN, EdgeClass.UNIT]] = 3.0
_EASE[EdgeClass.ALLEY] = 1.5
_EASE[EdgeClass.ARTERIAL] = 0.5


def join_slivers(
    contacts: Contacts,
    area_m2: FloatArray,
    perimeter_m: FloatArray,
    households: IntArray,
    estate: IntArray,
    is_fixed: BoolArray,
    start: IntArray,
) -> tuple[IntArray, int]:
    """Group faces so that no sliver without households stands alone.

    Joined are faces without households that are small (`SLIVER_M2`) or thin (`SLIVER_WIDTH_M`), or that have no
    neighbour but one, or that a split through a block left over.  They go to the neighbour with the longest
    border that is no barrier, to an estate only if they are scraps or enclosed; parts of one estate to each other.

    Parameters
    ----------
    contacts
        Of the faces, within communities.
    area_m2, perimeter_m, households
        Per face.
    estate
        Per face: position of its estate or -1.
    is_fixed
        Per face: keeps its own shape whatever its size (ready-made units).
    start
        Per face: group to begin with (faces of one unit together).

    Returns
    -------
    group of each face, numbered by lowest face, and the number of faces joined to another.
    """
    group = _by_lowest(start)
    n_start = int(group.max(initial=-1)) + 1
    while True:
        n_groups = int(group.max(initial=-1)) + 1
        links = contacts.regroup(group)
        lived = np.bincount(group, weights=households, minlength=n_groups) > 0
        area = np.bincount(group, weights=area_m2, minlength=n_groups)
        inside = contacts.length_m[group[contacts.a] == group[contacts.b]]
        perimeter = np.bincount(group, weights=perimeter_m, minlength=n_groups)
        owner = group[contacts.a[group[contacts.a] == group[contacts.b]]]
        perimeter -= 2.0 * np.bincount(owner, weights=inside, minlength=n_groups)
        fixed = np.bincount(group, weights=is_fixed, minlength=n_groups) > 0
        group_estate = np.full(n_groups, -1)
        np.maximum.at(group_estate, group, estate)
        target = _targets(links, area, perimeter, ~lived & ~fixed, group_estate)
        moving = np.flatnonzero(target >= 0)
        if not len(moving):
            return group, n_start - n_groups
        ones = np.ones(len(moving), dtype=np.int8)
        graph = coo_array((ones, (moving, target[moving])), shape=(n_groups, n_groups))
        group = _by_lowest(connected_components(graph, directed=False)[1][group])


def _targets(
    links: Contacts, area: FloatArray, perimeter: FloatArray, is_empty: BoolArray, estate: IntArray
) -> IntArray:
    """Per group: the neighbour to join, or -1."""
    n = len(area)
    one = np.concatenate([links.a, links.b])
    two = np.concatenate([links.b, links.a])
    length = np.tile(links.length_m, 2)
    n_neighbours = np.bincount(one, minlength=n)
    shared = np.bincount(one, weights=length, minlength=n)
    small = (area < SLIVER_M2) | (2.0 * area < SLIVER_WIDTH_M * perimeter)
    enclosed = (n_neighbours == 1) & (shared >= perimeter - 0.01)
    same_estate = (estate[one] == estate[two]) & (estate[one] >= 0)
    through = np.tile(links.class_length_m[:, EdgeClass.OPEN], 2) > 0
    # Estates keep their outline: their empty pieces join each other, and only a scrap leaves.
    free = estate[one] < 0
    wish = same_estate | (free & (small | enclosed)[one]) | (free & through & (estate[two] < 0))
    wish |= ~free & (area < SLIVER_M2)[one]
    # An estate does not grow over the land around it, except over a scrap or what it encloses.
    wish &= same_estate | (estate[two] < 0) | ((area < SLIVER_M2) | enclosed)[one]
    wish &= is_empty[one]
    rows = np.flatnonzero(wish)
    barrier = np.tile(~links.is_passable, 2)[rows]
    into_estate = (estate[two[rows]] >= 0) & ~same_estate[rows]
    weight = np.tile(links.class_length_m @ _EASE, 2)[rows]
    left_over = ~(small | enclosed)[one[rows]] & ~same_estate[rows]
    weight = np.where(left_over, np.tile(links.class_length_m[:, EdgeClass.OPEN], 2)[rows], weight)
    order = np.lexsort((two[rows], -in_steps(weight), into_estate, barrier, ~same_estate[rows], one[rows]))
    first = np.unique(one[rows][order], return_index=True)
    target = np.full(n, -1)
    target[first[0]] = two[rows][order[first[1]]]
    return target


def _by_lowest(label: IntArray) -> IntArray:
    """Renumber groups by the lowest member."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
