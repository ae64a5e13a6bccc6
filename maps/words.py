"""The words of the pages, in every language at once: a page switches language with nobody to ask.

Only what a page itself shows stands here (``maps/static/words.<language>.json``); the sentences of errors are
made on the `api` floor like all others.
"""

from __future__ import annotations

import json
import re
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


# One level down a micro-grid stands where a plan has a grid, and a grid where it has a community; one level up an area
# and a town.  First match wins, so that what was put in is not changed again.
_LEVELS: dict[str, dict[str, dict[str, str]]] = {
    "micro": {
        "en": {
            r"\b(?:standard |dedicated |rural )?grid(s?)\b": r"micro-grid\1",
            r"\b(?:Standard |Dedicated |Rural )?[Gg]rid(s?)\b": r"Micro-grid\1",
            r"\bcommunity\b": "grid",
            r"\bcommunities\b": "grids",
            r"\bCommunity\b": "Grid",
            r"\bCommunities\b": "Grids",
        },
        "zh": {"(?:基础|专属|农村)?网格": "微网格", "社区": "网格"},
    },
    "area": {
        "en": {
            r"\ba (?:standard |dedicated |rural )?grid\b": "an area",
            r"\b(?:standard |dedicated |rural )?grid(s?)\b": r"area\1",
            r"\b(?:Standard |Dedicated |Rural )?[Gg]rid(s?)\b": r"Area\1",
            r"\bcommunity\b": "town",
            r"\bcommunities\b": "towns",
            r"\bCommunity\b": "Town",
            r"\bCommunities\b": "Towns",
        },
        "zh": {"(?:基础|专属|农村)?网格": "片区", "社区": "街道、乡镇"},
    },
}
_OWN: dict[str, dict[str, dict[str, str]]] = {
    "micro": {
        "en": {"title": "Micro-grids", "f_kinds": "", "chart_standard": "micro-grid"},
        "zh": {"title": "微网格划分图", "f_kinds": "", "chart_standard": "微网格"},
    },
    "area": {
        "en": {"title": "Supervision areas", "f_kinds": "", "chart_standard": "area"},
        "zh": {"title": "片区划分图", "f_kinds": "", "chart_standard": "片区"},
    },
}
# What is said of the band where it counts the grids of an area.
_OF_GRIDS = {"en": {"households": "grids"}, "zh": {"总户数": "网格数", " 户": " 个网格", "户数": "网格数"}}
_BAND_KEYS = ("state_in_band", "state_out_of_band", "foot_rules")
_HINT = {
    "en": "Each bar is an area, from few households to many. Choose a bar to go to its area.",
    "zh": "每根柱为一个片区，按户数由少到多排列。点选柱可定位片区。",
}


def level_words(level: str, measure: str) -> dict[str, dict[str, str]]:
    """The words of a page about micro-grids or areas.

    Parameters
    ----------
    level
        ``micro``, ``area``, or empty for a plan.
    measure
        What the band counts: ``households`` or ``grids``.
    """
    if level not in _LEVELS:
        return page_words()
    found = {}
    for language, table in page_words().items():
        words = {key: _swapped(text, _LEVELS[level][language]) for key, text in table.items()}
        if measure == "grids":
            told = [key for key in words if key in _BAND_KEYS or key.startswith("reason_")]
            words |= {key: _swapped(words[key], _OF_GRIDS[language]) for key in told}
            words["chart_hint"] = _HINT[language]
        found[language] = {**words, **_OWN[level][language]}
    return found


def _swapped(text: str, pairs: dict[str, str]) -> str:
    """``text`` with every pattern replaced, in one pass; the names of its {facts} stay."""
    kept = r"\{\w+[:}]"

    def swap(match: re.Match[str]) -> str:
        found = (re.sub(p, to, match[0]) for p, to in pairs.items() if re.fullmatch(p, match[0]))
        return match[0] if re.fullmatch(kept, match[0]) else next(found)

    return re.sub("|".join(f"(?:{pattern})" for pattern in (kept, *pairs)), swap, text)
