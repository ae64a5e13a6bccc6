"""What a survey of response times says: promises kept or not, by area and to the worst address.

Made by `partition.coverage.reach.survey`; maps, tables and pages are drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.streets import StreetNetwork
from gis.streets.network import ObjectArray
from partition.coverage.settings import ReachRule, ReachSettings


@dataclass(frozen=True, slots=True)
class Arrival:
    """Earliest arrival of anyone from some posts.  Arrays are read-only.

    Counted are the turn-out, the way from a post to its street (in its own mode, at the mode's speed), and travel at
    the streets' speeds times the band's ``speed_factor``: seconds are divided by it.

    Attributes
    ----------
    node_s, node_post
        Per node of the network: seconds (infinite: nobody comes) and row of the post that is first (-1).
    link_s
        ``(links, 2)``: seconds at the tail and at the head of each link.
    """

    node_s: FloatArray
    node_post: Int32Array
    link_s: FloatArray

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            getattr(self, name).setflags(write=False)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where people must be reached: buildings or key places, each with the spot of the street nearest to it.

    Of streets that the mode may use, motorways excepted.  Where a barrier lies between, the nearest on this side
    counts; where the nearest is a fragment cut off from the rest, a street of the rest that is hardly farther.

    Attributes
    ----------
    layer, row
        ``buildings`` or ``key_places``, and the row in it.
    link, along_m, off_m
        Nearest link that the mode may use (-1: none within ``place_m``), metres along it, metres from it.
    households
        Per door; 0 for key places.
    grid
        Per door: position of its grid, -1 outside.
    """

    layer: str
    row: Int32Array
    link: Int32Array
    along_m: FloatArray
    off_m: FloatArray
    households: FloatArray
    grid: Int32Array


@dataclass(frozen=True, slots=True)
class Shares:
    """How much is reached in time, of all there is (what nobody can reach counts as not reached)."""

    households: float
    households_in: float
    buildings: int
    buildings_in: int
    places: int
    places_in: int
    street_m: float
    street_in_m: float
    area_m2: float
    area_in_m2: float


@dataclass(frozen=True, slots=True)
class WorstDoor:
    """An address that is reached last.

    Attributes
    ----------
    layer, id, name
        Building or key place, and its address text or name where there is one.
    grid
        Grid code, empty outside.
    seconds
        Arrival, infinite where nobody comes.
    post
        Id of the post that is first, empty where none.
    off_m
        Metres from the street.
    x, y
        Metric CRS.
    """

    layer: str
    id: str
    name: str
    grid: str
    seconds: float
    post: str
    off_m: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class RuleReach:
    """One promise in one band.

    Attributes
    ----------
    rule, band
        Which.
    n_posts
        Posts that answer.
    arrival
        Arrival times on the network of the rule's mode.
    shares
        Over all, within ``rule.minutes``.
    by_grid
        Grid code -> shares.
    ring
        Minutes (those of the settings and the rule's own) -> shares over all.
    door_s
        Per door of the rule (`ReachSurvey.doors`): seconds, infinite where nobody comes.
    is_kept
        Whether the share promised is reached; None where there is nothing to reach.
    worst
        Doors by name: up to ``settings.worst`` that nobody reaches, then up to as many that are reached last, the last
        first.
    worst_s
        Seconds to the last door that can be reached at all; None where there is none.
    unreachable
        Number of doors nobody can reach.
    promised
        Per door: the promise is made to it (a rule that names kinds of places is not made to the other kinds).
    """

    rule: ReachRule
    band: str
    n_posts: int
    arrival: Arrival
    shares: Shares
    by_grid: Mapping[str, Shares]
    ring: Mapping[float, Shares]
    door_s: FloatArray
    is_kept: bool | None
    worst: tuple[WorstDoor, ...]
    worst_s: float | None
    unreachable: int
    promised: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))


@dataclass(frozen=True, slots=True)
class ReachSurvey:
    """Everything known about response times on one plan.

    Attributes
    ----------
    settings
        The rules asked with.
    codes
        Grid codes, ascending.
    networks
        Per mode in use: the streets.
    doors
        Per (mode, layer) in use: the doors.
    rules
        Every promise in every band.
    post_node, post_off_m
        Per mode, per row of the layer ``posts``: node of the streets (-1: too far from them), and metres to them.
    """

    settings: ReachSettings
    codes: tuple[str, ...]
    networks: Mapping[str, StreetNetwork]
    doors: Mapping[tuple[str, str], Doors]
    rules: tuple[RuleReach, ...]
    post_node: Mapping[str, Int32Array]
    post_off_m: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Ring:
    """Links reached in time, cut at the exact minute, and a polygon round them for display only.

    Attributes
    ----------
    minutes
        Time.
    lines
        LineStrings, metric CRS.
    polygon
        Around the lines; for display.
    """

    minutes: float
    lines: ObjectArray
    polygon: object


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that could be sent: a car, a patrol, a post; never a person.

    Attributes
    ----------
    id, kind
        Which.
    x, y
        Last position, metric CRS.
    status
        ``available``, ``busy``, ``resting``, ``off``.
    age_s
        Age of the position.
    """

    id: str
    kind: str
    x: float
    y: float
    status: str = "available"
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class UnitReach:
    """One unit considered for an incident.

    Attributes
    ----------
    unit
        Which.
    seconds
        Expected arrival, turn-out included; infinite where it can not come or is not asked.  Of a unit that is
        ``farther`` at least so much: the search ends when the nearest are certain.
    length_m
        Metres on the way (0 where it was not looked for).
    line
        The way, from the unit to the incident, or None: of the units chosen.
    reason
        ``chosen``, ``farther``, ``busy``, ``resting``, ``off``, ``stale``, ``off_network``, ``no_way``;
        ``straight_line`` where no street leads there and the time is only as the crow flies.
    """

    unit: Unit
    seconds: float
    length_m: float
    line: object | None
    reason: str
