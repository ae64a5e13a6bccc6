"""Supervision areas (片区): unions of whole grids inside one town, drawn by the same solver over the graph of grids.

Decides what a town is, what an area may weigh and how areas are numbered.  The grids are the atoms and the towns the
communities; which grids touch, along what, and across which barrier, comes from the same geometry as for atoms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.atoms import build_atoms
from gis.dissolve import dissolve
from gis.errors import InputError
from gis.graph import AtomGraph, FloatArray, IntArray
from gis.progress import SILENT, Progress
from gis.territory import Territory
from partition.executor import Executor
from partition.filed import MEMBER_COLUMNS, FiledPlan
from partition.plan import Grid, Result
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.draw import draw
from partition.zoning.nested import Nested, check_plan_fits, number_in, recode

AREA = "area"
_VILLAGE_DIGITS = 3
_MARK = "P"
_DIGITS = 2


@dataclass(frozen=True, slots=True)
class AreaSize:
    """How large an area may be.

    Attributes
    ----------
    low, high, target
        Band of an area, both ends included, and the size it is pulled to.
    measure
        What is counted: ``grids`` or ``households``.
    """

    low: int = 5
    high: int = 8
    target: int = 6
    measure: Literal["grids", "households"] = "grids"

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.target <= self.high:
            raise InputError("area_size_wrong", measured=f"{self.low}-{self.high}", allowed="1 <= MIN <= MAX")

    @classmethod
    def about(cls, n: int) -> AreaSize:
        """About ``n`` grids: a quarter less or more (6: 5-8).

        Raises
        ------
        InputError
            ``area_size_wrong``.
        """
        return cls(-(-3 * n // 4), -(-5 * n // 4), n)

    @classmethod
    def between(cls, low: int, high: int, measure: Literal["grids", "households"] = "grids") -> AreaSize:
        """From ``low`` to ``high``; pulled to the middle.

        Raises
        ------
        InputError
            ``area_size_wrong``.
        """
        return cls(low, high, (low + high) // 2, measure)


def area_rules(filed: FiledPlan, size: AreaSize) -> Rules:
    """The rules areas are drawn by: the plan's weights, and the band in the measure of ``size``.

    One grid of deviation costs what as many households as an average grid has would cost.
    """
    base = Rules.from_toml(filed.meta["rules"]) if filed.meta.get("rules") else Rules()
    per_unit = float(filed.grids["households"].mean()) if size.measure == "grids" else 1.0
    return replace(
        base,
        preset=base.preset,
        min_households=size.low,
        max_households=size.high,
        target_households=size.target,
        balance_weight=base.balance_weight * max(1.0, round(per_unit, 3)),
        rural_mode="banded",
        estate_cap=size.high,
        join_small_parts=True,
    )


def draw_areas(
    filed: FiledPlan,
    territory: Territory,
    size: AreaSize | None = None,
    *,
    seed: int = 0,
    stop: Stop | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    is_called_off: Call = never,
    progress: Progress = SILENT,
) -> Nested:
    """Join the grids of a plan to supervision areas.

    An area lies in one town and is made of whole grids; all grids count alike, whatever their kind.

    Parameters
    ----------
    filed
        The plan.
    territory
        The land it was drawn on: towns, streets and barriers.
    size
        Band of an area; 5 to 8 grids when omitted.
    seed, stop, workers, executor, is_called_off
        As in `draw`.

    Returns
    -------
    Nested
        Atom ``i`` is the grid ``graph.atom_ids[i]``; households, population and buildings of the result are real.

    Raises
    ------
    InputError
        ``nested_plan_empty``, ``nested_of_nested``, ``nested_member_unknown``, ``nested_sums_differ``,
        ``nested_community_unknown``.
    """
    check_plan_fits(filed, territory)
    size = size or AreaSize()
    land = land_of_towns(filed, territory)
    rules = area_rules(filed, size)
    atoms = build_atoms(
        land,
        max_households=int(filed.grids["households"].max()) + 1,
        estate_cap=int(filed.grids["households"].max()) + 1,
        progress=progress,
    )
    result = draw(
        _weighed(atoms.graph, size),
        rules,
        seed=seed,
        territory_hash=territory.content_hash(),
        stop=stop,
        workers=workers,
        executor=executor,
        is_called_off=is_called_off,
        progress=progress,
    )
    return Nested(land, atoms, recode(_counted(result, atoms.graph, filed), _area_code(result)))


def towns_of(territory: Territory) -> tuple[dict[str, str], dict[str, str]]:
    """(town code per community, name per town code).

    A town's code is what the codes of its communities share before their own three digits, where it is theirs alone;
    else its name.  Communities that name no town go by that part of their code, and all together where codes say
    nothing.
    """
    table = territory["communities"]
    codes = [str(code) for code in table["code"]]
    stems = [code[:-_VILLAGE_DIGITS] if code.isdigit() and len(code) > 2 * _VILLAGE_DIGITS else "" for code in codes]
    names = ["" if pd.isna(town) else str(town).strip() for town in table["town"]]
    key = [name or stem for name, stem in zip(names, stems)]
    stems_of: dict[str, set[str]] = {}
    towns_with: dict[str, set[str]] = {}
    for k, stem in zip(key, stems):
        stems_of.setdefault(k, set()).add(stem)
        towns_with.setdefault(stem, set()).add(k)

    def code_of(k: str) -> str:
        own = stems_of[k]
        (stem,) = own if len(own) == 1 else ("",)
        return stem if stem and len(towns_with[stem]) == 1 else k

    code = {k: code_of(k) for k in stems_of}
    return dict(zip(codes, (code[k] for k in key))), {code[k]: k for k in sorted(code)}


def land_of_towns(filed: FiledPlan, territory: Territory) -> Territory:
    """The territory with its towns as communities and the grids of a plan as their ready-made units.

    Raises
    ------
    InputError
        ``nested_community_unknown``.
    """
    grids = filed.grids if filed.grids.crs == territory.crs else filed.grids.to_crs(territory.crs)
    town_of, names = towns_of(territory)
    unknown = sorted(set(grids["community"]) - set(town_of))
    if unknown:
        raise InputError("nested_community_unknown", measured=", ".join(map(str, unknown[:5])))
    town = [town_of[code] for code in grids["community"]]
    towns = sorted(set(town))
    group = np.array([towns.index(t) for t in town], np.int32)
    shapes = np.asarray(grids.geometry.array)
    communities = gpd.GeoDataFrame(
        {"code": towns, "name": [names[t] for t in towns], "kind": "urban"},
        geometry=dissolve(shapes, group, len(towns)),
        crs=territory.crs,
    )
    columns = {"id": grids["code"], "community": town, "households": grids["households"]}
    units = gpd.GeoDataFrame({**columns, "population": grids["population"]}, geometry=shapes, crs=territory.crs)
    return territory.with_layers(communities=communities, units=units, buildings=territory["buildings"].iloc[:0])


def grids_of_areas(nested: Nested) -> pd.DataFrame:
    """One row a grid: ``grid``, ``area``; sorted by grid."""
    areas = np.array([area.code for area in nested.result.plan.grids], dtype=object)
    return pd.DataFrame(
        {"grid": list(nested.result.graph.atom_ids), "area": areas[nested.result.plan.atom_grid]}
    ).sort_values("grid", ignore_index=True)


def members_of_areas(filed: FiledPlan, area_of: pd.DataFrame) -> pd.DataFrame:
    """The members of a plan, each with its area in place of its grid."""
    area = dict(zip(area_of["grid"], area_of["area"]))
    return filed.members.assign(grid=[area[code] for code in filed.members["grid"]])[list(MEMBER_COLUMNS)]


def area_name(grid: Grid, community: str, estate: str | None, number: int) -> str:
    """Name of an area: its town's, with its number."""
    return f"{community}第{number}片区"


