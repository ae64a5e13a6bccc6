"""The words of the incident map and of the printed summary (``words.<language>.json`` beside this file)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from maps.coverage.words import coverage_page_words
from maps.words import LANGUAGES


@cache
def incident_words(language: str) -> dict[str, str]:
    """Key to text in one language; an unknown language is a fault of the caller (``KeyError``)."""
    if language not in LANGUAGES:
        raise KeyError(language)
    path = Path(__file__).resolve().parent / f"words.{language}.json"
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return words


def incident_page_words(language: str) -> dict[str, str]:
    """Every word the incident map can say: those of all pages and of the coverage maps, and its own."""
    return {**coverage_page_words(language, "incident"), **incident_words(language)}
