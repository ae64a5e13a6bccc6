"""The address index: names, numbers and keys of every address, in arrays that may lie in a memory-mapped file.

An address is found by pairs of integers: (estate, building), (street, number), (community, number).  Names may be
mistyped, numbers never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gis.address.blobs import Texts, hashes
from gis.address.characters import fold
from gis.address.latin_answer import LatinNames
from gis.address.layer import KIND_OF, NAMED, NUMBERED, Parts, read_layer
from gis.address.names import Names
from gis.address.region import cut_region, region_forms, region_parts, region_prefixes
from gis.address.sounds import sound_of_code
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, REGION, STREET, TOWN, Match
from gis.address.unify import normalise
from gis.graph import Int32Array
from gis.progress import SILENT, Progress

if TYPE_CHECKING:
    import pandas as pd

    from gis.address.suggest import Suggestion, Suggestions

FORMAT = 1
ABSENT, SEVERAL = -1, -2
_KEYS = {"estate": ("estate", "building"), "street": ("street", "number"), "community": ("community", "number")}
KEY_OF_KIND = {ESTATE: "estate", STREET: "street", COMMUNITY: "community"}


class AddressIndex:
    """Answers addresses with rows of one address layer; never changed, shared between threads."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, str]) -> None:
        self._arrays = dict(arrays)
        self.meta = dict(meta)
        texts = {name: Texts(arrays[f"{name}_units"], arrays[f"{name}_starts"]) for name in _TEXTS}
        self._id, self._text, self._building = texts["id"], texts["text"], texts["building_id"]
        self.lon, self.lat = arrays["lon"], arrays["lat"]
        self.column: dict[str, Int32Array] = {name: arrays[f"part_{name}"] for name in (*NAMED, *NUMBERED)}
        self.building_of_row: Int32Array = arrays["building"]
        self.numbers = texts["number"].all()
        self.number_place = {text: place for place, text in enumerate(self.numbers)}
        self._names, self._alias = texts["name"], texts["alias"]
        self.region = region_forms(self.meta.get("region", ""))
        self.region_prefixes = region_prefixes(self.meta.get("region", ""))

    def __len__(self) -> int:
        return len(self.lon)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything it consists of, to be stored."""
        return dict(self._arrays)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, str]) -> AddressIndex:
        """The index that was stored as arrays and meta."""
        return cls(arrays, meta)

    # -- rows

    def id(self, row: int) -> str:
        """Id of an address."""
        return self._id[row]

    def text(self, row: int) -> str:
        """The address as the layer writes it."""
        return self._text[row]

    def building_id(self, row: int) -> str | None:
        """Id of the building it belongs to, where the layer says so."""
        place = int(self.building_of_row[row])
        return None if place == ABSENT else self._building[place]

    @cached_property
    def building_ids(self) -> list[str]:
        """Building ids by place, as `building_of_row` counts them."""
        return self._building.all()

    def name(self, id: int) -> str:
        """A name by its id."""
        return self.names.texts[id]

    @cached_property
    def names(self) -> Names:
        """All names; made when the first text asks for them."""
        arrays = self._arrays
        return Names(self._names.all(), arrays["name_kind"], arrays["sounds"], self._alias, arrays["alias_of"])

    @cached_property
    def latin(self) -> LatinNames:
        """The names in Latin script, ready to read addresses by."""
        return LatinNames.of(self.names)

    # -- keys

    def rows_with(self, kind: int, names: Iterable[int], numbers: Sequence[str] = ()) -> Int32Array:
        """Rows of estates, streets or communities, all of them or those with one of some numbers."""
        key, order = self._key(kind)
        first = np.fromiter(names, dtype=np.int64) << 32
        if numbers:
            places = [self.number_place[number] + 1 for number in numbers if number in self.number_place]
            if not places or not len(first):
                return _NONE
            first = (first[:, None] + np.array(places, dtype=np.int64)).ravel()
            low, high = np.searchsorted(key, first), np.searchsorted(key, first + 1)
        else:
            low, high = np.searchsorted(key, first), np.searchsorted(key, first + (1 << 32))
        hit = np.flatnonzero(high > low)
        if len(hit) == 1:
            return order[low[hit[0]] : high[hit[0]]]
        return np.concatenate([order[low[k] : high[k]] for k in hit]) if len(hit) else _NONE

    def rows_in(self, kind: int, names: Sequence[int]) -> Int32Array:
        """All rows in districts, towns or communities; looks through the whole layer."""
        name = {DISTRICT: "district", TOWN: "town", COMMUNITY: "community"}[kind]
        return np.flatnonzero(np.isin(self.column[name], names)).astype(np.int32)

    def _key(self, kind: int) -> tuple[NDArray[np.int64], Int32Array]:
        name = KEY_OF_KIND[kind]
        return self._arrays[f"key_{name}"], self._arrays[f"order_{name}"]

    # -- whole texts

    def exact_rows(self, texts: Sequence[str]) -> Int32Array:
        """For every text the one row whose text it is, folded; `ABSENT` for none, `SEVERAL` for more."""
        if not len(self._arrays["hash_high"]):
            return np.full(len(texts), ABSENT, dtype=np.int32)
        low, high = self._hash_range(texts)
        found: Int32Array = self._arrays["hash_order"][np.minimum(low, len(self) - 1)].astype(np.int32)
        found[high == low] = ABSENT
        found[high > low + 1] = SEVERAL
        return found

    def rows_of_text(self, text: str) -> Int32Array:
        """All rows whose text it is, in their order."""
        low, high = self._hash_range([text])
        return np.sort(self._arrays["hash_order"][low[0] : high[0]])

    def _hash_range(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the rows of each text lie in the order of hashes."""
        asked = hashes([cut_region(fold(text), self.region_prefixes) for text in texts])
        first, second = self._arrays["hash_high"], self._arrays["hash_low"]
        low = np.searchsorted(first, asked[:, 0])
        high = np.searchsorted(first, asked[:, 0], side="right")
        held = np.minimum(low, max(len(first) - 1, 0))
        return low, np.where(second[held] == asked[:, 1], high, low)

    # -- questions

    def find(self, text: str) -> Match:
        """The answer to one address."""
        return self.find_many([text])[0]

    def find_many(self, texts: Sequence[str]) -> list[Match]:
        """The answers to many addresses, in their order; each is what `find` would say."""
        exact = self.exact_rows(texts).tolist()
        return [self._answer(row, text) for row, text in zip(exact, texts)]

    def _answer(self, row: int, text: str) -> Match:
        from gis.address.answer import answer_doubles, answer_exact, answer_read

        if row >= 0:
            return answer_exact(self, row, text)
        return (
            answer_read(self, text) if row == ABSENT else answer_doubles(self, self.rows_of_text(text).tolist(), text)
        )

    @cached_property
    def suggestions(self) -> Suggestions:
        """The names, ready to be completed; made when first asked for."""
        from gis.address.suggest import Suggestions

        return Suggestions.of(self)

    def suggest(self, q: str, limit: int = 10) -> list[Suggestion]:
        """What a text that is being typed may become, best first."""
        return self.suggestions.suggest(q, limit)


