"""Linear referencing: which metres of which link were patrolled, how often and when, by all tracks together.

A link is patrolled when enough of its metres were passed; one whose two sides are inspected apart has to be passed
twice.  A link shorter than the error of fixes cannot be told from its surroundings: it is patrolled when the patrol
passed both its ends, or its only corner (the other end is a dead end, or a mere cut in a street that goes on); the
very shortest ones are seen from either corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.network import StreetNetwork
from partition.patrol.tracks.kernels_passes import join_passes, visits_of
from partition.patrol.tracks.match import Passes
from partition.patrol.tracks.settings import TrackSettings


@dataclass(frozen=True, slots=True)
class Coverage:
    """What tracks covered of a network.  Arrays are read-only.

    Attributes
    ----------
    interval_link, interval_low_m, interval_high_m
        Stretches that were patrolled, joined, by link and metres along it.
    covered_m
        Per link: metres patrolled; twice the length at most where both sides are inspected, the length elsewhere.
        The whole of it for a link that counts as patrolled.
    due_m
        Per link: metres that had to be patrolled if the link is required: the length, or twice as much.
    is_patrolled
        Per link.
    first_s, last_s
        Per link: first and last time on it, seconds since 1970; NaN where never, or without times.
    visits
        Per link: visits, told apart by the gap between them.
    longest_gap_s
        Per link: longest time between two visits; 0 with fewer than two.
    """

    interval_link: Int32Array
    interval_low_m: FloatArray
    interval_high_m: FloatArray
    covered_m: FloatArray
    due_m: FloatArray
    is_patrolled: BoolArray
    first_s: FloatArray
    last_s: FloatArray
    visits: Int32Array
    longest_gap_s: FloatArray

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            getattr(self, name).setflags(write=False)


def cover(network: StreetNetwork, passes: Sequence[Passes], settings: TrackSettings, *, degree: IntArray) -> Coverage:
    """Put the passes of all tracks together.

    Parameters
    ----------
    network
        What the tracks were matched to.
    passes
        Of each track.
    settings
        Share of a link that has to be covered, error of a fix.
    degree
        Per node: ends of links there.
    """
    n, length = network.n_links, network.length_m
    link = np.concatenate([np.zeros(0, np.int32), *(p.link for p in passes)])
    low, high, from_s, to_s = (
        np.concatenate([np.zeros(0), *(getattr(p, column) for p in passes)])
        for column in ("low_m", "high_m", "from_s", "to_s")
    )
    order = np.lexsort((high, low, link))
    interval_link, interval_low, interval_high, once, twice = join_passes(link[order], low[order], high[order])
    once_m = np.bincount(link[order], weights=once, minlength=n)
    twice_m = np.bincount(link[order], weights=twice, minlength=n)

    node = np.concatenate([np.zeros(0, np.int32), *(p.node for p in passes)])
    node_s = np.nan_to_num(np.concatenate([np.zeros(0), *(p.node_s for p in passes)]), nan=0.0)
    node_first, node_last = np.full(network.n_nodes, np.inf), np.full(network.n_nodes, -np.inf)
    np.minimum.at(node_first, node, node_s)
    np.maximum.at(node_last, node, node_s)
    enough = settings.covered_frac * length
    is_whole = (once_m >= enough) & (~network.both_sides | (twice_m >= enough))
    passed = np.isfinite(node_first)
    at_tail, at_head = passed[network.tail], passed[network.head]
    tail_ends, head_ends = degree[network.tail], degree[network.head]
    is_short = (length < settings.end_m) & (
        (at_tail & at_head)
        | ((at_tail | at_head) & (length < settings.sigma_m))
        | (at_tail & ((head_ends == 1) | ((head_ends == 2) & (tail_ends > 2))) & (tail_ends > 1))
        | (at_head & ((tail_ends == 1) | ((tail_ends == 2) & (head_ends > 2))) & (head_ends > 1))
    )
    due_m = np.where(network.both_sides, 2 * length, length)
    is_patrolled = is_whole | is_short
    walked_m = np.minimum(once_m + np.where(network.both_sides, twice_m, 0.0), due_m)

    order = np.lexsort((to_s, from_s, link))
    first_s, last_s, visits, gap_s = visits_of(link[order], from_s[order], to_s[order], n, settings.visit_gap_s)
    beside = is_short & (visits == 0)
    with np.errstate(invalid="ignore"):
        seen_s = np.fmin(node_first[network.tail], node_first[network.head])
        left_s = np.fmax(node_last[network.tail], node_last[network.head])
    first_s[beside], last_s[beside], visits[beside] = seen_s[beside], left_s[beside], 1
    if not np.isfinite(from_s).any():
        first_s[:], last_s[:] = np.nan, np.nan
    whole_short = np.flatnonzero(is_short & (once_m < enough))
    return Coverage(
        *_with_whole(interval_link, interval_low, interval_high, whole_short, length),
        np.where(is_patrolled, due_m, walked_m),
        due_m,
        is_patrolled,
        first_s,
        last_s,
        visits,
        gap_s,
    )


def _with_whole(
    link: Int32Array, low: FloatArray, high: FloatArray, whole: np.ndarray, length: FloatArray
) -> tuple[Int32Array, FloatArray, FloatArray]:
    """Intervals with those of some links replaced by the whole link."""
    stays = ~np.isin(link, whole)
    link = np.concatenate([link[stays], whole.astype(np.int32)])
    low = np.concatenate([low[stays], np.zeros(len(whole))])
    high = np.concatenate([high[stays], length[whole]])
    order = np.lexsort((low, link))
    return link[order], low[order], high[order]
