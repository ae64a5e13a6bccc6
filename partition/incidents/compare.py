"""Counts beside those of another period: the same one of the year before (同比), or the one before (环比).

A fall to nothing is -100 %; a rise from nothing has no per cent and is called new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from partition.incidents.rates import rounded

TRENDS = ("fell", "rose", "same", "new", "none")


@dataclass(frozen=True, slots=True)
class Change:
    """A count now and before."""

    now: float
    before: float

    @property
    def trend(self) -> str:
        """``fell``, ``rose``, ``same``; ``new`` (nothing before), ``none`` (nothing then or now)."""
        if not self.before:
            return "new" if self.now else "none"
        if self.now == self.before:
            return "same"
        return "fell" if self.now < self.before else "rose"

    @property
    def frac(self) -> float | None:
        """Change over what was before; none where nothing was."""
        return (self.now - self.before) / self.before if self.before else None

    @property
    def text(self) -> str | None:
        """In whole per cent with its sign, as a paper prints it: ``-17``, ``-100``, ``+8``, ``0``."""
        return change_percent(self.now, self.before)


def change_percent(now: float, before: float, digits: int = 0) -> str | None:
    """A change in per cent, rounded half away from zero, with its sign; none where nothing was before."""
    if not before:
        return None
    was = Decimal(str(before))
    text = rounded((Decimal(str(now)) - was) * 100, was, digits)
    is_zero = not text.strip("-0.")
    return text.lstrip("-") if is_zero else text if text.startswith("-") else f"+{text}"


def compare(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, Change]:
    """Counts by key beside those of another period; keys of either, ascending."""
    return {key: Change(now.get(key, 0), before.get(key, 0)) for key in sorted({*now, *before})}
