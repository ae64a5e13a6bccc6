"""Staffing in the statistics: every template over the whole territory, and its roles by town."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.papers.facts import Facts, title_of
from data.papers.options import PaperOptions
from data.papers.staffing import (
    TEMPLATES,
    Role,
    Template,
    count_by_community,
    count_by_grid,
    required_by_community,
    shortfall,
)
from data.papers.workbook import Column, Sheet
from gis.graph import IntArray


def staffing_sheets(facts: Facts, options: PaperOptions) -> tuple[Sheet, Sheet]:
    """The templates filled by count, and their roles by town."""
    templates = list((dict(TEMPLATES) | {options.staffing.key: options.staffing}).values())
    return _by_template(facts, templates), _by_town(facts, templates)


def _by_template(facts: Facts, templates: list[Template]) -> Sheet:
    words, n_grids = facts.words, len(facts.filed.grids)
    rows: list[tuple[Any, ...]] = []
    for template in templates:
        for role in template.roles:
            required, filled = _of_towns(facts, role)
            rows.append(
                (
                    words.of("template", template.key),
                    words.of("role", role.key),
                    words(f"per_{role.per}", n=role.required),
                    int(required.sum()),
                    None if filled is None else int(filled.sum()),
                    _missing(facts, role, required, filled),
                    None if filled is None or not n_grids else round(int(filled.sum()) / n_grids, 2),
                )
            )
    columns = (
        *(Column("template"), Column("role"), Column("rule")),
        *(Column("required", "int", words("col_required_plain")), Column("filled", "int", words("col_filled_plain"))),
        *(Column("missing", "int"), Column("per_grid", "ratio")),
    )
    return Sheet("staffing", title_of(facts, "staffing_title"), columns, rows, portrait=True)


def _missing(facts: Facts, role: Role, required: IntArray, filled: IntArray | None) -> int | None:
    """Open places, added up over grids where they are counted by grid, else over towns."""
    if filled is None:
        return None
    if role.per == "grid":
        n = len(facts.filed.grids)
        by_grid = count_by_grid(role, facts.territory["posts"], facts.places, n)
        if by_grid is not None:
            return sum(shortfall([role.required] * n, by_grid.tolist()))
    return sum(shortfall(required.tolist(), filled.tolist()))


def _of_towns(facts: Facts, role: Role) -> tuple[IntArray, IntArray | None]:
    """Required and filled places by town; filled is ``None`` where the posts do not say."""
    names, group = facts.towns
    n = len(facts.communities)
    households = facts.filed.grids["households"].to_numpy(dtype=np.float64)
    posts = facts.territory["posts"]
    required = required_by_community(
        role,
        posts,
        facts.places,
        np.bincount(facts.community_of_grid, minlength=n).astype(np.int64),
        np.bincount(facts.community_of_grid, households, n).astype(np.int64),
    )
    filled = count_by_community(role, posts, facts.places, n)

    def added(values: IntArray) -> IntArray:
        return np.bincount(group, values.astype(np.float64), len(names)).astype(np.int64)

    return added(required), None if filled is None else added(filled)


def _by_town(facts: Facts, templates: list[Template]) -> Sheet:
    """One row a town; roles that stand in several templates with one rule are told once."""
    words = facts.words
    names, group = facts.towns
    columns = [Column("town"), Column("communities", "int"), Column("grids", "int")]
    of_town = group[facts.community_of_grid]
    values: list[list[Any]] = [
        [name or words("town_unknown") for name in names],
        np.bincount(group, minlength=len(names)).tolist(),
        np.bincount(of_town, minlength=len(names)).tolist(),
    ]
    for role in dict.fromkeys(role for template in templates for role in template.roles):
        required, filled = _of_towns(facts, role)
        name = words.of("role", role.key)
        columns.append(Column(f"required_{role.key}", "int", words("col_required", role=name)))
        values.append(required.tolist())
        if filled is not None:
            columns.append(Column(f"filled_{role.key}", "int", words("col_filled", role=name)))
            values.append(filled.tolist())
    rows = list(zip(*values))
    totals = [words("total"), *(sum(column) for column in values[1:])]
    return Sheet("staffing_by_town", title_of(facts, "staffing_by_town_title"), tuple(columns), rows, totals)
