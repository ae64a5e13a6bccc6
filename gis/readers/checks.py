"""One layer against the schema of `gis.layers`: columns, keys, counts, kinds and shapes.

Every fault is noted, none is mended here except what cannot change a meaning: numbers written as text, Z values,
shapes whose repair changes their area by no more than a thousandth.  How layers fit each other is for
`gis.readers.relations`.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.crs import crs_text, extent_text, judge_bounds, propose_crs
from gis.errors import Fact
from gis.layers import LAYERS, Column
from gis.readers.faults import FaultList, named
from gis.readers.values import to_bools, to_numbers, to_text
from gis.repair import TYPES, is_absent, is_finite, mend, single_points
from gis.report import QualityReport

MAX_CHANGE_FRAC = 0.001
MAX_HOUSEHOLDS = {"buildings": 5_000, "units": 100_000}
MAX_POPULATION = {"buildings": 20_000, "units": 400_000}
_NAMES = ("name",)  # a place without a name is a place: an empty text, not a fault


def check_columns(layer: str, table: gpd.GeoDataFrame, faults: FaultList, report: QualityReport) -> gpd.GeoDataFrame:
    """A layer with the columns of the schema in their types; notes every fault in keys, counts and kinds.

    Columns that the schema does not know are dropped with a note, integer columns of ``posts`` excepted.  Where a
    value is at fault the returned cell is missing: stop at the faults before using the table.
    """
    spec = LAYERS[layer]
    geometry = table.geometry.name
    unknown = [str(c) for c in table.columns if c not in spec.columns and c != geometry]
    if layer == "posts":
        unknown = [c for c in unknown if not pd.api.types.is_integer_dtype(table[c])]
    if unknown:
        report.add("note_columns_ignored", layer, before=len(table.columns), columns=named(unknown))
    for column, kind in spec.columns.items():
        if kind.required and column not in table.columns:
            present = named(c for c in table.columns if c != geometry)
            faults.add("column_missing", layer=layer, column=column, measured=present, allowed=named(spec.columns))
    if spec.key not in table.columns:
        return table
    data: dict[str, Any] = {spec.key: to_text(table[spec.key])}
    ids = data[spec.key]
    check_key(layer, table, faults)
    for column, kind in spec.columns.items():
        if column in table.columns and column != spec.key:
            data[column] = _column(layer, column, kind, table[column], ids, faults, report)
    if layer == "posts":
        data.update({c: table[c] for c in table.columns if c not in data and c not in unknown and c != geometry})
    return gpd.GeoDataFrame(data, geometry=np.asarray(table.geometry.array), crs=table.crs, index=table.index)


def check_shapes(
    layer: str, table: gpd.GeoDataFrame, metric: CRS, faults: FaultList, report: QualityReport
) -> gpd.GeoDataFrame:
    """A layer with sound shapes in the metric CRS; notes every fault in them.

    The table must have a CRS that its coordinates fit (`check_crs`).
    """
    ids = _labels(layer, table)
    shapes = single_points(np.asarray(table.geometry.array))
    allowed = [t for kind in LAYERS[layer].geometry for t in TYPES[kind]]
    absent = is_absent(shapes)
    finite = is_finite(shapes)
    wrong = ~absent & ~np.isin(shapely.get_type_id(shapes), allowed)
    _each_row("geometry_missing", layer, absent, ids, faults)
    _each_row("coordinates_not_finite", layer, ~finite, ids, faults)
    kinds = " or ".join(LAYERS[layer].geometry)
    types = [shape.geom_type if shape is not None else "" for shape in shapes[wrong]]
    lines = [{**line, "measured": t} for line, t in zip(_rows(wrong, ids), types)]
    faults.each("geometry_type_wrong", layer, lines, allowed=kinds)
    good = ~absent & finite & ~wrong
    if not good.all():
        table, ids = table[good], ids[good]
        shapes = shapes[good]
    if shapely.has_z(shapes).any() or shapely.has_m(shapes).any():
        report.add("note_z_dropped", layer, before=int((shapely.has_z(shapes) | shapely.has_m(shapes)).sum()))
        shapes = shapely.force_2d(shapes)
    attributes = table.drop(columns=table.geometry.name)
    table = gpd.GeoDataFrame(attributes, geometry=gpd.GeoSeries(shapes, index=table.index), crs=table.crs)
    if CRS(table.crs) != metric:
        table = table.to_crs(metric)
        outside = ~is_finite(np.asarray(table.geometry.array))
        _each_row("row_outside_crs", layer, outside, ids, faults, crs=crs_text(metric))
        if outside.any():
            table, ids = table[~outside], ids[~outside]
    mended = mend(np.asarray(table.geometry.array))
    too_much = mended.change_frac > MAX_CHANGE_FRAC
    rows = np.zeros(len(table), dtype=bool)
    rows[mended.index[too_much]] = True
    changes = [
        {**line, "before_m2": round(float(b), 1), "after_m2": round(float(a), 1), "measured": round(100 * float(c), 3)}
        for line, b, a, c in zip(
            _rows(rows, ids), mended.before_m2[too_much], mended.after_m2[too_much], mended.change_frac[too_much]
        )
    ]
    faults.each("geometry_broken", layer, changes, allowed=100 * MAX_CHANGE_FRAC)
    for k in np.flatnonzero(~too_much):
        at = int(mended.index[k])
        report.add(
            "repair_geometry",
            layer,
            str(ids.iloc[at]),
            before=round(float(mended.before_m2[k]), 3),
            after=round(float(mended.after_m2[k]), 3),
        )
    if len(mended.index):
        report.count("shapes_mended", int((~too_much).sum()))
        table = table.set_geometry(gpd.GeoSeries(mended.geometry, index=table.index, crs=metric))
    return table[~rows] if rows.any() else table


def check_crs(layer: str, table: gpd.GeoDataFrame, faults: FaultList) -> bool:
    """Whether a layer has a CRS and its coordinates can be in it; notes what is wrong and what would fit."""
    shapes = np.asarray(table.geometry.array)
    sound = shapes[is_finite(shapes) & ~is_absent(shapes)]
    if not len(sound):
        return table.crs is not None
    x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(sound))
    shown = extent_text((x0, y0, x1, y1))
    proposals = " / ".join(propose_crs((x0, y0, x1, y1))) or "—"
    if table.crs is None:
        faults.add("crs_missing", layer=layer, measured=shown, proposal=proposals)
        return False
    verdict = judge_bounds(CRS(table.crs), (x0, y0, x1, y1))
    if verdict == "swapped":
        faults.add("coordinates_swapped", layer=layer, measured=shown, crs=crs_text(CRS(table.crs)))
    elif verdict == "outside":
        # A few wild rows among good ones are faults of these rows; a whole layer elsewhere is a wrong CRS.
        faults.add(
            "coordinates_outside_crs", layer=layer, measured=shown, crs=crs_text(CRS(table.crs)), proposal=proposals
        )
    return verdict == "fits"


def check_key(layer: str, table: gpd.GeoDataFrame, faults: FaultList) -> None:
    """Note rows without a key and keys that several rows share (one line a key, naming the rows)."""
    key = LAYERS[layer].key
    if key not in table.columns:
        return
    ids = to_text(table[key])
    missing = ids.isna().to_numpy()
    _each_row("value_missing", layer, missing, ids, faults, column=key)
    twice = ids.duplicated(keep=False).to_numpy() & ~missing
    places: dict[str, list[int]] = {}
    for row in np.flatnonzero(twice):
        places.setdefault(str(ids.iloc[row]), []).append(int(ids.index[row]) + 1)
    lines: list[dict[str, Fact]] = [{"id": i, "row": named(r, 10), "measured": len(r)} for i, r in places.items()]
    faults.each("id_duplicate", layer, lines, column=key, allowed=1)


def _column(
    layer: str, column: str, kind: Column, values: pd.Series, ids: pd.Series, faults: FaultList, report: QualityReport
) -> pd.Series:
    if kind.type == "text":
        text = to_text(values)
        if kind.required and column in _NAMES:
            if text.isna().any():
                report.add("note_names_blank", layer, before=int(text.isna().sum()))
            return text.fillna("")
        if kind.required:
            _each_row("value_missing", layer, text.isna().to_numpy(), ids, faults, column=column)
        if kind.allowed:
            strange = (text.notna() & ~text.isin(kind.allowed)).to_numpy()
            lines = [{**row, "measured": str(v)[:60]} for row, v in zip(_rows(strange, ids), text[strange])]
            faults.each("value_not_allowed", layer, lines, column=column, allowed=", ".join(kind.allowed))
        return text
    if kind.type == "bool":
        flags, bad = to_bools(values)
        lines = [{**row, "measured": str(v)[:60]} for row, v in zip(_rows(bad, ids), values[bad])]
        faults.each("value_not_allowed", layer, lines, column=column, allowed="true, false")
        return flags
    numbers, bad = to_numbers(values)
    if column in ("households", "population"):
        limit = (MAX_HOUSEHOLDS if column == "households" else MAX_POPULATION).get(layer, 10**9)
        check_counts(layer, column, numbers, bad, values, ids, faults, limit=limit, required=kind.required)
        good = ~bad & np.isfinite(numbers) & (numbers >= 0) & (numbers <= limit) & (numbers == np.floor(numbers))
        return pd.Series(np.where(good, numbers, np.nan), index=values.index).astype("Int64")
    if kind.type == "int":
        bad |= np.isfinite(numbers) & (numbers != np.floor(numbers))
    if bad.any():
        report.add("repair_number_unreadable", layer, before=int(bad.sum()), after=None, column=column)
    numbers = np.where(bad, np.nan, numbers)
    return pd.Series(numbers, index=values.index).astype("Int64" if kind.type == "int" else "float64")


def check_counts(
    layer: str,
    column: str,
    numbers: Any,
    unreadable: Any,
    values: pd.Series,
    ids: pd.Series,
    faults: FaultList,
    *,
    limit: int,
    required: bool,
) -> None:
    """Note counts that are missing (where required), unreadable, negative, fractional or huge, one line each."""
    with np.errstate(invalid="ignore"):
        wrong = {
            "count_missing": (np.isnan(numbers) & ~unreadable) if required else np.zeros(len(numbers), dtype=bool),
            "count_not_a_number": unreadable,
            "count_negative": numbers < 0,
            "count_fractional": (numbers >= 0) & (numbers != np.floor(numbers)),
            "count_too_large": (numbers > limit) & (numbers == np.floor(numbers)),
        }
    for code, mask in wrong.items():
        lines = [{**row, "measured": _shown(v)} for row, v in zip(_rows(mask, ids), values[mask])]
        faults.each(code, layer, lines, column=column, allowed=f"0...{limit}")


def _shown(value: object) -> Fact:
    if isinstance(value, float | np.floating):
        return int(value) if np.isfinite(value) and value == int(value) else str(value)
    return str(value)[:40]


def _labels(layer: str, table: gpd.GeoDataFrame) -> pd.Series:
    key = LAYERS[layer].key
    if key in table.columns:
        return table[key]
    return pd.Series([str(i + 1) for i in range(len(table))], index=table.index)


def _rows(mask: Any, ids: pd.Series) -> list[dict[str, Fact]]:
    """Row and id of each marked row.  The index of ``ids`` is the row in the file, counted from 0."""
    labels, index = ids.to_numpy(), ids.index
    return [
        {"row": int(index[r]) + 1, "id": "" if pd.isna(labels[r]) else str(labels[r])} for r in np.flatnonzero(mask)
    ]


def _each_row(code: str, layer: str, mask: Any, ids: pd.Series, faults: FaultList, **common: Fact) -> None:
    faults.each(code, layer, _rows(mask, ids), **common)
