"""Several sources to one checked territory.

Decides how partial layers fit together: communities drawn from points where none are given, names turned into codes,
rosters joined to buildings, households and population filled in by stated models, land without a unit kept.  What was
read and how is for `gis.readers`; what is a sound territory is checked by the same rooms that check territory files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.assemble.join import join_rosters
from gis.assemble.outlines import outline_communities
from gis.assemble.placing import Outside, resolve_communities, settle_outside, warn_doubles
from gis.assemble.shifted import check_shift
from gis.crs import metric_crs
from gis.errors import InputError
from gis.households import model_households
from gis.layers import LAYERS
from gis.population import spread_population
from gis.progress import SILENT, Progress
from gis.readers.checks import check_columns, check_crs, check_key, check_shapes
from gis.readers.columns import ROSTERS, ZONES
from gis.readers.faults import FaultList, named
from gis.readers.relations import (
    Tolerance,
    check_buildings,
    check_communities,
    check_place,
    check_units,
    make_exact,
    uncovered_land,
)
from gis.readers.sources import stack_tables
from gis.repair import is_absent, is_finite
from gis.report import QualityReport
from gis.territory import Territory

__all__ = ["AS_STATED", "AssembleOptions", "assemble"]

AS_STATED = "as stated by the source"
"""The basis of households that their source does not explain."""
# Columns that served the assembling and do not go into the file; address parts live on in the address layer.
_AUXILIARY = (
    "source_row",
    "dwellings",
    "name_zh",
    "text",
    "street",
    "number",
    "estate",
    "building",
    "town",
    "building_id",
)


@dataclass(frozen=True, slots=True)
class AssembleOptions:
    """How to put sources together.

    Attributes
    ----------
    outside
        Buildings outside every community: ``error`` (listed), ``drop`` or ``nearest``; both latter are reported.
    households_per_dwelling, floor_area_per_household_m2
        Model households where the source has none (see `gis.households`).  Without either, they are modelled with
        the usual figures only when no building states any; a source that states some must state all.
    persons_per_household
        Make households out of the spread population where no building states any.
    population
        GeoTIFF with people per cell, or polygons with a ``population`` column, to spread over the buildings; zones
        among the parts are used otherwise.
    households_basis
        What the source's households are, in the user's words: ``registered``, ``present`` ...
    community_kind
        Kind of communities drawn from points.
    accept_shift
        Go on although a layer looks like GCJ-02 or BD-09 beside the others.
    source, created_at
        For the file: where the data comes from, and the date of its state (ISO 8601; the newest of the inputs').
    """

    outside: Outside = "error"
    households_per_dwelling: float | None = None
    floor_area_per_household_m2: float | None = None
    persons_per_household: float | None = None
    population: Path | gpd.GeoDataFrame | None = None
    households_basis: str = ""
    community_kind: str = "urban"
    accept_shift: bool = False
    source: str = ""
    created_at: str = ""


def assemble(
    parts: Sequence[Mapping[str, gpd.GeoDataFrame]],
    options: AssembleOptions | None = None,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> Territory:
    """Make one territory out of the layers of several sources.

    Parameters
    ----------
    parts
        What `gis.readers.sources.read_source` and `gis.readers.osm.read_osm` gave, one a source.
    options
        See `AssembleOptions`.
    report
        Takes everything that was filled in, moved or mended.
    progress
        Stage ``stage_assemble``, 5 steps.

    Returns
    -------
    Territory
        Its file CRS is that of the communities (of the buildings where communities are drawn from them).

    Raises
    ------
    InputError
        All faults of a stage: those of `gis.readers.territory_file.read_territory`, and ``communities_missing``,
        ``communities_not_drawable``, ``layer_looks_shifted``, ``households_missing``, those of `gis.population`
        and `gis.households`.
    """
    options = options or AssembleOptions()
    report = QualityReport() if report is None else report
    faults = FaultList(options.source or "import")
    progress.stage("stage_assemble", 5)
    layers = _stacked(parts, report)
    faults.origins = _origins(layers)
    read = named(layers)
    rosters, zones = layers.pop(ROSTERS, None), layers.pop(ZONES, None)
    _check_present(layers, read, faults)
    file_crs = CRS(layers["communities" if "communities" in layers else "buildings"].crs)
    layers = _sound(layers, file_crs, faults, report)
    progress.advance()
    if "communities" not in layers:
        layers = _drawn(layers, options, faults, report)
    for name in ("units", "buildings"):
        if name in layers:
            layers[name] = resolve_communities(layers[name], name, layers["communities"], report)
    if not options.accept_shift:
        check_shift(layers, faults, report)
    faults.stop_if_any()
    progress.advance()
    meta = _fill(layers, rosters, zones, options, faults, report, progress)
    faults.stop_if_any()
    faults.origins = _origins(layers)
    progress.advance()
    tolerance = Tolerance()
    check_communities(layers["communities"], tolerance, faults)
    faults.stop_if_any()
    if "units" in layers:
        _fill_land(layers, tolerance, report)
        check_units(layers["units"], layers["communities"], tolerance, faults, check_gaps=False)
    if "buildings" in layers:
        check_buildings(layers["buildings"], layers["communities"], faults, report)
        warn_doubles(layers["buildings"], report)
    faults.stop_if_any()
    progress.advance()
    layers["communities"], units = make_exact(layers["communities"], layers.get("units"), report)
    if units is not None:
        layers["units"] = units
    checked = {}
    for name, table in layers.items():
        aside = [c for c in _AUXILIARY if c in table.columns and c not in LAYERS[name].columns]
        checked[name] = check_columns(name, table.drop(columns=aside), faults, report)
    faults.stop_if_any()
    progress.advance()
    territory = Territory.of(checked, meta={k: v for k, v in meta.items() if v})
    return replace(territory, file_crs=file_crs)


def _stacked(parts: Sequence[Mapping[str, gpd.GeoDataFrame]], report: QualityReport) -> dict[str, gpd.GeoDataFrame]:
    layers: dict[str, gpd.GeoDataFrame] = {}
    for name in (*LAYERS, ROSTERS, ZONES):
        tables = [part[name] for part in parts if name in part and len(part[name])]
        if tables:
            layers[name] = stack_tables(tables, report, name)
    return layers


def _origins(layers: Mapping[str, gpd.GeoDataFrame]) -> dict[str, list[str | None]]:
    return {
        name: [place if isinstance(place, str) else None for place in table["source_row"]]
        for name, table in layers.items()
        if "source_row" in table.columns
    }


def _check_present(layers: dict[str, gpd.GeoDataFrame], read: str, faults: FaultList) -> None:
    if not {"units", "buildings"} & layers.keys():
        faults.add("layer_missing", layer="units / buildings", measured=read, allowed=named(LAYERS))
    if "communities" not in layers:
        buildings = layers.get("buildings")
        if buildings is None or "community" not in buildings.columns or buildings["community"].isna().all():
            faults.add("communities_missing", measured=read)
    faults.stop_if_any()


def _sound(
    layers: dict[str, gpd.GeoDataFrame], file_crs: CRS, faults: FaultList, report: QualityReport
) -> dict[str, gpd.GeoDataFrame]:
    """Layers with unique keys and sound shapes, in one metric CRS."""
    placed: dict[str, gpd.GeoDataFrame] = {}
    for name, table in layers.items():
        check_key(name, table, faults)
        if check_crs(name, table, faults):
            shapes = np.asarray(table.geometry.array)
            good = is_finite(shapes) & ~is_absent(shapes)
            placed[name] = table[good] if CRS(table.crs) == file_crs else table[good].to_crs(file_crs)
    faults.stop_if_any()
    home = placed.get("communities", placed.get("buildings"))
    assert home is not None  # _check_present saw to it
    if "communities" in placed:
        check_place(placed, faults)
    x0, y0, x1, y1 = (float(v) for v in home.total_bounds)
    metric = metric_crs(file_crs, (x0, y0, x1, y1))
    sound = {name: check_shapes(name, table, metric, faults, report) for name, table in layers.items()}
    faults.stop_if_any()
    return {name: table.reset_index(drop=True) for name, table in sound.items()}


def _drawn(
    layers: dict[str, gpd.GeoDataFrame], options: AssembleOptions, faults: FaultList, report: QualityReport
) -> dict[str, gpd.GeoDataFrame]:
    """Communities out of the buildings that name them; strays take the name of where they are."""
    buildings = layers["buildings"]
    shapes = np.asarray(buildings.geometry.array)
    said = buildings["community"].to_numpy(dtype=object)
    ids = buildings["id"].to_numpy(dtype=object)
    try:
        communities, labels = outline_communities(shapes, said, ids, CRS(buildings.crs), report)
    except InputError as error:
        faults.take(error)
        raise InputError.of(faults.faults) from None
    communities["kind"] = options.community_kind
    return {**layers, "communities": communities, "buildings": buildings.assign(community=labels)}


def _fill(
    layers: dict[str, gpd.GeoDataFrame],
    rosters: gpd.GeoDataFrame | None,
    zones: gpd.GeoDataFrame | None,
    options: AssembleOptions,
    faults: FaultList,
    report: QualityReport,
    progress: Progress,
) -> dict[str, str]:
    """Households and population of every building; returns the facts for the file."""
    meta = {"source": options.source, "created_at": options.created_at, "households_modelled": "false"}
    meta["households_basis"] = options.households_basis or AS_STATED
    if "buildings" not in layers:
        return meta
    buildings = settle_outside(layers["buildings"], layers["communities"], options.outside, report)
    if "addresses" in layers and "building_id" in layers["addresses"].columns and len(buildings):
        addresses = layers["addresses"]
        gone = addresses["building_id"].notna() & ~addresses["building_id"].isin(buildings["id"])
        layers["addresses"] = addresses.assign(building_id=addresses["building_id"].where(~gone, None))
    if rosters is not None:
        try:
            buildings = join_rosters(buildings, layers.get("addresses"), rosters, report)
        except InputError as error:
            faults.take(error)
            return meta
    if "households" not in buildings.columns:
        buildings["households"] = np.nan
    buildings["households"] = pd.to_numeric(buildings["households"], errors="coerce").round().astype("Int64")
    has_units = "units" in layers
    source = options.population if options.population is not None else zones
    if source is not None:
        try:
            buildings = _spread(buildings, source, layers["communities"], options, meta, report, progress)
        except InputError as error:
            for fault in error.faults:
                faults.add(fault.code, **{"layer": ZONES, **fault.facts})
            return meta
    missing = buildings["households"].isna()
    if missing.any() and has_units:
        report.add("note_households_by_units", "buildings", before=int(missing.sum()), after=0)
        buildings["households"] = buildings["households"].fillna(0)
    elif missing.any():
        asked = options.households_per_dwelling is not None or options.floor_area_per_household_m2 is not None
        if not asked and not missing.all():
            ids = named(buildings["id"][missing])
            faults.add("households_missing", layer="buildings", id=ids, measured=int(missing.sum()), total=len(missing))
            return meta
        model = model_households(
            buildings,
            households_per_dwelling=options.households_per_dwelling,
            floor_area_per_household_m2=options.floor_area_per_household_m2 or 100.0,
            report=report,
        )
        buildings = model.buildings
        meta.update({"households_basis": model.basis, "households_modelled": "true"})
        report.count("households_modelled", model.total)
    layers["buildings"] = buildings
    return meta


def _spread(
    buildings: gpd.GeoDataFrame,
    source: Path | gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    options: AssembleOptions,
    meta: dict[str, str],
    report: QualityReport,
    progress: Progress,
) -> gpd.GeoDataFrame:
    none_stated = bool(buildings["households"].isna().all())
    columns = set() if isinstance(source, Path) else set(source.columns)
    homes = "households" if none_stated and "households" in columns else None
    people = None if not isinstance(source, Path) and "population" not in columns else "population"
    spread = spread_population(
        buildings,
        source,
        population_column=people,
        households_column=homes,
        persons_per_household=options.persons_per_household if none_stated and homes is None else None,
        extent=shapely.union_all(np.asarray(communities.geometry.array)),
        report=report,
        progress=progress,
    )
    if spread.basis:
        meta.update({"households_basis": spread.basis, "households_modelled": "true"})
    return spread.buildings


def _fill_land(layers: dict[str, gpd.GeoDataFrame], tolerance: Tolerance, report: QualityReport) -> None:
    """Land of a community that no unit covers becomes units without households, so that the cover is seamless."""
    units, communities = layers["units"], layers["communities"]
    found = uncovered_land(units, communities, tolerance.area_m2)
    if not found:
        return
    rows = []
    for k, land in found:
        code = str(communities["code"].iloc[k])
        for n, part in enumerate(shapely.get_parts(land)):
            rows.append(
                {"id": f"{code}-land-{n + 1}", "community": code, "households": 0, "population": 0, "shape": part}
            )
        report.add("repair_land_filled", "units", code, before=round(float(shapely.area(land)), 1), after=0)
    added = pd.DataFrame(rows)
    shapes = np.concatenate([np.asarray(units.geometry.array), added["shape"].to_numpy(dtype=object)])
    data = {
        c: pd.concat(
            [units[c].astype(object), added[c].astype(object) if c in added else pd.Series([None] * len(added))]
        )
        for c in units.columns
        if c != units.geometry.name
    }
    layers["units"] = gpd.GeoDataFrame(pd.DataFrame(data).reset_index(drop=True), geometry=shapes, crs=units.crs)