_TEXTS = ("id", "text", "building_id", "number", "name", "alias")
_NONE: Int32Array = np.zeros(0, dtype=np.int32)


def build_index(
    addresses: pd.DataFrame,
    *,
    region: str = "",
    names: Mapping[int, Sequence[str]] | None = None,
    aliases: Mapping[tuple[int, str], str] | None = None,
    previous: AddressIndex | None = None,
    progress: Progress = SILENT,
) -> AddressIndex:
    """Build the index of an address layer.

    Parameters
    ----------
    addresses
        Columns ``id`` and ``text``; where known also ``building_id, district, town, community, street, number, estate,
        group, building, stairwell, lon, lat``.  Communities by name, not by code.
    region
        Province and city that the layer lies in (``湖南省长沙市``); what the texts themselves say, where omitted.
    names
        Further names by kind that addresses may use without the layer having one (communities, streets).
    aliases
        For a kind and another name (an old village, a popular name) the name it stands for.
    previous
        An earlier index of the layer: rows with unchanged content are not read again.
    """
    import pandas as pd  # loading it takes longer than asking an index that is there

    table = addresses.reset_index(drop=True)
    content = _content(table)
    parts = _parts(table, content, previous, progress)
    progress.stage("stage_address_index", 4)
    region = normalise(region or parts.region)
    arrays: dict[str, NDArray[Any]] = {"content": content}
    texts: dict[str, Texts] = {"id": Texts.of(_texts(table, "id")), "text": Texts.of(_texts(table, "text"))}
    named: dict[int, set[str]] = {kind: {normalise(name) for name in more} for kind, more in (names or {}).items()}
    named.setdefault(REGION, set()).update(region_parts(region))
    factorised = {}
    for name in NAMED:
        place, distinct = pd.factorize(parts.columns[name])
        factorised[name] = (place, distinct)
        named.setdefault(KIND_OF[name], set()).update(distinct.tolist())
    spelt = {(kind, normalise(other)): normalise(text) for (kind, other), text in (aliases or {}).items()}
    gazetteer = Names.of(named, sound_of_code(), spelt)
    for name, (place, distinct) in factorised.items():
        ids = np.array([gazetteer.place.get((KIND_OF[name], text), ABSENT) for text in distinct], dtype=np.int32)
        arrays[f"part_{name}"] = ids[place] if len(ids) else np.zeros(0, dtype=np.int32)
    progress.advance()
    numbers = sorted({text for name in NUMBERED for text in pd.unique(parts.columns[name])} - {""})
    of_number = {text: place for place, text in enumerate(numbers)}
    for name in NUMBERED:
        place, distinct = pd.factorize(parts.columns[name])
        ids = np.array([of_number.get(text, ABSENT) for text in distinct], dtype=np.int32)
        arrays[f"part_{name}"] = ids[place] if len(ids) else np.zeros(0, dtype=np.int32)
    texts["number"] = Texts.of(numbers)
    progress.advance()
    building = _texts(table, "building_id")
    place, distinct = pd.factorize(np.array(building, dtype=object), sort=True)
    has_none = len(distinct) and distinct[0] == ""
    arrays["building"] = (place - 1 if has_none else place).astype(np.int32)
    texts["building_id"] = Texts.of(list(distinct[1:] if has_none else distinct))
    for axis in ("lon", "lat"):
        held = table[axis].to_numpy(dtype=float) if axis in table.columns else np.full(len(table), np.nan)
        arrays[axis] = held
    arrays.update(_keys(arrays))
    progress.advance()
    prefixes = region_prefixes(region)
    folded = [cut_region(fold(text), prefixes) for text in texts["text"].all()]
    both = hashes(folded)
    order = np.lexsort((both[:, 1], both[:, 0]))
    arrays["hash_high"], arrays["hash_low"] = both[order, 0], both[order, 1]
    arrays["hash_order"] = order.astype(np.int32)
    arrays["name_kind"], arrays["sounds"] = gazetteer.kind, sound_of_code()
    texts["name"], texts["alias"] = Texts.of(gazetteer.texts), gazetteer.extra
    arrays["alias_of"] = gazetteer.extra_of
    for name, packed in texts.items():
        arrays[f"{name}_units"], arrays[f"{name}_starts"] = packed.units, packed.starts
    progress.advance()
    return AddressIndex(arrays, {"region": region, "format": str(FORMAT)})


