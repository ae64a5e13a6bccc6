"""What cameras and reach are surveyed on: the territory, the plan, its grids, and polygons that a user hands in.

Decides that a plan and a territory must belong together; what a grid's area and class are is decided in
`partition.coverage.land`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from data.files.plan_file import read_plan
from gis.errors import InputError
from gis.progress import SILENT, Progress
from gis.readers.guard import FileKind, identify
from gis.readers.territory_file import read_territory
from gis.readers.vector import read_layers
from gis.report import QualityReport
from gis.streets.network import ObjectArray
from gis.territory import Territory
from partition.coverage.cameras.types import Land
from partition.coverage.land import grids_of
from partition.filed import FiledPlan

_VECTOR = (FileKind.GEOPACKAGE, FileKind.SHAPEFILE, FileKind.GEOJSON)
_NAME_COLUMNS = ("name", "NAME", "Name", "名称", "id", "code")


@dataclass(frozen=True, slots=True)
class CoverageLand:
    """Land to look at.

    Attributes
    ----------
    territory, filed
        The territory and a plan that was drawn on it.
    land
        The plan's grids with area, class and households.
    report
        What was mended or found odd on the way.
    plan_name, territory_name
        What messages call the two files.
    """

    territory: Territory
    filed: FiledPlan
    land: Land
    report: QualityReport
    plan_name: str
    territory_name: str

    @property
    def plan_id(self) -> str:
        """Version of the plan."""
        return self.filed.meta.get("plan_id", "")


def read_coverage_land(territory_path: Path, plan_path: Path, progress: Progress = SILENT) -> CoverageLand:
    """Read a territory and a plan that was drawn on it.

    Raises
    ------
    InputError
        ``coverage_other_territory``, ``coverage_no_grids``, and what the readers find.
    """
    filed = read_plan(plan_path)
    territory = read_territory(territory_path, progress=progress)
    if filed.meta.get("territory_hash") != territory.content_hash():
        raise InputError("coverage_other_territory", file=plan_path.name, territory=territory_path.name)
    return coverage_land(territory, filed, names=(plan_path.name, territory_path.name))


def coverage_land(territory: Territory, filed: FiledPlan, *, names: tuple[str, str] = ("", "")) -> CoverageLand:
    """The grids of a plan on a territory.

    Parameters
    ----------
    territory, filed
        Territory, and a plan drawn on it.
    names
        What messages call the plan and the territory.

    Raises
    ------
    InputError
        ``coverage_no_grids``.
    """
    if filed.grids.empty:
        raise InputError("coverage_no_grids", file=names[0], layer="grids")
    return CoverageLand(territory, filed, grids_of(territory, filed), QualityReport(), *names)


@dataclass(frozen=True, slots=True)
class Polygons:
    """Polygons of a user's file, in the territory's metric CRS, each with a name."""

    names: tuple[str, ...]
    shapes: ObjectArray


def read_polygons(path: Path, territory: Territory) -> Polygons:
    """Read the polygons of a vector file: zones without cameras, or areas with targets of their own.

    Parameters
    ----------
    path
        GeoPackage, Shapefile or GeoJSON; every layer of it is read.
    territory
        Gives the CRS, and the land that the polygons must touch.

    Raises
    ------
    InputError
        ``coverage_polygons_format``, ``coverage_polygons_no_crs``, ``coverage_polygons_none``,
        ``coverage_polygons_elsewhere``, and what the reader finds.
    """
    kind = identify(path)
    if kind not in _VECTOR:
        allowed = ", ".join(k.value for k in _VECTOR)
        raise InputError("coverage_polygons_format", file=path.name, measured=kind.value, allowed=allowed)
    names: list[str] = []
    found: list[ObjectArray] = []
    for _, table in read_layers(path, kind, QualityReport()):
        shapes = np.asarray(table.geometry.array, dtype=object)
        is_area = shapely.get_dimensions(shapes) == 2
        if not is_area.any():
            continue
        if table.crs is None:
            raise InputError("coverage_polygons_no_crs", file=path.name)
        inside = gpd.GeoSeries(shapes[is_area], crs=CRS(table.crs)).to_crs(territory.crs)
        column = next((name for name in _NAME_COLUMNS if name in table.columns), None)
        texts = table.loc[is_area, column].tolist() if column else [""] * len(inside)
        names += [str(text) if isinstance(text, str | int) and text else path.stem for text in texts]
        found.append(np.asarray(shapely.make_valid(np.asarray(inside.array)), dtype=object))
    if not found:
        raise InputError("coverage_polygons_none", file=path.name)
    shapes = np.concatenate(found)
    x0, y0, x1, y1 = territory["communities"].total_bounds
    if not shapely.intersects(shapes, shapely.box(x0, y0, x1, y1)).any():
        raise InputError("coverage_polygons_elsewhere", file=path.name, measured=len(shapes))
    return Polygons(tuple(names), shapes)
