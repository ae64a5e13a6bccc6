"""Many points in and out: JSON or a CSV table, every fault with its row."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import numpy as np
from fastapi.exceptions import RequestValidationError
from numpy.typing import NDArray
from pydantic import ValidationError

from api.http.schemas import MAX_ROWS, Body, Latitude, Longitude
from api.problems import Refusal
from gis.errors import Fault, InputError

_COLUMNS = ("query", "status", "grid", "community", "building", "matched_text", "confidence", "lon", "lat", "plan")
CSV_COLUMNS = (*_COLUMNS, "reason")
_FROM_DATA = frozenset({"grid", "community", "building", "matched_text", "plan"})


class Point(Body):
    """A point."""

    lon: Longitude
    lat: Latitude


class Points(Body):
    """Points to look up."""

    points: list[Point]


def read_points(body: bytes) -> NDArray[np.float64]:
    """Points of a JSON body ``{"points": [{"lon": .., "lat": ..}, ...]}``, one row each.

    Raises
    ------
    RequestValidationError
        It is not of that form.
    InputError
        ``batch_empty``, ``batch_too_long``.
    """
    try:
        points = Points.model_validate_json(body).points
    except ValidationError as error:
        raise RequestValidationError([{**row, "loc": ("body", *row["loc"])} for row in error.errors()]) from error
    _check_size(len(points))
    return np.array([(point.lon, point.lat) for point in points], dtype=float)


def read_table(body: bytes) -> NDArray[np.float64]:
    """Points of a CSV table with the columns ``lon`` and ``lat``.

    Raises
    ------
    Refusal
        400 ``batch_not_table``.
    InputError
        ``batch_columns_missing``, ``batch_empty``, ``batch_too_long``, ``batch_not_number``, ``batch_out_of_range``,
        ``batch_row_length``.
    """
    try:
        table = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal(400, "batch_not_table", measured=str(error)[:80]) from error
    table = [row for row in table if row]
    header = [name.strip().lower() for name in table[0]] if table else []
    if header.count("lon") != 1 or header.count("lat") != 1:
        raise InputError("batch_columns_missing", measured=", ".join(header)[:80] or None, allowed="lon, lat")
    _check_size(len(table) - 1)
    columns = (("lon", header.index("lon"), 180), ("lat", header.index("lat"), 90))
    points, faults = [], []
    for number, row in enumerate(table[1:], start=2):
        if len(row) != len(header):
            faults.append(Fault("batch_row_length", {"row": number, "measured": len(row), "allowed": len(header)}))
            continue
        point = []
        for name, place, limit in columns:
            value = _number(row[place])
            facts = {"row": number, "column": name, "measured": row[place][:40]}
            if value is None:
                faults.append(Fault("batch_not_number", facts))
            elif abs(value) > limit:
                faults.append(Fault("batch_out_of_range", {**facts, "allowed": f"-{limit} ... {limit}"}))
            else:
                point.append(value)
        points.append(point)
    if faults:
        raise InputError.of(faults)
    return np.array(points, dtype=float)


_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _check_size(n_rows: int) -> None:
    if n_rows == 0:
        raise InputError("batch_empty")
    if n_rows > MAX_ROWS:
        raise InputError("batch_too_long", measured=n_rows, allowed=MAX_ROWS)


def write_table(rows: list[dict[str, Any]]) -> str:
    """Rows of an answer as the contract's CSV table."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for row in rows:
        cells = {**row, "query": f"{row['lon']!r},{row['lat']!r}"}
        writer.writerow([_cell(name, cells.get(name)) for name in CSV_COLUMNS])
    return out.getvalue()


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    # What an office program would take for a formula gets a quote before it; coordinates are numbers of our own.
    return f"'{value}" if name in _FROM_DATA and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
