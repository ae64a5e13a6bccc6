"""From atoms and a `Result` to the tables of a plan file: grids dissolved, members listed, sentences written.

Decides names and the form of the tables.  It asks nobody for the time or the version: both come in ``meta``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.atoms import Atoms
from gis.dissolve import dissolve
from gis.errors import Fact
from gis.graph import AtomGraph, Int32Array
from gis.progress import SILENT, Progress
from gis.territory import Territory
from partition.filed import COMMUNITY_COLUMNS, GRID_COLUMNS, MEMBER_COLUMNS, VIOLATION_COLUMNS, FiledPlan
from partition.plan import DEDICATED, Grid, Result

Explain = Callable[[str, Mapping[str, Fact]], tuple[str, str]]
Name = Callable[[Grid, str, str | None, int], str]


def plain_sentences(code: str, facts: Mapping[str, Fact]) -> tuple[str, str]:
    """The code and its facts for both languages: what is filed where the caller has no sentences."""
    text = f"{code}: " + ", ".join(f"{key}={facts[key]}" for key in sorted(facts)) if facts else code
    return text, text


def grid_name(grid: Grid, community: str, estate: str | None, number: int) -> str:
    """Name of a grid: the estate's, or the community's with its number.

    Parameters
    ----------
    grid
        The grid.
    community, estate
        Names; ``estate`` only for a dedicated grid.
    number
        Running number of the grid in its community, or in its estate (0: the estate's only grid).
    """
    if estate is None:
        return f"{community}第{number}网格"
    return estate if number == 0 else f"{estate}第{number}网格"


def file_plan(
    territory: Territory,
    atoms: Atoms,
    result: Result,
    *,
    names: Name = grid_name,
    explain: Explain = plain_sentences,
    meta: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> FiledPlan:
    """The tables of a plan.

    Parameters
    ----------
    names
        Name of a grid from (grid, community name, estate name or None, number).
    explain
        (zh, en) sentence of a violation from its code and facts.
    meta
        ``version``, and anything else to file; ``created_at`` is taken from the territory where it is not given.

    Raises
    ------
    GridwrightError
        ``dissolve_area_differs`` (the atoms overlap).
    """
    plan, graph = result.plan, result.graph
    progress.stage("stage_file", 3)
    shapes = dissolve(atoms.geometry, plan.atom_grid, len(plan.grids))
    progress.advance()
    grids = _grid_table(territory, graph, plan.atom_grid, plan.grids, names)
    filed_grids = gpd.GeoDataFrame(grids, geometry=shapes, crs=territory.crs)
    filed_grids["area_m2"] = np.round(shapely.area(shapes), 2)
    if territory.file_crs != territory.crs:
        filed_grids = filed_grids.to_crs(territory.file_crs)
    progress.advance()
    members = _members(territory, atoms, plan.atom_grid, plan.grids)
    progress.advance()
    facts = {
        "rules": plan.rules.to_toml(),
        "seed": str(plan.seed),
        "version": "",
        "territory_hash": plan.territory_hash,
        "created_at": territory.meta.get("created_at", ""),
        "households_basis": territory.meta.get("households_basis", ""),
        **dict(meta or {}),
    }
    facts["plan_id"] = plan_id_of(facts, filed_grids, members)
    return FiledPlan(
        filed_grids,
        members,
        _communities(result),
        _violations(result, explain),
        facts,
    )


def _grid_table(
    territory: Territory, graph: AtomGraph, atom_grid: Int32Array, grids: tuple[Grid, ...], names: Name
) -> pd.DataFrame:
    communities = dict(zip(territory["communities"]["code"], territory["communities"]["name"]))
    estates = dict(zip(territory["estates"]["id"], territory["estates"]["name"]))
    # A dedicated grid is an estate, whole or cut, perhaps with land around it that has no households.
    estate_of = np.full(len(grids), -1, np.int64)
    owned = np.flatnonzero(graph.estate_index >= 0)
    estate_of[atom_grid[owned[::-1]]] = graph.estate_index[owned[::-1]]
    is_dedicated = np.array([g.kind == DEDICATED for g in grids], bool)
    pairs = [(g.community, int(e)) if d else None for g, e, d in zip(grids, estate_of, is_dedicated)]
    many = pd.Series([p for p in pairs if p is not None], dtype=object).value_counts().to_dict()
    seen: dict[Any, int] = {}
    rows = []
    for grid, pair in zip(grids, pairs):
        key: Any = grid.community if pair is None else pair
        seen[key] = seen.get(key, 0) + 1
        estate = None
        number = seen[key]
        if pair is not None:
            estate_id = graph.estate_ids[pair[1]] if pair[1] >= 0 else ""
            estate = str(estates.get(estate_id, estate_id))
            number = number if many.get(pair, 1) > 1 else 0
        name = grid.name or names(grid, str(communities.get(grid.community, grid.community)), estate, number)
        rows.append(
            (
                *(grid.code, name, grid.community, grid.kind, grid.households, grid.population, grid.n_buildings),
                *(grid.area_m2, grid.within_band, grid.reason, grid.parent),
            )
        )
    return _typed(pd.DataFrame(rows, columns=list(GRID_COLUMNS)), GRID_COLUMNS)


def _typed(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    data: dict[str, Any] = {}
    for name, dtype in columns.items():
        if dtype == "str":
            values = [None if v is None or v != v else str(v) for v in table[name].tolist()]
            data[name] = pd.Series(values, index=table.index, dtype=object)
        else:
            data[name] = table[name].astype(dtype)
    return pd.DataFrame(data, index=table.index)


def _members(territory: Territory, atoms: Atoms, atom_grid: Int32Array, grids: tuple[Grid, ...]) -> pd.DataFrame:
    codes = np.array([g.code for g in grids], dtype=object)
    parts = []
    for kind, layer, atom in (
        ("building", "buildings", np.asarray(atoms.building_atom)),
        ("unit", "units", np.asarray(atoms.unit_atom)),
    ):
        ids: NDArray[Any] = territory[layer]["id"].to_numpy(dtype=object)
        placed = np.flatnonzero(atom >= 0)
        parts.append(pd.DataFrame({"kind": kind, "id": ids[placed], "grid": codes[atom_grid[atom[placed]]]}))
    table = pd.concat(parts, ignore_index=True).sort_values(["kind", "id"], kind="stable", ignore_index=True)
    return _typed(table, MEMBER_COLUMNS)


def _communities(result: Result) -> pd.DataFrame:
    rows = [
        (
            *(c.code, c.households, c.n_grids, c.feasible, c.reason, c.proof),
            *(c.objective, c.bound, c.gap_frac, float("nan")),
        )
        for c in result.communities
    ]
    return _typed(pd.DataFrame(rows, columns=list(COMMUNITY_COLUMNS)), COMMUNITY_COLUMNS)


def _violations(result: Result, explain: Explain) -> pd.DataFrame:
    rows = [(v.code, v.grid, v.community, *explain(v.code, v.facts)) for v in result.violations]
    return _typed(pd.DataFrame(rows, columns=list(VIOLATION_COLUMNS)), VIOLATION_COLUMNS)


def plan_id_of(meta: Mapping[str, str], grids: gpd.GeoDataFrame, members: pd.DataFrame) -> str:
    """Name of a plan by its content: the facts beside ``plan_id``, the rows of its grids, its members."""
    digest = hashlib.sha256()
    for key in sorted(meta):
        digest.update(f"{key}\0{meta[key]}\0".encode())
    for row in grids.drop(columns=grids.geometry.name).itertuples(index=False):
        digest.update("\x1f".join(map(str, row)).encode())
    digest.update("\n".join(members["id"].astype(str) + "\x1f" + members["grid"].astype(str)).encode())
    return digest.hexdigest()[:12]
