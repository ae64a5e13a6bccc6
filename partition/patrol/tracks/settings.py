"""How tracks are cleaned, matched and judged: the editable figures, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gis.streets.network import Mode

MOST_KMH: Mapping[Mode, float] = MappingProxyType({Mode.FOOT: 12.0, Mode.EBIKE: 45.0, Mode.CAR: 120.0})
"""Nobody on patrol moves faster; who does on foot rides, and what is ridden past is not patrolled on foot."""


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """The rules of judging tracks.

    Attributes
    ----------
    mode
        How the patrol moved.
    most_kmh
        Per mode: fixes that would need more speed are dropped.
    accuracy_m
        Fixes that state a worse accuracy are dropped.
    gap_s
        Longer gaps cut a track in parts.
    sigma_m
        Standard error of a fix.  Excursions into a street of less than twice as much are taken for error, and the
        ends of what was walked are sure to twice as much only.
    reach_m
        Streets farther than this from a fix are not looked at.
    n_candidates
        Streets looked at per fix, nearest first.
    detour_m
        How much longer than the straight line the way between two fixes may well be (scale of an exponential).
    smooth_s, thin_m
        Fixes of so many seconds are averaged into one (per mode); means closer than this to the last are left out.
    bridge_s, bridge_m
        What lies between two fixes farther apart than this in time or along the streets counts as not patrolled.
    covered_frac
        A street is patrolled when this share of its metres is.
    visit_gap_s
        Passes farther apart in time are two visits.
    blind_m, least_blind_m2
        Ground farther than ``blind_m`` from what was patrolled is blind; smaller areas are not told.
    """

    mode: Mode = Mode.FOOT
    most_kmh: Mapping[Mode, float] = field(default_factory=lambda: MOST_KMH)
    accuracy_m: float = 50.0
    gap_s: float = 300.0
    sigma_m: float = 10.0
    reach_m: float = 50.0
    n_candidates: int = 12
    detour_m: float = 10.0
    smooth_s: Mapping[Mode, float] = field(
        default_factory=lambda: MappingProxyType({Mode.FOOT: 8.0, Mode.EBIKE: 2.0, Mode.CAR: 0.0})
    )
    thin_m: float = 4.0
    bridge_s: float = 60.0
    bridge_m: float = 250.0
    covered_frac: float = 0.9
    visit_gap_s: float = 600.0
    blind_m: float = 30.0
    least_blind_m2: float = 100.0

    @property
    def end_m(self) -> float:
        """How far a fix may well be from where it was taken: twice the standard error."""
        return 2 * self.sigma_m
