"""The forms the twelve kinds never ask: numbers that are not there, ranges, other cities, phases, lanes, villages.

Each maker gives a question or ``None`` where the row does not lend itself; see `tests.bench.lookup_questions`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from tests.bench.lookup_city import Row, tail_of
from tests.bench.lookup_everyday import DOORS, HOUSED, ON_ROADS
from tests.bench.lookup_questions import CITY, City, Maker, Question, _full, _village_tail, ask, dropmid
from tests.bench.lookup_typos import in_chinese, mistyped, styled, traditional

_NONE: Final = ()


def _local(row: Row, building: str = "") -> str:
    village = row.community if row.group else ""
    return row.district + row.town + village + tail_of(row, building)


def _bare_building(city: City, at: int, rng: random.Random, written: str) -> Question:
    row = city.rows[at]
    text = row.district + row.estate + written.format(row.building, rng.randint(1, 4), rng.randint(101, 3304))
    return Question("", text, at, city.named(row, district=True))


def sub_number_absent(city: City, at: int, rng: random.Random) -> Question | None:
    """16-9号 where the layer has 169号."""
    row = city.rows[at]
    if not row.number.isdigit() or len(row.number) < 2:
        return None
    asked = f"{row.number[:-1]}-{row.number[-1]}"
    if row.number[-1] == "0" or city.has_door(row.road, asked):
        return None
    return Question("", f"{row.district}{row.road}{asked}号", at, _NONE, "none")


def letter_absent(city: City, at: int, rng: random.Random) -> Question | None:
    """B14栋 where the layer has 14栋."""
    row = city.rows[at]
    asked = row._replace(building=rng.choice("ABCDE") + row.building)
    if not row.building.isdigit() or city.named(asked):
        return None
    return Question("", _local(asked), at, _NONE, "none")


def range_of_buildings(city: City, at: int, rng: random.Random) -> Question | None:
    """1-3幢: all three."""
    row = city.rows[at]
    mine = [k for k in city.of_estate[row.estate] if city.rows[k][:6] == row[:6]]
    first = rng.randint(1, 9)
    wanted = [k for k in mine if city.rows[k].building in {str(first), str(first + 1), str(first + 2)}]
    if len(wanted) != 3:
        return None
    text = row.district + row.town + tail_of(row, f"{first}-{first + 2}幢")
    return Question("", text, wanted[0], tuple(wanted), "several")


def other_city(city: City, at: int, rng: random.Random) -> Question:
    top = rng.choice(("湖北省武汉市", "江苏省南京市", "广东省广州市", "武汉市", "成都市", "湖南省株洲市"))
    return Question("", top + _local(city.rows[at]), at, _NONE, "none")


def phase_unknown(city: City, at: int, rng: random.Random) -> Question | None:
    """二期 put behind an estate that knows no phases."""
    row = city.rows[at]
    if any(row.estate + phase in city.of_estate for phase in ("一期", "二期")) or row.estate.endswith("期"):
        return None
    return Question(
        "", _local(row._replace(estate=row.estate + rng.choice(("二期", "2期", "三期")))), at, _NONE, "none"
    )


def phase_written(city: City, at: int, rng: random.Random) -> Question | None:
    """2期 where the layer writes 二期."""
    row = city.rows[at]
    if not row.estate.endswith(("一期", "二期")):
        return None
    digit = "1" if row.estate.endswith("一期") else "2"
    text = row.district + row.estate[:-2] + f"{digit}期{styled(row.building, rng)}"
    return Question("", text, at, city.named(row, district=True))


def phase_missing(city: City, at: int, rng: random.Random) -> Question | None:
    """The estate without its phase where two phases have the building."""
    row = city.rows[at]
    if not row.estate.endswith(("一期", "二期")) or row.estate[:-2] in city.of_estate:
        return None
    both = [city.named(row._replace(estate=row.estate[:-2] + p), district=True) for p in ("一期", "二期")]
    if not all(both):
        return None
    return Question("", f"{row.district}{row.estate[:-2]}{row.building}栋", at, (*both[0], *both[1]), "several")


def dash_one(city: City, at: int, rng: random.Random) -> Question | None:
    """12-1: building and unit."""
    return _bare_building(city, at, rng, "{0}-{1}") if city.rows[at].building.isdigit() else None


def dash_two(city: City, at: int, rng: random.Random) -> Question | None:
    """12-1-302: building, unit, room."""
    return _bare_building(city, at, rng, "{0}-{1}-{2}") if city.rows[at].building.isdigit() else None


def bare_number(city: City, at: int, rng: random.Random) -> Question | None:
    return _bare_building(city, at, rng, "{0}") if city.rows[at].building.isdigit() else None


def number_as_hao(city: City, at: int, rng: random.Random) -> Question | None:
    """12号 behind an estate is a building."""
    return _bare_building(city, at, rng, "{0}号") if city.rows[at].building.isdigit() else None


def in_traditional(city: City, at: int, rng: random.Random) -> Question:
    question = dropmid(city, at, rng)
    return question._replace(text=traditional(question.text))


def estate_alone(city: City, at: int, rng: random.Random) -> Question | None:
    row = city.rows[at]
    inside = tuple(k for k in city.of_estate[row.estate] if city.rows[k].district == row.district)
    return Question("", row.district + row.estate, at, inside, "estate") if len(inside) > 1 else None


def road_number_wrong(city: City, at: int, rng: random.Random) -> Question | None:
    row = city.rows[at]
    number = str(rng.randint(901, 999))
    if not row.building or city.has_door(row.road, number):
        return None
    text = row.district + tail_of(row._replace(number=number), styled(row.building, rng))
    same = tuple(k for k in city.named(row, district=True) if city.rows[k].road == row.road)
    return Question("", text, at, same)


def nearby(city: City, at: int, rng: random.Random) -> Question:
    question = dropmid(city, at, rng)
    return question._replace(text=question.text + rng.choice(("附近", "对面", "旁", "旁边50米", "门口")))


def area_twice(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    top = rng.choice(
        (CITY + row.district + row.district, CITY + CITY + row.district, row.district + CITY + row.district)
    )
    tail = row.community + tail_of(row) if row.group else tail_of(row)
    return Question("", top + tail, at, _full(city, at))


def door_absent(city: City, at: int, rng: random.Random) -> Question | None:
    """A number between or behind those of the road."""
    row = city.rows[at]
    if not row.number.isdigit():
        return None
    number = str(int(row.number) + rng.choice((1, 2, 3, 100, 1000)))
    if any(city.rows[k].number.startswith(number) for k in city.of_road[row.road]):
        return None
    return Question("", f"{row.district}{row.road}{number}号", at, _NONE, "none")


def road_of_two_districts(city: City, at: int, rng: random.Random) -> Question | None:
    """Road and number without the district, where the road's name returns elsewhere."""
    row = city.rows[at]
    if len({city.rows[k].district for k in city.of_road[row.road]}) < 2:
        return None
    same = tuple(k for k in city.of_road[row.road] if city.rows[k].number == row.number)
    if any(city.rows[k].estate for k in same):
        return None
    several = len({city.rows[k].district for k in same}) > 1
    return Question("", f"{row.road}{row.number}号", at, same, "several" if several else "row")


