"""Sentences in Chinese and English.  All translation happens here; every other floor speaks in codes and facts.

Each room keeps its own sentences in ``locales/<language>/<room>.json``, a flat table from code to sentence with
``{fact}`` placeholders; ``{n:edit|edits}`` says the first part of exactly one thing, else the second.  A key that
stands in two files is an error: two sentences for one code would make the answer depend on the order of files.
"""

from __future__ import annotations

import json
import math
import string
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gis.errors import Fault
from gis.fill import MISSING, one_or_many

LOCALES = Path(__file__).parent / "locales"

_UNGROUPED = frozenset({"row", "epsg", "year", "seed", "port"})
# Facts that are codes with a word of their own, ``<fact>_<code>``; all other texts are data and stay as they are.
_CODED = frozenset({"why", "how", "looks_like", "type", "kind"})
_WORDS = {"en": {True: "yes", False: "no", None: "none"}, "zh": {True: "是", False: "否", None: "无"}}


@lru_cache(maxsize=8)
def sentences(language: str, folder: Path = LOCALES) -> Mapping[str, str]:
    """Every sentence of one language, merged from all files of ``folder/language``.

    Raises
    ------
    ValueError
        A key stands twice, or a value is not text.
    """
    merged: dict[str, str] = {}
    origin: dict[str, str] = {}
    for path in sorted((folder / language).glob("*.json")):
        for key, value in json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list):
            if key in merged:
                raise ValueError(f"{language}: {key} stands in {origin[key]} and in {path.name}")
            if not isinstance(value, str):
                raise ValueError(f"{language}: {key} in {path.name} is not text")
            merged[key] = value
            origin[key] = path.name
    return MappingProxyType(merged)


def sentence(code: str, facts: Mapping[str, Any] | None = None, language: str = "en") -> str:
    """The sentence of a code, on one line, with its facts filled in.

    A code without a sentence is shown as the code with its facts, a fact that is missing as ``?``: a half-known
    message is worth more to the reader than a second error.

    Parameters
    ----------
    code
        Key in the locale files.
    facts
        Values of the placeholders.
    language
        ``en`` or ``zh``.
    """
    facts = facts or {}
    template = sentences(language).get(code)
    if template is None:
        text = str(Fault(code, facts))
    else:
        text = _Filler(language).vformat(template, (), facts)
    return one_line(text)


def number(value: float, language: str = "en") -> str:
    """A number for people: thousands grouped from five digits up, at most four significant decimals."""
    return _shown(value, "", language)


def one_line(text: str) -> str:
    """``text`` on one line, without control characters: data must not be able to steer a terminal."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())


class _Filler(string.Formatter):
    """Fills placeholders by plain name only; attribute and index look-ups on data are not wanted here."""

    def __init__(self, language: str) -> None:
        self._language = language

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return (field_name, kwargs.get(field_name, MISSING)), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        name, content = value
        if "|" in format_spec:
            return one_or_many(content, format_spec)
        if content is MISSING:
            return "?"
        if format_spec:
            return format(content, format_spec)
        return _shown(content, name, self._language)


def _shown(value: object, name: str, language: str) -> str:
    if value is None or isinstance(value, bool):
        return _WORDS[language][value]
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 and name not in _UNGROUPED else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return _WORDS[language][None] if math.isnan(value) else str(value)
        if value.is_integer() and abs(value) < 1e15:
            return _shown(int(value), name, language)
        if abs(value) >= 10_000:
            return f"{value:,.0f}"
        decimals = max(0, 3 - math.floor(math.log10(abs(value))))
        return f"{value:.{min(decimals, 12)}f}".rstrip("0").rstrip(".")
    text = str(value)
    if name in _CODED:
        return sentences(language).get(f"{name}_{text}", text)
    return text or "—"
