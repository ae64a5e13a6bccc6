"""Known names in running text: the cover that explains most of it with fewest names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gis.address.names import SHORT, Names
from gis.address.types import COMMUNITY, ESTATE, STREET


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text, and what it names: ids with how; none where it is unknown."""

    start: int
    end: int
    hits: tuple[tuple[int, int], ...]


def suits(kind: int, tag: str) -> bool:
    """Whether a kind of name stands before a kind of number."""
    if tag == "door" or tag == "lane":
        return kind == STREET
    if tag == "group":
        return kind == COMMUNITY
    return kind == ESTATE and tag in ("building", "bare", "phase", "floor")


def cover(text: str, start: int, end: int, tag: str, masks: Mapping[int, int], names: Names) -> list[Token]:
    """The best cover of a piece of text by known names; what no name explains stands between them.

    Parameters
    ----------
    tag
        Kind of the number that follows: a name of the kind it calls for is preferred at the end.
    masks
        Where names that hold digits stand: from where to where.
    """
    n = end - start
    best = [0.0] * (n + 1)
    back: list[tuple[int, tuple[tuple[int, int], ...]]] = [(0, ())] * (n + 1)
    for i in range(1, n + 1):
        best[i] = -1e9
    for i in range(n):
        here = best[i]
        if here - 0.5 > best[i + 1]:
            best[i + 1], back[i + 1] = here - 0.5, (i, ())
        masked = masks.get(start + i)
        ends = [masked] if masked else names.ends_at(text, start + i)
        for stop in ends:
            if stop > end:
                continue
            hits = names.known(text[start + i : stop])
            gain = stop - start - i - 0.1
            if all(how == SHORT for _, how in hits):
                gain = 0.6 * gain
            elif stop == end and tag:
                gain += 0.3 * any(suits(int(names.kind[id]), tag) for id, _ in hits)
            if here + gain > best[stop - start]:
                best[stop - start], back[stop - start] = here + gain, (i, hits)
    tokens: list[Token] = []
    i = n
    while i > 0:
        j, hits = back[i]
        if not hits and tokens and not tokens[-1].hits and tokens[-1].start == start + i:
            tokens[-1] = Token(start + j, tokens[-1].end, ())
        else:
            tokens.append(Token(start + j, start + i, hits))
        i = j
    tokens.reverse()
    return tokens
