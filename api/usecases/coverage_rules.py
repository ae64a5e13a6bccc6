"""The rules of coverage of a county: read from the store, checked before they are kept, as plain data and back.

One rule book serves all plans of a county, so that a re-draw or a newer territory keeps the targets that were set.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from typing import Any, Literal

from data.store import Store
from data.store.rooms.coverage import RuleBook
from gis.errors import InputError
from partition.coverage.settings import CameraSettings, ReachSettings
from partition.coverage.settings_faults import camera_faults
from partition.coverage.settings_toml import cameras_from_toml, reach_from_toml, to_toml

Part = Literal["cameras", "reach"]
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def rules_of(store: Store, county: str, part: Part) -> RuleBook:
    """The rule book of a county as it stands; whoever may read a plan of the county may read it."""
    with store.read() as tx:
        return tx.coverage.rules(county, part)


def camera_settings(book: RuleBook) -> CameraSettings:
    """What a rule book says about cameras."""
    return cameras_from_toml(book.toml, file=book.part) if book.toml else CameraSettings()


def reach_settings(book: RuleBook) -> ReachSettings:
    """What a rule book says about response times."""
    return reach_from_toml(book.toml, file=book.part) if book.toml else ReachSettings()


def checked(part: Part, text: str) -> str:
    """Rules as they are kept: other tables taken out, every field stated; empty where they are the defaults.

    Raises
    ------
    InputError
        What the reading of settings finds, all of it.
    """
    if part == "cameras":
        cameras = cameras_from_toml(text, file=part)
        return "" if cameras == CameraSettings() else to_toml(cameras)
    reach = reach_from_toml(text, file=part)
    return "" if reach == ReachSettings() else to_toml(reach=reach)


def text_of(part: Part, table: Mapping[str, Any]) -> str:
    """A table of settings given as plain data (JSON), as TOML.

    Raises
    ------
    InputError
        ``coverage_settings_wrong_type``: a value that TOML has no word for.
    """
    return "\n".join(_lines(part, table)) + "\n"


def full_text(book: RuleBook) -> str:
    """Settings as TOML, every field stated."""
    if book.part == "cameras":
        return to_toml(camera_settings(book))
    return to_toml(reach=reach_settings(book))


def plain(book: RuleBook) -> dict[str, Any]:
    """Settings as plain data, every field stated: what `text_of` takes."""
    table: dict[str, Any] = _finite(tomllib.loads(full_text(book))[book.part])
    return table


def assert_cameras(settings: CameraSettings) -> None:
    """Check camera settings, wherever they come from.

    Raises
    ------
    InputError
        What `camera_faults` finds.
    """
    faults = camera_faults(settings)
    if faults:
        raise InputError.of(faults)


def _lines(column: str, table: Mapping[str, Any]) -> list[str]:
    """One table and what hangs below it; plain values first, as TOML asks."""
    head, below = [f"[{column}]"], []
    for key, value in table.items():
        inner = f"{column}.{key}" if _BARE.fullmatch(key) else f"{column}.{json.dumps(key, ensure_ascii=False)}"
        if isinstance(value, Mapping):
            below += _lines(inner, value)
        elif isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
            for entry in value:
                first, *rest = _lines(inner, entry)
                below += [f"[{first}]", *rest]
        else:
            head.append(f"{_key(key)} = {_value(value, inner)}")
    return [*head, *below]


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any, column: str) -> str:
    if value is None:
        return "inf"  # no limit: JSON has no number for it
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(one, column) for one in value) + "]"
    raise InputError("coverage_settings_wrong_type", file="", column=column, measured=str(value)[:80], allowed="1.0")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and math.isinf(value) else value
