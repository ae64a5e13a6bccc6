"""Whose ground it is: public streets, guarded estates, dwellings.  One answer for samples, poles and masks.

Public is every street that people use: all classes but motorways and what is no way (`gis.enclose.NO_WAY_CLASSES`),
and not where nobody may enter.  Private is a lane inside a guarded estate (`gis.streets.owners.GUARDED`, 3 m clear of
its outline) unless it is a through road, and a street whose access is private.  The territory says nothing of
tunnels and arcades: a street under a building stays public, and walls hide it.
"""

from __future__ import annotations

import numpy as np
import shapely

from gis.enclose import NO_WAY_CLASSES
from gis.graph import BoolArray, FloatArray, IntArray
from gis.repair import is_absent, is_finite, mend
from gis.streets import modes, owners
from gis.streets.network import ObjectArray
from gis.territory import Territory

INSIDE_M = 3.0
"""A street along the outline of an estate is not inside it."""


def usable_lines(territory: Territory) -> BoolArray:
    """Per street: it has a line, and people use it."""
    streets = territory["streets"]
    shapes = np.asarray(streets.geometry.array, dtype=object)
    usable = ~is_absent(shapes)
    usable[usable] = is_finite(shapes[usable])
    road_class = modes.street_classes(streets)
    usable &= ~np.isin(road_class, sorted(NO_WAY_CLASSES | modes.MOTORWAYS))
    usable &= (modes.plain(streets["foot"]) != "no") | is_through(territory)
    return usable


def is_through(territory: Territory) -> BoolArray:
    """Per street: a through road, public also where it runs through an estate."""
    through: BoolArray = np.isin(modes.street_classes(territory["streets"]), sorted(modes.THROUGH))
    return through


def is_private_access(territory: Territory) -> BoolArray:
    """Per street: only who lives there may enter."""
    private: BoolArray = modes.plain(territory["streets"]["foot"]) == "private"
    return private


def guarded(territory: Territory, inside_m: float = 0.0) -> ObjectArray:
    """Guarded estates, without so many metres along their outline; those with nothing left are left out."""
    estates = territory["estates"]
    shapes = np.asarray(estates.geometry.array, dtype=object)[estates["kind"].isin(owners.GUARDED).to_numpy(dtype=bool)]
    shapes = shapes[~is_absent(shapes)]
    shapes = mend(shapely.force_2d(shapes[is_finite(shapes)])).geometry
    if inside_m:
        shapes = shapely.buffer(shapes, -inside_m)
    polygonal = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    return np.asarray(shapes[polygonal], dtype=object)


def footprints(territory: Territory) -> tuple[IntArray, ObjectArray]:
    """Buildings that are polygons: rows, and their mended shapes."""
    shapes = np.asarray(territory["buildings"].geometry.array, dtype=object)
    areal = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    areal[areal] = is_finite(shapes[areal])
    rows = np.flatnonzero(areal)
    mended = mend(shapely.force_2d(shapes[rows])).geometry
    left = np.isin(shapely.get_type_id(mended), (3, 6)) & ~is_absent(mended)
    return rows[left], np.asarray(mended[left], dtype=object)


def dwellings(territory: Territory) -> BoolArray:
    """Per building: it has households."""
    lived_in: BoolArray = territory["buildings"]["households"].fillna(0).to_numpy(dtype=np.float64) > 0
    return lived_in


def points(territory: Territory, layer: str) -> tuple[IntArray, FloatArray, FloatArray]:
    """Features of a layer of points that have a position: rows, x, y."""
    shapes = np.asarray(territory[layer].geometry.array, dtype=object)
    placed = (shapely.get_type_id(shapes) == 0) & ~shapely.is_empty(shapes)
    placed[placed] = is_finite(shapes[placed])
    rows = np.flatnonzero(placed)
    return rows, shapely.get_x(shapes[rows]), shapely.get_y(shapes[rows])


def land(territory: Territory) -> shapely.Geometry:
    """All communities as one shape."""
    shapes = np.asarray(territory["communities"].geometry.array, dtype=object)
    shapes = shapes[~is_absent(shapes)]
    shapes = mend(shapes[is_finite(shapes)]).geometry
    whole = shapely.union_all(shapes)
    shapely.prepare(whole)
    return whole
