"""What lies around a place: the street and who patrols it, cameras that see it, how soon posts are there, estates.

Each part is answered when it is there; what has to be made first is made behind the scenes and said to be not ready.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import shapely

from api.feature_pages import lon_lat, metres_at
from api.usecases.dispatch_ground import Around, DispatchGround, Eyes
from api.usecases.patrol_desk import Ground as PatrolGround
from api.usecases.patrol_desk import PatrolDesk
from api.usecases.reach_views import arrivals_at
from data.store.rooms.plan_card import PlanCard
from gis.errors import InputError
from gis.sight import Samples
from gis.sight.see import see

STREET_M = 100.0
"""A street farther than this is not the street of a place."""
PLACES_M = 150.0
MOST_PLACES = 10
MOST_CAMERAS = 20
_TRACKS = 10
_NOT_PATROLLED = ("", "class", "outside", "estate", "closed", "passage")
"""By `gis.streets.Beats.link_reason`."""
_NOT_READY: dict[str, Any] = {"state": "not_ready"}
_NONE: dict[str, Any] = {"state": "none"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that is asked about.

    Attributes
    ----------
    community, county
        It lies in.
    """

    lon: float
    lat: float
    community: str
    county: str


@dataclass(frozen=True, slots=True)
class _Patrolled:
    """Streets as a patrol on foot has to inspect them, to be found by a point."""

    ground: PatrolGround
    tree: shapely.STRtree


class Surroundings:
    """Answers what lies around places of one store.

    Parameters
    ----------
    land
        What is known of plans.
    patrols
        Whose streets are patrolled.
    """

    def __init__(self, land: DispatchGround, patrols: PatrolDesk) -> None:
        self._land = land
        self._patrols = patrols

    def at(self, spot: Spot, moment: datetime, jurisdiction: str = "", wait_s: float = 0.0) -> dict[str, Any]:
        """Everything that is known by now; parts that are being made say ``not_ready``.

        Parameters
        ----------
        wait_s
            How long each part is waited for.
        """
        plan = self._land.plan_at(spot.community, spot.county, moment)
        if plan is None:
            return {"plan": None, **dict.fromkeys(("street", "cameras", "ring", "places"), _NONE)}
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "places": lambda: self._places(plan, spot, wait_s),
            "street": lambda: self._street(plan, spot, jurisdiction, wait_s),
            "cameras": lambda: self._cameras(plan, spot, wait_s),
            "ring": lambda: self.ring(plan, spot, wait_s),
        }
        return {"plan": {"id": plan.id, "name": plan.name}, **{name: _told(make) for name, make in parts.items()}}

    def ring(self, plan: PlanCard | None, spot: Spot, wait_s: float = 0.0) -> dict[str, Any]:
        """Per promise how soon a post is there, and the smallest of the usual rings that the place lies in."""
        if plan is None:
            return _NONE
        settings = self._land.reach_settings(plan)
        try:
            found = self._land.reach(plan, settings, wait_s)
        except InputError as error:
            return {**_NONE, "code": error.code}
        if found is None:
            return _NOT_READY
        x, y = metres_at(spot.lon, spot.lat, found.ground.territory.crs)
        promises = arrivals_at(found, x, y)
        soonest = min((one["seconds"] for one in promises if one["seconds"] is not None), default=math.inf)
        inside = [minutes for minutes in sorted(settings.ring_minutes) if soonest <= 60.0 * minutes]
        return {
            "state": "ready",
            "within_min": inside[0] if inside else None,
            "rings_min": sorted(settings.ring_minutes),
            "soonest_s": soonest if math.isfinite(soonest) else None,
            "promises": promises,
        }

    def _places(self, plan: PlanCard, spot: Spot, wait_s: float) -> dict[str, Any]:
        around = self._land.around(plan, wait_s)
        if around is None:
            return _NOT_READY
        point = shapely.Point(*metres_at(spot.lon, spot.lat, around.ground.territory.crs))
        row = around.ground.grid_at(point.x, point.y)
        return {
            "state": "ready",
            "grid": around.ground.land.codes[row] if row >= 0 else None,
            "estate": _estate(around, point),
            "key_places": _key_places(around, point),
        }

    def _street(self, plan: PlanCard, spot: Spot, jurisdiction: str, wait_s: float) -> dict[str, Any]:
        def lay() -> _Patrolled:
            ground = self._patrols.ground(plan, "foot")
            return _Patrolled(ground, shapely.STRtree(ground.land.network.geometry))

        laid = self._land.of_plan("patrolled", plan, lay, wait_s)
        if laid is None:
            return _NOT_READY
        network, beats = laid.ground.land.network, laid.ground.land.beats
        point = shapely.Point(*metres_at(spot.lon, spot.lat, network.crs))
        near = np.sort(laid.tree.query(point, predicate="dwithin", distance=STREET_M))
        near = near[network.street[near] >= 0]
        if not len(near):
            return {"state": "ready", "name": None, "is_patrolled": False, "why_not": "no_street"}
        away = shapely.distance(network.geometry[near], point)
        link = int(near[np.argmin(away)])
        owner = int(beats.link_grid[link])
        grid = beats.grids[owner] if owner >= 0 else None
        id = network.link_ids[link]
        return {
            "state": "ready",
            "id": id.partition("#")[0],
            "name": str(network.name[link]) or None,
            "road_class": str(network.road_class[link]),
            "distance_m": round(float(away.min()), 1),
            "is_patrolled": grid is not None,
            "why_not": None if grid is not None else _NOT_PATROLLED[int(beats.link_reason[link])],
            "grid": grid,
            "last_walked": self._last_walked(plan, grid, id, jurisdiction) if grid else None,
        }

    def _last_walked(self, plan: PlanCard, grid: str, link: str, jurisdiction: str) -> dict[str, Any] | None:
        """The newest of the last tracks of a grid that went along a street."""
        with self._land.store.read(jurisdiction) as tx:
            for card in tx.tracks.cards(plan=plan.id, grid=grid, limit=_TRACKS):
                links = tx.tracks.report(card.id).get("links", ())
                if any(row["id"] == link and row["covered_m"] > 0 for row in links):
                    return {"day": card.day, "half": card.half, "track": card.id}
        return None

    def _cameras(self, plan: PlanCard, spot: Spot, wait_s: float) -> dict[str, Any]:
        eyes = self._land.eyes(plan, wait_s)
        if eyes is None:
            return _NOT_READY
        ground, cameras = eyes.ground, eyes.cameras
        crs = ground.territory.crs
        x, y = (np.array([value]) for value in metres_at(spot.lon, spot.lat, crs))
        x, y, _ = ground.walls.step_out(x, y)  # a house is seen from before its wall
        sights = see(cameras, _one(x, y), ground.walls, eyes.settings.px_per_m)
        rows = np.flatnonzero(np.diff(sights.start) > 0)
        away = np.hypot(cameras.x[rows] - x[0], cameras.y[rows] - y[0])
        order = np.lexsort((rows, away, ~cameras.is_working[rows]))[:MOST_CAMERAS]
        places = lon_lat(cameras.x[rows[order]].tolist(), cameras.y[rows[order]].tolist(), crs)
        density = sights.px_per_m[sights.start[:-1][rows]]
        return {
            "state": "ready",
            "level": eyes.settings.level,
            "n_seeing": int(cameras.is_working[rows].sum()),
            "n_broken": int((~cameras.is_working[rows]).sum()),
            "cameras": [
                _camera(eyes, int(rows[i]), float(away[i]), float(density[i]), at) for i, at in zip(order, places)
            ],
        }


