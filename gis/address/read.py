"""Reading what is asked: names and numbers of one address, and what is said about each.

Numbers are read first (`gis.address.tokens`), names that hold digits having been set aside.  Between them the best
cover by known names is sought; what stays unexplained is compared with names of the kind that its place calls for
(before a door number a street, before a building an estate), together with the known names that it touches: a
mistyped character can stand beside a short name that really exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gis.address.asked import Asked
from gis.address.cover import Token, cover, suits
from gis.address.names import ALIAS, PHASELESS, SHORT, Names
from gis.address.region import read_region
from gis.address.tokens import Number, read_numbers
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, REGION, STREET, TOWN

_BRACKETS = re.compile(r"\([^()]*\)?")
_SEPARATOR = re.compile(r"(?<=[省市区县镇乡道村号栋路街巷社里])[-/](?![0-9])|(?<![0-9A-Z])[-/](?=[0-9A-Z]+[栋号])")
_RELATION = re.compile(r"附近|对面|斜对面|旁边|旁|隔壁|门口|路口|楼下|后面|前面|周边|以[东西南北]")
_MASK = "\uf8ff"
_ADMIN = (REGION, DISTRICT, TOWN, COMMUNITY)
_SUFFIX_KIND = (
    (re.compile(r"(?:街道|镇|乡)$"), TOWN),
    (re.compile(r"(?:社区|居委会|村委会|村)$"), COMMUNITY),
    (re.compile(r"(?:区|县)$"), DISTRICT),
)
_VILLAGE = re.compile(r"^.{2,6}村$")
_PIECE = re.compile(r"^.{2,6}?(?:街道|镇(?!路|街)|乡(?!路|街)|社区|居委会|村委会)")
_PHASE = re.compile(r"(?:第?[0-9]+|[一二三四五六七八九十]+)[期区段]|[A-Z东南西北中][区苑]")
MOST_HITS = 48
OTHER_SUFFIX = 0.5
"""Cost of a common last word of an estate's name too much or too little."""
_SUFFIXES = ("小区", "住宅小区", "家园", "花园", "公寓", "大厦", "花苑", "广场", "社区", "宿舍")


def read_han(text: str, names: Names, region: frozenset[str]) -> Iterator[Asked]:
    """The ways to read a normalised address in Chinese, the likeliest first.

    Digits belong to numbers first; then, before the building, to a mistyped name: 杨树蒲路3061弄小区30栋.

    Parameters
    ----------
    region
        What province and city of the layer may be called; empty where that is not known.
    """
    plain = _SEPARATOR.sub(",", _BRACKETS.sub(lambda found: "," * len(found[0]), text))
    first = Asked(text)
    start = read_region(first, plain, names, region)
    regional = list(first.reasons)
    masked, masks = plain, {}
    for a, b in names.numbered_in(plain):
        if a >= start:
            masked = masked[:a] + _MASK * (b - a) + masked[b:]
            masks[a] = b
    numbers = [number for number in read_numbers(masked) if number.start >= start and number.kind != "phase"]
    yield _read(first, plain, start, masks, numbers, names)
    last = next((k for k in range(len(numbers) - 1, -1, -1) if numbers[k].kind == "building"), 0)
    for k in range(last - 1, max(last - 3, -1), -1):
        again = Asked(text, reasons=list(regional))
        yield _read(again, plain, start, masks, numbers[:k] + numbers[last:], names)


def _read(asked: Asked, text: str, start: int, masks: dict[int, int], numbers: list[Number], names: Names) -> Asked:
    asked.dropped += [found.span() for found in _BRACKETS.finditer(asked.text)]
    reader = _Reader(asked, text, masks, names)
    place = start
    for number in numbers:
        if number.start >= place:
            reader.read_span(place, number.start, number)
            reader.take(number)
            place = number.end
    reader.read_span(place, len(text), None)
    return asked


