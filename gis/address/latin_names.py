"""Addresses in Latin script against the names of the layer: which words are the street, which the town.

The layer's own street and town names decide how an address is read: ``Ang Mo Kio Ave 1`` is a street without a
number because the layer has that street.  Names may be mistyped; their numerals, kinds of way, sides and single
letters are never mended into others (AVE 1 is not AVE 10, Bedok North Road is not Bedok South Road).

Seam: `LatinBook.of` takes the layer's distinct street and town names as written; `LatinBook.read` takes folded text
and answers with readings, best first, whose street and town are places in those lists.  Which of them have a row
with the number, and what is accepted, is for the caller: a reading whose similarity is 1 and whose ``left`` is empty
agrees in everything that was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from gis.address.characters import fold
from gis.address.fuzzy import Spelling
from gis.address.latin import LatinOption, LatinParts, Word, bare, name_key, name_words, particulars, read_latin
from gis.address.latin_words import ARTICLES, OTHERS, SIDES, TYPES
from gis.address.sounds import sound_of_code

MOST_READINGS = 16
LEAST_SIMILAR_FRAC = 0.6
_KEPT_ANSWERS = 20_000
_Found = list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class LatinReading:
    """One way to understand an address.

    Attributes
    ----------
    number
        The house number as `gis.address.latin.number_key` spells it, or empty.
    streets
        Places of the street's names in the list (several where the layer writes one name in several ways); empty
        where no street was found.
    street_similar_frac
        1 where the names agree but for abbreviations, articles and order of words; less where something was mended,
        left out or put in.
    towns, town_similar_frac
        The same for the town.
    postcode
        As asked; the list of names says nothing about it.
    left
        Words beside the street that nothing in the layer explains (a town elsewhere, a shop's name).
    left_share_frac
        Their share of the letters that should be the street's.
    apart
        Whether one of them would tell the street from another (``Upper`` before a known name).
    dropped
        What lies inside a building, and other words apart from the street.
    likely_frac
        How likely the number is the house number by grammar.
    places
        Where the words used stand in the folded text.
    """

    number: str
    streets: tuple[int, ...] = ()
    street_similar_frac: float = 0.0
    towns: tuple[int, ...] = ()
    town_similar_frac: float = 0.0
    postcode: str = ""
    left: tuple[str, ...] = ()
    left_share_frac: float = 0.0
    apart: bool = False
    dropped: tuple[str, ...] = ()
    likely_frac: float = 0.0
    places: tuple[tuple[int, int], ...] = ()

    @property
    def score_frac(self) -> float:
        """How good the reading is among others of one address: an order, not a probability."""
        left = 0.03 * min(len(self.left), 5) + 0.2 * self.left_share_frac + 0.2 * self.apart
        town = 0.05 * self.town_similar_frac
        return self.street_similar_frac + town + 0.1 * self.likely_frac - left


_SHORT_WORDS = frozenset(TYPES.values()) | frozenset(SIDES.values())


@lru_cache(maxsize=1)
def mistyped_kinds() -> dict[str, tuple[str, ...]]:
    """Every word one slip of the finger away from one with a short form, and the short forms it may mean."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    meant: dict[str, set[str]] = {}
    for word, short in sorted((OTHERS | TYPES | SIDES).items()):
        if len(word) < 4:
            continue
        near = {word[:i] + word[i + 1 :] for i in range(len(word))}
        near |= {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
        near |= {word[:i] + letter + word[i:] for i in range(len(word) + 1) for letter in letters}
        near |= {word[:i] + letter + word[i + 1 :] for i in range(len(word)) for letter in letters}
        for slip in near:
            for text in {slip, bare([slip])[0]}:
                meant.setdefault(text, set()).add(short)
    return {slip: tuple(sorted(some)[:3]) for slip, some in meant.items()}


class _Names:
    """Names by their key, by their words, and by how they are spelled."""

    def __init__(self, names: Sequence[str]) -> None:
        folded = [fold(name) for name in names]
        keys = [name_key(text) for text in folded]
        self.of_key: dict[str, list[int]] = {}
        self.first: list[str] = sorted({key for key in keys if key})
        place = {key: i for i, key in enumerate(self.first)}
        self.ids: list[list[int]] = [[] for _ in self.first]
        raws: list[str] = [""] * len(self.first)
        for i, key in enumerate(keys):
            if key:
                self.ids[place[key]].append(i)
                raws[place[key]] = raws[place[key]] or _plain(folded[i].replace("-", " ").split())
        self.words = [key.split(" ") for key in self.first]
        self.told = [particulars(words) for words in self.words]
        self.by_joined: dict[str, int] = {}
        self.by_bag: dict[tuple[str, ...], int] = {}
        self.with_word: dict[str, list[int]] = {}
        for i, words in enumerate(self.words):
            self.by_joined.setdefault("".join(words), i)
            self.by_bag.setdefault(tuple(sorted(words)), i)
            for word in set(words):
                self.with_word.setdefault(word, []).append(i)
        self.most_words = max((len(words) for words in self.words), default=0)
        bodies = [" ".join(word for word in words if word not in TYPES) for words in self.words]
        ids = range(len(self.first))
        sounds = sound_of_code()
        self.by_key = Spelling.of(list(ids), self.first, sounds)
        self.by_raw = Spelling.of(list(ids), raws, sounds)
        some = [i for i in ids if bodies[i] and bodies[i] != self.first[i]]
        self.by_body = Spelling.of(some, [bodies[i] for i in some], sounds)
        self.raws = raws
        self.bodies = bodies
        self._known: dict[tuple[str, str], _Found] = {}

    def exact(self, words: Sequence[str]) -> int | None:
        """The name with just these words, in any order and division."""
        found = self.by_joined.get("".join(words))
        return found if found is not None else self.by_bag.get(tuple(sorted(words)))

    def similar(self, words: Sequence[str], raw: str) -> _Found:
        """Names that resemble these words, best first."""
        asked = (" ".join(words), raw)
        found = self._known.get(asked)
        if found is None:
            if len(self._known) >= _KEPT_ANSWERS:
                self._known.clear()
            best = dict(self._search(words, raw))
            for other in self._mended(words):
                for place, similar in self._search(other, "".join(other)):
                    best[place] = max(best.get(place, 0.0), 0.95 * similar)
            found = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:8]
            self._known[asked] = found
        return found

    def _mended(self, words: Sequence[str]) -> list[list[str]]:
        """The words with a mistyped kind of way in its short form, where the layer does not know the word."""
        for place, word in enumerate(words):
            if len(word) >= 3 and word not in _SHORT_WORDS and word not in self.with_word:
                meant = mistyped_kinds().get(word, ())
                if meant:
                    return [[*words[:place], short, *words[place + 1 :]] for short in meant]
        return []

    def _search(self, words: Sequence[str], raw: str) -> _Found:
        key = " ".join(words)
        body = " ".join(word for word in words if word not in TYPES)
        told = particulars(words)
        best: dict[int, float] = {}

        def keep(place: int, similar: float) -> None:
            if similar > best.get(place, LEAST_SIMILAR_FRAC):
                best[place] = similar

        for spelling, text, texts, full in (
            (self.by_key, key, self.first, True),
            (self.by_raw, raw, self.raws, True),
            (self.by_body, body, self.bodies, False),
            (self.by_key, body, self.first, False),
        ):
            if len(text) < 2:
                continue
            most = 1.0 if len(text) < 5 else 2.0 if len(text) < 10 else 3.0
            for place, cost in spelling.similar(text, most, 24):
                factor = _told_apart(told, self.told[place], full)
                keep(place, factor * (1.0 - cost / max(len(text), len(texts[place]))))
        asked = [word for word in words if len(word) > 1]
        if asked and any(len(word) > 3 and word not in TYPES for word in asked):
            some = set(self.with_word.get(asked[0], ()))
            for word in asked[1:]:
                some &= set(self.with_word.get(word, ()))
            for place in some:
                share = sum(map(len, asked)) / sum(map(len, self.words[place]))
                keep(place, _told_apart(told, self.told[place], False) * (0.55 + 0.4 * min(share, 1.0)))
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:8]


