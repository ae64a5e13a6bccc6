"""Unifying: one spelling for numbers and unit words, on folded text; for the address layer and for what is asked alike.

``三号楼``, ``3号楼``, ``3幢`` and ``3#`` become ``3栋``; ``346之15号`` becomes ``346-15号``.  Only numerals that stand
before a unit word become digits: 育德一街 keeps its name.  A separator between two digits is never dropped, and
malformed numerals are left as they are.
"""

from __future__ import annotations

import re

from gis.address.characters import fold

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
    r"(?<![0-9A-Z〇零一二两三四五六七八九十百千])[〇零一二两三四五六七八九十百千]+"
    r"(?=号|栋|幢|座|单元|层|楼|室|组|弄|排|#|段|期|邻)"
)
_BUILDING = re.compile(
    r"(?<=[0-9A-Z])(?:-?号楼|号栋|号幢|栋楼|幢楼|座楼|栋|幢|座|#楼|#栋|#(?![0-9])|#(?=[0-9]+(?:单元|室|-)))"
)
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


def unify(folded: str) -> str:
    """Folded text with numbers and unit words in their one spelling; doing it twice changes nothing."""
    text = folded
    if "#" in text or not text.isascii():
        text = _NUMERAL.sub(_digits, text)
        text = _OFFICE.sub("街道", text)
        text = _SUB_BEFORE.sub(r"-\1", text)
        text = _SUB_AFTER.sub(r"-\1号", text)
        text = _BUILDING.sub("栋", text)
    return _ZEROS.sub("", text)


def normalise(text: str) -> str:
    """Any text in the one spelling that names and questions are compared in."""
    return unify(fold(text))