def sub_number(city: City, at: int, rng: random.Random) -> Question | None:
    """16-2号, 16之2号, 16号之2, 16附3号, 16号附3."""
    row = city.rows[at]
    if "附" in row.number:
        written = rng.choice((f"{row.number}号", row.number.replace("附", "号附")))
    elif "-" in row.number:
        number = row.number.replace("-", "之")
        written = rng.choice((f"{row.number}号", f"{number}号", number.replace("之", "号之")))
    else:
        return None
    return Question("", row.district + row.road + written, at, city.at_door(row))


def jia_number(city: City, at: int, rng: random.Random) -> Question | None:
    """甲9号 and 9号甲 are one number."""
    row = city.rows[at]
    if not row.number.startswith("甲"):
        return None
    written = rng.choice((f"{row.number}号", f"{row.number[1:]}号甲"))
    return Question("", row.district + row.road + written, at, city.at_door(row))


def jia_absent(city: City, at: int, rng: random.Random) -> Question | None:
    """甲9号 or 9附7号 where the layer has 9号."""
    row = city.rows[at]
    asked = rng.choice((f"甲{row.number}", f"{row.number}附7", f"乙{row.number}"))
    if not row.number.isdigit() or city.has_door(row.road, asked):
        return None
    return Question("", f"{row.district}{row.road}{asked}号", at, _NONE, "none")


