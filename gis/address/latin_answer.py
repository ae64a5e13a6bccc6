"""Answers to addresses in Latin script: of all readings the one that a row of the layer proves.

A street that is written as in the layer and has the number is proved.  A mistyped street is proved where nothing else
resembles it as well.  Words that nothing explains may be a town elsewhere, so they leave the answer unsure unless the
town is confirmed.  A number is never replaced: 9A is not 9, and a missing number leaves the street.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis.address.characters import fold
from gis.address.latin import read_latin
from gis.address.latin_names import LatinBook, LatinReading
from gis.address.latin_spelling import is_latin
from gis.address.names import Names
from gis.address.refuse import same_side
from gis.address.types import (
    COMMUNITY,
    DISTRICT,
    ESTATE,
    MOST_CANDIDATES,
    REGION,
    STREET,
    TOWN,
    Candidate,
    Match,
)
from gis.graph import Int32Array

if TYPE_CHECKING:
    from gis.address.index import AddressIndex

LEAST_PROVED_FRAC, LEAST_WITH_TOWN_FRAC = 0.78, 0.68
"""How much a mistyped street must resemble the layer's, alone and where the town is confirmed."""
_APART_FRAC, _OUTDONE_FRAC = 0.05, 0.04
_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_MOST_OF_RANGE = 40
_WORD = re.compile(r"[^\W_]+")
_TOWN_COLUMNS = ("town", "community", "district")
_NO_ROWS: Int32Array = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class LatinNames:
    """The Latin names of a layer, and their ids among all names."""

    book: LatinBook
    streets: Int32Array
    towns: Int32Array
    kind: Int32Array

    @classmethod
    def of(cls, names: Names) -> LatinNames:
        """Pick the Latin names of ways and of places."""
        kind = np.asarray(names.kind, dtype=np.int32)
        latin = np.array([is_latin(text) for text in names.texts], dtype=bool)
        streets = np.flatnonzero(np.isin(kind, (STREET, ESTATE)) & latin).astype(np.int32)
        towns = np.flatnonzero(np.isin(kind, (REGION, DISTRICT, TOWN, COMMUNITY)) & latin).astype(np.int32)
        texts = names.texts
        book = LatinBook.of([texts[id] for id in streets.tolist()], [texts[id] for id in towns.tolist()])
        return cls(book, streets, towns, kind)


@dataclass(frozen=True, slots=True)
class _Hit:
    """A reading with the rows that have its street and number."""

    reading: LatinReading
    rows: Int32Array
    town_agrees: bool | None
    is_range: bool = False


def answer_latin(index: AddressIndex, names: LatinNames, text: str, folded: str) -> Match:
    """The answer to a folded address in Latin script."""
    readings = names.book.read(folded)
    hits = [hit for hit in (_hit(index, names, reading) for reading in readings) if hit is not None]
    hits.sort(key=lambda hit: -_score(hit))
    best = hits[0] if hits else None
    if best is not None and not _is_outdone(best, readings):
        return _answer(index, best, hits, text, folded)
    return _refuse(index, names, readings, hits, folded)


def _hit(index: AddressIndex, names: LatinNames, reading: LatinReading) -> _Hit | None:
    if not reading.number:
        return None
    if not reading.streets:
        rows = _without_street(index, names, reading)
        return _Hit(reading, rows, True) if len(rows) else None
    rows = _rows(index, names, reading, (reading.number,))
    is_range = False
    if not len(rows):
        ends = _RANGE.fullmatch(reading.number)
        if ends and 0 < int(ends[2]) - int(ends[1]) <= _MOST_OF_RANGE:
            every = tuple(
                str(number) for number in range(int(ends[1]), int(ends[2]) + 1, 2 - (int(ends[2]) - int(ends[1])) % 2)
            )
            rows, is_range = _rows(index, names, reading, every), True
    if not len(rows):
        return None
    agreeing = _in_towns(index, names, reading, rows)
    if agreeing is None:
        return _Hit(reading, rows, None, is_range)
    if not len(agreeing):
        # The street is there in the town asked, without the number: that is no reason to go to another town.
        there = _in_towns(index, names, reading, _rows(index, names, reading, ()))
        if there is not None and len(there):
            return None
    return _Hit(reading, agreeing if len(agreeing) else rows, bool(len(agreeing)), is_range)


def _without_street(index: AddressIndex, names: LatinNames, reading: LatinReading) -> Int32Array:
    """Rows of a town that have the number and no street: villages number their houses."""
    number = index.number_place.get(reading.number)
    if number is None or not reading.towns or reading.left:
        return _NO_ROWS
    column, ids = index.column, names.towns[list(reading.towns)]
    inside = np.isin(column["town"], ids) | np.isin(column["community"], ids)
    is_bare = (column["street"] < 0) & (column["estate"] < 0) & (column["number"] == number)
    return np.flatnonzero(inside & is_bare).astype(np.int32)


