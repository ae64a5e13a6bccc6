"""Questions about a made layer: the twelve kinds of the published benchmark, and the forms those never ask.

A question knows what is right: ``row`` (one of the accepted rows), ``several`` (all of the accepted rows, and to be
sure of one is wrong), ``estate`` (the estate, no building of it) or ``none`` (whoever is sure is wrong).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from tests.bench.lookup_city import REGION, Row, tail_of, text_of
from tests.bench.lookup_typos import full_width, in_chinese, mistyped, styled

PROVINCE, CITY = REGION
TYPO_KINDS: Final = frozenset({"typo", "typo_drop", "rural_typo"})


class Question(NamedTuple):
    """A text, the row it was made from, the rows that are right, and what is expected."""

    kind: str
    text: str
    row: int
    accepted: tuple[int, ...]
    expect: str = "row"


class City:
    """A layer with what question makers ask of it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.of_estate: dict[str, list[int]] = defaultdict(list)
        self.of_road: dict[str, list[int]] = defaultdict(list)
        self.of_village: dict[str, list[int]] = defaultdict(list)
        for at, row in enumerate(rows):
            if row.estate:
                self.of_estate[row.estate].append(at)
            if row.road:
                self.of_road[row.road].append(at)
            if row.group:
                self.of_village[row.community].append(at)
        self.towns = sorted({(r.district, r.town) for r in rows})
        self.communities = sorted({r.community for r in rows})
        self.estates, self.roads = list(self.of_estate), list(self.of_road)
        self.doors = [k for k, r in enumerate(rows) if r.road and not r.estate]
        self.housed = [k for k, r in enumerate(rows) if r.estate and r.building]
        self.rural = [k for k, r in enumerate(rows) if r.group]

    def named(self, row: Row, *, district: bool = False) -> tuple[int, ...]:
        """Rows with the same estate and building, anywhere or in the same district."""
        same = (k for k in self.of_estate[row.estate] if self.rows[k].building == row.building)
        return tuple(k for k in same if not district or self.rows[k].district == row.district)

    def at_door(self, row: Row) -> tuple[int, ...]:
        """Rows at the same number of the same road of the district, without an estate as this row is."""
        same = (k for k in self.of_road[row.road] if self.rows[k].number == row.number)
        return tuple(k for k in same if self.rows[k].district == row.district and not self.rows[k].estate)

    def is_plain_door(self, row: Row) -> bool:
        """Whether the road's number is one door and no estate stands there too."""
        at = [k for k in self.of_road[row.road] if self.rows[k].number == row.number]
        return len(at) == 1 and not self.rows[at[0]].estate

    def has_door(self, road: str, number: str) -> bool:
        return any(self.rows[k].number == number for k in self.of_road[road])


Maker = Callable[[City, int, random.Random], Question | None]


def _full(city: City, at: int) -> tuple[int, ...]:
    """Rows that are written alike down to the road number: this one, and copies of it in another community."""
    row = city.rows[at]
    if row.group:
        return (at,)
    near = city.named(row, district=True) if row.estate else city.at_door(row)
    return tuple(k for k in near if city.rows[k].road == row.road and city.rows[k].number == row.number)


def _village_tail(row: Row, rng: random.Random) -> str:
    group = in_chinese(int(row.group)) if rng.random() < 0.4 else row.group
    return f"{row.community}{group}组{row.number or row.building}号"


def _styled_tail(row: Row, rng: random.Random) -> str:
    return tail_of(row, styled(row.building, rng) if row.building else "")


def clean(city: City, at: int, rng: random.Random) -> Question:
    return Question("clean", text_of(city.rows[at]), at, (at,))


