"""A plan lying on its ground: the grid of every atom, and the rows of its tables as plain data.

A sheet is never changed; an edit gives the next one.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.atoms import Atoms
from gis.errors import Conflict
from gis.graph import BoolArray, IntArray
from gis.territory import Territory
from partition.before import atoms_before, members_before
from partition.edits.changes import Row, TableChange
from partition.edits.ground import Ground
from partition.filed import COMMUNITY_COLUMNS, GRID_COLUMNS, VIOLATION_COLUMNS, FiledPlan

Codes = NDArray[np.object_]
_SAME_GROUND_M2 = 1.0
_SAME_GROUND_FRAC = 1e-6


@dataclass(frozen=True, slots=True)
class Sheet:
    """One plan.

    Attributes
    ----------
    atom_code
        Per atom the code of its grid; empty for ground in no grid.
    grids
        Code to row, as `partition.edits.changes.Tables.grids`.
    communities, violations, meta
        As in `Tables`, but all of them.
    closed
        Communities whose grids are not made of whole atoms: no edit there.
    squared
        Communities whose outlines are known to be those of their atoms, point by point.
    """

    atom_code: Codes
    grids: Mapping[str, Row]
    communities: Mapping[str, Row]
    violations: Mapping[str, list[Row]]
    meta: Mapping[str, str]
    closed: frozenset[str]
    squared: frozenset[str] = frozenset()

    def atoms_of(self, community_atoms: IntArray, code: str) -> IntArray:
        """Those of a community's atoms that lie in a grid."""
        mine: IntArray = community_atoms[self.atom_code[community_atoms] == code]
        return mine

    def assert_open(self, communities: tuple[str, ...]) -> None:
        """Refuse communities that can not be edited.

        Raises
        ------
        Conflict
            ``edit_ground_differs``.
        """
        shut = sorted(self.closed & set(communities))
        if shut:
            raise Conflict("edit_ground_differs", community=shut[0])

    def after(self, ground: Ground, change: TableChange, squared: tuple[str, ...] = ()) -> Sheet | None:
        """This plan with a change made; ``None`` where the change speaks of atoms that the ground does not have."""
        if any(name not in ground.atom_at for name, _, _ in change.atoms):
            return None
        code = self.atom_code.copy()
        for name, _, to in change.atoms:
            code[ground.atom_at[name]] = to
        code.setflags(write=False)
        before, after = change.before, change.after
        meta: dict[str, str | None] = {**self.meta, **after.meta}
        return replace(
            self,
            atom_code=code,
            grids={**{c: row for c, row in self.grids.items() if c not in before.grids}, **after.grids},
            communities={**self.communities, **after.communities},
            violations={**self.violations, **after.violations},
            meta={key: value for key, value in meta.items() if value is not None},
            squared=self.squared | frozenset(squared),
        )


def mixed_communities(filed: FiledPlan, territory: Territory, atoms: Atoms) -> tuple[str, ...]:
    """Communities whose grids are not made of whole atoms: finer atoms may keep the grids.

    An atom holds members of several grids there, or land without members is cut.
    """
    parent, pure = _parents(filed, territory, atoms)
    graph = atoms.graph
    mixed = {graph.communities[i] for i in np.unique(graph.community_index[~pure]).tolist()}
    return tuple(sorted(mixed | (_apart(filed, atoms, parent) & set(graph.communities))))


def _apart(filed: FiledPlan, atoms: Atoms, parent: IntArray) -> set[str]:
    """Communities with a grid that has another area than its atoms."""
    placed = parent >= 0
    area = np.bincount(parent[placed], atoms.graph.area_m2[placed], len(filed.grids))
    filed_area = filed.grids["area_m2"].to_numpy(float)
    apart = np.abs(area - filed_area) > _SAME_GROUND_M2 + _SAME_GROUND_FRAC * filed_area
    return set(filed.grids["community"].astype(str)[apart])


def lay(filed: FiledPlan, territory: Territory, ground: Ground) -> Sheet:
    """Lay a plan on its ground.

    Raises
    ------
    InputError
        ``plans_apart``, ``codes_twice``.
    """
    parent, pure = _parents(filed, territory, ground.atoms)
    graph = ground.graph
    codes: Codes = np.array([*filed.grids["code"].astype(str), ""], dtype=object)
    atom_code = codes[parent]
    atom_code.setflags(write=False)
    closed = {graph.communities[i] for i in np.unique(graph.community_index[~pure]).tolist()}
    placed = parent >= 0
    closed |= _apart(filed, ground.atoms, parent)
    home = np.array([graph.communities[i] for i in graph.community_index], dtype=object)
    grid_home = dict(zip(codes.tolist(), filed.grids["community"].astype(str)))
    # Ground in no grid can be given to one; but a community that the plan does not know is none of its business.
    told = set(filed.communities["code"].astype(str))
    closed |= set(home[~placed].tolist()) - told
    astray = np.array([grid_home.get(code) != place for code, place in zip(atom_code.tolist(), home.tolist())], bool)
    astray &= placed
    closed |= set(home[astray].tolist()) | {grid_home.get(code, "") for code in atom_code[astray].tolist()}
    return Sheet(
        atom_code,
        _grid_rows(filed),
        {row["code"]: row for row in plain_rows(filed.communities, COMMUNITY_COLUMNS)},
        _violations(filed),
        dict(filed.meta),
        frozenset(closed - {""}),
    )


def plain_rows(table: pd.DataFrame, columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows as plain data; missing is ``None``."""
    data = [[_plain(value, dtype) for value in table[name].tolist()] for name, dtype in columns.items()]
    return [dict(zip(columns, row)) for row in zip(*data)]


def shape_text(shape: Any) -> str:
    """A geometry as text that gives it back to the last digit."""
    return base64.b64encode(shapely.to_wkb(shape, byte_order=1)).decode("ascii")


def shape_of(text: str) -> Any:
    """The geometry of `shape_text`."""
    return shapely.from_wkb(base64.b64decode(text))


def _plain(value: Any, dtype: str) -> Any:
    if value is None or value != value:
        return None
    if dtype == "str":
        return str(value)
    if dtype == "bool":
        return bool(value)
    if dtype == "int64":
        return int(value)
    return float(value) if math.isfinite(value) else None


def _grid_rows(filed: FiledPlan) -> dict[str, Row]:
    rows = plain_rows(filed.grids, GRID_COLUMNS)
    shapes = [shape_text(shape) for shape in np.asarray(filed.grids.geometry.array)]
    return {row["code"]: {**row, "shape": shape} for row, shape in zip(rows, shapes)}


def _violations(filed: FiledPlan) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in plain_rows(filed.violations, VIOLATION_COLUMNS):
        found.setdefault(str(row["community"]), []).append(row)
    return found


def _parents(filed: FiledPlan, territory: Territory, atoms: Atoms) -> tuple[IntArray, BoolArray]:
    """Per atom its grid (-1: none), and whether all its members lie there."""
    before = members_before(filed, territory)
    parent = atoms_before(before, filed, territory, atoms)
    n = atoms.graph.n_atoms
    building, unit = np.asarray(atoms.building_atom, np.int64), np.asarray(atoms.unit_atom, np.int64)
    atom = np.concatenate([building, unit])
    grid = np.concatenate([before.building_grid, before.unit_grid])
    inside = atom >= 0
    stray = atom[inside][grid[inside] != parent[atom[inside]]]
    pure: BoolArray = np.bincount(stray, minlength=n) == 0
    return parent, pure
