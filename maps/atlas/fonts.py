"""The font of the atlas: found where set-up installed it, embedded as far as used, honest about what it lacks.

Decides which weights there are, how wide a text is, where it breaks and how it ends when it is too long.
A character that the font does not have is drawn as the font's own empty box, stays searchable, and is remembered
in `Face.missing`, so that the atlas can say so.
"""

from __future__ import annotations

import unicodedata
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from reportlab.pdfbase import pdfdoc
from reportlab.pdfbase.ttfonts import SUBSETN, TTFont

from gis.errors import StorageError
from maps.offline import ASSETS

_PACKAGE = "@expo-google-fonts/noto-sans-sc"
_FILES = {"regular": "400Regular/NotoSansSC_400Regular.ttf", "bold": "700Bold/NotoSansSC_700Bold.ttf"}
_ELLIPSIS = "…"
_CLOSING = "，。、；：？！）》」』】%,.;:?!)]}…"


class Face(TTFont):  # type: ignore[misc]
    """One weight of the font, for one document.

    reportlab maps a character outside the font to nothing and writes characters beyond U+FFFF so that no reader
    can search them; both are mended here.

    Attributes
    ----------
    missing
        Characters that were asked for and that the font lacks.
    """

    def __init__(self, weight: str) -> None:
        # Not parsed anew for every document; what a document writes into, its missing characters too, is its own.
        parsed = _parsed(f"gridwright-{weight}", str(font_file(weight)))
        self.__dict__.update(parsed.__dict__)
        self.state = WeakKeyDictionary()
        self.face = copy(parsed.face)
        self.face.charToGlyph, self.face.charWidths = dict(parsed.face.charToGlyph), dict(parsed.face.charWidths)
        self.missing: set[str] = set()

    def splitString(self, text: str, doc: Any, encoding: str = "utf-8") -> list[tuple[int, bytes]]:
        """Codes of a text, by subset; a missing character gets a code of its own that draws the empty box."""
        self._notice(text)
        parts: list[tuple[int, bytes]] = super().splitString(text, doc, encoding)
        return parts

    def width(self, text: str, size: float) -> float:
        """Width of a line in points."""
        self._notice(text)
        widths = self.face.charWidths
        return sum(widths[ord(c)] for c in text) * size / 1000.0

    def addObjects(self, doc: Any) -> None:
        """Write the used part of the font, with a table by which every reader can search."""
        subsets = [list(subset) for subset in self.state[doc].subsets]
        super().addObjects(doc)
        for n, subset in enumerate(subsets):
            name = (b"".join((SUBSETN(n), b"+", self.face.name, self.face.subfontNameX))).decode("pdfdoc")
            doc.idToObject[f"toUnicodeCMap:{name}"].content = _to_unicode(name, subset)

    def _notice(self, text: str) -> None:
        for character in set(text):
            code = ord(character)
            if code not in self.face.charToGlyph:
                self.missing.add(character)
                self.face.charToGlyph[code] = 0
            if code not in self.face.charWidths:
                self.face.charWidths[code] = 1000.0


@lru_cache(maxsize=2)
def _parsed(name: str, file: str) -> TTFont:
    return TTFont(name, file)


def font_file(weight: str) -> Path:
    """Where a weight of the font lies.

    Raises
    ------
    StorageError
        ``atlas_font_missing``: set-up has not installed it.
    """
    path = ASSETS / _PACKAGE / _FILES[weight]
    if not path.is_file():
        raise StorageError("atlas_font_missing", file=path.name, measured=str(path))
    return path


def plain(text: object) -> str:
    """One line of text: control and formatting characters become spaces, spaces are single."""
    if text is None or text != text:
        return ""
    kept = (" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in str(text))
    return " ".join("".join(kept).split())


def elide(face: Face, text: str, size: float, most: float) -> str:
    """The text, or as much of its start as fits into ``most`` points with an ellipsis."""
    if face.width(text, size) <= most:
        return text
    room = most - face.width(_ELLIPSIS, size)
    while text and face.width(text, size) > room:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS


def fit_size(face: Face, text: str, sizes: tuple[float, ...], most: float) -> float:
    """The first of some font sizes at which a text fits into ``most`` points; the last one where it never does."""
    return next((size for size in sizes if face.width(text, size) <= most), sizes[-1])


def wrap(face: Face, text: str, size: float, most: float) -> list[str]:
    """The text in lines of at most ``most`` points: breaks between Chinese characters and at spaces."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if not line or face.width((line + piece).rstrip(), size) <= most:
            line += piece
            continue
        lines.append(line.rstrip())
        line = piece.lstrip()
    lines.append(line.rstrip())
    # A single word wider than the column is cut: nothing may leave its cell.
    return [part for line in lines for part in _cut(face, line, size, most)]


def _cut(face: Face, line: str, size: float, most: float) -> list[str]:
    parts = [""]
    for character in line:
        if parts[-1] and face.width(parts[-1] + character, size) > most:
            parts.append("")
        parts[-1] += character
    return parts


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for character in text:
        wide = unicodedata.east_asian_width(character) in "WF"
        joins = pieces and (character in _CLOSING or not (wide or pieces[-1][-1] == " " or _is_wide(pieces[-1][-1])))
        if joins:
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _to_unicode(name: str, subset: list[int]) -> str:
    entries = [f"<{i:02X}> <{chr(code).encode('utf-16-be').hex().upper()}>" for i, code in enumerate(subset)]
    blocks = [entries[i : i + 100] for i in range(0, len(entries), 100)]
    head = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        f"/CIDSystemInfo << /Registry ({name}) /Ordering ({name}) /Supplement 0 >> def",
        f"/CMapName /{name} def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<00> <FF>",
        "endcodespacerange",
    ]
    body = [line for block in blocks for line in (f"{len(block)} beginbfchar", *block, "endbfchar")]
    tail = ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(head + body + tail)


def document_date(created_at: str) -> pdfdoc.TimeStamp:
    """The date of the document: that of the data, never of the clock; 2000-01-01 where the plan has none."""
    from datetime import UTC, datetime

    stamp = pdfdoc.TimeStamp(invariant=1)
    try:
        moment = datetime.fromisoformat(created_at).astimezone(UTC)
    except ValueError:
        moment = datetime(2000, 1, 1, tzinfo=UTC)
    stamp.t, stamp.lt, stamp.tzname = moment.timestamp(), moment.timetuple(), "UTC"
    stamp.YMDhms, stamp.dhh, stamp.dmm = moment.timetuple()[:6], 0, 0
    return stamp
