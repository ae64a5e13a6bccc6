"""The territory file of the contract, read strictly: all faults at once, or a territory that everything may trust.

Nothing is guessed here.  A file that needs mending by guess or choice goes through `gis.readers.sources` and
`gis.assemble` first.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from gis.crs import crs_text, metric_crs
from gis.errors import InputError
from gis.layers import LAYERS, PLACE_COLUMNS
from gis.persons import drop_person_columns
from gis.progress import SILENT, Progress
from gis.readers.checks import check_columns, check_crs, check_shapes
from gis.readers.faults import FaultList, named
from gis.readers.guard import FileKind, identify
from gis.readers.relations import Tolerance, check_buildings, check_communities, check_place, check_units, make_exact
from gis.readers.vector import list_layers, read_layers
from gis.repair import is_absent, is_finite
from gis.report import QualityReport
from gis.territory import Territory

_META = "meta"


def read_territory(path: Path, report: QualityReport | None = None, progress: Progress = SILENT) -> Territory:
    """Read and check a territory file.

    Parameters
    ----------
    path
        A GeoPackage as contract section 1 states it.
    report
        Gets every repair and remark.
    progress
        Stages ``stage_read_territory`` and ``stage_check_territory``.

    Returns
    -------
    Territory
        In metres; communities and units are an exact coverage.

    Raises
    ------
    InputError
        With every fault found.  Files: see `gis.readers.guard.identify`, ``not_a_territory_file``,
        ``layer_missing``, ``layer_empty``.  Layers: ``column_missing``, ``value_missing``, ``id_duplicate``,
        ``count_*``, ``value_not_allowed``, ``crs_missing``, ``coordinates_swapped``, ``coordinates_outside_crs``,
        ``coordinates_not_finite``, ``geometry_missing``, ``geometry_type_wrong``, ``geometry_broken``.  Between
        layers: ``layer_swapped``, ``layer_elsewhere``, ``communities_overlap``, ``units_overlap``,
        ``community_unknown``, ``unit_outside_community``, ``units_leave_land``, ``buildings_outside``.
    """
    report = QualityReport() if report is None else report
    path = Path(path)
    faults = FaultList(path.name)
    if (kind := identify(path)) is not FileKind.GEOPACKAGE:
        raise InputError("not_a_territory_file", file=path.name, measured=kind.value, allowed="GeoPackage")
    present = list_layers(path, kind)
    missing = [name for name in ("communities",) if name not in present]
    if not {"units", "buildings"} & set(present):
        missing.append("units / buildings")
    if missing and {"grids", "members", "violations"} <= set(present):
        raise InputError("plan_in_place_of_territory", file=path.name)
    for name in missing:
        faults.add("layer_missing", layer=name, measured=named(present), allowed=named(LAYERS))
    if missing:
        faults.stop_if_any()
    if unknown := [name for name in present if name not in LAYERS and name != _META]:
        report.add("note_layers_ignored", before=len(unknown), file=path.name, layers=named(unknown))
    wanted = [name for name in LAYERS if name in present]
    progress.stage("stage_read_territory", len(wanted))
    layers: dict[str, gpd.GeoDataFrame] = {}
    for name in wanted:
        layers.update(read_layers(path, kind, report, only=(name,)))
        report.count(f"rows_{name}", len(layers[name]))
        progress.advance()
    meta = _read_meta(path, kind, report, present)
    progress.stage("stage_check_territory", len(wanted) + 1)
    return _check(layers, meta, faults, report, progress)


def _check(
    layers: dict[str, gpd.GeoDataFrame],
    meta: dict[str, str],
    faults: FaultList,
    report: QualityReport,
    progress: Progress,
) -> Territory:
    if layers["communities"].empty:
        faults.add("layer_empty", layer="communities")
    if all(layers[name].empty for name in ("units", "buildings") if name in layers):
        faults.add("layer_empty", layer="units / buildings")
    clean: dict[str, gpd.GeoDataFrame] = {}
    placed: dict[str, gpd.GeoDataFrame] = {}
    for name, table in layers.items():
        if table.empty:
            continue
        spec = LAYERS[name]
        kept = drop_person_columns(table, report, layer=name, file=faults.file, places=PLACE_COLUMNS, keys=[spec.key])
        clean[name] = check_columns(name, gpd.GeoDataFrame(kept, geometry=table.geometry.name), faults, report)
        if check_crs(name, table, faults):
            placed[name] = clean[name]
    if "communities" not in placed:
        faults.stop_if_any()
    file_crs = CRS(placed["communities"].crs)
    for name, table in placed.items():
        if CRS(table.crs) != file_crs:
            report.add("note_crs_changed", name, before=crs_text(CRS(table.crs)), after=crs_text(file_crs))
    check_place({name: _in(table, file_crs) for name, table in placed.items()}, faults)
    metric = _metric(placed["communities"], file_crs, faults)
    before = len(faults.faults)
    sound: dict[str, gpd.GeoDataFrame] = {}
    for name, table in placed.items():
        sound[name] = check_shapes(name, table, metric, faults, report)
        progress.advance()
    keyed = all(LAYERS[n].key in sound[n].columns for n in ("communities", "units", "buildings") if n in sound)
    if len(faults.faults) == before and keyed:
        _check_relations(sound, faults, report)
    faults.stop_if_any()
    units = sound.get("units")
    sound["communities"], units = make_exact(sound["communities"], units, report)
    if units is not None:
        sound["units"] = units
    progress.advance()
    return replace(Territory.of(sound, crs=metric, meta=meta), file_crs=file_crs)


def _check_relations(layers: dict[str, gpd.GeoDataFrame], faults: FaultList, report: QualityReport) -> None:
    """Containment can be measured only on communities that do not overlap and columns that are there."""
    tolerance = Tolerance()
    communities = layers["communities"]
    check_communities(communities, tolerance, faults)
    if "units" in layers and "community" in layers["units"].columns:
        check_units(layers["units"], communities, tolerance, faults)
    if "buildings" in layers and "households" in layers["buildings"].columns:
        check_buildings(layers["buildings"], communities, faults, report)


def _metric(communities: gpd.GeoDataFrame, crs: CRS, faults: FaultList) -> CRS:
    shapes = np.asarray(communities.geometry.array)
    sound = gpd.GeoSeries(shapes[is_finite(shapes) & ~is_absent(shapes)])
    x0, y0, x1, y1 = (float(v) for v in sound.total_bounds)
    try:
        return metric_crs(crs, (x0, y0, x1, y1))
    except InputError as error:
        faults.take(error)
        raise InputError.of(faults.faults) from None


def _in(table: gpd.GeoDataFrame, crs: CRS) -> gpd.GeoDataFrame:
    shapes = np.asarray(table.geometry.array)
    sound = table[is_finite(shapes) & ~is_absent(shapes)]
    return sound if CRS(table.crs) == crs else sound.to_crs(crs)


def _read_meta(path: Path, kind: FileKind, report: QualityReport, present: list[str]) -> dict[str, str]:
    if _META not in present:
        return {}
    table = read_layers(path, kind, report, only=(_META,))[0][1]
    if not {"key", "value"} <= set(table.columns):
        return {}
    return {str(k): "" if pd.isna(v) else str(v) for k, v in zip(table["key"], table["value"]) if pd.notna(k)}
