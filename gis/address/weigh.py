"""Rows that may be meant, how well each agrees with what is asked, and whether it is proved by it.

Order and acceptance are two things.  The order is a weighted agreement; acceptance asks for evidence: an exact name,
or a mistyped one that something else confirms, or one mistake in a name where nothing contradicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.address.asked import Asked
from gis.address.evidence import is_evident
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, STREET, TOWN, Candidate

if TYPE_CHECKING:
    from gis.address.index import AddressIndex

_WEIGHT = {DISTRICT: 0.10, TOWN: 0.06, COMMUNITY: 0.08, STREET: 0.20, ESTATE: 0.42}
_DOOR_WEIGHT = 0.16
COLUMN = {DISTRICT: "district", TOWN: "town", COMMUNITY: "community", STREET: "street", ESTATE: "estate"}
_REASON = {
    DISTRICT: "district_differs",
    TOWN: "town_differs",
    COMMUNITY: "community_differs",
    STREET: "road_differs",
    ESTATE: "estate_differs",
}
_MOST_WEIGHED = 400
_ONE_OF_MANY = 0.05
CLOSE = 0.02
APART = 0.45
"""Costs nearer than this do not tell two mistyped names apart."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One row: how well it agrees, per kind too, whether it is proved, and what mending its names costs."""

    row: int
    score: float
    agrees: dict[int, float]
    door: bool | None
    is_accepted: bool
    cost: float
    reasons: tuple[str, ...]


# -- rows that may be meant


def collect(index: AddressIndex, asked: Asked) -> list[int]:
    """Rows hit by a (name, number) pair."""
    column = index.column
    buildings = asked.building or ((asked.loose.split("-")[0],) if asked.loose else ())
    doors = asked.door or ((asked.loose,) if asked.loose else ())
    found: list[int] = []
    if buildings:
        found += index.rows_with(ESTATE, asked.named[ESTATE], buildings).tolist()
    if doors:
        rows = index.rows_with(STREET, asked.named[STREET], doors)
        if asked.building and len(rows):
            wanted = [index.number_place[number] for number in asked.building if number in index.number_place]
            rows = rows[np.isin(column["building"][rows], wanted)]
        found += rows.tolist()
        if not asked.building:
            found += index.rows_with(ESTATE, asked.named[ESTATE], doors).tolist()
        rows = index.rows_with(COMMUNITY, asked.named[COMMUNITY], doors)
        if asked.group and len(rows):
            rows = rows[column["group"][rows] == index.number_place.get(asked.group, -2)]
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
            score += np.isin(index.column[COLUMN[kind]][held], list(asked.named[kind]))
    kept: list[int] = held[np.argsort(-score, kind="stable")[:_MOST_WEIGHED]].tolist()
    return kept


# -- weighing one row


def weigh(index: AddressIndex, asked: Asked, row: int) -> Weighed:
    """Weigh one row against what is asked."""
    column, agrees, reasons = index.column, {}, []
    got = full = cost = 0.0
    for kind, weight in _WEIGHT.items():
        named = asked.named[kind]
        is_stated = bool(named) or kind in asked.unknown
        if not is_stated:
            continue
        if kind == COMMUNITY and asked.group:
            weight = 0.42
        name = int(column[COLUMN[kind]][row])
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
    if not asked.building and not asked.loose and int(column["building"][row]) >= 0:
        score -= _ONE_OF_MANY
    is_accepted = is_evident(index, asked, row, agrees, door, cost)
    return Weighed(row, score, agrees, door, is_accepted, cost, tuple(dict.fromkeys(reasons)))


def _door_agrees(index: AddressIndex, asked: Asked, row: int) -> bool | None:
    """Whether the door number asked is the row's; ``None`` where none is asked or the row has none."""
    number = int(index.column["number"][row])
    if not asked.door or number < 0:
        return None
    return index.numbers[number] in asked.door


def distinct(index: AddressIndex, accepted: list[Weighed], asked: Asked) -> list[Weighed]:
    """One row a building, the best of each; the stairwell asked before the whole building, and it before others."""
    kept: dict[tuple[int, ...], Weighed] = {}
    for one in accepted:
        key = _building_key(index, one.row)
        held = kept.get(key)
        if held is None or _unit_rank(index, one.row, asked) < _unit_rank(index, held.row, asked):
            kept[key] = (
                one
                if held is None
                else Weighed(one.row, held.score, one.agrees, one.door, True, held.cost, one.reasons)
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


def as_candidate(one: Weighed) -> Candidate:
    """A weighed row as the answer gives it."""
    return Candidate(one.row, round(one.score, 4), one.reasons)
