"""A CSV table row by row, in constant memory: a broken row costs itself and no other.

Decides what is one row and in which encoding the table is (UTF-8, else GB18030, unless it is declared).  A quoted cell
may go on over lines, but only where that makes one whole row: else the line with the open quote is a broken row by
itself, and the next line is read afresh.  What the cells mean is left to the caller.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from gis.errors import InputError

MAX_ROW_BYTES = 256 * 1024
_MOST_LINES = 100
_SAMPLE_BYTES = 64 * 1024
_BLOCK_BYTES = 1024 * 1024
_DELIMITERS = (",", "\t", ";")


class Row:
    """One row of a table.

    Attributes
    ----------
    line
        Line of the file that it starts in; the header stands in line 1.
    cells
        Its cells, as many as the header has; of a broken row what can be shown of it.
    fault
        Why it is broken: ``row_length``, ``row_quotation``, ``row_not_text``, ``row_too_long``, ``row_control``; empty
        where it is whole.
    facts
        What the sentence of the fault needs.
    """

    __slots__ = ("cells", "facts", "fault", "line")

    def __init__(self, line: int, cells: list[str], fault: str = "", facts: Mapping[str, Any] | None = None) -> None:
        self.line = line
        self.cells = cells
        self.fault = fault
        self.facts = facts or {}


class CsvRows:
    """The rows of a table below its header; iterate once.

    Parameters
    ----------
    file
        The table, open in binary mode at its start; it must be able to seek.
    encoding
        Declared encoding; none: it is found.

    Attributes
    ----------
    header
        Names in the first line, as they stand there.
    encoding
        What the table is read in.

    Raises
    ------
    InputError
        ``table_encoding_unknown``, ``table_encoding_wide`` (UTF-16), ``table_header_broken``, ``table_empty``.
    """

    def __init__(self, file: BinaryIO, encoding: str | None = None) -> None:
        self._file = file
        self._line = 0
        self._back: deque[bytes] = deque()
        self.encoding = _known(encoding) if encoding else find_encoding(file)
        first = self._next_line()
        while first is not None and not first.strip():
            first = self._next_line()
        if first is None:
            raise InputError("table_empty")
        text = self._decoded(first.removeprefix(codecs.BOM_UTF8))
        if text is None or len(first) > MAX_ROW_BYTES:
            raise InputError("table_header_broken", measured=repr(first[:60]), encoding=self.encoding)
        self._delimiter = max(_DELIMITERS, key=text.count)  # the first of them where none is in it
        try:
            self.header = next(csv.reader([text.rstrip("\r\n")], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise InputError("table_header_broken", measured=text[:60], encoding=self.encoding) from error
        self._width = len(self.header)

    def __iter__(self) -> Iterator[Row]:
        while (line := self._next_line()) is not None:
            row = self._row(line)
            if row is not None:
                yield row

    def _row(self, line: bytes) -> Row | None:
        at = self._line
        if len(line) > MAX_ROW_BYTES:
            return Row(at, [""] * self._width, "row_too_long", {"allowed": MAX_ROW_BYTES})
        text = self._decoded(line)
        if text is None:
            shown = line.decode(self.encoding, "replace").rstrip("\r\n")
            return Row(at, self._fitted([shown]), "row_not_text", {"encoding": self.encoding})
        text = text.rstrip("\r\n")
        if not text.strip():
            return None
        if "\0" in text:
            shown = text.replace("\0", "\ufffd")
            return Row(at, self._fitted(shown.split(self._delimiter)), "row_control")
        if '"' not in text:
            # A table of one column needs no delimiter: addresses may hold commas.
            cells = text.split(self._delimiter) if self._width > 1 else [text]
        else:
            found = self._quoted(text)
            if found is None:
                return Row(at, self._fitted([text]), "row_quotation")
            cells = found
        if len(cells) != self._width:
            facts = {"measured": len(cells), "allowed": self._width}
            return Row(at, self._fitted(cells), "row_length", facts)
        return Row(at, cells)

    def _quoted(self, text: str) -> list[str] | None:
        """Cells of a row with quotes in it, which may take further lines; none where it never becomes a row."""
        cells, is_open = self._parsed([text])
        if not is_open:
            return cells
        taken: list[bytes] = []
        lines = [text + "\n"]
        n_bytes = len(text)
        while len(taken) < _MOST_LINES and n_bytes <= MAX_ROW_BYTES:
            line = self._next_line()
            if line is None:
                break
            taken.append(line)
            n_bytes += len(line)
            more = self._decoded(line)
            if more is None:
                break
            lines.append(more.rstrip("\r\n") + "\n")
            if '"' not in more:
                continue
            cells, is_open = self._parsed(lines)
            if is_open:
                continue
            if cells is not None and len(cells) == self._width:
                return cells
            break
        self._back.extendleft(reversed(taken))
        self._line -= len(taken)
        return None

    def _parsed(self, lines: list[str]) -> tuple[list[str] | None, bool]:
        """Cells of a whole row, or none; and whether a quote is still open at its end."""
        try:
            return next(csv.reader(lines, delimiter=self._delimiter, strict=True)), False
        except csv.Error as error:
            return None, "end of data" in str(error)

    def _fitted(self, cells: list[str]) -> list[str]:
        return [*cells[: self._width], *[""] * (self._width - len(cells))]

    def _decoded(self, line: bytes) -> str | None:
        try:
            return line.decode(self.encoding)
        except UnicodeDecodeError:
            return None

    def _next_line(self) -> bytes | None:
        line = self._back.popleft() if self._back else self._file.readline(MAX_ROW_BYTES + 1)
        if not line:
            return None
        self._line += 1
        if len(line) > MAX_ROW_BYTES:
            # Of a line without an end only the start is kept.
            while line[-1:] != b"\n" and (rest := self._file.readline(_BLOCK_BYTES)):
                line = line[:MAX_ROW_BYTES] + rest[-1:]
            return line.ljust(MAX_ROW_BYTES + 1)
        return line


def find_encoding(file: BinaryIO) -> str:
    """Encoding of a table, looked for around its first characters that are not ASCII; the file is left at its start.

    Raises
    ------
    InputError
        ``table_encoding_wide``.
    """
    start = file.tell()
    try:
        block = file.read(_BLOCK_BYTES)
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise InputError("table_encoding_wide")
        if block.startswith(codecs.BOM_UTF8):
            return "utf-8"
        while block and block.isascii():
            block = file.read(_BLOCK_BYTES)
        if not block:
            return "utf-8"
        block += file.readline(MAX_ROW_BYTES)
        at = _first_high(block)
        sample = block[block.rfind(b"\n", 0, at) + 1 :][:_SAMPLE_BYTES]
        lines = sample.splitlines()
        if len(lines) > 1 and not sample.endswith(b"\n"):
            lines.pop()
    finally:
        file.seek(start)
    # Whole lines are counted, so that a broken row does not decide.  Ties, and short words that are both, are UTF-8.
    high = [line for line in lines if not line.isascii()] or lines
    n_utf8, n_gb = (sum(_fits(line, name) for line in high) for name in ("utf-8", "gb18030"))
    return "utf-8" if n_utf8 >= n_gb or 2 * n_utf8 > len(high) else "gb18030"


def _first_high(block: bytes) -> int:
    low, high = 0, len(block)  # block[:low] is ASCII, block[:high] is not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if block[:middle].isascii() else (low, middle)
    return low


def _fits(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = ""
    if found in ("gbk", "gb2312", "cp936"):
        return "gb18030"
    if found in ("utf-8", "gb18030", "utf-8-sig", "ascii"):
        return "gb18030" if found == "gb18030" else "utf-8"
    raise InputError("table_encoding_unknown", measured=name[:40], allowed="UTF-8, GB18030")
