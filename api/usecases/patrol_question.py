"""Which patrol somebody wants: a room of its own, so that the service starts without what answers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partition.patrol.settings import PatrolSettings

HALVES = {"am": "08:00", "pm": "14:00", "night": "22:00"}
"""Shifts of a day, and when their patrols set out."""
_CHINA = "+08:00"


@dataclass(frozen=True, slots=True)
class PatrolQuestion:
    """Which patrol is wanted; what it leaves open is as in `partition.patrol.settings`.

    Attributes
    ----------
    grid
        Code.
    mode, patrollers, shift_minutes
        ``foot``, ``ebike`` or ``car``; how many they are (0: as few as the shift allows), how long they may take.
    post
        Id of the post to begin and end at; empty: wherever is best.
    day, half
        Of the shift: routes of different shifts go round differently.
    """

    grid: str
    mode: str = "foot"
    patrollers: int = 0
    shift_minutes: float = 240.0
    post: str = ""
    day: date | None = None
    half: str = ""

    @property
    def settings(self) -> PatrolSettings:
        """The rules of this planning."""
        from gis.streets import Mode
        from partition.patrol.settings import PatrolSettings

        return PatrolSettings(mode=Mode(self.mode), shift_minutes=self.shift_minutes, n_patrollers=self.patrollers)

    @property
    def shift(self) -> str:
        """Day and half as people write them; empty where none is asked for."""
        return " ".join(part for part in (self.day.isoformat() if self.day else "", self.half) if part)

    @property
    def starts_at(self) -> str:
        """Moment the patrol sets out, where a shift is asked for."""
        if self.day is None or self.half not in HALVES:
            return ""
        return f"{self.day.isoformat()}T{HALVES[self.half]}:00{_CHINA}"
