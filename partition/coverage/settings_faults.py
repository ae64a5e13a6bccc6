"""What values the settings of coverage may have, wherever they come from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields
from types import MappingProxyType

from gis.errors import Fact, Fault, InputError
from gis.layers import ESTATE_KINDS, POST_KINDS
from gis.sight.optics import Optics
from partition.codes.units import CLASSES
from partition.coverage.settings import Band, CameraSettings, ReachRule, ReachSettings

_MOST = 1e6
CAMERA_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "covered_frac": (0.0, 1.0),
        "networked_frac": (0.0, 1.0),
        "working_frac": (0.0, 1.0),
        "trades_working_frac": (0.0, 1.0),
        "sample_m": (0.5, 50.0),
        "pole_every_m": (2.0, 1000.0),
        "pole_aside_m": (0.0, 50.0),
        "headings": (1, 72),
        "per_pole": (1, 16),
        "place_weight_m": (0.0, _MOST),
        "private_price": (0.0, _MOST),
        "private_most_m": (0.0, math.inf),
        "high_m": (1.0, 1000.0),
    }
)
"""Least and most of each number of the table ``[cameras]``."""
OPTICS_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "focal_mm": (0.5, 2000.0),
        "sensor_mm": (0.5, 100.0),
        "px_width": (16, 100_000),
        "height_m": (0.5, 1000.0),
        "tilt_deg": (-45.0, 90.0),
        "range_m": (1.0, 10_000.0),
    }
)
REACH_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "off_street_kmh": (0.5, 30.0),
        "turn_out_s": (0.0, 86_400.0),
        "snap_m": (0.0, 20.0),
        "passage_m": (0.0, 200.0),
        "place_m": (1.0, 5000.0),
        "worst": (0, 10_000),
    }
)
"""Least and most of each number of the table ``[reach]``."""
RULE_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"minutes": (0.01, 1440.0), "target_frac": (0.0, 1.0)}
)
BAND_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType({"speed_factor": (0.05, 20.0)})
URBAN, RURAL = "urban", "rural"
DENSITY_KEYS = (URBAN, RURAL, *CLASSES)
"""What a density may be asked for: urban or rural, or a class code, which goes before them."""
_DENSITY = (0.0, 100_000.0)
_CHANNELS = (1, 1_000_000_000)
_PX_PER_M = (1.0, 10_000.0)
_NEAR_M = (0.0, 10_000.0)
_SPEED_KMH = (0.5, 150.0)
_MINUTES = (0.01, 1440.0)


def assert_settings(settings: CameraSettings | ReachSettings) -> None:
    """Check values, wherever they come from.

    Raises
    ------
    InputError
        Every fault: ``coverage_settings_out_of_range``, ``coverage_settings_not_one_of``,
        ``coverage_settings_name_twice``, ``coverage_settings_empty``.
    """
    faults = camera_faults(settings) if isinstance(settings, CameraSettings) else reach_faults(settings)
    if faults:
        raise InputError.of(faults)


def camera_faults(settings: CameraSettings) -> list[Fault]:
    """What is wrong with the values of camera settings."""
    values: dict[str, tuple[float, tuple[float, float]]] = {
        f"cameras.{name}": (getattr(settings, name), span) for name, span in CAMERA_RANGES.items()
    }
    values |= {f"cameras.density.{name}": (value, _DENSITY) for name, value in settings.density.items()}
    values |= {f"cameras.planned_channels.{n}": (v, _CHANNELS) for n, v in settings.planned_channels.items()}
    values |= {f"cameras.forbidden_near_m.{name}": (v, _NEAR_M) for name, v in settings.forbidden_near_m.items()}
    for table, optics in (("default", settings.default), ("model", settings.model)):
        values |= {f"cameras.{table}.{name}": pair for name, pair in _optics_values(optics)}
    values |= {f"cameras.profile.levels.{name}": (px, _PX_PER_M) for name, px in settings.profile.levels}
    faults = [_out_of_range(name, value, span) for name, (value, span) in values.items() if not _lies_in(value, span)]
    faults += [
        _not_one_of("cameras.density", name, DENSITY_KEYS) for name in settings.density if name not in DENSITY_KEYS
    ]
    faults += [
        Fault("coverage_settings_empty", {"file": "", "column": f"cameras.density.{name}"})
        for name in (URBAN, RURAL)
        if name not in settings.density
    ]
    names = settings.profile.names
    if not names or not settings.profile.edition:
        faults.append(Fault("coverage_settings_empty", {"file": "", "column": "cameras.profile"}))
    elif len(set(names)) < len(names) or len({px for _, px in settings.profile.levels}) < len(names):
        facts: dict[str, Fact] = {"file": "", "column": "cameras.profile.levels", "measured": ", ".join(names)}
        faults.append(Fault("coverage_settings_name_twice", facts))
    for column in ("level", "private_level"):
        if names and getattr(settings, column) not in names:
            faults.append(_not_one_of(f"cameras.{column}", getattr(settings, column), names))
    faults += [
        _not_one_of("cameras.forbidden_estates", kind, ESTATE_KINDS)
        for kind in sorted(settings.forbidden_estates - set(ESTATE_KINDS))
    ]
    return faults


def reach_faults(settings: ReachSettings) -> list[Fault]:
    """What is wrong with the values of reach settings."""
    values: dict[str, tuple[float, tuple[float, float]]] = {
        f"reach.{name}": (getattr(settings, name), span) for name, span in REACH_RANGES.items()
    }
    values |= {f"reach.speed_kmh.{mode.value}": (v, _SPEED_KMH) for mode, v in settings.speed_kmh.items()}
    values |= {f"reach.ring_minutes.{i}": (v, _MINUTES) for i, v in enumerate(settings.ring_minutes, 1)}
    faults: list[Fault] = []
    tables: tuple[tuple[str, tuple[ReachRule | Band, ...], Mapping[str, tuple[float, float]]], ...] = (
        ("rules", settings.rules, RULE_RANGES),
        ("bands", settings.bands, BAND_RANGES),
    )
    for table, entries, ranges in tables:
        where = f"reach.{table}"
        names = [entry.name for entry in entries]
        if not names or not all(names):
            column = f"{where}.name" if names else where
            faults.append(Fault("coverage_settings_empty", {"file": "", "column": column}))
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            facts: dict[str, Fact] = {"file": "", "column": where, "measured": name}
            faults.append(Fault("coverage_settings_name_twice", facts))
        for i, entry in enumerate(entries, 1):
            values |= {f"{where}.{i}.{name}": (getattr(entry, name), span) for name, span in ranges.items()}
            unknown = sorted(entry.posts - set(POST_KINDS))
            faults += [_not_one_of(f"{where}.{i}.posts", kind, POST_KINDS) for kind in unknown]
    wrong = [_out_of_range(name, value, span) for name, (value, span) in values.items() if not _lies_in(value, span)]
    return wrong + faults


def _optics_values(optics: Optics) -> Iterator[tuple[str, tuple[float, tuple[float, float]]]]:
    for f in fields(optics):
        value = getattr(optics, f.name)
        if value is not None:
            yield f.name, (value, OPTICS_RANGES.get(f.name, (0.0, _MOST)))


def _lies_in(value: float, span: tuple[float, float]) -> bool:
    return span[0] <= value <= span[1]  # never true of NaN


def _out_of_range(column: str, value: float, span: tuple[float, float]) -> Fault:
    facts: dict[str, Fact] = {"file": "", "column": column, "measured": value, "allowed": f"{span[0]:g}-{span[1]:g}"}
    return Fault("coverage_settings_out_of_range", facts)


def _not_one_of(column: str, value: str, allowed: tuple[str, ...]) -> Fault:
    facts: dict[str, Fact] = {"file": "", "column": column, "measured": value[:40], "allowed": ", ".join(allowed)}
    return Fault("coverage_settings_not_one_of", facts)
