"""Counts and densities by grid, community, town and class.

Decides which grid a camera belongs to, what is missing, and how rows add up: every larger area is the sum of its
grids.  What is seen comes counted from `partition.coverage.cameras.seen`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import shapely

from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.streets.network import ObjectArray
from partition.coverage.cameras.types import DensityRow, Land
from partition.coverage.land import is_urban
from partition.coverage.settings import CameraSettings

_EDGE_M = 0.01
_TINY = 1e-9  # 8.000000000000001 cameras are 8


@dataclass(frozen=True, slots=True)
class Stock:
    """Cameras as density counts them.

    Attributes
    ----------
    grid
        Per position: grid, -1 in none.
    channels
        Per position.
    is_working
        Per position.
    is_networked
        Per position: None where its status says nothing.
    """

    grid: Int32Array
    channels: Int32Array
    is_working: BoolArray
    is_networked: Sequence[bool | None]


@dataclass(frozen=True, slots=True)
class SeenByGrid:
    """What is seen, by grid (last axis).

    Attributes
    ----------
    street_m, twice_m
        Metres of public street, and of those seen by two or more cameras at the level asked for.
    seen_m
        ``(levels, grids)``: metres of public street seen.
    places
        Key places.
    places_seen
        ``(levels, grids)``: key places seen.
    private_m
        Private metres in view.
    """

    street_m: FloatArray
    twice_m: FloatArray
    seen_m: FloatArray
    places: IntArray
    places_seen: IntArray
    private_m: FloatArray

    @classmethod
    def nothing(cls, n_grids: int, n_levels: int) -> SeenByGrid:
        """Where nothing was looked at."""
        none, levels = np.zeros(n_grids), np.zeros((n_levels, n_grids))
        return cls(none, none, levels, none.astype(np.int64), levels.astype(np.int64), none)


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything that adds up, one column a measure, one row a grid; ``wanted`` is target x km2."""

    names: tuple[str, ...]
    values: FloatArray

    @classmethod
    def of(cls, land: Land, settings: CameraSettings, stock: Stock, seen: SeenByGrid) -> Tally:
        """Tally of the grids."""
        n = len(land.codes)
        inside = stock.grid >= 0
        grid = stock.grid[inside]

        def count(weight: FloatArray | Int32Array | BoolArray) -> FloatArray:
            summed: FloatArray = np.bincount(grid, weights=np.asarray(weight, dtype=float)[inside], minlength=n)
            return summed

        km2 = land.area_m2 / 1e6
        positions = count(np.ones(len(stock.grid)))
        wanted = targets_of(land.class_code, settings.density) * km2
        columns: dict[str, FloatArray | IntArray] = {
            "km2": km2,
            "grids": np.ones(n),
            "target": targets_of(land.class_code, settings.density),
            "wanted": wanted,
            "positions": positions,
            "channels": count(stock.channels),
            "working": count(stock.is_working),
            "networked": count(np.array([v is True for v in stock.is_networked], dtype=bool)),
            "known": count(np.array([v is not None for v in stock.is_networked], dtype=bool)),
            "missing": np.maximum(np.ceil(wanted - _TINY) - positions, 0.0),
            "street_m": seen.street_m,
            "twice_m": seen.twice_m,
            "places": seen.places,
            "private_m": seen.private_m,
        }
        for i, level in enumerate(settings.profile.names):
            columns[f"seen_m.{level}"] = seen.seen_m[i]
            columns[f"places_seen.{level}"] = seen.places_seen[i]
        return cls(tuple(columns), np.column_stack(list(columns.values())).astype(float).reshape(n, len(columns)))

    def summed(self, group: IntArray, n: int) -> Tally:
        """Sums over groups."""
        sums = np.zeros((n, len(self.names)))
        np.add.at(sums, group, self.values)
        return Tally(self.names, sums)

    def rows(self, scope: str, codes: Sequence[str], names: Sequence[str], levels: Sequence[str]) -> list[DensityRow]:
        """Rows out of the tally; the target of several grids is their mean by area, plain where they have no area."""
        rows = []
        for code, name, values in zip(codes, names, self.values.tolist(), strict=True):
            of = dict(zip(self.names, values, strict=True))
            km2, positions = of["km2"], int(of["positions"])
            target = of["target"] / max(of["grids"], 1.0)
            if of["grids"] > 1 and km2 > 0:
                target = of["wanted"] / km2
            row = DensityRow(
                scope=scope,
                code=code,
                name=name,
                area_km2=km2,
                positions=positions,
                channels=int(of["channels"]),
                working=int(of["working"]),
                target_per_km2=target,
                density_per_km2=positions / km2 if km2 > 0 else None,
                missing=int(of["missing"]),
                street_m=of["street_m"],
                seen_m={level: of[f"seen_m.{level}"] for level in levels},
                places=int(of["places"]),
                places_seen={level: int(of[f"places_seen.{level}"]) for level in levels},
                private_m=of["private_m"],
                networked=int(of["networked"]),
                networked_known=int(of["known"]),
                twice_m=of["twice_m"],
            )
            rows.append(row)
        return rows


