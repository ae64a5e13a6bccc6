"""What the patrol before left out: streets and blind areas, as the pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyproj import CRS


@dataclass(frozen=True, slots=True)
class MissedStreet:
    """A stretch of street that was not patrolled; ``line`` in the CRS of the whole, ``None`` where it is not known."""

    name: str
    road_class: str
    length_m: float
    line: Any = None


@dataclass(frozen=True, slots=True)
class Missed:
    """What one patrol, or several, left out of a grid.

    Attributes
    ----------
    crs
        CRS of all geometry.
    streets
        Stretches, longest first.
    blind
        Polygons that no patrol came near to.
    shift
        Which shift it was, as people call it: ``2026-11-21 pm``.
    """

    crs: CRS
    streets: tuple[MissedStreet, ...]
    blind: tuple[Any, ...] = ()
    shift: str = ""

    @property
    def length_m(self) -> float:
        """Metres left out in all."""
        return sum(street.length_m for street in self.streets)
