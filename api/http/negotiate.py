"""What a reader accepts against what a route gives."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

MAX_RANGES = 30


def preferred(accept: str, offered: Iterable[str]) -> str | None:
    """The offered media type the reader likes best (the first offered among equals); none where none will do.

    An empty header accepts everything.
    """
    return _preferred(accept.strip().lower(), tuple(offered))


@lru_cache(maxsize=1024)
def _preferred(accept: str, offered: tuple[str, ...]) -> str | None:
    if not accept or accept == "*/*":
        return offered[0] if offered else None
    ranges = [_range(part) for part in accept.split(",")[:MAX_RANGES]]
    best, best_weight = None, 0.0
    for media in offered:
        weight = _weight(media.split(";")[0].strip().lower(), ranges)
        if weight > best_weight:
            best, best_weight = media, weight
    return best


def _range(part: str) -> tuple[str, str, float]:
    name, *options = (piece.strip() for piece in part.split(";"))
    kind, _, sub = name.partition("/")
    weight = 1.0
    for option in options:
        key, _, value = option.partition("=")
        if key.strip() == "q":
            try:
                weight = min(max(float(value), 0.0), 1.0)
            except ValueError:
                weight = 0.0
    return kind, sub, weight


def _weight(media: str, ranges: list[tuple[str, str, float]]) -> float:
    """Weight of the range that names the media type most closely."""
    kind, _, sub = media.partition("/")
    closest, weight = -1, 0.0
    for range_kind, range_sub, range_weight in ranges:
        if (range_kind, range_sub) == (kind, sub):
            rank = 2
        elif range_kind == kind and range_sub == "*":
            rank = 1
        elif (range_kind, range_sub) == ("*", "*"):
            rank = 0
        else:
            continue
        if rank > closest:
            closest, weight = rank, range_weight
    return weight
