"""CSV and XLSX as tables of texts: encoding, delimiter, merged cells, header rows of several lines, totals rows.

Nothing is interpreted beyond the shape of the table; what columns mean is for `gis.readers.columns`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import openpyxl
import pandas as pd
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from gis.errors import InputError
from gis.readers.archive import XLSX_LIMITS, check_zip
from gis.readers.columns import KNOWN_HEADERS, normal_header
from gis.readers.encoding import read_text, samples
from gis.readers.values import narrow
from gis.report import QualityReport

MAX_ROWS, MAX_COLUMNS = 1_000_000, 500
_HEADER_SEARCH, _HEADER_DEPTH = 20, 4
_TOTALS = re.compile(r"^(合计|总计|小计|共计|累计|总和|total|subtotal|sub-total|grandtotal|sum)(?=$|[\s::(（\d])")
_NUMBER = re.compile(r"^[+-]?\d[\d,]*(\.\d+)?$")
_COUNT_DIGITS = 6  # no telephone number is that short
Row = list[str]
Merge = tuple[int, int, int, int]  # first row, first column, last row, last column; 0-based


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of texts.

    Attributes
    ----------
    name
        Sheet name, or the file's for CSV.
    table
        One text column a header; blanks are missing.  The index is the row number as the user sees it.
    merged_down
        Per column, runs of rows that one merged cell covered (row numbers, first row holds the value).
    """

    name: str
    table: pd.DataFrame
    merged_down: dict[str, list[tuple[int, ...]]]


