"""Rules from a file."""

from __future__ import annotations

from pathlib import Path

from gis.errors import InputError
from partition.rules import Rules


def read_rules(path: Path | None) -> Rules:
    """Rules of a TOML file; the default preset where no file is given.

    Raises
    ------
    InputError
        ``rules_file_missing``, ``rules_file_not_text``, and what `Rules.from_toml` finds.
    """
    if path is None:
        return Rules()
    if not path.is_file():
        raise InputError("rules_file_missing", file=str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("rules_file_not_text", file=str(path), measured=str(error)) from error
    return Rules.from_toml(text, file=str(path))
