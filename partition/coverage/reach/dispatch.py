"""Units nearest to an incident by the time they need, with the way there and a reason for each; a person sends them.

The search runs from the incident against the traffic and ends when the nearest are certain.  A position counts as it
was last told: units move on, but nobody knows where to, and one that is too old is not considered.  Where no street
leads, the answer says so and gives the time as the crow flies, which is no route.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from gis.errors import InputError
from gis.graph import FloatArray
from gis.streets.network import StreetNetwork
from partition.coverage.reach.kerb import Spots
from partition.coverage.reach.types import Unit, UnitReach
from partition.coverage.reach.way import UnitIndex, search

__all__ = ["UnitIndex", "nearest_units"]

PLACE_M = 200.0
STALE_S = 600.0
OFF_STREET_KMH = 4.5
_STATUSES = ("busy", "resting", "off")
_RANK = {"chosen": 0, "straight_line": 1}


def nearest_units(
    network: StreetNetwork,
    units: Sequence[Unit],
    x: float,
    y: float,
    *,
    k: int = 3,
    stale_s: float = STALE_S,
    turn_out_s: float = 0.0,
    speed_factor: float = 1.0,
    with_resting: bool = False,
    place_m: float = PLACE_M,
    off_street_kmh: float = OFF_STREET_KMH,
    index: UnitIndex | None = None,
) -> tuple[UnitReach, ...]:
    """The ``k`` available units that are soonest at an incident, and why the others are not among them.

    Parameters
    ----------
    network
        Streets of the units' mode.
    units
        All that are known.
    x, y
        The incident, in the network's CRS.
    stale_s
        A position older than this is not trusted.
    turn_out_s
        Seconds until a unit is on its way, counted in every arrival.
    speed_factor
        How much faster than the network's own speeds one gets through.
    with_resting
        Units that rest may be sent as well.
    place_m
        Farther from every street than this is off the network.
    off_street_kmh
        Speed on foot from the street to the incident.
    index
        The same network prepared; made here where it is not given.

    Returns
    -------
    tuple of UnitReach
        The soonest first.  With fewer than ``k`` that can come by street, others that are available follow by
        ``straight_line``; after them all that are not sent, in the order of their ids.

    Raises
    ------
    InputError
        ``dispatch_place_wrong``: the incident has no position.
    """
    if not (np.isfinite(x) and np.isfinite(y)):
        raise InputError("dispatch_place_wrong", measured=f"{x}, {y}")
    index = index or UnitIndex.of(network)
    units = sorted(units, key=lambda unit: unit.id)
    xy = np.array([[unit.x, unit.y] for unit in units], dtype=np.float64).reshape(-1, 2)
    reason = np.array([_why_not(unit, stale_s, with_resting) for unit in units], dtype=object)
    seconds, length = np.full(len(units), np.inf), np.zeros(len(units))
    lines: list[object | None] = [None] * len(units)
    m_s = index.mean_m_s * speed_factor
    free = np.flatnonzero(reason == "")
    spots = index.kerb.find(np.asarray(shapely.points([(x, y), *xy[free]]), dtype=object), place_m)
    on = spots.link[1:] >= 0
    reason[free[~on]] = "off_network"
    if spots.link[0] < 0:
        reason[free[on]] = "no_way"
    elif on.any():
        rows = free[on]
        mine = Spots(spots.link[1:][on], spots.along_m[1:][on], spots.off_m[1:][on])
        found = search(index, spots, mine, mine.off_m / m_s, k, speed_factor)
        on_foot_s = float(spots.off_m[0]) / (off_street_kmh / 3.6)
        order = np.lexsort((np.arange(len(rows)), found.seconds))
        chosen = order[np.isfinite(found.seconds[order])][: max(k, 0)]
        reason[rows] = np.where(found.can_come, "farther", "no_way")
        reason[rows[chosen]] = "chosen"
        least = np.minimum(found.seconds, max(found.certain_s, float(found.seconds[chosen].max(initial=0.0))))
        seconds[rows] = np.where(found.can_come, least + on_foot_s + turn_out_s, np.inf)
        for one in chosen.tolist():
            lines[rows[one]], length[rows[one]] = _line(xy[rows[one]], found.way(one), (x, y))
    lacking = max(k - int((reason == "chosen").sum()), 0)
    crow_m = np.hypot(*(xy - (x, y)).T)
    rest = np.flatnonzero(((reason == "off_network") | (reason == "no_way")) & np.isfinite(crow_m))
    rest = rest[np.argsort(crow_m[rest], kind="stable")][:lacking]
    reason[rest], length[rest], seconds[rest] = "straight_line", crow_m[rest], crow_m[rest] / m_s + turn_out_s
    rank = np.array([_RANK.get(str(why), 2) for why in reason])
    ranked = np.lexsort((np.where(rank < 2, seconds, 0.0), rank)).tolist()
    return tuple(UnitReach(units[i], float(seconds[i]), float(length[i]), lines[i], str(reason[i])) for i in ranked)


def _why_not(unit: Unit, stale_s: float, with_resting: bool) -> str:
    """Why a unit is not considered; empty where it is.  A status that nobody knows is taken for off."""
    if unit.status == "resting" and with_resting:
        pass
    elif unit.status != "available":
        return unit.status if unit.status in _STATUSES else "off"
    return "" if unit.age_s <= stale_s else "stale"


def _line(unit: FloatArray, way: FloatArray, incident: tuple[float, float]) -> tuple[object | None, float]:
    """The whole way from a unit to the incident, and its metres; no line where the unit is there."""
    corners = np.concatenate([[unit], way, [incident]])
    step = np.hypot(*np.diff(corners, axis=0).T)
    corners = corners[np.append(True, step > 0)]
    return (shapely.LineString(corners) if len(corners) > 1 else None), float(step.sum())
