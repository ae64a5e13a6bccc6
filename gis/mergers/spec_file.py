"""Changes out of a CSV, XLSX or text file: a table of old and new codes (新旧代码对照表), or one change a line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gis.errors import Fault, InputError
from gis.mergers.specs import Change, Part, read_specs, split_ids
from gis.readers.encoding import read_text
from gis.readers.tables import Sheet, read_csv, read_xlsx
from gis.report import QualityReport

_HEADERS = {
    "spec": ("spec", "change", "变更", "变更内容", "调整", "调整内容"),
    "old": ("old", "oldcode", "old_code", "旧代码", "原代码", "旧编码", "原编码", "调整前代码", "撤并前代码"),
    "new": ("new", "newcode", "new_code", "新代码", "现代码", "新编码", "现编码", "调整后代码", "撤并后代码"),
    "name": ("name", "newname", "new_name", "新名称", "现名称", "新村名", "调整后名称", "撤并后名称"),
    "units": ("units", "ids", "unit", "单元", "单元编号", "村民小组", "楼栋"),
    "status": ("status", "remark", "备注", "状态"),
}
_REVOKED = "已撤销"


def read_spec_file(path: Path, report: QualityReport | None = None) -> tuple[Change, ...]:
    """Read a file of changes.

    A table has the columns old and new (旧代码, 新代码), and where known name (新名称) and units (单元): one row for
    each part of an old village; a row without units is its rest.  A row without a new code, or marked 已撤销, is a
    number to remember as revoked.  A table with a column spec (变更), and a ``.txt`` file with one change a line
    (``#`` begins a remark), hold changes as `read_specs` takes them.

    Raises
    ------
    InputError
        ``merger_file_kind``, ``merger_file_columns``, ``merger_spec_malformed``, and what the table readers find.
    """
    path = Path(path)
    report = QualityReport() if report is None else report
    suffix = path.suffix.lower()
    if suffix == ".txt":
        lines = [line.split("#")[0].strip() for line in read_text(path, None)[0].splitlines()]
        return read_specs([line for line in lines if line])
    if suffix == ".csv":
        sheets = [read_csv(path, report)]
    elif suffix == ".xlsx":
        sheets = read_xlsx(path, report)
    else:
        raise InputError("merger_file_kind", file=path.name, measured=suffix or path.name, allowed=".csv, .xlsx, .txt")
    for sheet in sheets:
        found = _columns(sheet)
        if "spec" in found:
            return read_specs([text for text in sheet.table[found["spec"]].tolist() if text])
        if {"old", "new"} <= found.keys():
            return _from_rows(sheet.table, found, path.name)
    shown = ", ".join(str(column) for sheet in sheets for column in sheet.table.columns)[:200]
    raise InputError("merger_file_columns", file=path.name, measured=shown, allowed="old, new / 旧代码, 新代码")


def _columns(sheet: Sheet) -> dict[str, str]:
    """Role to column of a table."""
    found: dict[str, str] = {}
    for column in sheet.table.columns:
        plain = str(column).replace(" ", "").lower()
        for role, words in _HEADERS.items():
            if plain in words:
                found.setdefault(role, column)
    return found


def _from_rows(table: pd.DataFrame, found: dict[str, str], file: str) -> tuple[Change, ...]:
    """Rows of old and new codes as changes: villages that end together, alone or in pieces."""
    faults: list[Fault] = []
    changes: list[Change] = []
    whole: dict[str, list[Part]] = {}
    pieces: dict[str, list[Part]] = {}
    where: dict[str, str] = {}
    cells = {role: table[column].tolist() for role, column in found.items()}
    rows: list[Part] = []
    for k, number in enumerate(table.index):
        values = {role: (cells[role][k] or "").strip() for role in cells}
        old, new = values["old"], values["new"]
        spec = f"{file} {number}: {old} = {new}"
        if not old:
            faults.append(Fault("merger_spec_malformed", {"spec": spec, "measured": old or "..."}))
            continue
        if not new or _REVOKED in "".join(values.values()):
            changes.append(Change("revoked", spec, (Part(old, ""),)))
            continue
        rows.append(Part(old, new, values.get("name", ""), split_ids(values.get("units", ""))))
        where.setdefault(old, spec)
    n_rows = {part.old: 0 for part in rows}
    for part in rows:
        n_rows[part.old] += 1
    for part in rows:
        if n_rows[part.old] == 1 and part.is_rest:
            whole.setdefault(part.new, []).append(part)
        else:
            pieces.setdefault(part.old, []).append(part)
    for old, parts in pieces.items():
        if sum(part.is_rest for part in parts) > 1:
            facts = {"spec": where[old], "measured": f"{old}: {n_rows[old]}"}
            faults.append(Fault("merger_spec_malformed", facts))
        changes.append(Change("split", where[old], tuple(parts)))
    changes += [Change("merge", where[parts[0].old], tuple(parts)) for parts in whole.values()]
    if faults:
        raise InputError.of(faults)
    return tuple(changes)
