"""Whether an address is proved by what was said, or merely the best there is.

An exact name proves; a mistyped one when something else confirms it, or when it is one mistake in a name of some
length where nothing contradicts.  Numbers are never mistyped, another district is never overruled.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gis.address.asked import Asked
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, STREET, TOWN

if TYPE_CHECKING:
    from gis.address.index import AddressIndex

_ONE_MISTAKE = 1.0
_COMMON_END = re.compile(r"(?:住宅小区|小区|新村|家园|花园|花苑|公寓|大厦|广场|社区|宿舍|[苑园村里院楼城])$")


def is_evident(
    index: AddressIndex, asked: Asked, row: int, agrees: dict[int, float], door: bool | None, cost: float
) -> bool:
    """Whether a row is proved by what was said, not merely the best there is."""
    column = index.column
    building = int(column["building"][row])
    if asked.building and (building < 0 or index.numbers[building] not in asked.building):
        return False
    if int(column["street"][row]) < 0 and int(column["estate"][row]) < 0:
        return _is_evident_in_village(index, asked, row, agrees)
    is_another = _is_another(index, asked, int(column["estate"][row]))
    differs = agrees.get(DISTRICT) == 0.0
    town_differs = agrees.get(TOWN) == 0.0
    is_placed = not differs and not town_differs and 1.0 in (agrees.get(DISTRICT), agrees.get(TOWN))
    estate, street = agrees.get(ESTATE), agrees.get(STREET)
    if asked.building or (asked.loose and estate):
        if estate is None:
            return street is not None and street >= 0.75 and door is True and not differs
        if is_another and door is not True:
            return False
        return _is_evident_estate(estate, street, door, cost, differs, town_differs, is_placed)
    if street is None or door is False or differs or not (asked.door or asked.loose):
        return False
    if street == 1.0 or (street >= 0.6 and estate == 1.0):
        return True
    return street >= 0.6 and is_placed and cost <= _ONE_MISTAKE


def _is_evident_estate(
    estate: float,
    street: float | None,
    door: bool | None,
    cost: float,
    differs: bool,
    town_differs: bool,
    is_placed: bool,
) -> bool:
    """Of a building in an estate: the estate's name, or the street's with the number, or a little of each."""
    if differs:
        return False
    if door is True and street is not None:
        if estate >= 0.42 and street >= 0.6:
            return True
        if estate >= 0.6 and street >= 0.42 and is_placed:
            return True
    if estate == 1.0:
        return not (street == 0.0 and door is False and town_differs)
    if town_differs or door is False or (street == 0.0 and not (door and is_placed)):
        return False
    return estate > 0.6 and cost <= _ONE_MISTAKE and (is_placed or cost <= 0.5)


def _is_evident_in_village(index: AddressIndex, asked: Asked, row: int, agrees: dict[int, float]) -> bool:
    village = agrees.get(COMMUNITY, 0.0)
    group = int(index.column["group"][row])
    if asked.group and (group < 0 or index.numbers[group] != asked.group):
        return False
    if agrees.get(DISTRICT) == 0.0 or (village < 1.0 and agrees.get(TOWN) == 0.0):
        return False
    if village == 1.0:
        return True
    return village >= 0.6 and (agrees.get(TOWN) == 1.0 or agrees.get(DISTRICT) == 1.0)


def _is_another(index: AddressIndex, asked: Asked, estate: int) -> bool:
    """Whether of a short name one character is another that sounds otherwise: 金都苑 is not 金花苑."""
    if estate not in asked.spelt or asked.cost.get(estate) != 1.0:
        return False
    written, name = asked.spelt[estate], index.name(estate)
    is_changed = len(written) == len(name) and sorted(written) != sorted(name)
    return is_changed and len(_COMMON_END.sub("", name)) <= 2
