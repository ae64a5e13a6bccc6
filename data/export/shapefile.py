"""Shapefiles in CGCS2000: geometry by GDAL, attribute tables by `data.export.dbf`.

Decides the coordinate system and the files of a layer; what stands in the layers is decided in `data.export`.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from pyproj import CRS

from data.export.dbf import DbfField, Encoding, write_dbf
from data.export.fields import write_field_table
from data.files.atomic import storage_error
from gis.crs import metric_crs
from gis.errors import InputError
from gis.report import QualityReport

Cgcs2000 = Literal["auto", "degrees", "zone", "zone_prefixed"]
FORMS: tuple[Cgcs2000, ...] = ("auto", "degrees", "zone", "zone_prefixed")
FIELD_TABLE = "fields.csv"
_GEOGRAPHIC = 4490
_WEST, _EAST = 73.5, 136.5


def shapefile_crs(crs: CRS, table: gpd.GeoDataFrame, form: Cgcs2000 = "auto") -> CRS:
    """CGCS2000 coordinate system that a Shapefile of these shapes is written in.

    ``auto`` keeps a CRS that is on CGCS2000 already, so that no corner moves, and takes degrees (EPSG:4490, lawful
    anywhere) for every other.  ``zone`` is the three-degree Gauss-Kruger zone of the middle of the shapes without
    zone number in the easting (EPSG:4534-4554), ``zone_prefixed`` the same with it (EPSG:4513-4533).

    Raises
    ------
    InputError
        ``export_no_zone``: the place lies outside the zones.
    """
    if form == "auto" and crs.datum is not None and crs.datum.name == "China 2000":
        return crs
    geographic = CRS.from_epsg(_GEOGRAPHIC)
    if form in ("auto", "degrees"):
        return geographic
    x0, y0, x1, y1 = (float(v) for v in table.to_crs(geographic).total_bounds)
    if not _WEST <= (x0 + x1) / 2 <= _EAST:
        raise InputError("export_no_zone", measured=round((x0 + x1) / 2, 3), allowed=f"{_WEST}-{_EAST}")
    zone = metric_crs(geographic, (x0, y0, x1, y1))
    return zone if form == "zone" else CRS.from_epsg(int(zone.to_epsg() or 0) - 21)


def write_shapefiles(
    folder: Path,
    layers: Mapping[str, pd.DataFrame],
    *,
    crs: CRS,
    encoding: Encoding,
    date: dt.date,
    report: QualityReport,
) -> None:
    """Write layers as Shapefiles, tables without geometry as ``.dbf`` alone, and the table of fields.

    Parameters
    ----------
    folder
        Where the files go; must exist.
    layers
        Layer name to table, in order.
    crs
        What the shapes are brought to.
    encoding
        ``utf-8`` or ``gbk``; the ``.cpg`` says which.
    date
        State of the data.
    report
        Takes what was cut.

    Raises
    ------
    StorageError
        ``disk_full``, ``file_not_writable``.
    """
    fields: dict[str, tuple[DbfField, ...]] = {}
    for name, table in layers.items():
        plain = pd.DataFrame(table)
        if isinstance(table, gpd.GeoDataFrame):
            plain = pd.DataFrame(table.drop(columns=table.geometry.name))
            _write_shapes(folder / f"{name}.shp", gpd.GeoSeries(table.geometry).to_crs(crs))
        place = folder / f"{name}.dbf"
        fields[name] = write_dbf(place, plain, layer=name, encoding=encoding, date=date, report=report)
    rows = {name: [(f.column, f.name, f.kind, f.width, f.decimals) for f in own] for name, own in fields.items()}
    write_field_table(folder / FIELD_TABLE, rows)


def _write_shapes(path: Path, shapes: gpd.GeoSeries) -> None:
    frame = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes.array, crs=shapes.crs)
    try:
        # The attribute table and the .cpg that GDAL makes here are replaced by our own.
        pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile", geometry_type="Polygon", promote_to_multi=False)
        n_written = _n_complete(path)
    except (DataSourceError, DataLayerError, FeatureError, RuntimeError) as error:
        raise storage_error(path, error) from error
    if n_written != len(shapes):
        raise storage_error(path, RuntimeError(f"{n_written} of {len(shapes)} shapes were written"))


def _n_complete(path: Path) -> int:
    """How many shapes a file has, by its index; none where the file is shorter than it says (a disk that is full)."""
    with path.open("rb") as file:
        (words,) = struct.unpack(">24xi", file.read(28))
    n = (path.with_suffix(".shx").stat().st_size - 100) // 8
    return n if path.stat().st_size == 2 * words else 0
