"""The grids that look-ups answer with: codes, who is in which, where they lie, and which codes went before.

Everything a plan says that an answer needs and nothing of how it is stored: the same from a plan file, from a store
and in a test.  Outlines are read when the first point is asked for; most addresses never need them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from pyproj import Transformer

    from gis.locate import PolygonIndex
    from partition.filed import FiledPlan

NOWHERE = -1


class GridPlaces:
    """Where grids lie, in longitude and latitude (WGS 84), whatever they are stored in.

    Parameters
    ----------
    outlines
        Gives the outlines, one a grid; called once, when first needed.
    crs
        Gives what they are in (``EPSG:4547``, WKT; ``None``: longitude and latitude); called after the outlines.
    """

    def __init__(self, outlines: Callable[[], NDArray[Any]], crs: Callable[[], str | None] = lambda: None) -> None:
        self._read, self._crs = outlines, crs
        self._lock = threading.RLock()

    @cached_property
    def outlines(self) -> NDArray[Any]:
        """The outlines, in what they are stored in."""
        with self._lock:
            return np.asarray(self._read(), dtype=object)

    def find_many(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64], allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Row of the grid of each point (`NOWHERE` for none; the lowest of several), and whether it is of several."""
        x, y = self._stored(lon, lat)
        if len(x) == 1:
            hits = [row for row in self._index.hits(float(x[0]), float(y[0])) if allowed is None or allowed[row]]
            row = np.array([min(hits, default=NOWHERE)], dtype=np.int32)
            return row, np.array([len(hits) > 1])
        return self._index.find_many(x, y, allowed)

    def nearest(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64], allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Row of the nearest grid of each point, and how far away it is in metres (`NOWHERE`, infinity: no grid)."""
        import shapely
        from pyproj import Geod

        mine = np.arange(len(self.outlines)) if allowed is None else np.flatnonzero(allowed)
        row, far = np.full(len(lon), NOWHERE, np.int64), np.full(len(lon), np.inf)
        x, y = self._stored(lon, lat)
        sound = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if not len(mine) or not len(sound):
            return row, far
        points = shapely.points(x[sound], y[sound])
        who, near = shapely.STRtree(self.outlines[mine]).query_nearest(points, all_matches=False)
        row[sound[who]] = mine[near]
        touch = shapely.get_point(shapely.shortest_line(self.outlines[mine[near]], points[who]), 0)
        there = self._degrees(shapely.get_x(touch), shapely.get_y(touch))
        asked = sound[who]
        far[asked] = Geod(ellps="WGS84").inv(lon[asked], lat[asked], *there)[2]
        return row, far

    def middle(self, row: int) -> tuple[float, float]:
        """Longitude and latitude of a point inside a grid, to stand for it."""
        import shapely

        def degrees(places: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.column_stack(self._degrees(places[:, 0], places[:, 1]))

        # Of the outline in degrees, so that it is the same whatever the outline is stored in.
        point = shapely.point_on_surface(shapely.transform(self.outlines[row], degrees))
        return float(shapely.get_x(point)), float(shapely.get_y(point))

    @cached_property
    def _index(self) -> PolygonIndex:
        from gis.locate import PolygonIndex

        with self._lock:
            return PolygonIndex(self.outlines)

    @cached_property
    def _transformers(self) -> tuple[Transformer, Transformer] | None:
        crs = self._crs()
        if crs is None:
            return None
        from pyproj import CRS, Transformer

        stored, degrees = CRS.from_user_input(crs), CRS.from_epsg(4326)
        make = Transformer.from_crs
        return make(degrees, stored, always_xy=True), make(stored, degrees, always_xy=True)

    def _stored(self, lon: NDArray[Any], lat: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return (lon, lat) if self._transformers is None else self._transformers[0].transform(lon, lat)

    def _degrees(self, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return (x, y) if self._transformers is None else self._transformers[1].transform(x, y)


@dataclass(frozen=True, slots=True)
class Successor:
    """A grid that took the place of a retired one, and the share of its households that it took."""

    grid: str
    share_frac: float


@dataclass(frozen=True)
class KnownGrids:
    """The grids of one plan, or of all plans in force.

    Attributes
    ----------
    code, name, community, plan
        One of each a grid: its code, its name if it has one, its community, and the plan it is of.
    places
        Where they lie; rows as in ``code``.
    grid_of_building
        Row of the grid that each building belongs to.
    successors
        Retired code to the grids that took its place, the largest share first.
    retired
        Every code that was ever issued and is no longer in force, also those whose successors are not known.
    """

    code: tuple[str, ...]
    name: tuple[str | None, ...]
    community: tuple[str, ...]
    plan: tuple[str, ...]
    places: GridPlaces
    grid_of_building: Mapping[str, int]
    successors: Mapping[str, tuple[Successor, ...]] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.code)

    @cached_property
    def row_of_code(self) -> Mapping[str, int]:
        """Row of each code."""
        return {code: row for row, code in enumerate(self.code)}

    @cached_property
    def the_plan(self) -> str | None:
        """The plan, where all grids are of one."""
        return self.plan[0] if len(set(self.plan)) == 1 else None

    def inside(self, jurisdiction: str) -> NDArray[np.bool_] | None:
        """Which grids lie in communities whose code begins so; ``None``: all of them."""
        if not jurisdiction:
            return None
        return np.array([community.startswith(jurisdiction) for community in self.community], dtype=bool)

    @classmethod
    def of_plan(cls, filed: FiledPlan) -> Self:
        """The grids of a plan as it is filed."""
        grids, members = filed.grids, filed.members
        is_building = (members["kind"] == "building").to_numpy()
        return cls.of_rows(
            code=grids["code"].tolist(),
            name=grids["name"].tolist(),
            community=grids["community"].tolist(),
            places=GridPlaces(
                lambda: np.asarray(grids.geometry.array), lambda: None if grids.crs is None else grids.crs.to_wkt()
            ),
            building=members["id"].to_numpy()[is_building].tolist(),
            grid=members["grid"].to_numpy()[is_building].tolist(),
            crosswalk=_crosswalk_rows(filed.crosswalk),
            meta=filed.meta,
        )

    @classmethod
    def of_rows(
        cls,
        *,
        code: Sequence[str],
        name: Sequence[str | None],
        community: Sequence[str],
        places: GridPlaces,
        building: Sequence[str],
        grid: Sequence[str],
        crosswalk: Sequence[tuple[str, str, float]],
        meta: Mapping[str, str],
    ) -> Self:
        """The grids of one plan from the columns of its tables.

        Parameters
        ----------
        code, name, community, places
            Of each grid.
        building, grid
            Each member building, and the code of its grid.
        crosswalk
            (old code, new code, share of the old grid's households) where both are there.
        meta
            Of the plan: ``plan_id``, ``retired_codes``.
        """
        row_of = {str(one): row for row, one in enumerate(code)}
        successors: dict[str, list[Successor]] = {}
        for old, new, share in crosswalk:
            if old not in row_of and new in row_of:
                successors.setdefault(old, []).append(Successor(new, share))
        ordered = {
            old: tuple(sorted(found, key=lambda s: (-s.share_frac, s.grid))) for old, found in successors.items()
        }
        retired = frozenset(meta.get("retired_codes", "").split()) | ordered.keys()
        return cls(
            code=tuple(code),
            name=tuple(name),
            community=tuple(community),
            plan=(meta.get("plan_id", ""),) * len(code),
            places=places,
            grid_of_building={one: row for one, row in zip(building, map(row_of.get, grid)) if row is not None},
            successors=ordered,
            retired=retired - row_of.keys(),
        )


def _crosswalk_rows(crosswalk: pd.DataFrame | None) -> list[tuple[str, str, float]]:
    if crosswalk is None:
        return []
    both = crosswalk[crosswalk["old"].notna() & crosswalk["new"].notna()]
    return list(zip(both["old"].tolist(), both["new"].tolist(), both["share_of_old"].astype(float).tolist()))
