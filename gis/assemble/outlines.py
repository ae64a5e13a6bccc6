"""Community outlines where a source only names the community of each building: cells of points, unioned.

Every place goes to the community of the nearest building (Voronoi), inside a hull around all buildings: the outlines
tile without gap or overlap.  A few buildings among those of another community would tear its outline into scraps;
such strays join the community around them and are reported, because either their name or their place is wrong.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError

from gis.errors import InputError
from gis.readers.faults import named
from gis.report import QualityReport

HULL_RATIO = 0.15
MARGIN_M = 150.0
STRAY_FRAC = 0.05  # a part with fewer than this share of its community's buildings is a stray
STRAY_MOST = 30  # but no part with more buildings than this
_ROUNDS = 50


def outline_communities(
    shapes: NDArray[np.object_], names: NDArray[np.object_], ids: NDArray[np.object_], crs: CRS, report: QualityReport
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Communities drawn around the buildings that name them.

    Parameters
    ----------
    shapes
        Buildings (points or footprints) in a metric CRS.
    names
        Community each one names; ``None`` joins the community around it.
    ids
        For the report.
    crs
        The metric CRS.
    report
        Gets ``repair_community_strays`` and ``note_communities_drawn``.

    Returns
    -------
    tuple
        Table of communities (``code, name, geometry``; an almost exact coverage) and the community of each
        building after strays were moved.

    Raises
    ------
    InputError
        ``communities_not_drawable``: fewer than three buildings with a name in different places.
    """
    xy = np.round(shapely.get_coordinates(shapely.centroid(shapes)), 3)
    places, place = np.unique(xy, axis=0, return_inverse=True)
    place = place.reshape(-1)
    said = pd.Series(names, dtype=object)
    codes = sorted(said.dropna().astype(str).unique())
    label = pd.Index(codes).get_indexer(said.where(said.notna(), None))
    at = _majority(place, label, len(places), len(codes))
    if len(places) < 3 or not codes:
        raise InputError("communities_not_drawable", measured=len(places), allowed=3)
    pairs = _neighbours(places)
    weight = np.bincount(place, minlength=len(places))
    at = _without_strays(at, pairs, weight, len(codes))
    after = np.array(codes, dtype=object)[at[place]]
    moved = np.flatnonzero((label >= 0) & (after != said.to_numpy()))
    if len(moved):
        text = named(f"{ids[k]} ({said.iloc[k]} -> {after[k]})" for k in moved)
        report.add("repair_community_strays", "buildings", text, before=len(moved), after=0, total=len(ids))
        report.count("community_strays", len(moved))
    used = np.unique(at)
    hull = _hull(places)
    cells = shapely.voronoi_polygons(shapely.multipoints(places), extend_to=hull, ordered=True)
    cells = np.asarray(shapely.get_parts(cells), dtype=object)
    outlines = [shapely.intersection(shapely.coverage_union_all(cells[at == k]), hull) for k in used]
    report.add("note_communities_drawn", "communities", after=len(used), total=len(ids))
    kept = [codes[k] for k in used]
    table = gpd.GeoDataFrame({"code": kept, "name": kept}, geometry=outlines, crs=crs)
    return table, after


def _majority(place: Any, label: Any, n_places: int, n_codes: int) -> NDArray[np.int64]:
    """The label most buildings of a place carry (ties: the first); -1 where none carries any."""
    votes = coo_matrix(
        (np.ones(int((label >= 0).sum())), (place[label >= 0], label[label >= 0])), shape=(n_places, max(n_codes, 1))
    ).tocsr()
    best = np.asarray(votes.argmax(axis=1)).reshape(-1).astype(np.int64)
    best[np.diff(votes.indptr) == 0] = -1
    return best


def _neighbours(places: NDArray[np.float64]) -> NDArray[np.int64]:
    try:
        triangles = Delaunay(places - places.mean(axis=0)).simplices
    except QhullError:  # all on one line: neighbours along it
        order = np.lexsort((places[:, 1], places[:, 0]))
        return np.column_stack([order[:-1], order[1:]]).astype(np.int64)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)


def _without_strays(
    at: NDArray[np.int64], pairs: NDArray[np.int64], weight: NDArray[np.int64], n_codes: int
) -> NDArray[np.int64]:
    """Give small torn-off parts, and places without a label, to the community with most contacts around them."""
    at = at.copy()
    a, b = pairs[:, 0], pairs[:, 1]
    for _ in range(_ROUNDS):
        same = (at[a] == at[b]) & (at[a] >= 0)
        n = len(at)
        graph = coo_matrix((np.ones(int(same.sum())), (a[same], b[same])), shape=(n, n))
        count, part = connected_components(graph, directed=False)
        size = np.bincount(part, weights=weight, minlength=count)
        owner = np.full(count, -1, dtype=np.int64)
        owner[part] = at
        whole = np.bincount(at[at >= 0], weights=weight[at >= 0], minlength=n_codes)
        largest = np.zeros(n_codes)
        np.maximum.at(largest, owner[owner >= 0], size[owner >= 0])
        small = (owner < 0) | (
            (size < STRAY_FRAC * whole[np.maximum(owner, 0)])
            & (size <= STRAY_MOST)
            & (size < largest[np.maximum(owner, 0)])
        )
        if not small.any():
            break
        # Contacts of each small part with labels around it that are not themselves strays.
        left, right = np.concatenate([a, b]), np.concatenate([b, a])
        use = small[part[left]] & ~small[part[right]] & (part[left] != part[right])
        if not use.any():
            break
        contacts = coo_matrix(
            (np.ones(int(use.sum())), (part[left[use]], at[right[use]])), shape=(count, n_codes)
        ).tocsr()
        reached = np.diff(contacts.indptr) > 0
        winner = np.asarray(contacts.argmax(axis=1)).reshape(-1)
        move = (small & reached)[part]
        at[move] = winner[part[move]]
    at[at < 0] = 0
    return at


def _hull(places: NDArray[np.float64]) -> Any:
    hull = shapely.concave_hull(shapely.multipoints(places), ratio=HULL_RATIO)
    around = shapely.buffer(hull, MARGIN_M, quad_segs=4)
    return shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(around)])
