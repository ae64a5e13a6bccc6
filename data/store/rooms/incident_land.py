"""The communities of the current territories with their outlines: the land that incidents lie on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, func, select, type_coerce

from data.store.rooms.inside import is_inside
from data.store.tables.layers import LAYER_TABLES, territories
from data.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Communities:
    """Communities in the order of their codes; outlines in longitude and latitude."""

    code: tuple[str, ...]
    county: tuple[str, ...]
    outline: NDArray[Any]


def current_territories(tx: Tx) -> tuple[str, ...]:
    """Ids of the territories that the service shows, the key of what was made from their land."""
    wanted = select(territories.c.id).where(territories.c.is_current).order_by(territories.c.id)
    return tuple(tx.connection.execute(wanted).scalars())


def communities_of(tx: Tx) -> Communities:
    """Communities of the current territories inside the jurisdiction."""
    table = LAYER_TABLES["communities"].c
    geom = func.ST_AsBinary(table.geom) if tx.is_postgis else type_coerce(table.geom, LargeBinary)
    wanted = (
        select(table.code, table.county, geom)
        .join(territories, territories.c.id == table.territory)
        .where(territories.c.is_current, table.geom.is_not(None), is_inside(table.code, tx))
        .order_by(table.code)
    )
    rows = list(tx.connection.execute(wanted))
    outline = shapely.from_wkb(np.array([bytes(row[2]) for row in rows], dtype=object))
    return Communities(tuple(row[0] for row in rows), tuple(row[1] for row in rows), np.atleast_1d(outline))
