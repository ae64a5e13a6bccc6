"""The register of grids (网格台账): one row a grid with everything an office keeps about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.papers.about import about_sheet
from data.papers.comments import comments_sheet
from data.papers.facts import Facts, listed_codes, title_of
from data.papers.lineage import with_crosswalk
from data.papers.options import PaperOptions
from data.papers.staffing import Role, count_by_grid
from data.papers.words import Words
from data.papers.workbook import Column, Sheet, day, write_workbook
from gis.territory import Territory
from partition.filed import FiledPlan

_BEFORE_ROLES = (
    Column("code", "code"),
    Column("name"),
    Column("kind"),
    Column("town"),
    Column("community"),
    Column("community_code", "code"),
    Column("boundary", "long"),
    Column("area_m2", "area"),
    Column("households", "int"),
    Column("population", "int"),
    Column("buildings", "int"),
    Column("n_key_places", "int"),
    Column("key_places", "long"),
    Column("posts"),
)
_AFTER_ROLES = (
    Column("reason", "flag"),
    Column("old_codes", "code"),
    Column("drawn", "date"),
    Column("start", "date"),
    Column("end", "date"),
    Column("plan", "code"),
)
_ADDED_UP = ("area_m2", "households", "population", "buildings", "n_key_places")


def write_register(
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    old: FiledPlan | None = None,
    language: str = "zh",
    options: PaperOptions | None = None,
) -> None:
    """Write the register as XLSX (A3 across).

    Codes are text; what is not known is empty.  Same plan, territory and options: same bytes.

    Parameters
    ----------
    filed, territory
        The plan and the land it was drawn on.
    path
        File to write; it appears whole or not at all.
    old
        The plan before, for old codes where ``filed`` has no crosswalk of its own.
    language
        ``zh`` or ``en``.
    options
        Staffing, dates, comments.

    Raises
    ------
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    words, options = Words(language), options or PaperOptions()
    facts = Facts(with_crosswalk(filed, old, territory), territory, words)
    said = (comments_sheet(facts, options.comments),) if options.comments else ()
    sheets = (_register_sheet(facts, options), *said, about_sheet(facts, options, "register"))
    write_workbook(path, sheets, filed.meta, words, paper="A3")


def _register_sheet(facts: Facts, options: PaperOptions) -> Sheet:
    grids, words = facts.filed.grids, facts.words
    n = len(grids)
    n_places, place_names = facts.key_places()
    population: Sequence[int | None] = grids["population"].tolist() if facts.has_population else [None] * n
    values: dict[str, Sequence[Any]] = {
        "code": grids["code"].tolist(),
        "name": grids["name"].tolist(),
        "kind": [facts.kind_word(kind) for kind in grids["kind"]],
        "town": facts.of_community("town"),
        "community": facts.of_community("name"),
        "community_code": grids["community"].tolist(),
        "boundary": facts.boundary_sentences(),
        "area_m2": np.round(grids["area_m2"].to_numpy(dtype=float), 2).tolist(),
        "households": grids["households"].tolist(),
        "population": population,
        "buildings": grids["buildings"].tolist() if facts.has_buildings else [None] * n,
        "n_key_places": n_places,
        "key_places": place_names,
        "posts": facts.posts_inside(),
        "reason": facts.reasons(),
        "old_codes": [listed_codes(codes, words) for codes in facts.old_codes()],
        "drawn": [day(facts.meta.get("created_at", ""))] * n,
        "start": [day(options.effective_from or facts.meta.get("effective_from", ""))] * n,
        "end": [day(options.effective_to or facts.meta.get("effective_to", ""))] * n,
        "plan": [facts.meta.get("plan_id", "")] * n,
    }
    columns = list(_BEFORE_ROLES)
    added_up = list(_ADDED_UP)
    for role in (role for role in options.staffing.roles if role.per == "grid"):
        for column, numbers in _role_columns(facts, role, n):
            columns.append(column)
            values[column.key] = numbers
            added_up.append(column.key)
    columns.extend(_AFTER_ROLES)
    totals: list[Any] = [words("total"), words("n_grids", n=n)] + [None] * (len(columns) - 2)
    for j, column in enumerate(columns):
        if column.key in added_up and any(v is not None for v in values[column.key]):
            totals[j] = sum(v for v in values[column.key] if v is not None)
    rows = list(zip(*(values[column.key] for column in columns)))
    return Sheet("register", title_of(facts, "register_title"), tuple(columns), rows, totals)


def _role_columns(facts: Facts, role: Role, n: int) -> list[tuple[Column, Sequence[int | None]]]:
    name = facts.words(f"role_{role.key}")
    filled = count_by_grid(role, facts.territory["posts"], facts.places, n)
    known: Sequence[int | None] = [None] * n if filled is None else filled.tolist()
    return [
        (Column(f"required_{role.key}", "int", facts.words("col_required", role=name)), [role.required] * n),
        (Column(f"filled_{role.key}", "int", facts.words("col_filled", role=name)), known),
    ]
