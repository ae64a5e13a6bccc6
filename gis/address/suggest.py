"""What a text that is being typed may become: names of the layer, and after a whole name its numbers.

Names are found by how they begin (`gis.address.prefixes`) and listed by the number of buildings that they have.  A
name that occurs in several places is listed once for each.  What is typed before the name (a city, a district, a
street office) narrows the places; what is typed behind a whole name narrows its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gis.address.blobs import Texts
from gis.address.characters import fold, fold_with_places
from gis.address.latin_spelling import is_latin, number_key
from gis.address.prefixes import Beginnings
from gis.address.region import cut_region
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, KINDS, STREET, TOWN
from gis.address.unify import han_number, unify
from gis.graph import Int32Array

if TYPE_CHECKING:
    from gis.address.index import AddressIndex

MOST_ASKED = 60
MOST_SUGGESTED = 50
_PLACED = (DISTRICT, TOWN, COMMUNITY, STREET, ESTATE)
_COLUMN = {DISTRICT: "district", TOWN: "town", COMMUNITY: "community", STREET: "street", ESTATE: "estate"}
_WITHIN = {DISTRICT: (), TOWN: ("district",), COMMUNITY: ("district", "town"), STREET: ("district",)}
_WITHIN_ESTATE = ("district", "town")
_NUMBER = re.compile(r"(?P<number>[0-9A-Z附甲乙丙丁][0-9A-Z-]*?)(?P<unit>栋|号|组)?$")
_BEHIND = re.compile(r"(?P<name>.*[^0-9])(?P<number>[0-9][0-9A-Z-]*)$")
_AHEAD = re.compile(r"(?P<number>[0-9]+[A-Z]?(?: ?(?:BIS|TER))?) (?P<name>[^0-9].*)")
_DIGITS = re.compile(r"[0-9]+")
_NUMERAL = re.compile(r"[一二三四五六七八九十百]+$")
_AS_WRITTEN = re.compile(r"[0-9]+|栋")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to go on.

    Attributes
    ----------
    text
        What the field may be filled with.
    kind
        ``district``, ``town``, ``community``, ``street``, ``estate``; ``building`` or ``door`` for a number.
    context
        The district and town that it lies in, as far as they are known.
    n_buildings
        Buildings that have it in their address.
    lon, lat
        The middle of its addresses; ``None`` where no place is known.
    row
        Row of the address, where it is one.
    """

    text: str
    kind: str
    context: str
    n_buildings: int
    lon: float | None
    lat: float | None
    row: int | None = None


