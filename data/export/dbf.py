"""dBASE tables of Shapefiles, written here and not by GDAL: whole characters, text codes, a date from the plan.

GDAL can only write other encodings than UTF-8 where its build has iconv, and cuts texts by bytes.
"""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from data.export.fields import short_names
from gis.report import QualityReport

Encoding = Literal["utf-8", "gbk"]
LONGEST_TEXT = 254
MISSING_SIGN = "〓"
"""What Chinese printers set for a character they lack; stands for characters that GBK lacks."""

_NAMES: dict[Encoding, tuple[str, int]] = {"utf-8": ("UTF-8", 0x00), "gbk": ("GBK", 0x4D)}
# Seventeen decimals give a share back as it is: the shares of one grid add up to one.
_FLOAT_DECIMALS = {"area_m2": 2, "share_of_old": 17, "share_of_new": 17}


@dataclass(frozen=True, slots=True)
class DbfField:
    """One field: column it came from, its name in the file, type letter, width in bytes, decimals."""

    column: str
    name: str
    kind: str
    width: int
    decimals: int


def write_dbf(
    path: Path, table: pd.DataFrame, *, layer: str, encoding: Encoding, date: dt.date, report: QualityReport
) -> tuple[DbfField, ...]:
    """Write a table as ``.dbf`` with its ``.cpg``.

    Text stays text (codes keep their zeros), truth values become ``L``, whole numbers ``N`` without decimals; what
    is missing is blank.  Texts over 254 bytes are cut between two characters and reported, as are characters that
    the encoding lacks (written as 〓).

    Parameters
    ----------
    path
        The ``.dbf`` file; the ``.cpg`` goes beside it.
    table
        Columns without geometry.
    layer
        Name for the remarks.
    encoding
        ``utf-8`` or ``gbk``.
    date
        State of the data: dBASE keeps a date of last change.
    report
        Takes ``note_export_text_cut`` and ``note_export_character_missing``.

    Returns
    -------
    tuple of DbfField
        The fields as written.
    """
    names = short_names(table.columns)
    fields: list[DbfField] = []
    columns: list[np.ndarray] = []
    for column in table.columns:
        kind, decimals, cells = _cells(table, str(column), layer, encoding, report)
        width = max([1, *map(len, cells)])
        fields.append(DbfField(str(column), names[column], kind, width, decimals))
        pad = bytes.ljust if kind == "C" else bytes.rjust
        columns.append(np.array([pad(cell, width) for cell in cells], dtype=f"S{width}"))
    records = np.empty(len(table), dtype=[("mark", "S1"), *((f"f{i}", f"S{f.width}") for i, f in enumerate(fields))])
    records["mark"] = b" "
    for i, cells_of_column in enumerate(columns):
        records[f"f{i}"] = cells_of_column
    label, language_id = _NAMES[encoding]
    start = 32 + 32 * len(fields) + 1
    head = struct.pack(
        "<4BIHH17xB2x",
        *(0x03, date.year - 1900, date.month, date.day),
        *(len(table), start, records.dtype.itemsize, language_id),
    )
    describe = b"".join(
        struct.pack("<11sc4xBB14x", field.name.encode("ascii"), field.kind.encode(), field.width, field.decimals)
        for field in fields
    )
    path.write_bytes(head + describe + b"\r" + records.tobytes() + b"\x1a")
    path.with_suffix(".cpg").write_bytes(label.encode())
    return tuple(fields)


def _cells(
    table: pd.DataFrame, column: str, layer: str, encoding: Encoding, report: QualityReport
) -> tuple[str, int, list[bytes]]:
    values = table[column]
    missing = values.isna().to_numpy()
    if pd.api.types.is_bool_dtype(values):
        return "L", 0, [b"?" if gone else b"T" if v else b"F" for v, gone in zip(values, missing)]
    if pd.api.types.is_integer_dtype(values):
        return "N", 0, [b"" if gone else str(int(v)).encode() for v, gone in zip(values, missing)]
    if pd.api.types.is_float_dtype(values):
        decimals = _FLOAT_DECIMALS.get(column, 6)
        finite = np.isfinite(values.to_numpy(dtype=float, na_value=np.nan))
        return "N", decimals, [f"{v:.{decimals}f}".encode() if ok else b"" for v, ok in zip(values, finite)]
    ids = _labels(table)
    cells = []
    for value, gone, id_ in zip(values, missing, ids):
        text = "" if gone else " ".join(str(value).split())
        cells.append(_encode(text, encoding, report, layer=layer, id=str(id_), column=column))
    return "C", 0, cells


def _labels(table: pd.DataFrame) -> list[str]:
    """What to call each row in a remark: its id, grid or code, else its number."""
    label = pd.Series(pd.NA, index=table.index, dtype=object)
    for column in ("id", "grid", "old", "new", "code"):
        if column in table.columns:
            label = label.where(label.notna(), table[column])
    return [str(i + 1) if pd.isna(value) else str(value) for i, value in enumerate(label)]


def _encode(text: str, encoding: Encoding, report: QualityReport, *, layer: str, id: str, column: str) -> bytes:
    try:
        whole = text.encode(encoding)
    except UnicodeEncodeError:
        shown = "".join(c if _has(c, encoding) else MISSING_SIGN for c in text)
        report.add("note_export_character_missing", layer, id, text, shown, column=column, allowed=_NAMES[encoding][0])
        whole = shown.encode(encoding)
    if len(whole) <= LONGEST_TEXT:
        return whole
    kept = whole[:LONGEST_TEXT].decode(encoding, errors="ignore")
    report.add("note_export_text_cut", layer, id, text, kept, column=column, measured=len(whole), allowed=LONGEST_TEXT)
    return kept.encode(encoding)


def _has(character: str, encoding: Encoding) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
