"""What users write about villages that change: ``A+B=C``, ``A=B(u1,u2)+C``, ``A=C``, ``A>B:u1,u2``.  Form only.

Whether the villages exist and the codes are free is decided in `gis.mergers.check`, which knows the territory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.errors import ShapelyError

from gis.errors import Fault, InputError

# People who write Chinese often get the full-width signs.
_NARROW = str.maketrans("＋＝＞：，；（）＠　", "+=>:,;()@ ") | str.maketrans("、", ",")
_CODE = re.compile(r"[^\s+=>:,;()@\-][^\s+=>:,;()@]*")
_PIECE = re.compile(r"(?P<code>[^:()]+)(?::(?P<name>[^()]+))?(?:\((?P<ids>[^()]*)\))?")
_LIST_SIGN = re.compile(r"\+(?![^(]*\))")


@dataclass(frozen=True, slots=True)
class Part:
    """Where an old village, or a part of it, goes.

    Attributes
    ----------
    old, new
        Codes before and after.
    name
        New name, empty to keep the one there is.
    ids
        Units (or buildings, where there are no units) of this part.
    side
        ``left`` or ``right`` of the line of a split; empty: no line.  Without ids and side the part is the rest.
    """

    old: str
    new: str
    name: str = ""
    ids: tuple[str, ...] = ()
    side: str = ""

    @property
    def is_rest(self) -> bool:
        """Whether the part is whatever no other part of the village names."""
        return not self.ids and not self.side


@dataclass(frozen=True, slots=True)
class Change:
    """One change as written.

    Attributes
    ----------
    kind
        ``merge`` (also a new code or name for one village), ``split``, ``move`` (units from one village to
        another) or ``revoked`` (a number that was given back before; it is only remembered).
    text
        As the user wrote it, or where it stands in a file: for messages.
    parts
        What goes where; of a ``revoked`` number one part with an empty ``new``.
    line
        Of a split by a line: its points, one row x, y in the CRS of the territory's file; else empty.
    """

    kind: str
    text: str
    parts: tuple[Part, ...]
    line: tuple[tuple[float, float], ...] = ()


def read_specs(texts: Sequence[str]) -> tuple[Change, ...]:
    """Read changes as users write them.

    ====================  ==============================================================================
    ``A+B=C``             A and B become C; C may be A, B or a new code; ``A+B=C:新村`` names it
    ``A=C``, ``A=A:新名``  A gets a new code (another subdistrict), or a new name
    ``A=B(u1,u2)+C``      A is split: these units (buildings where there are no units) to B, the rest to C
    ``A=B+C@x y,x y``     A is split along a line: B is left of it, C right (CRS of the territory's file; WKT works)
    ``A>B:u1,u2``         these units move from A to B
    ``-A``                number A was revoked earlier: it is never given again
    ====================  ==============================================================================

    Raises
    ------
    InputError
        ``merger_spec_malformed``, one fault for each text that can not be read.
    """
    changes: list[Change] = []
    faults: list[Fault] = []
    for text in texts:
        try:
            changes.append(_read(text))
        except _Malformed as error:
            faults.append(Fault("merger_spec_malformed", {"spec": text.strip(), "measured": str(error)}))
    if faults:
        raise InputError.of(faults)
    return tuple(changes)


class _Malformed(Exception):
    """A text that is no change; says which piece of it."""


def _read(text: str) -> Change:
    plain = text.translate(_NARROW).strip()
    if plain.startswith("-"):
        return Change("revoked", text.strip(), (Part(_code(plain[1:]), ""),))
    if ">" in plain.split("=")[0]:
        return _move(plain, text.strip())
    left, sign, right = plain.partition("=")
    if not sign or "=" in right:
        raise _Malformed(plain)
    olds = [_code(code) for code in left.split("+")]
    if len(set(olds)) < len(olds):
        raise _Malformed(left.strip())
    right, at, line_text = right.partition("@")
    pieces = [_piece(piece) for piece in _LIST_SIGN.split(right)]
    if len(pieces) == 1 and not at:
        code, name, ids = pieces[0]
        if ids:
            raise _Malformed(right.strip())
        return Change("merge", text.strip(), tuple(Part(old, code, name) for old in olds))
    if len(olds) > 1:
        raise _Malformed(left.strip())
    if len({code for code, _, _ in pieces}) < len(pieces):
        raise _Malformed(right.strip())
    if at:
        if len(pieces) != 2 or any(ids for _, _, ids in pieces):
            raise _Malformed(right.strip())
        parts = [Part(olds[0], code, name, (), side) for (code, name, _), side in zip(pieces, ("left", "right"))]
        return Change("split", text.strip(), tuple(parts), read_line(line_text))
    if sum(not ids for _, _, ids in pieces) > 1:
        raise _Malformed(right.strip())
    return Change("split", text.strip(), tuple(Part(olds[0], code, name, ids) for code, name, ids in pieces))


def _move(plain: str, text: str) -> Change:
    ends, sign, listed = plain.partition(":")
    old, _, new = ends.partition(">")
    ids = split_ids(listed)
    if not sign or not ids or _code(old) == _code(new):
        raise _Malformed(plain)
    return Change("move", text, (Part(_code(old), _code(new), "", ids),))


def _code(text: str) -> str:
    text = text.strip()
    if not _CODE.fullmatch(text):
        raise _Malformed(text or "...")
    return text


def _piece(text: str) -> tuple[str, str, tuple[str, ...]]:
    match = _PIECE.fullmatch(text.strip())
    if match is None:
        raise _Malformed(text.strip() or "...")
    ids = split_ids(match["ids"] or "")
    if match["ids"] is not None and not ids:
        raise _Malformed(text.strip())
    return _code(match["code"]), (match["name"] or "").strip(), ids


def split_ids(text: str) -> tuple[str, ...]:
    """Ids out of a list with commas, semicolons or spaces; each once, in the order written."""
    return tuple(dict.fromkeys(piece for piece in re.split(r"[,;\s]+", text.translate(_NARROW)) if piece))


def read_line(text: str) -> tuple[tuple[float, float], ...]:
    """Points of a line written as ``x y, x y`` or as WKT."""
    inner = text.strip()
    if not inner.upper().startswith("LINESTRING"):
        inner = f"LINESTRING ({inner.strip('() ')})"
    try:
        line = shapely.from_wkt(inner)
    except (ShapelyError, ValueError):
        raise _Malformed(text.strip() or "...") from None
    points = shapely.get_coordinates(line)
    if shapely.get_type_id(line) != 1 or not np.isfinite(points).all() or shapely.length(line) == 0:
        raise _Malformed(text.strip())
    return tuple((float(x), float(y)) for x, y in points)
