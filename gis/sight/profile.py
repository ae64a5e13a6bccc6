"""How finely a camera must draw a person's outline for a purpose: levels of pixel density, as data with their edition.

Values belong to an edition of a standard and are replaced as a whole (EN/IEC 62676-4 of 2015 is shipped; the edition
of 2025 uses another scale).  What a camera sees at a level is decided in `gis.sight.see`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gis.errors import InputError


@dataclass(frozen=True, slots=True)
class PixelProfile:
    """Levels of one edition.

    Attributes
    ----------
    edition
        Name of the edition, shown wherever a level is.
    levels
        ``(level, px_per_m)``, from coarse to fine.
    """

    edition: str
    levels: tuple[tuple[str, float], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Levels from coarse to fine."""
        return tuple(name for name, _ in self.levels)

    def px_per_m(self, level: str) -> float:
        """Least pixel density of a level.

        Raises
        ------
        InputError
            ``sight_level_unknown``.
        """
        for name, density in self.levels:
            if name == level:
                return density
        raise InputError("sight_level_unknown", measured=level[:40], allowed=", ".join(self.names))


PROFILE_2015 = PixelProfile(
    "EN/IEC 62676-4:2015", (("detect", 25.0), ("observe", 62.5), ("recognise", 125.0), ("identify", 250.0))
)
"""The four levels that plans ask for; pixels per metre across the line of sight."""