def _weighed(graph: AtomGraph, size: AreaSize) -> AtomGraph:
    """The graph of grids with what is counted in place of households, and no estates: a grid is never cut anyway."""
    none = np.full(graph.n_atoms, -1, np.int32)
    if size.measure == "households":
        return replace(graph, estate_index=none, largest_building=np.zeros(graph.n_atoms, np.int64))
    lived = np.maximum(graph.households, 1)
    spread: FloatArray = np.where(graph.households > 0, graph.inertia_m2 / lived, graph.area_m2 / (2 * np.pi))
    return replace(
        graph,
        estate_index=none,
        largest_building=np.zeros(graph.n_atoms, np.int64),
        households=np.ones(graph.n_atoms, np.int64),
        inertia_m2=spread,
    )


def _counted(result: Result, graph: AtomGraph, filed: FiledPlan) -> Result:
    """The result with the households, people and buildings of the grids, whatever was counted while drawing."""
    n = len(result.plan.grids)
    rows = pd.Index(filed.grids["code"]).get_indexer(list(graph.atom_ids))

    def total(column: str) -> IntArray:
        values = filed.grids[column].to_numpy(np.int64)
        per_atom = np.where(rows >= 0, values[rows], 0)
        return np.bincount(result.plan.atom_grid, per_atom, n).astype(np.int64)

    households, population, buildings = total("households"), total("population"), total("buildings")
    areas = tuple(
        replace(area, households=int(h), population=int(p), n_buildings=int(b))
        for area, h, p, b in zip(result.plan.grids, households, population, buildings)
    )
    of_town: Counter[str] = Counter()
    for area in areas:
        of_town[area.community] += area.households
    towns = tuple(replace(town, households=of_town[town.code]) for town in result.communities)
    return replace(result, plan=replace(result.plan, grids=areas), communities=towns, graph=graph)


def _area_code(result: Result) -> Callable[[Grid], str]:
    """Town code, P (片区), and two digits, more where a town has a hundred areas; never like a community's code."""
    most: dict[str, int] = {}
    for area in result.plan.grids:
        most[area.community] = max(most.get(area.community, 0), number_in(area))

    def code(area: Grid) -> str:
        digits = max(_DIGITS, len(str(most[area.community])))
        return f"{area.community}{_MARK}{number_in(area):0{digits}d}"

    return code
