"""Where an incident lies: its community, and its grid in the plan that was in force there when it was received.

Found once and kept with the incident, so that a re-draw rewrites no history.  Where no plan was in force the incident
has a community and no grid; outside every community it is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from data.store import Store, Tx
from data.store.rooms.in_force import Grids, Reign
from data.store.rooms.incident_cards import Ground
from data.store.rooms.incident_land import Communities, communities_of, current_territories
from gis.errors import InputError

_METRES_PER_DEGREE = 111_320.0
_MOST_KEPT = 8
"""Layouts of plans in memory; each is what was in force together at some time."""


@dataclass(frozen=True)
class _Land:
    """Communities of the current territories, to be found by a point."""

    known: Communities
    tree: shapely.STRtree
    county: dict[str, str]


@dataclass(frozen=True)
class _Layout:
    """Grids that were in force together, to be found by a point."""

    grids: Grids
    tree: shapely.STRtree


class IncidentGround:
    """Finds places of incidents; what it needs of the land is kept between questions.

    Parameters
    ----------
    store
        Whose plans and territories.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._lands: dict[tuple[str, ...], _Land] = {}
        self._layouts: dict[tuple[Reign, ...], _Layout] = {}

    def find(self, lon: float, lat: float, moment: datetime, jurisdiction: str = "") -> Ground:
        """The ground of one place at a moment.

        Raises
        ------
        InputError
            ``incident_outside``: it lies in no community of the jurisdiction; the nearest one and how far it is are
            named.  ``incident_no_land``: there is no community at all.
        """
        (found,) = self.find_many([lon], [lat], [moment])
        if found is None or not found.community.startswith(jurisdiction):
            raise self._outside(lon, lat, jurisdiction)
        return found

    def find_many(self, lon: Sequence[float], lat: Sequence[float], moments: Sequence[datetime]) -> list[Ground | None]:
        """The ground of many places, each at its own moment; ``None`` for a place in no community."""
        points = shapely.points(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
        with self._store.read() as tx:
            land = self._land(tx)
            periods = self._periods(tx, moments)
        out: list[Ground | None] = [None] * len(points)
        at = _first_hit(land.tree, points)
        for i in np.flatnonzero(at >= 0).tolist():
            out[i] = Ground(land.known.county[at[i]], land.known.code[at[i]])
        for layout, rows in periods:
            hit = _first_hit(layout.tree, points[rows])
            grids = layout.grids
            for i, grid in zip(rows.tolist(), hit.tolist(), strict=True):
                if grid < 0:
                    continue
                community, before = grids.community[grid], out[i]
                county = before.county if before else land.county.get(community, "")
                if county:  # ground of a community that is no more keeps its grid of the time
                    now = before.community if before else community
                    out[i] = Ground(county, now, grids.code[grid], grids.plan[grid])
        return out

    def _periods(self, tx: Tx, moments: Sequence[datetime]) -> list[tuple[_Layout, NDArray[np.int64]]]:
        """Rows by what was in force at their moments."""
        order = sorted(range(len(moments)), key=lambda i: moments[i])
        periods: list[tuple[_Layout, NDArray[np.int64]]] = []
        start = 0
        while start < len(order):
            moment = moments[order[start]]
            until = tx.in_force.next_change(moment)
            end = start
            while end < len(order) and (until is None or moments[order[end]] < until):
                end += 1
            end = max(end, start + 1)
            layout = self._layout(tx, tx.in_force.at(moment))
            if layout is not None:
                periods.append((layout, np.array(order[start:end], dtype=np.int64)))
            start = end
        return periods

    def _layout(self, tx: Tx, reigns: tuple[Reign, ...]) -> _Layout | None:
        if not reigns:
            return None
        with self._lock:
            found = self._layouts.get(reigns)
        if found is None:
            grids = tx.in_force.grids(reigns)
            found = _Layout(grids, shapely.STRtree(grids.outline))
            with self._lock:
                _keep(self._layouts, reigns, found)
        return found

    def _land(self, tx: Tx) -> _Land:
        key = current_territories(tx)
        with self._lock:
            found = self._lands.get(key)
        if found is None:
            known = communities_of(tx)
            found = _Land(known, shapely.STRtree(known.outline), dict(zip(known.code, known.county, strict=True)))
            with self._lock:
                _keep(self._lands, key, found)
        return found

    def _outside(self, lon: float, lat: float, jurisdiction: str) -> InputError:
        with self._store.read() as tx:
            known = self._land(tx).known
        where = f"{lon:.6f}, {lat:.6f}"
        mine = [i for i, code in enumerate(known.code) if code.startswith(jurisdiction)]
        if not mine:
            return InputError("incident_no_land", measured=where)
        shrink = np.cos(np.radians(lat))
        outline = shapely.transform(known.outline[mine], lambda xy: (xy - (lon, lat)) * (shrink, 1.0))
        away = shapely.distance(outline, shapely.Point(0.0, 0.0)) * _METRES_PER_DEGREE
        nearest = int(np.argmin(away))
        community, distance_m = known.code[mine[nearest]], round(float(away[nearest]))
        return InputError("incident_outside", measured=where, community=community, distance_m=distance_m)


def _first_hit(tree: shapely.STRtree, points: NDArray[Any]) -> NDArray[np.int64]:
    """Per point the first area in order that it lies in or on, -1 for none: on a shared border always the same one."""
    found = np.full(len(points), np.iinfo(np.int64).max, dtype=np.int64)
    point, area = tree.query(points, predicate="intersects")
    np.minimum.at(found, point, area)
    found[found == np.iinfo(np.int64).max] = -1
    return found


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    while len(kept) >= _MOST_KEPT:
        kept.pop(next(iter(kept)))
    kept[key] = value
