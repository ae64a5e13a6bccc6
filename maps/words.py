"""The words of the pages, in every language at once: a page switches language with nobody to ask.

The texts stand with all other sentences in ``api/locales/<language>/maps.json``; this room only reads the files
(the `api` floor itself is never imported here).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("zh", "en")

_LOCALES = Path(__file__).resolve().parent.parent / "api" / "locales"


@cache
def page_words() -> dict[str, dict[str, str]]:
    """Language to key to text, for the keys that pages use (``map_*``, without the prefix)."""
    words = {}
    for language in LANGUAGES:
        table = json.loads((_LOCALES / language / "maps.json").read_text(encoding="utf-8"))
        words[language] = {key.removeprefix("map_"): text for key, text in table.items() if key.startswith("map_")}
    return words