def _told(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A part; one that the land does not give says so."""
    try:
        return make()
    except InputError as error:
        return {**_NONE, "code": error.code}


def _camera(eyes: Eyes, row: int, away_m: float, px_per_m: float, at: tuple[float, float]) -> dict[str, Any]:
    cameras = eyes.cameras
    return {
        "id": cameras.ids[row],
        "works": bool(cameras.is_working[row]),
        "is_assumed": bool(cameras.is_assumed[row]),
        "distance_m": round(away_m, 1),
        "px_per_m": round(px_per_m, 1),
        "lon": at[0],
        "lat": at[1],
    }


def _one(x: Any, y: Any) -> Samples:
    """A single point to look at."""
    zero, whole = np.zeros(1), np.zeros(1, dtype=np.int64)
    row = np.zeros(1, dtype=np.int32)
    return Samples(x, y, whole, row, zero.copy(), zero.copy(), row.copy(), zero.copy(), zero.copy())


def _estate(around: Around, point: shapely.Point) -> dict[str, Any] | None:
    rows = np.sort(around.estates.query(point, predicate="intersects"))
    if not len(rows):
        return None
    row = around.ground.territory["estates"].iloc[int(rows[0])]
    return {"id": str(row["id"]), "name": _text(row["name"])}


def _key_places(around: Around, point: shapely.Point) -> Sequence[dict[str, Any]]:
    rows = np.sort(around.places.query(point, predicate="dwithin", distance=PLACES_M))
    away = shapely.distance(around.shapes("key_places")[rows], point)
    table = around.ground.territory["key_places"]
    return [
        {
            "id": str(table["id"].iloc[row]),
            "kind": str(table["kind"].iloc[row]),
            "name": _text(table["name"].iloc[row]),
            "distance_m": round(float(metres), 1),
        }
        for metres, row in sorted(zip(away.tolist(), rows.tolist(), strict=True))[:MOST_PLACES]
    ]


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) or not str(value) else str(value)
