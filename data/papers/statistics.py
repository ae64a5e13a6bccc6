"""Statistics tables: grids by town and community, the list out of band, staffing, before and after.

Every total is the sum of its parts; sizes (least, mean, most) are over standard grids, the others may lawfully lie
outside the band.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.papers.about import about_sheet
from data.papers.facts import Facts, title_of
from data.papers.options import PaperOptions
from data.papers.staffing_sheets import staffing_sheets
from data.papers.words import Words
from data.papers.workbook import Column, Sheet, write_workbook
from gis.graph import BoolArray, IntArray
from gis.territory import Territory
from partition.filed import FiledPlan

_COUNTS = (
    Column("communities", "int"),
    Column("grids", "int"),
    Column("standard", "int"),
    Column("dedicated", "int"),
    Column("rural", "int"),
    Column("households", "int"),
    Column("population", "int"),
    Column("buildings", "int"),
    Column("area_km2", "number"),
)
_SIZES = (
    Column("standard_in_band", "int"),
    Column("standard_out_of_band", "int"),
    Column("least", "int"),
    Column("mean", "number"),
    Column("most", "int"),
)
_KINDS = ("standard", "dedicated", "rural")


def write_statistics(
    filed: FiledPlan,
    territory: Territory,
    path: Path,
    *,
    old: FiledPlan | None = None,
    language: str = "zh",
    options: PaperOptions | None = None,
) -> None:
    """Write the statistics tables as XLSX (A4 across).

    Parameters
    ----------
    filed, territory
        The plan and the land it was drawn on.
    path
        File to write; it appears whole or not at all.
    old
        The plan before; with it there is a sheet before and after.
    language
        ``zh`` or ``en``.
    options
        Staffing, dates.

    Raises
    ------
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    words, options = Words(language), options or PaperOptions()
    facts = Facts(filed, territory, words)
    sheets = [
        _by_town(facts),
        _by_community(facts),
        _out_of_band(facts),
        *staffing_sheets(facts, options),
    ]
    if old is not None:
        sheets.append(_before_after(facts, old))
    write_workbook(path, (*sheets, about_sheet(facts, options, "statistics")), filed.meta, words)


def _by_town(facts: Facts) -> Sheet:
    names, group = facts.towns
    heads = [(name or facts.words("town_unknown"),) for name in names]
    groups = [group == i for i in range(len(names))]
    return _grouped(facts, "by_town", (Column("town"),), heads, groups)


def _by_community(facts: Facts) -> Sheet:
    table = facts.communities
    heads = list(zip(table["town"], table["code"], table["name"]))
    groups = [np.arange(len(table)) == i for i in range(len(table))]
    columns = (Column("town"), Column("community_code", "code"), Column("community"))
    return _grouped(facts, "by_community", columns, heads, groups)


def _grouped(
    facts: Facts, key: str, heads: tuple[Column, ...], names: Sequence[tuple[Any, ...]], groups: Sequence[BoolArray]
) -> Sheet:
    """One row per group of communities; ``groups`` say which communities are in each."""
    group_of = np.full(len(facts.communities), -1, np.int64)
    for i, group in enumerate(groups):
        group_of[group] = i
    of_grid = group_of[facts.community_of_grid]
    counts = _counts(facts, of_grid, np.array([int(group.sum()) for group in groups], np.int64))
    sizes = [_sizes(facts, of_grid == i) for i in range(len(groups))]
    rows = [(*name, *row, *size) for name, row, size in zip(names, counts, sizes)]
    whole = [None if column[0] is None else sum(column) for column in zip(*counts)]
    everything = _sizes(facts, np.ones(len(of_grid), bool))
    totals = [facts.words("total"), *[None] * (len(heads) - 1), *whole, *everything]
    if key == "by_community":
        columns = (*heads, *_COUNTS[1:], *_SIZES)
        cut = len(heads)
        rows = [row[:cut] + row[cut + 1 :] for row in rows]
        totals = totals[:cut] + totals[cut + 1 :]
    else:
        columns = (*heads, *_COUNTS, *_SIZES)
    return Sheet(key, title_of(facts, f"{key}_title"), columns, rows, totals)


