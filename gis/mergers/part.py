"""A few communities of a territory as a territory of their own: enough to reckon what a merger would make of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import shapely

from gis.graph import BoolArray
from gis.territory import Territory

_AROUND_M = 50.0
_OF_NO_ACCOUNT = ("addresses", "grids", "posts", "cameras", "key_places", "incidents")


def part_of_territory(territory: Territory, communities: Collection[str], buildings: BoolArray) -> Territory:
    """The communities with their units and buildings, and the lines and estates near them; nothing else.

    Parameters
    ----------
    communities
        Codes.
    buildings
        Which buildings lie in them; a footprint on a border is for the caller to decide.
    """
    layers = {}
    mine = territory["communities"][territory["communities"]["code"].isin(communities)]
    x0, y0, x1, y1 = mine.total_bounds
    window = shapely.box(x0 - _AROUND_M, y0 - _AROUND_M, x1 + _AROUND_M, y1 + _AROUND_M)
    for name, table in territory.layers.items():
        if name == "communities":
            rows = table["code"].isin(communities).to_numpy()
        elif name == "units":
            rows = table["community"].isin(communities).to_numpy()
        elif name == "buildings":
            rows = buildings
        elif name in _OF_NO_ACCOUNT or not len(table):
            rows = np.zeros(len(table), bool)
        else:
            rows = np.sort(table.sindex.query(window))
        layers[name] = table.iloc[rows].reset_index(drop=True)
    # Rows of clean layers are clean layers.
    return replace(territory, layers=MappingProxyType(layers))
