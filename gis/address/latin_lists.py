"""A list of names in Latin script, found by their words or by likeness.

Numerals of a name, its kind of way, its side and single letters are never mended into others (AVE 1 is not AVE 10,
Bedok North Road is not Bedok South Road); the rest may be mistyped, shortened or in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from gis.address.characters import fold
from gis.address.latin_likeness import Likeness
from gis.address.latin_spelling import name_key, particulars
from gis.address.latin_words import ARTICLES, OTHERS, SIDES, TYPES

LEAST_SIMILAR_FRAC = 0.6
LONGEST_FORM = 16
_KEPT_ANSWERS = 20_000
_Found = list[tuple[int, float]]


_FORMS = tuple(sorted((form, short) for form, short in (OTHERS | TYPES | SIDES).items() if len(form) >= 4))


@lru_cache(maxsize=1)
def _likeness_of_forms() -> Likeness:
    return Likeness([form for form, _ in _FORMS], range(len(_FORMS)))


@lru_cache(maxsize=8_192)
def mistyped_kinds(word: str) -> tuple[str, ...]:
    """Short forms that a word may mean which is one slip of the finger away from one of their long forms.

    The word comes as names are compared; an e that fell behind a vowel there may have been typed.
    """
    typed = (word, *(word[:i] + "E" + word[i:] for i in range(1, len(word)) if word[i - 1] in "AOU"))
    near = (found for text in typed for found in _likeness_of_forms().near(text, 1.0, 3))
    return tuple(dict.fromkeys(_FORMS[place][1] for place, share in near if share < 1.0))[:3]


class LatinList:
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
                raws[place[key]] = raws[place[key]] or plain(folded[i].replace("-", " ").split())
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
        bodies = [_body(words) for words in self.words]
        ids = range(len(self.first))
        self._whole = Likeness([*self.first, *raws], [*ids, *ids])
        some = [i for i in ids if bodies[i] != self.first[i]]
        self._part = Likeness([*self.first, *(bodies[i] for i in some)], [*ids, *some])
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
            if 3 <= len(word) <= LONGEST_FORM and word not in self.with_word:
                meant = mistyped_kinds(word)
                if meant:
                    return [[*words[:place], short, *words[place + 1 :]] for short in meant]
        return []

    def _search(self, words: Sequence[str], raw: str) -> _Found:
        key = " ".join(words)
        body = _body(words)
        told = particulars(words)
        best: dict[int, float] = {}

        def keep(place: int, similar: float) -> None:
            if similar > best.get(place, LEAST_SIMILAR_FRAC):
                best[place] = similar

        for likeness, text, full in ((self._whole, key, True), (self._whole, raw, True), (self._part, body, False)):
            if len(text) < 2:
                continue
            most = 1.0 if len(text) < 5 else 2.0 if len(text) < 10 else 3.0
            for place, share in likeness.near(text, most, 24):
                keep(place, _told_apart(told, self.told[place], full) * share)
        asked = [word for word in words if len(word) > 1]
        if asked and any(len(word) > 3 and word not in TYPES for word in asked):
            some = set(self.with_word.get(asked[0], ()))
            for word in asked[1:]:
                some &= set(self.with_word.get(word, ()))
            for place in some:
                share = sum(map(len, asked)) / sum(map(len, self.words[place]))
                keep(place, _told_apart(told, self.told[place], False) * (0.55 + 0.4 * min(share, 1.0)))
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:8]


def _body(words: Sequence[str]) -> str:
    """The words that are no kind of way; of Circuit Road, where all are, the first."""
    return " ".join([word for word in words if word not in TYPES] or words[: max(1, len(words) - 1)])


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


def plain(words: Iterable[str]) -> str:
    """Words as written, in one piece and without articles."""
    every = list(words)
    return "".join([word for word in every if word not in ARTICLES] or every)
