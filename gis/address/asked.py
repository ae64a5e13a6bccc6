"""What an address says, once read: names that may be meant, numbers, and what could not be explained."""

from __future__ import annotations

from dataclasses import dataclass, field

from gis.address.types import KINDS


@dataclass(slots=True)
class Asked:
    """What an address says.

    Attributes
    ----------
    named
        Per kind: ids of names that may be meant, each with how well the text agrees (1: exactly).
    cost
        Cost of mending by name id, for those that do not agree exactly.
    spelt
        For those the text that was written.
    unknown
        Kinds that are named by something the layer does not have.
    door, building, group, unit
        Numbers, canonical; several where a range or a list is asked; empty where not asked.
    lane
        A lane without a door number (``21巷``).
    """

    text: str
    named: tuple[dict[int, float], ...] = field(default_factory=lambda: tuple({} for _ in KINDS))
    cost: dict[int, float] = field(default_factory=dict)
    spelt: dict[int, str] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)
    door: tuple[str, ...] = ()
    building: tuple[str, ...] = ()
    loose: str = ""
    group: str = ""
    unit: str = ""
    lane: str = ""
    reasons: list[str] = field(default_factory=list)
    dropped: list[tuple[int, int]] = field(default_factory=list)

    def remember(self, reason: str) -> None:
        """Keep a reason, once."""
        if reason not in self.reasons:
            self.reasons.append(reason)
