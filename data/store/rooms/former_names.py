"""Names that places had before: after a merger people go on saying the old one.

Every territory of a county stays readable when a newer one takes its place; one that is only planned is newer than the
current one, and its names are nobody's former ones.  A community (or town) whose name is no
longer there is known under the name of the one that took most of its ground.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, and_, func, select, type_coerce

from data.store.codec import select_columns
from data.store.rooms.inside import is_inside
from data.store.tables.layers import LAYER_TABLES, territories
from data.store.tx import Tx

_COMMUNITIES = LAYER_TABLES["communities"]
_LEAST_SHARE = 0.5
"""Of its ground, for a name to be carried over: what was cut up is nobody's former name."""


def former_names(tx: Tx, county: str) -> dict[str, dict[str, str]]:
    """Former names of a county's places and the present ones they stand for.

    Returns
    -------
    dict
        For ``community`` and ``town``: former name to present name, where the present one lies in the jurisdiction.
    """
    now, before = _communities(tx, county, is_current=True), _communities(tx, county, is_current=False)
    found: dict[str, dict[str, str]] = {"community": {}, "town": {}}
    if not len(now["name"]) or not len(before["name"]):
        return found
    known = {kind: set(now[column]) for kind, column in (("community", "name"), ("town", "town"))}
    heir, share = _heirs(before["shape"], now["shape"])
    towns: dict[str, set[str]] = {}
    for row in np.flatnonzero(share >= _LEAST_SHARE).tolist():
        name, town = before["name"][row], before["town"][row]
        if name and name not in known["community"]:
            # Rows run from the oldest territory to the newest, whose word counts.
            found["community"][name] = now["name"][heir[row]]
        if town and town not in known["town"] and now["town"][heir[row]]:
            towns.setdefault(town, set()).add(now["town"][heir[row]])
    found["town"] = {town: min(heirs) for town, heirs in sorted(towns.items()) if len(heirs) == 1}
    return found


def _heirs(before: NDArray[np.object_], now: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each former outline the present one with most of its ground, and its share of that ground."""
    heir, share = np.zeros(len(before), np.int64), np.zeros(len(before))
    old, new = shapely.STRtree(now).query(before, predicate="intersects")
    # Of shapes that are not valid nobody knows the common ground; they are made valid by leaving out lines.
    former, present = shapely.make_valid(before), shapely.make_valid(now)
    common = shapely.area(shapely.intersection(former[old], present[new]))
    order = np.lexsort((-new, common))
    heir[old[order]] = new[order]
    largest = np.zeros(len(before))
    np.maximum.at(largest, old, common)
    ground = shapely.area(former)
    np.divide(largest, ground, out=share, where=ground > 0)
    return heir, share


def _communities(tx: Tx, county: str, *, is_current: bool) -> dict[str, Any]:
    c = _COMMUNITIES.c
    outline = func.ST_AsBinary(c.geom) if tx.is_postgis else type_coerce(c.geom, LargeBinary)
    current = territories.alias("current")
    shown_since = select(current.c.loaded_at).where(current.c.county == county, current.c.is_current).scalar_subquery()
    kept = (
        territories.c.is_current
        if is_current
        else and_(~territories.c.is_current, territories.c.loaded_at <= shown_since)
    )
    wanted = (
        select(c.name, c.town, outline.label("shape"))
        .join(territories, territories.c.id == c.territory)
        .where(c.county == county, kept, c.geom.is_not(None))
        .order_by(territories.c.loaded_at, c.fid)
    )
    if is_current:
        wanted = wanted.where(is_inside(c.place, tx))
    found: dict[str, Any] = select_columns(tx, wanted)
    found["shape"] = np.atleast_1d(shapely.from_wkb(np.array([bytes(shape) for shape in found["shape"]], dtype=object)))
    return found
