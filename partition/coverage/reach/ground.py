"""What reach is counted on besides doors: metres of street and square metres of ground, grid by grid.

Ground is counted by a lattice of points in every grid, each at the spot of the street nearest to it and walked to from
there, however far: a grid's share is the share of its points, weighted with its area net of water.  So the share grows
with time, is all where everything is reached, and costs the same for a small grid and a large one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis.graph import FloatArray, Int32Array
from gis.streets.network import ObjectArray, StreetNetwork
from gis.streets.places import grids_of
from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.reach.doors import BORDER_M
from partition.coverage.reach.kerb import Kerb, Spots

POINTS = 100
"""Points of the lattice in a grid, about; never closer than `LEAST_M`."""
LEAST_M = 5.0
_WATER = ("river", "water")


@dataclass(frozen=True, slots=True)
class Lattice:
    """Points that stand for the ground: where, of which grid, for how many square metres."""

    xy: FloatArray
    grid: Int32Array
    area_m2: FloatArray

    @property
    def points(self) -> ObjectArray:
        """As shapes."""
        return np.asarray(shapely.points(self.xy), dtype=object)


def lattice(territory: Territory, land: Land) -> Lattice:
    """Points of every grid, in its own lattice; none in water, but at least one point a grid."""
    barriers = territory["barriers"]
    is_water = barriers["kind"].isin(_WATER).to_numpy(dtype=bool)
    shapes = np.asarray(barriers.geometry.array, dtype=object)[is_water]
    water = shapely.STRtree(shapes[shapely.get_dimensions(shapes) == 2] if len(shapes) else shapes)
    found = [_points_in(shape) for shape in land.geometry]
    grid = np.repeat(np.arange(len(found), dtype=np.int32), [len(xy) for xy in found])
    xy = np.concatenate(found) if found else np.zeros((0, 2))
    is_dry = np.ones(len(xy), dtype=bool)
    if len(water.geometries) and len(xy):
        is_dry[water.query(shapely.points(xy), predicate="intersects")[0]] = False
    all_wet = np.bincount(grid[is_dry], minlength=len(found)) == 0
    is_dry |= all_wet[grid]
    xy, grid = xy[is_dry], grid[is_dry]
    area = np.asarray(land.area_m2, dtype=np.float64) / np.maximum(np.bincount(grid, minlength=len(found)), 1)
    return Lattice(xy, grid, area[grid])


def _points_in(shape: shapely.Geometry) -> FloatArray:
    """Lattice points inside one grid; its own inner point where there is none."""
    if shape is None or shape.is_empty:
        return np.zeros((0, 2))
    x0, y0, x1, y1 = shape.bounds
    step = max(float(np.sqrt(shape.area / POINTS)), LEAST_M)
    # The lattice is that of the land, not of the box, so that a neighbour's change moves no point.
    x = (np.arange(np.floor(x0 / step), np.ceil(x1 / step)) + 0.5) * step
    y = (np.arange(np.floor(y0 / step), np.ceil(y1 / step)) + 0.5) * step
    if len(x) * len(y) > 200 * POINTS:  # a thin slanting grid in a large box
        x, y = _few(x0, x1), _few(y0, y1)
    at = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    shapely.prepare(shape)
    at = at[shapely.contains_xy(shape, at[:, 0], at[:, 1])]
    inner: FloatArray = at if len(at) else shapely.get_coordinates(shapely.point_on_surface(shape))
    return inner


def _few(low: float, high: float) -> FloatArray:
    n = 140
    return low + (np.arange(n) + 0.5) * (high - low) / n


@dataclass(frozen=True, slots=True)
class Ground:
    """Streets and ground of one mode.

    Attributes
    ----------
    link_grid, link_m
        Per link: grid (-1: in none, or not open to the mode), metres that the mode may use.
    spots
        Per point of the lattice: where it is walked to from.
    """

    link_grid: Int32Array
    link_m: FloatArray
    spots: Spots


def find_ground(network: StreetNetwork, kerb: Kerb, land: Land, points: ObjectArray) -> Ground:
    """Grid of every link, by its middle, and spot of every lattice point."""
    is_open = np.isfinite(network.passing_s).any(axis=1)
    grid = np.full(network.n_links, -1, dtype=np.int32)
    if is_open.any():
        middle = shapely.line_interpolate_point(network.geometry[is_open], 0.5, normalized=True)
        grid[is_open] = grids_of(np.asarray(middle, dtype=object), land.geometry, BORDER_M)
    return Ground(grid, np.where(is_open, network.length_m, 0.0), kerb.find(points))
