"""Everyday forms: how callers and programs write an address that is in the layer, and how they miss one that is not.

Each maker gives a question or ``None`` where the row does not lend itself; see `tests.bench.lookup_questions`.
"""

from __future__ import annotations

import random
from typing import Final

from tests.bench.lookup_city import tail_of
from tests.bench.lookup_questions import CITY, City, Maker, Question, _full
from tests.bench.lookup_typos import in_chinese, mistyped, styled

_ROOMS: Final = (
    "2单元501", "501室", "2-501", "5楼", "二单元五楼", "2单元5层501室", "1层104商铺", "底商", "负一楼", "2单元501房",
    "501号房", "二单元501", "东单元301", "A单元1203",
)  # fmt: skip
_REMARKS: Final = (
    " 13812345678", "，电话0731-88881234", "（放门卫）", "(物业办公室)", " 收件人王先生", "。", "，请上楼", " 📦",
)  # fmt: skip


def _of_estate(city: City, at: int, building: str) -> Question:
    row = city.rows[at]
    return Question("", row.district + row.estate + building, at, city.named(row, district=True))


def room_forms(city: City, at: int, rng: random.Random) -> Question:
    """Unit, floor, room and shop behind the building."""
    return _of_estate(city, at, city.rows[at].building + rng.choice(("栋", "号楼", "幢")) + rng.choice(_ROOMS))


def remarks(city: City, at: int, rng: random.Random) -> Question:
    """Telephone numbers, names, what to do."""
    row = city.rows[at]
    return Question("", row.district + tail_of(row) + rng.choice(_REMARKS), at, _full(city, at))


def spaced(city: City, at: int, rng: random.Random) -> Question:
    """Spaces and commas between the parts."""
    row = city.rows[at]
    gap = rng.choice((" ", "，", ", ", "/", " - ", "　"))
    parts = [CITY, row.district, row.town, f"{row.road}{row.number}号", row.estate, f"{row.building}栋"]
    return Question("", gap.join(part for part in parts if part), at, _full(city, at))


def spaced_digits(city: City, at: int, rng: random.Random) -> Question:
    """16 号 3 栋."""
    row = city.rows[at]
    return Question(
        "", f"{row.district} {row.road} {row.number} 号 {row.estate} {row.building} 栋", at, _full(city, at)
    )


def ordinal(city: City, at: int, rng: random.Random) -> Question | None:
    """第3栋, 第三幢."""
    row = city.rows[at]
    if not row.building.isdigit():
        return None
    number = in_chinese(int(row.building)) if rng.random() < 0.5 else row.building
    return _of_estate(city, at, f"第{number}{rng.choice('栋幢座')}")


def small_letter(city: City, at: int, rng: random.Random) -> Question | None:
    """b3栋, Ｂ座."""
    row = city.rows[at]
    if not row.building[:1].isalpha():
        return None
    wide = "".join(chr(ord(c) + 0xFEE0) for c in row.building)
    return _of_estate(city, at, rng.choice((row.building.lower(), wide)) + rng.choice("栋座幢"))


def number_in_chinese(city: City, at: int, rng: random.Random) -> Question | None:
    """望月路一百零五号."""
    row = city.rows[at]
    if not row.number.isdigit() or int(row.number) > 999 or not city.is_plain_door(row):
        return None
    return Question("", f"{row.district}{row.road}{in_chinese(int(row.number))}号", at, city.at_door(row))


def number_alone(city: City, at: int, rng: random.Random) -> Question | None:
    """望月路16 without 号."""
    row = city.rows[at]
    if not row.number.isdigit() or not city.is_plain_door(row):
        return None
    return Question("", f"{row.district}{row.road}{row.number}", at, city.at_door(row))


def yard(city: City, at: int, rng: random.Random) -> Question:
    """16号院 in front of the estate."""
    row = city.rows[at]
    behind = rng.choice(("院", "院内", "大院", "附近"))
    text = f"{row.district}{row.road}{row.number}号{behind}{row.estate}{row.building}栋"
    return Question("", text, at, _full(city, at))


