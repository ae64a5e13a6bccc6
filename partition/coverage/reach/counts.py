"""Shares reached in time: of households, buildings, places, street metres and ground, by grid and over all.

Over all counts every door of the layers, those outside every grid too; streets and ground are those of the grids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gis.graph import BoolArray, FloatArray, Int32Array
from gis.streets.network import StreetNetwork
from partition.coverage.reach.arrival import in_time, reached_m
from partition.coverage.reach.ground import Ground, Lattice
from partition.coverage.reach.types import Arrival, Doors, Shares


@dataclass(frozen=True, slots=True)
class Times:
    """Arrival in one band, at everything that is counted.

    Attributes
    ----------
    home_s, place_s, ground_s
        Seconds to buildings, key places and points of the lattice.
    counts_place
        Key places that the promise is made to (all, where it names none).
    """

    network: StreetNetwork
    arrival: Arrival
    speed_factor: float
    homes: Doors
    places: Doors
    home_s: FloatArray
    place_s: FloatArray
    ground_s: FloatArray
    counts_place: BoolArray
    ground: Ground
    lattice: Lattice


def totals(times: Times, limit_s: float, n_grids: int) -> FloatArray:
    """``(grids + 1, 10)``: the fields of `Shares` by grid, the last row for what is in none."""

    def by_grid(grid: Int32Array, weight: FloatArray | BoolArray) -> FloatArray:
        row = np.where(grid >= 0, grid, n_grids)
        return np.bincount(row, weights=weight.astype(np.float64), minlength=n_grids + 1)

    homes, places, ground = times.homes, times.places, times.ground
    home_in, place_in = in_time(times.home_s, limit_s), in_time(times.place_s, limit_s) & times.counts_place
    ahead, behind = reached_m(times.network, times.arrival, limit_s, times.speed_factor)
    street_in = np.minimum(np.minimum(ahead + behind, times.network.length_m), ground.link_m)
    is_inside = ground.link_grid >= 0
    columns = (
        by_grid(homes.grid, homes.households),
        by_grid(homes.grid, homes.households * home_in),
        by_grid(homes.grid, np.ones(len(homes.row))),
        by_grid(homes.grid, home_in),
        by_grid(places.grid, times.counts_place),
        by_grid(places.grid, place_in),
        by_grid(ground.link_grid, ground.link_m * is_inside),
        by_grid(ground.link_grid, street_in * is_inside),
        by_grid(times.lattice.grid, times.lattice.area_m2),
        by_grid(times.lattice.grid, times.lattice.area_m2 * in_time(times.ground_s, limit_s)),
    )
    return np.stack(columns, axis=1)


def over_all(table: FloatArray) -> Shares:
    """Shares of everything."""
    return _shares(table.sum(axis=0))


def grid_by_grid(table: FloatArray, codes: tuple[str, ...]) -> Mapping[str, Shares]:
    """Shares of every grid."""
    return {code: _shares(row) for code, row in zip(codes, table[: len(codes)])}


def _shares(row: FloatArray) -> Shares:
    v = row.tolist()
    # A sum of parts may pass the whole by a rounding.
    return Shares(
        households=v[0],
        households_in=min(v[0], v[1]),
        buildings=round(v[2]),
        buildings_in=round(v[3]),
        places=round(v[4]),
        places_in=round(v[5]),
        street_m=v[6],
        street_in_m=min(v[6], v[7]),
        area_m2=v[8],
        area_in_m2=min(v[8], v[9]),
    )
