"""Which encoding a text is in: declared, then the file's own word (.cpg), then strict UTF-8, then GB18030.

Bytes are decoded here and not by GDAL, whose recoding of Chinese partly garbles.  UTF-8 is tried before GB18030
because almost any UTF-8 text also decodes as (wrong) GB18030, and hardly ever the other way round.  What was used
goes into the report with five values to look at.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gis.errors import InputError
from gis.persons import describes_person, without_numbers
from gis.readers.columns import KNOWN_HEADERS, normal_header

SAMPLES = 5
_LOOKED_AT = 2_000
_GB = ("gbk", "gb2312", "cp936", "gb18030")


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding and how it was found: ``declared``, ``cpg``, ``bom``, ``tried`` or ``ascii``."""

    name: str
    how: str


def find_encoding(
    texts: Iterable[bytes], *, file: str, declared: str | None = None, cpg: str | None = None
) -> Encoding:
    """Encoding in which every one of some texts can be read.

    Parameters
    ----------
    texts
        Raw values; the last character of each may be cut (fixed-width tables do that).
    file
        Name for messages.
    declared
        What the user said; must fit.
    cpg
        What the file's .cpg says; must fit, but gives way to UTF-8 where the bytes plainly are UTF-8.

    Raises
    ------
    InputError
        ``encoding_unknown_name``, ``encoding_wrong`` (the declared one or the .cpg's does not fit, with the value
        it fails on) or ``encoding_not_found``.
    """
    raw = [t for t in dict.fromkeys(texts) if not t.isascii()]
    is_utf8 = all(_fits(t, "utf-8") for t in raw)
    if declared:
        name = _normal(declared, file)
        bad = next((t for t in raw if not _fits(t, name)), None)
        if bad is None and raw and is_utf8 and name in _GB:
            bad = raw[0]
        if bad is not None:
            fits = "UTF-8" if is_utf8 else "GB18030" if all(_fits(t, "gb18030") for t in raw) else ""
            raise InputError("encoding_wrong", file=file, measured=_show(bad), encoding=declared, fits=fits)
        return Encoding(name, "declared")
    if not raw:
        return Encoding("utf-8", "ascii")
    if cpg:
        name = _normal(cpg, file)
        if all(_fits(t, name) for t in raw) and not (is_utf8 and name != "utf-8"):
            return Encoding(name, "cpg")
        if not is_utf8:
            bad = next(t for t in raw if not _fits(t, name))
            fits = "GB18030" if all(_fits(t, "gb18030") for t in raw) else ""
            raise InputError("encoding_wrong", file=file, measured=_show(bad), encoding=cpg, fits=fits)
    if is_utf8:
        return Encoding("utf-8", "tried")
    if all(_fits(t, "gb18030") for t in raw):
        return Encoding("gb18030", "tried")
    bad = next(t for t in raw if not _fits(t, "gb18030"))
    raise InputError("encoding_not_found", file=file, measured=_show(bad), allowed="UTF-8, GB18030")


def decode(text: bytes, encoding: str) -> str:
    """Text in a known encoding; a character cut at the end of a fixed-width field is left off."""
    for cut in range(4):
        try:
            return text[: len(text) - cut].decode(encoding)
        except UnicodeDecodeError as error:
            if cut == 3 or error.start < len(text) - 4:
                raise
    return ""


def read_text(path: Path, declared: str | None = None) -> tuple[str, Encoding]:
    """Whole text of a file and the encoding it was read in.

    Raises
    ------
    InputError
        As `find_encoding`.
    """
    raw = path.read_bytes()
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if raw.startswith(mark) and not declared:
            try:
                return raw.decode("utf-8-sig" if name == "utf-8" else name), Encoding(name, "bom")
            except UnicodeDecodeError as error:
                facts = {"file": path.name, "measured": str(error)[:80], "encoding": name, "fits": ""}
                raise InputError("encoding_wrong", **facts) from None
    encoding = find_encoding(raw.splitlines(), file=path.name, declared=declared)
    try:
        return raw.decode(encoding.name).removeprefix("\ufeff"), encoding
    except UnicodeDecodeError:  # a character cut at the end of a line: not a fixed-width table, so it is damage
        raise InputError(
            "encoding_not_found", file=path.name, measured=encoding.name, allowed="UTF-8, GB18030"
        ) from None


def samples(table: pd.DataFrame) -> str:
    """Five texts of a table with letters beyond ASCII, for a person to look at; none from a column about people."""
    seen: dict[str, None] = {}
    for header, values in table.items():
        texts = [v for v in values.head(_LOOKED_AT) if isinstance(v, str) and not v.isascii()]
        is_known = normal_header(header) in KNOWN_HEADERS  # what else a table holds may be remarks about people
        if texts and is_known and not describes_person(str(header), values):
            seen.update(dict.fromkeys(without_numbers(v) for v in texts))
        if len(seen) >= SAMPLES:
            break
    seen.update(dict.fromkeys(str(header) for header in table.columns if not str(header).isascii()))
    return " | ".join(v[:30] for v in list(seen)[:SAMPLES])


def _fits(text: bytes, encoding: str) -> bool:
    try:
        decode(text, encoding)
    except UnicodeDecodeError:
        return False
    return True


def check_encoding_name(name: str) -> None:
    """Check that a name means an encoding.

    Raises
    ------
    InputError
        ``encoding_unknown_name``.
    """
    _normal(name, "--encoding")


def _normal(name: str, file: str) -> str:
    plain = name.strip().strip("\"'").lower().replace("ansi ", "")
    plain = {"936": "gb18030", "65001": "utf-8", "utf8": "utf-8", "950": "big5", "1252": "cp1252"}.get(plain, plain)
    try:
        found = codecs.lookup(plain).name
        "".encode(found)
    except (LookupError, TypeError):
        raise InputError("encoding_unknown_name", file=file, measured=name, allowed="UTF-8, GB18030, GBK") from None
    return "gb18030" if found in _GB else found


def _show(text: bytes) -> str:
    return text[:40].hex(" ")
