"""Workbooks that read the same everywhere: codes as text, no formulas, one look, ready to print, the same bytes.

Decides how a sheet looks and what a cell may hold; which rows there are is decided in the rooms of the papers.
Text from the data can begin with ``=``, ``+``, ``-`` or ``@``: every text cell is written as text and formatted
as text, so that no office program ever takes it for a formula.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from data.files.atomic import whole_file
from data.papers.words import Words

ColumnKind = Literal[
    "text", "code", "long", "flag", "int", "area", "share", "number", "ratio", "plain", "signed", "date"
]
PaperSize = Literal["A3", "A4"]

HEADER_ROW = 3
"""Row of the column heads; above it the title and the line with the plan version."""
FIRST_ROW = HEADER_ROW + 1
_NUMERIC: Mapping[str, str] = {
    "int": "#,##0_ ",
    "area": "#,##0_ ",
    "number": "#,##0.0_ ",
    "ratio": "0.00_ ",
    "plain": "General_ ",
    "signed": "+General_ ;-General_ ;0_ ",
    "share": "0.00%_ ",
    "date": "yyyy-mm-dd",
}
_MOST_WIDTH: Mapping[str, int] = {"long": 36, "flag": 22, "text": 22, "code": 22}
_LEAST_WIDTH, _MOST_HEAD_WIDTH = 6, 12
_LINE_POINTS, _EDGE_POINTS = 13.5, 4.0
_MOST_POINTS = 400.0
_MOST_BASIS = 40
_FONTS: Mapping[str, str] = {"zh": "宋体", "en": "Calibri"}
_MOST_CHARACTERS = 32_767
_PAPERS: Mapping[str, int] = {"A3": 8, "A4": 9}
_EPOCH = dt.datetime(1980, 1, 1)
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key (head ``col_KEY`` in the words), what it holds, and the head itself where it has no word."""

    key: str
    kind: ColumnKind = "text"
    head: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table on one sheet.

    Attributes
    ----------
    key
        Its name is the word ``sheet_KEY``.
    title
        First line of the sheet.
    columns, rows
        The table; a cell is text, a number, a date or ``None`` (empty).
    totals
        A last row that is set apart; empty for none.
    portrait
        Printed upright rather than across.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]
    totals: Sequence[Any] = ()
    portrait: bool = False


def clean_text(value: object) -> str:
    """Text of a cell: nothing for a missing value, no control characters, never longer than a cell can be."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value)).strip()
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def day(moment: str) -> dt.date | str | None:
    """The day of an ISO 8601 moment, as a date; the text itself where it is none, ``None`` where it is empty."""
    if not moment:
        return None
    try:
        return dt.date.fromisoformat(moment[:10])
    except ValueError:
        return moment


def write_workbook(
    path: Path,
    sheets: Sequence[Sheet],
    meta: Mapping[str, str],
    words: Words,
    *,
    paper: PaperSize = "A4",
) -> None:
    """Write sheets as one XLSX file; the same sheets and meta give the same bytes.

    Every sheet says the plan version in its second line and in its footer.

    Raises
    ------
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    book = new_workbook(words)
    for sheet in sheets:
        add_sheet(book, sheet, meta, words, paper)
    save_workbook(book, path, meta)


def new_workbook(words: Words) -> Workbook:
    """A workbook without sheets, with the styles of the papers."""
    book = Workbook()
    book.remove(book.active)
    for style in _styles(_FONTS[words.language]):
        book.add_named_style(style)
    return book


