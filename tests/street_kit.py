"""Street networks for tests, made by hand, and walks on them with the errors of a receiver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import shapely
from pyproj import CRS, Transformer
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gis.readers.gpx import Track
from gis.streets.network import Mode, StreetNetwork

METRES = CRS.from_epsg(32650)
ORIGIN_M = (500_000.0, 3_300_000.0)
MONDAY_S = 1_772_409_600.0  # 2026-03-02 00:00 UTC


def network(
    nodes: Mapping[str, tuple[float, float]],
    links: Sequence[str],
    *,
    one_way: Sequence[str] = (),
    both_sides: Sequence[str] = (),
    mode: Mode = Mode.FOOT,
    speed_kmh: float = 3.0,
    names: Mapping[str, str] | None = None,
) -> StreetNetwork:
    """A network of straight links: ``"AB"`` runs from node A to node B (one letter a node).

    A link may be named twice (parallel streets): the second gets the id ``AB#2``.
    """
    place = {name: i for i, name in enumerate(sorted(nodes))}
    ids, seen = [], {}
    for link in links:
        seen[link] = seen.get(link, 0) + 1
        ids.append(link if seen[link] == 1 else f"{link}#{seen[link]}")
    order = sorted(range(len(ids)), key=ids.__getitem__)
    xy = np.array([nodes[name] for name in sorted(nodes)], float) + ORIGIN_M
    tail = np.array([place[links[i][0]] for i in order], np.int32)
    head = np.array([place[links[i][1]] for i in order], np.int32)
    geometry = np.array([shapely.LineString([xy[a], xy[b]]) for a, b in zip(tail, head)], object)
    return assemble(
        xy,
        [ids[i] for i in order],
        tail,
        head,
        geometry,
        is_one_way=np.array([links[i] in one_way for i in order]),
        both_sides=np.array([links[i] in both_sides for i in order]),
        mode=mode,
        speed_kmh=speed_kmh,
        names=[(names or {}).get(links[i], links[i]) for i in order],
    )


def assemble(
    xy: np.ndarray,
    ids: Sequence[str],
    tail: np.ndarray,
    head: np.ndarray,
    geometry: np.ndarray,
    *,
    is_one_way: np.ndarray,
    both_sides: np.ndarray,
    mode: Mode = Mode.FOOT,
    speed_kmh: float = 3.0,
    names: Sequence[str] = (),
) -> StreetNetwork:
    """A network out of arrays."""
    length = np.maximum(shapely.length(geometry), 0.001)
    inspecting = np.repeat((length / speed_kmh * 3.6)[:, None], 2, axis=1)
    if mode is not Mode.FOOT:
        inspecting[is_one_way, 1] = np.inf
    both = coo_matrix((np.ones(len(tail)), (tail, head)), shape=(len(xy), len(xy)))
    component = connected_components(both, directed=False)[1].astype(np.int32)
    return StreetNetwork(
        mode=mode,
        crs=METRES,
        node_x=xy[:, 0].copy(),
        node_y=xy[:, 1].copy(),
        link_ids=tuple(ids),
        street=np.arange(len(ids), dtype=np.int32),
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        length_m=length,
        passing_s=inspecting / 1.5,
        inspecting_s=inspecting,
        both_sides=both_sides,
        road_class=np.array(["residential"] * len(ids), object),
        name=np.array(list(names) or list(ids), object),
        geometry=geometry,
        component=component,
    )


def grid_town(
    columns: int = 6, rows: int = 5, block_m: float = 75.0, dead_ends: int = 8, seed: int = 1
) -> StreetNetwork:
    """A town of crooked blocks, with dead ends that lead from the middle of a street into a block."""
    rng = np.random.default_rng(seed)
    xy = [np.array([c, r]) * block_m + rng.normal(0, block_m / 12, 2) for r in range(rows) for c in range(columns)]
    pairs = [(i, i + 1) for i in range(len(xy)) if (i + 1) % columns]
    pairs += [(i, i + columns) for i in range(len(xy) - columns)]
    cut = sorted(rng.choice(len(pairs), dead_ends, replace=False))
    for k in cut:
        a, b = pairs[k]
        way = xy[b] - xy[a]
        middle = xy[a] + rng.uniform(0.4, 0.6) * way
        tip = middle + rng.uniform(0.35, 0.5) * np.array([-way[1], way[0]])
        n = len(xy)
        xy += [middle, tip]
        pairs[k] = (a, n)
        pairs += [(n, b), (n, n + 1)]
    place = np.array(xy) + ORIGIN_M
    tail, head = np.array(pairs, np.int32).T
    geometry = np.array([shapely.LineString([place[a], place[b]]) for a, b in pairs], object)
    ids = [f"S{i:03d}" for i in range(len(pairs))]
    nothing = np.zeros(len(pairs), bool)
    return assemble(place, ids, tail, head, geometry, is_one_way=nothing, both_sides=nothing)


def walk_all(net: StreetNetwork, without: Sequence[int] = (), start: int = 0) -> tuple[list[int], list[bool]]:
    """A closed walk over every link of a connected network but those left out: links in order, and which run back."""
    import networkx as nx

    graph = nx.MultiGraph()
    for i in range(net.n_links):
        if i not in without:
            graph.add_edge(int(net.tail[i]), int(net.head[i]), key=i, weight=float(net.length_m[i]))
    graph = graph.subgraph(max(nx.connected_components(graph), key=len)).copy()
    odd = sorted(n for n, d in graph.degree() if d % 2)
    if odd:
        metres = {a: nx.single_source_dijkstra(graph, a) for a in odd}
        complete = nx.Graph()
        for i, a in enumerate(odd):
            for b in odd[i + 1 :]:
                complete.add_edge(a, b, weight=metres[a][0][b])
        extra = []
        for a, b in sorted(map(sorted, nx.min_weight_matching(complete))):
            way = metres[a][1][b]
            for u, v in pairwise(way):
                extra.append((u, v, min(graph[u][v], key=lambda k: graph[u][v][k]["weight"])))
        for n, (u, v, key) in enumerate(extra):
            graph.add_edge(u, v, key=(key, n), weight=0.0)
    if start not in graph:
        start = min(graph)
    links, backs = [], []
    for u, _, key in nx.eulerian_circuit(graph, source=start, keys=True):
        link = key[0] if isinstance(key, tuple) else key
        links.append(int(link))
        backs.append(bool(net.head[link] == u))
    return links, backs


def track_along(
    net: StreetNetwork,
    links: Sequence[int],
    backs: Sequence[bool],
    *,
    kmh: float = 3.0,
    seconds: Sequence[float] = (),
    every_s: float = 5.0,
    sigma_m: float = 10.0,
    lasting_s: float = 0.0,
    dropped: float = 0.1,
    seed: int = 1,
    patrol: str = "G1-1",
    begin_s: float = MONDAY_S,
) -> Track:
    """What a receiver writes on a walk.

    ``seconds``: per link, in place of ``kmh``.  ``lasting_s`` 0: every fix errs by itself; otherwise the error drifts,
    and what is left of it after so many seconds is 1/e.  ``dropped``: share of fixes that are lost.
    """
    rng = np.random.default_rng(seed)
    parts = [shapely.get_coordinates(net.geometry[k])[:: -1 if b else 1] for k, b in zip(links, backs)]
    way = shapely.LineString(np.vstack(parts))
    metres = np.concatenate([[0.0], np.cumsum([shapely.length(net.geometry[k]) for k in links])])
    clock = np.concatenate([[0.0], np.cumsum(seconds)]) if len(seconds) else metres / (kmh / 3.6)
    at_s = np.append(np.arange(0.0, clock[-1], every_s), clock[-1])
    true = shapely.get_coordinates(shapely.line_interpolate_point(way, np.interp(at_s, clock, metres)))
    return receive(true, at_s + begin_s, sigma_m, lasting_s, dropped, rng, patrol, net.crs)


def receive(
    true: np.ndarray,
    time_s: np.ndarray,
    sigma_m: float,
    lasting_s: float = 0.0,
    dropped: float = 0.0,
    rng: np.random.Generator | None = None,
    patrol: str = "G1-1",
    crs: CRS = METRES,
) -> Track:
    """Fixes of true places with error."""
    rng = rng or np.random.default_rng(1)
    noise = rng.normal(0, 1, true.shape)
    if lasting_s > 0:
        keeps = np.exp(-np.diff(time_s, prepend=time_s[0]) / lasting_s)
        for i in range(1, len(noise)):
            noise[i] = keeps[i] * noise[i - 1] + np.sqrt(1 - keeps[i] ** 2) * noise[i]
    kept = rng.random(len(true)) >= dropped
    kept[[0, -1]] = True
    x, y = (true + sigma_m * noise)[kept].T
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    n = int(kept.sum())
    nothing = np.full(n, np.nan)
    return Track(patrol, np.array(lon), np.array(lat), time_s[kept].copy(), nothing, np.zeros(n, np.int32), {})