def droptop(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    tail = row.community + tail_of(row) if row.group else tail_of(row)
    return Question("droptop", row.district + row.town + tail, at, _full(city, at))


def dropmid(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    tail = _village_tail(row, rng) if row.group else _styled_tail(row, rng)
    return Question("dropmid", row.district + tail, at, _full(city, at))


def nameonly(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    if row.group:
        return Question("nameonly", row.town + _village_tail(row, rng), at, (at,))
    if not row.estate:
        return Question("nameonly", f"{row.district}{row.road}{row.number}号", at, city.at_door(row))
    if not row.building:
        return Question("nameonly", row.estate, at, city.named(row))
    return Question("nameonly", row.estate + styled(row.building, rng), at, city.named(row))


def style(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    if row.group:
        town = row.town.removesuffix("镇")
        return Question("style", CITY[:-1] + row.district + town + _village_tail(row, rng), at, (at,))
    top = rng.choice((CITY[:-1], CITY, PROVINCE + CITY))
    number = full_width(row.number) if rng.random() < 0.5 else row.number
    district = row.district.removesuffix("区") if len(row.district) > 2 else row.district
    tail = _styled_tail(row._replace(number=number), rng)
    return Question("style", top + district + row.town.removesuffix("街道") + "街办" + tail, at, _full(city, at))


def typo(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    if row.group:
        wrong = row._replace(community=mistyped(row.community, rng, city.of_village))
        return Question("typo", row.district + row.town + _village_tail(wrong, rng), at, (at,))
    wrong = row._replace(
        road=mistyped(row.road, rng, city.of_road),
        estate=mistyped(row.estate, rng, city.of_estate),
    )
    return Question("typo", row.district + row.town + _styled_tail(wrong, rng), at, _full(city, at))


def typo_drop(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    if row.group:
        wrong = row._replace(community=mistyped(row.community, rng, city.of_village))
        return Question("typo_drop", row.town + _village_tail(wrong, rng), at, (at,))
    if not row.estate:
        road = mistyped(row.road, rng, city.of_road)
        return Question("typo_drop", f"{row.district}{road}{row.number}号", at, city.at_door(row))
    estate = mistyped(row.estate, rng, city.of_estate)
    building = styled(row.building, rng) if row.building else ""
    return Question("typo_drop", row.district + estate + building, at, city.named(row, district=True))


def room(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    if row.group:
        return Question("room", row.town + _village_tail(row, rng) + "（村委会旁）", at, (at,))
    unit = f"{rng.randint(1, 4)}单元{rng.randint(1, 33)}0{rng.randint(1, 4)}室"
    remark = rng.choice(("", "（近地铁口）", ",门口保安亭"))
    return Question("room", CITY + row.district + _styled_tail(row, rng) + unit + remark, at, _full(city, at))


def stale(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    town = rng.choice([t for _, t in city.towns if t != row.town])
    if row.group:
        return Question("stale", row.district + town + _village_tail(row, rng), at, (at,))
    community = rng.choice([c for c in rng.sample(city.communities, 2) if c != row.community])
    return Question("stale", row.district + town + community + _styled_tail(row, rng), at, _full(city, at))


def order(city: City, at: int, rng: random.Random) -> Question:
    row = city.rows[at]
    if row.group:
        return dropmid(city, at, rng)._replace(kind="order")
    building = styled(row.building, rng) if row.building else ""
    parts = [row.estate + building, f"{row.road}{row.number}号", row.district]
    return Question("order", "，".join(part for part in parts if part), at, _full(city, at))


def neg_bld(city: City, at: int, rng: random.Random) -> Question | None:
    row = city.rows[at]
    if not row.building:
        return None
    asked = row._replace(building=f"{rng.randint(200, 399)}")
    return Question("neg_bld", row.district + row.town + tail_of(asked), at, (), "none")


def neg_estate(absent: Sequence[str]) -> Maker:
    """Ask for estates of a list, none of which the layer has."""

    def make(city: City, at: int, rng: random.Random) -> Question | None:
        row, name = city.rows[at], rng.choice(absent)
        if not row.building or name in city.of_estate:
            return None
        return Question("neg_estate", row.district + row.town + name + styled(row.building, rng), at, (), "none")

    return make


TWELVE: Final[dict[str, Maker]] = {
    m.__name__: m for m in (clean, droptop, dropmid, nameonly, style, typo, typo_drop, room, stale, order, neg_bld)
}


def _core(name: str) -> str:
    """An estate's name without its phase and the words people leave away: X, X小区 and X一期 are one to a listener."""
    for phase in ("一期", "二期"):
        name = name.removesuffix(phase)
    for word in ("小区", "住宅区", "住宅楼", "住宅", "院"):
        if len(name) >= len(word) + 2:
            name = name.removesuffix(word)
    return name


def ask(city: City, makers: dict[str, tuple[Maker, Sequence[int]]], n: int, seed: int) -> Iterator[Question]:
    """``n`` questions of each kind about rows drawn from the rows given; fewer where the layer has too few."""
    for kind, (make, rows) in makers.items():
        rng = random.Random(f"{seed} {kind}")
        made = tried = 0
        while rows and made < n and tried < 40 * n:
            tried += 1
            question = make(city, rng.choice(rows), rng)
            if question is not None:
                made += 1
                yield question._replace(kind=kind)


def twelve_kinds(city: City, absent: Sequence[str], n: int, seed: int = 7) -> list[Question]:
    """The twelve kinds, ``n`` of each; ``absent`` are estate names to ask for in vain."""
    here = {_core(name) for name in city.of_estate}
    strange = [name for name in absent if _core(name) not in here]
    makers: dict[str, Maker] = {**TWELVE, "neg_estate": neg_estate(strange)}
    every = range(len(city.rows))
    return list(ask(city, {kind: (maker, every) for kind, maker in makers.items()}, n, seed))