def add_sheet(book: Workbook, sheet: Sheet, meta: Mapping[str, str], words: Words, paper: PaperSize) -> None:
    """Add one table to a workbook: title, plan version, heads, rows, totals; ready to print."""
    page = book.create_sheet(words(f"sheet_{sheet.key}"))
    put(page.cell(1, 1), sheet.title, "gw title")
    put(page.cell(2, 1), plan_line(meta, words), "gw line")
    heads = [column.head or words(f"col_{column.key}") for column in sheet.columns]
    rows = [*sheet.rows, *([sheet.totals] if sheet.totals else [])]
    widths = [_column_width(column, head, rows, j) for j, (column, head) in enumerate(zip(sheet.columns, heads))]
    for j, (head, width) in enumerate(zip(heads, widths), start=1):
        put(page.cell(HEADER_ROW, j), head, "gw head")
        page.column_dimensions[get_column_letter(j)].width = width
    page.row_dimensions[HEADER_ROW].height = row_height(heads, widths)
    for i, row in enumerate(rows, start=FIRST_ROW):
        page.row_dimensions[i].height = row_height(row, widths)
    for i, row in enumerate(sheet.rows, start=FIRST_ROW):
        for j, (column, value) in enumerate(zip(sheet.columns, row), start=1):
            kind = "text" if column.kind == "flag" and not clean_text(value) else column.kind
            put(page.cell(i, j), value, f"gw {kind}")
    last = HEADER_ROW + len(sheet.rows)
    if sheet.totals:
        for j, (column, value) in enumerate(zip(sheet.columns, sheet.totals), start=1):
            put(page.cell(last + 1, j), value, f"gw total {column.kind}" if column.kind in _NUMERIC else "gw total")
    page.row_dimensions[1].height, page.row_dimensions[2].height = 26, 18
    page.freeze_panes = page.cell(FIRST_ROW, 2 if len(sheet.columns) > 6 else 1)
    page.auto_filter.ref = f"A{HEADER_ROW}:{get_column_letter(len(sheet.columns))}{max(last, FIRST_ROW)}"
    page.print_title_rows = f"1:{HEADER_ROW}"
    set_up_page(page, meta, words, paper, portrait=sheet.portrait)


def _column_width(column: Column, head: str, rows: Sequence[Sequence[Any]], j: int) -> float:
    """Wide enough for its cells up to a limit; heads go on two lines rather than widen a column of numbers."""
    widest = max((width_of(_shown(row[j], column.kind)) for row in rows), default=0) + 2
    if column.kind in _NUMERIC:
        widest += 1
    else:
        widest = min(widest, _MOST_WIDTH[column.kind])
    longest_word = max(map(width_of, head.split()), default=0) if head.isascii() else 0
    return max(_LEAST_WIDTH, min(width_of(head) / 2 + 4, _MOST_HEAD_WIDTH), longest_word + 3, widest)


def _shown(value: object, kind: str) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    if kind == "share" and hasattr(value, "__float__"):
        return f"{float(value):.2%}" if value == value else ""
    if kind in _NUMERIC and hasattr(value, "__float__"):
        return f"{float(value):,.{0 if kind in ('int', 'area') else 2}f}" if value == value else ""
    return clean_text(value)