def _rows(index: AddressIndex, names: LatinNames, reading: LatinReading, numbers: tuple[str, ...]) -> Int32Array:
    """Rows of the reading's street or estate, all of them or with some numbers."""
    ids = names.streets[list(reading.streets)]
    found = [
        index.rows_with(kind, ids[names.kind[ids] == kind].tolist(), numbers)
        for kind in (STREET, ESTATE)
        if (names.kind[ids] == kind).any()
    ]
    return np.unique(np.concatenate(found)).astype(np.int32) if found else _NO_ROWS


def _in_towns(index: AddressIndex, names: LatinNames, reading: LatinReading, rows: Int32Array) -> Int32Array | None:
    """Those of some rows that lie in the town asked; ``None`` where none was asked or the layer says nothing."""
    if not reading.towns:
        return None
    ids = names.towns[list(reading.towns)]
    if (names.kind[ids] == REGION).all():
        return None
    inside = np.zeros(len(rows), dtype=bool)
    stated = np.zeros(len(rows), dtype=bool)
    for column in _TOWN_COLUMNS:
        held = index.column[column][rows]
        inside |= np.isin(held, ids)
        stated |= held >= 0
    if not stated.any():
        return None
    # A row of which no town is known contradicts nothing, but agrees less than one in the town.
    is_town = np.isin(index.column["town"][rows], ids)
    found: Int32Array = rows[is_town] if is_town.any() else rows[inside] if inside.any() else rows[~stated]
    return found


def _score(hit: _Hit) -> float:
    town = 0.0 if hit.town_agrees is None else 0.06 if hit.town_agrees else -0.1
    return hit.reading.score_frac + town


def _is_outdone(best: _Hit, readings: list[LatinReading]) -> bool:
    """Whether another reading says better what was asked, though no row has it: then nothing is proved."""
    reading = best.reading
    if reading.apart or not reading.streets:
        return reading.apart
    for other in readings:
        if other is reading or not other.streets:
            continue
        longer = other.number != reading.number and other.number.startswith(reading.number) and reading.number
        if longer and other.street_similar_frac >= reading.street_similar_frac and not other.apart:
            return True
        certain = other.street_similar_frac == 1.0 > reading.street_similar_frac
        better = certain or other.street_similar_frac > reading.street_similar_frac + _OUTDONE_FRAC
        better &= not other.left or bool(reading.left)
        if better and not other.apart and other.number == reading.number and other.score_frac > reading.score_frac:
            return True
    return False


def _answer(index: AddressIndex, best: _Hit, hits: list[_Hit], text: str, folded: str) -> Match:
    reading = best.reading
    similar = reading.street_similar_frac if reading.streets else reading.town_similar_frac
    reasons: list[str] = []
    if similar < 1.0 or 0.0 < reading.town_similar_frac < 1.0:
        reasons.append("corrected")
    if best.town_agrees is False:
        reasons.append("town_differs")
    if reading.left or reading.elsewhere:
        reasons.append("region_unchecked")
    if best.is_range:
        reasons.append("range_asked")
    rivals = [
        hit
        for hit in hits
        if hit is not best
        and similar < 1.0
        and (not hit.reading.left or reading.left)
        and not hit.reading.apart
        and hit.reading.street_similar_frac > similar - _APART_FRAC
        and _score(hit) > _score(best) - 2 * _APART_FRAC
    ]
    meant = _as_written(index, best.rows, text, folded)
    if reading.postcode and len(meant) > 1:
        same = [row for row in meant.tolist() if not _postcode_differs(index, reading, row)]
        meant = np.array(same, dtype=np.int32) if same else meant
    first = _one_each(index, meant)
    if _postcode_differs(index, reading, first[0]) and "town_differs" not in reasons:
        reasons.append("town_differs")
    others = [row for hit in rivals for row in _one_each(index, hit.rows) if row not in first]
    ordered = [*first, *dict.fromkeys(others)]
    rows = np.unique(np.concatenate([meant, *(hit.rows for hit in rivals)])).astype(np.int32)
    candidates = tuple(Candidate(row, round(similar, 3), tuple(reasons)) for row in ordered[:MOST_CANDIDATES])
    matched, dropped = _quoted(reading, folded)
    if len(ordered) > 1 or best.is_range:
        why = "several_buildings" if best.is_range else "several_places"
        return Match("ambiguous", candidates, rows, (*reasons, why), 0.5, matched, dropped)
    least = LEAST_WITH_TOWN_FRAC if best.town_agrees else LEAST_PROVED_FRAC
    doubt = (reading.left or reading.elsewhere) and not best.town_agrees and _has_town(index, ordered[0])
    if similar < least or doubt or (best.town_agrees is False and similar < 1.0):
        return Match("ambiguous", candidates, rows, tuple(reasons), 0.4, matched, dropped)
    if not reasons:
        return Match("exact", candidates, rows, (), 1.0, matched, dropped)
    confidence = round(max(0.5, 0.95 * similar - 0.2 * len({"town_differs", "region_unchecked"} & set(reasons))), 3)
    return Match("building", candidates, rows, tuple(reasons), confidence, matched, dropped)


