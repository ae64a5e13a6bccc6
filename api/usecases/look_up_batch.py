"""A table of addresses or points in, one row of answer out per row, in its order and in constant memory.

What is a row, and in which encoding, is decided in `api.csv_rows`; what a row answers in `api.usecases.look_up`.  A
broken row is answered with its fault and costs no other row anything.  Rows without a building also go into a second
table, with the reason and what may be meant, for a person to correct.
"""

from __future__ import annotations

import codecs
import csv
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import batched
from pathlib import Path
from typing import Any, Literal

from api.csv_rows import CsvRows, Row
from api.usecases.look_up_answers import COLUMNS, MOST_CANDIDATES, Answer, Answers
from data.files.atomic import whole_file
from gis.errors import InputError
from gis.progress import SILENT, Progress

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "address": ("address", "地址", "详细地址", "標準地址", "标准地址"),
    "lon": ("lon", "lng", "longitude", "经度", "經度"),
    "lat": ("lat", "latitude", "纬度", "緯度"),
}
_AT_ONCE = 5_000
_SHOWN = 200  # characters of a broken row
_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")
_TO_CORRECT = ("ambiguous", "not_found", "street")
_FORMULA = frozenset("=+-@\t\r")

Asks = Literal["address", "point"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What `look_up_batch` did.

    Attributes
    ----------
    out
        The table that was written.
    to_correct
        The table of rows to correct; ``None`` where there are none.
    n_rows, n_with_grid, n_broken, n_to_correct
        Rows in all, with a grid, that could not be read, and in the second table.
    by_status
        Rows of each status.
    encoding
        What the table was read in.
    """

    out: Path
    to_correct: Path | None
    n_rows: int
    n_with_grid: int
    n_broken: int
    n_to_correct: int
    by_status: Mapping[str, int]
    encoding: str


def batch_asks(source: Path, encoding: str | None = None) -> Asks:
    """Whether a table asks for addresses or for points.

    Raises
    ------
    InputError
        ``file_not_found``, ``file_not_regular``, ``lookup_columns_missing``, ``table_*`` (see `api.csv_rows.CsvRows`).
    """
    _assert_file(source)
    with source.open("rb") as file:
        return "address" if "address" in _columns(CsvRows(file, encoding).header, source) else "point"


def look_up_batch(
    book: Answers,
    source: Path,
    out: Path,
    *,
    language: str,
    encoding: str | None = None,
    out_encoding: str | None = None,
    progress: Progress = SILENT,
) -> Batch:
    """Look up every row of a table.

    Parameters
    ----------
    book
        To look up in.
    source
        A CSV table with a column ``address``, or ``lon`` and ``lat`` (WGS 84), also by their Chinese names.
    out
        The table to write: the columns of the contract, the reason in a sentence, then the input's other columns as
        they were.
    language
        Of the sentences: ``zh`` or ``en``.
    encoding
        Of ``source``; found where omitted.
    out_encoding
        ``utf-8``, ``utf-8-bom`` or ``gb18030``; UTF-8 where omitted, with a byte order mark where the input has one.
    progress
        Stage ``stage_lookup_batch``, one step a row.

    Raises
    ------
    InputError
        As `batch_asks`, and ``lookup_out_is_in``.
    StorageError
        The table can not be written; nothing is left behind.
    """
    _assert_file(source)
    fixed = out.with_name(f"{out.stem}.rows-to-correct.csv")
    if any(place.exists() and place.samefile(source) for place in (out, fixed)):
        raise InputError("lookup_out_is_in", file=str(out))
    tally: Counter[str] = Counter()
    counts = Counter(rows=0, with_grid=0, broken=0, to_correct=0)
    with ExitStack() as stack:
        file = stack.enter_context(source.open("rb"))
        has_mark = file.read(3) == codecs.BOM_UTF8
        file.seek(0)
        table = CsvRows(file, encoding)
        columns = _columns(table.header, source)
        ask = _asker(book, columns)
        kept = [place for place in range(len(table.header)) if place not in columns.values()]
        writes_in = _codec(out_encoding, has_mark)
        main = _Writer(stack, out, writes_in, (*COLUMNS, "detail", *_kept_names(table.header, kept)))
        second: _Writer | None = None
        progress.stage("stage_lookup_batch", _count_lines(source))
        for rows in batched(table, _AT_ONCE):
            answers = ask(rows)
            lines = [_line(answer, language) for answer in answers]
            main.write([*line, *(row.cells[k] for k in kept)] for line, row in zip(lines, rows))
            poor = [k for k, answer in enumerate(answers) if answer.status in _TO_CORRECT]
            if poor:
                second = second or _Writer(stack, fixed, writes_in, _fixed_names())
                second.write([rows[k].line, *_poor_line(answers[k], lines[k])] for k in poor)
            tally.update(answer.status for answer in answers)
            counts["rows"] += len(rows)
            counts["with_grid"] += sum(answer.grid is not None for answer in answers)
            counts["broken"] += sum(bool(row.fault) for row in rows)
            counts["to_correct"] += len(poor)
            progress.advance(len(rows))
        used = table.encoding
    if second is None:
        fixed.unlink(missing_ok=True)  # of an earlier run: it would be taken for this one's
    return Batch(
        out,
        None if second is None else fixed,
        counts["rows"],
        counts["with_grid"],
        counts["broken"],
        counts["to_correct"],
        dict(sorted(tally.items())),
        used,
    )


class _Writer:
    """One table being written."""

    def __init__(self, stack: ExitStack, path: Path, encoding: str, names: Sequence[str]) -> None:
        place = stack.enter_context(whole_file(path))
        file = stack.enter_context(place.open("w", encoding=encoding, newline=""))
        self._csv = csv.writer(file, lineterminator="\r\n")
        self._csv.writerow(names)

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows; what an office program would take for a formula gets a quote before it."""
        self._csv.writerows([[_safe(cell) if type(cell) is str and cell else cell for cell in row] for row in rows])


def _safe(text: str) -> str:
    if text[0] not in _FORMULA or all(_NUMBER.fullmatch(part) for part in text.split(",")):
        return text  # numbers and points may begin with a sign
    return f"'{text}"


def _asker(book: Answers, columns: Mapping[str, int]) -> Callable[[Sequence[Row]], list[Answer]]:
    """Answers for rows of a table with these columns."""

    def addresses(rows: Sequence[Row]) -> list[Answer]:
        place = columns["address"]
        whole = iter(book.look_up_many([row.cells[place] for row in rows if not row.fault]))
        return [_broken(row, row.cells[place]) if row.fault else next(whole) for row in rows]

    def points(rows: Sequence[Row]) -> list[Answer]:
        places = columns["lon"], columns["lat"]
        asked = [tuple(row.cells[place].strip() for place in places) for row in rows]
        read = [(_degrees(lon), _degrees(lat)) for lon, lat in asked]
        answers = book.look_up_points([lon for lon, _ in read], [lat for _, lat in read])
        made = []
        for row, (lon, lat), (x, y), answer in zip(rows, asked, read, answers):
            query = f"{lon},{lat}"
            if row.fault:
                answer = _broken(row, query)
            elif math.isnan(x) or math.isnan(y):
                column, said = ("lon", lon) if math.isnan(x) else ("lat", lat)
                allowed = "-180 ... 180" if column == "lon" else "-90 ... 90"
                facts = {"column": column, "measured": said[:40] or None, "allowed": allowed}
                answer = replace(answer, query=query, reasons=("point_unreadable",), facts=facts)
            else:
                answer = replace(answer, query=query)
            made.append(answer)
        return made

    return addresses if "address" in columns else points


def _broken(row: Row, query: str) -> Answer:
    shown = query.strip(",") or next((cell for cell in row.cells if cell), "")
    return Answer(shown[:_SHOWN], "not_found", reasons=(row.fault,), facts={"row": row.line, **row.facts})


def _degrees(text: str) -> float:
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def _line(answer: Answer, language: str) -> list[Any]:
    return [
        answer.query,
        answer.status,
        answer.grid,
        answer.community,
        answer.building,
        answer.matched_text,
        answer.confidence,
        answer.lon,
        answer.lat,
        answer.plan,
        " ".join(answer.reasons),
        " ".join(answer.details(language)) if answer.reasons else "",
    ]


def _fixed_names() -> Iterator[str]:
    yield from ("row", "query", "status", "grid", "reason", "detail")
    for k in range(1, MOST_CANDIDATES + 1):
        yield from (f"candidate_{k}", f"building_{k}", f"grid_{k}")


def _poor_line(answer: Answer, line: Sequence[Any]) -> list[Any]:
    cells = [line[0], line[1], line[2], line[-2], line[-1]]
    for choice in answer.candidates:
        cells += [choice.address, choice.building, choice.grid]
    return cells + [""] * (5 + 3 * MOST_CANDIDATES - len(cells))


def _columns(header: Sequence[str], source: Path) -> dict[str, int]:
    """Place of ``address``, or of ``lon`` and ``lat``."""
    names = [name.strip().lower() for name in header]
    found: dict[str, int | None] = {}
    for column, known in _HEADINGS.items():
        found[column] = next((names.index(name) for name in known if name in names), None)
    for wanted in (("address",), ("lon", "lat")):
        places = {column: place for column in wanted if (place := found[column]) is not None}
        if len(places) == len(wanted):
            return places
    shown = ", ".join(name for name in names if name)[:80] or None
    raise InputError("lookup_columns_missing", file=source.name, measured=shown, allowed="address / lon, lat")


def _kept_names(header: Sequence[str], kept: Sequence[int]) -> list[str]:
    """Names of the other columns; one that an answer has too is told apart."""
    taken = {*COLUMNS, "detail"}
    names = []
    for place in kept:
        name = header[place].strip()
        while name in taken:
            name = f"in_{name}"
        taken.add(name)
        names.append(name)
    return names


def _codec(asked: str | None, has_mark: bool) -> str:
    if asked is None:
        return "utf-8-sig" if has_mark else "utf-8"
    return "utf-8-sig" if asked == "utf-8-bom" else asked


def _assert_file(source: Path) -> None:
    if not source.exists():
        raise InputError("file_not_found", file=str(source))
    if not source.is_file():
        raise InputError("file_not_regular", file=str(source))


def _count_lines(source: Path) -> int:
    """Lines below the heading, for the time that is left; a row may take several."""
    with source.open("rb") as file:
        n = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
            n += 1
    return max(n - 1, 1)
