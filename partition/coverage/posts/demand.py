"""Doors as demand, and how soon each possible site is there.

Doors of one street whose times differ by less than a moment are one point of demand, which is reached as soon as the
first of them could be: so a bound on the points is a bound on the doors.  The moment is 0 where the doors are few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.graph import BoolArray, FloatArray, IntArray
from gis.progress import Progress
from gis.streets import StreetNetwork
from partition.coverage.posts.types import Goal
from partition.coverage.reach.arcs import Arcs
from partition.coverage.reach.arrival import arrive
from partition.coverage.reach.types import Doors

_MOST_TIMES = 25_000_000


@dataclass(frozen=True, slots=True)
class Demand:
    """Points of demand.

    Attributes
    ----------
    link
        Per point: its link.
    by_end
        ``(points, 2)``: seconds from the link's tail and from its head, the walk to the door included.
    weight
        Per point: of its doors.
    moment_s
        Doors of a point differ by no more than this.
    """

    link: IntArray
    by_end: FloatArray
    weight: FloatArray
    moment_s: float

    def times(self, network: StreetNetwork, node_s: FloatArray) -> FloatArray:
        """Seconds to every point, from seconds to every node."""
        ends = np.stack([node_s[network.tail[self.link]], node_s[network.head[self.link]]], axis=1)
        soonest: FloatArray = (ends + self.by_end).min(axis=1, initial=np.inf)
        return soonest


def make_demand(
    network: StreetNetwork,
    doors: Doors,
    rows: IntArray,
    weight: FloatArray,
    *,
    off_street_kmh: float,
    speed_factor: float,
    goal: Goal,
    n_sites: int,
) -> Demand:
    """Points of demand of these doors, all on links; few enough for so many sites."""
    link = doors.link[rows].astype(np.int64)
    part = np.clip(doors.along_m[rows] / network.length_m[link], 0.0, 1.0)
    shares = np.stack([part, 1.0 - part], axis=1)
    with np.errstate(invalid="ignore"):
        ride = np.where(shares > 0, shares * network.passing_s[link] / speed_factor, 0.0)
    by_end = ride + (doors.off_m[rows] / (off_street_kmh / 3.6))[:, None]
    heavy = weight[rows].astype(float)
    if goal is Goal.CENTER:
        # A door that is nearer to both ends than another is never the last.
        kept = _last_ones(link, by_end)
        link, by_end, heavy = link[kept], by_end[kept], heavy[kept]
    moment, most = 0.0, max(_MOST_TIMES // max(n_sites, 1), 1)
    while True:
        key = np.nan_to_num(by_end if moment == 0.0 else np.floor(by_end / moment), posinf=-1.0)
        _, first, same = np.unique(np.column_stack([link, key]), axis=0, return_index=True, return_inverse=True)
        if len(first) <= most or moment >= 64.0:
            break
        moment = moment * 2 or 1.0
    same = same.ravel()
    soonest = np.full((len(first), 2), np.inf)
    np.minimum.at(soonest, same, by_end)
    return Demand(link[first], soonest, np.bincount(same, weights=heavy, minlength=len(first)), moment)


def _last_ones(link: IntArray, by_end: FloatArray) -> BoolArray:
    """Doors of each link that no other door of it is behind on both ways."""
    kept = np.zeros(len(link), bool)
    order = np.lexsort((-by_end[:, 1], -by_end[:, 0], link))
    at, behind = -1, -1.0
    for k in order.tolist():
        if link[k] != at:
            at, behind = int(link[k]), -1.0
        if by_end[k, 1] > behind:
            kept[k] = True
            behind = float(by_end[k, 1])
    return kept


def site_times(
    network: StreetNetwork,
    demand: Demand,
    nodes: IntArray,
    *,
    start_s: float,
    limit_s: float,
    speed_factor: float,
    progress: Progress,
) -> tuple[FloatArray, FloatArray]:
    """Seconds until somebody from a post at each node is there, infinite beyond the limit.

    Returns
    -------
    times, soonest_s
        ``[points, sites]``; and per node of the network the least over the sites.
    """
    arcs = Arcs.of(network)
    soonest = np.full(network.n_nodes, np.inf)
    times = np.empty((len(demand.link), len(nodes)))
    progress.stage("stage_posts_times", len(nodes))
    for k, node in enumerate(nodes.tolist()):
        arrival = arrive(network, [node], [0], start_s=start_s, limit_s=limit_s, speed_factor=speed_factor, arcs=arcs)
        times[:, k] = demand.times(network, arrival.node_s)
        np.minimum(soonest, arrival.node_s, out=soonest)
        progress.advance()
    times[times > limit_s] = np.inf
    return times, soonest
