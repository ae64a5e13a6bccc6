"""Latin script: the one spelling of words, names and house numbers, for the layer and for what is asked alike.

Every form of a word becomes its short form (`gis.address.latin_words`); names are compared without articles, and oe
is o.  Seam: text comes from `gis.address.characters.fold`, before ``unify``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from gis.address.latin_words import ARTICLES, ENDINGS, MARKS, OTHERS, SIDES, TYPES

_SHORT = {**OTHERS, **SIDES, **TYPES}
_HAN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LETTER = re.compile(r"[^\W\d_]")
ORDINAL = re.compile(r"([0-9]+)(?:ER|RE|ERE|EME|IEME|ND|NDE|RD|TH|ST)")
_ZEROS = re.compile(r"(?<![0-9A-Z.])0+(?=[0-9])")
_UMLAUT = re.compile(r"([AO])E(?!E)|(?<![AEQG])UE(?=[^AEIOUY])")


def is_latin(folded: str) -> bool:
    """Whether a folded text is an address for this room: letters, and none of them Chinese."""
    return not _HAN.search(folded) and bool(_LETTER.search(folded))


@lru_cache(maxsize=65_536)
def shorten(raw: str) -> tuple[str, ...]:
    """The short form of one word; a German ending that names the kind of way becomes a word of its own."""
    short = _SHORT.get(raw)
    if short is not None:
        return (short,)
    ordinal = ORDINAL.fullmatch(raw)
    if ordinal:
        return (f"{int(ordinal[1])}E",)
    for ending, kind in ENDINGS:
        if raw.endswith(ending) and len(raw) >= len(ending) + (2 if kind == "ST" else 3):
            stem = raw[: -len(ending)]
            return (stem + kind,) if stem in ARTICLES else (stem, kind)
    return (raw,)


def name_words(words: Iterable[str]) -> list[str]:
    """Words of a name in their short forms, with what an apostrophe took apart put together again."""
    found: list[str] = []
    for raw in words:
        if raw == "S" and found and found[-1].isalpha() and len(found[-1]) > 2:
            found[-1] = shorten(found[-1] + "S")[0]
        elif raw == "WEALTH" and found and found[-1] == "C":
            found[-1] = "CWEALTH"
        else:
            found.extend(shorten(raw))
    return found


def bare(words: Iterable[str]) -> list[str]:
    """Short forms as they are compared: articles fall (unless nothing else is there), oe and o are one."""
    every = list(words)
    kept = [word for word in every if word not in ARTICLES] or every
    return [
        word if word in TYPES or len(word) < 4 else _UMLAUT.sub(lambda found: found[1] or "U", word) for word in kept
    ]


def name_key(folded: str) -> str:
    """A name in the form names are compared in: equal keys are one name."""
    return " ".join(bare(name_words(found[0] for found in re.finditer(r"[^\W_]+", folded))))


def particulars(key_words: Iterable[str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """What is never mended into another in a name: its numerals, its kinds of way, its sides and single letters."""
    numerals, kinds, sides = set(), set(), set()
    for word in key_words:
        if word[0].isdigit() or word[-1].isdigit():
            numerals.add(word)
        elif word in TYPES:
            kinds.add(word)
        elif word in SIDES or len(word) == 1:
            sides.add(word)
    return frozenset(numerals), frozenset(kinds), frozenset(sides)


def number_key(folded: str) -> str:
    """A house number in its one spelling: ``11 a`` is ``11A``, ``Blk 09`` is ``9``, ``32 Bis`` is ``32BIS``."""
    parts = [part for part in re.findall(r"[^\W_]+|[-/,~&+]", folded) if part not in MARKS]
    joined = "".join("-" if part == "~" else part for part in parts)
    return _ZEROS.sub("", joined)
