"""The words of the papers, in both languages, by key.

The papers are filed in the language of the office; a language is chosen per paper.  Sentences of errors are made on
the `api` floor like all others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from gis.errors import InputError
from gis.fill import fill

LANGUAGES = ("zh", "en")

_FOLDER = Path(__file__).resolve().parent


@cache
def paper_words() -> Mapping[str, Mapping[str, str]]:
    """Language to key to text."""
    return MappingProxyType(
        {
            language: MappingProxyType(json.loads((_FOLDER / f"words.{language}.json").read_text(encoding="utf-8")))
            for language in LANGUAGES
        }
    )


class Words:
    """The words of one language.

    Raises
    ------
    InputError
        ``option_out_of_range`` (an unknown language).
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise InputError("option_out_of_range", column="language", measured=language, allowed=", ".join(LANGUAGES))
        self.language = language
        self._texts = paper_words()[language]

    def __call__(self, key: str, **facts: object) -> str:
        """The text of a key with its facts filled in."""
        text = self._texts[key]
        return fill(text, **facts) if facts else text

    def of(self, prefix: str, value: str | None) -> str:
        """The word of a value of a closed list (``kind_standard``); the value itself where it has no word."""
        return "" if not value else self._texts.get(f"{prefix}_{value}", value)
