"""Micro-grids: every grid of a plan cut by itself, by the same solver, as if it were a community of its own.

Decides what the land looks like one level below a plan (`land_of_grids`) and how its parts are numbered: the grid's
code and two digits.  Cutting is the work of `draw`; unions of grids are drawn in `areas`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.atoms import Atoms, build_atoms
from gis.enclose import ObjectArray
from gis.errors import Fact, Fault, InputError
from gis.graph import Int32Array, IntArray
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.territory import Territory
from partition.executor import Executor
from partition.filed import FiledPlan
from partition.plan import Grid, Plan, Result
from partition.rules import Rules
from partition.stop import Call, Stop, never
from partition.zoning.draw import draw
from partition.zoning.ladder import Solved

MICRO = "micro"
_DIGITS = 2
_INSIDE_M = 0.05
_TOO_LARGE = ("no_cover", "not_found", "pendant_over_band", "hemmed_in")
_MOST_FAULTS = 10


@dataclass(frozen=True, slots=True)
class Nested:
    """A plan one level up or down.

    Attributes
    ----------
    land
        The territory as the solver saw it: its communities are what was cut.
    atoms, result
        What was joined, and the outcome; codes are final.
    """

    land: Territory
    atoms: Atoms
    result: Result


def draw_micro(
    filed: FiledPlan,
    territory: Territory,
    rules: Rules,
    *,
    seed: int = 0,
    stop: Stop | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    is_called_off: Call = never,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> Nested:
    """Cut every grid of a plan into micro-grids.

    A micro-grid lies in one grid; the micro-grids of a grid are exactly the grid, in land and in sums.  All of them
    are held to the band, whatever the kind of their grid; where a grid's count or its pieces allow no lawful cut, the
    least violation stands with its reason.  Blocks are cut between buildings where they hold more than the band, and
    down to a quarter of it in grids that whole blocks allow no lawful cut of.

    Parameters
    ----------
    filed
        The plan.
    territory
        The land it was drawn on.
    rules
        The band of a micro-grid and the weights (preset ``microgrid``).  An estate up to ``estate_cap`` stays whole.
    seed, stop, workers, executor, is_called_off
        As in `draw`.

    Raises
    ------
    InputError
        ``nested_plan_empty``, ``nested_of_nested``, ``nested_member_unknown``, ``nested_sums_differ``.
    """
    check_plan_fits(filed, territory)
    report = QualityReport() if report is None else report
    land = land_of_grids(filed, territory)
    known: dict[str, Solved] = {}
    limit = stop or Stop()
    began = time.monotonic()

    def attempt(finer: Sequence[str]) -> tuple[Atoms, Result]:
        atoms = build_atoms(
            land,
            max_households=rules.max_households,
            estate_cap=rules.estate_cap,
            finer=finer,
            report=report,
            progress=progress,
        )
        left = None if limit.seconds is None else limit.seconds - (time.monotonic() - began if finer else 0.0)
        result = draw(
            atoms.graph,
            rules,
            seed=seed,
            territory_hash=territory.content_hash(),
            stop=replace(limit, seconds=None if left is None else max(0.0, left)),
            workers=workers,
            executor=executor,
            is_called_off=is_called_off,
            known=known,
            progress=progress,
        )
        return atoms, result

    atoms, result = attempt(())
    stuck = _stuck(result)
    if stuck and len(land["buildings"]) and all(c.stopped_by in ("done", "work") for c in result.communities):
        finer = attempt(stuck)
        if len(_stuck(finer[1])) < len(stuck):
            atoms, result = finer
    return Nested(land, atoms, recode(result, _micro_code(result)))


def land_of_grids(filed: FiledPlan, territory: Territory) -> Territory:
    """The territory with the grids of a plan as its communities.

    Units and buildings belong to the grid the plan lists them in.  A building whose place the grid's outline, as
    filed, does not hold (it straddles a border, or lies outside every community) stands as a point just inside it.
    No estate is dedicated: where it is, its wall already is a border of the plan.
    """
    grids = filed.grids if filed.grids.crs == territory.crs else filed.grids.to_crs(territory.crs)
    shapes = np.asarray(grids.geometry.array)
    codes = pd.Index(grids["code"])
    communities = gpd.GeoDataFrame(
        {"code": list(codes), "name": list(grids["name"]), "kind": "urban", "town": list(grids["community"])},
        geometry=shapes,
        crs=territory.crs,
    )
    grid_of = members_of(filed, territory)
    units = territory["units"].assign(community=_named(codes, grid_of["unit"]))
    buildings = territory["buildings"]
    buildings = buildings.assign(community=_named(codes, grid_of["building"]))
    buildings = buildings.set_geometry(_inside(np.asarray(buildings.geometry.array), grid_of["building"], shapes))
    estates = territory["estates"].assign(dedicated=False)
    return territory.with_layers(
        communities=communities, units=units[units["community"].notna()], buildings=buildings, estates=estates
    )


def members_of(filed: FiledPlan, territory: Territory) -> dict[str, IntArray]:
    """Per kind of member (``unit``, ``building``): the grid's position for each row of the layer, -1 for none."""
    codes = pd.Index(filed.grids["code"])
    found = {}
    for kind, layer in (("unit", "units"), ("building", "buildings")):
        members = filed.members[filed.members["kind"] == kind]
        grid = pd.Series(codes.get_indexer(members["grid"]), index=members["id"])
        grid = grid[~grid.index.duplicated()]
        found[kind] = grid.reindex(territory[layer]["id"]).fillna(-1).to_numpy(np.int64)
    return found


