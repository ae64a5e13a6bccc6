"""Where a finding of the check lies: the geometry somebody must look at, found from its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import Fact
from gis.territory import Territory
from partition.checks.cover import SLIVER_M2
from partition.filed import FiledPlan

Shapes = NDArray[Any]
_LAYERS = {"unit": "units", "building": "buildings"}


@dataclass(frozen=True, slots=True)
class FindingPlaces:
    """Finds places in one plan on one territory; geometry in the territory's CRS."""

    filed: FiledPlan
    territory: Territory
    _made: dict[str, Any] = field(default_factory=dict)

    def find(self, code: str, facts: Mapping[str, Fact]) -> Any:
        """The geometry of a finding; ``None`` where it speaks of nothing that lies anywhere."""
        community = str(facts.get("community", ""))
        if code in ("check_gap", "check_overlap", "check_crossing", "check_coverage_invalid"):
            spot = self._spot(code, community)
            return spot if spot is not None else self._of("communities", "code", community)
        grid = str(facts.get("grid") or facts.get("new") or "")
        if code == "check_sliver":
            return self._sliver(grid)
        kind, name = str(facts.get("kind", "")), str(facts.get("id", ""))
        if kind in _LAYERS and name:
            return self._of(_LAYERS[kind], "id", name)
        if name and code == "check_estate_cut":
            return self._of("estates", "id", name)
        if grid and (shape := self.grid(grid)) is not None:
            return shape
        return self._of("communities", "code", community) if community else None

    def grid(self, code: str) -> Any:
        """A grid of the plan."""
        shapes = self._kept("grids", lambda: dict(zip(self._codes(), self._shapes())))
        return shapes.get(code)

    def _codes(self) -> list[str]:
        return [str(code) for code in self.filed.grids["code"]]

    def _shapes(self) -> Shapes:
        def make() -> Shapes:
            grids = self.filed.grids
            there = grids if grids.crs == self.territory.crs else grids.to_crs(self.territory.crs)
            return np.asarray(there.geometry.array, dtype=object)

        shapes: Shapes = self._kept("shapes", make)
        return shapes

    def _of(self, layer: str, key: str, name: str) -> Any:
        table = self.territory[layer]
        rows: dict[str, int] = self._kept(
            f"rows {layer}", lambda: {str(one): i for i, one in enumerate(table[key].tolist())}
        )
        at = rows.get(name)
        return None if at is None else table.geometry.iloc[at]

    def _spot(self, code: str, community: str) -> Any:
        """The ground that is missing, held twice, or beyond the border."""
        land = self._of("communities", "code", community)
        mine = self._shapes()[(self.filed.grids["community"] == community).to_numpy()]
        mine = mine[shapely.is_valid(mine) & ~shapely.is_empty(mine)]
        if land is None or len(mine) == 0:
            return None
        if code == "check_coverage_invalid":
            spot = shapely.union_all(shapely.coverage_invalid_edges(mine, gap_width=1e-3))
        elif code == "check_overlap":
            a, b = shapely.STRtree(mine).query(mine, predicate="intersects")
            spot = shapely.union_all(_areas(shapely.intersection(mine[a[a < b]], mine[b[a < b]])))
        else:
            union = shapely.union_all(mine)
            spot = shapely.difference(*((land, union) if code == "check_gap" else (union, land)))
        return None if shapely.is_empty(spot) else _largest(spot)

    def _sliver(self, code: str) -> Any:
        """The smallest part of a grid, where it is a splinter."""
        shape = self.grid(code)
        if shape is None:
            return None
        parts = shapely.get_parts(shape)
        small = parts[np.argmin(shapely.area(parts))]
        return small if shapely.area(small) < SLIVER_M2 else shape

    def _kept(self, name: str, make: Any) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]


def _areas(shapes: Shapes) -> Shapes:
    """Parts that have an area."""
    parts = shapely.get_parts(shapes)
    found: Shapes = parts[shapely.area(parts) > 0]
    return found


def _largest(shape: Any) -> Any:
    """The largest part, by area or else by length."""
    parts = shapely.get_parts(shape)
    size = shapely.area(parts)
    return parts[np.argmax(size if size.any() else shapely.length(parts))]
