"""Beginnings of names: by their characters, by pinyin in full or by its initials, by words in Latin script.

Names lie sorted, so that a beginning is a range; for pinyin they lie by first letter, the weightiest first, so that a
search may stop as soon as it has enough.  ``wyxq``, ``wangyue``, ``wangyuexq`` and ``望月x`` all begin 望月小区.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis.address.latin_spelling import bare, is_latin, name_words
from gis.address.sounds import codes
from gis.graph import Int32Array

MOST_LETTERS = 30
_LETTERS = re.compile(r"[A-Z]")
_TAIL = re.compile(r"[A-Z0-9]+$")
_LAST = "\U0010ffff"


@lru_cache(maxsize=1)
def readings() -> tuple[tuple[str, ...], Int32Array, Int32Array]:
    """Toneless syllables, and for every code below 0x10000 the place of its two commonest readings (-1: none)."""
    import unicodedata

    from pypinyin.pinyin_dict import pinyin_dict

    said: dict[int, list[str]] = {}
    for code, spoken in pinyin_dict.items():
        if not 0x3400 <= code < 0x10000:
            continue
        for reading in spoken.split(","):
            apart = unicodedata.normalize("NFD", reading)
            plain = "".join(c for c in apart if "a" <= c <= "z" or c == "\u0308").replace("u\u0308", "v").upper()
            if plain and plain not in said.setdefault(code, []):
                said[code].append(plain)
    syllables = tuple(sorted({plain for some in said.values() for plain in some[:2]}))
    place = {syllable: k for k, syllable in enumerate(syllables)}
    first = np.full(0x10000, -1, dtype=np.int32)
    second = np.full(0x10000, -1, dtype=np.int32)
    for code, some in said.items():
        if some:
            first[code] = place[some[0]]
            second[code] = place[some[1]] if len(some) > 1 else -1
    # Names hold digits where people write numerals: 二期 is compared as 2期, and typed as erqi.
    for digit, numeral in enumerate("零一二三四五六七八九"):
        first[ord("0") + digit] = first[ord(numeral)]
    return syllables, first, second


@lru_cache(maxsize=1)
def _by_letter() -> dict[str, tuple[tuple[int, str], ...]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for k, syllable in enumerate(readings()[0]):
        found.setdefault(syllable[0], []).append((k, syllable))
    return {letter: tuple(some) for letter, some in found.items()}


class Beginnings:
    """Texts that belong to numbered owners, found by how they begin; ``weight`` orders what is found."""

    def __init__(self, texts: Sequence[str], owners: Sequence[int], weight: NDArray[np.int64]) -> None:
        order = sorted(range(len(texts)), key=lambda k: (texts[k], owners[k]))
        self._texts = [texts[k] for k in order]
        self._owner = np.array([owners[k] for k in order], dtype=np.int32)
        self._weight = weight[self._owner] if len(order) else np.zeros(0, dtype=np.int64)
        self._prepare_letters()
        self._prepare_words()

    def _prepare_letters(self) -> None:
        """Characters of every text, and places of texts by first letter, the weightiest first."""
        parts = [codes(text) for text in self._texts]
        self._starts = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(part) for part in parts], out=self._starts[1:])
        self._codes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
        syllables, first, second = readings()
        initial = np.array([ord(syllable[0]) for syllable in syllables] + [0], dtype=np.int32)
        begin = self._codes[self._starts[:-1]] if len(parts) else np.zeros(0, dtype=np.int32)
        places = np.arange(len(parts), dtype=np.int32)
        some = [(np.where(first[begin] >= 0, initial[first[begin]], begin), places), (begin, places)]
        two = second[begin] >= 0
        some.append((initial[second[begin[two]]], places[two]))
        letter = np.concatenate([a for a, _ in some])
        place = np.concatenate([b for _, b in some])
        both = np.unique(np.stack([letter, place], axis=1), axis=0) if len(letter) else np.zeros((0, 2), dtype=np.int32)
        order = np.lexsort((both[:, 1], -self._weight[both[:, 1]], both[:, 0]))
        self._letter, self._letter_place = both[order, 0], both[order, 1].astype(np.int64)

    def _prepare_words(self) -> None:
        """Names in Latin script from each of their words on."""
        found: list[tuple[str, int]] = []
        for place, text in enumerate(self._texts):
            if is_latin(text):
                words = name_words(re.findall(r"[^\W_]+", text))
                short = bare(words)
                found.extend((" ".join(short[k:]), place) for k in range(len(short)))
                found.append((" ".join(words), place))
        found.sort()
        self._word_texts = [text for text, _ in found]
        self._word_places = np.array([place for _, place in found], dtype=np.int64)

    def find(self, text: str, limit: int, allowed: NDArray[np.bool_]) -> Iterator[tuple[int, bool]]:
        """Owners of names that begin like a text, weightiest first within each way to begin.

        Each with whether the text is the whole name.  An owner may come twice.  ``allowed`` says which owners count.
        """
        low, high = bisect_left(self._texts, text), bisect_right(self._texts, text + _LAST)
        n_same = bisect_right(self._texts, text) - low
        yield from ((int(owner), True) for owner in self._heaviest(low, low + n_same, limit, allowed))
        yield from ((int(owner), False) for owner in self._heaviest(low + n_same, high, limit, allowed))
        if _LETTERS.search(text):
            yield from ((int(self._owner[place]), False) for place in self._in_letters(text, limit, allowed))
            if text.isascii():
                yield from ((int(owner), False) for owner in self._in_words(text, limit, allowed))

    def _heaviest(self, low: int, high: int, limit: int, allowed: NDArray[np.bool_]) -> Int32Array:
        weight = np.where(allowed[self._owner[low:high]], self._weight[low:high], -1)
        if len(weight) > 4 * limit:
            part = np.argpartition(-weight, limit)
            part = np.flatnonzero(weight >= weight[part[limit]])
        else:
            part = np.arange(len(weight))
        part = part[weight[part] >= 0]
        kept = part[np.argsort(-weight[part], kind="stable")][:limit]
        return self._owner[low + kept]

    def _in_letters(self, text: str, limit: int, allowed: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Places of texts whose characters, after those given as such, sound like the letters that follow."""
        tail = _TAIL.search(text)
        if tail is None or " " in text:
            return np.zeros(0, dtype=np.int64)
        letters, n_given = tail[0][:MOST_LETTERS], tail.start()
        if n_given:
            head = text[:n_given]
            low, high = bisect_left(self._texts, head), bisect_right(self._texts, head + _LAST)
            places = low + np.argsort(-self._weight[low:high], kind="stable")
        else:
            low = int(np.searchsorted(self._letter, ord(letters[0]), "left"))
            high = int(np.searchsorted(self._letter, ord(letters[0]), "right"))
            places = self._letter_place[low:high]
        places = places[allowed[self._owner[places]]]
        _, first, second = readings()
        found: NDArray[np.int64] = _sounding(
            places.astype(np.int64),
            n_given,
            codes(letters),
            _steps(letters),
            self._codes,
            self._starts,
            first,
            second,
            limit,
        )
        return found

    def _in_words(self, text: str, limit: int, allowed: NDArray[np.bool_]) -> Iterator[int]:
        """Owners of names in Latin script of which some word and those behind it begin like the text."""
        words = re.findall(r"[^\W_]+", text)
        if not words:
            return
        whole = " ".join(bare(name_words(words)))
        begun = " ".join([*bare(name_words(words[:-1])), words[-1]]) if len(words) > 1 else words[0]
        for asked in dict.fromkeys((whole, begun)):
            low, high = bisect_left(self._word_texts, asked), bisect_right(self._word_texts, asked + _LAST)
            places = np.unique(self._word_places[low:high])
            places = places[allowed[self._owner[places]]]
            order = np.argsort(-self._weight[places], kind="stable")[:limit]
            yield from self._owner[places[order]].tolist()


