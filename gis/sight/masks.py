"""The private part of what a camera sees: to be masked in its picture.

Private is the ground of guarded estates (`gis.streets.owners.GUARDED`), through roads in them left out by 6 m to each
side of their middle line, and a strip of half a metre before the walls of buildings with households: their doors and
windows.  Whether the camera draws it finely enough to matter is for the caller, who chooses the polygon.
"""

from __future__ import annotations

import numpy as np
import shapely

from gis.repair import mend
from gis.sight import ground
from gis.streets.network import ObjectArray
from gis.territory import Territory

STRIP_M = 0.5
"""Breadth of the strip before a dwelling's wall."""
ROAD_M = 6.0
"""Half the breadth of a through road."""


def masks(polygons: ObjectArray, territory: Territory) -> ObjectArray:
    """Per polygon its private part: a valid polygon or multipolygon, empty where there is none.

    Parameters
    ----------
    polygons
        What cameras see (`gis.sight.sweep.visible`), in the territory's CRS.
    """
    polygons = np.asarray(polygons, dtype=object)
    found: ObjectArray = np.full(len(polygons), shapely.Polygon(), dtype=object)
    # Pieces of private ground that do not overlap: then one cut a polygon is enough.
    ground_of = np.concatenate([_estates(territory), _strips(territory, polygons)])
    private = shapely.get_parts(shapely.union_all(ground_of))
    at, which = shapely.STRtree(private).query(polygons, predicate="intersects")
    if not len(at):
        return found
    order = np.lexsort((which, at))
    owner, number = np.unique(at[order], return_inverse=True)
    near = shapely.multipolygons(private[which[order]], indices=number)
    cut, of = shapely.get_parts(shapely.intersection(polygons[owner], near), return_index=True)
    areal = (shapely.get_type_id(cut) == 3) & (shapely.area(cut) > 1e-6)
    kept, number = np.unique(of[areal], return_inverse=True)
    if len(kept):
        masked = shapely.multipolygons(cut[areal], indices=number)
        lone = shapely.get_num_geometries(masked) == 1
        masked[lone] = shapely.get_geometry(masked[lone], 0)
        found[owner[kept]] = masked
    return np.asarray(mend(found).geometry, dtype=object)


def _estates(territory: Territory) -> ObjectArray:
    estates = ground.guarded(territory)
    through = ground.is_through(territory) & ground.usable_lines(territory)
    if not len(estates) or not through.any():
        return estates
    roads = np.asarray(territory["streets"].geometry.array, dtype=object)[through]
    at, road = shapely.STRtree(roads).query(estates, predicate="intersects")
    for k in np.unique(at).tolist():
        strip = shapely.union_all(shapely.buffer(roads[np.sort(road[at == k])], ROAD_M, cap_style="flat"))
        estates[k] = shapely.difference(estates[k], strip)
    left: ObjectArray = estates[np.isin(shapely.get_type_id(estates), (3, 6)) & ~shapely.is_empty(estates)]
    return left


def _strips(territory: Territory, polygons: ObjectArray) -> ObjectArray:
    """Strips before the dwellings that some polygon comes near."""
    rows, shapes = ground.footprints(territory)
    home = shapes[np.isin(rows, np.flatnonzero(ground.dwellings(territory)))]
    near = np.unique(shapely.STRtree(home).query(polygons, predicate="dwithin", distance=STRIP_M)[1])
    wide: ObjectArray = shapely.buffer(home[near], STRIP_M, join_style="mitre", mitre_limit=2.0)
    return wide
