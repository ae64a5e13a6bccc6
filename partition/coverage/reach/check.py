"""Settings of response times that make no sense: every fault at once."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gis.errors import Fault, InputError
from partition.coverage.settings import ReachSettings


def check(settings: ReachSettings) -> None:
    """Raise every fault.

    Raises
    ------
    InputError
        ``reach_setting_wrong``, ``reach_name_twice``.
    """
    faults = [*_numbers(settings), *_names(settings)]
    if faults:
        raise InputError.of(faults)


def _numbers(settings: ReachSettings) -> Iterator[Fault]:
    above: list[tuple[str, float]] = [(f"speed_kmh.{mode}", kmh) for mode, kmh in settings.speed_kmh.items()]
    above += [(f"rules.{rule.name}.minutes", rule.minutes) for rule in settings.rules]
    above += [(f"bands.{band.name}.speed_factor", band.speed_factor) for band in settings.bands]
    above += [("off_street_kmh", settings.off_street_kmh), *(("ring_minutes", m) for m in settings.ring_minutes)]
    for name, value in above:
        if not (math.isfinite(value) and value > 0):
            yield _fault(name, value, "> 0")
    for name in ("turn_out_s", "snap_m", "passage_m", "place_m", "worst"):
        value = float(getattr(settings, name))
        if not (math.isfinite(value) and value >= 0):
            yield _fault(name, value, ">= 0")
    for rule in settings.rules:
        if not 0 <= rule.target_frac <= 1:
            yield _fault(f"rules.{rule.name}.target_frac", rule.target_frac, "0 - 1")
        if rule.mode not in settings.speed_kmh:
            yield _fault(f"speed_kmh.{rule.mode}", None, "> 0")
    if not settings.rules:
        yield _fault("rules", 0, ">= 1")
    if not settings.bands:
        yield _fault("bands", 0, ">= 1")


def _names(settings: ReachSettings) -> Iterator[Fault]:
    """Two rules or two bands of one name could not be told apart in a table."""
    for table, names in (("rules", [r.name for r in settings.rules]), ("bands", [b.name for b in settings.bands])):
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield Fault("reach_name_twice", {"table": table, "id": name, "measured": names.count(name)})


def _fault(option: str, measured: float | None, allowed: str) -> Fault:
    return Fault("reach_setting_wrong", {"option": option, "measured": measured, "allowed": allowed})
