"""Communities, villages, towns and villagers' groups of the sample town: which superblocks belong together.

Borders of communities follow main roads, the river and the railway because they are unions of superblocks.
"""

from __future__ import annotations

import numpy as np
import pymetis
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from data.sample.land import BANK, COUNTRY, TOWN, Land

_BESIDE, _ROAD, _BARRIER = 30, 12, 1
"""Weights for cutting between superblocks: rather along a main road, best along the river or the railway."""


def lay_villages(land: Land, n_villages: int) -> NDArray[np.int64]:
    """Per superblock: number of its village, -1 in town.  River banks follow the land beside them."""
    country = np.flatnonzero(land.superblock_state == COUNTRY)
    weight = np.maximum(1, (shapely.area(land.superblocks) / 10_000).astype(np.int64))
    part = _share(land, country, weight, n_villages, across_barriers=True)
    # Countryside that the town cuts apart is more than one village.
    a, b, _ = _among(land, country, across_barriers=True)
    _, piece = _pieces(part, a, b)
    village = np.full(len(land.superblocks), -1)
    village[country] = piece
    return village


def lay_communities(
    land: Land, village: NDArray[np.int64], households: NDArray[np.int64], wanted: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], int, int]:
    """Per superblock: number of its community, urban ones first, then villages.

    Returns
    -------
    community, n_urban, n_villages
    """
    community = np.full(len(land.superblocks), -1)
    centre = shapely.get_coordinates(shapely.centroid(land.superblocks))
    centre = (centre - centre.mean(axis=0)) / max(land.radius_m, 600.0)
    phase = rng.uniform(0, 2 * np.pi, 3)
    # Communities differ in size: the same number of households counts for more here and for less there.
    worth = 1.0 + 0.24 * np.sin(4.1 * centre[:, 0] + phase[0]) + 0.2 * np.sin(3.3 * centre[:, 1] + phase[1])
    weight = np.maximum(1, (households * worth).astype(np.int64))
    n_urban = 0
    for members in _banks_apart(land, households):
        total = int(households[members].sum())
        n = max(1, round(total / wanted))
        part = _share(land, members, weight, n, across_barriers=True)
        community[members] = n_urban + part
        n_urban += int(part.max()) + 1
    n_villages = int(village.max()) + 1
    community[village >= 0] = n_urban + village[village >= 0]
    beside = land_beside_banks(land)
    bank = land.superblock_state == BANK
    community[bank] = community[beside[bank]]
    return community, n_urban, n_villages


def lay_groups(
    faces: NDArray[np.object_], spots: NDArray[np.float64], households: NDArray[np.int64], wanted: int
) -> NDArray[np.int64]:
    """Villagers' groups of one village: per face the number of its group; every group is one piece.

    Parameters
    ----------
    faces
        The land of the village between its lines.
    spots, households
        Its buildings.
    wanted
        How many groups to make, at most.
    """
    centres = _centres(spots, households, wanted)
    tree = shapely.STRtree(faces)
    seeds = np.unique(tree.nearest(shapely.points(centres)))
    a, b = tree.query(faces, predicate="touches")
    keep = a < b
    a, b = a[keep], b[keep]
    length = shapely.length(shapely.intersection(faces[a], faces[b]))
    a, b = a[length > 0.5], b[length > 0.5]
    middle = shapely.get_coordinates(shapely.centroid(faces))
    far = np.hypot(*(middle[a] - middle[b]).T) + 1.0
    graph = coo_array((np.r_[far, far], (np.r_[a, b], np.r_[b, a])), shape=(len(faces), len(faces))).tocsr()
    _, _, source = dijkstra(graph, indices=seeds, min_only=True, return_predecessors=True)
    group = np.searchsorted(seeds, np.where(source < 0, seeds[0], source))
    return np.unique(group, return_inverse=True)[1]


