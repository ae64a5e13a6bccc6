"""The words of the atlas (``words.<language>.json`` beside this file); where each stands is decided elsewhere."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")


@cache
def atlas_words(language: str) -> dict[str, str]:
    """Key to text in one language."""
    path = Path(__file__).resolve().parent / f"words.{language}.json"
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return words


def count(n: float) -> str:
    """A number as people read it: thousands apart."""
    return f"{n:,.0f}"
