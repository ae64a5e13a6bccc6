"""Patrol settings from a TOML file, and what values they may have.

The file has one table, ``[patrol]``, with any of the fields of `PatrolSettings` and one table of speeds per mode; what
it does not state keeps its default.  Every fault is collected before any is told.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gis.errors import Fact, Fault, InputError
from gis.streets.network import Mode
from partition.patrol.settings import PatrolSettings, Speeds

_MODES = tuple(mode.value for mode in Mode)
_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "snap_m": (0.0, 20.0),
        "passage_m": (0.0, 200.0),
        "place_m": (1.0, 1000.0),
        "shift_minutes": (1.0, 1440.0),
        "patrollers": (0.0, 100.0),
        "default_dwell_min": (0.0, 240.0),
        "passing_kmh": (0.5, 120.0),
        "inspecting_kmh": (0.5, 120.0),
    }
)
_FIELDS: Mapping[str, str] = {"patrollers": "n_patrollers", "open": "is_open"}
"""Names that are shorter in a file than in the program."""
_NUMBERS = ("snap_m", "passage_m", "place_m", "shift_minutes", "default_dwell_min")
_LISTS = ("classes", "both_sides_classes")
_SWITCHES = ("inspect_estates", "open")
KEYS = ("mode", *_LISTS, *_SWITCHES, *_NUMBERS, "patrollers", "speeds")
"""What the table ``[patrol]`` may hold."""


def settings_from_toml(text: str, *, file: str = "") -> PatrolSettings:
    """Read settings.

    Parameters
    ----------
    text
        TOML with a table ``[patrol]``; other tables are left alone, so that one file may hold all settings.
    file
        What messages call it.

    Raises
    ------
    InputError
        ``patrol_settings_not_toml``, ``patrol_settings_no_table``; else every fault found:
        ``patrol_settings_unknown_key``, ``patrol_settings_wrong_type``, and those of `assert_settings`.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("patrol_settings_not_toml", file=file, measured=str(error)) from error
    table = content.get("patrol")
    if not isinstance(table, dict):
        raise InputError("patrol_settings_no_table", file=file, measured=", ".join(content), allowed="[patrol]")
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KEYS:
            allowed = ", ".join(KEYS)
            faults.append(Fault("patrol_settings_unknown_key", {"file": file, "measured": key, "allowed": allowed}))
        elif key == "speeds":
            values[key] = _speeds(value, file, faults)
        elif (clean := _clean(key, value)) is not None:
            values[_FIELDS.get(key, key)] = clean
        else:
            faults.append(_wrong_type(file, key, value))
    settings = replace(PatrolSettings(), **values)
    faults += [Fault(f.code, {**f.facts, "file": file}) for f in settings_faults(settings)]
    if faults:
        raise InputError.of(faults)
    return settings


def assert_settings(settings: PatrolSettings) -> None:
    """Check values, wherever they come from.

    Raises
    ------
    InputError
        ``patrol_settings_out_of_range``, ``patrol_settings_inspecting_faster``, ``patrol_settings_no_class``.
    """
    faults = settings_faults(settings)
    if faults:
        raise InputError.of(faults)


def settings_faults(settings: PatrolSettings) -> list[Fault]:
    """What is wrong with the values of settings."""
    faults: list[Fault] = []

    def look(column: str, value: float, name: str) -> None:
        low, high = _RANGES[name]
        if not low <= value <= high:
            facts: dict[str, Fact] = {"file": "", "column": column, "measured": value, "allowed": f"{low:g}-{high:g}"}
            faults.append(Fault("patrol_settings_out_of_range", facts))

    for key in (*_NUMBERS, "patrollers"):
        # No limit at all is a shift without end.
        if not (key == "shift_minutes" and settings.shift_minutes == math.inf):
            look(key, getattr(settings, _FIELDS.get(key, key)), key)
    for mode, speeds in sorted(settings.speeds.items()):
        for name in ("passing_kmh", "inspecting_kmh"):
            look(f"speeds.{mode}.{name}", getattr(speeds, name), name)
        if speeds.inspecting_kmh > speeds.passing_kmh:
            facts: dict[str, Fact] = {"file": "", "column": f"speeds.{mode}", "measured": speeds.inspecting_kmh}
            faults.append(Fault("patrol_settings_inspecting_faster", {**facts, "allowed": speeds.passing_kmh}))
    if not settings.classes:
        faults.append(Fault("patrol_settings_no_class", {"file": "", "column": "classes"}))
    return faults


def _clean(key: str, value: object) -> object:
    """The value as the field takes it; ``None`` where its type is wrong."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if key == "mode":
        return Mode(value) if value in _MODES else None
    if key in _LISTS:
        is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
        return frozenset(value) if is_list else None  # type: ignore[call-overload]
    if key in _SWITCHES:
        return value if isinstance(value, bool) else None
    if key == "patrollers":
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    return float(value) if is_number else None  # type: ignore[arg-type]


def _speeds(table: object, file: str, faults: list[Fault]) -> Mapping[Mode, Speeds]:
    speeds = dict(PatrolSettings().speeds)
    if not isinstance(table, dict):
        faults.append(_wrong_type(file, "speeds", table))
        return speeds
    for mode, values in table.items():
        if mode not in _MODES:
            facts = {"file": file, "measured": f"speeds.{mode}", "allowed": ", ".join(_MODES)}
            faults.append(Fault("patrol_settings_unknown_key", facts))
            continue
        if not isinstance(values, dict):
            faults.append(_wrong_type(file, f"speeds.{mode}", values))
            continue
        for name, value in values.items():
            if name not in ("passing_kmh", "inspecting_kmh"):
                facts = {"file": file, "measured": f"speeds.{mode}.{name}", "allowed": "passing_kmh, inspecting_kmh"}
                faults.append(Fault("patrol_settings_unknown_key", facts))
            elif isinstance(value, bool) or not isinstance(value, int | float):
                faults.append(_wrong_type(file, f"speeds.{mode}.{name}", value))
            else:
                speeds[Mode(mode)] = replace(speeds[Mode(mode)], **{name: float(value)})
    return MappingProxyType(speeds)


def _wrong_type(file: str, column: str, value: object) -> Fault:
    key = column.split(".", maxsplit=1)[0]
    if key == "mode":
        allowed = ", ".join(_MODES)
    elif key in _LISTS:
        allowed = '["...", "..."]'
    elif key in _SWITCHES:
        allowed = "true, false"
    elif column.count(".") < 2 and key == "speeds":
        allowed = "[patrol.speeds.foot]"
    else:
        allowed = "1, 2, 3" if key == "patrollers" else "1.0"
    facts = {"file": file, "column": column, "measured": repr(value)[:80], "allowed": allowed}
    return Fault("patrol_settings_wrong_type", facts)
