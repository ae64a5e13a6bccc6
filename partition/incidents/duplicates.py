"""Which incidents may be the same one: of one kind, near, and alive at about the same time.

An incident is alive from its receipt to its end, so that a pothole reported again next week is found while the first
report is still open, and one that was settled an hour ago is not.  That two are one is decided by people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from partition.incidents.deadlines import IncidentRules

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""
MOST = 10
"""Suggestions at most; more do not help whoever is on the telephone."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What has to be known of an incident to compare it.

    Attributes
    ----------
    ended_at
        When it was closed or cancelled; none while it is open.
    """

    id: str
    kind: str
    lon: float
    lat: float
    received_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An incident that may be the same.

    Attributes
    ----------
    distance_m
        Between the two places.
    minutes
        Between the two receipts.
    score
        1: same place and time; 0: at the edge of what the rules call near and soon.
    reason
        Code of a sentence: ``duplicate_same_place_time``, ``duplicate_older_open``, ``duplicate_just_ended``.
    """

    id: str
    distance_m: float
    minutes: float
    score: float
    reason: str


def window(rules: IncidentRules, lat: float) -> tuple[float, float]:
    """How far to look from a place, in degrees of longitude and latitude."""
    high = rules.duplicate_m / METRES_PER_DEGREE
    return min(high / max(math.cos(math.radians(lat)), 1e-6), 360.0), high


def earliest_end(rules: IncidentRules, at: datetime) -> datetime:
    """Incidents that ended before this moment are not looked at."""
    return at - timedelta(minutes=rules.duplicate_min)


def metres_between(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Distance of two places that lie near each other, as the crow flies."""
    east = (other_lon - lon + 180.0) % 360.0 - 180.0
    across = east * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(across, other_lat - lat) * METRES_PER_DEGREE


def duplicates(rules: IncidentRules, one: Alike, others: Iterable[Alike]) -> list[Duplicate]:
    """The incidents that may be the same as one, the likeliest first; at most `MOST`."""
    found = []
    span = timedelta(minutes=rules.duplicate_min)
    for other in others:
        if other.id == one.id or other.kind != one.kind:
            continue
        distance_m = metres_between(one.lon, one.lat, other.lon, other.lat)
        apart = abs(one.received_at - other.received_at)
        first, second = sorted((one, other), key=lambda each: each.received_at)
        is_past = first.ended_at is not None and second.received_at - first.ended_at > span
        if distance_m > rules.duplicate_m or is_past or (other.received_at - one.received_at) > span:
            continue
        nearness = 1.0 - distance_m / rules.duplicate_m if rules.duplicate_m else 1.0
        minutes = apart / timedelta(minutes=1)
        # Half of what is left after each further span: old and open is possible, new is likely.
        freshness = 0.5 ** (minutes / rules.duplicate_min) if rules.duplicate_min else float(minutes == 0)
        reason = "duplicate_same_place_time" if apart <= span else "duplicate_older_open"
        if other.ended_at is not None:
            reason = "duplicate_just_ended"
        score = round((nearness + freshness) / 2, 3)
        found.append(Duplicate(other.id, round(distance_m, 1), round(minutes, 1), score, reason))
    return sorted(found, key=lambda each: (-each.score, each.distance_m, each.id))[:MOST]
