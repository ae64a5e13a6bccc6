"""How soon the first of several posts is everywhere: at nodes, at spots along links, and along how many metres.

Travel is towards the incident, so the search runs forward from the posts, one-way streets as they may be driven.
Nodes get exact times; a spot inside a link is reached from either end from which the link may be entered.  A post on a
link is no special case: posts are nodes of the network, links are cut there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.streets.network import StreetNetwork
from partition.coverage.reach.arcs import Arcs
from partition.coverage.reach.kernels import spread
from partition.coverage.reach.types import Arrival

SAME_S = 1e-6
"""Times closer than this are the same: a door at exactly 30 minutes is reached within 30 minutes."""


def arrive(
    network: StreetNetwork,
    post_nodes: ArrayLike,
    post_rows: ArrayLike,
    *,
    start_s: ArrayLike = 0.0,
    limit_s: float = np.inf,
    speed_factor: float = 1.0,
    arcs: Arcs | None = None,
) -> Arrival:
    """Earliest arrival from posts at every place of a network.

    Parameters
    ----------
    network
        Streets of one mode.
    post_nodes, post_rows
        Per post that answers: its node (posts with node -1 are off the network and left out) and its row.
    start_s
        Seconds from the call to being on the street at that node; one for all or one per post.
    limit_s
        Nodes later than this are not reached.
    speed_factor
        How much faster than the network's own speeds one gets through.
    arcs
        Forward arcs of the same network, where they are known already.

    Returns
    -------
    Arrival
        Of posts that arrive at the same moment the one with the lowest row counts as first where they start.
    """
    node = np.asarray(post_nodes, dtype=np.int32).reshape(-1)
    row = np.asarray(post_rows, dtype=np.int32).reshape(-1)
    begin = np.broadcast_to(np.asarray(start_s, dtype=np.float64), node.shape)
    order = np.argsort(row, kind="stable")
    order = order[(node[order] >= 0) & np.isfinite(begin[order])]
    arcs = arcs or Arcs.of(network)
    seconds = arcs.seconds if speed_factor == 1.0 else arcs.seconds / speed_factor
    node_s, first = spread(arcs.start, arcs.to, seconds, node[order], begin[order].copy(), float(limit_s))
    node_post = np.where(first >= 0, np.append(row[order], -1)[first], -1).astype(np.int32)
    ends = np.stack([node_s[network.tail], node_s[network.head]], axis=1)
    return Arrival(node_s=node_s, node_post=node_post, link_s=ends.reshape(-1, 2))


def spot_seconds(
    network: StreetNetwork, arrival: Arrival, link: Int32Array, along_m: FloatArray, speed_factor: float = 1.0
) -> tuple[FloatArray, Int32Array]:
    """Seconds to spots along links, and the row of the post that is first; infinite and -1 where nobody comes.

    Parameters
    ----------
    link, along_m
        Per spot: its link (-1: on none) and metres from the link's tail.
    """
    on = np.maximum(link, 0)
    if not network.n_links:
        return np.full(len(link), np.inf), np.full(len(link), -1, dtype=np.int32)
    part = np.clip(along_m / network.length_m[on], 0.0, 1.0)
    shares = np.stack([part, 1.0 - part], axis=1)
    with np.errstate(invalid="ignore"):
        ride = np.where(shares > 0, shares * network.passing_s[on] / speed_factor, 0.0)
    by_end = np.where((link >= 0)[:, None], arrival.link_s[on] + ride, np.inf)
    from_head = by_end[:, 1] < by_end[:, 0]
    seconds = by_end.min(axis=1)
    node = np.where(from_head, network.head[on], network.tail[on])
    post = np.where(np.isfinite(seconds), arrival.node_post[node], -1).astype(np.int32)
    return seconds, post


def reached_m(
    network: StreetNetwork, arrival: Arrival, limit_s: float, speed_factor: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Per link: metres reached in time from its tail and from its head; the two may overlap.

    A link that may be entered at one end only is reached from that end only.
    """
    pace = network.passing_s / speed_factor
    left = limit_s + SAME_S - arrival.link_s
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(pace > 0, left / pace, np.where(left >= 0, 1.0, 0.0))
    part = np.where(np.isfinite(pace) & (left > 0), np.clip(part, 0.0, 1.0), 0.0)
    metres = part * network.length_m[:, None]
    return metres[:, 0], metres[:, 1]


def in_time(seconds: FloatArray, limit_s: float) -> BoolArray:
    """Whether each time keeps a limit."""
    kept: BoolArray = seconds <= limit_s + SAME_S
    return kept
