"""Plan files (contract section 1): a `FiledPlan` to a GeoPackage and back.

Whether a plan keeps its rules is for `partition.checks`; this room only says whether a file is a plan at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.files.geopackage import write_geopackage
from data.files.territory_file import key_values
from gis.errors import Fault, InputError
from gis.progress import SILENT, Progress
from gis.readers.guard import FileKind, identify
from gis.readers.vector import list_layers, read_layers
from gis.report import QualityReport
from partition.filed import (
    COMMUNITY_COLUMNS,
    CROSSWALK_COLUMNS,
    GRID_COLUMNS,
    MEMBER_COLUMNS,
    VIOLATION_COLUMNS,
    FiledPlan,
)

_TABLES: dict[str, Mapping[str, str]] = {
    "grids": GRID_COLUMNS,
    "members": MEMBER_COLUMNS,
    "communities": COMMUNITY_COLUMNS,
    "violations": VIOLATION_COLUMNS,
    "meta": {"key": "str", "value": "str"},
}
_OPTIONAL: dict[str, Mapping[str, str]] = {"crosswalk": CROSSWALK_COLUMNS}
_MAY_BE_EMPTY = {
    "grids": ("name", "reason", "parent"),
    "communities": ("reason",),
    "meta": ("value",),
    "crosswalk": ("old", "new"),
}


def write_plan(filed: FiledPlan, path: Path, progress: Progress = SILENT) -> None:
    """Write a plan as one GeoPackage; same plan, same bytes.

    Grids are written as multipolygons, the other tables without geometry; ``crosswalk`` only where the plan has one.
    Measured times (``seconds``) are never written: they would differ from run to run.

    Raises
    ------
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    layers = plan_layers(filed)
    write_geopackage(Path(path), layers, created_at=filed.meta.get("created_at", ""), progress=progress)


def plan_layers(filed: FiledPlan) -> dict[str, pd.DataFrame]:
    """The layers and tables of a plan file, by name and in file order."""
    grids = filed.grids.copy()
    shapes = np.asarray(grids.geometry.array)
    alone = shapely.get_type_id(shapes) == 3
    shapes = shapes.copy()
    shapes[alone] = shapely.multipolygons(shapes[alone][:, None])
    layers: dict[str, pd.DataFrame] = {
        "grids": gpd.GeoDataFrame(_typed(grids, GRID_COLUMNS), geometry=shapes, crs=grids.crs),
        "members": _typed(filed.members, MEMBER_COLUMNS),
        "communities": _typed(filed.communities, COMMUNITY_COLUMNS).assign(seconds=np.nan),
        "violations": _typed(filed.violations, VIOLATION_COLUMNS),
        "meta": key_values(filed.meta),
    }
    if filed.crosswalk is not None:
        layers["crosswalk"] = _typed(filed.crosswalk, CROSSWALK_COLUMNS)
    return layers


