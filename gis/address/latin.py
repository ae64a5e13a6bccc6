"""Addresses in Latin script: their words in one form, and every way their numbers can be read.

``9A Bedok South Avenue 2 #05-12 S(460009)`` has four numbers, and only one is the house number.  Which one often
cannot be known without the names of the place: ``Lor 1 Toa Payoh`` is a street, ``Dorfstrasse 1 Vaduz`` a house.
So `read_latin` says what is certain (postcode, what lies inside a building) and offers several readings of the
rest, likeliest first; `gis.address.latin_names` lets the layer's own names decide.

Seam: everything takes text from `gis.address.characters.fold`, *before* ``unify`` (which reads ``#`` and leading
zeros the Chinese way).  Layer and questions pass through the same functions.  Numbers keep their letters, their
``BIS`` and their separators: 9A is not 9, 12/3 is not 123; a numeral inside a name (AVE 1) stays part of the name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container
from dataclasses import dataclass

from gis.address.latin_spelling import ORDINAL, number_key, shorten
from gis.address.latin_words import ARTICLES, COUNTRIES, MARKS, MONTHS, REPEATS, UNITS

MOST_WORDS = 24
"""More words than this are not read."""

_PIECE = re.compile(
    r"(?P<cut>[,()])"
    r"|(?P<unit>#[0-9A-Z]+(?:[-/][0-9A-Z]+)+)"
    r"|(?P<number>[0-9]+ ?[A-Z]-[A-Z](?![A-Z0-9])"
    r"|[0-9]{5}(?=[A-Z]{4})|[0-9]+[A-Z]*(?:[-/~][0-9]{1,3}[A-Z]?(?![0-9A-Z])|[-/][A-Z](?![A-Z0-9]))*)"
    r"|(?P<word>[^\W\d_]+(?:[0-9]{1,4}(?![0-9]))?)"
)
_SURE_POSTCODE = re.compile(
    r"(?<![A-Z0-9])(?:S ?\(?(?P<s>[0-9]{6})(?![0-9])\)?"
    r"|(?:FL|LI|MC|CH|AT|DE|FR|IT|NL|BE|LU|PL|ES|AD|[FDALIBE])-(?P<land>[0-9]{4,6})(?![0-9A-Z])"
    r"|(?:FL|MC|CH|AD) ?(?P<near>[0-9]{3,6})(?![0-9A-Z])"
    r"|(?P<uk>[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2})(?![A-Z0-9])"
    r"|(?P<nl>[1-9][0-9]{3} ?(?!BIS|TER)[A-Z]{2})(?=$|,| [A-Z]{3}))"
)
_NUMBER = re.compile(r"[0-9]{1,5}(?: ?[A-Z]|BIS|TER|QUATER|QUINQUIES)?(?:[-/~].*)?")


@dataclass(frozen=True, slots=True)
class Word:
    """One word in its short form, and where it stands in the folded text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LatinOption:
    """One way to read the numbers of an address.

    Attributes
    ----------
    number
        The house number in its one spelling (``9A``, ``12BIS``, ``12-14``), empty where none is read.
    likely_frac
        How likely this reading is from grammar alone: an order, not a probability.
    after, before
        The words beside the number: between it and the next comma, postcode or end, and the same before it.
        Without a number all words stand in ``others``.
    others
        The other runs of words, in order.
    place
        Where the number stands in the folded text.
    """

    number: str
    likely_frac: float
    before: tuple[Word, ...]
    after: tuple[Word, ...]
    others: tuple[tuple[Word, ...], ...]
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class LatinParts:
    """What an address in Latin script says.

    Attributes
    ----------
    options
        Ways to read the numbers, likeliest first; the last one always reads no house number.
    postcode
        Digits and letters only, empty where none was found.
    countries
        Names of countries found; they are in no run of words.
    dropped
        Floors, units, letter boxes and telephone numbers, as folded; never part of a match.
    """

    options: tuple[LatinOption, ...]
    postcode: str = ""
    countries: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(slots=True)
class _Piece:
    raw: str
    start: int
    end: int
    kind: str
    run: int = 0


def _pieces(folded: str) -> tuple[list[_Piece], str, list[str]]:
    """Words and numbers with the run each stands in, the postcode that is sure, and what is left out."""
    postcode, dropped = "", []
    sure = None
    for sure in _SURE_POSTCODE.finditer(folded):
        postcode = next(value for value in sure.groupdict().values() if value)
    pieces: list[_Piece] = []
    run = 0
    for found in _PIECE.finditer(folded):
        kind = found.lastgroup or ""
        if sure is not None and found.start() < sure.end() and found.end() > sure.start():
            run += 1
            continue
        if kind == "cut":
            run += 1
        elif kind == "unit" or (kind == "number" and re.match(r"[0-9]{7}", found[0])):
            dropped.append(found[0])
            run += 1
        else:
            pieces.append(_Piece(found[0], found.start(), found.end(), kind, run))
        if len(pieces) >= MOST_WORDS:
            break
    return pieces, postcode.replace(" ", ""), dropped


