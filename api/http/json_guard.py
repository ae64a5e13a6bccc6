"""Is this body JSON that everybody reads alike?  Asked before any schema sees it.

Refused: ``NaN`` and infinities, also as ``1e400``; a name twice in one object; more than 64 levels or half a million
values (vertices of an outline, rows, names); integers beyond 64 bits; NUL characters and half surrogates, which no
database keeps; bytes that are not UTF-8.
"""

from __future__ import annotations

import json
import math
from typing import Any

from api.problems import Refusal

MAX_DEPTH = 64
MAX_VALUES = 500_000
_INT64 = 2**63


def check_json(body: bytes) -> None:
    """Refuse a body that is not JSON in the strict sense.

    Raises
    ------
    Refusal
        400 ``json_not_utf8``, ``json_malformed``, ``json_too_deep``, ``json_too_many``, ``json_not_finite``,
        ``json_name_twice``, ``json_integer_too_large``, ``json_text_refused``.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, "json_not_utf8", row=error.start) from error
    try:
        parsed = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
    except RecursionError as error:
        raise Refusal(400, "json_too_deep", allowed=MAX_DEPTH) from error
    except json.JSONDecodeError as error:
        raise Refusal(400, "json_malformed", row=error.lineno, column=error.colno, measured=error.msg) from error
    _check_size(parsed)
    if "\\u" in text or "\x00" in text:
        _check_texts(parsed)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Refusal(400, "json_name_twice", measured=twice[:80].encode("utf-8", "replace").decode())
    return made


def _constant(name: str) -> float:
    raise Refusal(400, "json_not_finite", measured=name)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refusal(400, "json_not_finite", measured=text[:40])
    return value


def _int(text: str) -> int:
    if len(text) > 20 or not -_INT64 <= int(text) < _INT64:
        raise Refusal(400, "json_integer_too_large", measured=f"{text[:20]}...")
    return int(text)


def _check_size(parsed: Any) -> None:
    level, depth, n_values = [parsed], 0, 0
    while level:
        depth += 1
        n_values += sum(len(value) for value in level if isinstance(value, (dict, list)))
        if n_values > MAX_VALUES:
            raise Refusal(400, "json_too_many", measured=n_values, allowed=MAX_VALUES)
        if depth > MAX_DEPTH:
            raise Refusal(400, "json_too_deep", allowed=MAX_DEPTH)
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(v for v in value.values() if isinstance(v, (dict, list)))
            elif isinstance(value, list):
                below.extend(v for v in value if isinstance(v, (dict, list)))
        level = below


def _check_texts(parsed: Any) -> None:
    waiting = [parsed]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
            raise Refusal(400, "json_text_refused")