def _told_apart(asked: tuple[frozenset[str], ...], there: tuple[frozenset[str], ...], full: bool) -> float:
    """Factor for what tells names apart: 0 where numerals differ, low where kinds or sides contradict."""
    if asked[0] != there[0]:
        return 0.0
    factor = 1.0
    for a, b, missing in ((asked[1], there[1], 0.95), (asked[2], there[2], 0.85)):
        if a == b:
            continue
        if a - b and b - a:
            factor *= 0.6
        elif a - b:
            factor *= 0.85
        elif not full:
            factor *= missing
    return factor


def _plain(words: Iterable[str]) -> str:
    every = list(words)
    return "".join([word for word in every if word not in ARTICLES] or every)


class LatinBook:
    """The street and town names of a layer, ready to read addresses by."""

    def __init__(self, streets: Sequence[str], towns: Sequence[str] = (), postcodes: Iterable[str] = ()) -> None:
        self._streets = _Names(streets)
        self._towns = _Names(towns)
        self._postcodes = frozenset(postcodes)

    @classmethod
    def of(cls, streets: Sequence[str], towns: Sequence[str] = (), postcodes: Iterable[str] = ()) -> LatinBook:
        """Prepare the distinct names of a layer, as written; postcodes help to tell them from house numbers."""
        return cls(streets, towns, postcodes)

    def read(self, folded: str) -> list[LatinReading]:
        """Every way to understand a folded address, best first; the first names no street where none resembles."""
        parts = read_latin(folded, self._postcodes, self._towns.by_joined)
        found: list[LatinReading] = []
        for option in parts.options:
            found.extend(self._exactly(option, parts, folded))
        if not any(reading.street_similar_frac == 1.0 and not reading.apart and not reading.left for reading in found):
            for option in parts.options:
                found.extend(self._nearly(option, parts, folded))
        if not found:
            found = [self._only_town(parts, folded)]
        best: dict[tuple[str, tuple[int, ...]], LatinReading] = {}
        for reading in found:
            kept = best.get((reading.number, reading.streets))
            if kept is None or reading.score_frac > kept.score_frac:
                best[reading.number, reading.streets] = reading
        ranked = sorted(best.values(), key=lambda reading: (-reading.score_frac, reading.streets, reading.number))
        return ranked[:MOST_READINGS]

    def _exactly(self, option: LatinOption, parts: LatinParts, folded: str) -> list[LatinReading]:
        """Readings whose street is written as in the layer: the longest in each run."""
        found = []
        for run in _runs(option):
            best: tuple[int, int, int, int] | None = None
            for i in range(len(run)):
                if _divided(run, i) or (run[i].text in ARTICLES and i + 1 < len(run)):
                    continue
                for j in range(len(run), i, -1):
                    if _divided(run, j):
                        continue
                    words = bare(word.text for word in run[i:j])
                    if len(words) > self._streets.most_words + 1:
                        continue
                    if (i, j) != (0, len(run)) and all(word in TYPES for word in words):
                        continue
                    place = self._streets.exact(words)
                    if place is not None and (best is None or sum(map(len, words)) > best[0]):
                        best = (sum(map(len, words)), i, j, place)
            if best is not None:
                _, i, j, place = best
                found.append(self._reading(option, parts, folded, run, i, j, place, 1.0))
        return found

    def _nearly(self, option: LatinOption, parts: LatinParts, folded: str) -> list[LatinReading]:
        """Readings whose street resembles one of the layer."""
        found = []
        for run in _runs(option):
            towns = self._town_at(run)
            a, b = 0, len(run)
            spans = {(a, b)}
            if towns is not None and (towns[0] == 0 or towns[1] == len(run)) and towns[1] - towns[0] < len(run):
                a, b = (towns[1], b) if towns[0] == 0 else (a, towns[0])
                spans.add((a, b))
            for cut in range(1, min(4, b - a)):
                if run is not option.before or not option.number:
                    spans.add((a, b - cut))
                if run is not option.after or not option.number:
                    spans.add((a + cut, b))
            for i, j in sorted(spans):
                if _divided(run, i) or _divided(run, j):
                    continue
                words = bare(word.text for word in run[i:j])
                raw = _plain(dict.fromkeys(folded[word.start : word.end] for word in run[i:j]))
                for place, similar in self._streets.similar(words, raw):
                    found.append(self._reading(option, parts, folded, run, i, j, place, similar))
        return found

    def _town_at(self, words: Sequence[Word]) -> tuple[int, int, int] | None:
        """The longest span of words that is a town's name, and the town."""
        best = None
        for i in range(len(words)):
            for j in range(len(words), i, -1):
                place = self._towns.exact(bare(word.text for word in words[i:j]))
                if place is not None and (best is None or j - i > best[1] - best[0]):
                    best = (i, j, place)
        return best

    def _reading(
        self,
        option: LatinOption,
        parts: LatinParts,
        folded: str,
        run: tuple[Word, ...],
        i: int,
        j: int,
        place: int,
        similar: float,
    ) -> LatinReading:
        """The reading with the street at words ``i`` to ``j`` of a run: what the other words are."""
        used = [*run[i:j]]
        towns: tuple[int, ...] = ()
        town_similar = 0.0
        left: list[str] = []
        n_left = 0
        apart = False
        dropped: list[str] = []
        rests = [(run[:i], True), (run[j:], True)]
        rests += [(other, False) for other in _runs(option) if other is not run]
        for words, near in rests:
            at = self._town_at(words) if not towns else None
            if at is not None:
                towns, town_similar = tuple(self._towns.ids[at[2]]), 1.0
                used += words[at[0] : at[1]]
                words = (*words[: at[0]], *words[at[1] :])
            elif not towns and words and len(words) <= 4:
                texts = bare(word.text for word in words)
                raw = _plain(dict.fromkeys(folded[word.start : word.end] for word in words))
                near_towns = self._towns.similar(texts, raw) if sum(map(len, texts)) > 4 else []
                if near_towns and near_towns[0][1] > 0.7:
                    towns, town_similar = tuple(self._towns.ids[near_towns[0][0]]), near_towns[0][1]
                    used += words
                    words = ()
            for word in words:
                if word.text in ARTICLES:
                    continue
                (left if near else dropped).append(folded[word.start : word.end])
                n_left += near * len(word.text)
                apart |= near and (word.text in SIDES or word.text in TYPES or word.text[0].isdigit())
        places = [(word.start, word.end) for word in used]
        if option.number:
            places.append(option.place)
        return LatinReading(
            number=option.number,
            streets=tuple(self._streets.ids[place]),
            street_similar_frac=similar,
            towns=towns,
            town_similar_frac=town_similar,
            postcode=parts.postcode,
            left=tuple(dict.fromkeys(left)),
            left_share_frac=n_left / max(n_left + sum(len(word.text) for word in run[i:j]), 1),
            apart=apart,
            dropped=(*parts.dropped, *dict.fromkeys(dropped)),
            likely_frac=option.likely_frac,
            places=tuple(sorted(set(places))),
        )

    def _only_town(self, parts: LatinParts, folded: str) -> LatinReading:
        """No street at all: perhaps a town."""
        option = parts.options[0]
        empty = LatinReading(option.number, postcode=parts.postcode, dropped=parts.dropped)
        left: list[str] = []
        for run in _runs(option):
            at = self._town_at(run)
            if at is None:
                left += [folded[word.start : word.end] for word in run if word.text not in ARTICLES]
                continue
            spans = [(word.start, word.end) for word in run[at[0] : at[1]]]
            left += [folded[word.start : word.end] for word in (*run[: at[0]], *run[at[1] :])]
            if not empty.towns:
                empty = replace(
                    empty, towns=tuple(self._towns.ids[at[2]]), town_similar_frac=1.0, places=tuple(sorted(set(spans)))
                )
        return replace(empty, left=tuple(dict.fromkeys(left)), likely_frac=option.likely_frac)


def _divided(run: tuple[Word, ...], place: int) -> bool:
    """Whether a cut before this word would take one written word apart."""
    return 0 < place < len(run) and run[place].start == run[place - 1].start


def _runs(option: LatinOption) -> list[tuple[Word, ...]]:
    return [run for run in (option.after, option.before, *option.others) if run]


__all__ = ["LEAST_SIMILAR_FRAC", "MOST_READINGS", "LatinBook", "LatinReading", "name_words"]