class Suggestions:
    """The names of an index, ready to be completed; never changed, shared between threads."""

    def __init__(self, index: AddressIndex) -> None:
        self._index = index
        kinds, names, within, counts, rows, lons, lats = [], [], [], [], [], [], []
        building = index.building_of_row.astype(np.int64)
        own = np.where(building >= 0, building, len(index) + np.arange(len(index), dtype=np.int64))
        for kind in _PLACED:
            held, group, first, n, lon, lat = _grouped(index, kind, own)
            kinds.append(np.full(len(held), kind, dtype=np.int8))
            names.append(held)
            within.append(group)
            counts.append(n)
            rows.append(first)
            lons.append(lon)
            lats.append(lat)
        self._kind = np.concatenate(kinds)
        self._name = np.concatenate(names).astype(np.int32)
        self._district, self._town = np.concatenate(within).astype(np.int32).T
        self._n_buildings = np.concatenate(counts).astype(np.int64)
        self._row = np.concatenate(rows).astype(np.int32)
        self._lon, self._lat = np.concatenate(lons), np.concatenate(lats)
        self._everywhere = np.ones(len(index.names), dtype=bool)
        self._of_name = np.argsort(self._name, kind="stable").astype(np.int32)
        self._names_sorted = self._name[self._of_name]

    @classmethod
    def of(cls, index: AddressIndex) -> Suggestions:
        """Prepare the names of an index."""
        return cls(index)

    @cached_property
    def _beginnings(self) -> Beginnings:
        names = self._index.names
        weight = np.zeros(len(names), dtype=np.int64)
        np.maximum.at(weight, self._name, self._n_buildings)
        used = np.unique(self._name).tolist()
        texts, owners = [names.texts[id] for id in used], list(used)
        arrays = self._index.arrays()
        aliases = Texts(arrays["alias_units"], arrays["alias_starts"])
        for text, id in zip(aliases.all(), arrays["alias_of"].tolist()):
            if weight[id]:
                texts.append(text)
                owners.append(id)
        return Beginnings(texts, owners, weight)

    def suggest(self, q: str, limit: int = 10) -> list[Suggestion]:
        """What a text may become, best first; empty where nothing begins like it."""
        if not isinstance(q, str) or not len(self._name):
            return []
        limit = max(1, min(int(limit), MOST_SUGGESTED))
        text = unify(fold(q[:MOST_ASKED])) if not is_latin(q) else fold(q[:MOST_ASKED])
        text = cut_region(text, self._index.region_prefixes) or text
        found: dict[tuple[object, ...], Suggestion] = {}
        for suggestion in chain.from_iterable(self._all(typed, limit) for typed in _typed(text)):
            found.setdefault((suggestion.text, suggestion.kind, suggestion.context), suggestion)
            if len(found) >= limit:
                break
        return list(found.values())

    # -- ways to go on

    def _all(self, text: str, limit: int) -> Iterator[Suggestion]:
        if not text.strip("(),#-/~ "):
            return
        inside: dict[int, set[int]] = {}
        whole: list[int] = []
        yield from self._names_from(text, inside, whole, limit)
        for place in whole:
            yield from self._numbers(place, "", limit)
        yield from self._with_number(text, inside, limit)
        rest, inside = self._without_places(text)
        if inside and rest:
            whole = []
            yield from self._names_from(rest, inside, whole, limit)
            for place in whole:
                yield from self._numbers(place, "", limit)
            yield from self._with_number(rest, inside, limit)

    def _names_from(self, text: str, inside: dict[int, set[int]], whole: list[int], limit: int) -> Iterator[Suggestion]:
        """Places whose name begins like the text; those that it names wholly are noted."""
        seen: set[int] = set()
        for id, is_whole in self._beginnings.find(text, limit, self._allowed(inside)):
            if id in seen:
                continue
            seen.add(id)
            for place in self._places(id, inside, limit):
                if is_whole:
                    whole.append(place)
                yield self._named(place)

    def _with_number(self, text: str, inside: dict[int, set[int]], limit: int) -> Iterator[Suggestion]:
        """A name and what its number begins with: 望月小区3, wyxq3, 朝旗路615号, 12 rue gri."""
        for cut in range(len(text) - 1, 0, -1):
            known = [(id, how) for id, how in self._index.names.known(text[:cut])]
            number = _NUMBER.fullmatch(text[cut:].strip(" ,")) if known else None
            if number:
                for id, _ in known:
                    for place in self._places(id, inside, limit):
                        yield from self._numbers(place, number["number"], limit, bool(number["unit"]))
                return
        for pattern in (_BEHIND, _AHEAD):
            asked = pattern.fullmatch(text)
            if asked is None:
                continue
            for id, _ in self._beginnings.find(asked["name"].strip(" ,"), 3, self._allowed(inside)):
                for place in self._places(id, inside, 3):
                    yield from self._numbers(place, number_key(asked["number"]), limit)

    def _without_places(self, text: str) -> tuple[str, dict[int, set[int]]]:
        """The text without the districts, towns and communities in front, and what those were."""
        names = self._index.names
        inside: dict[int, set[int]] = {}
        rest = text
        for _ in range(3):
            for cut in range(min(len(rest) - 1, 12), 1, -1):
                kinds = {(int(names.kind[id]), id) for id, _ in names.known(rest[:cut])}
                some = [(kind, id) for kind, id in kinds if kind in (DISTRICT, TOWN, COMMUNITY)]
                if some:
                    for kind, id in some:
                        self._narrow(inside, kind, id)
                    rest = rest[cut:].lstrip(", ")
                    break
            else:
                break
        return rest, inside

    def _narrow(self, inside: dict[int, set[int]], kind: int, id: int) -> None:
        """Note a district, a town, or the town of a community."""
        if kind != COMMUNITY:
            inside.setdefault(kind, set()).add(id)
            return
        for place in np.flatnonzero((self._name == id) & (self._kind == COMMUNITY)).tolist():
            if self._town[place] >= 0:
                inside.setdefault(TOWN, set()).add(int(self._town[place]))

    def _allowed(self, inside: dict[int, set[int]]) -> NDArray[np.bool_]:
        """Which names occur inside the districts and towns that were typed in front."""
        if not inside:
            return self._everywhere
        kept = np.ones(len(self._name), dtype=bool)
        for kind, held in ((DISTRICT, self._district), (TOWN, self._town)):
            if kind in inside:
                # A street that runs through several towns is listed by its district alone.
                kept &= np.isin(held, list(inside[kind])) | (held < 0)
        allowed = np.zeros(len(self._index.names), dtype=bool)
        allowed[self._name[kept]] = True
        return allowed

    def _places(self, name: int, inside: dict[int, set[int]], limit: int) -> list[int]:
        """Places of one name, the one with most buildings first; only those inside what was typed in front."""
        low, high = np.searchsorted(self._names_sorted, name), np.searchsorted(self._names_sorted, name, "right")
        if high - low == 1 and not inside:
            return [int(self._of_name[low])]
        some = self._of_name[low:high]
        for kind, held in ((DISTRICT, self._district), (TOWN, self._town)):
            if kind in inside:
                some = some[np.isin(held[some], list(inside[kind])) | (held[some] < 0)]
        kept: list[int] = some[np.argsort(-self._n_buildings[some], kind="stable")][:limit].tolist()
        return kept

    def _named(self, place: int) -> Suggestion:
        row = int(self._row[place])
        kind = int(self._kind[place])
        text = self._written(row, self._index.names.texts[self._name[place]])
        lon, lat = float(self._lon[place]), float(self._lat[place])
        return Suggestion(
            text,
            KINDS[kind],
            self._context(place, row),
            int(self._n_buildings[place]),
            lon if np.isfinite(lon) else None,
            lat if np.isfinite(lat) else None,
        )

    def _context(self, place: int, row: int) -> str:
        names = [self._index.names.texts[id] for id in (self._district[place], self._town[place]) if id >= 0]
        return " ".join(self._written(row, name) for name in names)

    def _written(self, row: int, name: str) -> str:
        """A name as the layer writes it in one of its addresses; as it is compared, where it is not found there."""
        if not (is_latin(name) or _DIGITS.search(name)):
            return name
        text = self._index.text(row)
        folded, places = fold_with_places(text)
        for found in re.finditer(_AS_WRITTEN.sub(_written_as, re.escape(name)), folded):
            if unify(found[0]) == name:
                return text[places[found.start()] : places[found.end() - 1] + 1]
        return name.title() if is_latin(name) else name

    # -- numbers

    def _numbers(self, place: int, begun: str, limit: int, is_whole: bool = False) -> Iterator[Suggestion]:
        """Numbers of a place that begin in one way, or are whole: the very one first, then in the order of counting."""
        kind, index = int(self._kind[place]), self._index
        if kind not in (ESTATE, STREET, COMMUNITY):
            return
        rows = index.rows_with(kind, [int(self._name[place])])
        for held, column in ((self._district, "district"), (self._town, "town")):
            if held[place] >= 0:
                rows = rows[index.column[column][rows] == held[place]]
        number = index.column["building" if kind == ESTATE else "number"][rows].astype(np.int64)
        group = index.column["group"][rows].astype(np.int64) if kind == COMMUNITY else np.full(len(rows), -1)
        key, first, n = np.unique((group + 1) << 32 | (number + 1), return_index=True, return_counts=True)
        some: list[tuple[tuple[object, ...], str, int, int]] = []
        for packed, at, count in zip(key.tolist(), first.tolist(), n.tolist()):
            if packed & 0xFFFFFFFF == 0:
                continue
            value = index.numbers[(packed & 0xFFFFFFFF) - 1]
            of_group = index.numbers[(packed >> 32) - 1] if packed >> 32 else ""
            shown = of_group or value
            if shown == begun if is_whole else shown.startswith(begun):
                some.append((_counted(shown, begun, value), _text(kind, of_group, value), int(rows[at]), count))
        some.sort()
        name = index.names.texts[self._name[place]]
        for _, text, row, count in some[:limit]:
            lon, lat = float(index.lon[row]), float(index.lat[row])
            has_place = np.isfinite(lon) and np.isfinite(lat)
            yield Suggestion(
                index.text(row) if is_latin(name) else self._written(row, name) + text,
                "building" if kind == ESTATE else "door",
                self._context(place, row),
                count,
                lon if has_place else None,
                lat if has_place else None,
                row if count == 1 else None,
            )


