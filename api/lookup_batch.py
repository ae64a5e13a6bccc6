"""Many points or addresses in and out: JSON, where one faulty row refuses the whole, or a CSV table row by row, where a
faulty row says so itself and the rest go on.

A table may be long: it is read from a file and answered some rows at a time, never as a whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Annotated, Any, BinaryIO, Self

import numpy as np
import orjson
from fastapi.exceptions import RequestValidationError
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from api.csv_rows import CsvRows, Row
from api.http.schemas import MAX_ROWS, Body, Latitude, Longitude
from api.usecases.look_up_answers import COLUMNS
from gis.errors import InputError

MAX_TABLE_ROWS = 1_000_000
MAX_ADDRESS = 10_000
"""Characters of an address."""
_AT_ONCE = 1_000
_BLOCK_BYTES = 1024 * 1024
_FROM_DATA = frozenset({"query", "grid", "community", "building", "matched_text", "plan"})
_NAMES = {
    "address": "address",
    "地址": "address",
    "lon": "lon",
    "经度": "lon",
    "lat": "lat",
    "纬度": "lat",
}

PointRows = Callable[[NDArray[np.float64]], list[dict[str, Any]]]
TextRows = Callable[[Sequence[str]], list[dict[str, Any]]]
FaultRow = Callable[[str, Mapping[str, Any]], dict[str, Any]]


class Point(Body):
    """A point."""

    lon: Longitude
    lat: Latitude


class Asked(Body):
    """Points or addresses to look up."""

    points: list[Point] | None = None
    addresses: list[Annotated[str, Field(max_length=MAX_ADDRESS)]] | None = None


def read_json(body: bytes) -> NDArray[np.float64] | list[str]:
    """Points of ``{"points": [{"lon": .., "lat": ..}, ...]}``, or the texts of ``{"addresses": [...]}``.

    Raises
    ------
    RequestValidationError
        It is not of that form.
    InputError
        ``batch_empty``, ``batch_too_long``, ``batch_one_of``.
    """
    try:
        asked = Asked.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([{**row, "loc": ("body", *row["loc"])} for row in error.errors()]) from error
    if (asked.points is None) == (asked.addresses is None):
        raise InputError("batch_one_of")
    n_rows = len(asked.points or asked.addresses or ())
    if n_rows == 0:
        raise InputError("batch_empty")
    if n_rows > MAX_ROWS:
        raise InputError("batch_too_long", measured=n_rows, allowed=MAX_ROWS)
    if asked.addresses is not None:
        return asked.addresses
    return np.array([(point.lon, point.lat) for point in asked.points or ()], dtype=float)


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV table of addresses, or of points; iterate its rows once.

    Attributes
    ----------
    rows
        Its rows.
    address
        Place of the column of addresses; none where there are points.
    lon, lat
        Places of the columns of points.
    """

    rows: Iterator[Row]
    address: int | None
    lon: int
    lat: int

    @classmethod
    def read(cls, file: BinaryIO, encoding: str | None) -> Self:
        """The table of a file; its rows are read as they are asked for.

        Raises
        ------
        InputError
            ``batch_columns_missing``, ``batch_empty``, ``batch_too_long`` and those of `CsvRows`.
        """
        n_lines = _count_lines(file)
        if n_lines > MAX_TABLE_ROWS + 1:
            raise InputError("batch_too_long", measured=n_lines, allowed=MAX_TABLE_ROWS)
        table = CsvRows(file, encoding)
        header = [_NAMES.get(name.strip().lower(), "") for name in table.header]
        has_address = header.count("address") == 1
        if not has_address and (header.count("lon") != 1 or header.count("lat") != 1):
            told = ", ".join(table.header)[:80] or None
            raise InputError("batch_columns_missing", measured=told, allowed="address / lon, lat")
        rows = iter(table)
        first = next(rows, None)
        if first is None:
            raise InputError("batch_empty")
        all_rows = chain([first], rows)
        if has_address:
            return cls(all_rows, header.index("address"), -1, -1)
        return cls(all_rows, None, header.index("lon"), header.index("lat"))

    def answered(self, of_points: PointRows, of_texts: TextRows, of_fault: FaultRow) -> Iterator[list[dict[str, Any]]]:
        """The answers, some rows at a time, in the order of the table; each has ``query`` beside what is answered."""
        while some := list(islice(self.rows, _AT_ONCE)):
            asked = [self._asked(row) for row in some]
            texts = [value for _, value in asked if isinstance(value, str)]
            points = [value for _, value in asked if isinstance(value, tuple)]
            found = iter(of_texts(texts) if texts else of_points(np.array(points)) if points else ())
            yield [
                {**(of_fault(value.code, value.facts) if isinstance(value, _Fault) else next(found)), "query": query}
                for query, value in asked
            ]

    def _asked(self, row: Row) -> tuple[str, str | tuple[float, float] | _Fault]:
        """What a row asks: its own text, and the address, the point, or why it is none."""
        if self.address is not None:
            query = row.cells[self.address]
            value: str | tuple[float, float] | _Fault = query
            if len(query) > MAX_ADDRESS:
                query, value = query[:MAX_ADDRESS], _Fault("too_long", {})
        else:
            lon, lat = row.cells[self.lon].strip(), row.cells[self.lat].strip()
            x, y = _number(lon), _number(lat)
            query = f"{lon if x is None else repr(x)},{lat if y is None else repr(y)}"[:200]
            value = _point(lon, lat, x, y)
        if row.fault:
            return query, _Fault(row.fault, {"row": row.line, **row.facts})
        return query, value


@dataclass(frozen=True, slots=True)
class _Fault:
    code: str
    facts: Mapping[str, Any]


def _point(lon: str, lat: str, x: float | None, y: float | None) -> tuple[float, float] | _Fault:
    for name, text, value, limit in (("lon", lon, x, 180), ("lat", lat, y, 90)):
        if value is None or abs(value) > limit:
            allowed = f"-{limit} ... {limit}"
            return _Fault("point_unreadable", {"column": name, "measured": text[:40], "allowed": allowed})
    return x or 0.0, y or 0.0


def _count_lines(file: BinaryIO) -> int:
    start, n_lines, last = file.tell(), 0, b""
    while block := file.read(_BLOCK_BYTES):
        n_lines += block.count(b"\n")
        last = block[-1:]
    file.seek(start)
    return n_lines + (last not in (b"", b"\n"))


_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def write_table(some: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    """Answers as the contract's CSV table, as they come."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for rows in some:
        for row in rows:
            cells = {**row, "reason": " ".join(row["reasons"])}
            writer.writerow([_cell(name, cells[name]) for name in COLUMNS])
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()


def write_json(some: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    """Answers as one JSON object, as they come."""
    lead, n_found, n_rows = b'{"rows":[', 0, 0
    for rows in some:
        n_rows += len(rows)
        n_found += sum(row["grid"] is not None for row in rows)
        shown = [{name: value for name, value in row.items() if name != "query"} for row in rows]
        yield lead + orjson.dumps(shown)[1:-1]
        lead = b","
    yield b'],"found":%d,"not_found":%d}' % (n_found, n_rows - n_found)


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    # What an office program would take for a formula gets a quote before it; coordinates are numbers of our own.
    is_text = name in _FROM_DATA and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_text and not _is_point(name, value) else value


def _is_point(name: str, value: str) -> bool:
    parts = value.split(",")
    return name == "query" and len(parts) == 2 and all(_NUMBER.fullmatch(part) for part in parts)
