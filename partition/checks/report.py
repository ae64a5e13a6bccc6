"""What a check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gis.errors import Fault
from partition.plan import Violation


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Findings of `verify`.

    Attributes
    ----------
    faults
        What is wrong with the plan as a plan; a sound plan has none.
    broken_rules
        Rules the plan breaks and says so.
    measures
        Figures of the plan: gap, overlap and crossing in m2, worst community, shares, counts.
    """

    faults: tuple[Fault, ...]
    broken_rules: tuple[Violation, ...]
    measures: Mapping[str, float]

    @property
    def is_sound(self) -> bool:
        """The plan is what it says it is."""
        return not self.faults

    @property
    def passed(self) -> bool:
        """Sound, and no rule broken."""
        return not self.faults and not self.broken_rules

    @property
    def broken_geometry(self) -> tuple[Fault, ...]:
        """Alias of ``faults``: what makes a plan unfit to be written."""
        return self.faults
