"""What became of a file of incidents, as plain data and as tables: every row with its reason in both languages.

The table of refused rows has the file's own columns and is understood when it is sent again, mended; the columns added
to it say what to mend and are passed over then.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from api.i18n import sentence
from api.usecases.import_incidents import Receipt
from gis.errors import Fault

COLUMNS = ("row", "status", "id", "external", "community", "grid", "codes", "detail_zh", "detail_en")
WHY = ("gw_row", "gw_codes", "gw_zh", "gw_en")
"""Columns that the table of refused rows adds."""
_NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Words:
    """Sentences of faults; a file has few different ones."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[str, str]] = {}

    def of(self, fault: Fault) -> tuple[str, str]:
        """In Chinese and in English."""
        key = (fault.code, *fault.facts.items())
        found = self._known.get(key)
        if found is None:
            found = (sentence(fault.code, fault.facts, "zh"), sentence(fault.code, fault.facts, "en"))
            if len(self._known) < 10_000:
                self._known[key] = found
        return found


def receipt_data(receipt: Receipt, *, only_refused: bool = False) -> dict[str, Any]:
    """A receipt as plain data.

    Parameters
    ----------
    only_refused
        Rows that went well are counted and not listed.
    """
    words = _Words()
    table = receipt.table
    codes = Counter(fault.code for faults in receipt.faults.values() for fault in faults)
    return {
        "import": receipt.import_id,
        "file": table.file,
        "sheet": table.sheet,
        "encoding": table.encoding,
        "rows": len(table),
        "new": receipt.counts["new"],
        "known": receipt.counts["known"],
        "refused": receipt.counts["refused"],
        "columns": {theirs: ours for ours, theirs in sorted(table.columns.items())},
        "codes": dict(sorted(codes.items())),
        "remarks": [_told(Fault(remark.code, _facts_of(remark)), words) for remark in table.remarks],
        "receipt": [
            _row(receipt, row, words)
            for row in range(len(table))
            if not only_refused or receipt.status[row] == "refused"
        ],
    }


def receipt_csv(receipt: Receipt) -> Iterator[str]:
    """The receipt as a table, some rows at a time."""
    words = _Words()

    def lines() -> Iterator[Sequence[Any]]:
        yield COLUMNS
        for row, number in enumerate(receipt.table.numbers):
            place, said = receipt.grounds[row], _said(receipt, row)
            zh, en = zip(*map(words.of, said), strict=True) if said else ((), ())
            yield (
                number,
                receipt.status[row],
                receipt.ids[row],
                receipt.externals[row],
                place.community if place else "",
                (place.grid if place else None) or "",
                " ".join(fault.code for fault in said),
                "".join(zh),
                " ".join(en),
            )

    return _written(lines())


def refused_csv(receipt: Receipt) -> Iterator[str]:
    """The refused rows as they were sent, without columns about people, and what to mend in each."""
    words = _Words()
    headers = [header for header in receipt.table.cells if header not in WHY]

    def lines() -> Iterator[Sequence[Any]]:
        yield (*headers, *WHY)
        for row in sorted(receipt.faults):
            faults = receipt.faults[row]
            zh, en = zip(*map(words.of, faults), strict=True)
            cells = [receipt.table.cells[header][row] for header in headers]
            if row in receipt.table.broken:
                # Which cell is whose is not known: it must not pass unmended when it is sent again.
                cells = [" | ".join(filter(None, cells)), *[""] * (len(headers) - 1)]
            codes = " ".join(fault.code for fault in faults)
            yield (*cells, receipt.table.numbers[row], codes, "".join(zh), " ".join(en))

    return _written(lines())


def _row(receipt: Receipt, row: int, words: _Words) -> dict[str, Any]:
    place = receipt.grounds[row]
    return {
        "row": receipt.table.numbers[row],
        "status": receipt.status[row],
        "id": receipt.ids[row] or None,
        "external": receipt.externals[row] or None,
        "community": (place.community if place else None) or None,
        "grid": place.grid if place else None,
        "reasons": [_told(fault, words) for fault in _said(receipt, row)],
    }


def _said(receipt: Receipt, row: int) -> list[Fault]:
    """Why a row was refused; of a row that is there, what should be known of it."""
    return receipt.faults.get(row) or receipt.notes.get(row, [])


def _told(fault: Fault, words: _Words) -> dict[str, Any]:
    zh, en = words.of(fault)
    return {"code": fault.code, "message_zh": zh, "message_en": en, "facts": dict(fault.facts)}


def _facts_of(remark: Any) -> dict[str, Any]:
    return {"layer": remark.layer, "before": remark.before, "after": remark.after, **remark.facts}


def _written(lines: Iterator[Sequence[Any]]) -> Iterator[str]:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    for count, line in enumerate(lines, start=1):
        table.writerow([_safe(cell) for cell in line])
        if count % 1_000 == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _safe(cell: Any) -> Any:
    """What an office program would take for a formula gets a quote before it."""
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
