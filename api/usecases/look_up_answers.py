"""What a look-up answers: one grid where it is certain, the reasons, and what else may be meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, Protocol

from numpy.typing import ArrayLike

from api.i18n import sentence

Status = Literal["exact", "building", "street", "ambiguous", "not_found"]
MOST_CANDIDATES = 5
COLUMNS = (
    "query",
    "status",
    "grid",
    "community",
    "building",
    "matched_text",
    "confidence",
    "lon",
    "lat",
    "plan",
    "reason",
)
"""What an answer says, in the order of the contract's table."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Choice:
    """One address, or one grid, that may be meant.

    Attributes
    ----------
    building, address, lon, lat
        Of an address; ``None`` where it is not known.
    grid, community
        ``None`` where it lies in no grid.
    reasons
        What differs from what was asked.
    score_frac
        How well it agrees with what was asked; of a successor, its share of the old grid's households.
    """

    building: str | None
    address: str | None
    grid: str | None
    community: str | None
    lon: float | None
    lat: float | None
    reasons: tuple[str, ...]
    score_frac: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    Attributes
    ----------
    query
        What was asked.
    status
        ``exact``, ``building``, ``street``, ``ambiguous`` or ``not_found`` (see `gis.address.Match`).
    grid, name, community, plan
        The grid, where it is certain.
    building, matched_text, lon, lat
        The building, the address found in the layer, and where it lies, where they are certain; of a point the point
        itself, of a code a point inside the grid.
    confidence
        0 to 1.
    reasons, facts
        Why: codes (``address_<code>`` in the locale files, the weightiest first) and what their sentences need.
    candidates
        At most `MOST_CANDIDATES`, best first.
    grids
        Codes of all grids the answer may lie in, ascending; one of them where the grid is certain.
    matched, dropped
        The parts of the asker's own text that were used, and those that were not.
    """

    query: str
    status: Status
    grid: str | None = None
    name: str | None = None
    community: str | None = None
    building: str | None = None
    matched_text: str | None = None
    confidence: float = 0.0
    lon: float | None = None
    lat: float | None = None
    plan: str | None = None
    reasons: tuple[str, ...] = ()
    facts: Mapping[str, Any] = _NOTHING
    candidates: tuple[Choice, ...] = ()
    grids: tuple[str, ...] = ()
    matched: str = ""
    dropped: str = ""

    @property
    def reason(self) -> str | None:
        """The weightiest reason."""
        return self.reasons[0] if self.reasons else None

    def row(self) -> dict[str, Any]:
        """The columns of the contract's table; `reason` holds the codes of all reasons."""
        values: dict[str, Any] = {name: getattr(self, name) for name in COLUMNS[:-1]}
        return {**values, "reason": " ".join(self.reasons) or None}

    def details(self, language: str) -> list[str]:
        """Why, in sentences."""
        facts = tuple(self.facts.items())
        return [_told(code, facts, language) for code in self.reasons]


class Answers(Protocol):
    """What answers: a book from files or from a store."""

    def look_up(self, text: str) -> Answer:
        """The answer to one text."""

    def look_up_many(self, texts: Sequence[str]) -> list[Answer]:
        """The answers to many texts, in their order."""

    def look_up_points(self, lon: ArrayLike, lat: ArrayLike) -> list[Answer]:
        """The answers to many points in longitude and latitude (WGS 84), in their order."""


@lru_cache(maxsize=4096)
def _told(code: str, facts: tuple[tuple[str, Any], ...], language: str) -> str:
    return sentence(f"address_{code}", dict(facts), language)