def _without_units(pieces: list[_Piece], dropped: list[str]) -> list[_Piece]:
    """Leave out floors, units and letter boxes."""
    kept: list[_Piece] = []
    place, shift = 0, 0
    while place < len(pieces):
        piece = pieces[place]
        following = pieces[place + 1] if place + 1 < len(pieces) else None
        piece.run += shift
        # Route d'Apt is a street, Apt 4 a flat.
        is_name = bool(kept) and kept[-1].run == piece.run and kept[-1].raw in ARTICLES
        if piece.raw in UNITS and not is_name:
            near = following is not None and following.run + shift == piece.run
            value = near and following is not None and (following.kind == "number" or len(following.raw) == 1)
            alone = piece.raw in ("CEDEX", "RDC", "EG", "FLOOR", "ETAGE", "STOCK", "OG")
            if alone and not value and kept and kept[-1].kind == "number" and kept[-1].run == piece.run:
                dropped.append(kept.pop().raw)
            if value or alone:
                dropped.append(piece.raw + (f" {following.raw}" if value and following is not None else ""))
                place += 2 if value else 1
                shift += 1
                continue
        kept.append(piece)
        place += 1
    return kept


def _find_postcode(pieces: list[_Piece], known: Collection[str], guess: bool) -> int | None:
    """Which number is the postcode: six digits always, five nearly always, four where a town may follow."""
    numbers = [i for i, piece in enumerate(pieces) if piece.kind == "number"]
    for i in reversed(numbers):
        raw = pieces[i].raw
        before = pieces[i - 1] if i else None
        after = pieces[i + 1] if i + 1 < len(pieces) else None
        if re.fullmatch(r"[0-9]{6}", raw):
            return i
        if raw in known and (len(numbers) > 1 or (after is not None and after.run == pieces[i].run)):
            return i
        if re.fullmatch(r"[0-9]{5}|[0-9]{2}-[0-9]{3}", raw):
            if i == 0 and len(numbers) == 1 and len(pieces) > 2 and "-" not in raw:
                continue
            if before is not None or len(numbers) > 1 or len(pieces) == 1:
                return i
        if guess and re.fullmatch(r"[1-9][0-9]{3}", raw):
            if before is None and not (len(numbers) > 1 and after is not None and after.run == pieces[i].run):
                continue
            if before is not None and (before.raw in MONTHS or before.raw in MARKS):
                continue
            follows = after is not None and after.kind == "word" and after.raw not in REPEATS and len(after.raw) > 1
            alone = (before is None or before.run != pieces[i].run) and (after is None or after.run != pieces[i].run)
            if follows or (len(numbers) > 1 and (alone or after is None)):
                return i
    return None


def _countries(pieces: list[_Piece], towns: Container[str]) -> dict[int, str]:
    """Names of countries that stand alone and so belong to no other name (Boulevard de Suisse)."""
    found: dict[int, str] = {}
    for i in reversed(range(len(pieces))):
        piece = pieces[i]
        if piece.raw not in COUNTRIES or piece.raw in towns:
            continue
        before = pieces[i - 1] if i and pieces[i - 1].run == piece.run else None
        after = pieces[i + 1] if i + 1 < len(pieces) and pieces[i + 1].run == piece.run else None
        is_alone = after is None or i + 1 in found
        if is_alone and (before is None or before.kind == "number" or before.raw in COUNTRIES):
            found[i] = piece.raw
    return found if len(found) < len(pieces) else {}


def _likely(pieces: list[_Piece], i: int, last: int) -> float:
    """How likely the number at ``i`` (its own last piece at ``last``) is the house number, by what stands beside it."""
    piece = pieces[i]
    before = pieces[i - 1] if i and pieces[i - 1].run == piece.run else None
    after = pieces[last + 1] if last + 1 < len(pieces) and pieces[last + 1].run == piece.run else None
    if before is not None and before.raw in MARKS:
        # Blk 12 is a house, Chemin No 126 a way.
        return 0.97 if i < 2 or pieces[i - 2].run != piece.run else 0.8
    if (after is not None and after.raw in MONTHS) or (before is not None and before.raw in MONTHS):
        return 0.1
    if before is not None and before.raw in ("LOR", "LORONG", "JLN", "JALAN"):
        return 0.15
    if before is not None and before.raw in ("DU", "DES", "DE", "LE", "DEL", "DEI", "LA"):
        return 0.2
    if before is None and after is None:
        return 0.85
    if before is None:
        return 0.9 if i == 0 else 0.75
    return 0.7 if after is None else 0.5