def _typed(text: str) -> Iterator[str]:
    """What is typed, and that with the numeral at its end as digits: 绿园二 begins 绿园二号院, held as 绿园2号院."""
    yield text
    numeral = _NUMERAL.search(text)
    value = han_number(numeral[0]) if numeral else None
    if numeral and value is not None:
        yield f"{text[: numeral.start()]}{value}"


def _written_as(found: re.Match[str]) -> str:
    return "(?:号楼|号栋|栋|幢|座|#)" if found[0] == "栋" else "(?:[0-9]+|[零一二三四五六七八九十百]+)"


def _counted(shown: str, begun: str, value: str) -> tuple[object, ...]:
    """The order of numbers: the one asked, then by their digits."""
    first = _DIGITS.search(shown)
    then = _DIGITS.search(value)
    return (shown != begun, int(first[0]) if first else 0, shown, int(then[0]) if then else 0, value)


def _text(kind: int, group: str, value: str) -> str:
    if kind == ESTATE:
        return f"{value}栋"
    return (f"{group}组" if group else "") + f"{value}号"


def _grouped(
    index: AddressIndex, kind: int, own: NDArray[np.int64]
) -> tuple[
    NDArray[np.int64], NDArray[np.int64], Int32Array, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]
]:
    """Names of a kind by context: name, (district, town), a row, buildings, and the middle of the addresses."""
    column = index.column[_COLUMN[kind]]
    rows = np.flatnonzero(column >= 0)
    within = _WITHIN.get(kind, _WITHIN_ESTATE)
    if kind == STREET and not (index.column["district"] >= 0).any():
        within = ("town",)
    keys = [column[rows].astype(np.int64)]
    for name in ("district", "town"):
        keys.append(index.column[name][rows].astype(np.int64) if name in within else np.full(len(rows), -1))
    # Names fit into 21 bits each, so that one sort of whole numbers groups them.
    packed = (keys[0] << 42) | ((keys[1] + 1) << 21) | (keys[2] + 1)
    distinct, first, group = np.unique(packed, return_index=True, return_inverse=True)
    pairs = np.sort((group.astype(np.int64) << 40) | own[rows])
    is_first = np.diff(pairs, prepend=-1) != 0
    n_buildings = np.bincount(pairs[is_first] >> 40, minlength=len(distinct))
    lon, lat = index.lon[rows], index.lat[rows]
    known = np.isfinite(lon) & np.isfinite(lat)
    n_known = np.bincount(group[known], minlength=len(distinct)).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle_lon = np.bincount(group[known], weights=lon[known], minlength=len(distinct)) / n_known
        middle_lat = np.bincount(group[known], weights=lat[known], minlength=len(distinct)) / n_known
    context = np.stack([((distinct >> 21) & 0x1FFFFF) - 1, (distinct & 0x1FFFFF) - 1], axis=1)
    return distinct >> 42, context, rows[first].astype(np.int32), n_buildings, middle_lon, middle_lat