def row_height(cells: Sequence[object], widths: Sequence[float]) -> float:
    """Points a row needs: office programs do not all find out by themselves how many lines its cells take."""
    lines = max(
        (
            sum(max(1, -(-width_of(line) // max(int(width) - 1, 1))) for line in text.split("\n"))
            for cell, width in zip(cells, widths)
            if isinstance(cell, str) and (text := clean_text(cell))
        ),
        default=1,
    )
    return min(_EDGE_POINTS + _LINE_POINTS * max(lines, 1), _MOST_POINTS)


def save_workbook(book: Workbook, path: Path, meta: Mapping[str, str]) -> None:
    """Write a workbook with the moment of the plan in place of the clock's."""
    moment = _moment(meta)
    book.properties.creator = f"gridwright {meta.get('version', '')}".strip()
    book.properties.title = meta.get("plan_id", "")
    book.properties.created = moment
    raw = io.BytesIO()
    book.save(raw)
    with whole_file(Path(path)) as place:
        place.write_bytes(_without_clock(raw.getvalue(), moment))


def plan_line(meta: Mapping[str, str], words: Words) -> str:
    """The line that every sheet carries: plan version, the day of its data, what a household is."""
    parts = [words("plan_version", plan=meta.get("plan_id", ""))]
    if drawn := day(meta.get("created_at", "")):
        parts.append(words("plan_drawn", date=drawn))
    if level := words.of("level", meta.get("level")):
        parts.append(words("plan_level", level=level))
    basis = meta.get("households_basis", "")
    # A long basis (how households were modelled) stands in full on the last sheet.
    basis = basis if len(basis) <= _MOST_BASIS else basis[: _MOST_BASIS - 1] + "…"
    parts.append(words("plan_basis", basis=basis) if basis else words("plan_basis_none"))
    return words("plan_joint").join(parts)


def put(cell: Cell, value: object, style: str) -> None:
    """Write one cell; text stays text whatever it begins with."""
    if isinstance(value, bool) or value is None or value is pd.NA or (isinstance(value, float) and value != value):
        cell.value = None
    elif isinstance(value, dt.date) or hasattr(value, "__float__"):
        cell.value = value.item() if hasattr(value, "item") else value
    else:
        text = clean_text(value)
        if text:
            # An office program reads _x0041_ in text as an escaped letter.
            cell.value = _ESCAPE.sub("_x005F_", text)
            cell.data_type = "s"
    cell.style = style


def width_of(text: str) -> int:
    """Width of text in columns of a sheet: a Chinese character takes two."""
    return max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in text.split("\n"))


def set_up_page(page: Worksheet, meta: Mapping[str, str], words: Words, paper: PaperSize, *, portrait: bool) -> None:
    """Paper, margins, one page wide, heads on every page, plan version and page numbers in the footer."""
    page.page_setup.paperSize = _PAPERS[paper]
    page.page_setup.orientation = "portrait" if portrait else "landscape"
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_margins.left = page.page_margins.right = 0.4
    page.page_margins.top, page.page_margins.bottom = 0.5, 0.8
    page.page_margins.header = page.page_margins.footer = 0.35
    page.print_options.horizontalCentered = True
    version = words("plan_version", plan=meta.get("plan_id", ""))
    page.oddFooter.left.text = version.replace("&", "&&")
    page.oddFooter.right.text = words("page_of", page="&P", pages="&N")


def _styles(face: str) -> list[NamedStyle]:
    thin = Side(style="thin", color="C3C9D1")
    border = Border(left=thin, right=thin, top=thin, bottom=thin)
    font, bold = Font(name=face, size=10), Font(name=face, size=10, bold=True)
    left = Alignment(horizontal="left", vertical="center", wrap_text=True)
    right = Alignment(horizontal="right", vertical="center")
    centre = Alignment(horizontal="center", vertical="center", wrap_text=True)
    soft = PatternFill("solid", fgColor="E8EDF4")
    flag = PatternFill("solid", fgColor="FDEADD")
    styles = [
        NamedStyle("gw title", Font(name=face, size=16, bold=True), alignment=Alignment(vertical="center")),
        NamedStyle("gw line", Font(name=face, size=10, color="4D5866"), alignment=Alignment(vertical="center")),
        NamedStyle("gw body", Font(name=face, size=11), alignment=Alignment(vertical="top", wrap_text=True)),
        NamedStyle("gw head", bold, soft, border, centre, "@"),
        NamedStyle("gw text", font, None, border, left, "@"),
        NamedStyle("gw code", font, None, border, left, "@"),
        NamedStyle("gw long", font, None, border, left, "@"),
        NamedStyle("gw flag", font, flag, border, left, "@"),
        NamedStyle("gw total", bold, soft, border, left, "@"),
    ]
    for kind, form in _NUMERIC.items():
        styles.append(NamedStyle(f"gw {kind}", font, None, border, right, form))
        styles.append(NamedStyle(f"gw total {kind}", bold, soft, border, right, form))
    return styles


def _moment(meta: Mapping[str, str]) -> dt.datetime:
    """The plan's moment in UTC; the first one a zip archive can say where the plan has none."""
    try:
        moment = dt.datetime.fromisoformat(meta.get("created_at", ""))
    except ValueError:
        return _EPOCH
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return max(moment.replace(microsecond=0), _EPOCH)


def _without_clock(raw: bytes, moment: dt.datetime) -> bytes:
    """The same workbook with one fixed moment in every place where a writer puts the clock's."""
    stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in sorted(old.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            content = old.read(name)
            if name == "docProps/core.xml":
                # Whatever prefix the names have: other libraries in the process may have registered one of their own.
                content = re.sub(rb"(<(?:\w+:)?(created|modified)\b[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            elif name.startswith("xl/worksheets/sheet"):
                content = _text_is_meant(content)
            entry = zipfile.ZipInfo(name, date_time=_EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            new.writestr(entry, content)
    return out.getvalue()


def _text_is_meant(sheet: bytes) -> bytes:
    """Tell office programs that numbers kept as text are no mistake (no green corners on codes)."""
    found = re.search(rb'<dimension ref="([A-Z0-9:]+)"', sheet)
    if found is None:
        return sheet
    ignored = b'<ignoredErrors><ignoredError sqref="' + found[1] + b'" numberStoredAsText="1"/></ignoredErrors>'
    return sheet.replace(b"</worksheet>", ignored + b"</worksheet>")
