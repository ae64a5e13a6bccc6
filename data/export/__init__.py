"""The data of a plan for other programs: GeoPackage, Shapefile, GeoJSON and KML, the same to the byte every time.

Decides which layers go into which format.  Sentences about what a format loses are made by whoever reads the
report.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd

from data.export.dbf import Encoding
from data.export.degrees import DECIMALS, to_degrees
from data.export.geojson import write_geojson
from data.export.kml import write_kml
from data.export.shapefile import FORMS, Cgcs2000, shapefile_crs, write_shapefiles
from data.files.atomic import storage_error
from data.files.geopackage import write_geopackage
from data.files.plan_file import plan_layers
from data.files.whole_folder import whole_folder
from gis.crs import crs_text
from gis.errors import InputError
from gis.progress import SILENT, Progress
from gis.report import QualityReport
from gis.territory import Territory
from partition.filed import FiledPlan

__all__ = ["DECIMALS", "ENCODINGS", "FORMS", "Cgcs2000", "Encoding", "Exported", "export_plan"]

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "gbk")
GEOPACKAGE, SHAPEFILES, GEOJSON, KML = "plan.gpkg", "shapefile", "geojson", "plan.kml"
_PLACE_COLUMNS = ("name", "kind", "town", "class_code")
_FACTS = MappingProxyType({"plan": "plan_id", "created_at": "created_at", "territory": "territory_hash"})
_NO_DATE = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Exported:
    """What `export_plan` wrote.

    Attributes
    ----------
    files
        Paths relative to the folder, with ``/``, sorted.
    crs
        Format to the coordinate system its shapes are in, as text.
    report
        What the formats could not hold (``note_export_*``).
    """

    files: tuple[str, ...]
    crs: Mapping[str, str]
    report: QualityReport = field(default_factory=QualityReport)


def export_plan(
    filed: FiledPlan,
    territory: Territory,
    folder: Path,
    *,
    encoding: Encoding = "utf-8",
    cgcs2000: Cgcs2000 = "auto",
    progress: Progress = SILENT,
) -> Exported:
    """Write the data of a plan in four formats into one folder.

    ``plan.gpkg`` is a complete plan file (contract section 1) whose communities have their outlines, in the CRS of
    the plan: nothing is rounded.  ``shapefile/`` has the layers in CGCS2000 and ``fields.csv`` about the ten-character
    field names; coordinates are kept to the last bit where the plan is in CGCS2000 already.  ``geojson/`` and
    ``plan.kml`` are WGS 84 with seven decimals: shared corners stay shared, each moves by less than a centimetre.

    Parameters
    ----------
    filed
        The plan.
    territory
        The land it was drawn on, for the outlines and names of communities.
    folder
        Folder to make; it may exist when it is empty.
    encoding
        Text encoding of the Shapefiles; their ``.cpg`` says which.
    cgcs2000
        Coordinates of the Shapefiles, see `shapefile_crs`.
    progress
        Watches the work.

    Raises
    ------
    InputError
        ``export_encoding_unknown``, ``export_crs_unknown``, ``export_no_zone``.
    StorageError
        ``folder_not_empty``, ``folder_missing``, ``out_not_folder``, ``disk_full``, ``file_not_writable``.
    """
    if encoding not in ENCODINGS:
        raise InputError("export_encoding_unknown", measured=encoding, allowed=", ".join(ENCODINGS))
    if cgcs2000 not in FORMS:
        raise InputError("export_crs_unknown", measured=cgcs2000, allowed=", ".join(FORMS))
    progress.stage("stage_export", 4)
    tables = plan_layers(filed)
    tables["communities"] = _with_outlines(tables["communities"], territory, filed)
    polygons = {name: tables[name] for name in ("grids", "communities")}
    crs = shapefile_crs(filed.grids.crs, filed.grids, cgcs2000)
    moment = filed.meta.get("created_at", "")
    facts = {name: filed.meta[key] for name, key in _FACTS.items() if filed.meta.get(key)}
    report = QualityReport()
    with whole_folder(folder) as place:
        try:
            write_geopackage(place / GEOPACKAGE, tables, created_at=moment)
            progress.advance()
            flat = {
                name: _with_plan(table.drop(columns="seconds", errors="ignore"), filed)
                for name, table in polygons.items()
            }
            plain = {
                name: _with_plan(table, filed) for name, table in tables.items() if name not in (*polygons, "meta")
            }
            (place / SHAPEFILES).mkdir()
            write_shapefiles(
                place / SHAPEFILES,
                {**flat, **plain},
                crs=crs,
                encoding=encoding,
                date=_date(moment),
                report=report,
            )
            progress.advance()
            degrees = {name: to_degrees(table, layer=name, report=report) for name, table in flat.items()}
            (place / GEOJSON).mkdir()
            for name, table in degrees.items():
                write_geojson(place / GEOJSON / f"{name}.geojson", name, table, facts)
            progress.advance()
            write_kml(place / KML, degrees, name=f"gridwright {facts.get('plan', '')}".strip(), facts=facts)
            progress.advance()
        except OSError as error:
            raise storage_error(folder, error) from error
        files = tuple(sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()))
    used = {
        "GeoPackage": crs_text(filed.grids.crs),
        "Shapefile": crs_text(crs),
        "GeoJSON": "EPSG:4326",
        "KML": "EPSG:4326",
    }
    return Exported(files, MappingProxyType(used), report)


def _with_outlines(table: pd.DataFrame, territory: Territory, filed: FiledPlan) -> gpd.GeoDataFrame:
    """The communities of a plan with the name, kind, town and outline they have in the territory."""
    land = territory["communities"].to_crs(filed.grids.crs)
    position = pd.Series(np.arange(len(land)), index=land["code"]).reindex(table["code"])
    if position.isna().any():
        raise InputError("export_community_unknown", id=str(table["code"][position.isna().to_numpy()].iloc[0]))
    known = land.iloc[position.astype(int).to_numpy()].reset_index(drop=True)
    places = {column: known[column].astype(object).where(known[column].notna(), None) for column in _PLACE_COLUMNS}
    data = {"code": table["code"].to_numpy(), **places}
    data.update({column: table[column].to_numpy() for column in table.columns if column != "code"})
    return gpd.GeoDataFrame(data, geometry=np.asarray(known.geometry.array), crs=land.crs)


def _with_plan[T: pd.DataFrame](table: T, filed: FiledPlan) -> T:
    """The layer with the plan version in every row: a file taken out of the folder still says what it is."""
    return table.assign(plan=filed.meta.get("plan_id", ""))


def _date(moment: str) -> dt.date:
    found = re.match(r"(\d{4})-(\d{2})-(\d{2})", moment)
    try:
        date = dt.date(*map(int, found.groups())) if found else _NO_DATE
    except ValueError:
        return _NO_DATE
    return date if 1900 <= date.year <= 2155 else _NO_DATE
