"""Where the ground of a new territory lay in the plan in force: the old grid of every building, unit and atom.

By id where the old plan lists it and the old grid is there; else by place; else nowhere.  Codes and relations are for
`partition.lineage` and `partition.crosswalk`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.atoms import Atoms
from gis.errors import InputError
from gis.graph import IntArray
from gis.territory import Territory
from partition.filed import FiledPlan

_NEAR_M = 0.5
Shapes = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Before:
    """Old grids of the new territory's buildings and units.

    Attributes
    ----------
    codes
        Codes of the old grids, as the old plan lists them.
    building_grid, unit_grid
        Per row of the territory's layer the position in ``codes``; -1 for nowhere.
    by_id, by_place, nowhere
        How many were found in which way.
    """

    codes: tuple[str, ...]
    building_grid: IntArray
    unit_grid: IntArray
    by_id: int
    by_place: int
    nowhere: int

    def code_of(self, grid: IntArray) -> NDArray[np.object_]:
        """Codes (``None`` for nowhere) of positions."""
        names: NDArray[np.object_] = np.array([*self.codes, None], object)
        return names[grid]


def members_before(filed_old: FiledPlan, territory: Territory) -> Before:
    """Old grid of every building and unit of a territory.

    An id counts only where the feature still touches its old grid: sources that number their rows anew would send
    buildings across the town.  By place means the point inside the feature; on the border of two old grids the lower
    code takes it.  The old plan may be in another CRS.

    Raises
    ------
    InputError
        ``plans_apart`` (no building and no unit lies in any old grid), ``codes_twice`` (in the old plan).
    """
    grids = filed_old.grids
    codes = tuple(grids["code"].astype(str))
    if len(set(codes)) < len(codes):
        twice = sorted(grids["code"][grids["code"].duplicated()].unique())
        raise InputError("codes_twice", measured=", ".join(twice[:10]), n=len(twice))
    if grids.crs is not None and grids.crs != territory.crs:
        grids = grids.to_crs(territory.crs)
    shapes = np.array(grids.geometry.array, dtype=object)
    tree = shapely.STRtree(shapes)
    shapely.prepare(shapes)
    position = {code: i for i, code in enumerate(codes)}
    rank = np.argsort(np.argsort(np.array(codes, object), kind="stable"), kind="stable")
    found: dict[str, IntArray] = {}
    by_id = by_place = nowhere = 0
    for kind, layer in (("building", "buildings"), ("unit", "units")):
        table = territory[layer]
        features = np.asarray(table.geometry.array)
        listed = filed_old.members[filed_old.members["kind"] == kind].drop_duplicates("id")
        grid_of_id = listed.set_index("id")["grid"].map(position)
        of = grid_of_id.reindex(table["id"].astype(object)).fillna(-1).to_numpy(np.int64, copy=True)
        known = np.flatnonzero(of >= 0)
        there = shapely.dwithin(shapes[of[known]], features[known], _NEAR_M)
        of[known[~there]] = -1
        by_id += int(there.sum())
        absent = np.flatnonzero(of < 0)
        of[absent] = _by_place(tree, rank, features[absent])
        by_place += int((of[absent] >= 0).sum())
        nowhere += int((of[absent] < 0).sum())
        found[kind] = of
    if len(codes) and by_id + by_place == 0 and nowhere:
        facts = {"measured": _bounds(shapes), "allowed": _bounds(np.asarray(territory["communities"].geometry.array))}
        raise InputError("plans_apart", **facts)
    return Before(codes, found["building"], found["unit"], by_id, by_place, nowhere)


def atoms_before(before: Before, filed_old: FiledPlan, territory: Territory, atoms: Atoms) -> IntArray:
    """Old grid of every atom: the one most of its households come from, then most of its buildings and units.

    Between equals the lower code.  An atom without buildings and units goes by the point inside it.
    """
    n, n_old = len(atoms.geometry), max(len(before.codes), 1)
    atom, grid, households = [], [], []
    for of, holder, layer in (
        (before.building_grid, np.asarray(atoms.building_atom, np.int64), "buildings"),
        (before.unit_grid, np.asarray(atoms.unit_atom, np.int64), "units"),
    ):
        both = (of >= 0) & (holder >= 0)
        atom.append(holder[both])
        grid.append(of[both])
        households.append(territory[layer]["households"].fillna(0).to_numpy(np.int64)[both])
    key, at = np.unique(np.concatenate(atom) * n_old + np.concatenate(grid), return_inverse=True)
    weight = np.bincount(at, np.concatenate(households).astype(np.float64), len(key))
    count = np.bincount(at, minlength=len(key))
    rank = np.argsort(np.argsort(np.array(before.codes, object), kind="stable"), kind="stable")
    of_atom, of_grid = key // n_old, key % n_old
    order = np.lexsort((-rank[of_grid] if len(rank) else of_grid, count, weight, of_atom))
    result = np.full(n, -1, np.int64)
    # The last of each atom in this order is the best; later writes win.
    result[of_atom[order]] = of_grid[order]
    bare = np.flatnonzero(result < 0)
    grids = filed_old.grids.to_crs(territory.crs) if filed_old.grids.crs != territory.crs else filed_old.grids
    tree = shapely.STRtree(np.array(grids.geometry.array, dtype=object))
    result[bare] = _by_place(tree, rank, np.asarray(atoms.geometry, dtype=object)[bare])
    return result


def _by_place(tree: shapely.STRtree, rank: IntArray, features: Shapes) -> IntArray:
    """Grid that holds the point inside each feature; -1 for none, of several the one with the lowest code."""
    of = np.full(len(features), -1, np.int64)
    usable = np.flatnonzero(~(shapely.is_missing(features) | shapely.is_empty(features)))
    at, grid = tree.query(shapely.point_on_surface(features[usable]), predicate="intersects")
    order = np.lexsort((-rank[grid], at))
    of[usable[at[order]]] = grid[order]
    return of


def _bounds(shapes: Shapes) -> str:
    known = gpd.GeoSeries(shapes).total_bounds
    return ", ".join(f"{v:.0f}" for v in known)
