"""From what is asked to an answer: collect rows by (name, number), weigh them, accept on evidence only.

Order and acceptance are two things.  The order is a weighted agreement; acceptance asks for evidence: an exact name,
or a mistyped one that something else confirms, or one mistake in a name that nothing else resembles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.address.characters import MAX_CHARACTERS, fold
from gis.address.names import Names
from gis.address.read import Asked, read_han
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, MOST_CANDIDATES, STREET, TOWN, Candidate, Match
from gis.address.unify import unify
from gis.graph import Int32Array

if TYPE_CHECKING:
    from gis.address.index import AddressIndex

_WEIGHT = {DISTRICT: 0.10, TOWN: 0.06, COMMUNITY: 0.08, STREET: 0.20, ESTATE: 0.42}
_DOOR_WEIGHT, _GROUP_WEIGHT = 0.16, 0.20
_COLUMN = {DISTRICT: "district", TOWN: "town", COMMUNITY: "community", STREET: "street", ESTATE: "estate"}
_REASON = {
    DISTRICT: "district_differs",
    TOWN: "town_differs",
    COMMUNITY: "community_differs",
    STREET: "road_differs",
    ESTATE: "estate_differs",
}
_MOST_WEIGHED = 400
_CLOSE = 0.02
_ONE_MISTAKE = 1.0
_APART = 0.45
"""Costs nearer than this do not tell two mistyped names apart."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    row: int
    score: float
    agrees: dict[int, float]
    door: bool | None
    is_accepted: bool
    cost: float
    reasons: tuple[str, ...]


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
    normalised = unify(folded)
    asked = read_han(normalised, index.names, index.region)
    return _answer(index, asked, text)


def _answer(index: AddressIndex, asked: Asked, text: str) -> Match:
    matched, dropped = _texts(asked, text)
    if "region_differs" in asked.reasons:
        return Match("not_found", reasons=("region_differs",), dropped=text.strip())
    rows = _collect(index, asked)
    weighed = sorted(
        (_weigh(index, asked, int(row)) for row in rows), key=lambda one: (not one.is_accepted, -one.score, one.row)
    )
    accepted = _distinct(index, [one for one in weighed if one.is_accepted], asked)
    if accepted:
        return _accept(index, asked, accepted, weighed, matched, dropped)
    return _refuse(index, asked, weighed, matched, dropped)


# -- rows that may be meant


def _collect(index: AddressIndex, asked: Asked) -> list[int]:
    """Rows hit by a (name, number) pair."""
    found: list[int] = []
    column = index.column
    estates, streets, places = asked.named[ESTATE], asked.named[STREET], asked.named[COMMUNITY]
    buildings = asked.building or ((asked.loose.split("-")[0],) if asked.loose else ())
    doors = asked.door or ((asked.loose,) if asked.loose else ())
    if buildings:
        for name in estates:
            found += index.rows_with(ESTATE, name, buildings).tolist()
    wanted = [index.number_place[number] for number in buildings if number in index.number_place]
    if doors:
        for name in streets:
            rows = index.rows_with(STREET, name, doors)
            if asked.building and len(rows):
                rows = rows[np.isin(column["building"][rows], wanted)]
            found += rows.tolist()
        if not asked.building:
            for name in estates:
                found += index.rows_with(ESTATE, name, doors).tolist()
        for name in places:
            rows = index.rows_with(COMMUNITY, name, doors)
            if asked.group and len(rows):
                group = index.number_place.get(asked.group, -2)
                rows = rows[column["group"][rows] == group]
            found += rows.tolist()
    if len(found) > _MOST_WEIGHED:
        found = _nearest(index, asked, found)
    return list(dict.fromkeys(found))


def _nearest(index: AddressIndex, asked: Asked, rows: list[int]) -> list[int]:
    """Of very many rows those that agree best with the administrative names asked."""
    held = np.array(rows, dtype=np.int64)
    score = np.zeros(len(held))
    for kind in (DISTRICT, TOWN, COMMUNITY, STREET):
        if asked.named[kind]:
            score += np.isin(index.column[_COLUMN[kind]][held], list(asked.named[kind]))
    kept: list[int] = held[np.argsort(-score, kind="stable")[:_MOST_WEIGHED]].tolist()
    return kept


# -- weighing one row


