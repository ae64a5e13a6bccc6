"""Crosswalk tables (新旧代码对照表): old codes to new ones and back, for people (XLSX) and programs (CSV)."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from data.files.atomic import whole_file
from data.papers.about import about_sheet
from data.papers.facts import Facts, title_of
from data.papers.lineage import crosswalk_of, with_crosswalk
from data.papers.options import PaperOptions
from data.papers.words import Words
from data.papers.workbook import Column, Sheet, clean_text, write_workbook
from gis.errors import InputError
from gis.territory import Territory
from partition.crosswalk import invert
from partition.filed import CROSSWALK_COLUMNS, FiledPlan

_FORMULA_STARTS = ("=", "+", "-", "@")


def write_crosswalk(
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    old: FiledPlan | None = None,
    language: str = "zh",
    options: PaperOptions | None = None,
    inverse: bool = False,
) -> None:
    """Write the crosswalk as XLSX (both directions, A4) or CSV (one direction), by the suffix of ``path``.

    The CSV is UTF-8 with a byte order mark, columns of the contract (``old``, ``new``, ``households``, ...) and the
    plan version in each row.  A first plan has a row per new grid.

    Parameters
    ----------
    filed, territory
        The plan and the land it was drawn on.
    path
        File to write (``.xlsx`` or ``.csv``); it appears whole or not at all.
    old
        The plan before, where ``filed`` has no crosswalk from it.
    language
        ``zh`` or ``en``; of the XLSX.
    options
        Dates.
    inverse
        From new to old; of the CSV (the XLSX has a sheet for each).

    Raises
    ------
    InputError
        ``option_out_of_range`` (another suffix); what `partition.compare.compare` finds wrong with the two plans.
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    path = Path(path)
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise InputError("option_out_of_range", column="path", measured=path.name, allowed=".xlsx, .csv")
    filed = with_crosswalk(filed, old, territory)
    table = crosswalk_of(filed)
    if path.suffix.lower() == ".csv":
        _write_csv(invert(table) if inverse else table, path, filed.meta.get("plan_id", ""))
        return
    words, options = Words(language), options or PaperOptions()
    facts = Facts(filed, territory, words)
    names = dict(zip(filed.grids["code"], filed.grids["name"]))
    before = {} if old is None else dict(zip(old.grids["code"], old.grids["name"]))
    sheets = (
        _sheet(facts, options, "old_to_new", table, before, names),
        _sheet(facts, options, "new_to_old", invert(table), names, before),
        about_sheet(facts, options, "crosswalk"),
    )
    write_workbook(path, sheets, filed.meta, words)


def _sheet(
    facts: Facts, options: PaperOptions, key: str, table: pd.DataFrame, first: dict[str, str], second: dict[str, str]
) -> Sheet:
    """One direction; in the inverse table ``old`` stands for the code one starts from, the new one."""
    words = facts.words
    sides = ("old", "new") if key == "old_to_new" else ("new", "old")
    start = options.effective_from or facts.meta.get("effective_from", "")
    rows = [
        (
            row.old,
            first.get(str(row.old)),
            row.new,
            second.get(str(row.new)),
            row.households,
            row.buildings if facts.has_buildings else None,
            row.share_of_old if row.old else None,
            row.share_of_new if row.new else None,
            words.of("relation", str(row.relation)),
            start,
        )
        for row in table.itertuples(index=False)
    ]
    columns = (
        *(Column(f"{sides[0]}_code", "code"), Column(f"{sides[0]}_name"), Column(f"{sides[1]}_code", "code")),
        *(Column(f"{sides[1]}_name"), Column("households", "int"), Column("buildings", "int")),
        *(Column(f"share_of_{sides[0]}", "share"), Column(f"share_of_{sides[1]}", "share"), Column("relation")),
        Column("start"),
    )
    totals = (
        *(words("total"), words("n_rows", n=len(rows)), None, None),
        int(table["households"].sum()),
        int(table["buildings"].sum()) if facts.has_buildings else None,
        *(None, None, None, None),
    )
    return Sheet(key, title_of(facts, f"{key}_title"), columns, rows, totals)


def _write_csv(table: pd.DataFrame, path: Path, plan: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*CROSSWALK_COLUMNS, "plan"])
    for row in table[list(CROSSWALK_COLUMNS)].itertuples(index=False):
        writer.writerow([*(_cell(value) for value in row), _cell(plan)])
    with whole_file(path) as place:
        place.write_bytes(out.getvalue().encode("utf-8-sig"))


def _cell(value: object) -> str:
    """Text of one value; what an office program would take for a formula gets a quote before it."""
    if isinstance(value, str) or value is None:
        text = clean_text(value)
        return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
    return repr(float(value)) if isinstance(value, float) else str(int(str(value)))
