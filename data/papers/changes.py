"""The change list (变更清单): what became of every grid of both plans, with counts that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.papers.about import about_sheet
from data.papers.comments import comments_sheet
from data.papers.facts import Facts, listed_codes, title_of
from data.papers.lineage import CARRIED, Change, changes_of, crosswalk_of, with_crosswalk
from data.papers.options import PaperOptions
from data.papers.words import Words
from data.papers.workbook import Column, Sheet, write_workbook
from gis.territory import Territory
from partition.crosswalk import RELATIONS
from partition.filed import FiledPlan


def write_change_list(
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    old: FiledPlan | None = None,
    language: str = "zh",
    options: PaperOptions | None = None,
) -> None:
    """Write the change list as XLSX (A4 across).

    A grid that was carried on is one row with both codes; every other grid of either plan is one row with one code.
    So kept + changed + split + merged + new + retired is every grid of both plans, carried ones once.  A first plan
    has new grids only.

    Parameters
    ----------
    filed, territory
        The plan and the land it was drawn on.
    path
        File to write; it appears whole or not at all.
    old
        The plan before; needed for the names of old grids, and for the changes where ``filed`` has no crosswalk.
    language
        ``zh`` or ``en``.
    options
        Dates, comments.

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
    said = (comments_sheet(facts, options.comments),) if options.comments else ()
    sheets = (_list(facts, changes, old), _counts(facts, changes), *said, about_sheet(facts, options, "changes"))
    write_workbook(path, sheets, filed.meta, words)


def count_by_relation(changes: Sequence[Change]) -> dict[str, tuple[int, int, int]]:
    """Per relation: rows, old grids, new grids."""
    counts = dict.fromkeys(RELATIONS, (0, 0, 0))
    for change in changes:
        rows, old, new = counts[change.relation]
        counts[change.relation] = (rows + 1, old + bool(change.old), new + bool(change.new))
    return counts


def moved_of(changes: Sequence[Change]) -> tuple[int, int]:
    """Households and buildings that came into a grid from another one, or from ground without grid."""
    return sum(c.gained[0] for c in changes), sum(c.gained[1] for c in changes)


def counted(households_buildings: tuple[int, int], words: Words) -> str:
    """Households and buildings in words; buildings only where there are any."""
    households, buildings = households_buildings
    parts = [words("n_households", n=households), *([words("n_buildings", n=buildings)] if buildings else [])]
    return words("list_joint").join(parts)


def communities_of(filed: FiledPlan | None) -> Mapping[str, str]:
    """Code of a grid to the code of its community."""
    return {} if filed is None else dict(zip(filed.grids["code"], filed.grids["community"]))


def _list(facts: Facts, changes: Sequence[Change], old: FiledPlan | None) -> Sheet:
    words, grids = facts.words, facts.filed.grids
    name = dict(zip(grids["code"], grids["name"]))
    size = dict(zip(grids["code"], grids["households"].tolist()))
    old_name = {} if old is None else dict(zip(old.grids["code"], old.grids["name"]))
    called = dict(zip(facts.communities["code"], facts.communities["name"]))
    community, before = communities_of(facts.filed), communities_of(old)
    rows = []
    for change in changes:
        where = community.get(change.new) or before.get(change.old, "")
        rows.append(
            (
                words.of("relation", change.relation),
                change.old,
                old_name.get(change.old),
                change.new,
                name.get(change.new),
                called.get(where) or where,
                listed_codes(change.came, words),
                listed_codes(change.went, words),
                size.get(change.new),
                *_pair(change.gained if change.new else None, facts),
                *_pair(change.lost if change.old else None, facts),
                _why(change, community, before, called, words),
            )
        )
    columns = (
        *(Column("relation"), Column("old_code", "code"), Column("old_name"), Column("new_code", "code")),
        *(
            Column("new_name"),
            Column("community"),
            Column("came", "code"),
            Column("went", "code"),
            Column("households", "int"),
        ),
        *(Column("households_in", "int"), Column("buildings_in", "int")),
        *(Column("households_out", "int"), Column("buildings_out", "int"), Column("why", "long")),
    )
    totals: list[Any] = [words("total"), words("n_rows", n=len(rows))] + [None] * (len(columns) - 2)
    for j, column in enumerate(columns):
        if column.kind == "int" and any(row[j] is not None for row in rows):
            totals[j] = sum(row[j] for row in rows if row[j] is not None)
    return Sheet("changes", title_of(facts, "changes_title"), columns, rows, totals)


def _pair(counts: tuple[int, int] | None, facts: Facts) -> tuple[int | None, int | None]:
    """Households and buildings; empty where there is no such grid, or nobody knows of buildings."""
    if counts is None:
        return None, None
    return counts[0], counts[1] if facts.has_buildings else None


def _why(
    change: Change, community: Mapping[str, str], before: Mapping[str, str], called: Mapping[str, str], words: Words
) -> str:
    """What the tables themselves say about the reason."""
    told = []
    a, b = before.get(change.old, ""), community.get(change.new, "")
    if a and b and a != b:
        told.append(words("why_community", old=called.get(a) or a, new=called.get(b) or b))
    if change.relation in CARRIED and change.old != change.new:
        told.append(words("why_code"))
    if change.relation == "changed" and change.gained != (0, 0):
        told.append(words("why_gained", what=counted(change.gained, words)))
    if change.relation == "changed" and change.lost != (0, 0):
        told.append(words("why_lost", what=counted(change.lost, words)))
    if not told:
        told.append(words(f"why_{change.relation}_{'new' if change.new else 'old'}"))
    return words("why_joint").join(told)


def _counts(facts: Facts, changes: Sequence[Change]) -> Sheet:
    words = facts.words
    counts = count_by_relation(changes)
    rows = [(words.of("relation", relation), *counts[relation]) for relation in RELATIONS]
    totals = (words("total"), *(sum(row[j] for row in rows) for j in (1, 2, 3)))
    columns = (*(Column("relation"), Column("n_rows", "int"), Column("n_old", "int"), Column("n_new", "int")),)
    return Sheet("change_counts", title_of(facts, "change_counts_title"), columns, rows, totals, portrait=True)
