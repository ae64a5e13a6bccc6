"""The grids that coverage is counted by: area without water, urban or rural class, households.

Decides what water is (barriers of kind ``river`` and ``water`` that are polygons) and which class a grid has; how many
cameras a class wants is said in `partition.coverage.settings`.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis.graph import FloatArray
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.codes.units import CLASSES
from partition.coverage.cameras.types import Land
from partition.coverage.settings import URBAN_CLASSES
from partition.filed import FiledPlan
from partition.plan import RURAL

URBAN = "urban"
_WATER = ("river", "water")
_DRY_FRAC = 1e-9  # what is left of a grid of water is rounding


def grids_of(territory: Territory, filed: FiledPlan) -> Land:
    """The grids of a plan as land to count on.

    The class of a grid is that of its community where it is one of the published ones, else the community's kind, else
    whether the grid itself is rural.  Broken shapes are mended; a grid without a shape has no area.

    Parameters
    ----------
    territory
        Waters and communities.
    filed
        The plan, in any CRS.
    """
    grids = filed.grids if filed.grids.crs == territory.crs else filed.grids.to_crs(territory.crs)
    grids = grids.sort_values("code", kind="stable", ignore_index=True)
    geometry = polygons_of(np.asarray(grids.geometry.array, dtype=object))
    community, kind = _texts(grids, "community"), _texts(grids, "kind")
    communities = territory["communities"]
    by_code = {
        code: (town, class_code if class_code in CLASSES else own)
        for code, town, class_code, own in zip(
            *(_texts(communities, column) for column in ("code", "town", "class_code", "kind")), strict=True
        )
    }
    known = [by_code.get(c, ("", RURAL if k == RURAL else URBAN)) for c, k in zip(community, kind, strict=True)]
    return Land(
        codes=_texts(grids, "code"),
        community=community,
        town=tuple(town for town, _ in known),
        name=_texts(grids, "name"),
        class_code=tuple(class_code for _, class_code in known),
        geometry=geometry,
        area_m2=land_area_m2(geometry, territory),
        households=grids["households"].to_numpy(dtype=float),
    )


def is_urban(class_code: str) -> bool:
    """Whether a class counts as urban."""
    return class_code == URBAN or class_code in URBAN_CLASSES


def land_area_m2(polygons: ObjectArray, territory: Territory) -> FloatArray:
    """Area of each polygon without the waters in it; waters that overlap are taken off once."""
    barriers = territory["barriers"]
    shapes = np.asarray(barriers.geometry.array, dtype=object)
    is_water = barriers["kind"].isin(_WATER).to_numpy(dtype=bool) & (shapely.get_dimensions(shapes) == 2)
    area: FloatArray = np.asarray(shapely.area(polygons), dtype=float)
    if is_water.any():
        water = shapely.get_parts(shapely.union_all(shapely.make_valid(shapes[is_water])))
        water = water[shapely.get_dimensions(water) == 2]
        row, of = shapely.STRtree(water).query(polygons, predicate="intersects")
        wet = shapely.area(shapely.intersection(polygons[row], water[of]))
        dry = area - np.bincount(row, weights=wet, minlength=len(polygons))
        area = np.where(dry > _DRY_FRAC * area, dry, 0.0)
    return area


def polygons_of(shapes: ObjectArray) -> ObjectArray:
    """Shapes as valid areas: broken ones mended, missing ones empty."""
    shapes = np.where(shapely.is_missing(shapes), shapely.Polygon(), shapes)
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        shapes[broken] = [_areas_only(shape) for shape in shapely.make_valid(shapes[broken])]
    return shapes


def _areas_only(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def _texts(table: gpd.GeoDataFrame, column: str) -> tuple[str, ...]:
    return tuple(table[column].fillna("").astype(str))
