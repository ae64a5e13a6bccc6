"""Ground that changed hands between two plans: by shape, so that other codes, other pieces or another territory do not
matter.

Decides where one plan's grid lies outside the old grid that it carries on; which grid carries which on is told by the
crosswalk.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.graph import FloatArray, IntArray
from partition.compare.shapes import ObjectArray, shapes_of
from partition.filed import FiledPlan

HANDS_COLUMNS = ("old", "new", "relation", "households", "buildings", "area_m2")
_DTYPES = tuple(zip(HANDS_COLUMNS, ("object", "object", "object", "int64", "int64", "float64")))
_CARRIED = ("kept", "changed")
_THIN_M = 1.0
"""Ground narrower than twice this is a border that was drawn again."""


def ground_between(old: FiledPlan, new: FiledPlan, crosswalk: pd.DataFrame) -> gpd.GeoDataFrame:
    """Where the grid is another one now: a row per old and new grid, in longitude and latitude.

    Parameters
    ----------
    old, new
        The plans.
    crosswalk
        From the old plan to the new one.

    Returns
    -------
    geopandas.GeoDataFrame
        `HANDS_COLUMNS`: ``old`` or ``new`` is ``None`` for ground that only one of the plans covers; ``relation``,
        ``households`` and ``buildings`` as the crosswalk has them (``changed`` and 0 where no member lies there).

    Raises
    ------
    InputError
        As `partition.compare.shapes.shapes_of`.
    """
    before, after = shapes_of((old, new), ("old", "new"))
    old_code, new_code = old.grids["code"].to_numpy(object), new.grids["code"].to_numpy(object)
    a, b, shape = _pairs(before.geometry, after.geometry)
    carried = crosswalk[crosswalk["relation"].isin(_CARRIED)]
    heir = dict(zip(carried["old"], carried["new"]))
    moves = np.array([heir.get(one) != two for one, two in zip(old_code[a], new_code[b])], bool)
    rows = [(old_code[i], new_code[j], s) for i, j, s in zip(a[moves], b[moves], shape[moves])]
    rows += [(old_code[i], None, s) for i, s in _left_over(before.geometry, a, shape)]
    rows += [(None, new_code[j], s) for j, s in _left_over(after.geometry, b, shape)]
    said = {
        (_text(row.old), _text(row.new)): (row.relation, int(row.households), int(row.buildings))
        for row in crosswalk.itertuples()
    }
    found = []
    for one, two, ground in rows:
        solid = _solid(ground)
        if solid is None:
            continue
        otherwise = ("retired" if two is None else "new" if one is None else "changed", 0, 0)
        found.append((one, two, *said.get((one, two), otherwise), round(float(solid.area), 1), solid))
    found.sort(key=lambda row: (row[0] or "\uffff", row[1] or "\uffff"))
    table = pd.DataFrame({name: pd.Series([row[i] for row in found], dtype=d) for i, (name, d) in enumerate(_DTYPES)})
    shapes = gpd.GeoSeries([row[-1] for row in found], crs=before.crs)
    return gpd.GeoDataFrame(table, geometry=shapes.to_crs(CRS.from_epsg(4326)))


def _pairs(before: ObjectArray, after: ObjectArray) -> tuple[IntArray, IntArray, ObjectArray]:
    """Old and new grids that share ground, and that ground."""
    n, o = shapely.STRtree(before).query(after)
    same = shapely.equals_exact(before[o], after[n])
    # Grids of a plan lie beside one another: one that is in both plans as it is shares its ground with nobody else.
    n, o = (np.concatenate([side[same], side[~same & ~np.isin(n, n[same]) & ~np.isin(o, o[same])]]) for side in (n, o))
    shape = after[n].copy()
    rest = slice(int(same.sum()), None)
    shape[rest] = shapely.intersection(before[o[rest]], after[n[rest]])
    real = shapely.area(shape) > 0
    return o[real].astype(np.int64), n[real].astype(np.int64), shape[real]


def _left_over(grids: ObjectArray, of: IntArray, shared: ObjectArray) -> list[tuple[int, shapely.Geometry]]:
    """Ground of grids that the other plan does not cover."""
    covered: FloatArray = np.bincount(of, shapely.area(shared), len(grids))
    found = []
    for i in np.flatnonzero(shapely.area(grids) - covered > _THIN_M**2).tolist():
        found.append((i, shapely.difference(grids[i], shapely.union_all(shared[of == i]))))
    return found


def _solid(ground: shapely.Geometry) -> shapely.Geometry | None:
    """The parts of some ground that are no mere threads along a border."""
    parts = shapely.get_parts(ground)
    parts = parts[shapely.get_dimensions(parts) == 2]
    parts = parts[~shapely.is_empty(shapely.buffer(parts, -_THIN_M))]
    if len(parts) == 0:
        return None
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts.tolist())


def _text(code: object) -> str | None:
    return code if isinstance(code, str) else None