def _parts(
    table: pd.DataFrame, content: NDArray[np.uint64], previous: AddressIndex | None, progress: Progress
) -> Parts:
    if previous is None or not len(previous):
        return read_layer(table, progress)
    old = previous.arrays()["content"]
    order = np.argsort(old, kind="stable")
    place = np.minimum(np.searchsorted(old, content, sorter=order), len(old) - 1)
    row = order[place]
    is_kept = old[row] == content
    fresh = read_layer(table[~is_kept], progress)
    columns = {}
    for name in (*NAMED, *NUMBERED):
        vocabulary = np.array([*(previous.names.texts if name in NAMED else previous.numbers), ""], dtype=object)
        column = vocabulary[previous.column[name][row]]
        column[~is_kept] = fresh.columns[name]
        columns[name] = column
    return Parts(columns, fresh.region or previous.meta.get("region", ""))


def _content(table: pd.DataFrame) -> NDArray[np.uint64]:
    """A hash of what each row says of its address."""
    said = [name for name in ("text", *NAMED, "number", "group", "building", "stairwell") if name in table.columns]
    whole = np.full(len(table), "", dtype=object)
    for name in said:
        whole = whole + np.array(_texts(table, name), dtype=object) + "\x1f"
    content: NDArray[np.uint64] = hashes(whole.tolist())[:, 0]
    return content


def _keys(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    made: dict[str, NDArray[Any]] = {}
    for key, (named, numbered) in _KEYS.items():
        name, number = arrays[f"part_{named}"].astype(np.int64), arrays[f"part_{numbered}"].astype(np.int64)
        rows = np.flatnonzero(name != ABSENT)
        if key == "community":
            rows = rows[(arrays["part_street"][rows] == ABSENT) & (arrays["part_estate"][rows] == ABSENT)]
        packed = (name[rows] << 32) | (number[rows] + 1)
        order = np.argsort(packed, kind="stable")
        made[f"key_{key}"], made[f"order_{key}"] = packed[order], rows[order].astype(np.int32)
    return made


def _texts(table: pd.DataFrame, name: str) -> list[str]:
    if name not in table.columns:
        return [""] * len(table)
    values = table[name]
    return [str(value) for value in values.astype(object).where(values.notna(), "")]