def short_name(city: City, at: int, rng: random.Random) -> Question | None:
    """The estate without 小区 or 花园, or with 小区 put behind it."""
    row = city.rows[at]
    word = next((w for w in ("小区", "花园", "家园") if row.estate.endswith(w)), "")
    name = row.estate.removesuffix(word) if word else row.estate + "小区"
    if len(name) < 3 or name in city.of_estate or any(e.startswith(name) and e != row.estate for e in city.of_estate):
        return None
    return Question("", f"{row.district}{row.town}{name}{row.building}栋", at, city.named(row, district=True))


def list_of_doors(city: City, at: int, rng: random.Random) -> Question | None:
    """16、18、20号: all three."""
    row = city.rows[at]
    if not row.number.isdigit():
        return None
    numbers = [str(int(row.number) + step) for step in (0, 2, 4)]
    rows = [city.at_door(row._replace(number=number)) for number in numbers]
    if not all(len(found) == 1 and city.is_plain_door(city.rows[found[0]]) for found in rows):
        return None
    return Question("", f"{row.district}{row.road}{'、'.join(numbers)}号", at, tuple(k for (k,) in rows), "several")


def typo_and_absent(city: City, at: int, rng: random.Random) -> Question | None:
    """A mistyped estate and a building it does not have."""
    row = city.rows[at]
    estate = mistyped(row.estate, rng, city.of_estate)
    wrong = row._replace(estate=estate, building=str(rng.randint(200, 399)))
    return Question("", row.district + row.town + tail_of(wrong), at, (), "none") if estate != row.estate else None


def next_building(city: City, at: int, rng: random.Random) -> Question | None:
    """The number behind the last building of the estate."""
    row = city.rows[at]
    mine = [city.rows[k].building for k in city.of_estate[row.estate] if city.rows[k].district == row.district]
    if not all(building.isdigit() for building in mine):
        return None
    text = row.district + row.town + row.estate + styled(str(max(map(int, mine)) + 1), rng)
    return Question("", text, at, (), "none")


def other_letter(city: City, at: int, rng: random.Random) -> Question | None:
    """Z栋, or 3栋 where buildings have letters."""
    row = city.rows[at]
    if not row.building[:1].isalpha():
        return None
    wrong = row._replace(building=rng.choice(("Z", "3", "Z9")))
    if city.named(wrong):
        return None
    return Question("", row.district + row.estate + wrong.building + "栋", at, (), "none")


def other_district(city: City, at: int, rng: random.Random) -> Question | None:
    """The estate's name and a district it is not in, nothing else: what is wrong cannot be known."""
    row = city.rows[at]
    here = {city.rows[k].district for k in city.of_estate[row.estate]}
    others = sorted({district for district, _ in city.towns} - here)
    if not others:
        return None
    return Question("", rng.choice(others) + row.estate + styled(row.building, rng), at, (), "none")


def other_road(city: City, at: int, rng: random.Random) -> Question | None:
    """A door's number on another road of the district, where that road does not have it."""
    row = city.rows[at]
    roads = sorted({city.rows[k].road for k in city.doors if city.rows[k].district == row.district} - {row.road})
    roads = [road for road in roads if not city.has_door(road, row.number)]
    if not roads:
        return None
    return Question("", f"{row.district}{rng.choice(roads)}{row.number}号", at, (), "none")


HOUSED: Final[tuple[Maker, ...]] = (
    room_forms, spaced, spaced_digits, ordinal, small_letter, yard, short_name, typo_and_absent, next_building,
    other_letter, other_district,
)  # fmt: skip
DOORS: Final[tuple[Maker, ...]] = (number_in_chinese, number_alone, list_of_doors, other_road)
ON_ROADS: Final[tuple[Maker, ...]] = (remarks,)
