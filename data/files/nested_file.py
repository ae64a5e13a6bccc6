"""Files of micro-grids and of supervision areas: a plan file, and for areas the table ``area_grids``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.files.geopackage import write_geopackage
from data.files.plan_file import plan_layers
from gis.errors import InputError
from gis.progress import SILENT, Progress
from gis.readers.guard import identify
from gis.readers.vector import list_layers, read_layers
from gis.report import QualityReport
from partition.filed import FiledPlan

AREA_TABLE = "area_grids"
_COLUMNS = ("grid", "area")


def write_nested(
    filed: FiledPlan, path: Path, *, area_of: pd.DataFrame | None = None, progress: Progress = SILENT
) -> None:
    """Write micro-grids or areas as one GeoPackage; same content, same bytes.

    Parameters
    ----------
    area_of
        For areas: the area of each grid, columns ``grid`` and ``area``.

    Raises
    ------
    StorageError
        As `data.files.plan_file.write_plan`.
    """
    layers = plan_layers(filed)
    if area_of is not None:
        layers[AREA_TABLE] = area_of[list(_COLUMNS)].astype("str")
    write_geopackage(Path(path), layers, created_at=filed.meta.get("created_at", ""), progress=progress)


def read_area_table(path: Path) -> pd.DataFrame:
    """The area of each grid: columns ``grid`` and ``area``.

    Raises
    ------
    InputError
        ``nested_area_table_missing``.
    """
    kind = identify(Path(path))
    if AREA_TABLE in list_layers(path, kind):
        table = read_layers(path, kind, QualityReport(), only=(AREA_TABLE,))[0][1]
        if set(_COLUMNS) <= set(table.columns):
            return pd.DataFrame({column: table[column].astype("str") for column in _COLUMNS})
    raise InputError("nested_area_table_missing", file=Path(path).name, layer=AREA_TABLE)
