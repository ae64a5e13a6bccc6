"""People of census areas or raster cells spread over the buildings in them (dasymetric mapping).

Every source zone keeps its total exactly: its people go to the buildings it holds, by floor area and use, in whole
numbers by largest remainders.  People of zones without a building are reported, and moved to the nearest building
only when asked.  How floor area and use are read is stated in `gis.households`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.apportion import share_whole
from gis.census import Source, read_raster, read_zones
from gis.errors import InputError
from gis.households import floor_area_m2, require_metres, use_of
from gis.progress import SILENT, Progress
from gis.report import QualityReport

_LISTED = 50


@dataclass(frozen=True, slots=True)
class SpreadPopulation:
    """Buildings with the people of the source, and what became of every zone.

    Attributes
    ----------
    buildings
        A copy of the table with ``population`` (and ``households`` where spread) as Int64; row order kept.
    pieces
        One row per building and zone: ``building, zone, population, households``: the audit trail.
    zones
        One row per source zone: ``zone, population, households, placed`` (placed: ``inside``, ``nearest``, ``none``).
    basis
        One sentence for the territory's ``meta["households_basis"]``; empty when households were not touched.
    """

    buildings: gpd.GeoDataFrame
    pieces: pd.DataFrame
    zones: pd.DataFrame
    basis: str


def spread_population(
    buildings: gpd.GeoDataFrame,
    source: gpd.GeoDataFrame | Path | str,
    *,
    population_column: str | None = "population",
    households_column: str | None = None,
    zone_column: str | None = None,
    persons_per_household: float | None = None,
    weigh_by: Literal["floor_area", "households"] = "floor_area",
    nearest_m: float | None = None,
    extent: Any = None,
    band: int = 1,
    report: QualityReport | None = None,
    progress: Progress = SILENT,
) -> SpreadPopulation:
    """Spread the totals of zones over the buildings that stand in them.

    Parameters
    ----------
    buildings
        Table in a metric CRS with ``id``; ``levels``, ``use`` and ``households`` are used where present.
    source
        Polygons with counts (any CRS), or the path of a GeoTIFF with people per cell.
    population_column, households_column
        Columns of the polygons to spread; at least one.
    zone_column
        Column that names a zone; ``None``: the first of ``id``, ``code``, ``name``, else the row number.
    persons_per_household
        Make households out of the spread population: each zone gets ``round(population / this)``.
    weigh_by
        ``floor_area`` (times the share of the use people live in) or the ``households`` the buildings already have.
    nearest_m
        Move the people of a zone without a building to the building nearest its middle, up to this far away.
    extent
        Study area in the buildings' CRS.  Raster cells whose middle is outside and polygons mostly outside
        are left out, polygons that reach out are reported.
    band
        Raster band.

    Returns
    -------
    SpreadPopulation
        For each zone with a building, the pieces sum to its total exactly, whatever the order of the rows.

    Raises
    ------
    InputError
        ``crs_not_metres``, ``zones_empty``, ``zones_without_crs``, ``zones_column_missing``, ``zones_not_polygons``,
        ``zones_count_bad``, ``zones_id_twice``, ``zones_elsewhere``, ``persons_per_household_bad`` and those of
        `gis.raster.read_cells`.
    """
    report = QualityReport() if report is None else report
    require_metres(buildings, "buildings")
    if persons_per_household is not None and not 0.5 <= persons_per_household <= 20:
        raise InputError("persons_per_household_bad", measured=persons_per_household, allowed="0.5-20")
    progress.stage("stage_population", 3)
    ids = buildings["id"].astype(str).to_numpy(dtype=object)
    order = np.argsort(ids, kind="stable")
    table = buildings.iloc[order].reset_index(drop=True)
    if isinstance(source, (str, Path)):
        found = read_raster(Path(source), table, extent, band, report)
    else:
        columns = (population_column, households_column, zone_column)
        found = read_zones(source, table, columns, extent, report)
    progress.advance()
    if persons_per_household is not None:
        rounded = np.floor(found.people / persons_per_household + 0.5).astype(np.int64)
        found = replace(found, households=rounded)
    found, placed = _moved(found, table, nearest_m, report)
    weight = _weights(table, found, weigh_by, report)
    progress.advance()
    people = share_whole(weight, found.zone, found.people)
    homes = None
    if found.households is not None:
        # Households made from people follow the people, so that no empty building gets a home.
        by = people.astype(np.float64) if persons_per_household is not None else weight
        homes = share_whole(by, found.zone, found.households)
    result = _fill(buildings, order, found, people, homes, population_column or isinstance(source, (str, Path)))
    pieces = pd.DataFrame(
        {"building": ids[order][found.building], "zone": found.name[found.zone], "population": people}
    )
    zones = pd.DataFrame({"zone": found.name, "population": found.people})
    if homes is not None and found.households is not None:
        pieces["households"], zones["households"] = homes, found.households
    zones["placed"] = placed
    _tell(zones, pieces, report)
    progress.advance()
    return SpreadPopulation(result, pieces, zones, _basis(homes, persons_per_household, found))


def _moved(
    found: Source, table: gpd.GeoDataFrame, nearest_m: float | None, report: QualityReport
) -> tuple[Source, NDArray[Any]]:
    """Give zones with people but no building the nearest one, where that is asked and near enough."""
    placed = np.full(len(found.name), "inside", dtype=object)
    empty = np.bincount(found.zone, minlength=len(found.name)) == 0
    counted = found.people > 0 if found.households is None else (found.people > 0) | (found.households > 0)
    placed[empty] = "none"
    alone = np.flatnonzero(empty & counted)
    if nearest_m is None or not len(alone) or not len(table):
        return found, placed
    housing = np.array([use_of(use).residential_frac > 0 for use in _uses(table)], dtype=bool)
    able = np.flatnonzero(housing) if housing.any() else np.arange(len(table))
    tree = shapely.STRtree(np.asarray(table.geometry.array)[able])
    at, near = tree.query_nearest(found.middle[alone], max_distance=nearest_m, all_matches=True)
    first = np.unique(at, return_index=True)[1]  # ties: the lowest position, that is the lowest id
    at, near = at[first], near[first]
    placed[alone[at]] = "nearest"
    report.add(
        "repair_people_moved", "population", before=len(alone), after=len(at), allowed=nearest_m,
        measured=int(found.people[alone[at]].sum()),
    )  # fmt: skip
    return replace(
        found,
        building=np.concatenate([found.building, able[near]]).astype(np.int64),
        zone=np.concatenate([found.zone, alone[at]]).astype(np.int64),
        share=np.concatenate([found.share, np.ones(len(at))]),
    ), placed


def _uses(table: gpd.GeoDataFrame) -> list[Any]:
    return table["use"].tolist() if "use" in table.columns else [None] * len(table)


def _weights(table: gpd.GeoDataFrame, found: Source, weigh_by: str, report: QualityReport) -> NDArray[np.float64]:
    """Weight of every piece; zones whose buildings all weigh nothing fall back to floor area, then to equal parts."""
    area, _ = floor_area_m2(table)
    if weigh_by == "households":
        column = table["households"] if "households" in table.columns else pd.Series([None] * len(table))
        own = pd.Series(pd.array(column.tolist(), dtype="Float64")).fillna(0.0).to_numpy(dtype=float)
    else:
        own = area * np.array([use_of(use).residential_frac for use in _uses(table)])
        flat = area <= 0
        if flat.any():
            # Points have no floor area: they weigh as the middle building does.
            usual = float(np.median(own[own > 0])) if (own > 0).any() else 1.0
            own[flat] = usual * np.array([use_of(use).residential_frac for use in _uses(table)])[flat]
    weight = own[found.building] * found.share
    n = len(found.name)
    for fallback in (np.where(area > 0, area, 1.0)[found.building] * found.share, np.ones(len(weight))):
        empty = np.bincount(found.zone, weights=weight, minlength=n) <= 0
        bare = empty & (np.bincount(found.zone, minlength=n) > 0) & (found.people > 0)
        if bare.any():
            report.add(
                "warn_zones_no_housing", "population", ", ".join(found.name[bare][:20]), before=int(bare.sum()),
                measured=int(found.people[bare].sum()),
            )  # fmt: skip
        weight = np.where(empty[found.zone], fallback, weight)
    return np.asarray(weight, dtype=np.float64)


def _fill(
    buildings: gpd.GeoDataFrame,
    order: NDArray[np.int64],
    found: Source,
    people: NDArray[np.int64],
    homes: NDArray[np.int64] | None,
    has_people: object,
) -> gpd.GeoDataFrame:
    result = buildings.copy()
    for name, values in (("population", people if has_people else None), ("households", homes)):
        if values is None:
            continue
        total = np.zeros(len(order), dtype=np.int64)
        np.add.at(total, order[found.building], values)
        result[name] = pd.array(total, dtype="Int64")
    return result


def _tell(zones: pd.DataFrame, pieces: pd.DataFrame, report: QualityReport) -> None:
    has_homes = "households" in zones.columns
    lost = zones[
        (zones["placed"] == "none") & ((zones["population"] > 0) | (zones["households"] > 0 if has_homes else False))
    ]
    report.add(
        "note_population_spread", "population", before=int(zones["population"].sum()),
        after=int(pieces["population"].sum()), rows=len(zones),
    )  # fmt: skip
    if len(lost):
        facts = {"households": int(lost["households"].sum())} if has_homes else {}
        report.add(
            "warn_zones_without_buildings", "population", ", ".join(lost["zone"].astype(str)[:_LISTED]),
            before=len(lost), measured=int(lost["population"].sum()), **facts,
        )  # fmt: skip


def _basis(homes: NDArray[np.int64] | None, persons_per_household: float | None, found: Source) -> str:
    if homes is None:
        return ""
    how = "spread over buildings by floor area and use; totals of the source zones kept"
    if persons_per_household is None:
        return f"{int(homes.sum())} households of {len(found.name)} source zones {how}"
    return (
        f"modelled, not counted: {int(homes.sum())} households from {int(found.people.sum())} people at "
        f"{persons_per_household:g} persons per household; people of {len(found.name)} source zones {how}"
    )
