"""The gazetteer: every name of the territory's own layers, its short forms and its aliases.

A name is looked up whole (`known`), found in running text (`ends_at`), or compared (`similar`).  Ids are
places in one list of all names, sorted by kind and text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gis.address.blobs import Texts
from gis.address.fuzzy import Spelling
from gis.address.types import COMMUNITY, DISTRICT, ESTATE, KINDS, REGION, TOWN
from gis.address.unify import han_number
from gis.graph import Int32Array

WHOLE, SHORT, OTHER, PHASELESS, ALIAS = range(5)
"""How a text names something: by its name, without its suffix, in other numerals, without its phase, by an alias."""

_SUFFIX = {
    REGION: re.compile(r"(?:特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|地区|省|市|州|盟)$"),
    DISTRICT: re.compile(r"(?:自治县|新区|区|县|市|旗)$"),
    TOWN: re.compile(r"(?:街道|地区|镇|乡|苏木)$"),
    COMMUNITY: re.compile(r"(?:社区居委会|社区|居委会|村委会|村|里)$"),
}
_ORDINAL = re.compile(r"[一二三四五六七八九十]+(?=[街巷路弄区村里坊院苑道段排条横组])")
_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,2}(?=[街巷路弄区村里坊院苑道段排条横])")
_PHASE = re.compile(r"(?:[0-9]+|[一二三四五六七八九十]+)期$")
_HAN = "零一二三四五六七八九"


def han_numeral(value: int) -> str:
    """A number below 100 as a Chinese numeral."""
    tens, ones = divmod(value, 10)
    if not tens:
        return _HAN[ones]
    return ("" if tens == 1 else _HAN[tens]) + "十" + (_HAN[ones] if ones else "")


def short_form(kind: int, text: str) -> str | None:
    """The name without its administrative suffix, where two characters or more remain."""
    pattern = _SUFFIX.get(kind)
    if pattern is None:
        return None
    short = pattern.sub("", text)
    return short if len(short) >= 2 and short != text and not short.isascii() else None


def other_forms(text: str) -> Iterable[str]:
    """The name with its ordinals written the other way: 育德一街 and 育德1街."""
    digits = _ORDINAL.sub(lambda found: str(han_number(found[0]) or found[0]), text)
    if digits != text:
        yield digits
    numerals = _NUMBER.sub(lambda found: han_numeral(int(found[0])), text)
    if numerals != text:
        yield numerals


def phaseless_form(text: str) -> str | None:
    """An estate's name without its phase (望月小区二期: 望月小区)."""
    base = _PHASE.sub("", text)
    return base if len(base) >= 2 and base != text else None


class Forms:
    """Spellings that name something, each with what it names, found whole or in running text.

    Parameters
    ----------
    by_text
        Spelling to ids of names, each with how it names them (`WHOLE`, `SHORT`, ...).
    """

    def __init__(self, by_text: Mapping[str, tuple[tuple[int, int], ...]]) -> None:
        self._by_text = by_text
        starts: dict[str, set[int]] = {}
        for text in by_text:
            if len(text) >= 2:
                starts.setdefault(text[:2], set()).add(len(text))
        self._starts = {start: tuple(sorted(lengths, reverse=True)) for start, lengths in starts.items()}
        self._numbered = _numbered(by_text)

    def forms(self) -> Iterable[tuple[str, tuple[tuple[int, int], ...]]]:
        """Every spelling with what it names."""
        return self._by_text.items()

    def known(self, text: str) -> tuple[tuple[int, int], ...]:
        """What a text names: ids, each with how (`WHOLE`, `SHORT`, ...)."""
        return self._by_text.get(text, ())

    def ends_at(self, text: str, start: int) -> list[int]:
        """Where names end that begin at a place of a running text, the longest first."""
        lengths = self._starts.get(text[start : start + 2])
        if lengths is None:
            return []
        return [start + n for n in lengths if text[start : start + n] in self._by_text]

    def numbered_in(self, text: str) -> list[tuple[int, int]]:
        """Where names that hold digits stand in a text, so that their digits are not taken for numbers.

        A name that begins or ends with a digit must not touch another digit, letter or dash there.
        """
        found: list[tuple[int, int]] = []
        start, end = 0, len(text)
        while start < end - 1:
            for length in self._numbered.get(text[start : start + 2], ()):
                name = text[start : start + length]
                if start + length <= end and name in self._by_text and _stands_alone(text, start, start + length):
                    found.append((start, start + length))
                    start += length - 1
                    break
            start += 1
        return found