def lane(city: City, at: int, rng: random.Random) -> Question | None:
    """358弄81号."""
    row = city.rows[at]
    if "弄" not in row.number:
        return None
    return Question(
        "", f"{row.district}{row.road}{row.number}号{rng.choice(('', '302室', '2楼'))}", at, city.at_door(row)
    )


def lane_absent(city: City, at: int, rng: random.Random) -> Question | None:
    row = city.rows[at]
    if "弄" not in row.number:
        return None
    behind, number = row.number.split("弄")
    asked = rng.choice((f"{behind}弄{int(number) + 40}", f"{int(behind) + 1}弄{number}"))
    return Question("", f"{row.district}{row.road}{asked}号", at, _NONE, "none")


def rural(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    top = rng.choice((row.district + row.town, row.district, row.town, CITY + row.district + row.town))
    return Question("", top + _village_tail(row, rng), at, (at,))


def rural_typo(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    wrong = row._replace(community=mistyped(row.community, rng, city.of_village))
    return Question("", row.district + row.town + _village_tail(wrong, rng), at, (at,))


def rural_absent(city: City, at: int, rng: random.Random) -> Question:
    """A group or a house the village does not have."""
    row = city.rows[at]
    if rng.random() < 0.5:
        wrong = row._replace(number=str(rng.randint(300, 399)))
    else:
        wrong = row._replace(group=str(rng.randint(13, 19)))
    group = in_chinese(int(wrong.group)) if rng.random() < 0.4 else wrong.group
    return Question("", f"{row.town}{row.community}{group}组{wrong.number}号", at, _NONE, "none")


_HOUSED: Final[tuple[Maker, ...]] = (
    letter_absent, range_of_buildings, phase_unknown, phase_written, phase_missing, dash_one, dash_two, bare_number,
    number_as_hao, estate_alone, road_number_wrong,
)  # fmt: skip
_DOORS: Final[tuple[Maker, ...]] = (
    sub_number_absent, door_absent, road_of_two_districts, sub_number, jia_number, jia_absent, lane, lane_absent,
)  # fmt: skip
_RURAL: Final[tuple[Maker, ...]] = (rural, rural_typo, rural_absent)
_ANY: Final[tuple[Maker, ...]] = (other_city, in_traditional, nearby, area_twice)


def further_forms(city: City, n: int, seed: int = 8) -> list[Question]:
    """``n`` questions of each form the layer has rows for."""
    every = range(len(city.rows))
    special = [k for k in city.doors if not city.rows[k].number.isdigit()]
    phased = [k for k in city.housed if city.rows[k].estate.endswith(("一期", "二期"))]
    narrow = {"sub_number": special, "jia_number": special, "lane": special, "lane_absent": special}
    narrow |= {"phase_written": phased, "phase_missing": phased}
    lettered = [k for k in city.housed if city.rows[k].building[:1].isalpha()]
    narrow |= {"small_letter": lettered, "other_letter": lettered}
    groups: tuple[tuple[tuple[Maker, ...], Sequence[int]], ...] = (
        ((*_HOUSED, *HOUSED), city.housed),
        ((*_DOORS, *DOORS), city.doors),
        (_RURAL, city.rural),
        (_ANY, every),
        (ON_ROADS, [*city.doors, *city.housed]),
    )
    makers = {m.__name__: (m, narrow.get(m.__name__, rows)) for makers, rows in groups for m in makers}
    return list(ask(city, makers, n, seed))
