"""Map matching: which streets a track followed, by a hidden Markov model (Newson and Krumm, 2009).

A fix is the likelier on a street the nearer it is, and a way between two fixes the likelier the less it differs from
the straight line; the most likely chain of streets is found by dynamic programming.  Where no way exists (a gap, a
walk across a yard) the chain breaks and a new one begins: what lies between counts as not patrolled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.network import Mode, StreetNetwork
from partition.patrol.tracks.clean import CleanTrack
from partition.patrol.tracks.kernels_clean import thin
from partition.patrol.tracks.kernels_match import likeliest, spread, trace
from partition.patrol.tracks.kernels_passes import passes_of
from partition.patrol.tracks.settings import TrackSettings

_POINTS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Passes:
    """What one or more tracks walked, in stretches of one link and one direction.

    Attributes
    ----------
    link, low_m, high_m
        Link and metres along it.
    from_s, to_s
        When; NaN for a track without times.
    node, node_s
        Nodes that were passed, and when.
    walked_m
        Metres along the streets, and in a straight line where no street was followed.
    n_fixes, n_off
        Fixes after averaging, and those of them near no street.
    """

    link: Int32Array
    low_m: FloatArray
    high_m: FloatArray
    from_s: FloatArray
    to_s: FloatArray
    node: Int32Array
    node_s: FloatArray
    walked_m: float
    n_fixes: int
    n_off: int


class Matcher:
    """Matches tracks to one network; the search tree and the lists of neighbours are made once.

    On foot a street is open both ways; for other modes ways against a one-way street are not considered.
    """

    def __init__(self, network: StreetNetwork, settings: TrackSettings) -> None:
        self.network = network
        self.settings = settings

    @cached_property
    def _may(self) -> BoolArray:
        may = np.isfinite(self.network.passing_s)
        if self.settings.mode is Mode.FOOT:
            may = may | may.any(axis=1)[:, None]
        return np.ascontiguousarray(may)

    @cached_property
    def _open(self) -> Int32Array:
        """Links this mode may use in some direction."""
        return np.flatnonzero(self._may.any(axis=1)).astype(np.int32)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.network.geometry[self._open])

    @cached_property
    def _arcs(self) -> tuple[Any, Any, Any, Any]:
        net, may = self.network, self._may
        links = np.arange(net.n_links, dtype=np.int32)
        start = np.concatenate([net.tail[may[:, 0]], net.head[may[:, 1]]])
        stop = np.concatenate([net.head[may[:, 0]], net.tail[may[:, 1]]])
        link = np.concatenate([links[may[:, 0]], links[may[:, 1]]])
        order = np.lexsort((link, start))
        first = np.zeros(net.n_nodes + 1, np.int64)
        first[1:] = np.cumsum(np.bincount(start, minlength=net.n_nodes))
        return first, link[order], stop[order].astype(np.int32), net.length_m[link[order]]

    @cached_property
    def degree(self) -> IntArray:
        """Per node: ends of links there that this mode may use."""
        ends = np.concatenate([self.network.tail[self._open], self.network.head[self._open]])
        return np.bincount(ends, minlength=self.network.n_nodes)

    @cached_property
    def _alone_s(self) -> FloatArray:
        """Per link: seconds to inspect it in the quicker direction."""
        return np.ascontiguousarray(self.network.inspecting_s.min(axis=1))

    @cached_property
    def _to_metres(self) -> Transformer:
        return Transformer.from_crs("EPSG:4326", self.network.crs, always_xy=True)

    def share_near(self, lon: FloatArray, lat: FloatArray) -> float:
        """Share of some places, in degrees, that lie near a street."""
        points = shapely.points(*self._to_metres.transform(lon, lat))
        near = self._tree.query(points, predicate="dwithin", distance=self.settings.reach_m)[0]
        return len(np.unique(near)) / max(1, len(lon))

    def match(self, track: CleanTrack) -> Passes:
        """Follow one track through the network, part by part."""
        s = self.settings
        columns: list[list[Any]] = [[] for _ in range(7)]
        walked_m, n_fixes, n_off = 0.0, 0, 0
        if len(track):
            x, y = self._to_metres.transform(track.lon, track.lat)
            cuts = np.flatnonzero(np.diff(track.part)) + 1
            for rows in np.split(np.arange(len(track)), cuts):
                thinned = thin(x[rows], y[rows], track.time_s[rows], s.smooth_s[s.mode], s.thin_m)
                found, metres, off = self._match_part(*thinned)
                for column, values in zip(columns, found):
                    column.append(values)
                walked_m += metres
                n_fixes += len(thinned[0])
                n_off += off
        link, low, high, from_s, to_s, node, node_s = (np.concatenate([np.empty(0), *c]) for c in columns)
        places = link.astype(np.int32), node.astype(np.int32)
        return Passes(places[0], low, high, from_s, to_s, places[1], node_s, walked_m, n_fixes, n_off)

    def _candidates(self, x: FloatArray, y: FloatArray) -> tuple[Any, Any, Any, Any]:
        """Nearest links per fix: first entry per fix, link, metres along it, metres off it."""
        fixes: list[Any] = []
        links: list[Any] = []
        along: list[Any] = []
        off: list[Any] = []
        for first in range(0, len(x), _POINTS_AT_ONCE):
            points = shapely.points(x[first : first + _POINTS_AT_ONCE], y[first : first + _POINTS_AT_ONCE])
            fix, found = self._tree.query(points, predicate="dwithin", distance=self.settings.reach_m)
            link = self._open[found]
            lines = self.network.geometry[link]
            metres = shapely.distance(lines, points[fix])
            order = np.lexsort((link, metres, fix))
            fix, link, metres = fix[order], link[order], metres[order]
            rank = np.arange(len(fix)) - np.searchsorted(fix, fix)
            near = rank < self.settings.n_candidates
            fix, link, metres = fix[near], link[near], metres[near]
            at = shapely.line_locate_point(self.network.geometry[link], points[fix])
            fixes.append(fix + first)
            links.append(link)
            along.append(np.clip(at, 0.0, self.network.length_m[link]))
            off.append(metres)
        starts = np.zeros(len(x) + 1, np.int64)
        starts[1:] = np.cumsum(np.bincount(np.concatenate(fixes), minlength=len(x)))
        return starts, np.concatenate(links).astype(np.int32), np.concatenate(along), np.concatenate(off)

    def _match_part(
        self, x: FloatArray, y: FloatArray, first_s: FloatArray, last_s: FloatArray
    ) -> tuple[tuple[Any, ...], float, int]:
        net, s = self.network, self.settings
        starts, link, at, off = self._candidates(x, y)
        sources = np.unique(np.concatenate([net.tail[link], net.head[link]]))
        row = np.full(net.n_nodes, -1, np.int32)
        row[sources] = np.arange(len(sources), dtype=np.int32)
        ways = spread(sources, *self._arcs, s.bridge_m)
        shape = (net.tail, net.head, net.length_m, self._may, ways, row)
        figures = (s.sigma_m, s.detour_m, s.bridge_s, s.bridge_m, s.end_m)
        chosen, fresh = likeliest(x, y, first_s, last_s, starts, link, at, off, *shape, figures)
        pieces = trace(chosen, fresh, first_s, last_s, link, at, *shape, s.end_m)
        stretches, nodes, metres = passes_of(
            *pieces, net.tail, net.head, net.length_m, self._alone_s, self.degree == 1, s.end_m
        )
        matched = chosen >= 0
        straight = np.hypot(np.diff(x), np.diff(y))
        beside = ~matched[1:] | ~matched[:-1] | fresh[1:]
        walked_m = float(metres + straight[beside].sum())
        return (*stretches, *nodes), walked_m, int((~matched).sum())