def towns_of(centre: NDArray[np.float64], size: int) -> NDArray[np.int64]:
    """Group places to towns of at most ``size`` by cutting the plane in two again and again."""
    out = np.zeros(len(centre), dtype=np.int64)
    queue, n = [np.arange(len(centre))], 0
    while queue:
        members = queue.pop()
        if len(members) <= size:
            out[members] = n
            n += 1
            continue
        axis = int(np.ptp(centre[members], axis=0).argmax())
        order = members[np.argsort(centre[members, axis], kind="stable")]
        queue += [order[len(order) // 2 :], order[: len(order) // 2]]
    return out


def _centres(spots: NDArray[np.float64], households: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    parts = [np.arange(len(spots))]
    while len(parts) < n:
        parts.sort(key=lambda members: -int(households[members].sum()))
        members = parts.pop(0)
        if len(members) < 4:
            parts.append(members)
            break
        axis = int(np.ptp(spots[members], axis=0).argmax())
        order = members[np.argsort(spots[members, axis], kind="stable")]
        parts += [order[: len(order) // 2], order[len(order) // 2 :]]
    return np.asarray([spots[members].mean(axis=0) for members in parts])


def _contacts(land: Land) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of superblocks that touch, and what lies between them; across the river counts as touching."""
    label, out = land.label, []
    n_u, n_v = label.shape
    for i in range(n_u):
        for j in range(n_v):
            for a, b, rail in ((i + 1, j, i + 1 == land.rail_column), (i, j + 1, False)):
                if a < n_u and b < n_v:
                    p, q = int(label[i, j]), int(label[a, b])
                    if p >= 0 and q >= 0 and p != q:
                        out.append((min(p, q), max(p, q), _BARRIER if rail else _BESIDE))
        below, above = int(label[i, land.river_row - 2]), int(label[i, land.river_row + 1])
        if below >= 0 and above >= 0 and below != above:
            out.append((min(below, above), max(below, above), _BARRIER))
    table = np.unique(np.asarray(out), axis=0)
    return table[:, 0], table[:, 1], table[:, 2]


def _share(
    land: Land, members: NDArray[np.int64], weight: NDArray[np.int64], n: int, *, across_barriers: bool
) -> NDArray[np.int64]:
    """Cut ``members`` into ``n`` connected parts of like weight."""
    if n <= 1 or len(members) <= 1:
        return np.zeros(len(members), dtype=np.int64)
    a, b, w = _among(land, members, across_barriers)
    size = len(members)
    graph = coo_array((np.r_[w, w], (np.r_[a, b], np.r_[b, a])), shape=(size, size)).tocsr()
    options = pymetis.Options(seed=7, niter=30, ncuts=8)
    _, part = pymetis.part_graph(
        min(n, size),
        pymetis.CSRAdjacency(graph.indptr.tolist(), graph.indices.tolist()),
        vweights=weight[members].tolist(),
        eweights=graph.data.tolist(),
        options=options,
        recursive=True,
    )
    return _in_one_piece(np.asarray(part), a, b, weight[members])


def _in_one_piece(
    part: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64], weight: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give every stray piece of a part to the neighbouring part it touches most; number parts from 0."""
    for _ in range(len(part)):
        n_pieces, piece = _pieces(part, a, b)
        mass = np.bincount(piece, weights=weight, minlength=n_pieces)
        owner = np.zeros(n_pieces, dtype=np.int64)
        owner[piece] = part
        order = np.lexsort((-mass, owner))
        stray = np.setdiff1d(order, order[np.append(True, np.diff(owner[order]) > 0)])
        moved = False
        for k in stray:
            edge = (piece[a] == k) ^ (piece[b] == k)
            beside = np.where(piece[a[edge]] == k, part[b[edge]], part[a[edge]])
            if len(beside):
                part[piece == k] = np.bincount(beside).argmax()
                moved = True
                break
        if not moved:
            break
    return np.unique(part, return_inverse=True)[1]


def _pieces(part: NDArray[np.int64], a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Connected pieces of equal ``part``."""
    same = part[a] == part[b]
    graph = coo_array((np.ones(int(same.sum())), (a[same], b[same])), shape=(len(part), len(part)))
    return connected_components(graph, directed=False)


def _among(
    land: Land, members: NDArray[np.int64], across_barriers: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    a, b, w = _contacts(land)
    place = np.full(len(land.superblocks), -1)
    place[members] = np.arange(len(members))
    keep = (place[a] >= 0) & (place[b] >= 0)
    if not across_barriers:
        keep &= w != _BARRIER
    return place[a[keep]], place[b[keep]], w[keep]


def _banks_apart(land: Land, households: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Town superblocks by side of the river and the railway; a side too small for a community joins another.

    Between the sides of one answer, and only there, a community may lie across the river or the railway.
    """
    town = np.flatnonzero(land.superblock_state == TOWN)
    a, b, _ = _among(land, town, across_barriers=False)
    n, side = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(len(town), len(town))), False)
    a, b, _ = _among(land, town, across_barriers=True)
    for _ in range(n):
        total = np.bincount(side, weights=households[town], minlength=n)
        small = [k for k in range(n) if (side == k).any() and total[k] < 600]
        joined = False
        for k in small:
            edge = (side[a] == k) ^ (side[b] == k)
            beside = np.where(side[a[edge]] == k, side[b[edge]], side[a[edge]])
            if len(beside):
                side[side == k] = int(np.bincount(beside).argmax())
                joined = True
                break
        if not joined:
            break
    return [town[side == k] for k in np.unique(side)]


def land_beside_banks(land: Land) -> NDArray[np.int64]:
    """Per superblock: itself, or for a river bank the superblock on the same side of the river."""
    beside = np.arange(len(land.superblocks))
    for bank, dry in ((land.river_row - 1, land.river_row - 2), (land.river_row, land.river_row + 1)):
        inside = land.label[:, bank] >= 0
        beside[land.label[inside, bank]] = land.label[inside, dry]
    return beside
