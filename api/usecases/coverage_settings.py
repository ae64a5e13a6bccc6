"""Settings of one run: those of a file, or the defaults, with what the user asks for over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from gis.errors import Fault, InputError
from gis.streets.network import Mode
from partition.coverage.settings import CameraSettings, ReachRule, ReachSettings
from partition.coverage.settings_faults import assert_settings
from partition.coverage.settings_toml import coverage_from_toml


def read_camera_settings(
    path: Path | None = None,
    *,
    level: str | None = None,
    targets: Mapping[str, float] | None = None,
    channels: Mapping[str, int] | None = None,
) -> CameraSettings:
    """Camera settings of a TOML file (the defaults where no file is given), with values over them.

    Parameters
    ----------
    path
        File with a table ``[cameras]``.
    level
        Level that is asked for.
    targets
        Positions per square kilometre, by class; over those of the file.
    channels
        Planned channels, by programme, ``all`` for all together; over those of the file.

    Raises
    ------
    InputError
        ``coverage_settings_missing``, ``coverage_settings_not_text``, and what the settings' own reading and checking
        find.
    """
    settings = CameraSettings() if path is None else _read(path)[0]
    if level is not None:
        settings = replace(settings, level=level)
    if targets:
        settings = replace(settings, density=MappingProxyType({**settings.density, **targets}))
    if channels:
        planned = {"" if name == "all" else name: n for name, n in channels.items()}
        settings = replace(settings, planned_channels=MappingProxyType({**settings.planned_channels, **planned}))
    assert_settings(settings)
    return settings


def read_reach_settings(
    path: Path | None = None,
    *,
    posts: Sequence[str] = (),
    minutes: Sequence[float] = (),
    mode: str | None = None,
    bands: Sequence[str] = (),
) -> ReachSettings:
    """Reach settings of a TOML file (the defaults where no file is given), with what the user asks for over them.

    Where posts or minutes are asked for, one promise per number of minutes takes the place of the table of promises:
    from those posts to every building.

    Parameters
    ----------
    path
        File with a table ``[reach]``.
    posts
        Kinds of posts that answer; none: every kind.
    minutes
        Minutes of the promises.
    mode
        How they come, in every promise.
    bands
        Names of the parts of the day to look at; none: all.

    Raises
    ------
    InputError
        ``coverage_settings_missing``, ``coverage_settings_not_text``, ``coverage_band_unknown``, and what the
        settings' own reading and checking find.
    """
    settings = ReachSettings() if path is None else _read(path)[1]
    if posts or minutes:
        times = tuple(dict.fromkeys(minutes)) or settings.ring_minutes
        wanted = Mode(mode) if mode else Mode.CAR
        made = (ReachRule(f"{time:g}", float(time), frozenset(posts), mode=wanted) for time in times)
        settings = replace(settings, rules=tuple(made))
    elif mode is not None:
        settings = replace(settings, rules=tuple(replace(rule, mode=Mode(mode)) for rule in settings.rules))
    if bands:
        known = {band.name: band for band in settings.bands}
        unknown = [name for name in bands if name not in known]
        if unknown:
            allowed = ", ".join(known)
            facts = [{"measured": name[:40], "allowed": allowed} for name in unknown]
            raise InputError.of(Fault("coverage_band_unknown", f) for f in facts)
        settings = replace(settings, bands=tuple(known[name] for name in dict.fromkeys(bands)))
    assert_settings(settings)
    return settings


def _read(path: Path) -> tuple[CameraSettings, ReachSettings]:
    if not path.is_file():
        raise InputError("coverage_settings_missing", file=str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("coverage_settings_not_text", file=str(path), measured=str(error)) from error
    return coverage_from_toml(text, file=str(path))


def read_pairs(option: str, texts: Sequence[str]) -> dict[str, float]:
    """``NAME=NUMBER`` words of an option.

    Parameters
    ----------
    option
        What messages call it.
    texts
        The words.

    Raises
    ------
    InputError
        ``coverage_pair_wrong`` for every word that is no such pair.
    """
    pairs: dict[str, float] = {}
    faults: list[Fault] = []
    for text in texts:
        name, sign, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            sign = ""
        if sign and name.strip():
            pairs[name.strip()] = value
        else:
            faults.append(Fault("coverage_pair_wrong", {"column": option, "measured": text[:60], "allowed": "NAME=9"}))
    if faults:
        raise InputError.of(faults)
    return pairs


def read_counts(option: str, texts: Sequence[str]) -> dict[str, int]:
    """``NAME=NUMBER`` words of an option whose numbers are whole and not negative.

    Raises
    ------
    InputError
        ``coverage_pair_wrong`` for every word that is no such pair.
    """
    pairs = read_pairs(option, texts)
    faults = [
        Fault("coverage_pair_wrong", {"column": option, "measured": f"{name}={value:g}"[:60], "allowed": "NAME=9"})
        for name, value in pairs.items()
        if not (value >= 0 and value == value // 1)
    ]
    if faults:
        raise InputError.of(faults)
    return {name: int(value) for name, value in pairs.items()}


def read_minutes(option: str, text: str) -> tuple[float, ...]:
    """Minutes written with commas between them.

    Raises
    ------
    InputError
        ``coverage_minutes_wrong``.
    """
    try:
        minutes = tuple(float(part) for part in text.replace("，", ",").split(",") if part.strip())
    except ValueError:
        minutes = ()
    if not minutes:
        raise InputError("coverage_minutes_wrong", column=option, measured=text[:60], allowed="1,3,5")
    return minutes
