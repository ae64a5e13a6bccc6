"""The number of a patrol in the name of a file: digits stay, whatever may name a person or reach one is dropped."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date


def patrol_number(text: str, known: Collection[str] = ()) -> str:
    """The number of a patrol in a file name or in what a user typed; empty when it holds none.

    Kept are ``known`` ids, and texts made of digits and at most three letters a word (``G012-1``,
    ``110105001-03_pm``).  A text with a longer word, with Chinese characters, or that looks like the number of a
    mobile phone or of an identity card is not a number of a patrol: nothing of it is kept.
    """
    plain = text.strip()
    for name in sorted(known, key=len, reverse=True):
        rest = plain[len(name) :]
        if name and plain.startswith(name) and not rest[:1].isalnum():
            tail = patrol_number(rest.strip("-_. ")) if rest else ""
            return f"{name}-{tail}" if tail else name
    if not re.fullmatch(r"[A-Za-z0-9._ -]{1,60}", plain) or not re.search(r"\d", plain):
        return ""
    if re.search(r"[A-Za-z]{4}", plain) or any(_is_personal(digits) for digits in re.findall(r"\d+[Xx]?", plain)):
        return ""
    return plain


def _is_personal(digits: str) -> bool:
    """The digits look like a mobile phone number (with or without 86) or an identity card number."""
    if re.fullmatch(r"(86)?1[3-9]\d{9}", digits):
        return True
    if not re.fullmatch(r"\d{17}[\dXx]", digits):
        return False
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(w * int(d) for w, d in zip(weights, digits)) % 11] == digits[-1].upper()
