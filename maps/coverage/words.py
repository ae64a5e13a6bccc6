"""The words of the coverage maps (``words.<language>.json`` beside this file), added to those of all pages."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from maps.patrol.words import patrol_words
from maps.words import LANGUAGES, page_words


@cache
def coverage_words(language: str) -> dict[str, str]:
    """Key to text in one language; an unknown language is a fault of the caller (``KeyError``)."""
    if language not in LANGUAGES:
        raise KeyError(language)
    path = Path(__file__).resolve().parent / f"words.{language}.json"
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return words


def coverage_page_words(language: str, page: str) -> dict[str, str]:
    """Every word a coverage page can say: those of all pages, of streets without a name (``w_``), and its own.

    Parameters
    ----------
    page
        ``camera`` or ``reach``: words that begin so (``camera_title``) are known to that page without it (``title``).
    """
    own = coverage_words(language)
    named = {key.removeprefix(f"{page}_"): text for key, text in own.items() if key.startswith(f"{page}_")}
    streets = {f"w_{key}": text for key, text in patrol_words(language).items()}
    return {**page_words()[language], **streets, **own, **named}
