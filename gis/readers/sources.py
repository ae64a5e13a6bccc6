"""Any source file to layers in the columns of the schema: the door for data as offices keep it.

The layers are partial: what they lack, and how several sources make one territory, is for `gis.assemble`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
from pyproj import CRS

from gis.crs import crs_text
from gis.errors import InputError
from gis.progress import SILENT, Progress
from gis.readers.archive import unpacked
from gis.readers.columns import ROLES, ROSTERS, ZONES
from gis.readers.faults import FaultList, named
from gis.readers.guard import FileKind, identify
from gis.readers.interpret import RawTable, SourceOptions, interpret
from gis.readers.osm import OsmOptions, read_osm
from gis.readers.tables import Sheet, read_csv, read_xlsx
from gis.readers.vector import read_layers
from gis.report import QualityReport

__all__ = ["ROLES", "ROSTERS", "ZONES", "SourceOptions", "read_source", "stack_tables"]

_VECTOR = (FileKind.GEOPACKAGE, FileKind.SHAPEFILE, FileKind.GEOJSON)
# In a GeoPackage these are tables about the data, not data.
_ASIDE = ("meta", "report", "layer_styles")
_PLAN = {"grids", "members", "communities", "violations"}


def read_source(
    path: Path,
    options: SourceOptions | None = None,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> dict[str, gpd.GeoDataFrame]:
    """Read one source file.

    Parameters
    ----------
    path
        GeoPackage, Shapefile, GeoJSON, CSV, XLSX, a zip of these, or ``.osm.pbf`` (with the default options of
        `gis.readers.osm`); known by content.
    options
        What the user says about it.
    report
        Takes what was recognised, mended and dropped.
    progress
        Stage ``stage_read_source``, one step a table.

    Returns
    -------
    dict
        Role (a layer name, ``rosters`` or ``zones``) to table.  Geometry is in the CRS of the source (GCJ-02 and
        BD-09 already back in WGS 84).  Buildings and rosters also carry address parts (``text``, ``street``,
        ``number``, ``estate``, ``building``, ``town``); rosters have no geometry; every table has ``source_row``.
        Point buildings with an address bring an ``addresses`` layer along.

    Raises
    ------
    InputError
        All faults of the file: what `gis.readers.guard` and `gis.readers.archive` refuse, ``source_is_raster``,
        encoding and table faults, ``layer_role_unknown``, ``role_unknown``, ``file_without_rows``,
        ``column_missing``, ``layer_without_place``, ``coordinates_not_numbers``, ``crs_missing``, ``crs_unknown``,
        ``coordinates_swapped``, ``coordinates_outside_crs``, ``count_*``.
    """
    options = options or SourceOptions()
    report = QualityReport() if report is None else report
    path = Path(path)
    kind = identify(path)
    if kind is FileKind.GEOTIFF:
        raise InputError("source_is_raster", file=path.name)
    if kind is FileKind.OSM_PBF:
        return read_osm(path, OsmOptions(), report, progress)
    faults = FaultList(path.name)
    raws = list(_raw_tables(path, path.name, kind, options, report, faults))
    faults.stop_if_any()
    progress.stage("stage_read_source", len(raws))
    found: dict[str, list[gpd.GeoDataFrame]] = {}
    for raw in raws:
        here = FaultList(raw.file)
        try:
            result = interpret(raw, options, here, report, alone=len(raws) == 1)
        except InputError as error:
            here.take(error)
            result = None
        faults.faults += here.faults
        if result is not None:
            role, table = result
            found.setdefault(role, []).append(table)
            report.count(f"rows_{role}", len(table))
        progress.advance()
    if not raws and not faults:
        faults.add("file_without_layers")
    elif all(raw.table.empty for raw in raws) and not faults:
        faults.add("file_without_rows", layer=named(raw.name for raw in raws))
    elif not found and not faults:
        faults.add(
            "layer_role_unknown", layer=", ".join(r.name for r in raws)[:120], measured="", allowed=", ".join(ROLES)
        )
    faults.stop_if_any()
    layers = {role: stack_tables(tables, report, role) for role, tables in found.items()}
    _add_addresses(layers)
    return {role: layers[role] for role in ROLES if role in layers}


def _raw_tables(
    path: Path, file: str, kind: FileKind, options: SourceOptions, report: QualityReport, faults: FaultList
) -> Iterator[RawTable]:
    try:
        if kind is FileKind.ZIP:
            with unpacked(path) as members:
                for member, name in members:
                    yield from _member(member, name, options, report, faults)
        elif kind is FileKind.XLSX:
            yield from (_from_sheet(sheet, file) for sheet in read_xlsx(path, report, name=file))
        elif kind is FileKind.CSV:
            yield _from_sheet(read_csv(path, report, name=file, encoding=options.encoding), file)
        else:
            tables = read_layers(path, kind, report, name=file, encoding=options.encoding)
            aside: tuple[str, ...] = _ASIDE
            if {layer for layer, _ in tables} >= _PLAN:
                # Of a plan file the grids alone are land: they come in as the plan in force.
                aside = (*_ASIDE, *sorted(_PLAN - {"grids"}))
                report.add("note_plan_read", "grids", file=file)
            for layer, table in tables:
                if layer not in aside:
                    yield RawTable(file, layer, table)
    except InputError as error:
        faults.take(error)


def _member(
    path: Path, name: str, options: SourceOptions, report: QualityReport, faults: FaultList
) -> Iterator[RawTable]:
    try:
        kind = identify(path)
    except InputError as error:
        faults.add(error.code, **{**error.facts, "file": name})
        return
    if kind is FileKind.CSV and path.suffix.lower() == ".txt":
        try:
            yield _from_sheet(read_csv(path, report, name=name, encoding=options.encoding), name)
        except InputError as error:
            # A letter that travels with the data is none; a file of its own would have to be data.
            if error.code != "table_without_header":
                faults.take(error)
            report.add("note_file_ignored", file=name)
    elif kind is FileKind.XLSX or kind is FileKind.CSV or kind in _VECTOR:
        yield from _raw_tables(path, name, kind, options, report, faults)
    else:
        faults.add(
            "file_format_refused", file=name, looks_like=kind.value, allowed="GeoPackage, Shapefile, GeoJSON, CSV, XLSX"
        )


def _from_sheet(sheet: Sheet, file: str) -> RawTable:
    empty = gpd.GeoSeries([None] * len(sheet.table), index=sheet.table.index)
    return RawTable(file, sheet.name, gpd.GeoDataFrame(sheet.table, geometry=empty), sheet.merged_down, True)


def stack_tables(tables: Sequence[gpd.GeoDataFrame], report: QualityReport, role: str) -> gpd.GeoDataFrame:
    """Tables of one role under each other, in the CRS of the first that has one."""
    crs = next((CRS(t.crs) for t in tables if t.crs is not None), None)
    aligned = []
    for table in tables:
        if crs is not None and table.crs is not None and CRS(table.crs) != crs:
            report.add("note_crs_changed", role, before=crs_text(CRS(table.crs)), after=crs_text(crs))
            table = table.to_crs(crs)
        aligned.append(table)
    if len(aligned) == 1:
        return aligned[0]
    columns = list(dict.fromkeys(c for t in aligned for c in t.columns if c != "geometry"))
    data = {
        c: pd.concat(
            [t[c] if c in t.columns else pd.Series([None] * len(t), dtype=object) for t in aligned], ignore_index=True
        )
        for c in columns
    }
    shapes = pd.concat([pd.Series(t.geometry.to_numpy(), dtype=object) for t in aligned], ignore_index=True)
    return gpd.GeoDataFrame(pd.DataFrame(data), geometry=shapes.to_numpy(), crs=crs)


def _add_addresses(layers: dict[str, gpd.GeoDataFrame]) -> None:
    """Buildings that know their address become findable by it."""
    buildings = layers.get("buildings")
    if buildings is None or "addresses" in layers or "text" not in buildings.columns:
        return
    known = buildings[buildings["text"].notna()]
    if known.empty:
        return
    parts = ("town", "community", "street", "number", "estate", "building")
    data = {"id": known["id"], "text": known["text"], "building_id": known["id"]}
    data.update({c: known[c] for c in parts if c in known.columns})
    points = known.geometry.representative_point()
    layers["addresses"] = gpd.GeoDataFrame(data, geometry=points, crs=known.crs).reset_index(drop=True)
