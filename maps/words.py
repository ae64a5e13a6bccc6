"""The words of the pages, in every language at once: a page switches language with nobody to ask.

Only what a page itself shows stands here (``maps/static/words.<language>.json``); the sentences of errors are
made on the `api` floor like all others.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")

_FOLDER = Path(__file__).resolve().parent / "static"


@cache
def page_words() -> dict[str, dict[str, str]]:
    """Language to key to text."""
    return {
        language: json.loads((_FOLDER / f"words.{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES
    }