class _Reader:
    """One address being read."""

    def __init__(self, asked: Asked, text: str, masks: dict[int, int], names: Names) -> None:
        self._asked = asked
        self._text = text
        self._masks = masks
        self._names = names
        self._last: set[int] = set()
        self._has_main = False
        self._is_door = False

    def read_span(self, start: int, end: int, number: Number | None) -> None:
        """Read the names between two numbers; the last piece belongs to the number that follows."""
        self._last = set() if end > start else self._last
        text = self._text
        while start < end:
            cut = text.find(",", start, end)
            stop = end if cut < 0 else cut
            if stop > start:
                self._read_piece(start, stop, number if stop == end else None)
            start = stop + 1

    def _read_piece(self, start: int, end: int, number: Number | None) -> None:
        text, asked = self._text, self._asked
        relation = _RELATION.search(text, start, end) if number is None else None
        if relation and not self._is_in_name(start, relation.start()):
            asked.remember("relation")
            asked.dropped.append((relation.start(), end))
            end = relation.start()
            if end - start < 2 or (self._has_main and not self._names.known(text[start:end])):
                if end > start:
                    asked.dropped.append((start, end))
                return
        tag = number.kind if number else ""
        tokens = self._take_admin(cover(text, start, end, tag, self._masks, self._names), tag)
        if tokens:
            self._take_tail(tokens, tag)

    def _is_in_name(self, start: int, place: int) -> bool:
        """Whether a known name covers a place: 旁达大厦 stands beside nothing."""
        names, text = self._names, self._text
        return any(names.ends_at(text, first)[:1] > [place] for first in range(start, place + 1))

    def _take_admin(self, tokens: list[Token], tag: str) -> list[Token]:
        """Take the administrative names in front; give back the rest."""
        names, asked = self._names, self._asked
        while tokens:
            token = tokens[0]
            if token.hits:
                hits = [(id, how) for id, how in token.hits if names.kind[id] in _ADMIN]
                whole = [hit for hit in hits if hit[1] != SHORT]
                if not whole and not asked.named[REGION]:
                    # 长沙 is the city before it is the county of that name.
                    hits = [hit for hit in hits if names.kind[hit[0]] == REGION] or hits
                others = any(names.kind[id] not in _ADMIN and how != SHORT for id, how in token.hits)
                is_last = len(tokens) == 1
                if not hits or (others and is_last):
                    break
                if not whole and not _may_be_short(tokens, names):
                    break
                if all(how == ALIAS for _, how in hits):
                    asked.remember("via_alias")
                for id, _ in hits:
                    asked.named[names.kind[id]][id] = 1.0
                self._last = {int(names.kind[id]) for id, _ in hits}
                tokens = tokens[1:]
                continue
            piece = _PIECE.match(self._text[token.start : token.end])
            if piece is None and len(tokens) > 1 and self._text[token.end - 1] == "村":
                piece = _VILLAGE.match(self._text[token.start : token.end])
            is_all = piece is not None and len(tokens) == 1 and token.start + piece.end() == token.end
            if piece is None or (is_all and tag == "building"):
                break
            self._compare_admin(token.start, token.start + piece.end())
            rest = token.start + piece.end()
            tokens = ([Token(rest, token.end, ())] if rest < token.end else []) + tokens[1:]
        return tokens

    def _compare_admin(self, start: int, end: int) -> None:
        text = self._text[start:end]
        for pattern, kind in _SUFFIX_KIND:
            if pattern.search(text):
                hits = self._names.similar(kind, text, 1.0 if len(text) < 6 else 1.5)
                if hits:
                    self._add(kind, hits, text)
                    self._last = {kind}
                else:
                    self._asked.unknown.add(kind)
                    self._asked.dropped.append((start, end))
                return

    # -- streets, estates, villages

    def _take_tail(self, tokens: list[Token], tag: str) -> None:
        asked = self._asked
        start, end = tokens[-1].start, tokens[-1].end
        if tag in ("door", "building") and all(how == SHORT for _, how in tokens[-1].hits):
            tokens = [*tokens[:-1], Token(start, end, ())]  # half a name before a number is a mistyped one
        if len(tokens) > 1 and not tokens[-1].hits and tokens[-2].hits and _PHASE.fullmatch(self._text, start, end):
            asked.remember("phase_unknown")
            asked.dropped.append((start, end))
            tokens = tokens[:-1]
        if all(token.hits for token in tokens):
            self._take_all(tokens, tag)
        elif not tag and self._has_main:
            # Behind the building: a shop, a remark.  Only names of some length say anything.
            for token in tokens:
                if token.hits and token.end - token.start > 2:
                    self._take_known(token, "")
                else:
                    asked.dropped.append((token.start, token.end))
        elif not self._compare(tokens, tag):
            leading = next(k for k, token in enumerate(tokens) if not token.hits)
            self._take_all(tokens[:leading], "")
            asked.unknown.add(ESTATE if tag in ("building", "") else STREET)
            asked.dropped.append((tokens[leading].start, tokens[-1].end))
            self._last = set()

    def _compare(self, tokens: list[Token], tag: str) -> bool:
        """The whole piece as one mistyped name, a mistyped name behind known ones, or text too much before a name."""
        best = self._resembling(tokens[0].start, tokens[-1].end, tag)
        known = 0
        for k in range(1, len(tokens)):
            if not tokens[k - 1].hits:
                break
            found = self._resembling(tokens[k].start, tokens[-1].end, tag)
            if found and (best is None or found[0] < best[0] - 0.01):
                best, known = found, k
        leading = next(k for k, token in enumerate(tokens) if not token.hits)
        behind = tokens[leading + 1 :]
        extra = float(tokens[leading].end - tokens[leading].start)
        if behind and all(token.hits for token in behind) and (best is None or extra < best[0]):
            self._take_all(tokens[:leading], "")
            self._take_all(behind, tag, extra)
            self._asked.dropped.append((tokens[leading].start, tokens[leading].end))
            return True
        if best is None:
            return False
        self._take_all(tokens[:known], "")
        for kind, hits in best[1]:
            self._add(kind, hits, self._text[tokens[known].start : tokens[-1].end])
        self._last = {kind for kind, _ in best[1]}
        self._has_main = True
        return True

    def _resembling(
        self, start: int, end: int, tag: str
    ) -> tuple[float, list[tuple[int, list[tuple[int, float]]]]] | None:
        """Least cost, and per kind the names that a piece resembles: near ones, else those not far."""
        text = self._text[start:end]
        if len(text) < 2:
            return None
        other = self._with_other_suffix(text) if tag in ("building", "bare", "") else []
        if other:
            return OTHER_SUFFIX, [(ESTATE, other)]
        for most in (max(1.5 if len(text) > 2 else 1.0, 0.25 * len(text)), 0.58 * len(text)):
            for kinds in _KINDS_BEFORE[tag if tag in _KINDS_BEFORE else ""]:
                found = [(kind, self._names.similar(kind, text, most, MOST_HITS)) for kind in kinds]
                found = [(kind, hits) for kind, hits in found if hits]
                if found:
                    return min(hits[0][1] for _, hits in found), found
        return None

    def _with_other_suffix(self, text: str) -> list[tuple[int, float]]:
        """Estates whose name is the text with or without a common last word: 地铁古城 for 地铁古城家园."""
        names = self._names
        forms = [text + suffix for suffix in _SUFFIXES] if len(text) > 2 else []
        forms += [
            text[: -len(suffix)] for suffix in _SUFFIXES[:2] if text.endswith(suffix) and len(text) > 2 + len(suffix)
        ]
        hits = [id for form in forms for id, how in names.known(form) if how != SHORT and names.kind[id] == ESTATE]
        return [(id, OTHER_SUFFIX) for id in dict.fromkeys(hits)]

    def _take_all(self, tokens: list[Token], tag: str, extra_cost: float = 0.0) -> None:
        for k, token in enumerate(tokens):
            is_last = k == len(tokens) - 1
            self._take_known(token, tag if is_last else "", extra_cost if is_last else 0.0)

    def _take_known(self, token: Token, tag: str, extra_cost: float = 0.0) -> None:
        names, asked = self._names, self._asked
        hits = [(id, how, int(names.kind[id])) for id, how in token.hits]
        hits = [hit for hit in hits if hit[1] not in (SHORT, PHASELESS)] or hits
        hits = [hit for hit in hits if tag and suits(hit[2], tag)] or hits
        self._last = {kind for _, _, kind in hits}
        self._has_main = self._has_main or any(kind in (STREET, ESTATE) for _, _, kind in hits)
        length = token.end - token.start
        for id, how, kind in hits:
            share = 1.0
            if how == PHASELESS:
                share = 0.99
                asked.remember("phase_unknown")
            if how == ALIAS:
                asked.remember("via_alias")
            if extra_cost:
                share = length / (length + extra_cost)
                asked.cost[id] = extra_cost
            asked.named[kind][id] = max(asked.named[kind].get(id, 0.0), share)

    def _add(self, kind: int, hits: list[tuple[int, float]], text: str) -> None:
        asked, names = self._asked, self._names
        for id, cost in hits:
            share = 1 - cost / max(len(text), len(names.texts[id]))
            if share > asked.named[kind].get(id, 0.0):
                asked.named[kind][id] = share
                if cost:
                    asked.cost[id], asked.spelt[id] = cost, text

    # -- numbers

    def take(self, number: Number) -> None:
        """Give a number to what it counts."""
        asked, last = self._asked, self._last
        values = number.many or (number.value,)
        if number.many:
            asked.remember("range_asked")
        match number.kind:
            case "group":
                asked.group = number.value
            case "building":
                if asked.building and self._is_door:
                    # 湖湾1号14栋: what stands before 号 was a door after all.
                    asked.door, asked.building = asked.door or asked.building, ()
                asked.building = asked.building or values
                self._is_door = False
            case "door":
                is_building = ESTATE in last and STREET not in last and not asked.building
                if is_building and not number.many and "-" in number.value:
                    asked.loose = number.value
                elif is_building:
                    asked.building, self._is_door = values, True
                elif not asked.door:
                    asked.door = values
            case "bare":
                self._take_bare(number)
            case "floor":
                if ESTATE in last and not asked.building:
                    asked.building = values
                else:
                    asked.dropped.append((number.start, number.end))
            case "lane":
                asked.lane = number.value
            case "rest":
                unit = number.value.partition("单元")
                asked.unit = unit[0] if unit[1] else asked.unit
                asked.dropped.append((number.start, number.end))
            case _:
                asked.dropped.append((number.start, number.end))
        self._last = set()

    def _take_bare(self, number: Number) -> None:
        asked, last = self._asked, self._last
        first = number.value.split("-")[0]
        if asked.building or (asked.door and not last):
            asked.dropped.append((number.start, number.end))
        elif ESTATE in last:
            asked.building = (first,)
        elif STREET in last or COMMUNITY in last:
            asked.door = (number.value,)
        else:
            asked.loose = number.value


_KINDS_BEFORE: dict[str, tuple[tuple[int, ...], ...]] = {
    "door": ((STREET,), (ESTATE, COMMUNITY)),
    "lane": ((STREET,),),
    "building": ((ESTATE,),),
    "group": ((COMMUNITY,),),
    "bare": ((ESTATE, STREET),),
    "": ((ESTATE, STREET, COMMUNITY),),
}


def _may_be_short(tokens: list[Token], names: Names) -> bool:
    """A name without its suffix counts in front of another name, not in front of something unexplained."""
    return len(tokens) > 1 and bool(tokens[1].hits)
