"""What the rooms of the check share: the land measured again, how near is equal, how many faults of a kind are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gis.errors import Fact, Fault
from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.filed import FiledPlan

NEAR_M = 0.05
"""Two places this near are one place, and metres this near are equal."""
SHOWN = 20
"""So many faults of one kind are told."""
_WATER = ("river", "water")
_CLASSES = frozenset({"111", "112", "121", "122", "123", "210", "220"})


def fault(code: str, **facts: Fact) -> Fault:
    """A fault with its facts."""
    return Fault(code, facts)


def is_near(one: float, other: float, least: float = NEAR_M) -> bool:
    """Whether two sums are equal but for rounding; two infinities are."""
    return one == other or abs(one - other) <= least + 1e-6 * max(abs(one), abs(other))


def spread(n: int, most: int) -> IntArray:
    """At most so many of ``n`` positions, evenly spread: the same ones every time."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64)) if n else np.zeros(0, np.int64)


def first(bad: BoolArray) -> Iterator[int]:
    """The first few positions where something is wrong."""
    yield from np.flatnonzero(bad)[:SHOWN].tolist()


@dataclass(frozen=True, slots=True)
class Ground:
    """The grids of a plan, measured again from the plan's tables and the territory's layers.

    Attributes
    ----------
    codes, community, town, class_code
        Per grid, codes ascending.
    geometry
        Per grid, metric CRS.
    area_m2
        Per grid: without water.
    """

    codes: tuple[str, ...]
    community: tuple[str, ...]
    town: tuple[str, ...]
    class_code: tuple[str, ...]
    geometry: ObjectArray
    area_m2: FloatArray

    @classmethod
    def of(cls, territory: Territory, filed: FiledPlan) -> Ground:
        """Measure the grids of a plan."""
        grids = filed.grids.to_crs(territory.crs).sort_values("code", kind="stable")
        shapes = np.asarray(shapely.make_valid(np.asarray(grids.geometry.array)), dtype=object)
        community = tuple(_text(value) for value in grids["community"])
        known = {
            str(row.code): (_text(row.town), row.class_code if row.class_code in _CLASSES else _text(row.kind))
            for row in territory["communities"].itertuples()
        }
        kinds = [("", "rural" if kind == "rural" else "urban") for kind in grids["kind"]]
        of_grid = [known.get(code, kind) for code, kind in zip(community, kinds, strict=True)]
        wet = territory["barriers"]
        wet = np.asarray(wet.geometry.array[wet["kind"].isin(_WATER).to_numpy()], dtype=object)
        wet = wet[shapely.get_dimensions(wet) == 2] if len(wet) else wet
        area = shapely.area(shapes)
        if len(wet):
            # Water may overlap water; it is taken off once.
            at, body = shapely.STRtree(wet).query(shapes, predicate="intersects")
            for grid in np.unique(at).tolist():
                dry = shapely.difference(shapes[grid], shapely.union_all(shapely.make_valid(wet[body[at == grid]])))
                area[grid] = shapely.area(dry)
        codes = tuple(str(code) for code in grids["code"])
        return cls(codes, community, tuple(t for t, _ in of_grid), tuple(c for _, c in of_grid), shapes, area)

    def strays(self, points: ObjectArray, grid: Sequence[int] | Int32Array, near_m: float = NEAR_M) -> BoolArray:
        """Per point: whether it is not in the grid it is said to be in (-1: whether some grid holds it)."""
        held = np.asarray(grid, dtype=np.int64)
        bad = (held < -1) | (held >= len(self.codes))
        inside = np.flatnonzero((held >= 0) & ~bad)
        bad[inside] = ~shapely.dwithin(points[inside], self.geometry[held[inside]], near_m)
        outside = np.flatnonzero(held == -1)
        if len(outside) and len(self.codes):
            tree = shapely.STRtree(self.geometry)
            at, found = tree.query(points[outside], predicate="intersects")
            deep = shapely.distance(points[outside[at]], shapely.boundary(self.geometry[found])) > NEAR_M
            bad[outside[at[deep]]] = True
        return np.asarray(bad, dtype=np.bool_)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