def read_csv(path: Path, report: QualityReport, *, name: str | None = None, encoding: str | None = None) -> Sheet:
    """A CSV file: encoding and delimiter found, headers found, totals rows left out.

    Raises
    ------
    InputError
        Encoding faults, ``table_without_header``, ``table_too_large``, ``file_damaged``.
    """
    file = name or path.name
    text, used = read_text(path, encoding)
    if "\0" in text[:100_000]:
        raise InputError("file_damaged", file=file, measured="NUL characters in a text")
    delimiter = _delimiter(text)
    csv.field_size_limit(1 << 20)
    try:
        rows = [
            [narrow(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise InputError("file_damaged", file=file, measured=str(error)) from None
    sheet = _sheet(Path(file).stem, rows, [], file, report)
    if used.how != "ascii":
        report.add("encoding_used", after=used.name.upper(), file=file, how=used.how, samples=samples(sheet.table))
    return sheet


def read_xlsx(path: Path, report: QualityReport, *, name: str | None = None) -> list[Sheet]:
    """Every sheet of a workbook that holds a table: values only, merged cells filled, totals rows left out.

    Raises
    ------
    InputError
        ``file_damaged``, ``table_without_header`` (no sheet has one), ``table_too_large``, and the zip faults of
        `gis.readers.archive.check_zip`.
    """
    file = name or path.name
    check_zip(path, XLSX_LIMITS)
    with path.open("rb") as stream:  # by its content: of a path openpyxl reads only what ends in .xlsx
        try:
            merges = _merges(path)
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        except (BadZipFile, InvalidFileException, KeyError, ValueError, ParseError, OSError) as error:
            raise InputError("file_damaged", file=file, measured=str(error)[:120]) from None
        try:
            sheets = list(_sheets(book, merges, file, report))
        except (KeyError, ValueError, ParseError, BadZipFile) as error:
            raise InputError("file_damaged", file=file, measured=str(error)[:120]) from None
        finally:
            book.close()
    if not sheets:
        raise InputError("table_without_header", file=file, allowed="户数, 人口, 楼栋, 地址, households, address ...")
    return sheets


def _sheets(book: openpyxl.Workbook, merges: list[list[Merge]], file: str, report: QualityReport) -> Iterator[Sheet]:
    for position, sheet in enumerate(book.worksheets):
        sheet.reset_dimensions()
        rows: list[Row] = []
        for row in sheet.iter_rows(values_only=True):
            if len(rows) > MAX_ROWS:
                raise InputError("table_too_large", file=file, layer=sheet.title, allowed=MAX_ROWS)
            rows.append([_cell(v) for v in row[:MAX_COLUMNS]])
        if any(any(row) for row in rows):
            ranges = merges[position] if position < len(merges) else []
            if _header(rows) is not None:
                yield _sheet(sheet.title, rows, ranges, file, report)
            else:
                report.add("note_sheet_ignored", sheet.title, before=len(rows), file=file)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()  # a workbook has no date without a time of day; this one states none
    return narrow(str(value))


def _merges(path: Path) -> list[list[Merge]]:
    """Merged ranges per worksheet, in workbook order; openpyxl does not tell them when it streams."""
    with ZipFile(path) as archive:
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
        targets: dict[str, str] = {}
        for link in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", links):
            key, target = re.search(r'\bId="([^"]+)"', link), re.search(r'\bTarget="([^"]+)"', link)
            if key and target:
                targets[key[1]] = target[1]
        found: list[list[Merge]] = []
        for sheet in re.findall(r"<(?:\w+:)?sheet\s[^>]*>", book):
            link_id = re.search(r'\br:id="([^"]+)"', sheet)
            place = targets.get(link_id[1], "") if link_id else ""
            part = place.lstrip("/") if place.startswith("/") else f"xl/{place}"
            if part not in archive.namelist() or "worksheets/" not in part:
                continue
            tail = ""
            refs: list[str] = []
            with archive.open(part) as stream:
                while chunk := stream.read(1 << 20):
                    text = tail + chunk.decode("utf-8", "replace")
                    cut = text.rfind(">") + 1
                    refs += re.findall(r'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z]+\d+:[A-Z]+\d+)"', text[:cut])
                    tail = text[cut:][-4096:]
            ranges = [range_boundaries(ref) for ref in refs]
            found.append([(r0 - 1, c0 - 1, r1 - 1, c1 - 1) for c0, r0, c1, r1 in ranges])
    return found


def _delimiter(text: str) -> str:
    lines = [line for line in text[:200_000].splitlines()[:50] if line.strip()]
    best, best_score = ",", 0.0
    for delimiter in (",", ";", "\t", "|"):
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        common = max(set(widths), key=widths.count) if widths else 1
        score = (common - 1) * widths.count(common) / max(len(widths), 1)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _header(rows: Sequence[Row]) -> tuple[int, int] | None:
    """First and last header row: where most known headers stand, with group rows above and sub-headers below."""
    best, most = -1, 0
    for k, row in enumerate(rows[:_HEADER_SEARCH]):
        known = len({normal_header(c) for c in row if c} & KNOWN_HEADERS)
        if known > most and sum(bool(_NUMBER.match(c)) for c in row) <= len(row) // 2:
            best, most = k, known
    if best < 0:
        first = next((k for k, row in enumerate(rows[:_HEADER_SEARCH]) if sum(map(bool, row)) >= 2), None)
        texts = first is not None and not any(_NUMBER.match(c) for c in rows[first])
        return (first, first) if first is not None and texts else None
    start = end = best
    while end + 1 < min(len(rows), best + _HEADER_DEPTH) and _is_subheader(rows[end + 1], rows[best]):
        end += 1
    while start > 0 and best - start < _HEADER_DEPTH - 1 and _is_group_row(rows[start - 1]):
        start -= 1
    return start, end


def _is_subheader(row: Row, header: Row) -> bool:
    """A line below the header that only splits some of its columns: no numbers, and blank under whole columns."""
    filled = [k for k, c in enumerate(row) if c]
    if not filled or any(_NUMBER.match(row[k]) for k in filled):
        return False
    named = {normal_header(row[k]) for k in filled} & (KNOWN_HEADERS | {"合计", "总数", "小计", "其中"})
    whole = [k for k, c in enumerate(header) if c and (k >= len(row) or not row[k])]
    return bool(named) and len(whole) > 0


def _is_group_row(row: Row) -> bool:
    texts = [c for c in row if c]
    return len(set(texts)) >= 2 and not any(_NUMBER.match(c) for c in texts)


def _sheet(name: str, rows: list[Row], merges: list[Merge], file: str, report: QualityReport) -> Sheet:
    width = max((len(row) for row in rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    span = _header(rows)
    if span is None:
        raise InputError("table_without_header", file=file, allowed="户数, 人口, 楼栋, 地址, households, address ...")
    start, end = span
    for r0, c0, r1, c1 in merges:
        for r in range(max(r0, start), min(r1, end) + 1):
            for c in range(c0, min(c1, width - 1) + 1):
                rows[r][c] = rows[r0][c0] if r0 <= end else rows[r][c]
    headers = _names(rows[start : end + 1], merged=bool(merges))
    used = [c for c in range(width) if headers[c] or any(row[c] for row in rows[end + 1 :])]
    labels = _unique([headers[c] or f"column {c + 1}" for c in used])
    body = [(r, rows[r]) for r in range(end + 1, len(rows)) if any(rows[r])]
    totals = [(r, row) for r, row in body if _is_total(row)]
    kept = [(r, row) for r, row in body if not _is_total(row)]
    if totals:
        shown = "; ".join(f"{r + 1}: {_totals_text(row)}" for r, row in totals[:10])
        report.add("repair_totals_skipped", name, before=len(body), after=len(kept), file=file, rows=shown)
        report.count("totals_rows_skipped", len(totals))
    if end > start:
        report.add("note_header_rows", name, before=end - start + 1, file=file, columns=" | ".join(labels)[:300])
    index = [r + 1 for r, _ in kept]
    data = {label: [row[c] or None for _, row in kept] for label, c in zip(labels, used)}
    table = pd.DataFrame(data, index=index, dtype=object)
    down = dict(_runs(merges, end, set(index), dict(zip(used, labels))))
    return Sheet(name, table, down)


def _runs(
    merges: list[Merge], end: int, present: set[int], labels: dict[int, str]
) -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    runs: dict[str, list[tuple[int, ...]]] = {}
    for r0, c0, r1, c1 in merges:
        if r0 > end and r1 > r0 and c0 == c1 and c0 in labels:
            rows = tuple(r + 1 for r in range(r0, r1 + 1) if r + 1 in present)
            if len(rows) > 1:
                runs.setdefault(labels[c0], []).append(rows)
    yield from runs.items()


def _names(rows: Sequence[Row], *, merged: bool) -> list[str]:
    """One name a column out of several header rows: the lowest known piece, with its group where it needs one."""
    width = len(rows[0])
    filled: list[Row] = []
    for depth, row in enumerate(rows):
        if not merged and depth < len(rows) - 1:  # a CSV saved from merged cells keeps only the left-most
            row = list(row)
            for k in range(1, width):
                if not row[k] and any(below[k] for below in rows[depth + 1 :]):
                    row[k] = row[k - 1]
        filled.append(row)
    names: list[str] = []
    for k in range(width):
        pieces = list(dict.fromkeys(c for c in (row[k] for row in filled) if c))
        names.append(_one_name(pieces))
    return names


def _one_name(pieces: list[str]) -> str:
    if len(pieces) <= 1:
        return pieces[0] if pieces else ""
    last, joined = pieces[-1], "".join(pieces)
    if normal_header(last) in ("合计", "总数", "小计", "总户数", "total"):
        return pieces[-2]
    if normal_header(last) in KNOWN_HEADERS:
        return last
    return joined


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def _is_total(row: Row) -> bool:
    """Whether a row sums others: its first filled text is a totals word."""
    return bool(_totals_word(row))


def _totals_text(row: Row) -> str:
    """The totals word and the counts of a row; what else stands in it may be a person's name or number."""
    return " ".join([_totals_word(row), *(c for c in row if _NUMBER.match(c) and len(c) <= _COUNT_DIGITS)])


def _totals_word(row: Row) -> str:
    texts = [c for c in row if c and not _NUMBER.match(c)][:2]
    found = (_TOTALS.match(re.sub(r"[\s　]+", "", t).lower()) for t in texts)
    return next((word[1] for word in found if word), "")
