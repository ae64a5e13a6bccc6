"""Folding: one spelling for every character, for the address layer and for what is asked alike.

Full width becomes half width, traditional simplified, small Latin capital, accents fall, every dash is one dash.
What is folded stays a string a person can read, and `fold_with_places` knows from which character of the input each
character came, so that an answer can quote the asker's own text.  Meaning is not touched here: `gis.address.unify`
unifies numbers and unit words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_CHARACTERS = 2_000
"""More of an address than this is not read: the longest real ones have a tenth."""

_DASHES = "‐‑‒–—―−﹘﹣－⁻"
_TILDES = "~〜～∼〰"
_OPENING, _CLOSING = "([{〔【〖「『《〈<«", ")]}〕】〗」』》〉>»"
_COMMAS = ",，、;；|｜。"
_SPELT = {"Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "ẞ": "SS", "ß": "SS", "ı": "I"}
_KEPT = frozenset("#-/~(),&+@*")
_GAP = re.compile(r"(?<=[^\x00-\u2e7f])\s+|\s+(?=[^\x00-\u2e7f])|(?<![^\W_])(?<!\s)\s+|\s+(?![^\W_])")


@lru_cache(maxsize=1)
def _simplified() -> dict[str, str]:
    """Traditional character to simplified, for single characters."""
    from opencc import OpenCC

    every = [chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    convert = OpenCC("t2s").convert
    table = dict(zip(every, convert("\n".join(every)).split("\n")))
    # Two steps where one leads to a character that is itself traditional: folding twice must change nothing.
    return {a: table.get(b, b) for a, b in table.items() if a != b and len(b) == 1}


def _fold_character(character: str) -> str:
    if character in _DASHES:
        return "-"
    if character in _TILDES:
        return "~"
    if character in _OPENING:
        return "("
    if character in _CLOSING:
        return ")"
    if character in _COMMAS:
        return ","
    if character.isspace():
        return " "
    if unicodedata.category(character)[0] == "C":
        return ""
    folded = []
    for part in unicodedata.normalize("NFKC", character).upper():
        if part in _SPELT:
            folded.append(_SPELT[part])
            continue
        base = unicodedata.normalize("NFKD", part)
        part = base[0] if base and (base[0] < "\u0500" or unicodedata.combining(base[0])) else part
        part = _simplified().get(part, part)
        kind = unicodedata.category(part)[0]
        if kind == "M" and part < "\u0500":
            continue
        folded.append(part if kind in "LNM" or part in _KEPT else " ")
    return "".join(folded)


class _Folded(dict[int, str]):
    """Folds a character when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = _fold_character(character)
        again = "".join(_fold_character(part) for part in folded)
        while again != folded:
            folded, again = again, "".join(_fold_character(part) for part in again)
        self[code] = folded
        return folded


_FOLDED = _Folded()


def fold(text: str) -> str:
    """The text with every character in its one spelling; spaces remain only between Latin words and numbers.

    Folding twice changes nothing.  Control characters fall away, other signs become gaps.
    """
    folded = text.translate(_FOLDED)
    return _GAP.sub("", folded).strip() if " " in folded else folded


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the position in ``text`` that it came from."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for part in _FOLDED[ord(character)]:
            characters.append(part)
            places.append(place)
    loose = "".join(characters)
    kept = bytearray(b"\x01") * len(loose)
    for gap in _GAP.finditer(loose):
        kept[gap.start() : gap.end()] = bytes(gap.end() - gap.start())
    text_kept = "".join(c for c, k in zip(loose, kept) if k)
    places_kept = [p for p, k in zip(places, kept) if k]
    left = len(text_kept) - len(text_kept.lstrip())
    stripped = text_kept.strip()
    return stripped, places_kept[left : left + len(stripped)]