def density_rows(
    land: Land, settings: CameraSettings, tally: Tally, names: Mapping[tuple[str, str], str] = MappingProxyType({})
) -> tuple[DensityRow, ...]:
    """Rows of every grid, community, town and class, and one of all, each scope with codes ascending.

    Grids without a community or town are in no row of that scope but in those of their class and of all.  Finer
    classes have rows where a community states one.  ``names``: (scope, code) -> name, where an area has one.
    """
    levels = settings.profile.names
    rows = tally.rows("grid", land.codes, land.name, levels)
    for scope, labels in labels_of(land).items():
        codes = ["all"] if scope == "all" else sorted({label for label in labels if label})
        at = {code: i for i, code in enumerate(codes)}
        group = np.array([at.get(label, len(codes)) for label in labels], dtype=np.int64)
        sums = tally.summed(group, len(codes) + 1)
        rows += Tally(sums.names, sums.values[:-1]).rows(
            scope, codes, [names.get((scope, c), "") for c in codes], levels
        )
    return tuple(rows)


def labels_of(land: Land) -> dict[str, tuple[str, ...]]:
    """Scope -> per grid: the area it is in, empty for none."""
    kinds = tuple("urban" if is_urban(code) else "rural" for code in land.class_code)
    return {
        "community": land.community,
        "town": land.town,
        "class": kinds,
        "class_code": tuple("" if c == kind else c for c, kind in zip(land.class_code, kinds, strict=True)),
        "all": ("all",) * len(land.codes),
    }


def grids_at(points: ObjectArray, land: Land) -> Int32Array:
    """Grid of each point, -1 where in none; a point on an edge is in the grid with the lowest code, and only there."""
    grid = np.full(len(points), len(land.codes), dtype=np.int64)
    if len(points) and len(land.codes):
        at, of = shapely.STRtree(land.geometry).query(points, predicate="dwithin", distance=_EDGE_M)
        np.minimum.at(grid, at, of)
    return np.where(grid < len(land.codes), grid, -1).astype(np.int32)


def target_of(class_code: str, density: Mapping[str, float]) -> float:
    """Positions wanted per square kilometre of a class: its own, else that of ``urban`` or ``rural``."""
    return density[class_code] if class_code in density else density["urban" if is_urban(class_code) else "rural"]


def targets_of(class_code: Sequence[str], density: Mapping[str, float]) -> FloatArray:
    """Positions wanted per square kilometre of each grid."""
    by_class = {code: target_of(code, density) for code in set(class_code)}
    return np.array([by_class[code] for code in class_code], dtype=float)


def missing_positions(target_per_km2: float, area_km2: float, positions: int) -> int:
    """Positions that are missing: ``max(0, ceil(target x km2) - positions)``."""
    return max(0, math.ceil(target_per_km2 * area_km2 - _TINY) - positions)


def mean_spacing_m(density_per_km2: float) -> float:
    """Distance between positions if they stood on a square pattern; infinite where there are none."""
    return 1000.0 / math.sqrt(density_per_km2) if density_per_km2 > 0 else math.inf
