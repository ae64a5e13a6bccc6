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

from gis.address.latin import LatinOption, LatinParts, Word, read_latin
from gis.address.latin_lists import LatinList, plain
from gis.address.latin_spelling import bare
from gis.address.latin_words import ARTICLES, COUNTRIES, REPEATS, SIDES, TYPES

MOST_READINGS = 16


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
    elsewhere
        Words apart from the street that nothing in the layer explains.
    dropped
        What lies inside a building.
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
    elsewhere: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    likely_frac: float = 0.0
    places: tuple[tuple[int, int], ...] = ()

    @property
    def score_frac(self) -> float:
        """How good the reading is among others of one address: an order, not a probability."""
        left = 0.03 * min(len(self.left), 5) + 0.2 * self.left_share_frac + 0.2 * self.apart
        town = 0.05 * self.town_similar_frac
        return self.street_similar_frac + town + 0.1 * self.likely_frac - left


class LatinBook:
    """The street and town names of a layer, ready to read addresses by."""

    def __init__(self, streets: Sequence[str], towns: Sequence[str] = (), postcodes: Iterable[str] = ()) -> None:
        self._streets = LatinList(streets)
        self._towns = LatinList(towns)
        self._postcodes = frozenset(postcodes)

    @classmethod
    def of(cls, streets: Sequence[str], towns: Sequence[str] = (), postcodes: Iterable[str] = ()) -> LatinBook:
        """Prepare the distinct names of a layer, as written; postcodes help to tell them from house numbers."""
        return cls(streets, towns, postcodes)

    def read(self, folded: str) -> list[LatinReading]:
        """Every way to understand a folded address, best first; the first names no street where none resembles."""
        parts = read_latin(folded, self._postcodes, self._towns.by_joined)
        found = self._readings(parts, folded)
        if not any(not reading.apart for reading in found):
            parts = read_latin(folded, self._postcodes, self._towns.by_joined, guess_postcode=False)
            found = self._readings(parts, folded) or found
        if not any(reading.street_similar_frac == 1.0 and not reading.apart for reading in found):
            found.append(self._only_town(parts, folded))
        best: dict[tuple[str, tuple[int, ...]], LatinReading] = {}
        for reading in found:
            kept = best.get((reading.number, reading.streets))
            if kept is None or reading.score_frac > kept.score_frac:
                best[reading.number, reading.streets] = reading
        ranked = sorted(best.values(), key=lambda reading: (-reading.score_frac, reading.streets, reading.number))
        return ranked[:MOST_READINGS]

    def _readings(self, parts: LatinParts, folded: str) -> list[LatinReading]:
        found = [reading for option in parts.options for reading in self._exactly(option, parts, folded)]
        if not any(reading.street_similar_frac == 1.0 and not reading.apart and not reading.left for reading in found):
            found += [reading for option in parts.options for reading in self._nearly(option, parts, folded)]
        return found

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
            if towns is not None and (towns[0], towns[1]) == (0, len(run)):
                continue
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
                raw = plain(dict.fromkeys(folded[word.start : word.end] for word in run[i:j]))
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
        elsewhere: list[str] = []
        towns_at: set[int] = set()
        rests = [(run[:i], True, False), (run[j:], True, False)]
        # Words beside the number should be the street: where they are not, they are as doubtful as its own.
        beside = (option.before, option.after)
        apart = False
        for other in _runs(option):
            if other is not run:
                rests.append((other, other in beside and run not in beside, other in beside))
        for words, near, is_beside in rests:
            at = self._town_at(words) if not towns else None
            if at is not None:
                towns_at |= {word.start for word in words[at[0] : at[1]]}
                towns, town_similar = tuple(self._towns.ids[at[2]]), 1.0
                used += words[at[0] : at[1]]
                words = (*words[: at[0]], *words[at[1] :])
            elif not towns and words and len(words) <= 4:
                texts = bare(word.text for word in words)
                raw = plain(dict.fromkeys(folded[word.start : word.end] for word in words))
                near_towns = self._towns.similar(texts, raw) if sum(map(len, texts)) > 4 else []
                if near_towns and near_towns[0][1] > 0.7:
                    towns, town_similar = tuple(self._towns.ids[near_towns[0][0]]), near_towns[0][1]
                    used += words
                    words = ()
            for word in words:
                if word.text in ARTICLES or word.text in COUNTRIES:
                    continue
                (left if near else elsewhere).append(folded[word.start : word.end])
                n_left += near * len(word.text)
                apart |= is_beside and word.text[0].isdigit()
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
            apart=apart or _is_apart(run, i, j, towns_at),
            elsewhere=tuple(dict.fromkeys(elsewhere)),
            dropped=parts.dropped,
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


def _is_apart(run: tuple[Word, ...], i: int, j: int, towns_at: set[int]) -> bool:
    """Whether a word beside the street would make it another one.

    In front of it that is a kind of way, a side or a sign (Upper Bedok Road, Petit Chemin); behind it a sign, and a
    kind or side only where the name itself does not begin with its kind: what follows rue X is a town.
    """
    front = [word for word in run[:i] if word.start not in towns_at and word.text not in ARTICLES]
    behind = [word for word in run[j:] if word.start not in towns_at and word.text not in ARTICLES]
    if any(word.text in SIDES or word.text in TYPES or _is_sign(word.text) for word in front):
        return True
    if not behind:
        return False
    begins_with_kind = run[i].text in TYPES and j - i > 1
    is_more = behind[0].text in SIDES or behind[0].text in TYPES
    has_numeral = any(word.text[0].isdigit() for word in behind)
    return has_numeral or _is_sign(behind[0].text) or (is_more and not begins_with_kind)


def _is_sign(text: str) -> bool:
    """Whether a word beside a number or name changes which one it is: a letter, a numeral, ``BIS``."""
    return len(text) == 1 or text[0].isdigit() or text in REPEATS


def _divided(run: tuple[Word, ...], place: int) -> bool:
    """Whether a cut before this word would take one written word apart."""
    return 0 < place < len(run) and run[place].start == run[place - 1].start


def _runs(option: LatinOption) -> list[tuple[Word, ...]]:
    return [run for run in (option.after, option.before, *option.others) if run]
