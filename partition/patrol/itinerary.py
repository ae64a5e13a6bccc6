"""A route as a person walks it: legs with street names, turns, times and places.

`partition.patrol.describe.describe_route` makes it out of a route and the network; every writer on the `maps` floor
draws only from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pyproj import CRS

from gis.streets.network import Mode

LegKind = Literal["inspect", "deadhead", "dwell"]
Turn = Literal["start", "straight", "left", "right", "back", "dwell", "arrive"]


@dataclass(frozen=True, slots=True)
class Leg:
    """One instruction: a stretch of one street in one manner, or a dwell at a place.

    Attributes
    ----------
    number
        From 1.
    kind
        ``inspect``, ``deadhead`` (空驶), ``dwell``.
    turn
        How to turn into it, from the leg before.
    name
        Street or place; empty where it has none.
    road_class
        Class of the street; kind of the place for a dwell.
    link_ids
        Links passed, in order; empty for a dwell.
    geometry
        LineString in walking direction (a Point for a dwell), in the itinerary's CRS.
    bearing_deg
        Clockwise from north at its beginning.
    length_m, seconds, start_s, start_m
        Its own length and time; time and metres from the beginning of the route to its beginning.
    turns_back
        The street ends at the end of this leg: turn round there (尽头折返).
    other_side
        The street was inspected earlier on this route; this is its other side.
    place_id
        Id of the key place of a dwell.
    """

    number: int
    kind: LegKind
    turn: Turn
    name: str
    road_class: str
    link_ids: tuple[str, ...]
    geometry: Any
    bearing_deg: float
    length_m: float
    seconds: float
    start_s: float
    start_m: float
    turns_back: bool = False
    other_side: bool = False
    place_id: str = ""


@dataclass(frozen=True, slots=True)
class Itinerary:
    """One patroller's shift.

    ``id`` names it everywhere (files, pages, tracks): ``GRID-1``; a second shift of the day has its own.
    ``lower_bound_m`` is this route's share of the bound on all routes of the grid, by length; ``unreachable_m`` counts
    for the grid.
    ``starts_at`` is the moment the patrol sets out, ISO 8601 with its offset; empty where no day is set: then times
    are told from the beginning of the route.  ``post`` is the name of the post it sets out from; ``is_closed``: it
    ends where it began.
    """

    id: str
    grid: str
    patroller: int
    n_patrollers: int
    mode: Mode
    crs: CRS
    legs: tuple[Leg, ...]
    length_m: float
    required_m: float
    deadhead_m: float
    minutes: float
    lower_bound_m: float
    unreachable_m: float
    plan_id: str = ""
    shift: str = ""
    post: str = ""
    starts_at: str = ""
    is_closed: bool = True
