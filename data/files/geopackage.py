"""Writing GeoPackages so that the same content gives the same bytes, on any day and in any process.

Which layers and columns a file has is decided by its caller (`territory_file`, `plan_file`).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from data.files.atomic import storage_error, whole_file
from gis.progress import SILENT, Progress

_NO_DATE = "1970-01-01T00:00:00Z"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2})?")
_SINGLE = {0: "Point", 1: "LineString", 3: "Polygon"}
_MULTI = {4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}


def write_geopackage(
    path: Path, layers: Mapping[str, pd.DataFrame], *, created_at: str = "", progress: Progress = SILENT
) -> None:
    """Write tables, with geometry or without, as one GeoPackage.

    The same tables and ``created_at`` give the same bytes; the file appears whole or not at all.

    Parameters
    ----------
    path
        The file to make or to replace.
    layers
        Layer name to table, in file order.  A table without geometry becomes an attribute table.
    created_at
        ISO 8601 date of the content.  GeoPackage keeps a date of last change per layer; this is written there in
        place of the clock.

    Raises
    ------
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    progress.stage("stage_write_file", len(layers))
    with whole_file(Path(path)) as place:
        try:
            with _fixed_date(created_at):
                for name, table in layers.items():
                    _write_layer(place, name, table)
                    progress.advance()
            _assert_complete(place, layers)
        except (DataSourceError, DataLayerError, FeatureError, sqlite3.Error, RuntimeError) as error:
            raise storage_error(Path(path), error) from error


def _write_layer(place: Path, name: str, table: pd.DataFrame) -> None:
    plain = pd.DataFrame({column: _storable(table[column]) for column in table.columns if column != _geometry(table)})
    if not isinstance(table, gpd.GeoDataFrame):
        pyogrio.write_dataframe(plain, place, layer=name, driver="GPKG")
        return
    kind, shapes = _one_kind(np.asarray(table.geometry.array))
    frame = gpd.GeoDataFrame(plain, geometry=shapes, crs=table.crs)
    pyogrio.write_dataframe(frame, place, layer=name, driver="GPKG", geometry_type=kind, promote_to_multi=False)


def _geometry(table: pd.DataFrame) -> str | None:
    return str(table.geometry.name) if isinstance(table, gpd.GeoDataFrame) else None


def _storable(column: pd.Series) -> pd.Series:
    """The column with empty text as NULL, and every missing text alike."""
    if not (pd.api.types.is_string_dtype(column) or column.dtype == object):
        return column
    return column.astype("str").where(column.notna() & (column.astype("str") != ""), None)


def _one_kind(shapes: np.ndarray) -> tuple[str, np.ndarray]:
    """The geometry type of a layer, and its shapes brought to it: multi when any is, unknown when kinds mix."""
    present = {int(kind) for kind in np.unique(shapely.get_type_id(shapes))} - {-1}
    if len(present) == 1:
        (only,) = present
        return {**_SINGLE, **_MULTI}.get(only, "Unknown"), shapes
    for single, multi in ((0, 4), (1, 5), (3, 6)):
        if present == {single, multi}:
            mixed = shapes.copy()
            make = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[multi - 4]
            alone = shapely.get_type_id(shapes) == single
            mixed[alone] = make(shapes[alone][:, None])
            return _MULTI[multi], mixed
    return "Unknown", shapes


@contextmanager
def _fixed_date(created_at: str) -> Iterator[None]:
    found = _DATE.match(created_at)
    date = _NO_DATE if found is None else f"{found[0]}{'' if found[1] else 'T00:00:00'}Z"
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": date})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _assert_complete(place: Path, layers: Mapping[str, pd.DataFrame]) -> None:
    """GDAL reports a write that fails while the file is being closed only as a warning; count the rows."""
    with closing(sqlite3.connect(f"file:{place}?mode=ro&immutable=1", uri=True)) as file:
        for name, table in layers.items():
            (n_rows,) = file.execute(f'select count(*) from "{name}"').fetchone()
            if n_rows != len(table):
                raise RuntimeError(f"{n_rows} of {len(table)} rows of {name} were written")
