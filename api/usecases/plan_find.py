"""Where something is on the ground of a plan: buildings, units, addresses, streets, places by what they are called."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from api.usecases.plan_desk import Place
from gis.territory import Territory

_IDS = (("building", "buildings"), ("unit", "units"))
_NAMES = (("street", "streets"), ("place", "key_places"), ("post", "posts"))
_ORDER = {kind: i for i, kind in enumerate(("building", "unit", "address", "street", "place", "post"))}


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name.

    Attributes
    ----------
    kind
        ``building``, ``unit``, ``address``, ``street``, ``place`` or ``post``.
    text
        Its id or name.
    atom
        Piece of ground it is on, as its position; none for what lies on no piece.
    lon, lat
        Somewhere on it.
    """

    kind: str
    text: str
    atom: int | None
    lon: float
    lat: float


class Names:
    """Everything that can be looked for on a ground.

    Parameters
    ----------
    place
        The ground.
    """

    def __init__(self, place: Place) -> None:
        self._named = [one for one in _all(place) if one.text]
        self._folded = [fold(one.text) for one in self._named]

    def find(self, text: str, limit: int) -> list[Named]:
        """What is called so or begins so or has it in its name, in this order; shorter names first, then by kind."""
        wanted = fold(text)
        if not wanted:
            return []
        found = []
        for folded, one in zip(self._folded, self._named):
            at = folded.find(wanted)
            if at >= 0:
                rank = 0 if len(folded) == len(wanted) else 1 if at == 0 else 2
                found.append((rank, len(folded), _ORDER[one.kind], folded, one))
        found.sort(key=lambda row: row[:4])
        return [row[-1] for row in found[:limit]]


def names_of(place: Place) -> Names:
    """The names of a ground; made once and kept as long as it is."""
    names: Names = place.kept("names", lambda: Names(place))
    return names


def fold(text: str) -> str:
    """A text as it is compared: width, case and surrounding space do not count."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _all(place: Place) -> Iterator[Named]:
    ground, territory = place.ground, place.territory
    middle: dict[str, tuple[float, float]] = {}
    for kind, layer in _IDS:
        for id, (lon, lat) in zip(territory[layer]["id"].tolist(), _places(territory, layer).tolist()):
            if kind == "building":
                middle[str(id)] = (lon, lat)
            yield Named(kind, str(id), ground.atom_of.get((kind, str(id))), lon, lat)
    addresses = territory["addresses"]
    for text, building in zip(addresses["text"].tolist(), addresses["building_id"].tolist()):
        if isinstance(text, str) and str(building) in middle:
            yield Named("address", text, ground.atom_of.get(("building", str(building))), *middle[str(building)])
    for kind, layer in _NAMES:
        seen = set()
        for name, (lon, lat) in zip(territory[layer]["name"].tolist(), _places(territory, layer).tolist()):
            # A street comes in many stretches; one of them is enough to go there.
            if isinstance(name, str) and (name not in seen or kind != "street"):
                seen.add(name)
                yield Named(kind, name, None, lon, lat)


def _places(territory: Territory, layer: str) -> NDArray[np.float64]:
    table = territory[layer]
    inside = shapely.point_on_surface(np.asarray(table.geometry.array, dtype=object))
    moved = gpd.GeoSeries(inside, crs=territory.crs).to_crs(4326)
    return np.round(shapely.get_coordinates(np.asarray(moved.array, dtype=object)), 7)
