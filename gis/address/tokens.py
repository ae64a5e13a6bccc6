"""Numbers of an address in Chinese, with the word that says what each one counts.

Works on normalised text.  Numbers are read from left to right; what lies between them is names.  Text after the
building (stairwell, floor, room) and remarks are told apart, so that they are neither names nor numbers of places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LETTERS = r"(?:(?<![A-Z])[A-Z]{1,2})?"
_CODE = rf"(?:{_LETTERS}[0-9]+[A-Z]?|(?<![A-Z])[A-Z])"
_NUMBER = re.compile(
    # What no number begins with is passed over at once, before one kind after the other is tried.
    r"(?=[-0-9A-Z附甲乙丙丁临新自东西南北])(?:"
    r"(?P<range>(?P<low>[0-9]+)(?:号|栋)?[~至到](?P<high>[0-9]+)(?P<range_unit>栋|号)|"
    r"(?P<low2>[0-9]+)-(?P<high2>[0-9]+)(?P<range_unit2>栋))"
    r"|(?P<list>[0-9]+(?:,[0-9]+)+)(?P<list_unit>栋|号)"
    r"|(?P<rest>(?:[A-Z东西南北]|[0-9]+)单元(?:[0-9]+(?:-[0-9]+)*)?|[0-9A-Z-]+室|[0-9]+层|[0-9]+户|B?[0-9]{1,3}F[0-9]*(?:[之-][0-9]+)?(?![A-Z])"
    r"|(?:1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}))"
    r"|(?P<group>[0-9]+)(?:村民小组|小组|组|队(?![^0-9]))"
    r"|(?P<lin>[0-9]+邻)"
    r"|(?P<phase>[0-9]+[期段])"
    rf"|(?P<building>{_CODE})栋"
    r"|(?P<door>(?P<lanes>(?:[0-9]+(?:-[0-9]+)*(?:巷|弄))+)?(?P<before>附|甲|乙|丙|丁|临|新|自编)?"
    r"(?P<main>(?:(?<![A-Z])[A-Z])?[0-9]+[A-Z]?(?:-[0-9]+)*(?:附[0-9]+)?)号(?:院)?(?P<after>(?:附[0-9]+号?|[甲乙丙丁](?![\u3400-\u9fff]))?))"
    r"|(?P<lane_only>(?:[0-9]+(?:-[0-9]+)*(?:巷|弄))+)"
    r"|(?P<floor>[0-9]+)楼(?:[之-][0-9]+)?"
    rf"|(?P<bare>{_LETTERS}[0-9]+[A-Z]?(?:-[0-9A-Z]+)*)"
    r")"
)
_STEMS = ("甲", "乙", "丙", "丁")
_DOT_ZERO = re.compile(r"^0+(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Number:
    """One number: what it counts, its canonical form, for a range all its values, and where it stands."""

    kind: str
    value: str
    start: int
    end: int
    many: tuple[str, ...] = ()


MOST_OF_RANGE = 200


def read_numbers(text: str) -> list[Number]:
    """The numbers of a normalised text, from left to right."""
    found: list[Number] = []
    for hit in _NUMBER.finditer(text):
        kind, span = hit.lastgroup, hit.span()
        if hit["range"] is not None:
            low, high = int(hit["low"] or hit["low2"]), int(hit["high"] or hit["high2"])
            kind = "building" if (hit["range_unit"] or hit["range_unit2"]) == "栋" else "door"
            if low <= high < low + MOST_OF_RANGE:
                found.append(Number(kind, "", *span, tuple(str(n) for n in range(low, high + 1))))
            else:
                found.append(Number("bare", f"{low}-{high}", *span))
        elif hit["list"] is not None:
            kind = "building" if hit["list_unit"] == "栋" else "door"
            found.append(Number(kind, "", *span, tuple(sorted(set(hit["list"].split(","))))))
        elif hit["rest"] is not None:
            found.append(Number("rest", hit[0], *span))
        elif hit["group"] is not None:
            found.append(Number("group", hit["group"], *span))
        elif hit["lin"] is not None:
            found.append(Number("hamlet", hit["lin"], *span))
        elif hit["phase"] is not None:
            found.append(Number("phase", hit["phase"], *span))
        elif hit["building"] is not None:
            found.append(Number("building", hit["building"], *span))
        elif hit["door"] is not None:
            before, after = hit["before"] or "", (hit["after"] or "").rstrip("号")
            if before in _STEMS:  # 甲9号 is 9号甲
                before, after = "", before + after
            value = (hit["lanes"] or "") + before + hit["main"] + after
            found.append(Number("door", value, *span))
        elif hit["lane_only"] is not None:
            found.append(Number("lane", hit["lane_only"], *span))
        elif hit["floor"] is not None:
            found.append(Number("floor", hit["floor"], *span))
        else:
            found.append(Number("bare", hit["bare"], *span))
    return found


def canonical_number(text: str) -> str:
    """A number of a layer's column (``634号``, ``3幢`` after normalising, ``A3``) without its unit word."""
    text = text.replace(" ", "")
    for number in read_numbers(text if text.endswith(("号", "栋", "组")) else text + "号"):
        if number.kind in ("door", "building", "group", "bare", "floor") and not number.many:
            return _DOT_ZERO.sub("", number.value)
    return _DOT_ZERO.sub("", text)
