"""Times of arrival proved rather than searched for again: no street gets one there sooner, and some street that soon.

For times on the nodes of a network to be the earliest ones it is enough that along no link one arrives sooner than
told, and that every told time is either that of a post or is reached along some link in exactly that time.  Both are
one look at every link.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from scipy.spatial import cKDTree

from gis.errors import Fault
from gis.graph import BoolArray, FloatArray, Int32Array
from gis.streets import StreetNetwork
from gis.streets.network import ObjectArray
from partition.coverage.check.terms import fault, first, spread
from partition.coverage.reach.types import Arrival, Doors

NEAR_S = 0.01
_LOOKED_AT = 20_000
"""So many doors are held against their street again."""
_SNAP_NEAR_M = 2.0
"""A wall along a street is about as near to many of its metres; any of them may be told."""


def passing_s(network: StreetNetwork, factor: float) -> FloatArray:
    """Seconds along every link, both ways, in a part of the day; the factor is one of speed."""
    seconds: FloatArray = np.asarray(network.passing_s) / factor
    return seconds


def arrival_faults(
    network: StreetNetwork, arrival: Arrival, starts: Int32Array, start_s: FloatArray, factor: float
) -> Iterator[Fault]:
    """Times on nodes that are not the earliest.

    Parameters
    ----------
    network, arrival
        Streets of the mode, and what is told.
    starts, start_s
        Nodes of the posts that answer, and seconds until they are on the street.
    factor
        How much faster one travels in this part of the day.
    """
    told = np.asarray(arrival.node_s)
    link_s = passing_s(network, factor)
    tail = np.concatenate([network.tail, network.head])
    head = np.concatenate([network.head, network.tail])
    cost = np.concatenate([link_s[:, 0], link_s[:, 1]])
    open_ = np.isfinite(cost)
    tail, head, cost = tail[open_], head[open_], cost[open_]
    along = told[tail] + cost
    reached = np.isfinite(along)
    tail, head, along = tail[reached], head[reached], along[reached]
    best = np.full(network.n_nodes, np.inf)
    np.minimum.at(best, head, along)
    np.minimum.at(best, starts, start_s)
    both = np.isfinite(best) & np.isfinite(told)
    off = np.zeros(network.n_nodes, dtype=bool)
    off[both] = np.abs(best[both] - told[both]) > NEAR_S
    off |= np.isfinite(best) != np.isfinite(told)
    for node in first(off):
        yield fault("coverage_check_arrival", row=node, measured=float(told[node]), allowed=float(best[node]))


def door_seconds(
    network: StreetNetwork, node_s: FloatArray, doors: Doors, factor: float, off_street_m_s: float
) -> FloatArray:
    """Seconds to every door from the times on the nodes: the better end of its street, and the walk from it."""
    link, along = np.asarray(doors.link), np.asarray(doors.along_m)
    on = link >= 0
    at = link[on]
    share = np.clip(along[on] / network.length_m[at], 0.0, 1.0)
    seconds = passing_s(network, factor)[at]
    ends = np.full((len(at), 2), np.inf)
    for column, node, part in ((0, network.tail[at], share), (1, network.head[at], 1.0 - share)):
        # From an end one enters only in a direction that is open; standing right at the end needs none.
        is_open = np.isfinite(seconds[:, column])
        way = np.where(is_open, seconds[:, column], 0.0) * part
        way[~is_open & (part > 1e-9)] = np.inf
        ends[:, column] = np.asarray(node_s)[node] + way
    there = np.full(len(link), np.inf)
    there[on] = ends.min(axis=1, initial=np.inf) + np.asarray(doors.off_m)[on] / off_street_m_s
    return there


def door_faults(
    network: StreetNetwork, arrival: Arrival, doors: Doors, told_s: FloatArray, factor: float, off_street_m_s: float
) -> Iterator[Fault]:
    """Doors whose time is not that of the street before them and the walk from it."""
    want = door_seconds(network, arrival.node_s, doors, factor, off_street_m_s)
    told = np.asarray(told_s)
    both = np.isfinite(want) & np.isfinite(told)
    off = np.isfinite(want) != np.isfinite(told)
    off[both] |= np.abs(want[both] - told[both]) > NEAR_S + 1e-6 * want[both]
    for door in first(off):
        measured, allowed = float(told[door]), float(want[door])
        yield fault("coverage_check_door", row=int(doors.row[door]) + 1, measured=measured, allowed=allowed)


def snap_faults(network: StreetNetwork, doors: Doors, shapes: ObjectArray) -> Iterator[Fault]:
    """Doors that are not as far from their street, or not at the metre of it, as is said.

    Parameters
    ----------
    network
        Streets of the mode.
    doors
        What is told.
    shapes
        Geometry of the doors' layer by row.
    """
    on = np.flatnonzero(np.asarray(doors.link) >= 0)
    chosen = on[spread(len(on), _LOOKED_AT)]
    if not len(chosen):
        return
    link = np.asarray(doors.link)[chosen]
    lines = np.asarray(network.geometry, dtype=object)[link]
    closed: BoolArray = ~np.isfinite(np.asarray(network.passing_s)[link]).any(axis=1)
    foot = shapely.line_interpolate_point(lines, np.asarray(doors.along_m)[chosen])
    off_m = np.asarray(doors.off_m)[chosen]
    spots = shapes[np.asarray(doors.row)[chosen]]
    wrong = np.abs(shapely.distance(spots, foot) - off_m) > _SNAP_NEAR_M
    wrong &= np.abs(shapely.distance(shapely.point_on_surface(spots), foot) - off_m) > _SNAP_NEAR_M
    for at in first(wrong | closed):
        row = int(doors.row[chosen[at]]) + 1
        there = float(shapely.distance(spots[at], foot[at]))
        yield fault("coverage_check_snap", row=row, measured=float(off_m[at]), allowed=there)


def nodes_at(network: StreetNetwork, x: FloatArray, y: FloatArray) -> tuple[Int32Array, FloatArray]:
    """Nearest node of each spot, and metres to it."""
    nodes = np.stack([network.node_x, network.node_y], axis=1)
    metres, node = cKDTree(nodes).query(np.stack([x, y], axis=1))
    return np.asarray(node, dtype=np.int32), np.asarray(metres, dtype=np.float64)
