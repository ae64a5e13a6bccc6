"""Where no building is proved: the estate, street or community that is known, or nothing.

A building that does not exist is never replaced by its neighbour.  But the rows that the answer would lie among are
given, so that whoever knows the grids can see whether they lie in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gis.address.asked import Asked
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, MOST_CANDIDATES, STREET, TOWN, Candidate, Match
from gis.address.weigh import COLUMN, Weighed, as_candidate, distinct
from gis.graph import Int32Array

if TYPE_CHECKING:
    from gis.address.index import AddressIndex


def refuse(index: AddressIndex, asked: Asked, weighed: list[Weighed], matched: str, dropped: str) -> Match:
    """The estate, street or community is known, or nothing is; the building is not given in any case."""
    near = distinct(index, [one for one in weighed if one.score > 0.3], asked)[:MOST_CANDIDATES]
    candidates = tuple(as_candidate(one) for one in near)
    reasons = list(asked.reasons)
    estates = _sure(asked, ESTATE)
    streets = _sure(asked, STREET)
    communities = _sure(asked, COMMUNITY)
    if estates and not (streets and asked.door and not asked.building):
        rows = _agreeing(index, asked, index.rows_with(ESTATE, estates))
        if asked.building:
            reasons.append("building_absent")
        elif not asked.loose:
            reasons.append("no_number")
        if len(rows):
            return _at_place(index, rows, candidates, reasons, 0.5, matched, dropped)
    if near and not estates and not (streets and asked.door) and _is_near(near[0]):
        rows = np.array([one.row for one in near if _is_near(one)], dtype=np.int32)
        return Match("ambiguous", candidates, rows, (*reasons, "corrected"), 0.3, matched, dropped)
    if streets:
        rows = index.rows_with(STREET, streets)
        rows = _agreeing(index, asked, rows)
        if asked.door and len(rows):
            at_door = _at_door(index, asked, rows)
            if len(at_door):
                reasons.append("building_absent" if asked.building else "estate_absent")
                return _at_place(index, at_door, candidates, reasons, 0.4, matched, dropped)
            reasons.append("door_absent")
            rows, how = same_side(index, rows, asked.door[0])
            reasons += how
        elif len(rows):
            if asked.lane:
                rows = _in_lane(index, rows, asked.lane)
            reasons.append("no_number")
        if len(rows):
            return _at_place(index, rows, candidates, reasons, 0.4, matched, dropped)
    if communities:
        rows = index.rows_in(COMMUNITY, communities)
        rows = _agreeing(index, asked, rows)
        if asked.group and len(rows):
            group = index.number_place.get(asked.group, -2)
            inside = rows[index.column["group"][rows] == group]
            rows = inside if len(inside) else rows
        if asked.unknown:
            reasons.append("estate_absent")
        reasons.append("door_absent" if asked.door else "only_area")
        if len(rows):
            return _at_place(index, rows, candidates, reasons, 0.3, matched, dropped)
    if asked.unknown:
        reasons.append("estate_absent" if ESTATE in asked.unknown else "street_absent")
    if any(asked.named[kind] for kind in (DISTRICT, TOWN)) and not asked.unknown:
        reasons.append("only_area")
    if not any(asked.named):
        reasons.append("nothing_known")
    return Match("not_found", candidates, _NO_ROWS, tuple(dict.fromkeys(reasons)), 0.0, matched, dropped)


_LITTLE = 1.5
_NO_ROWS: Int32Array = np.zeros(0, dtype=np.int32)


def _is_near(one: Weighed) -> bool:
    """Whether little must be mended and nothing contradicts: worth asking back, not enough to be sure."""
    return (
        one.cost <= _LITTLE
        and one.agrees.get(DISTRICT) != 0.0
        and one.agrees.get(TOWN) != 0.0
        and one.door is not False
    )


def _at_place(
    index: AddressIndex,
    rows: Int32Array,
    candidates: tuple[Candidate, ...],
    reasons: list[str],
    confidence: float,
    matched: str,
    dropped: str,
) -> Match:
    kept = tuple(dict.fromkeys(reasons))
    return Match("street", candidates, np.unique(rows).astype(np.int32), kept, confidence, matched, dropped)


def _sure(asked: Asked, kind: int) -> list[int]:
    """Names of a kind that are meant without a mistake."""
    return sorted(id for id, share in asked.named[kind].items() if share >= 0.99)


def _agreeing(index: AddressIndex, asked: Asked, rows: Int32Array) -> Int32Array:
    """Rows that contradict no administrative name, where there are any such."""
    for kind in (DISTRICT, TOWN, COMMUNITY):
        sure = _sure(asked, kind)
        if sure and len(rows):
            inside = rows[np.isin(index.column[COLUMN[kind]][rows], sure)]
            if kind == DISTRICT or len(inside):
                rows = inside
    return rows


def _at_door(index: AddressIndex, asked: Asked, rows: Int32Array) -> Int32Array:
    wanted = [index.number_place[number] for number in asked.door if number in index.number_place]
    found: Int32Array = rows[np.isin(index.column["number"][rows], wanted)]
    return found


def _in_lane(index: AddressIndex, rows: Int32Array, lane: str) -> Int32Array:
    inside = [row for row in rows.tolist() if index.numbers[index.column["number"][row]].startswith(lane)]
    return np.array(inside, dtype=np.int32)


def same_side(index: AddressIndex, rows: Int32Array, door: str) -> tuple[Int32Array, list[str]]:
    """Rows on the side of the street where a missing number would stand: odd or even."""
    main = _main_number(door)
    if main is None:
        return rows, []
    numbers = np.array(
        [_main_number(index.numbers[n]) or -1 if n >= 0 else -1 for n in index.column["number"][rows].tolist()]
    )
    same = rows[numbers == main]
    if len(same):
        return same, ["sub_number_dropped"]
    side = rows[(numbers >= 0) & (numbers % 2 == main % 2)]
    return side, ["grid_by_side"] if len(side) else []


def _main_number(number: str) -> int | None:
    digits = number.partition("-")[0]
    digits = digits.rstrip("甲乙丙丁ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits) if digits.isdecimal() and len(digits) < 9 else None
