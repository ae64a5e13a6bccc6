"""What lies under a plan on the planner's desk: buildings and streets of a window, as a page draws them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from api.usecases.packed import origin_of, pack, to_page
from api.usecases.plan_desk import Place
from gis.territory import Territory

MOST_FEATURES = 20_000
_DECIMALS = 7
_MAIN = frozenset({"motorway", "trunk", "primary", "secondary", "tertiary"})
LAYERS: Mapping[str, str] = MappingProxyType({"buildings": "id", "streets": "name"})
"""Layer of a territory to the column that the page names its features by."""
Window = tuple[float, float, float, float]


class Backdrop:
    """The shapes of one layer of a territory in degrees, found by window.

    Parameters
    ----------
    territory
        Whose layer.
    layer
        One of `LAYERS`.
    """

    def __init__(self, territory: Territory, layer: str) -> None:
        table = territory[layer]
        shapes = np.asarray(gpd.GeoSeries(table.geometry.array, crs=territory.crs).to_crs(4326).array, dtype=object)
        self._shapes = shapely.simplify(shapes, 1e-6)
        self._names = [str(name or "") for name in table[LAYERS[layer]].tolist()]
        self._weights = _weights(table, layer)
        self._tree = shapely.STRtree(self._shapes)
        self._origin = origin_of(self._shapes)

    def window(self, bbox: Window | None) -> bytes:
        """What lies in a window (west, south, east, north), at most `MOST_FEATURES`, those of most weight first.

        Head
            ``origin``, ``names``, ``n_all`` (in the window, before anything was left out).
        Arrays
            ``xy`` (centimetres from the origin, pairs), ``line`` (where outlines begin, and their end), ``of`` (per
            outline the feature), ``weight`` (households of a building; 2 for a main street, else 1), ``is_area``.
        """
        found = np.arange(len(self._shapes)) if bbox is None else np.sort(self._tree.query(shapely.box(*bbox)))
        n_all = len(found)
        if n_all > MOST_FEATURES:
            heaviest = np.argsort(-self._weights[found], kind="stable")[:MOST_FEATURES]
            found = np.sort(found[heaviest])
        shapes = self._shapes[found]
        lines, of = _outlines(shapes)
        xy, of_line = shapely.get_coordinates(lines, return_index=True)
        start = np.searchsorted(of_line, np.arange(len(lines) + 1))
        area = np.isin(shapely.get_type_id(shapes), (3, 6))
        return pack(
            {"origin": self._origin, "names": [self._names[i] for i in found.tolist()], "n_all": n_all},
            {
                "xy": to_page(np.round(xy, _DECIMALS), self._origin).ravel(),
                "line": start.astype(np.int32),
                "of": of.astype(np.int32),
                "weight": self._weights[found].astype(np.int32),
                "is_area": area.astype(np.uint8),
            },
        )


def backdrop_of(place: Place, layer: str) -> Backdrop:
    """A layer of a plan's territory."""
    return Backdrop(place.territory, layer)


def _weights(table: gpd.GeoDataFrame, layer: str) -> NDArray[np.int64]:
    if layer == "buildings":
        return table["households"].fillna(0).to_numpy(np.int64)
    return np.where(table["class"].astype(str).isin(_MAIN), 2, 1).astype(np.int64)


def _outlines(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Rings of areas, lines, and points as lines of one point."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    is_area = shapely.get_type_id(parts) == 3
    rings, of_part = shapely.get_rings(parts[is_area], return_index=True)
    at = np.flatnonzero(is_area)
    lines = np.concatenate([rings, parts[~is_area]])
    owner = np.concatenate([of[at[of_part]], of[~is_area]]).astype(np.int64)
    order = np.argsort(owner, kind="stable")
    return lines[order], owner[order]
