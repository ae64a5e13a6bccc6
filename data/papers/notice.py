"""The notice sheet for departments (变更通知单): one page, what changes from when and whom to ask; codes behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from data.papers.changes import count_by_relation, listed_codes, moved_of
from data.papers.facts import Facts
from data.papers.lineage import Change, changes_of, crosswalk_of, with_crosswalk
from data.papers.options import PaperOptions
from data.papers.register import title_of
from data.papers.words import Words
from data.papers.workbook import (
    Column,
    Sheet,
    add_sheet,
    day,
    new_workbook,
    plan_line,
    put,
    save_workbook,
    set_up_page,
    width_of,
)
from gis.territory import Territory
from partition.crosswalk import RELATIONS
from partition.filed import FiledPlan

_ON_PAGE = 24
"""So many changed codes fit the page; with more, all of them are on the sheet behind it."""
_WIDTHS = (13, 24, 24, 34)
_LINE_POINTS = 17


def write_notice(
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    old: FiledPlan | None = None,
    language: str = "zh",
    options: PaperOptions | None = None,
) -> None:
    """Write the notice as XLSX: one A4 page to hand out, and a sheet with every code that changes.

    Parameters
    ----------
    filed, territory
        The plan and the land it was drawn on.
    path
        File to write; it appears whole or not at all.
    old
        The plan before, where ``filed`` has no crosswalk from it.
    language
        ``zh`` or ``en``.
    options
        The day the codes hold from, the office to ask; lines to fill in by hand where not given.

    Raises
    ------
    InputError
        What `partition.compare.compare` finds wrong with the two plans.
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    words, options = Words(language), options or PaperOptions()
    facts = Facts(with_crosswalk(filed, old, territory), territory, words)
    changes = changes_of(crosswalk_of(facts.filed))
    told = [change for change in changes if change.relation != "kept"]
    book = new_workbook()
    _page(book, facts, options, changes, told)
    add_sheet(book, _annex(facts, told), filed.meta, words, "A4")
    save_workbook(book, path, filed.meta)


def _page(book: Workbook, facts: Facts, options: PaperOptions, changes: Sequence[Change], told: list[Change]) -> None:
    words, meta = facts.words, facts.meta
    page = book.create_sheet(words("sheet_notice"))
    for letter, width in zip("ABCD", _WIDTHS):
        page.column_dimensions[letter].width = width
    put(page.cell(1, 1), title_of(facts, "notice_title"), "gw title")
    put(page.cell(2, 1), plan_line(meta, words), "gw line")
    page.row_dimensions[1].height = 28
    row = 3
    for line in _lines(facts, options, changes):
        row = _paragraph(page, row, line)
    heads = ("relation", "old_codes", "new_codes", "new_name")
    for j, head in enumerate(heads, start=1):
        put(page.cell(row, j), words(f"col_{head}"), "gw head")
    name = dict(zip(facts.filed.grids["code"], facts.filed.grids["name"]))
    for change in told[:_ON_PAGE]:
        row += 1
        old, new = _both(change, words)
        cells = (words.of("relation", change.relation), old, new, name.get(change.new))
        for j, value in enumerate(cells, start=1):
            put(page.cell(row, j), value, "gw code" if j in (2, 3) else "gw text")
    row += 1
    if len(told) > _ON_PAGE:
        row = _paragraph(page, row, words("notice_more", n=len(told), shown=_ON_PAGE, sheet=words("sheet_annex")))
    row = _paragraph(page, row, words("notice_ask", office=options.office or words("notice_blank")))
    set_up_page(page, meta, words, "A4", portrait=True)
    page.page_setup.fitToHeight = 1
    page.print_area = f"A1:D{row - 1}"


def _lines(facts: Facts, options: PaperOptions, changes: Sequence[Change]) -> list[str]:
    """What the page says above its table."""
    words, meta = facts.words, facts.meta
    start = day(options.effective_from or meta.get("effective_from", "")) or words("notice_blank")
    n_new = len(facts.filed.grids)
    lines = [words("notice_from", date=start, plan=meta.get("plan_id", ""))]
    if facts.filed.crosswalk is None:
        lines.append(words("notice_first", n=n_new, communities=facts.filed.grids["community"].nunique()))
    else:
        counts = count_by_relation(changes)
        n_old = sum(old for _, old, _ in counts.values())
        parts = [
            words("notice_count", relation=words.of("relation", relation), n=counts[relation][0])
            for relation in RELATIONS
            if counts[relation][0]
        ]
        lines.append(words("notice_before_after", before=n_old, after=n_new))
        lines.append(words("notice_counts", counts=words("list_joint").join(parts)))
        households, buildings = moved_of(changes)
        lines.append(words("notice_moved", households=households, buildings=buildings))
    lines.append(words("notice_do"))
    return lines


def _paragraph(page: Worksheet, row: int, text: str) -> int:
    """One line of text across the page, as high as it needs; the next free row."""
    page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(_WIDTHS))
    put(page.cell(row, 1), text, "gw body")
    n_lines = -(-width_of(text) // (sum(_WIDTHS) - 8))
    page.row_dimensions[row].height = 5 + _LINE_POINTS * n_lines
    return row + 1


def _both(change: Change, words: Words) -> tuple[str, str]:
    """Old and new codes of one row: a grid that was not carried on points to what took its place."""
    others = listed_codes(change.others, words, 6)
    if change.old and change.new:
        return change.old, change.new
    return (others, change.new) if change.new else (change.old, others)


def _annex(facts: Facts, told: Sequence[Change]) -> Sheet:
    words, grids = facts.words, facts.filed.grids
    name = dict(zip(grids["code"], grids["name"]))
    size = dict(zip(grids["code"], grids["households"].tolist()))
    rows = []
    for change in told:
        old, new = _both(change, words)
        rows.append((words.of("relation", change.relation), old, new, name.get(change.new), size.get(change.new)))
    columns = (
        *(Column("relation"), Column("old_codes", "code"), Column("new_codes", "code")),
        *(Column("new_name"), Column("households", "int")),
    )
    return Sheet("annex", title_of(facts, "annex_title"), columns, rows, portrait=True)
