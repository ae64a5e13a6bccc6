"""Directed street networks for tests of response times: random ones, with parallel links, loops and links of 0 m."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gis.streets.network import Mode, StreetNetwork
from tests.street_kit import METRES, ORIGIN_M


def made(
    xy: np.ndarray, tail: np.ndarray, head: np.ndarray, passing_s: np.ndarray, *, length_m: np.ndarray | None = None
) -> StreetNetwork:
    """A network of straight links with given times; a loop goes out and comes back."""
    xy = np.asarray(xy, float) + ORIGIN_M
    tail, head = np.asarray(tail, np.int32), np.asarray(head, np.int32)
    corners = np.stack([xy[tail], (xy[tail] + xy[head]) / 2 + np.where(tail == head, 5.0, 0.0)[:, None], xy[head]], 1)
    geometry = np.asarray(shapely.linestrings(corners), object) if len(tail) else np.empty(0, object)
    m, may_go = len(tail), np.isfinite(passing_s)
    start = np.concatenate([tail[may_go[:, 0]], head[may_go[:, 1]]])
    end = np.concatenate([head[may_go[:, 0]], tail[may_go[:, 1]]])
    graph = coo_matrix((np.ones(len(start)), (start, end)), shape=(len(xy), len(xy)))
    return StreetNetwork(
        mode=Mode.CAR,
        crs=METRES,
        node_x=xy[:, 0].copy(),
        node_y=xy[:, 1].copy(),
        link_ids=tuple(f"S{k:06d}" for k in range(m)),
        street=np.arange(m, dtype=np.int32),
        tail=tail,
        head=head,
        length_m=np.maximum(shapely.length(geometry), 0.001) if length_m is None else length_m,
        passing_s=passing_s,
        inspecting_s=passing_s.copy(),
        both_sides=np.zeros(m, bool),
        road_class=np.array(["residential"] * m, object),
        name=np.array([""] * m, object),
        geometry=geometry,
        component=connected_components(graph, directed=True, connection="strong")[1].astype(np.int32),
    )


def random_network(seed: int, n_nodes: int = 30, n_links: int = 60) -> StreetNetwork:
    """Anything a directed multigraph can be: parts, parallels, loops, one-way and closed links, links that cost 0 s."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 1000, (n_nodes, 2)).round(1)
    tail, head = rng.integers(0, n_nodes, n_links), rng.integers(0, n_nodes, n_links)
    again = rng.integers(0, n_links, n_links // 5)
    tail, head = np.append(tail, tail[again]), np.append(head, head[again])
    seconds = rng.integers(0, 12, (len(tail), 2)).astype(float)
    seconds[rng.random((len(tail), 2)) < 0.25] = np.inf
    return made(xy, tail, head, seconds)


def city(side: int = 317, seed: int = 1, block_m: float = 80.0) -> StreetNetwork:
    """A town of about ``side`` x ``side`` crossings: crooked blocks, gaps, one-way streets, speeds of 20 to 60 km/h."""
    rng = np.random.default_rng(seed)
    row, column = np.divmod(np.arange(side * side), side)
    xy = np.stack([column, row], 1) * block_m + rng.normal(0, block_m / 10, (side * side, 2))
    right, up = np.flatnonzero(column < side - 1), np.flatnonzero(row < side - 1)
    tail, head = np.concatenate([right, up]), np.concatenate([right + 1, up + side])
    kept = rng.random(len(tail)) > 0.06
    tail, head = tail[kept], head[kept]
    metres = np.hypot(*(xy[tail] - xy[head]).T)
    seconds = np.repeat((metres / rng.choice([20, 30, 40, 60], len(tail)) * 3.6)[:, None], 2, axis=1)
    seconds[rng.random(len(tail)) < 0.1, 1] = np.inf
    return made(xy, tail, head, seconds)


def as_graph(network: StreetNetwork, speed_factor: float = 1.0) -> nx.MultiDiGraph:
    """The same for networkx."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    for a, b, (ahead, back) in zip(network.tail.tolist(), network.head.tolist(), network.passing_s.tolist()):
        if np.isfinite(ahead):
            graph.add_edge(a, b, weight=ahead / speed_factor)
        if np.isfinite(back):
            graph.add_edge(b, a, weight=back / speed_factor)
    return graph


def cut_at(network: StreetNetwork, links: Sequence[int], along_m: Sequence[float]) -> tuple[StreetNetwork, list[int]]:
    """The network with each of the spots as a node of its own, and the numbers of those nodes.

    A piece without length takes no time in either direction: what it joins is one place.
    """
    tail, head, seconds, lengths = [], [], [], []
    xy = [*np.stack([network.node_x, network.node_y], 1) - ORIGIN_M]
    nodes = [-1] * len(links)
    for k in range(network.n_links):
        here = sorted((along_m[i], i) for i, link in enumerate(links) if link == k)
        length, at, node = float(network.length_m[k]), 0.0, int(network.tail[k])
        stops = [(metres, i) for metres, i in here] + [(length, -1)]
        for metres, i in stops:
            after = int(network.head[k])
            if i >= 0:
                xy.append(xy[int(network.tail[k])])
                after = nodes[i] = len(xy) - 1
            share = (metres - at) / length
            tail.append(node)
            head.append(after)
            seconds.append([s * share if share > 0 else 0.0 for s in network.passing_s[k]])
            lengths.append(metres - at)
            node, at = after, metres
    fine = made(np.array(xy), np.array(tail), np.array(head), np.array(seconds), length_m=np.maximum(lengths, 1e-9))
    return fine, nodes