def _one_each(index: AddressIndex, rows: Int32Array) -> list[int]:
    """One row of every building; rows of one street, number and town are one building where none is named."""
    seen: dict[tuple[object, ...], int] = {}
    for row in rows.tolist():
        building = int(index.building_of_row[row])
        where = tuple(int(index.column[name][row]) for name in ("town", "community", "number", "building"))
        seen.setdefault((building,) if building >= 0 else (-1, *where), row)
    return list(seen.values())


def _as_written(index: AddressIndex, rows: Int32Array, text: str, folded: str) -> Int32Array:
    """Of rows on streets that differ in spelling only, those spelled as asked, where there are any."""
    texts = index.names.texts
    if not text.isascii():
        # ö was asked: of Bodastrasse and Bödastrasse it is the one.
        words = set(_WORD.findall(text.casefold()))
        shared = [len(words & set(_WORD.findall(index.text(row).casefold()))) for row in rows.tolist()]
        rows = rows[np.array(shared) == max(shared)]
    written = np.array([id >= 0 and texts[id] in folded for id in index.column["street"][rows].tolist()], dtype=bool)
    return rows[written] if written.any() else rows


def _has_town(index: AddressIndex, row: int) -> bool:
    """Whether the layer says in which town a row lies, so that an unknown town contradicts it."""
    return any(index.column[name][row] >= 0 for name in _TOWN_COLUMNS)


def _postcode_differs(index: AddressIndex, reading: LatinReading, row: int) -> bool:
    if not reading.postcode:
        return False
    held = read_latin(fold(index.text(row))).postcode
    return bool(held) and held != reading.postcode


def _refuse(
    index: AddressIndex, names: LatinNames, readings: list[LatinReading], hits: list[_Hit], folded: str
) -> Match:
    """The street, where it is known; or nothing.  Rows with the number on streets like it are candidates only."""
    candidates = tuple(
        dict.fromkeys(
            Candidate(row, round(hit.reading.street_similar_frac * 0.5, 3), ("corrected",))
            for hit in hits
            for row in _one_each(index, hit.rows)
        )
    )[:MOST_CANDIDATES]
    known = [reading for reading in readings if reading.streets and reading.street_similar_frac >= LEAST_PROVED_FRAC]
    sure = [reading for reading in known if not reading.apart]
    if sure:
        # Of readings that differ in the number only, the one that reads a number says more.
        reading = max(sure, key=lambda one: (one.street_similar_frac, bool(one.number), one.score_frac))
        reasons = ["corrected"] if reading.street_similar_frac < 1.0 else []
        rows = _rows(index, names, reading, ())
        inside = _in_towns(index, names, reading, rows)
        if inside is not None:
            if not len(inside):
                reasons.append("town_differs")
            rows = inside if len(inside) else rows
        if reading.number:
            reasons.append("door_absent")
            rows, how = same_side(index, rows, reading.number)
            reasons += how
        else:
            reasons.append("no_number")
        if reading.left or reading.elsewhere:
            reasons.append("region_unchecked")
        matched, dropped = _quoted(reading, folded)
        if len(rows) and not ((reading.left or reading.elsewhere) and inside is None):
            return Match("street", candidates, np.unique(rows).astype(np.int32), tuple(reasons), 0.4, matched, dropped)
    if sure:
        return Match("not_found", candidates, _NO_ROWS, ("region_unchecked",), 0.0, *_quoted(sure[0], folded))
    matched, dropped = _quoted(readings[0], folded) if readings[0].streets or readings[0].towns else ("", folded)
    only_area = bool(readings[0].towns) and not readings[0].left and not readings[0].number
    reason = "only_area" if only_area else "street_absent" if readings[0].left or candidates else "nothing_known"
    return Match("not_found", candidates, _NO_ROWS, (reason,), 0.0, matched, dropped)


def _quoted(reading: LatinReading, folded: str) -> tuple[str, str]:
    """The folded text that was used, and what was not."""
    used = " ".join(folded[start:end] for start, end in reading.places)
    return used, " ".join((*reading.left, *reading.elsewhere, *reading.dropped))
