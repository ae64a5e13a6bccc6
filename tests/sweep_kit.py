"""Sweeps for tests: the spring of Guangming, whose paper gives 14 of them with what they came to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from data.store.rooms.sweeps import NewSweep

COUNTY = "330402"
BEGAN = datetime(2026, 10, 6, 11, 30, tzinfo=UTC)
"""Half past seven in the evening of a Tuesday in China."""
GUANGMING = {"vehicles": 247, "people": 1_499, "buildings": 1_987, "problems": 558}
N_HELD = 14
RATIOS = ("142", "0.28")
"""Buildings per sweep, problems per building."""


def new_sweep(**facts: Any) -> NewSweep:
    """One sweep of the whole county; its counts differ from each other."""
    told: dict[str, Any] = {"county": COUNTY, "community": None, "kind": "夜间清查", "began_at": BEGAN}
    told |= {"ended_at": BEGAN + timedelta(hours=3), "vehicles": 18, "people": 107, "buildings": 142, "problems": 40}
    return NewSweep(**(told | facts))


def guangming(**facts: Any) -> list[NewSweep]:
    """14 sweeps on evenings of Tuesdays and Thursdays, uneven, that add up to the paper's totals."""
    rows = []
    for i in range(N_HELD):
        # The first ones take what is left over.
        counts = {name: n // N_HELD + (i < n % N_HELD) for name, n in GUANGMING.items()}
        began = BEGAN + timedelta(days=7 * (i // 2) + 2 * (i % 2))
        rows.append(new_sweep(began_at=began, ended_at=None, **counts, **facts))
    return rows


def sent(sweep: NewSweep) -> dict[str, Any]:
    """A sweep as a program sends it."""
    names = ("kind", "vehicles", "people", "buildings", "problems", "source", "external", "community")
    told = {name: getattr(sweep, name) for name in names} | {"began_at": sweep.began_at.isoformat()}
    return told if sweep.ended_at is None else told | {"ended_at": sweep.ended_at.isoformat()}
