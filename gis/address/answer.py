"""From an address to its answer: read, collect, weigh, accept what is proved."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from gis.address.asked import Asked
from gis.address.characters import MAX_CHARACTERS, fold
from gis.address.latin_answer import answer_latin
from gis.address.latin_spelling import is_latin
from gis.address.read import read_han
from gis.address.refuse import refuse
from gis.address.types import MOST_CANDIDATES, Candidate, Match
from gis.address.unify import normalise_with_places, unify
from gis.address.weigh import APART, CLOSE, Weighed, as_candidate, collect, distinct, weigh

if TYPE_CHECKING:
    from gis.address.index import AddressIndex


def answer_exact(index: AddressIndex, row: int, text: str) -> Match:
    """The answer to a text that is word for word one of the layer's."""
    candidate = Candidate(row, 1.0)
    return Match("exact", (candidate,), np.array([row], dtype=np.int32), (), 1.0, text.strip(), "")


def answer_read(index: AddressIndex, text: str) -> Match:
    """The answer to any text."""
    if len(text) > MAX_CHARACTERS:
        return Match("not_found", reasons=("too_long",), dropped=text[:80])
    folded = fold(text)
    if not folded:
        return Match("not_found", reasons=("empty",), dropped=text[:80])
    if is_latin(folded) and len(index.latin.streets):
        return answer_latin(index, index.latin, text, folded)
    normalised = unify(folded)
    asked = read_han(normalised, index.names, index.region)
    return _answer(index, asked, text)


def _answer(index: AddressIndex, asked: Asked, text: str) -> Match:
    matched, dropped = _texts(asked, text)
    if "region_differs" in asked.reasons:
        return Match("not_found", reasons=("region_differs",), dropped=text.strip())
    rows = collect(index, asked)
    weighed = sorted(
        (weigh(index, asked, int(row)) for row in rows), key=lambda one: (not one.is_accepted, -one.score, one.row)
    )
    accepted = distinct(index, [one for one in weighed if one.is_accepted], asked)
    if accepted:
        return _accept(asked, accepted, weighed, matched, dropped)
    return refuse(index, asked, weighed, matched, dropped)


def _accept(asked: Asked, accepted: list[Weighed], weighed: list[Weighed], matched: str, dropped: str) -> Match:
    best = accepted[0]
    rivals = [
        one
        for one in accepted[1:]
        if one.score >= best.score - CLOSE or (best.cost > 0 and one.cost < best.cost + APART and not best.door)
    ]
    candidates = tuple(as_candidate(one) for one in (best, *rivals))[:MOST_CANDIDATES]
    reasons = list(dict.fromkeys((*asked.reasons, *best.reasons)))
    if rivals:
        rows = np.array([one.row for one in (best, *rivals)], dtype=np.int32)
        why = "several_buildings" if "range_asked" in reasons else "several_places"
        return Match("ambiguous", candidates, rows, (*reasons, why), 0.5, matched, dropped)
    if "phase_unknown" in reasons:
        rows = np.array([best.row], dtype=np.int32)
        return Match("ambiguous", candidates, rows, tuple(reasons), 0.4, matched, dropped)
    is_exact = not reasons and not asked.unknown
    more = [as_candidate(one) for one in weighed if one.row != best.row and not one.is_accepted]
    candidates = (candidates + tuple(more))[:MOST_CANDIDATES]
    confidence = 1.0 if is_exact else max(0.5, round(0.95 * best.score, 3))
    rows = np.array([best.row], dtype=np.int32)
    return Match("exact" if is_exact else "building", candidates, rows, tuple(reasons), confidence, matched, dropped)


def _texts(asked: Asked, text: str) -> tuple[str, str]:
    """The asker's own text that was used, and that was not."""
    if not asked.dropped:
        return text.strip(), ""
    _, places = normalise_with_places(text)
    is_dropped = bytearray(len(text))
    for start, end in asked.dropped:
        if start < end:
            first, last = places[start], places[end - 1] + 1
            is_dropped[first:last] = b"\x01" * (last - first)
    kept: list[str] = []
    dropped: list[str] = []
    for gone, run in groupby(zip(is_dropped, text), key=lambda pair: pair[0]):
        (dropped if gone else kept).append("".join(character for _, character in run).strip(" ,，、;；"))
    return " ".join(part for part in kept if part), " ".join(part for part in dropped if part)
