"""A made city's address layer of any size, in the row form of the published one: eight texts a building.

``[district, town, community, road, number, estate, group, building]``.  Town rows stand on a road and may belong to
an estate; village rows have a group and a house number (in ``number``) and no road.  Beyond the published layer it has
villages, road names that return in another district, lanes (``358弄81``), 甲/附/之 numbers, phases and lettered
buildings.  The same size and seed give the same rows.  What is asked about them is `tests.bench.lookup_questions`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

REGION: Final = ("湖南省", "长沙市")
_DISTRICTS: Final = ("望溪区", "家黄区", "山金区", "沙河区", "中清区", "金清区", "长桥区", "宁水县", "浏白县")
_STEM: Final = (
    "中东西北南金银玉石山水江河湖溪泉岭岳麓丰清明光和平安宁德仁义书文旗星月云雷风枫桂柳桃李梅兰竹杨松荷花白黄青红"
    "朝阳胜利民生昌盛设放解望罗马王家土盆沙滨梓院观锋林新天龙凤海洋长远"
)
_ROAD_END: Final = ("路", "路", "大道", "街", "巷", "东路", "南路", "西路", "北路")
_VILLAGE_END: Final = "村"
_ESTATE_END: Final = (
    "小区", "花园", "家园", "嘉园", "苑", "新苑", "华府", "公馆", "名邸", "新村", "新城",
    "广场", "公寓", "大厦", "宿舍", "雅苑", "城", "湾", "半岛", "御景", "豪庭", "国际",
    "印象", "时光", "里", "坊", "一村", "东区", "机关宿舍", "商住楼", "一号", "二号院", "八坊",
)  # fmt: skip
_ESTATE_HEAD: Final = (
    "锦绣", "世纪", "阳光", "中建", "保利", "万科", "绿地", "恒信", "湘江", "麓谷", "君悦",
    "翡翠", "东方", "凯旋", "紫金", "碧水", "城市", "枫丹",
)  # fmt: skip
_NUMERALS: Final = "零一二三四五六七八九十百千"
ROWS_PER_COMMUNITY: Final = 265
_COMMUNITIES_PER_TOWN: Final = 15
_ROADS_PER_TOWN: Final = 12
_GROUPS: Final = 12


class Row(NamedTuple):
    """One building of the layer."""

    district: str
    town: str
    community: str
    road: str
    number: str
    estate: str
    group: str
    building: str


class _Names:
    """Names that are not yet taken, from one seeded generator."""

    def __init__(self, rng: random.Random, estates: Sequence[str]) -> None:
        self.rng = rng
        self.taken: set[str] = set()
        self.given = list(estates)
        rng.shuffle(self.given)

    def fresh(self, ends: Sequence[str]) -> str:
        """A stem of two characters and an ending; of three where those run out."""
        for attempt in range(10_000):
            stem = "".join(self.rng.choice(_STEM) for _ in range(2 + (attempt > 40)))
            name = stem + self.rng.choice(ends)
            if name not in self.taken:
                self.taken.add(name)
                return name
        raise RuntimeError("no name is left")

    def estate(self) -> str:
        """The next real name where names were given, else a made one."""
        while self.given:
            name = self.given.pop()
            if name not in self.taken:
                self.taken.add(name)
                return name
        while True:
            head = self.rng.choice(_ESTATE_HEAD) if self.rng.random() < 0.4 else ""
            stem = "".join(self.rng.choice(_STEM) for _ in range(self.rng.choice((1, 2, 2)) if head else 2))
            name = head + stem + self.rng.choice(_ESTATE_END)
            if name not in self.taken:
                self.taken.add(name)
                return name


def usable_names(names: Sequence[str]) -> list[str]:
    """Of a list of real estate names those that are names: two to twelve characters, two of them Chinese.

    Names that end in a numeral are left out: 古耕5000 and its building 27 would be written 古耕500027栋.
    """
    kept = []
    for name in names:
        plain = name.strip().upper()
        han = sum("一" <= c <= "鿿" for c in plain)
        if plain[-1:].isdigit() or plain[-1:] in _NUMERALS:
            continue
        if 2 <= len(plain) <= 12 and han >= 2 and all(c.isalnum() for c in plain) and "散盘" not in plain:
            kept.append(plain)
    return kept


def make_rows(n: int, seed: int = 1, estates: Sequence[str] = ()) -> list[Row]:
    """Make the layer.

    Parameters
    ----------
    n
        Rows.
    seed
        The same seed, size and names give the same rows.
    estates
        Real names to use (see `usable_names`); made ones where they run out.

    Returns
    -------
    list of Row
        No two are equal.
    """
    rng = random.Random(seed)
    names = _Names(rng, estates)
    n_towns = max(2, round(n / ROWS_PER_COMMUNITY / _COMMUNITIES_PER_TOWN))
    districts = (*_DISTRICTS[: max(2, min(len(_DISTRICTS), n_towns // 2)) - 1], _DISTRICTS[-1])
    rows: list[Row] = []
    old_roads: list[tuple[str, str]] = []
    old_estates: list[tuple[str, str]] = []
    for at in range(n_towns):
        district = districts[at % len(districts)]
        is_rural = district.endswith("县") and rng.random() < 0.7
        town = names.fresh(("镇",) if is_rural else ("街道",))
        quota = (n * (at + 1)) // n_towns - len(rows)
        roads = [] if is_rural else [_road(names, district, old_roads) for _ in range(_ROADS_PER_TOWN)]
        made = [] if is_rural else _town_rows(names, district, town, roads, quota, old_estates)
        rows += made or _village_rows(names, district, town, quota)
    return rows


def _road(names: _Names, district: str, old: list[tuple[str, str]]) -> str:
    elsewhere = [name for where, name in old[-200:] if where != district]
    if elsewhere and names.rng.random() < 0.12:
        name = names.rng.choice(elsewhere)
        if (district, name) not in old:
            old.append((district, name))
            return name
    name = names.fresh(_ROAD_END)
    old.append((district, name))
    return name


def _town_rows(
    names: _Names, district: str, town: str, roads: list[str], quota: int, old: list[tuple[str, str]]
) -> list[Row]:
    rng = names.rng
    communities = [names.fresh(("社区",)) for _ in range(_COMMUNITIES_PER_TOWN)]
    at_number = {road: rng.randint(1, 600) for road in roads}
    rows: list[Row] = []
    while len(rows) < quota:
        road, community = rng.choice(roads), communities[len(rows) * _COMMUNITIES_PER_TOWN // quota]
        where = (district, town, community, road)
        first = at_number[road]
        at_number[road] += rng.choice((2, 2, 4, 6, 7))
        if rng.random() < 0.12:
            numbers = _doors(rng, first)
            at_number[road] = first + 2 * len(numbers) + 1
            rows += [Row(*where, number, "", "", "") for number in numbers]
            continue
        estate = names.estate()
        if old and rng.random() < 0.06:
            estate = rng.choice(old)[1]
        phases = [estate]
        if rng.random() < 0.04 and not estate.endswith("期"):
            phases = [f"{estate}一期", f"{estate}二期"]
        for phase, name in enumerate(phases):
            old.append((district, name))
            number = str(first + 2 * phase)
            rows += [Row(*where, number, name, "", building) for building in _buildings(rng)]
        at_number[road] += 2 * (len(phases) - 1)
    return rows[:quota]


def _doors(rng: random.Random, first: int) -> list[str]:
    """Numbers of one side of a road; some with a sub-number, a 甲, an 附 or a lane behind the road."""
    numbers = [str(first + 2 * k) for k in range(rng.randint(3, 14))]
    drawn = rng.random()
    if drawn < 0.10:
        return [f"{first}弄{k}" for k in range(1, rng.randint(4, 14))]
    if drawn < 0.20:
        numbers += [f"{rng.choice(numbers)}-{k}" for k in range(1, 4)]
    elif drawn < 0.28:
        numbers.append(f"甲{numbers[0]}")
    elif drawn < 0.36:
        numbers += [f"{numbers[0]}附{k}" for k in range(1, 4)]
    return list(dict.fromkeys(numbers))


def _buildings(rng: random.Random) -> list[str]:
    n = rng.randint(3, 44)
    if rng.random() < 0.12:
        if n <= 26:
            return [chr(ord("A") + k) for k in range(n)]
        return [f"{'AB'[k % 2]}{k // 2 + 1}" for k in range(n)]
    return [str(k + 1) for k in range(n)]


def _village_rows(names: _Names, district: str, town: str, quota: int) -> list[Row]:
    rng = names.rng
    rows: list[Row] = []
    per_village = max(_GROUPS, quota // _COMMUNITIES_PER_TOWN + 1)
    while len(rows) < quota:
        village = names.fresh((_VILLAGE_END,))
        for group in range(1, _GROUPS + 1):
            n = max(1, round(per_village / _GROUPS * rng.uniform(0.6, 1.4)))
            rows += [Row(district, town, village, "", str(k), "", str(group), "") for k in range(1, n + 1)]
    return rows[:quota]


def text_of(row: Row, region: Sequence[str] = REGION) -> str:
    """The address in full, as a standard address layer writes it."""
    return "".join(region) + row.district + row.town + row.community + tail_of(row)


def tail_of(row: Row, building: str = "") -> str:
    """What stands behind the community: road, number, estate and building, or group and house."""
    if row.group:
        return f"{row.group}组{row.number or row.building}号"
    number = f"{row.number}号" if row.number else ""
    if not row.building:
        return f"{row.road}{number}{row.estate}"
    return f"{row.road}{number}{row.estate}{building or row.building + '栋'}"