class Names(Forms):
    """All names, with ways to find them."""

    def __init__(self, texts: Sequence[str], kind: NDArray[np.int8], sounds: Int32Array, extra: Texts, of: Int32Array):
        self.texts = list(texts)
        self.kind = kind
        self._sounds = sounds
        self.extra, self.extra_of = extra, of
        by_text: dict[str, list[tuple[int, int]]] = {}
        for id, (text, place) in enumerate(zip(self.texts, kind.tolist())):
            by_text.setdefault(text, []).append((id, WHOLE))
            for form in other_forms(text):
                by_text.setdefault(form, []).append((id, OTHER))
            short = short_form(place, text)
            if short:
                by_text.setdefault(short, []).append((id, SHORT))
            base = phaseless_form(text) if place == ESTATE else None
            if base:
                by_text.setdefault(base, []).append((id, PHASELESS))
        for text, id in zip(extra.all(), of.tolist()):
            by_text.setdefault(text, []).append((id, ALIAS))
        super().__init__({text: tuple(hits) for text, hits in by_text.items()})

    @classmethod
    def of(
        cls, named: Mapping[int, Iterable[str]], sounds: Int32Array, aliases: Mapping[tuple[int, str], str]
    ) -> Names:
        """Names by kind, normalised; ``aliases`` gives for a kind and another name the name it stands for."""
        entries = sorted((kind, text) for kind, texts in named.items() for text in set(texts) if text)
        place = {entry: id for id, entry in enumerate(entries)}
        more = sorted((other, place[kind, text]) for (kind, other), text in aliases.items() if (kind, text) in place)
        of = np.array([id for _, id in more], dtype=np.int32)
        kinds = np.array([kind for kind, _ in entries], dtype=np.int8)
        return cls([text for _, text in entries], kinds, sounds, Texts.of([other for other, _ in more]), of)

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def place(self) -> dict[tuple[int, str], int]:
        """Id by kind and text."""
        return {(kind, text): id for id, (kind, text) in enumerate(zip(self.kind.tolist(), self.texts))}

    def similar(self, kind: int, text: str, most_cost: float, limit: int = 8) -> list[tuple[int, float]]:
        """Names of one kind that resemble a text, cheapest first, with the cost of mending."""
        return self._spelling[kind].similar(text, most_cost, limit)

    @cached_property
    def _spelling(self) -> dict[int, Spelling]:
        made = {}
        for kind in range(len(KINDS)):
            ids = np.flatnonzero(self.kind == kind)
            made[kind] = Spelling.of(ids.tolist(), [self.texts[id] for id in ids], self._sounds)
        return made


def _numbered(texts: Iterable[str]) -> dict[str, tuple[int, ...]]:
    starts: dict[str, set[int]] = {}
    for text in texts:
        n_han = sum("\u3400" <= c < "\ua000" for c in text)
        if len(text) >= 3 and n_han >= 2 and any("0" <= c <= "9" or c == "栋" for c in text):
            starts.setdefault(text[:2], set()).add(len(text))
    return {start: tuple(sorted(lengths, reverse=True)) for start, lengths in starts.items()}


def _stands_alone(text: str, start: int, end: int) -> bool:
    if _is_code(text[start]) and start and (_is_code(text[start - 1]) or text[start - 1] == "-"):
        return False
    return not (_is_code(text[end - 1]) and end < len(text) and (_is_code(text[end]) or text[end] in "-号栋"))


def _is_code(character: str) -> bool:
    return "0" <= character <= "9" or "A" <= character <= "Z"