def _option(pieces: list[_Piece], first: int, last: int, number: str, likely: float, cut: int | None) -> LatinOption:
    """The words around one reading of the number; ``cut`` is the postcode's place."""
    runs: list[list[_Piece]] = []
    beside: tuple[int, int] = (-1, -1)
    open_run: tuple[int, int] | None = None
    part = 0
    for k, piece in enumerate(pieces):
        if first <= k <= last:
            if k == last:
                before = len(runs) - 1 if open_run == (piece.run, part) else -1
                part += 1
                following = k + 1 < len(pieces) and pieces[k + 1].run == piece.run and k + 1 != cut
                beside = (before, len(runs) if following else -1)
            continue
        if k == cut:
            part += 1
            continue
        if open_run != (piece.run, part):
            runs.append([])
            open_run = (piece.run, part)
        runs[-1].append(piece)
    words = [_words(run) for run in runs]
    return LatinOption(
        number,
        likely,
        words[beside[0]] if beside[0] >= 0 else (),
        words[beside[1]] if beside[1] >= 0 else (),
        tuple(run for k, run in enumerate(words) if k not in beside),
        (pieces[first].start, pieces[last].end) if last >= first else (0, 0),
    )


def _words(run: list[_Piece]) -> tuple[Word, ...]:
    found: list[Word] = []
    for piece in run:
        if piece.raw == "S" and found and found[-1].text.isalpha() and len(found[-1].text) > 2:
            last = found.pop()
            found.append(Word(shorten(last.text + "S")[0], last.start, piece.end))
        elif piece.raw == "WEALTH" and found and found[-1].text == "C":
            found.append(Word("CWEALTH", found.pop().start, piece.end))
        else:
            found.extend(Word(text, piece.start, piece.end) for text in shorten(piece.raw))
    return tuple(found)


def read_latin(
    folded: str, postcodes: Collection[str] = (), towns: Container[str] = (), guess_postcode: bool = True
) -> LatinParts:
    """Read a folded address in Latin script: every way its numbers can be meant, postcode, and what is left out.

    ``postcodes`` are those of the layer, where they are known; ``towns`` are names that are no countries here.
    Without ``guess_postcode`` four digits are a postcode only where those of the layer say so.
    """
    pieces, postcode, dropped = _pieces(folded)
    pieces = _without_units(pieces, dropped)
    countries = _countries(pieces, towns)
    if countries:
        pieces = [piece for i, piece in enumerate(pieces) if i not in countries]
    at = None if postcode else _find_postcode(pieces, postcodes, guess_postcode)
    if at is not None:
        postcode = pieces[at].raw.replace("-", "")
    readings: list[tuple[float, int, int, str]] = []
    for i, piece in enumerate(pieces):
        if piece.kind != "number" or i == at or ORDINAL.fullmatch(piece.raw) or not _NUMBER.fullmatch(piece.raw):
            marked = i > 0 and pieces[i - 1].raw in MARKS and piece.raw[-1].isdigit() and pieces[i - 1].run == piece.run
            if not marked or i == at or piece.kind == "number":
                continue
        first = i - 1 if i and pieces[i - 1].raw in MARKS and pieces[i - 1].run == piece.run else i
        after = pieces[i + 1] if i + 1 < len(pieces) and pieces[i + 1].run == piece.run else None
        if after is not None and piece.raw.isdigit() and after.kind == "word":
            if after.raw in REPEATS:
                readings.append((_likely(pieces, i, i + 1), first, i + 1, piece.raw + REPEATS[after.raw]))
                # "5 TER" alone may be a terrace; a repeat is the surer reading.
                readings.append((0.1, first, i, piece.raw))
                continue
            # 28 L Hôtel: the letter is an article.
            is_article = after.raw in ("L", "D") and i + 2 < len(pieces) and pieces[i + 2].run == piece.run
            if len(after.raw) == 1 and not is_article and (i + 2 >= len(pieces) or len(pieces[i + 2].raw) > 1):
                beside = max(_likely(pieces, i, i), _likely(pieces, i, i + 1)) + 0.01
                readings.append((beside, first, i + 1, piece.raw + after.raw))
        readings.append((_likely(pieces, i, i), first, i, piece.raw))
    readings.sort(key=lambda reading: (-reading[0], reading[1], reading[2]))
    options = [
        _option(pieces, first, last, number_key(number), likely, at) for likely, first, last, number in readings[:4]
    ]
    options.append(_option(pieces, 0, -1, "", 0.3, at))
    return LatinParts(tuple(options), postcode, tuple(countries.values()), tuple(dropped))


def latin_row(folded: str) -> dict[str, str]:
    """Street, number and town of a row whose columns do not say them, by grammar alone.

    The street is what stands beside the number up to the next comma; the town is what stands behind it.
    """
    parts = read_latin(folded)
    option = parts.options[0]
    if option.number and option.likely_frac < 0.5 and len(parts.options) > 1:
        option = parts.options[-1]
    runs = list(option.others)
    beside = option.after or option.before
    if option.after and option.before:
        beside = option.before
        runs.insert(0, option.after)
    if not beside and len(runs) > 1:
        beside = runs.pop(0)
    found = {"number": option.number}
    for name, words in (("street", beside), ("town", runs[-1] if runs else ())):
        found[name] = folded[words[0].start : words[-1].end] if words else ""
    return {name: value for name, value in found.items() if value}