@lru_cache(maxsize=512)
def _steps(letters: str) -> NDArray[np.int64]:
    """For every position of the letters and every syllable, the positions (bits) after it; the last bit is the end.

    A syllable may be typed in full, by its initial (z or zh), and, as the last one, up to anywhere.
    """
    by_letter = _by_letter()
    end = len(letters)
    steps = np.zeros((end, len(readings()[0])), dtype=np.int64)
    for at in range(end):
        rest = letters[at:]
        for k, syllable in by_letter.get(letters[at], ()):
            bits = 1 << (at + 1)
            if syllable.startswith(rest):
                bits |= 1 << end
            elif rest.startswith(syllable):
                bits |= 1 << (at + len(syllable))
            if len(rest) > 1 and rest[1] == "H" == syllable[1:2]:
                bits |= 1 << (at + 2)
            steps[at, k] = bits
    return steps


@njit(cache=True)
def _sounding(places, n_given, letters, steps, all_codes, starts, first, second, limit):  # type: ignore[no-untyped-def]
    """The first ``limit`` of some texts whose characters from ``n_given`` on sound like the letters."""
    end = len(letters)
    found = np.empty(limit, dtype=np.int64)
    n_found = 0
    for place in places:
        state = np.int64(1)
        for k in range(starts[place] + n_given, starts[place + 1]):
            code = all_codes[k]
            following = np.int64(0)
            for at in range(end):
                if (state >> at) & 1 == 0:
                    continue
                if first[code] >= 0:
                    following |= steps[at, first[code]]
                    if second[code] >= 0:
                        following |= steps[at, second[code]]
                if letters[at] == code:
                    following |= np.int64(1) << (at + 1)
            state = following
            if state == 0 or (state >> end) & 1:
                break
        if (state >> end) & 1:
            found[n_found] = place
            n_found += 1
            if n_found == limit:
                break
    return found[:n_found]
