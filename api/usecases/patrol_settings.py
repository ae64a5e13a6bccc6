"""Patrol settings of one run: those of a file, or the defaults, with what the user asks for over them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gis.errors import InputError
from gis.streets.network import Mode
from partition.patrol.settings import PatrolSettings
from partition.patrol.settings_toml import assert_settings, settings_from_toml


def read_patrol_settings(
    path: Path | None = None,
    *,
    mode: str | None = None,
    shift_minutes: float | None = None,
    patrollers: int | None = None,
    is_open: bool | None = None,
) -> PatrolSettings:
    """Settings of a TOML file (the defaults where no file is given), with values over them.

    Parameters
    ----------
    path
        File with a table ``[patrol]``.
    mode, shift_minutes, patrollers, is_open
        Take the place of what the file says; ``None``: as the file says.

    Raises
    ------
    InputError
        ``patrol_settings_missing``, ``patrol_settings_not_text``, what `settings_from_toml` finds, and
        ``patrol_settings_out_of_range``.
    """
    settings = PatrolSettings()
    if path is not None:
        if not path.is_file():
            raise InputError("patrol_settings_missing", file=str(path))
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError("patrol_settings_not_text", file=str(path), measured=str(error)) from error
        settings = settings_from_toml(text, file=str(path))
    if mode is not None:
        settings = replace(settings, mode=Mode(mode))
    if shift_minutes is not None:
        settings = replace(settings, shift_minutes=float(shift_minutes))
    if patrollers is not None:
        settings = replace(settings, n_patrollers=patrollers)
    if is_open is not None:
        settings = replace(settings, is_open=is_open)
    assert_settings(settings)
    return settings