def _weigh(index: AddressIndex, asked: Asked, row: int) -> _Weighed:
    column, agrees, reasons = index.column, {}, []
    got = full = cost = 0.0
    for kind, weight in _WEIGHT.items():
        named = asked.named[kind]
        is_stated = bool(named) or kind in asked.unknown
        if not is_stated:
            continue
        if kind == COMMUNITY and asked.group:
            weight = 0.42
        name = int(column[_COLUMN[kind]][row])
        if name < 0:
            full += weight / 2
            if kind in (STREET, ESTATE):
                agrees[kind] = 0.0
            continue
        share = named.get(name, 0.0)
        agrees[kind] = share
        full += weight
        got += weight * share
        cost += asked.cost.get(name, 0.0)
        if share == 0.0:
            reasons.append(_REASON[kind])
        elif name in asked.cost:
            reasons.append("corrected")
    door = _door_agrees(index, asked, row)
    if door is not None:
        full += _DOOR_WEIGHT
        got += _DOOR_WEIGHT * door
        if not door:
            reasons.append("road_number_differs")
    score = got / full if full else 0.0
    is_accepted = _is_evident(index, asked, row, agrees, door, cost)
    return _Weighed(row, score, agrees, door, is_accepted, cost, tuple(dict.fromkeys(reasons)))


def _door_agrees(index: AddressIndex, asked: Asked, row: int) -> bool | None:
    """Whether the door number asked is the row's; ``None`` where none is asked or the row has none."""
    number = int(index.column["number"][row])
    if not asked.door or number < 0:
        return None
    return index.numbers[number] in asked.door


def _is_evident(
    index: AddressIndex, asked: Asked, row: int, agrees: dict[int, float], door: bool | None, cost: float
) -> bool:
    """Whether a row is proved by what was said, not merely the best there is."""
    column = index.column
    building = int(column["building"][row])
    estate, street = agrees.get(ESTATE), agrees.get(STREET)
    district_differs = agrees.get(DISTRICT) == 0.0
    town_differs = agrees.get(TOWN) == 0.0
    is_confirmed = street is not None and street >= 0.75 and door is True
    is_placed = not district_differs and (agrees.get(DISTRICT) == 1.0 or agrees.get(TOWN) == 1.0)
    if asked.building and (building < 0 or index.numbers[building] not in asked.building):
        return False
    if int(column["street"][row]) < 0 and int(column["estate"][row]) < 0:
        return _is_evident_in_village(index, asked, row, agrees)
    if asked.building or (asked.loose and estate):
        if estate is None:
            return is_confirmed and not district_differs
        if estate == 1.0:
            return (not district_differs or is_confirmed) and not (street == 0.0 and door is False and town_differs)
        if estate >= 0.42 and is_confirmed:
            return True
        if district_differs or (town_differs and not is_confirmed) or street == 0.0:
            return False
        return estate > 0.6 and cost <= _ONE_MISTAKE and (is_placed or cost <= 0.5)
    if not asked.door and not asked.loose:
        return False
    if street == 1.0:
        return door is not False and not district_differs
    if street is not None and street >= 0.6 and door is not False and not district_differs:
        return (is_placed and cost <= _ONE_MISTAKE) or (estate == 1.0)
    return False


def _is_evident_in_village(index: AddressIndex, asked: Asked, row: int, agrees: dict[int, float]) -> bool:
    village = agrees.get(COMMUNITY, 0.0)
    group = int(index.column["group"][row])
    if asked.group and (group < 0 or index.numbers[group] != asked.group):
        return False
    if agrees.get(DISTRICT) == 0.0:
        return False
    if village == 1.0:
        return True
    return village >= 0.6 and (agrees.get(TOWN) == 1.0 or agrees.get(DISTRICT) == 1.0)


# -- several rows


def _distinct(index: AddressIndex, accepted: list[_Weighed], asked: Asked) -> list[_Weighed]:
    """One row a building, the best of each; the stairwell asked before the whole building, and it before others."""
    kept: dict[tuple[int, ...], _Weighed] = {}
    for one in accepted:
        key = _building_key(index, one.row)
        held = kept.get(key)
        if held is None or _unit_rank(index, one.row, asked) < _unit_rank(index, held.row, asked):
            kept[key] = (
                one
                if held is None
                else _Weighed(one.row, held.score, one.agrees, one.door, True, held.cost, one.reasons)
            )
    return list(kept.values())


def _building_key(index: AddressIndex, row: int) -> tuple[int, ...]:
    building = int(index.building_of_row[row])
    if building >= 0:
        return (building,)
    column = index.column
    parts = ("district", "town", "community", "street", "number", "estate", "group", "building")
    return tuple(int(column[name][row]) for name in parts)


def _unit_rank(index: AddressIndex, row: int, asked: Asked) -> int:
    unit = int(index.column["unit"][row])
    if asked.unit and unit >= 0 and index.numbers[unit] == asked.unit:
        return 0
    return 1 if unit < 0 else 2