def read_plan(path: Path) -> FiledPlan:
    """Read a plan file.

    Raises
    ------
    InputError
        What `gis.readers.guard.identify` refuses, ``plan_not_geopackage``, ``territory_in_place_of_plan``; else
        every fault found: ``plan_layer_missing``, ``plan_column_missing``, ``plan_value_wrong``, ``plan_without_crs``.
    """
    path = Path(path)
    names = _layers_of(path)
    if not {"grids", "members"} & names or ("members" not in names and {"units", "buildings"} & names):
        code = "territory_in_place_of_plan" if "communities" in names else "plan_layers_missing"
        raise InputError(code, file=path.name, measured=", ".join(sorted(names)), allowed=", ".join(_TABLES))
    faults: list[Fault] = []
    tables: dict[str, pd.DataFrame] = {}
    for name, columns in (_TABLES | _OPTIONAL).items():
        if name not in names:
            if name in _OPTIONAL:
                continue
            faults.append(
                Fault("plan_layer_missing", {"file": path.name, "layer": name, "allowed": ", ".join(_TABLES)})
            )
            continue
        table = _read_layer(path, name, with_geometry=name == "grids")
        missing = [column for column in columns if column not in table.columns]
        for column in missing:
            faults.append(Fault("plan_column_missing", {"file": path.name, "layer": name, "column": column}))
        if not missing:
            faults.extend(_wrong_values(path, name, table, columns))
        tables[name] = table
    grids = tables.get("grids")
    if grids is not None and (not isinstance(grids, gpd.GeoDataFrame) or grids.crs is None):
        faults.append(Fault("plan_without_crs", {"file": path.name, "layer": "grids"}))
    if faults:
        raise InputError.of(faults)
    assert isinstance(grids, gpd.GeoDataFrame)
    shapes = np.asarray(grids.geometry.array)
    alone = (shapely.get_type_id(shapes) == 6) & (shapely.get_num_geometries(shapes) == 1)
    shapes[alone] = shapely.get_geometry(shapes[alone], 0)
    meta = tables["meta"]
    return FiledPlan(
        grids=gpd.GeoDataFrame(_clean("grids", grids), geometry=shapes, crs=grids.crs),
        members=_clean("members", tables["members"]),
        communities=_clean("communities", tables["communities"]),
        violations=_clean("violations", tables["violations"]),
        meta={str(key): "" if pd.isna(value) else str(value) for key, value in zip(meta["key"], meta["value"])},
        crosswalk=_clean("crosswalk", tables["crosswalk"]) if "crosswalk" in tables else None,
    )


def _layers_of(path: Path) -> set[str]:
    if (kind := identify(path)) is not FileKind.GEOPACKAGE:
        raise InputError("plan_not_geopackage", file=path.name, measured=kind.value)
    return set(list_layers(path, kind))


def _read_layer(path: Path, name: str, *, with_geometry: bool) -> pd.DataFrame:
    table = read_layers(path, FileKind.GEOPACKAGE, QualityReport(), only=(name,))[0][1]
    return table if with_geometry else pd.DataFrame(table.drop(columns=table.geometry.name))


def _wrong_values(path: Path, name: str, table: pd.DataFrame, columns: Mapping[str, str]) -> list[Fault]:
    faults = []
    for column, dtype in columns.items():
        values = table[column]
        if dtype in ("int64", "bool"):
            number = pd.to_numeric(values, errors="coerce")
            bad = number.isna() | (number != number.round())
        elif dtype == "float64":
            bad = values.notna() & pd.to_numeric(values, errors="coerce").isna()
        elif column in _MAY_BE_EMPTY.get(name, ()) or name == "violations":
            bad = pd.Series(False, index=values.index)
        else:
            bad = values.isna()
        if bad.any():
            row = int(np.flatnonzero(bad.to_numpy())[0])
            facts = {"file": path.name, "layer": name, "column": column, "row": row + 1, "n": int(bad.sum())}
            faults.append(Fault("plan_value_wrong", {**facts, "measured": str(values.iloc[row]), "allowed": dtype}))
    if name == "grids" and isinstance(table, gpd.GeoDataFrame):
        bad_shape = ~np.isin(shapely.get_type_id(np.asarray(table.geometry.array)), (3, 6))
        if bad_shape.any():
            row = int(np.flatnonzero(bad_shape)[0])
            facts = {"file": path.name, "layer": name, "column": "geometry", "row": row + 1, "n": int(bad_shape.sum())}
            measured = str(table.geometry.iloc[row].geom_type) if table.geometry.iloc[row] is not None else "NULL"
            faults.append(Fault("plan_value_wrong", {**facts, "measured": measured, "allowed": "MultiPolygon"}))
    return faults


def _typed(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({column: table[column].astype(dtype) for column, dtype in columns.items()})


def _clean(name: str, table: pd.DataFrame) -> pd.DataFrame:
    columns = (_TABLES | _OPTIONAL)[name]
    clean = _typed(table, columns)
    for column, dtype in columns.items():
        if dtype == "str":
            # Missing text is None, not the NaN of pandas: callers write `if row.reason is None`.
            text = clean[column].astype(object)
            clean[column] = text.where(text.notna(), None)
    return clean
