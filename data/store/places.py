"""Where things lie: the county of a territory, and the place of each of its rows.

A place is a code prefix: the community a thing lies in, or what the codes of all communities along it share.  It is
what jurisdictions are measured by.
"""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.territory import Territory

_COUNTY_DIGITS = 6
ALONG = ("streets", "barriers")
"""Layers whose features lie along several communities."""


def common_start(codes: Iterable[str]) -> str:
    """What all codes begin with; empty when they share nothing."""
    all_codes = list(codes)
    first, last = min(all_codes, default=""), max(all_codes, default="")  # what these share, all between them share
    same = [a == b for a, b in zip(first, last)]
    return first[: same.index(False)] if False in same else first[: len(same)]


def county_of(codes: Iterable[str]) -> str:
    """The county of communities: what their codes share, at most six characters."""
    return common_start(codes)[:_COUNTY_DIGITS]


def places_of(territory: Territory, layer: str) -> list[str]:
    """Place of every row of a layer.

    By its ``community`` where that names one of ours, else by a point in it; a thing on a border lies in the
    community with the lower code.  Streets and barriers get what the codes of all communities they touch share.
    A row that lies in no community belongs to the county as a whole.
    """
    communities = territory["communities"]
    codes = communities["code"].to_numpy(dtype=object)
    county = county_of(codes)
    table = territory[layer]
    if layer == "communities":
        return codes.tolist()
    if table.empty:
        return []
    tree = shapely.STRtree(np.asarray(communities.geometry.array))
    if layer in ALONG:
        return _shared(np.asarray(table.geometry.array), tree, codes, county)
    place = np.full(len(table), None, dtype=object)
    if "community" in table.columns:
        named = table["community"]
        place = named.astype(object).where(named.isin(codes), None).to_numpy(dtype=object, copy=True)
    rest = np.flatnonzero(pd.isna(place))
    if len(rest):
        place[rest] = _by_point(table.geometry.iloc[rest], tree, codes, county)
    return place.tolist()


def _by_point(shapes: gpd.GeoSeries, tree: shapely.STRtree, codes: NDArray[np.object_], county: str) -> list[str]:
    points = shapely.point_on_surface(np.asarray(shapes.array))
    row, community = tree.query(points, predicate="intersects")
    first = np.full(len(points), len(codes))
    np.minimum.at(first, row, community)
    return [county if k == len(codes) else codes[k] for k in first.tolist()]


def _shared(shapes: NDArray[np.object_], tree: shapely.STRtree, codes: NDArray[np.object_], county: str) -> list[str]:
    row, community = tree.query(shapes, predicate="intersects")
    first, last = np.full(len(shapes), len(codes)), np.full(len(shapes), -1)
    np.minimum.at(first, row, community)
    np.maximum.at(last, row, community)
    # Codes are sorted: what the first and the last share, all between them share.
    pairs, index = np.unique(np.column_stack([first, last]), axis=0, return_inverse=True)
    starts = [county if b < 0 else common_start((codes[a], codes[b])) for a, b in pairs.tolist()]
    return [starts[k] for k in index.ravel().tolist()]


def lon_lat(table: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Geometry in longitude and latitude (WGS 84), as it is served; none in place of an empty one."""
    shapes = np.asarray(table.geometry.to_crs(4326).array, dtype=object)
    return np.where(shapely.is_empty(shapes), None, shapes)