def _accept(
    index: AddressIndex, asked: Asked, accepted: list[_Weighed], weighed: list[_Weighed], matched: str, dropped: str
) -> Match:
    best = accepted[0]
    rivals = [
        one
        for one in accepted[1:]
        if one.score >= best.score - _CLOSE or (best.cost > 0 and one.cost < best.cost + _APART and not best.door)
    ]
    if asked.cost and best.cost > 0:
        rivals += _rival_names(index, asked, best, [one.row for one in rivals])
    candidates = tuple(_candidate(one) for one in (best, *rivals))[:MOST_CANDIDATES]
    reasons = list(dict.fromkeys((*asked.reasons, *best.reasons)))
    if rivals:
        rows = np.array([one.row for one in (best, *rivals)], dtype=np.int32)
        why = "several_buildings" if "range_asked" in reasons else "several_places"
        return Match("ambiguous", candidates, rows, tuple([*reasons, why]), 0.5, matched, dropped)
    if "phase_unknown" in reasons:
        rows = np.array([best.row], dtype=np.int32)
        return Match("ambiguous", candidates, rows, tuple(reasons), 0.4, matched, dropped)
    is_exact = not reasons and not asked.unknown
    more = [_candidate(one) for one in weighed if one.row != best.row and not one.is_accepted]
    candidates = (candidates + tuple(more))[:MOST_CANDIDATES]
    confidence = 1.0 if is_exact else max(0.5, round(0.95 * best.score, 3))
    rows = np.array([best.row], dtype=np.int32)
    return Match("exact" if is_exact else "building", candidates, rows, tuple(reasons), confidence, matched, dropped)


def _rival_names(index: AddressIndex, asked: Asked, best: _Weighed, seen: list[int]) -> list[_Weighed]:
    """Nothing beyond the accepted rows: the place where a stricter rule would stand."""
    return []


def _candidate(one: _Weighed) -> Candidate:
    return Candidate(one.row, round(one.score, 4), one.reasons)


# -- no building


def _refuse(index: AddressIndex, asked: Asked, weighed: list[_Weighed], matched: str, dropped: str) -> Match:
    """The estate, street or community is known, or nothing is; the building is not given in any case."""
    near = _distinct(index, [one for one in weighed if one.score > 0.3], asked)[:MOST_CANDIDATES]
    candidates = tuple(_candidate(one) for one in near)
    reasons = list(asked.reasons)
    estates = _sure(asked, ESTATE)
    streets = _sure(asked, STREET)
    communities = _sure(asked, COMMUNITY)
    if estates:
        rows = _agreeing(index, asked, np.concatenate([index.rows_with(ESTATE, name) for name in estates]))
        if asked.building:
            reasons.append("building_absent")
        elif not asked.loose:
            reasons.append("no_number")
        if len(rows):
            return _at_place(index, rows, candidates, reasons, 0.5, matched, dropped)
    if candidates and not estates and not (streets and asked.door):
        rows = np.array([one.row for one in near], dtype=np.int32)
        return Match("ambiguous", candidates, rows, tuple([*reasons, "corrected"]), 0.3, matched, dropped)
    if streets:
        rows = np.concatenate([index.rows_with(STREET, name) for name in streets])
        rows = _agreeing(index, asked, rows)
        if asked.door and len(rows):
            at_door = _at_door(index, asked, rows)
            if len(at_door):
                reasons.append("building_absent" if asked.building else "estate_absent")
                return _at_place(index, at_door, candidates, reasons, 0.4, matched, dropped)
            reasons.append("door_absent")
            rows, how = _same_side(index, rows, asked.door[0])
            reasons += how
        elif len(rows):
            if asked.lane:
                rows = _in_lane(index, rows, asked.lane)
            reasons.append("no_number")
        if len(rows):
            return _at_place(index, rows, candidates, reasons, 0.4, matched, dropped)
    if communities:
        rows = np.concatenate([_rows_in(index, "community", name) for name in communities])
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


_NO_ROWS: Int32Array = np.zeros(0, dtype=np.int32)


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
            inside = rows[np.isin(index.column[_COLUMN[kind]][rows], sure)]
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


def _same_side(index: AddressIndex, rows: Int32Array, door: str) -> tuple[Int32Array, list[str]]:
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


def _rows_in(index: AddressIndex, column: str, name: int) -> Int32Array:
    found: Int32Array = np.flatnonzero(index.column[column] == name).astype(np.int32)
    return found


def _texts(asked: Asked, text: str) -> tuple[str, str]:
    if not asked.dropped:
        return text.strip(), ""
    spans = sorted(asked.dropped)
    dropped = " ".join(asked.text[a:b] for a, b in spans)
    kept, place = [], 0
    for a, b in spans:
        kept.append(asked.text[place:a])
        place = max(place, b)
    kept.append(asked.text[place:])
    return "".join(kept).strip(","), dropped


__all__ = ["Names", "answer_exact", "answer_read"]
