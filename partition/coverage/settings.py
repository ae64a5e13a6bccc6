"""The editable rules of coverage, with their defaults: camera targets and optics, response times and speeds.

Read from a file in `partition.coverage.settings_toml` (tables ``[cameras]`` and ``[reach]``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gis.sight.optics import Optics
from gis.sight.profile import PROFILE_2015, PixelProfile
from gis.streets.network import Mode

URBAN_CLASSES = frozenset({"111", "112", "121", "122", "123"})
"""Urban and rural class codes (城乡分类) that count as urban; 210 and 220 are rural."""

OPTICS = Optics()
"""A street camera of 4 mm: assumed where nothing is stated, and what siting puts up unless told otherwise."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Rules for cameras.

    Attributes
    ----------
    density
        Positions per square kilometre wanted, by urban or rural class: keys ``urban``, ``rural`` or a class code
        (``111`` ...), which goes before them.
    planned_channels
        Channels that a building programme asks for, by programme; ``""`` for all together; none: no progress shown.
    covered_frac, networked_frac, working_frac, trades_working_frac
        Rates wanted: of key places seen, of positions networked, working, and working in key trades.
    trade_programmes
        Programmes whose positions count as key trades (重点行业); none by default.
    profile, level
        Edition of pixel densities and the level that is asked for.
    sample_m
        Distance of the points that stand for streets and walls.
    default
        Optics assumed for a camera that states none.
    model
        What siting puts up.
    pole_every_m, pole_aside_m, headings, per_pole
        Candidate poles: distance along streets, distance from the middle line, headings tried, cameras per pole.
    place_weight_m
        A key place counts as so many metres of street.
    private_level
        Level from which a view of private windows and estate lanes counts as intrusion.
    private_price
        Metres of public street that one private metre in view outweighs when siting; 0: only between equals.
    private_most_m
        Poses that see more private metres are not proposed; infinite: no limit.
    forbidden_estates, forbidden_near_m
        Kinds of estates inside which, and kinds of key places within how many metres of which, no camera may stand.
    high_m
        Cameras mounted at least so high are 高点: listed apart, their near view not counted.
    """

    density: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"urban": 70.0, "rural": 8.0}))
    planned_channels: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    covered_frac: float = 1.0
    networked_frac: float = 1.0
    working_frac: float = 0.98
    trades_working_frac: float = 0.95
    trade_programmes: frozenset[str] = frozenset()
    profile: PixelProfile = PROFILE_2015
    level: str = "recognise"
    sample_m: float = 5.0
    default: Optics = OPTICS
    model: Optics = OPTICS
    pole_every_m: float = 40.0
    pole_aside_m: float = 4.0
    headings: int = 12
    per_pole: int = 2
    place_weight_m: float = 20.0
    private_level: str = "observe"
    private_price: float = 0.0
    private_most_m: float = float("inf")
    forbidden_estates: frozenset[str] = frozenset()
    forbidden_near_m: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    high_m: float = 20.0

    @property
    def px_per_m(self) -> float:
        """Pixel density of the level asked for."""
        return self.profile.px_per_m(self.level)


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the day: how fast one gets through, and which kinds of posts answer (empty: every kind)."""

    name: str
    speed_factor: float = 1.0
    posts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReachRule:
    """A promise: from these posts, to these places, in so many minutes.

    Attributes
    ----------
    name
        What it is called in tables.
    minutes
        Time allowed, the turn-out before travel included.
    posts
        Kinds of posts that answer; empty: every kind.
    places
        Kinds of key places it is promised to; empty: every building.
    mode
        How they come.
    target_frac
        Share of the places (or households) that must be reached in time.
    """

    name: str
    minutes: float
    posts: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    mode: Mode = Mode.CAR
    target_frac: float = 1.0


REACH_RULES = (
    ReachRule("1", 1.0, frozenset({"police", "patrol"}), frozenset({"政府", "机关", "车站", "景区"}), Mode.EBIKE),
    ReachRule("3", 3.0, frozenset({"police", "patrol"}), frozenset({"银行", "学校", "医院"}), Mode.EBIKE),
    ReachRule("5", 5.0, frozenset({"police", "patrol"}), frozenset({"商圈", "市场"}), Mode.CAR),
    ReachRule("30", 30.0, frozenset({"emergency"}), frozenset(), Mode.CAR),
    ReachRule("circle15", 15.0, frozenset({"service"}), frozenset(), Mode.FOOT),
)
"""Promises as published by several districts, without one meaning between them: a table to edit."""


@dataclass(frozen=True, slots=True)
class ReachSettings:
    """Rules for response times.

    Attributes
    ----------
    rules
        The promises to check.
    bands
        Parts of the day; each is reported on its own.
    speed_kmh
        Travelling speed per mode; a street's own ``speed_kmh`` caps those of a car.
    off_street_kmh
        Speed on foot between the street and a door.
    turn_out_s
        Seconds from the call to leaving, counted in every arrival.
    snap_m, passage_m, place_m
        As in laying the streets; a post or door farther than ``place_m`` from every street is off the network.
    ring_minutes
        Rings that are always shown beside the rules.
    worst
        How many of the worst addresses are named.
    """

    rules: tuple[ReachRule, ...] = REACH_RULES
    bands: tuple[Band, ...] = (Band("day"), Band("night", 1.2, frozenset({"police", "patrol", "emergency"})))
    speed_kmh: Mapping[Mode, float] = field(
        default_factory=lambda: MappingProxyType({Mode.FOOT: 4.5, Mode.EBIKE: 18.0, Mode.CAR: 40.0})
    )
    off_street_kmh: float = 4.5
    turn_out_s: float = 0.0
    snap_m: float = 2.0
    passage_m: float = 30.0
    place_m: float = 200.0
    ring_minutes: tuple[float, ...] = (1.0, 3.0, 5.0)
    worst: int = 20
