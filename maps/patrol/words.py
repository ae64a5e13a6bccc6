"""The words of patrols (``words.<language>.json`` beside this file): turns, streets without a name, what pages say."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")


@cache
def patrol_words(language: str) -> dict[str, str]:
    """Key to text in one language; an unknown language is a fault of the caller (``KeyError``)."""
    if language not in LANGUAGES:
        raise KeyError(language)
    path = Path(__file__).resolve().parent / f"words.{language}.json"
    words: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return words


def length_text(length_m: float, words: dict[str, str]) -> str:
    """A length as people say it: whole metres below one kilometre, above it two places of a kilometre."""
    metres = round(length_m)
    return (
        words["length_metres"].format(n=metres)
        if metres < 1000
        else words["length_kilometres"].format(n=f"{metres / 1000:.2f}")
    )


def minutes_text(seconds: float) -> str:
    """Minutes without needless places: ``3``, ``0.5``."""
    return f"{round(seconds / 60, 1):g}"
