"""The notice sheet for departments (变更通知单): one page, what changes from when and whom to ask; codes behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from data.papers.changes import counted, moved_of
from data.papers.facts import Facts, listed_codes, title_of
from data.papers.lineage import CARRIED, Change, changes_of, crosswalk_of, with_crosswalk
from data.papers.options import PaperOptions
from data.papers.words import Words
from data.papers.workbook import (
    Column,
    Sheet,
    add_sheet,
    day,
    new_workbook,
    plan_line,
    put,
    row_height,
    save_workbook,
    set_up_page,
    width_of,
)
from gis.territory import Territory
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
    told = _told(changes)
    book = new_workbook(words)
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
        after = _after(change)
        named = name.get(after[0]) if after else None
        cells = (words.of("relation", change.relation), change.old, listed_codes(after, words, 4), named)
        page.row_dimensions[row].height = row_height(cells, _WIDTHS)
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
    is_first = facts.filed.crosswalk is None
    lines = [words("notice_from_first" if is_first else "notice_from", date=start, plan=meta.get("plan_id", ""))]
    if is_first:
        lines.append(words("notice_first", n=n_new, communities=facts.filed.grids["community"].nunique()))
    else:
        kept, carried = (sum(c.relation == relation for c in changes) for relation in CARRIED)
        n_old, n_new = (sum(bool(code) for code in codes) for codes in zip(*((c.old, c.new) for c in changes)))
        ended, fresh = n_old - kept - carried, n_new - kept - carried
        lines.append(words("notice_before_after", before=n_old, after=n_new))
        lines.append(words("notice_counts", kept=kept, changed=carried, ended=ended, fresh=fresh))
        lines.append(words("notice_moved", what=counted(moved_of(changes), words)))
    lines.append(words("notice_do"))
    return lines


def _paragraph(page: Worksheet, row: int, text: str) -> int:
    """One line of text across the page, as high as it needs; the next free row."""
    page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(_WIDTHS))
    put(page.cell(row, 1), text, "gw body")
    n_lines = -(-width_of(text) // (sum(_WIDTHS) - 8))
    page.row_dimensions[row].height = 5 + _LINE_POINTS * n_lines
    return row + 1


def _told(changes: Sequence[Change]) -> list[Change]:
    """The changes by old code, codes that end first, then new grids on ground without one; kept grids are no news.

    A new grid that was made of old ones is told where those are.
    """
    ended = [c for c in changes if c.old and not c.new]
    carried = [c for c in changes if c.old and c.new and c.relation != "kept"]
    fresh = [c for c in changes if not c.old and not c.came]
    return [*ended, *carried, *fresh]


def _after(change: Change) -> tuple[str, ...]:
    """Where the ground of a change is now: the grid that carries it on first."""
    return ((change.new,) if change.new else ()) + change.went


def _annex(facts: Facts, told: Sequence[Change]) -> Sheet:
    words, grids = facts.words, facts.filed.grids
    name = dict(zip(grids["code"], grids["name"]))
    size = dict(zip(grids["code"], grids["households"].tolist()))
    rows = []
    for change in told:
        after = _after(change)
        main = after[0] if after else ""
        relation = words.of("relation", change.relation)
        rows.append((relation, change.old, listed_codes(after, words), name.get(main), size.get(main)))
    columns = (
        *(Column("relation"), Column("old_codes", "code"), Column("new_codes", "code")),
        *(Column("new_name"), Column("households", "int")),
    )
    return Sheet("annex", title_of(facts, "annex_title"), columns, rows, portrait=True)
