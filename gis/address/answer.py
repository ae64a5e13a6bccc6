"""From an address to its answer: read, collect, weigh, accept what is proved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from gis.address.asked import Asked
from gis.address.characters import MAX_CHARACTERS, fold
from gis.address.latin_answer import answer_latin
from gis.address.latin_spelling import is_latin
from gis.address.read import read_han
from gis.address.refuse import refuse
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, MOST_CANDIDATES, STREET, TOWN, Candidate, Match
from gis.address.unify import normalise_with_places, unify
from gis.address.weigh import APART, CLOSE, COLUMN, Weighed, as_candidate, collect, distinct, weigh

if TYPE_CHECKING:
    from gis.address.index import AddressIndex


def answer_exact(index: AddressIndex, row: int, text: str) -> Match:
    """The answer to a text that is word for word one of the layer's."""
    candidate = Candidate(row, 1.0)
    return Match("exact", (candidate,), np.array([row], dtype=np.int32), (), 1.0, text.strip(), "")


def answer_doubles(index: AddressIndex, rows: Sequence[int], text: str) -> Match:
    """The answer to a text that is word for word that of several addresses."""
    asked = Asked(text)
    found = distinct(index, [Weighed(row, 1.0, {}, None, True, 0.0, ()) for row in rows], asked)
    if len(found) == 1:
        return answer_exact(index, found[0].row, text)
    candidates = tuple(as_candidate(one) for one in found)[:MOST_CANDIDATES]
    among = np.array([one.row for one in found], dtype=np.int32)
    return Match("ambiguous", candidates, among, ("several_places",), 0.5, text.strip(), "")


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
    first: Match | None = None
    for asked in read_han(normalised, index.names, index.region):
        match = _answer(index, asked, text)
        if match.row is not None or "region_differs" in match.reasons:
            return match
        first = first or match
    return first or Match("not_found", reasons=("nothing_known",))


def _answer(index: AddressIndex, asked: Asked, text: str) -> Match:
    matched, dropped = _texts(asked, text)
    if "region_differs" in asked.reasons:
        return Match("not_found", reasons=("region_differs",), dropped=text.strip())
    rows = collect(index, asked)
    weighed = sorted(
        (weigh(index, asked, int(row)) for row in rows), key=lambda one: (not one.is_accepted, -one.score, one.row)
    )
    proved = [one for one in weighed if one.is_accepted and not _is_namesake(index, asked, one)]
    accepted = distinct(index, proved, asked)
    if accepted:
        return _accept(index, asked, accepted, weighed, matched, dropped)
    return refuse(index, asked, weighed, matched, dropped)


def _is_namesake(index: AddressIndex, asked: Asked, one: Weighed) -> bool:
    """Whether an estate of the name stands where it was asked, only without the building: then this is another one."""
    estate = int(index.column["estate"][one.row])
    if one.agrees.get(ESTATE) != 1.0 or estate < 0:
        return False
    if asked.door and (one.door is False or one.agrees.get(STREET) == 0.0):
        there = index.rows_with(STREET, _exactly(asked, STREET), asked.door)
        if (index.column["estate"][there] == estate).any():
            return True
    if one.agrees.get(TOWN) == 0.0 and not (one.door and one.agrees.get(STREET) == 1.0):
        rows = index.rows_with(ESTATE, [estate])
        return bool(np.isin(index.column["town"][rows], _exactly(asked, TOWN)).any())
    return False


def _exactly(asked: Asked, kind: int) -> list[int]:
    return [id for id, share in asked.named[kind].items() if share == 1.0]


def _has_like_names(index: AddressIndex, asked: Asked, best: Weighed) -> bool:
    """Whether another name of the place asked is as like as a mistyped one: it may be meant, with a wrong number."""
    kind = ESTATE if int(index.column["estate"][best.row]) >= 0 else COMMUNITY
    name = int(index.column[COLUMN[kind]][best.row])
    if name not in asked.cost or (best.door and kind == ESTATE):
        return False
    like = [
        id for id, cost in asked.cost.items() if id != name and id in asked.named[kind] and cost < best.cost + APART
    ]
    area = TOWN if _exactly(asked, TOWN) else DISTRICT
    inside = _exactly(asked, area)
    if not like or not inside:
        return False
    rows = index.rows_with(ESTATE, like) if kind == ESTATE else index.rows_in(COMMUNITY, like)
    return bool(np.isin(index.column[COLUMN[area]][rows], inside).any())


def _accept(
    index: AddressIndex, asked: Asked, accepted: list[Weighed], weighed: list[Weighed], matched: str, dropped: str
) -> Match:
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
    if "phase_unknown" in reasons or _has_like_names(index, asked, best):
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