def _counts(facts: Facts, group: IntArray, n_communities: IntArray) -> list[tuple[Any, ...]]:
    grids, n = facts.filed.grids, len(n_communities)
    kind = grids["kind"].to_numpy(dtype=object)

    def added(values: Any) -> list[int]:
        return [int(v) for v in np.bincount(group, np.asarray(values, np.float64), n)]

    ones = np.ones(len(grids))
    population: list[Any] = added(grids["population"]) if facts.has_population else [None] * n
    # Whole square metres, so that the parts add up to the whole to the last digit.
    area_m2 = added(np.round(grids["area_m2"].to_numpy(dtype=float)))
    columns = (
        n_communities.tolist(),
        added(ones),
        *(added(kind == name) for name in _KINDS),
        added(grids["households"]),
        population,
        added(grids["buildings"]) if facts.has_buildings else [None] * n,
        [area / 1e6 for area in area_m2],
    )
    return list(zip(*columns))


def _sizes(facts: Facts, chosen: BoolArray) -> tuple[Any, ...]:
    grids = facts.filed.grids
    standard = chosen & (grids["kind"] == "standard").to_numpy()
    sizes = grids["households"].to_numpy(dtype=np.int64)[standard]
    inside = int(grids["within_band"].to_numpy(dtype=bool)[standard].sum())
    if len(sizes) == 0:
        return 0, 0, None, None, None
    return inside, len(sizes) - inside, int(sizes.min()), float(sizes.mean()), int(sizes.max())


def _out_of_band(facts: Facts) -> Sheet:
    """Grids that lie outside the band although their kind should not, or that give a reason; the farthest first."""
    grids, words = facts.filed.grids, facts.words
    distance = facts.distances()
    has_reason = grids["reason"].notna().to_numpy()
    outside = ~grids["within_band"].to_numpy(dtype=bool) & (grids["kind"] == "standard").to_numpy()
    violations = facts.filed.violations
    details = dict(zip(violations["grid"], violations[f"detail_{words.language}"]))
    reasons, towns, names = facts.reasons(), facts.of_community("town"), facts.of_community("name")
    shown = np.flatnonzero(outside | has_reason)
    shown = shown[np.lexsort((shown, -np.abs(distance[shown])))]
    rows = [
        (
            grids["code"].iloc[i],
            grids["name"].iloc[i],
            facts.kind_word(grids["kind"].iloc[i]),
            towns[i],
            names[i],
            int(grids["households"].iloc[i]),
            int(distance[i]),
            reasons[i],
            details.get(grids["code"].iloc[i]),
        )
        for i in shown
    ]
    columns = (
        *(Column("code", "code"), Column("name"), Column("kind"), Column("town"), Column("community")),
        *(Column("households", "int"), Column("distance", "signed"), Column("reason"), Column("detail", "long")),
    )
    totals = [words("total"), words("n_grids", n=len(rows))] + [None] * (len(columns) - 2)
    return Sheet("out_of_band", title_of(facts, "out_of_band_title"), columns, rows, totals)


def _before_after(facts: Facts, old: FiledPlan) -> Sheet:
    before, after = Facts(old, facts.territory, facts.words), facts
    rows: list[tuple[Any, ...]] = []
    for key, a, b in zip(_MEASURES, _measures(before), _measures(after)):
        if a is None and b is None:
            continue
        change = None if a is None or b is None else round(b - a, 2)
        share = None if change is None or not a else change / a
        rows.append((facts.words(f"measure_{key}"), a, b, change, share))
    columns = (
        Column("measure"),
        Column("before", "plain"),
        Column("after", "plain"),
        Column("change", "signed"),
        Column("change_share", "share"),
    )
    title = title_of(facts, "before_after_title")
    return Sheet("before_after", title, columns, rows, portrait=True)


_MEASURES = (
    *("communities", "grids", "standard", "dedicated", "rural", "dedicated_share", "households", "population"),
    *("buildings", "standard_in_band", "standard_out_of_band", "least", "mean", "most"),
)


def _measures(facts: Facts) -> tuple[Any, ...]:
    grids = facts.filed.grids
    n = max(len(grids), 1)
    kinds = [int((grids["kind"] == kind).sum()) for kind in _KINDS]
    sizes = _sizes(facts, np.ones(len(grids), bool))
    mean = None if sizes[3] is None else round(sizes[3], 2)
    return (
        grids["community"].nunique(),
        len(grids),
        *kinds,
        round(100 * kinds[1] / n, 2),
        int(grids["households"].sum()),
        int(grids["population"].sum()) if facts.has_population else None,
        int(grids["buildings"].sum()) if facts.has_buildings else None,
        *(*sizes[:3], mean, sizes[4]),
    )
