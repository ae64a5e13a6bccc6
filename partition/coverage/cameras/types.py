"""What a survey of the cameras of a plan says: density by area, what is seen by level, and what had better not be.

Made by `partition.coverage.cameras.survey`; maps, tables and pages are drawn from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.sight import Cameras, Samples, Sights
from gis.streets.network import ObjectArray
from partition.coverage.settings import CameraSettings


@dataclass(frozen=True, slots=True)
class Land:
    """The grids that coverage is counted by, in the territory's metric CRS, codes ascending.

    Attributes
    ----------
    codes, community, town, name
        Per grid: texts; empty where unknown.
    class_code
        Per grid: urban and rural class of its community, else ``urban`` or ``rural`` by its kind.
    geometry
        Per grid: polygon.
    area_m2
        Per grid: area without water.
    households
        Per grid.
    """

    codes: tuple[str, ...]
    community: tuple[str, ...]
    town: tuple[str, ...]
    name: tuple[str, ...]
    class_code: tuple[str, ...]
    geometry: ObjectArray
    area_m2: FloatArray
    households: FloatArray


@dataclass(frozen=True, slots=True)
class DensityRow:
    """Cameras of one grid, community, town or class.

    Attributes
    ----------
    scope
        ``grid``, ``community``, ``town``, ``class`` (``urban`` and ``rural``), ``class_code`` (the finer classes, where
        any are known), ``all`` (the grids together) or ``area`` (a polygon of its own, with its own target).
    code, name
        Of the area.
    area_km2
        Without water.
    positions, channels, working
        Camera positions (点位), video channels (路; a position that states none counts one), positions that work.
    target_per_km2, density_per_km2
        Wanted and there; density is None where the area is zero; a target over several classes is their mean by area.
    missing
        ``max(0, ceil(target x km2) - positions)``; summed over the grids in it for a larger area.
    street_m
        Metres of public street.
    seen_m
        Per level: metres of public street seen.
    places, places_seen
        Key places, and per level how many are seen.
    private_m
        Metres of private windows and estate lanes in view, at the level that counts as intrusion; each metre once.
    networked, networked_known
        Positions that are networked, of those whose status says whether they are.
    twice_m
        Metres of public street that two or more cameras see at the level asked for.
    """

    scope: str
    code: str
    name: str
    area_km2: float
    positions: int
    channels: int
    working: int
    target_per_km2: float
    density_per_km2: float | None
    missing: int
    street_m: float
    seen_m: Mapping[str, float]
    places: int
    places_seen: Mapping[str, int]
    private_m: float
    networked: int = 0
    networked_known: int = 0
    twice_m: float = 0.0

    @property
    def working_frac(self) -> float | None:
        """Share of the positions that work; None without a position."""
        return self.working / self.positions if self.positions else None

    @property
    def networked_frac(self) -> float | None:
        """Share of the positions that are networked, of those that are known; None where of none."""
        return self.networked / self.networked_known if self.networked_known else None

    @property
    def street_per_camera_m(self) -> float | None:
        """Metres of public street per position; None without a position."""
        return self.street_m / self.positions if self.positions else None


@dataclass(frozen=True, slots=True)
class Blind:
    """A stretch of public street that no camera sees at the level asked for."""

    street: int
    from_m: float
    to_m: float
    grid: int

    @property
    def length_m(self) -> float:
        """Its length."""
        return self.to_m - self.from_m


@dataclass(frozen=True, slots=True)
class CameraSurvey:
    """Everything known about the cameras of one plan.

    Attributes
    ----------
    settings, land
        The rules asked with, and the grids.
    cameras, grid, channels
        Positions inside the territory, and per position its grid (-1: in none) and its channels.
    programme, owner, kind
        Per position: texts, empty where unknown.
    samples, sights
        What may be seen and what is.
    seen_by
        Per sample point: number of working cameras at the level asked for.
    polygon
        Per position: what it sees at the level asked for; empty polygons where they were not asked for.
    mask
        Per position: the private part of it, to be masked in the picture (empty polygon where none).
    private_m
        Per position: metres of private windows and estate lanes in view at the private level, whether it works or not.
    rows
        Density by grid, community, town, class and all.
    by_programme, by_owner
        Positions and channels: name -> (positions, channels).
    progress
        Per programme (and ``""``): channels built, channels planned, share.
    blind
        Stretches not seen, the longest first; ``grid`` is the one with most of its metres.
    is_forbidden
        Per position: stands where no camera may.
    ids_28181
        Per position: ``ok``, ``none`` (its id is not a 20-digit device id) or the code of what is wrong with it.
    is_networked
        Per position: whether its status says that it is networked; None where it says nothing.
    """

    settings: CameraSettings
    land: Land
    cameras: Cameras
    grid: Int32Array
    channels: Int32Array
    programme: tuple[str, ...]
    owner: tuple[str, ...]
    kind: tuple[str, ...]
    samples: Samples
    sights: Sights
    seen_by: Int32Array
    polygon: ObjectArray
    mask: ObjectArray
    private_m: FloatArray
    rows: tuple[DensityRow, ...]
    by_programme: Mapping[str, tuple[int, int]]
    by_owner: Mapping[str, tuple[int, int]]
    progress: Mapping[str, tuple[int, int, float]]
    blind: tuple[Blind, ...]
    is_forbidden: BoolArray
    ids_28181: tuple[str, ...]
    is_networked: tuple[bool | None, ...] = ()
