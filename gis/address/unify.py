"""Unifying: one spelling for numbers and unit words, on folded text; for the address layer and for what is asked alike.

``三号楼``, ``3号楼``, ``3幢`` and ``3#`` become ``3栋``; ``346之15号`` becomes ``346-15号``.  Only numerals that stand
before a unit word become digits: 育德一街 keeps its name.  A separator between two digits is never dropped, and
malformed numerals are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gis.address.characters import fold, fold_with_places

HAN_DIGITS = {
    "〇": 0,
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_TENS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = re.compile(
    r"(?<![0-9〇零一二两三四五六七八九十百千])[〇零一二两三四五六七八九十百千]+"
    r"(?=号|栋|幢|座|单元|层|楼|室|组|弄|排|#|段|期|邻)"
)
_BUILDING = re.compile(r"(?<=[0-9A-Z])(?:-?号[楼栋幢]|[栋幢座]|#[楼栋]|#(?![0-9])|#(?=[0-9]+(?:单元|室|-)))[楼栋幢座]*")
_OFFICE = re.compile(r"街道办事处|街道办|街办(?!事)|街办事处")
_SUB_BEFORE = re.compile(r"(?<=[0-9])之([0-9]+)")
_SUB_AFTER = re.compile(r"(?<=[0-9])号(?:之|-)([0-9]+)(?![0-9]*(?:栋|室|单元|楼|层))")
_ZEROS = re.compile(r"(?<![0-9A-Z.-])0+(?=[1-9])")
_GOOD = re.compile(r"[0-9A-Z]号(?:楼|栋)")


def han_number(numeral: str) -> int | None:
    """The value of a Chinese numeral, or ``None`` where it is not well formed.

    Digits in a row (一二三) count as written digits; 十 百 千 must fall from left to right.
    """
    if not any(c in _TENS for c in numeral):
        return int("".join(str(HAN_DIGITS[c]) for c in numeral))
    total, digit, last = 0, None, 10_000
    for character in numeral:
        if character in _TENS:
            weight = _TENS[character]
            if weight >= last or (digit == 0):
                return None
            if digit is None:
                if weight != 10 or total % 100:
                    return None
                digit = 1
            total, digit, last = total + digit * weight, None, weight
        else:
            value = HAN_DIGITS[character]
            if digit not in (None, 0):
                return None
            digit = value
    return total + (digit or 0)


def _digits(found: re.Match[str]) -> str:
    value = han_number(found[0])
    return found[0] if value is None else str(value)


_STEPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_NUMERAL, _digits),
    (_OFFICE, lambda found: "街道"),
    (_SUB_BEFORE, lambda found: "-" + found[1]),
    (_SUB_AFTER, lambda found: "-" + found[1] + "号"),
    (_BUILDING, lambda found: "栋"),
)


_MOST_ROUNDS = 6


def unify(folded: str) -> str:
    """Folded text with numbers and unit words in their one spelling; doing it twice changes nothing."""
    text = folded
    for _ in range(_MOST_ROUNDS):  # what one step leaves another may find
        before = text
        if "#" in text or not text.isascii():
            for pattern, change in _STEPS:
                text = pattern.sub(change, text)
        text = _ZEROS.sub("", text)
        if text == before:
            break
    return text


def unify_with_places(folded: str, places: list[int]) -> tuple[str, list[int]]:
    """The same, and for each character the place that ``places`` has for where it came from."""
    text = folded
    for _ in range(_MOST_ROUNDS):
        before = text
        if "#" in text or not text.isascii():
            for pattern, change in _STEPS:
                text, places = _replace(pattern, change, text, places)
        text, places = _replace(_ZEROS, lambda found: "", text, places)
        if text == before:
            break
    return text, places


def _replace(
    pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], text: str, places: list[int]
) -> tuple[str, list[int]]:
    parts: list[str] = []
    kept: list[int] = []
    last = 0
    for found in pattern.finditer(text):
        new = change(found)
        parts += [text[last : found.start()], new]
        kept += places[last : found.start()] + [places[found.start()]] * len(new)
        last = found.end()
    return ("".join((*parts, text[last:])), kept + places[last:]) if last else (text, places)


def normalise(text: str) -> str:
    """Any text in the one spelling that names and questions are compared in."""
    return unify(fold(text))


def normalise_with_places(text: str) -> tuple[str, list[int]]:
    """The same, and for each character the position in ``text`` that it came from."""
    return unify_with_places(*fold_with_places(text))
