"""Rows of rosters as offices write them: `1-10幢` in one row, one cell merged over several, addresses in parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gis.apportion import share_whole
from gis.readers.faults import named
from gis.readers.values import narrow, to_numbers
from gis.report import QualityReport

MAX_RANGE = 200
_WORD = r"(?:幢|栋|号楼|號樓|棟|座|楼|樓)"
_RANGE = re.compile(rf"^(.*?)(\d{{1,4}})\s*{_WORD}?\s*(?:-|–|—|~|～|至|到)\s*(\d{{1,4}})\s*({_WORD})$")
_LIST = re.compile(rf"^(.*?)(\d{{1,4}}(?:\s*{_WORD}?\s*[、,，;；]\s*\d{{1,4}})+)\s*({_WORD})$")
_BARE_RANGE = re.compile(r"^()(\d{1,4})\s*(?:-|–|—|~|～|至|到)\s*(\d{1,4})()$")
_BARE_LIST = re.compile(r"^()(\d{1,4}(?:\s*[、,，;；]\s*\d{1,4})+)()$")
_COUNTS = ("households", "population")


def expand_building(text: str, *, bare: bool = False) -> list[str]:
    """The single buildings a text names.

    ``1-10幢``, ``1至3号楼`` and ``1、3、5栋`` are several; everything else, ``346-15号`` included, is one.

    Parameters
    ----------
    text
        A cell.
    bare
        Whether the cell stands in a column of building numbers, so that ``1-3`` without a word is a range too.
    """
    plain = narrow(text)
    found = _RANGE.match(plain) or (_BARE_RANGE.match(plain) if bare else None)
    if found:
        first, last = int(found[2]), int(found[3])
        if first < last <= first + MAX_RANGE:
            return [f"{found[1]}{n}{found[4]}" for n in range(first, last + 1)]
        return [plain]
    found = _LIST.match(plain) or (_BARE_LIST.match(plain) if bare else None)
    if found:
        numbers = dict.fromkeys(int(n) for n in re.findall(r"\d+", found[2]))
        return [f"{found[1]}{n}{found[3]}" for n in numbers]
    return [plain]


def expand_ranges(table: pd.DataFrame, report: QualityReport, *, layer: str, file: str) -> pd.DataFrame:
    """One row a building: rows that name several are repeated, their counts shared equally in whole numbers."""
    column = "building" if "building" in table.columns else "text" if "text" in table.columns else None
    if column is None:
        return table
    texts = [t if isinstance(t, str) else "" for t in table[column]]
    buildings = [expand_building(t, bare=column == "building") if t else [t] for t in texts]
    copies = np.array([len(b) for b in buildings], dtype=np.int64)
    if (copies == 1).all():
        return table
    rows = np.repeat(np.arange(len(table)), copies)
    out = table.iloc[rows].copy()
    out[column] = [b or None for several in buildings for b in several]
    for count in _COUNTS:
        if count in table.columns:
            numbers, bad = to_numbers(table[count])
            whole = ~bad & np.isfinite(numbers) & (numbers == np.floor(numbers)) & (copies > 1) & (numbers >= 0)
            totals = np.where(whole, numbers, 0).astype(np.int64)
            shares = share_whole(np.ones(len(rows)), rows.astype(np.int64), totals)
            values = out[count].to_numpy(dtype=object)
            values[whole[rows]] = shares[whole[rows]]
            out[count] = values
    if "id" in table.columns:
        step = np.arange(len(rows)) - np.repeat(np.cumsum(copies) - copies, copies) + 1
        several = copies[rows] > 1
        ids = out["id"].to_numpy(dtype=object)
        out["id"] = [f"{i}-{s}" if m and isinstance(i, str) else i for i, s, m in zip(ids, step, several)]
    ranges = [f"{r}: {t}" for r, t, n in zip(table.index, texts, copies) if n > 1]
    report.add("repair_ranges_expanded", layer, before=int((copies > 1).sum()), after=int(copies[copies > 1].sum()),
               file=file, rows=named(ranges))  # fmt: skip
    return out


def spread_merged(
    table: pd.DataFrame, runs: dict[str, list[tuple[int, ...]]], report: QualityReport, *, layer: str, file: str
) -> pd.DataFrame:
    """Fill cells that one merged cell covered: texts are repeated, counts are shared equally in whole numbers.

    Parameters
    ----------
    table
        Columns in the names of the schema; the index is the row number in the file.
    runs
        Per column, rows under one merged cell, the first holding the value.
    """
    out = table.copy()
    filled = 0
    for column, groups in runs.items():
        if column not in out.columns:
            continue
        for rows in groups:
            value = out.at[rows[0], column]
            if value is None or any(out.at[r, column] is not None for r in rows[1:]):
                continue
            values: Sequence[object] = [value] * len(rows)
            number, bad = to_numbers(pd.Series([value], dtype=object))
            if column in _COUNTS and not bad[0] and np.isfinite(number[0]) and number[0] == int(number[0]) >= 0:
                total = np.array([int(number[0])])
                shares = share_whole(np.ones(len(rows)), np.zeros(len(rows), dtype=np.int64), total)
                values = [str(s) for s in shares]
            for row, v in zip(rows, values):
                out.at[row, column] = v
            filled += len(rows) - 1
    if filled:
        report.add("repair_merged_cells", layer, before=sum(map(len, runs.values())), after=filled, file=file)
    return out


def compose_address(parts: dict[str, list[str | None]], n: int) -> list[str | None]:
    """Address texts out of street, number, estate and building, Chinese from large to small, else ``12 MAIN ST``."""

    def part(name: str, i: int) -> str:
        return (parts[name][i] or "") if name in parts else ""

    out: list[str | None] = []
    for i in range(n):
        street, number, estate, building = (part(p, i) for p in ("street", "number", "estate", "building"))
        if re.search(r"[一-鿿]", street + estate + building):
            number += "号" if number.isdigit() else ""
            building += "幢" if building.isdigit() else ""
            text = f"{street}{number}{estate}{building}"
        else:
            text = " ".join(t for t in (building or number, street or estate) if t)
        out.append(text or None)
    return out


def address_key(text: object) -> str:
    """An address for comparing: narrow, lower case, no blanks, one word for building."""
    if not isinstance(text, str):
        return ""
    plain = re.sub(r"[\s,，.。\-#()（）]+", "", narrow(text).lower())
    return re.sub(r"(栋|棟|号楼|號樓|座|楼|樓)$", "幢", plain)
