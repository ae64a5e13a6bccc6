"""Province and city in front of an address, and what the layer's own may be called."""

from __future__ import annotations

import re

from gis.address.asked import Asked
from gis.address.names import Names
from gis.address.types import REGION

_LIKE = re.compile(
    r"^(?P<province>(?:(?![区县镇乡路街道号村])[\u3400-\u9fff]){2,6}?(?:省|自治区|特别行政区))?"
    r"(?P<city>(?:(?![区县镇乡路街道号村])[\u3400-\u9fff]){2,6}?(?:市(?!场)|自治州|地区|盟))?"
)
_ENDINGS = ("省", "自治区", "特别行政区", "市", "州", "盟")


def region_parts(region: str) -> list[str]:
    """The names a region is made of: 湖南省长沙市 is 湖南省 and 长沙市."""
    parts, rest = [], region
    for ending in _ENDINGS:
        head, found, tail = rest.partition(ending)
        if found and head:
            parts.append(head + found)
            rest = tail
    return parts + ([rest] if rest else [])


def region_forms(region: str) -> frozenset[str]:
    """What each of these names may be called."""
    parts = region_parts(region)
    return frozenset(parts + [part[:-1] for part in parts if len(part) > 2 and part[-1] in "省市州盟"])


def region_prefixes(region: str) -> tuple[str, ...]:
    """How an address may begin that names the region, the longest first."""
    parts = region_parts(region)
    return tuple("".join(parts[k:]) for k in range(len(parts))) if region else ()


def cut_region(text: str, prefixes: tuple[str, ...]) -> str:
    """The text without the region in front."""
    if prefixes and text.startswith(prefixes):
        return next(text[len(prefix) :] for prefix in prefixes if text.startswith(prefix))
    return text


def read_region(asked: Asked, text: str, names: Names, region: frozenset[str]) -> int:
    """Province and city in front; where the layer knows its own, others contradict it."""
    found = _LIKE.match(text)
    if found is None or not found.end():
        return 0
    end = 0
    for part in ("province", "city"):
        name = found[part]
        if not name:
            continue
        if _is_other_name(text, found.start(part), found.end(part), names):
            break  # 湖南省物资厅宿舍 is an estate, 绿地城市花园 no city
        end = found.end(part)
        if not region:
            asked.remember("region_unchecked")
        elif name not in region:
            asked.remember("region_differs")
    return end


def _is_other_name(text: str, start: int, end: int, names: Names) -> bool:
    """Whether a longer name begins there, or one of the layer's that is no region."""
    for stop in names.ends_at(text, start):
        if stop > end:
            return True
        if stop == end and all(names.kind[id] != REGION for id, _ in names.known(text[start:end])):
            return True
    return False
