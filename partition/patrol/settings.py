"""What a patrol must pass and how fast it goes: the editable rules of patrols, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gis.streets.network import Mode, NetworkOptions

PATROLLED_CLASSES = frozenset(
    name + link for name in ("trunk", "primary", "secondary", "tertiary") for link in ("", "_link")
) | {"unclassified", "residential", "living_street", "pedestrian", "service", "road", "busway"}
"""Streets that a patrol inspects; paths, tracks and steps may be walked but are not inspected by default."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """Kilometres per hour of one mode: travelling, and inspecting on the way."""

    passing_kmh: float
    inspecting_kmh: float


SPEEDS: Mapping[Mode, Speeds] = MappingProxyType(
    {Mode.FOOT: Speeds(4.5, 3.0), Mode.EBIKE: Speeds(18.0, 12.0), Mode.CAR: Speeds(30.0, 20.0)}
)
"""Walking patrol 3.0 km/h is the mean that the published totals of one district give; the rest are settings."""


@dataclass(frozen=True, slots=True)
class PatrolSettings:
    """The rules of one planning of patrols.

    Attributes
    ----------
    mode
        How the patrol moves.
    speeds
        Speeds per mode; a street's own ``speed_kmh`` caps those of a car.
    classes
        Street classes that must be inspected.
    both_sides_classes
        Classes so wide that a patrol on foot passes each side.
    inspect_estates
        Whether streets inside estates are the patrol's (otherwise the estate's own guards look after them).
    snap_m, passage_m, place_m
        Ends of streets this close are one node; gaps up to ``passage_m`` are joined on foot by an unmapped passage
        where no barrier lies between; posts and places farther than ``place_m`` from the network are off it.
    shift_minutes, n_patrollers, is_open
        See `partition.patrol.problem.PatrolProblem`; 0 patrollers: as few as the shift allows.
    default_dwell_min
        Dwell at a key place that states none.
    """

    mode: Mode = Mode.FOOT
    speeds: Mapping[Mode, Speeds] = field(default_factory=lambda: SPEEDS)
    classes: frozenset[str] = PATROLLED_CLASSES
    both_sides_classes: frozenset[str] = frozenset({"trunk", "primary"})
    inspect_estates: bool = False
    snap_m: float = 2.0
    passage_m: float = 30.0
    place_m: float = 100.0
    shift_minutes: float = 240.0
    n_patrollers: int = 0
    is_open: bool = False
    default_dwell_min: float = 3.0

    def network_options(self) -> NetworkOptions:
        """What of these rules decides how the network is laid and shared out."""
        speeds = self.speeds[self.mode]
        return NetworkOptions(
            mode=self.mode,
            passing_kmh=speeds.passing_kmh,
            inspecting_kmh=speeds.inspecting_kmh,
            classes=self.classes,
            both_sides_classes=self.both_sides_classes,
            inspect_estates=self.inspect_estates,
            snap_m=self.snap_m,
            passage_m=self.passage_m,
            place_m=self.place_m,
        )
