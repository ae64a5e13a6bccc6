"""Addresses of the current territories, read in bulk: what an address index is built from.

How addresses are read and compared is `gis.address`'s matter; this room knows no plan and no grid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, func, select, type_coerce

from data.store.codec import select_columns
from data.store.rooms.inside import is_inside
from data.store.tables.layers import LAYER_TABLES, territories
from data.store.tx import Tx
from gis.errors import NotFound
from gis.layers import LAYERS

if TYPE_CHECKING:
    import pandas as pd

_TEXTS = tuple(LAYERS["addresses"].columns)
_NAMED = {
    "town": ("communities", "town"),
    "community": ("communities", "name"),
    "street": ("streets", "name"),
    "estate": ("estates", "name"),
}
_LAYER = LAYER_TABLES["addresses"]
_COMMUNITIES = LAYER_TABLES["communities"]


class Addresses:
    """Addresses inside one transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def counties(self) -> list[str]:
        """Counties whose current territory has addresses, ascending; of the transaction's jurisdiction only."""
        around = func.substr(self._tx.jurisdiction, 1, func.length(territories.c.county)) == territories.c.county
        wanted = select(territories.c.county, territories.c.n_rows).where(
            territories.c.is_current, is_inside(territories.c.county, self._tx) | around
        )
        return sorted(row.county for row in self._tx.connection.execute(wanted) if row.n_rows.get("addresses", 0))

    def state(self, county: str) -> str:
        """What changes whenever the current territory of a county does: its id, which follows from its content.

        One row is read.  Another territory may still have the same addresses.

        Raises
        ------
        NotFound
            ``territory_unknown``: the county has no current territory.
        """
        wanted = select(territories.c.id).where(territories.c.county == county, territories.c.is_current)
        found = self._tx.connection.execute(wanted).scalar()
        if found is None:
            raise NotFound("territory_unknown", id=county)
        return str(found)

    def table(self, county: str) -> pd.DataFrame:
        """Every address of a county's current territory that the jurisdiction reaches, in the order of the layer.

        Returns
        -------
        Table
            ``id``, ``text`` and the parts as `gis.layers` states (missing text: ``None``; a community by its name also
            where the layer has its code), ``lon`` and ``lat`` (WGS 84; NaN without a point), and ``place``, the code of
            the community, or the start of it, that the address lies in.

        Raises
        ------
        NotFound
            ``territory_unknown``.
        """
        import pandas as pd  # whoever only asks for the state goes without it

        territory = self.state(county)
        here = (_LAYER.c.county == county, _LAYER.c.territory == territory, is_inside(_LAYER.c.place, self._tx))
        wanted = select(*(_LAYER.c[name] for name in _TEXTS), _LAYER.c.place, *self._point())
        found = select_columns(self._tx, wanted.where(*here).order_by(_LAYER.c.fid))
        lon, lat = _read_points(found)
        table = pd.DataFrame({name: pd.Series(found[name], dtype=object) for name in (*_TEXTS, "place")})
        codes = select(_COMMUNITIES.c.code, _COMMUNITIES.c.name).where(
            _COMMUNITIES.c.county == county, _COMMUNITIES.c.territory == territory
        )
        name_of = {row.code: row.name for row in self._tx.connection.execute(codes)}
        named = [name_of.get(said, said) for said in found["community"]]
        return table.assign(community=pd.Series(named, dtype=object), lon=lon, lat=lat)

    def places(self, county: str, state: str) -> list[str]:
        """Where every address of a state lies, as in `table`: in the order of the layer."""
        wanted = select(_LAYER.c.place).where(_LAYER.c.county == county, _LAYER.c.territory == state)
        return select_columns(self._tx, wanted.order_by(_LAYER.c.fid))["place"]

    def names(self, county: str) -> dict[str, tuple[str, ...]]:
        """Names inside the jurisdiction that addresses of a county may use though none of the layer does, ascending.

        Returns
        -------
        dict
            ``town``, ``community``, ``street`` and ``estate``, from the layers that hold them.

        Raises
        ------
        NotFound
            ``territory_unknown``.
        """
        territory = self.state(county)
        found = {}
        for kind, (layer, column) in _NAMED.items():
            table = LAYER_TABLES[layer]
            wanted = select(table.c[column]).distinct()
            here = (table.c.county == county, table.c.territory == territory)
            kept = wanted.where(*here, is_inside(table.c.place, self._tx))
            found[kind] = tuple(sorted(name for name in self._tx.connection.execute(kept).scalars() if name))
        return found

    def _point(self) -> list[Any]:
        if not self._tx.is_postgis:
            return [type_coerce(_LAYER.c.geom, LargeBinary).label("point")]
        return [func.ST_X(_LAYER.c.geom).label("lon"), func.ST_Y(_LAYER.c.geom).label("lat")]


def _floats(values: list[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _read_points(found: dict[str, list[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if "point" not in found:
        return _floats(found["lon"]), _floats(found["lat"])
    points = shapely.from_wkb(np.array(found["point"], dtype=object))
    return shapely.get_x(points), shapely.get_y(points)
