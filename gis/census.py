"""Census areas and raster cells as zones: checked, in whole people, laid over the buildings.

Decides what a usable zone is and where each building stands; sharing the people out is left to `gis.population`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis.apportion import whole_totals
from gis.errors import Fact, Fault, InputError
from gis.raster import read_cells
from gis.report import QualityReport

PEOPLE_MAX = 1e7
_OVERLAP_FRAC = 0.01
_INSIDE_FRAC = 0.5
_LISTED = 50


@dataclass(frozen=True, slots=True)
class Source:
    """Zones (or cells) with people, and where buildings stand in them.

    ``building``, ``zone`` and ``share`` run side by side, one entry per piece, sorted by building and zone; positions
    point into the building table (sorted by id) and into ``name``.
    """

    name: NDArray[Any]
    people: NDArray[np.int64]
    households: NDArray[np.int64] | None
    building: NDArray[np.int64]
    zone: NDArray[np.int64]
    share: NDArray[np.float64]
    middle: Any


def read_zones(
    zones: gpd.GeoDataFrame,
    table: gpd.GeoDataFrame,
    columns: tuple[str | None, str | None, str | None],
    extent: Any,
    report: QualityReport,
) -> Source:
    """Check polygons with counts and lay the buildings (metric, sorted by id) over them.

    ``columns`` are those of people, households and the zone's name.  Raises as `gis.population.spread_population`.
    """
    people_column, homes_column, zone_column = columns
    _check_zones(zones, columns)
    key = zone_column or next((c for c in ("id", "code", "name") if c in zones.columns), None)
    names = np.arange(1, len(zones) + 1).astype(str) if key is None else zones[key].astype(str).to_numpy(dtype=object)
    by_name = np.argsort(np.asarray(names, dtype=object), kind="stable")
    names = np.asarray(names, dtype=object)[by_name]
    if len(np.unique(names.astype(str))) < len(names):
        twice = sorted(pd.Series(names)[pd.Series(names).duplicated()].unique())
        raise InputError("zones_id_twice", column=key, id=", ".join(twice[:10]), measured=len(twice))
    zones = zones.iloc[by_name].to_crs(CRS(table.crs))
    shapes = _valid(np.asarray(zones.geometry.array), names, report)
    people = _whole(zones, people_column, report)
    homes = _whole(zones, homes_column, report) if homes_column else None
    geometry = np.asarray(table.geometry.array)
    building, zone = shapely.STRtree(shapes).query(geometry, predicate="intersects")
    sort = np.lexsort((zone, building))
    building, zone = building[sort].astype(np.int64), zone[sort].astype(np.int64)
    share = _shares(geometry, shapes, building, zone)
    # A point, or a footprint that only touches, belongs to the first zone it meets.
    building, zone, share = building[share > 0], zone[share > 0], share[share > 0]
    if not len(building):
        raise InputError("zones_elsewhere", measured=len(zones), allowed=len(table))
    _warn_overlaps(shapes, names, report)
    if extent is not None:
        inside = shapely.area(shapely.intersection(shapes, extent)) / np.maximum(shapely.area(shapes), 1e-9)
        keep = inside >= _INSIDE_FRAC
        if not keep.all():
            # A neighbour's zone that only brushes the area must not put all its people into the one building it meets.
            left_out = ", ".join(map(str, names[~keep][:_LISTED]))
            report.add(
                "note_zones_outside", "population", left_out, before=len(names), after=int(keep.sum()),
                measured=int(people[~keep].sum()),
            )  # fmt: skip
        for k in np.flatnonzero(keep & (inside < 0.95)):
            report.add("warn_zone_reaches_out", "population", str(names[k]), measured=round(float(inside[k]), 3))
        names, people, homes, building, zone, share, shapes = _only(
            keep, names, people, homes, building, zone, share, shapes
        )
    return Source(names, people, homes, building, zone, share, shapely.point_on_surface(shapes))


def _only(
    keep: NDArray[np.bool_], names: Any, people: Any, homes: Any, building: Any, zone: Any, share: Any, shapes: Any
) -> tuple[Any, ...]:
    """Leave out zones and number the rest anew."""
    number = np.cumsum(keep) - 1
    on = keep[zone]
    homes = homes[keep] if homes is not None else None
    return names[keep], people[keep], homes, building[on], number[zone[on]], share[on], shapes[keep]


def _check_zones(zones: gpd.GeoDataFrame, columns: tuple[str | None, str | None, str | None]) -> None:
    if not len(zones):
        raise InputError("zones_empty")
    if zones.crs is None:
        raise InputError("zones_without_crs")
    faults: list[Fault] = []
    wanted = [column for column in columns if column]
    faults += [
        Fault("zones_column_missing", {"column": column, "allowed": ", ".join(map(str, zones.columns))})
        for column in wanted
        if column not in zones.columns
    ]
    if not (columns[0] or columns[1]):
        faults.append(Fault("zones_column_missing", {"column": "population", "allowed": "population, households"}))
    polygonal = np.isin(shapely.get_type_id(np.asarray(zones.geometry.array)), (3, 6))
    for row in np.flatnonzero(~polygonal)[:_LISTED]:
        faults.append(Fault("zones_not_polygons", {"row": int(row) + 1}))
    for column in columns[:2]:
        if column and column in zones.columns:
            values = pd.to_numeric(zones[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            bad = ~((values >= 0) & (values <= PEOPLE_MAX))
            for row in np.flatnonzero(bad)[:_LISTED]:
                facts: dict[str, Fact] = {"row": int(row) + 1, "column": column}
                faults.append(
                    Fault(
                        "zones_count_bad", {**facts, "measured": str(zones[column].iloc[row]), "allowed": "0-10000000"}
                    )
                )
    if faults:
        raise InputError.of(faults)


def _valid(shapes: Any, names: NDArray[Any], report: QualityReport) -> Any:
    shapes = shapes.copy()
    for k in np.flatnonzero(~shapely.is_valid(shapes)):
        before = float(shapely.area(shapes[k]))
        shapes[k] = shapely.make_valid(shapes[k], method="structure", keep_collapsed=False)
        after = round(float(shapely.area(shapes[k])), 1)
        report.add("repair_zone_polygon", "population", str(names[k]), before=round(before, 1), after=after)
    return shapes


def _whole(zones: gpd.GeoDataFrame, column: str | None, report: QualityReport) -> NDArray[np.int64]:
    if column is None:
        return np.zeros(len(zones), dtype=np.int64)
    values = pd.to_numeric(zones[column]).to_numpy(dtype=float)
    whole = whole_totals(values)
    n_changed = int((whole != values).sum())
    if n_changed:
        before = round(float(values.sum()), 3)
        report.add(
            "repair_zone_fractions", "population", before=before, after=int(whole.sum()), column=column, rows=n_changed
        )
    return whole


def _shares(geometry: Any, shapes: Any, building: Any, zone: Any) -> NDArray[np.float64]:
    """Share of each building that lies in each zone; points count once, in the first zone."""
    area = shapely.area(geometry)[building]
    pairs = np.bincount(building, minlength=len(geometry))[building]
    share = np.ones(len(building))
    cut = area > 0
    # A footprint with one zone may still hang over the edge: only its weight changes, never the zone's total.
    many = cut & (pairs > 1)
    overlap = shapely.area(shapely.intersection(geometry[building[many]], shapes[zone[many]]))
    share[many] = overlap / area[many]
    share[share < 1e-9] = 0.0
    again = np.concatenate([[False], building[1:] == building[:-1]]) & ~cut
    share[again] = 0.0
    return share


def _warn_overlaps(shapes: Any, names: NDArray[Any], report: QualityReport) -> None:
    first, second = shapely.STRtree(shapes).query(shapes, predicate="overlaps")
    pairs = first < second
    first, second = first[pairs], second[pairs]
    area = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    smaller = np.minimum(shapely.area(shapes[first]), shapely.area(shapes[second]))
    for k in np.flatnonzero(area > _OVERLAP_FRAC * smaller):
        report.add(
            "warn_zones_overlap", "population", str(names[first[k]]), before=round(float(area[k]), 1),
            other=str(names[second[k]]),
        )  # fmt: skip


def read_raster(path: Path, table: gpd.GeoDataFrame, extent: Any, band: int, report: QualityReport) -> Source:
    """Lay the buildings over a raster and make its fractions of people whole."""
    cells = read_cells(path, np.asarray(table.geometry.array), CRS(table.crs), extent=extent, band=band)
    # Cells hold fractions of people.  Rounding the running total along a block-wise walk keeps every aligned block
    # of cells within one person of its total, and the whole raster exact.
    walk = np.argsort(cells.morton, kind="stable")
    running = np.floor(np.round(np.cumsum(cells.people[walk]), 6) + 0.5).astype(np.int64)
    people = np.empty(len(running), dtype=np.int64)
    people[walk] = np.diff(running, prepend=0)
    report.add(
        "note_raster_people", "population", before=round(float(cells.people.sum()), 3), after=int(people.sum()),
        rows=len(people),
    )  # fmt: skip
    return Source(cells.name, people, None, cells.building, cells.cell, cells.share, shapely.points(cells.centre))
