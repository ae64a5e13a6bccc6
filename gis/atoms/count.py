"""What each atom holds: households, people, buildings, centre and spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gis.enclose import ObjectArray, locate
from gis.graph import BoolArray, FloatArray, Int32Array, IntArray
from gis.report import QualityReport
from gis.territory import Territory


@dataclass(frozen=True, slots=True)
class Counts:
    """Per atom, as in `gis.graph.AtomGraph`."""

    households: IntArray
    population: IntArray
    n_buildings: IntArray
    largest_building: IntArray
    x_m: FloatArray
    y_m: FloatArray
    inertia_m2: FloatArray


def place_buildings(territory: Territory, geometry: ObjectArray, report: QualityReport) -> Int32Array:
    """Atom of each building, by a point inside its footprint; on a border the lower atom.

    A building outside every community goes to the nearest atom and is reported.
    """
    buildings = territory["buildings"]
    points = shapely.point_on_surface(np.asarray(buildings.geometry.array))
    atom = locate(points, geometry)
    lost = np.flatnonzero(atom < 0)
    if len(lost):
        tree = shapely.STRtree(geometry)
        (row, near), gap = tree.query_nearest(points[lost], return_distance=True, all_matches=True)
        order = np.lexsort((near, row))
        row, near, gap = row[order], near[order], gap[order]
        first = np.unique(row, return_index=True)[1]
        atom[lost] = near[first]
        for i, metres in zip(lost, gap[first], strict=True):
            report.add("note_building_outside", "buildings", str(buildings["id"].iloc[i]), measured_m=float(metres))
    return atom.astype(np.int32)


def count(
    territory: Territory, geometry: ObjectArray, building_atom: Int32Array, unit_atom: Int32Array, is_unit: BoolArray
) -> Counts:
    """Sum buildings and units to atoms.

    A unit counts its own households and people; buildings in it only say how they are spread.  Without
    buildings the households of a unit are taken as spread evenly over a disc of its area.
    """
    n = len(geometry)
    buildings, units = territory["buildings"], territory["units"]
    w, people = _integers(buildings["households"]), _integers(buildings["population"])
    point = shapely.get_coordinates(shapely.point_on_surface(np.asarray(buildings.geometry.array)))
    households = np.bincount(building_atom, weights=w, minlength=n).astype(np.int64)
    population = np.bincount(building_atom, weights=people, minlength=n).astype(np.int64)
    n_buildings = np.bincount(building_atom, minlength=n).astype(np.int64)
    largest = np.zeros(n, np.int64)
    np.maximum.at(largest, building_atom, w)

    area = shapely.area(geometry)
    centre = shapely.get_coordinates(shapely.centroid(geometry))
    middle = centre.copy()
    lived = households > 0
    for axis in (0, 1):
        offset = point[:, axis] - centre[building_atom, axis]
        moment = np.bincount(building_atom, weights=w * offset, minlength=n)
        middle[lived, axis] += moment[lived] / households[lived]
    away = ((point - middle[building_atom]) ** 2).sum(axis=1)
    inertia = np.bincount(building_atom, weights=w * away, minlength=n)

    if len(unit_atom):
        told = np.bincount(unit_atom, weights=_integers(units["households"]), minlength=n).astype(np.int64)
        told_people = np.bincount(unit_atom, weights=_integers(units["population"]), minlength=n).astype(np.int64)
        mean_square = np.divide(inertia, households, out=area / (2.0 * np.pi), where=lived)
        owns = is_unit
        inertia = np.where(owns, told * mean_square, inertia)
        households, population = np.where(owns, told, households), np.where(owns, told_people, population)
        largest = np.where(owns, np.minimum(largest, told), largest)
    return Counts(households, population, n_buildings, largest, middle[:, 0], middle[:, 1], inertia)


def _integers(column: pd.Series) -> IntArray:
    return np.asarray(column.fillna(0).to_numpy(dtype=np.int64))