def check_plan_fits(filed: FiledPlan, territory: Territory) -> None:
    """Refuse a plan that is not one, or not of this territory.

    Raises
    ------
    InputError
        ``nested_plan_empty``, ``nested_of_nested``; per member or grid ``nested_member_unknown``,
        ``nested_sums_differ``.
    """
    if filed.grids.empty:
        raise InputError("nested_plan_empty")
    if filed.meta.get("level"):
        raise InputError("nested_of_nested", measured=filed.meta["level"])
    faults = []
    for kind, layer in (("unit", "units"), ("building", "buildings")):
        members = filed.members[filed.members["kind"] == kind]
        unknown = members["id"][~members["id"].isin(territory[layer]["id"])]
        faults += [Fault("nested_member_unknown", {"kind": kind, "id": str(name)}) for name in unknown[:_MOST_FAULTS]]
    if faults:
        raise InputError.of(faults)
    grid_of = members_of(filed, territory)
    n = len(filed.grids)
    has_units = filed.grids["community"].isin(territory["units"]["community"]).to_numpy()
    held = np.zeros(n, np.int64)
    for kind, layer, counts in (("unit", "units", has_units), ("building", "buildings", ~has_units)):
        of, households = grid_of[kind], territory[layer]["households"].fillna(0).to_numpy(np.int64)
        held += np.where(counts, np.bincount(of[of >= 0], households[of >= 0], n).astype(np.int64), 0)
    stated = filed.grids["households"].to_numpy(np.int64)
    for i in np.flatnonzero(held != stated)[:_MOST_FAULTS]:
        facts: dict[str, Fact] = {"grid": str(filed.grids["code"].iloc[i]), "measured": int(held[i])}
        facts["allowed"] = int(stated[i])
        faults.append(Fault("nested_sums_differ", facts))
    if faults:
        raise InputError.of(faults)


def recode(result: Result, code_of: Callable[[Grid], str]) -> Result:
    """The same result under other codes; grids sorted by them."""
    plan = result.plan
    codes = {grid.code: code_of(grid) for grid in plan.grids}
    grids = [replace(grid, code=codes[grid.code]) for grid in plan.grids]
    order = sorted(range(len(grids)), key=lambda i: grids[i].code)
    rank = np.empty(len(grids), np.int32)
    rank[order] = np.arange(len(grids))
    atom_grid: Int32Array = rank[plan.atom_grid]
    violations = tuple(
        replace(v, grid=codes.get(v.grid, v.grid), facts={**v.facts, "grid": codes.get(v.grid, v.grid)})
        for v in result.violations
    )
    same = Plan(atom_grid, tuple(grids[i] for i in order), plan.rules, plan.seed, plan.territory_hash)
    return replace(result, plan=same, violations=violations)


def number_in(grid: Grid) -> int:
    """Running number of a grid inside the community it was drawn in."""
    return int(grid.code.removeprefix(grid.community))


def _micro_code(result: Result) -> Callable[[Grid], str]:
    """Grid code and two digits; one more for all of a grid that has a hundred micro-grids or more."""
    most: dict[str, int] = {}
    for grid in result.plan.grids:
        most[grid.community] = max(most.get(grid.community, 0), number_in(grid))

    def code(grid: Grid) -> str:
        digits = max(_DIGITS, len(str(most[grid.community])))
        return f"{grid.community}{number_in(grid):0{digits}d}"

    return code


def micro_name(grid: Grid, community: str, estate: str | None, number: int) -> str:
    """Name of a micro-grid: its grid's, with its number."""
    return f"{community}第{number}微网格"


def _stuck(result: Result) -> list[str]:
    return [community.code for community in result.communities if community.reason in _TOO_LARGE]


def _named(codes: pd.Index, grid: IntArray) -> pd.Series:
    return pd.Series([str(codes[i]) if i >= 0 else None for i in grid.tolist()], dtype=object)


def _inside(footprints: ObjectArray, grid: IntArray, shapes: ObjectArray) -> ObjectArray:
    """Footprints, and points in place of those that would be counted in another grid."""
    points = shapely.point_on_surface(footprints)
    placed = np.flatnonzero(grid >= 0)
    shapely.prepare(shapes)
    astray = placed[~shapely.contains_properly(shapes[grid[placed]], points[placed])]
    moved = footprints.copy()
    if len(astray):
        home = shapes[grid[astray]]
        core = shapely.buffer(home, -_INSIDE_M, join_style="mitre")
        core = np.where(shapely.is_empty(core), shapely.point_on_surface(home), core)
        nearest = shapely.get_point(shapely.shortest_line(core, points[astray]), 0)
        moved[astray] = nearest
    return moved
