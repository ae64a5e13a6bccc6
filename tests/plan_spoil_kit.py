"""Plans with something wrong for tests: ground given where it does not belong, cut, lost, splintered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely

from gis.atoms import build_atoms
from gis.territory import Territory
from partition.edits import Ground, lay, prepare
from partition.filed import FiledPlan
from partition.rules import Rules


def ground_of(territory: Territory, rules: Rules | None = None) -> Ground:
    """The ground of edits of a territory."""
    rules = rules or Rules()
    atoms = build_atoms(territory, max_households=rules.max_households, estate_cap=rules.estate_cap)
    return prepare(territory, atoms, rules)


def codes_of(filed: FiledPlan, territory: Territory, ground: Ground) -> np.ndarray:
    """Per piece of ground the grid it lies in."""
    return lay(filed, territory, ground).atom_code.copy()


def with_codes(filed: FiledPlan, ground: Ground, codes: np.ndarray) -> FiledPlan:
    """The plan with its ground given out as told; ground under an empty code is in no grid."""
    graph = ground.graph
    rows = filed.grids.copy()
    shapes = []
    for i, code in enumerate(rows["code"]):
        mine = np.flatnonzero(codes == code)
        shapes.append(shapely.coverage_union_all(ground.filed[mine]))
        households = int(graph.households[mine].sum())
        rows.loc[i, "households"] = households
        rows.loc[i, "population"] = int(graph.population[mine].sum())
        rows.loc[i, "buildings"] = int(graph.n_buildings[mine].sum())
        rows.loc[i, "area_m2"] = float(graph.area_m2[mine].sum())
        rows.loc[i, "within_band"] = ground.rules.min_households <= households <= ground.rules.max_households
    grids = gpd.GeoDataFrame(rows.drop(columns="geometry"), geometry=shapes, crs=filed.grids.crs)
    grid_of = {(kind, name): str(codes[atom]) for (kind, name), atom in ground.atom_of.items()}
    members = filed.members.copy()
    members["grid"] = [grid_of[kind, name] for kind, name in zip(members["kind"], members["id"])]
    members = members[members["grid"] != ""].reset_index(drop=True)
    return replace(filed, grids=grids, members=members)


def with_shapes(filed: FiledPlan, shapes: Mapping[str, object]) -> FiledPlan:
    """The plan with other outlines of some grids; nothing else of them is true any more."""
    made = [shapes.get(code, shape) for code, shape in zip(filed.grids["code"], filed.grids.geometry.array)]
    grids = gpd.GeoDataFrame(filed.grids.drop(columns="geometry"), geometry=made, crs=filed.grids.crs)
    return replace(filed, grids=grids)


def apart_from(ground: Ground, codes: np.ndarray, giver: str, taker: str) -> int:
    """A piece with homes of one grid that touches the other one nowhere."""
    graph = ground.graph
    near: set[int] = set()
    for a, b in zip(graph.edge_a.tolist(), graph.edge_b.tolist()):
        near |= {a} if codes[b] == taker else set()
        near |= {b} if codes[a] == taker else set()
    mine = [a for a in np.flatnonzero(codes == giver).tolist() if graph.households[a] and graph.estate_index[a] < 0]
    return next(a for a in mine if a not in near)


def with_splinter(filed: FiledPlan, code: str) -> FiledPlan:
    """The plan with a hole in a grid, and four square metres of the grid in it."""
    shape = dict(zip(filed.grids["code"], filed.grids.geometry.array))[code]
    middle = shapely.point_on_surface(shape)
    hole = middle.buffer(12)
    splinter = shapely.box(middle.x - 1, middle.y - 1, middle.x + 1, middle.y + 1)
    return with_shapes(filed, {code: shapely.union(shapely.difference(shape, hole), splinter)})


def with_cut_estate(filed: FiledPlan, ground: Ground, atom: int, taker: str) -> FiledPlan:
    """The plan with half of an estate's ground and its buildings in another grid."""
    outline = ground.filed[atom]
    west, south, east, north = shapely.bounds(outline).tolist()
    half = shapely.intersection(outline, shapely.box(west, south, (west + east) / 2, north))
    codes = dict(zip(filed.grids["code"], filed.grids.geometry.array))
    inside = [code for code, shape in codes.items() if shapely.area(shapely.intersection(shape, half)) > 1]
    (giver,) = inside
    return with_shapes(
        filed,
        {giver: shapely.difference(codes[giver], half), taker: shapely.union(codes[taker], half)},
    )
