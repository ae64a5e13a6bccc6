"""The search from an incident to units and the ways it finds, as seconds, metres and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.network import ObjectArray, StreetNetwork
from partition.coverage.reach.arcs import Arcs
from partition.coverage.reach.cuts import parts_of
from partition.coverage.reach.kerb import Kerb, Spots
from partition.coverage.reach.kernels import seek

_WALK_KMH = 4.5


@dataclass(frozen=True, slots=True)
class UnitIndex:
    """A network made ready for many incidents.

    Attributes
    ----------
    network
        Streets of the units' mode.
    to_incident
        Its arcs reversed.
    kerb
        Where points stand on it.
    part, before
        Per node: its strongly connected part; and for every part those from which one comes into it.
    mean_m_s
        Metres per second of the streets on average.
    """

    network: StreetNetwork
    to_incident: Arcs
    kerb: Kerb
    part: Int32Array
    before: csr_array
    mean_m_s: float

    @classmethod
    def of(cls, network: StreetNetwork, barriers: ObjectArray | None = None) -> Self:
        """Index a network; barriers are what one does not walk across between the street and an incident."""
        arcs = Arcs.of(network, is_reversed=True)
        n = network.n_nodes
        leaves = np.repeat(np.arange(n), np.diff(arcs.start))
        graph = coo_array((np.ones(len(leaves), dtype=np.int8), (leaves, arcs.to)), shape=(n, n)).tocsr()
        n_parts, part = connected_components(graph, directed=True, connection="strong")
        pairs = np.stack([part[leaves], part[arcs.to]], axis=1)
        pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
        ones = np.ones(len(pairs), dtype=np.int8)
        before = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n_parts, n_parts)).tocsr()
        seconds = network.passing_s.min(axis=1, initial=np.inf)
        is_open = np.isfinite(seconds)
        total = float(seconds[is_open].sum())
        mean = float(network.length_m[is_open].sum()) / total if total > 0 else _WALK_KMH / 3.6
        return cls(network, arcs, Kerb.of(network, barriers), part.astype(np.int32), before, mean)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found of units that stand on streets.

    Attributes
    ----------
    can_come
        Per unit: whether any way leads to the incident.
    seconds
        Per unit: from its spot on the streets to that of the incident; certain up to ``certain_s``.
    certain_s
        Beyond these seconds the search has not looked.
    """

    index: UnitIndex
    incident: tuple[int, float]
    link: Int32Array
    along_m: FloatArray
    can_come: BoolArray
    seconds: FloatArray
    certain_s: float
    leave_node: IntArray  # per unit: node it drives to first; -1 straight to the incident
    came: IntArray  # per node: arc on to the incident
    seed_s: FloatArray  # from the tail and from the head of the incident's link

    def way(self, unit: int) -> NDArray[np.float64]:
        """Corners of the way of a unit, from its spot to that of the incident."""
        net, (last, at_m) = self.index.network, self.incident
        link, along = int(self.link[unit]), float(self.along_m[unit])
        node = int(self.leave_node[unit])
        if node < 0:
            return self._corners([link], [along], [at_m])
        links, begin, end = [link], [along], [self._end(link, node, along)]
        while self.came[node] >= 0:
            arc = int(self.came[node])
            link, is_back = int(self.index.to_incident.link[arc]), bool(self.index.to_incident.is_back[arc])
            length = float(net.length_m[link])
            links.append(link)
            begin.append(length if is_back else 0.0)
            end.append(0.0 if is_back else length)
            node = int(net.tail[link] if is_back else net.head[link])
        from_head = node == net.head[last] and (node != net.tail[last] or self.seed_s[1] < self.seed_s[0])
        links.append(last)
        begin.append(float(net.length_m[last]) if from_head else 0.0)
        end.append(at_m)
        return self._corners(links, begin, end)

    def _end(self, link: int, node: int, along: float) -> float:
        """Metres along its own link at which a unit leaves it for a node."""
        net = self.index.network
        length = float(net.length_m[link])
        if net.tail[link] != net.head[link]:
            return 0.0 if node == net.tail[link] else length
        ahead, back = (
            _part_s(net.passing_s[link, 0], 1 - along / length),
            _part_s(net.passing_s[link, 1], along / length),
        )
        return length if ahead <= back else 0.0

    def _corners(self, links: list[int], begin: list[float], end: list[float]) -> NDArray[np.float64]:
        which, a, b = np.array(links), np.array(begin), np.array(end)
        moves = np.abs(a - b) > 0
        which, a, b = which[moves], a[moves], b[moves]
        if not len(which):
            return np.zeros((0, 2))
        pieces = parts_of(self.index.network.geometry, which, np.minimum(a, b), np.maximum(a, b))
        pieces = np.where(a > b, shapely.reverse(pieces), pieces)
        corners: NDArray[np.float64] = shapely.get_coordinates(pieces)
        return corners


def search(index: UnitIndex, incident: Spots, units: Spots, own_s: FloatArray, k: int, speed_factor: float) -> Found:
    """Seek the ``k`` units soonest at an incident.

    Parameters
    ----------
    incident
        One spot, on a street.
    units
        Their spots, on streets.
    own_s
        Per unit: seconds before it is on the street.
    """
    net, link = index.network, int(incident.link[0])
    passing = net.passing_s / speed_factor if speed_factor != 1.0 else net.passing_s
    part = float(incident.along_m[0]) / float(net.length_m[link])
    seed_s = np.array([_part_s(passing[link, 0], part), _part_s(passing[link, 1], 1.0 - part)])
    seed = np.array([net.tail[link], net.head[link]], dtype=np.int32)
    share = units.along_m / net.length_m[units.link]
    with np.errstate(invalid="ignore"):
        shares = np.stack([1.0 - share, share], axis=1)
        leave = np.where(shares > 0, shares * passing[units.link], 0.0)  # to the head, to the tail
        gap = part - share
        straight = np.where(gap >= 0, gap * passing[link, 0], -gap * passing[link, 1])
    direct = np.where(units.link == link, np.where(gap == 0, 0.0, straight), np.inf) + own_s
    ends = np.stack([net.head[units.link], net.tail[units.link]], axis=1)
    open_end = np.isfinite(leave)
    goal_parts = index.part[seed[np.isfinite(seed_s)]]
    leads = np.zeros(index.before.shape[0], dtype=bool)
    for number in np.unique(goal_parts):
        leads[breadth_first_order(index.before, number, return_predecessors=False)] = True
    can_come = (open_end & leads[index.part[ends]]).any(axis=1) | np.isfinite(direct)
    unit, way = np.nonzero(open_end)
    spot_s = leave[unit, way] + own_s[unit]
    node = ends[unit, way]
    order = np.lexsort((way, unit, node))
    arcs = index.to_incident
    cost = arcs.seconds / speed_factor if speed_factor != 1.0 else arcs.seconds
    is_open = np.isfinite(seed_s)
    best, by, certain, came = seek(
        arcs.start, arcs.to, cost, seed[is_open], seed_s[is_open],
        node[order], unit[order], spot_s[order], direct, k,
    )  # fmt: skip
    leave_node = np.where(by >= 0, np.append(node[order], -1)[by], -1).astype(np.int64)
    return Found(
        index, (link, float(incident.along_m[0])), units.link, units.along_m, can_come, best, certain, leave_node, came,
        seed_s,
    )  # fmt: skip


def _part_s(seconds: float, share: float) -> float:
    """Seconds along a share of a link; nothing of it takes no time even where it may not be passed."""
    return float(seconds) * share if share > 0 else 0.0
