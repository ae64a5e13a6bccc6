"""What the rooms of the check share: how near is equal, how many faults of a kind are told."""

from __future__ import annotations

from gis.errors import Fact, Fault

NEAR_S, NEAR_M = 0.01, 0.01
SHOWN = 20


def fault(code: str, **facts: Fact) -> Fault:
    """A fault with its facts."""
    return Fault(code, facts)
