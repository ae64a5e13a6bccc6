"""Where a post could stand: junctions and street ends of the plan, thinned so that some hundreds are left.

A post stands at a node of the street network that one can leave.  The land is laid out in squares, and one node of
every square is kept: one next to a key place, to an existing post or to the middle of a community first, else the one
with most households at its streets.  The squares are as small as the number of sites allows.  Half of the sites are
found among the ends of streets with doors that are reached late now, so that these get the finer squares.
"""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import cKDTree

from gis.graph import BoolArray, FloatArray, IntArray
from gis.streets import StreetNetwork
from gis.streets.modes import MOTORWAYS
from gis.streets.network import ObjectArray
from gis.streets.places import grids_of
from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.reach.doors import BORDER_M, middles
from partition.coverage.reach.types import Doors

MOST_SITES = 500
_LEAST_M = 25.0
_FINER = 2.0**-0.25


def find_sites(
    territory: Territory,
    land: Land,
    network: StreetNetwork,
    homes: Doors,
    *,
    late: IntArray | None = None,
    most: int = MOST_SITES,
) -> IntArray:
    """Nodes of the network where a post could stand, ascending.

    Parameters
    ----------
    homes
        Doors with households.
    late
        Links with doors that are reached late.
    most
        So many sites at most.
    """
    nodes = np.flatnonzero(_usable(network))
    xy = np.column_stack([network.node_x[nodes], network.node_y[nodes]])
    inside = grids_of(np.asarray(shapely.points(xy), dtype=object), land.geometry, BORDER_M) >= 0
    nodes, xy = nodes[inside], xy[inside]
    if not len(nodes):
        return nodes
    is_wanted = np.zeros(len(nodes), bool)
    marks = _marks(territory)
    if len(marks):
        is_wanted[cKDTree(xy).query(marks)[1]] = True
    if len(nodes) <= most:
        return nodes
    order = np.lexsort((nodes, -_households(network, homes)[nodes], ~is_wanted))
    near_late = np.zeros(network.n_nodes, bool)
    if late is not None:
        near_late[network.tail[late]] = near_late[network.head[late]] = True
    kept = _thin(xy, order[near_late[nodes[order]]], most // 2)
    return np.sort(nodes[np.union1d(kept, _thin(xy, order, most - len(kept)))])


def _thin(xy: FloatArray, order: IntArray, most: int) -> IntArray:
    """The first of the order in each square, the squares as small as may be."""
    if len(order) <= most:
        return order
    size = max(float(np.ptp(xy[order], axis=0).max()), _LEAST_M)
    kept = order[:0]
    while size > _LEAST_M:
        finer = _one_a_square(xy, order, size)
        if len(finer) > most:
            break
        kept, size = finer, size * _FINER
    return kept


def nearest_nodes(network: StreetNetwork, xy: FloatArray) -> IntArray:
    """Nodes where a post could stand next to some spots, each once, ascending."""
    nodes = np.flatnonzero(_usable(network))
    if not len(nodes) or not len(xy):
        return nodes[:0]
    found = cKDTree(np.column_stack([network.node_x[nodes], network.node_y[nodes]])).query(xy)[1]
    return np.unique(nodes[found])


def _usable(network: StreetNetwork) -> BoolArray:
    """Nodes that one can leave by a street that is no motorway."""
    is_out = np.zeros(network.n_nodes, bool)
    has_doors = ~np.isin(network.road_class, sorted(MOTORWAYS))
    for way, ends in enumerate((network.tail, network.head)):
        is_out[ends[np.isfinite(network.passing_s[:, way]) & has_doors]] = True
    return is_out


def _marks(territory: Territory) -> FloatArray:
    """Spots where posts are likely: posts, key places, the middle of every community."""
    shapes: list[ObjectArray] = [
        middles(np.asarray(territory[layer].geometry.array, dtype=object))
        for layer in ("posts", "key_places", "communities")
    ]
    every = np.concatenate(shapes)
    every = every[~(shapely.is_missing(every) | shapely.is_empty(every))]
    spots: FloatArray = shapely.get_coordinates(every)
    return spots


def _households(network: StreetNetwork, doors: Doors) -> FloatArray:
    """Households at the streets of each node, by the nearer end."""
    on = np.flatnonzero(doors.link >= 0)
    link = doors.link[on]
    is_near_tail = doors.along_m[on] * 2 <= network.length_m[link]
    node = np.where(is_near_tail, network.tail[link], network.head[link])
    return np.bincount(node, weights=doors.households[on], minlength=network.n_nodes)


def _one_a_square(xy: FloatArray, order: IntArray, size: float) -> IntArray:
    """The first of the order in each square of so many metres."""
    square = np.floor(xy / size).astype(np.int64)
    _, first = np.unique(square[order], axis=0, return_index=True)
    return order[first]
