"""Coverage settings from a TOML file and back: tables ``[cameras]`` and ``[reach]``.

What a file does not state keeps its default; a table of promises, of bands or of levels replaces the default one as a
whole.  Every fault is collected before any is told; what values are allowed is said in
`partition.coverage.settings_faults`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from gis.errors import Fact, Fault, InputError
from gis.sight.optics import Optics
from gis.sight.profile import PixelProfile
from gis.streets.network import Mode
from partition.coverage.settings import Band, CameraSettings, ReachRule, ReachSettings
from partition.coverage.settings_faults import camera_faults, reach_faults

ALL_PROGRAMMES = "all"
"""What the channels planned by all programmes together are called in a file; ``""`` in the program."""
_MODES = tuple(mode.value for mode in Mode)


def cameras_from_toml(text: str, *, file: str = "") -> CameraSettings:
    """Read the table ``[cameras]``; other tables are left alone.

    Parameters
    ----------
    text
        TOML.
    file
        What messages call it.

    Raises
    ------
    InputError
        ``coverage_settings_not_toml``, ``coverage_settings_no_table``; else every fault found:
        ``coverage_settings_unknown_key``, ``coverage_settings_wrong_type`` and those of `camera_faults`.
    """
    content = _load(text, file, ("cameras",))
    read = _Reading(file)
    settings = _cameras(content["cameras"], read)
    read.finish(camera_faults(settings))
    return settings


def reach_from_toml(text: str, *, file: str = "") -> ReachSettings:
    """Read the table ``[reach]``; other tables are left alone.  Raises as `cameras_from_toml`."""
    content = _load(text, file, ("reach",))
    read = _Reading(file)
    settings = _reach(content["reach"], read)
    read.finish(reach_faults(settings))
    return settings


def coverage_from_toml(text: str, *, file: str = "") -> tuple[CameraSettings, ReachSettings]:
    """Read both tables, at least one of which must be there.  Raises as `cameras_from_toml`."""
    content = _load(text, file, ("cameras", "reach"))
    read = _Reading(file)
    cameras = _cameras(content.get("cameras", {}), read)
    reach = _reach(content.get("reach", {}), read)
    read.finish(camera_faults(cameras) + reach_faults(reach))
    return cameras, reach


def to_toml(cameras: CameraSettings | None = None, reach: ReachSettings | None = None) -> str:
    """Settings as TOML, every field, in a fixed order; reading gives the same settings back."""
    lines: list[str] = []
    if cameras is not None:
        lines += ["[cameras]", *_plain_lines(cameras, _CAMERA_TABLES)]
        lines += ["", "[cameras.density]", *_pairs(cameras.density)]
        planned = {name or ALL_PROGRAMMES: n for name, n in cameras.planned_channels.items()}
        lines += ["", "[cameras.planned_channels]", *_pairs(planned)]
        lines += ["", "[cameras.forbidden_near_m]", *_pairs(cameras.forbidden_near_m)]
        lines += ["", "[cameras.default]", *_plain_lines(cameras.default)]
        lines += ["", "[cameras.model]", *_plain_lines(cameras.model)]
        lines += ["", "[cameras.profile]", f"edition = {_value(cameras.profile.edition)}"]
        lines += ["", "[cameras.profile.levels]", *_pairs(dict(cameras.profile.levels)), ""]
    if reach is not None:
        lines += ["[reach]", *_plain_lines(reach, _REACH_TABLES)]
        lines += ["", "[reach.speed_kmh]", *_pairs({mode.value: v for mode, v in reach.speed_kmh.items()})]
        for name, entries in (("rules", reach.rules), ("bands", reach.bands)):
            for entry in entries:
                lines += ["", f"[[reach.{name}]]", *_plain_lines(entry)]
        lines.append("")
    return "\n".join(lines)


_CAMERA_TABLES = ("density", "planned_channels", "forbidden_near_m", "default", "model", "profile")
_REACH_TABLES = ("speed_kmh", "rules", "bands")


class _Reading:
    """One reading: collects faults and names places as ``cameras.density.urban``."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def finish(self, faults: list[Fault]) -> None:
        """Raise what was found, if anything."""
        self.faults += [Fault(f.code, {**f.facts, "file": self.file}) for f in faults]
        if self.faults:
            raise InputError.of(self.faults)

    def unknown_key(self, column: str, allowed: tuple[str, ...]) -> None:
        facts: dict[str, Fact] = {"file": self.file, "measured": column, "allowed": ", ".join(allowed)}
        self.faults.append(Fault("coverage_settings_unknown_key", facts))

    def wrong_type(self, column: str, value: object, allowed: str) -> None:
        facts: dict[str, Fact] = {"file": self.file, "column": column, "measured": repr(value)[:80], "allowed": allowed}
        self.faults.append(Fault("coverage_settings_wrong_type", facts))

    def table(self, value: object, column: str) -> dict[str, Any]:
        """A table; an empty one where it is something else."""
        if isinstance(value, dict):
            return value
        self.wrong_type(column, value, f"[{column}]")
        return {}

    def like(self, default: Any, value: object, column: str) -> Any:
        """The value as a field with this default takes it; the default where its type is wrong."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(default, Mode):
            if value in _MODES:
                return Mode(value)
            self.wrong_type(column, value, ", ".join(_MODES))
        elif isinstance(default, str):
            if isinstance(value, str):
                return value
            self.wrong_type(column, value, '"..."')
        elif isinstance(default, frozenset):
            if isinstance(value, list) and all(isinstance(v, str) for v in value):
                return frozenset(value)
            self.wrong_type(column, value, '["...", "..."]')
        elif isinstance(default, tuple):
            if isinstance(value, list) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
                return tuple(float(v) for v in value)
            self.wrong_type(column, value, "[1.0, 3.0]")
        elif isinstance(default, int):
            if is_number and isinstance(value, int):
                return value
            self.wrong_type(column, value, "1, 2, 3")
        elif is_number:
            return float(value)  # type: ignore[arg-type]
        else:
            self.wrong_type(column, value, "1.0")
        return default

    def fields_of(self, base: Any, table: object, where: str, tables: Mapping[str, Callable[..., Any]]) -> Any:
        """A copy of ``base`` with the fields that a table states; ``tables`` reads those that are tables."""
        names = tuple(f.name for f in fields(base))
        values: dict[str, Any] = {}
        for key, value in self.table(table, where).items():
            column = f"{where}.{key}"
            if key not in names:
                self.unknown_key(column, names)
            elif key in tables:
                values[key] = tables[key](value, column)
            else:
                values[key] = self.like(getattr(base, key), value, column)
        return replace(base, **values)

    def pairs(self, default: Mapping[str, float], table: object, column: str, kind: float) -> Mapping[str, Any]:
        """A table of numbers over the default one; ``kind`` is an example of the number."""
        read = {key: self.like(kind, v, f"{column}.{key}") for key, v in self.table(table, column).items()}
        return MappingProxyType({**default, **read})

    def entries(self, base: Any, value: object, column: str) -> tuple[Any, ...]:
        """A list of tables, each with a name, like ``base``."""
        if not isinstance(value, list):
            self.wrong_type(column, value, f"[[{column}]]")
            return ()
        return tuple(self.fields_of(base, entry, f"{column}.{i}", {}) for i, entry in enumerate(value, 1))


def _cameras(table: object, read: _Reading) -> CameraSettings:
    base = CameraSettings()

    def planned(value: object, column: str) -> Mapping[str, int]:
        counts = read.pairs({}, value, column, 0)
        return MappingProxyType({"" if name == ALL_PROGRAMMES else name: n for name, n in counts.items()})

    def profile(value: object, column: str) -> PixelProfile:
        content = read.table(value, column)
        for key in content:
            if key not in ("edition", "levels"):
                read.unknown_key(f"{column}.{key}", ("edition", "levels"))
        # An edition without its levels (or the other way round) is none: both are replaced together.
        edition = read.like("", content.get("edition", ""), f"{column}.edition")
        levels = read.pairs({}, content.get("levels", {}), f"{column}.levels", 0.0)
        return PixelProfile(edition, tuple(sorted(levels.items(), key=lambda pair: pair[1])))

    def optics(start: Optics) -> Callable[[object, str], Optics]:
        return lambda value, column: read.fields_of(start, value, column, {})  # type: ignore[no-any-return]

    tables: dict[str, Callable[..., Any]] = {
        "density": lambda value, column: read.pairs(base.density, value, column, 0.0),
        "planned_channels": planned,
        "forbidden_near_m": lambda value, column: read.pairs({}, value, column, 0.0),
        "default": optics(base.default),
        "model": optics(base.model),
        "profile": profile,
    }
    settings: CameraSettings = read.fields_of(base, table, "cameras", tables)
    return settings


def _reach(table: object, read: _Reading) -> ReachSettings:
    base = ReachSettings()

    def speeds(value: object, column: str) -> Mapping[Mode, float]:
        read_speeds = dict(base.speed_kmh)
        for key, speed in read.table(value, column).items():
            if key in _MODES:
                read_speeds[Mode(key)] = read.like(0.0, speed, f"{column}.{key}")
            else:
                read.unknown_key(f"{column}.{key}", _MODES)
        return MappingProxyType(read_speeds)

    tables: dict[str, Callable[..., Any]] = {
        "speed_kmh": speeds,
        "rules": lambda value, column: read.entries(ReachRule("", 0.0), value, column),
        "bands": lambda value, column: read.entries(Band(""), value, column),
    }
    settings: ReachSettings = read.fields_of(base, table, "reach", tables)
    return settings


def _load(text: str, file: str, tables: tuple[str, ...]) -> dict[str, Any]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("coverage_settings_not_toml", file=file, measured=str(error)) from error
    if not any(name in content for name in tables):
        allowed = ", ".join(f"[{name}]" for name in tables)
        raise InputError("coverage_settings_no_table", file=file, measured=", ".join(content)[:200], allowed=allowed)
    return content


def _plain_lines(entry: Any, tables: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{f.name} = {_value(getattr(entry, f.name))}"
        for f in fields(entry)
        if f.name not in tables and getattr(entry, f.name) is not None
    ]


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{_value(key)} = {_value(value)}" for key, value in table.items()]


def _value(value: object) -> str:
    if isinstance(value, str):  # modes too; every JSON string is a TOML string but for the control character 7F
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, frozenset):
        return "[" + ", ".join(_value(v) for v in sorted(value)) + "]"
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return repr(value)
