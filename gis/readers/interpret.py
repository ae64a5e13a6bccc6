"""One raw table to one layer of the schema: what it is, what its columns mean, where it lies.

A user's words win over guesses; every guess goes into the report.  Whether the result makes a sound territory is
for `gis.assemble`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis.crs import crs_text, declare, extent_text, judge_bounds, parse_crs, propose_crs
from gis.errors import Fact
from gis.layers import BARRIER_KINDS, ESTATE_KINDS, LAYERS
from gis.persons import drop_person_columns
from gis.readers.checks import MAX_HOUSEHOLDS, MAX_POPULATION, check_counts
from gis.readers.columns import ROLES, ROSTERS, ZONES, guess_role, match_columns, normal_header
from gis.readers.faults import FaultList, named
from gis.readers.roster import compose_address, expand_ranges, spread_merged
from gis.readers.values import to_numbers, to_text
from gis.readers.words import KIND_WORDS
from gis.repair import is_absent, is_finite
from gis.report import QualityReport

_CUT = re.compile(r"\d(\.\d+)?[eE]\+\d{2,}")
_KEY_ENDINGS = ("id", "编码", "代码", "编号", "code")
_PLACE_ENDINGS = ("name", "名称", "社区", "村", "路", "小区", "街道", "街", "地址", "estate", "street", "town")


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a user says about one source; everything left out is recognised and reported.

    Attributes
    ----------
    crs
        ``EPSG:...``, ``gcj02`` or ``bd09``.  Used where the file states none or one its coordinates cannot be in;
        the two shifted systems, which no file states, are always taken at their word.
    encoding
        Of a Shapefile's table or a CSV file.
    roles
        Layer, sheet or file name to role (`gis.readers.columns.ROLES`).
    columns
        Source column to column of the schema.
    households_column
        The source column that holds households.
    community_kind
        Kind of communities whose source does not say: ``urban`` or ``rural``.
    """

    crs: str | None = None
    encoding: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    households_column: str | None = None
    community_kind: str = "urban"


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as a file held it: names for messages, cells, and what merged cells covered."""

    file: str
    name: str
    table: gpd.GeoDataFrame
    merged: Mapping[str, list[tuple[int, ...]]] = field(default_factory=dict)
    is_text: bool = False  # a table of texts, without geometry of its own


def interpret(
    raw: RawTable, options: SourceOptions, faults: FaultList, report: QualityReport, *, alone: bool
) -> tuple[str, gpd.GeoDataFrame] | None:
    """Role and layer of a raw table; ``None`` where it is none (noted) or unusable (a fault).

    Parameters
    ----------
    raw
        The table.
    options
        What the user says.
    faults, report
        Take faults and remarks.
    alone
        Whether the file holds no other table: then an unknown one is a fault, not a remark.
    """
    if raw.table.empty:
        if alone:
            faults.add("file_without_rows", layer=raw.name)
        else:
            report.add("note_layer_empty", raw.name, file=raw.file)
        return None
    role = _said_role(raw, options, faults)
    table = gpd.GeoDataFrame(_without_persons(raw, report), geometry=raw.table.geometry.name, crs=raw.table.crs)
    shapes = np.asarray(table.geometry.array)
    columns = table.drop(columns=table.geometry.name)
    if role is None:
        role = guess_role(raw.name, columns, shapes, _median_area_m2(table))
    if role is None:
        facts = {"layer": raw.name, "measured": named(columns.columns, 40), "allowed": ", ".join(ROLES)}
        if alone:
            faults.add("layer_role_unknown", **facts)
        else:
            report.add("note_layer_ignored", raw.name, file=raw.file, columns=facts["measured"])
        return None
    given = dict(options.columns)
    if options.households_column:
        if options.households_column in columns.columns:
            given[options.households_column] = "households"
        elif role in ("buildings", "units", ROSTERS):
            shown = named(columns.columns, 40)
            faults.add("column_missing", layer=raw.name, column=options.households_column, measured=shown, allowed="")
    mapping = match_columns(role, columns.columns, given)
    report.add(
        "note_layer_read",
        role,
        after=len(table),
        file=raw.file,
        source=raw.name,
        columns=", ".join(f"{source} = {target}" for target, source in mapping.items() if source != target),
        ignored=named(c for c in columns.columns if c not in mapping.values()),
    )
    located = _locate(raw, role, table, columns, mapping, options, faults, report)
    if located is None:
        return None
    data = {target: columns[source] for target, source in mapping.items() if target not in ("lon", "lat")}
    rows = columns.index if raw.is_text else pd.RangeIndex(1, len(columns) + 1)
    plain = pd.DataFrame(data, index=columns.index).set_axis(rows)
    if role == "buildings" and "dwellings" in columns.columns and "households" in data:
        plain = plain if mapping["households"] != "dwellings" else plain.rename(columns={"households": "dwellings"})
    sources = {source: target for target, source in mapping.items()}
    merged = {sources[c]: runs for c, runs in raw.merged.items() if c in sources}
    if merged:
        plain = spread_merged(plain, merged, report, layer=role, file=raw.file)
    plain = _texts_and_counts(role, plain, faults)
    if role == ROSTERS:
        plain = expand_ranges(plain, report, layer=role, file=raw.file)
        located = gpd.GeoSeries([None] * len(plain), index=plain.index, crs=None)
    plain = _complete(raw, role, plain, options, report)
    plain["source_row"] = [f"{raw.file}:{row}" for row in plain.index]
    frame = gpd.GeoDataFrame(plain.reset_index(drop=True), geometry=np.asarray(located.array), crs=located.crs)
    return role, frame


def _said_role(raw: RawTable, options: SourceOptions, faults: FaultList) -> str | None:
    stem = raw.file.rsplit("/", 1)[-1]
    for key in (f"{raw.file}:{raw.name}", raw.name, raw.file, stem, stem.rsplit(".", 1)[0]):
        if key in options.roles:
            role = options.roles[key]
            if role not in ROLES:
                faults.add("role_unknown", layer=raw.name, measured=role, allowed=", ".join(ROLES))
                return None
            return role
    return None


def _without_persons(raw: RawTable, report: QualityReport) -> pd.DataFrame:
    places = [str(c) for c in raw.table.columns if _is_place(str(c))]
    keys = [
        str(c) for c in raw.table.columns if normal_header(c).endswith(("id", "编码", "代码", "编号", "code", "gid"))
    ]
    return drop_person_columns(raw.table, report, layer=raw.name, file=raw.file, places=places, keys=keys)


def _is_place(header: str) -> bool:
    plain = normal_header(header)
    return plain.endswith(
        ("name", "名称", "社区", "村", "路", "小区", "街道", "街", "地址", "estate", "street", "town")
    )


def _median_area_m2(table: gpd.GeoDataFrame) -> float:
    areas = shapely.area(np.asarray(table.geometry.array))
    areas = areas[np.isfinite(areas) & (areas > 0)]
    if not len(areas):
        return float("nan")
    degrees = table.crs is None or CRS(table.crs).is_geographic
    if degrees and np.abs(table.total_bounds).max() > 360:
        degrees = False
    return float(np.median(areas)) * (111_000.0**2 * 0.8 if degrees else 1.0)


def _locate(
    raw: RawTable,
    role: str,
    table: gpd.GeoDataFrame,
    columns: pd.DataFrame,
    mapping: dict[str, str],
    options: SourceOptions,
    faults: FaultList,
    report: QualityReport,
) -> gpd.GeoSeries | None:
    """Geometry in a CRS that its coordinates fit; ``None`` after a fault.  Rosters have none."""
    if role == ROSTERS:
        return gpd.GeoSeries([None] * len(table), index=table.index)
    if is_absent(np.asarray(table.geometry.array)).all():
        if not {"lon", "lat"} <= mapping.keys():
            faults.add("layer_without_place", layer=raw.name, measured=named(columns.columns, 40))
            return None
        points = _points(raw, columns, mapping, faults)
        if points is None:
            return None
        table = gpd.GeoDataFrame(columns, geometry=points)
    shapes = np.asarray(table.geometry.array)
    sound = shapes[is_finite(shapes) & ~is_absent(shapes)]
    if not len(sound):
        wild: list[dict[str, Fact]] = [{"row": int(k) + 1, "id": ""} for k in np.flatnonzero(~is_finite(shapes))]
        faults.each("coordinates_not_finite", raw.name, wild)
        return None
    x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(sound))
    bounds = (x0, y0, x1, y1)
    shown = extent_text(bounds)
    if options.crs:
        declared = parse_crs(options.crs)
        own = None if table.crs is None else CRS(table.crs)
        if declared.shift or own is None or judge_bounds(own, bounds) != "fits":
            before = None if own is None else crs_text(own)
            table = declare(table, declared)
            after = f"{declared.shift} -> {crs_text(declared.crs)}" if declared.shift else crs_text(declared.crs)
            report.add("note_crs_declared", role, before=before, after=after, file=raw.file)
        elif own != declared.crs:
            report.add("note_crs_kept", role, before=options.crs, after=crs_text(own), file=raw.file)
    elif table.crs is None and raw.is_text and -180 <= x0 <= x1 <= 180 and -90 <= y0 <= y1 <= 90:
        table = table.set_crs(4326)
        report.add("note_crs_assumed", role, after="EPSG:4326", file=raw.file)
    if table.crs is None:
        proposal = " / ".join(propose_crs(bounds)) or "—"
        if proposal.startswith("EPSG:4326 (x ↔ y)"):
            faults.add("coordinates_swapped", layer=raw.name, measured=shown, crs="EPSG:4326")
        else:
            faults.add("crs_missing", layer=raw.name, measured=shown, proposal=proposal)
        return None
    if options.crs and parse_crs(options.crs).shift:
        return table.geometry
    verdict = judge_bounds(CRS(table.crs), bounds)
    crs = crs_text(CRS(table.crs))
    if verdict == "swapped":
        faults.add("coordinates_swapped", layer=raw.name, measured=shown, crs=crs)
    elif verdict == "outside":
        proposal = " / ".join(propose_crs(bounds)) or "—"
        faults.add("coordinates_outside_crs", layer=raw.name, measured=shown, crs=crs, proposal=proposal)
    return table.geometry if verdict == "fits" else None


def _points(raw: RawTable, columns: pd.DataFrame, mapping: dict[str, str], faults: FaultList) -> gpd.GeoSeries | None:
    (x, bad_x), (y, bad_y) = (to_numbers(columns[mapping[c]]) for c in ("lon", "lat"))
    bad = bad_x | bad_y | np.isnan(x) | np.isnan(y)
    lines = [
        {
            "row": int(columns.index[k]),
            "measured": ", ".join(str(columns[mapping[c]].iloc[k] or "—") for c in ("lon", "lat")),
        }
        for k in np.flatnonzero(bad)
    ]
    faults.each("coordinates_not_numbers", raw.name, lines)  # type: ignore[arg-type]
    if bad.any():
        return None
    return gpd.GeoSeries(shapely.points(x, y), index=columns.index)


def _texts_and_counts(role: str, plain: pd.DataFrame, faults: FaultList) -> pd.DataFrame:
    ids = to_text(plain["id"]) if "id" in plain.columns else pd.Series([None] * len(plain), index=plain.index)
    ids.index = ids.index - 1  # checks count rows from 0
    key = LAYERS[role].key if role in LAYERS else "id"
    if key in plain.columns:
        codes = to_text(plain[key])
        lossy = codes.map(lambda v: isinstance(v, str) and _CUT.fullmatch(v) is not None).to_numpy(dtype=bool)
        lines: list[dict[str, Fact]] = [
            {"row": int(plain.index[k]), "measured": str(codes.iloc[k])} for k in np.flatnonzero(lossy)
        ]
        faults.each("code_cut_by_spreadsheet", role, lines, column=key)
    limits = {"households": MAX_HOUSEHOLDS, "population": MAX_POPULATION}
    out: dict[str, pd.Series] = {}
    for column in plain.columns:
        spec = LAYERS[role].columns.get(column) if role in LAYERS else None
        if column in limits:
            numbers, bad = to_numbers(plain[column])
            if role != ZONES:
                # A roster's total row may stand for many buildings: it is held to the limit of units.
                limit = limits[column].get(role, limits[column]["units"])
                check_counts(role, column, numbers, bad, plain[column], ids, faults, limit=limit, required=False)
            out[column] = pd.Series(numbers, index=plain.index, dtype="float64")
        elif column == "levels" or (spec is not None and spec.type in ("int", "float")):
            out[column] = pd.Series(to_numbers(plain[column])[0], index=plain.index, dtype="float64")
        elif spec is not None and spec.type == "bool":
            out[column] = plain[column]
        else:
            out[column] = to_text(plain[column])
    return pd.DataFrame(out, index=plain.index)


def _complete(
    raw: RawTable, role: str, plain: pd.DataFrame, options: SourceOptions, report: QualityReport
) -> pd.DataFrame:
    """Fill what the schema requires and the source says in other words: ids, kinds, names, address texts."""
    if role in ("buildings", "addresses", ROSTERS):
        parts = {c: plain[c].tolist() for c in ("street", "number", "estate", "building") if c in plain.columns}
        made = compose_address(parts, len(plain))
        own = plain["text"].tolist() if "text" in plain.columns else [None] * len(plain)
        plain["text"] = pd.Series([t or m for t, m in zip(own, made)], index=plain.index, dtype=object)
    if role in LAYERS and LAYERS[role].key not in plain.columns:
        plain[LAYERS[role].key] = _made_ids(raw, role, plain, report)
    if "kind" in (LAYERS[role].columns if role in LAYERS else ()):
        plain["kind"] = _kinds(raw, role, plain, options, report)
    if role in ("communities", "estates", "grids") and "name" not in plain.columns:
        plain["name"] = plain[LAYERS[role].key]
    return plain


def _made_ids(raw: RawTable, role: str, plain: pd.DataFrame, report: QualityReport) -> pd.Series:
    named_by = next((c for c in ("text", "name") if c in plain.columns and plain[c].notna().any()), None)
    base = plain[named_by].tolist() if named_by else [None] * len(plain)
    seen: dict[str, int] = {}
    ids = []
    for position, text in enumerate(base):
        label = text or f"{role}-{position + 1}"
        seen[label] = seen.get(label, 0) + 1
        ids.append(label if seen[label] == 1 else f"{label} #{seen[label]}")
    twins = sum(n - 1 for n in seen.values())
    report.add("note_ids_made", role, after=len(ids), file=raw.file, column=named_by or "", twins=twins)
    return pd.Series(ids, index=plain.index, dtype=object)


def _kinds(raw: RawTable, role: str, plain: pd.DataFrame, options: SourceOptions, report: QualityReport) -> pd.Series:
    values = plain["kind"].tolist() if "kind" in plain.columns else [None] * len(plain)
    allowed = LAYERS[role].columns["kind"].allowed
    if not allowed:
        return pd.Series([v or role for v in values], index=plain.index, dtype=object)
    words = {w: kind for kind, text in KIND_WORDS.get(role, {}).items() for w in (kind, *text.split())}
    known = [words.get(str(v).strip().lower()) if v else None for v in values]
    if role == "communities" and "class_code" in plain.columns:
        # The class code of the statistics office decides, not the word in the name (1xx urban, 2xx rural).
        by_class = {"1": "urban", "2": "rural"}
        classes = [by_class.get(str(c)[:1]) if c else None for c in plain["class_code"]]
        known = [c or k for c, k in zip(classes, known)]
    fallback = {"communities": options.community_kind, "estates": ESTATE_KINDS[0], "barriers": BARRIER_KINDS[-1]}
    missing = [v for v, k in zip(values, known) if k is None]
    if missing and role in fallback:
        shown = named(dict.fromkeys(str(v) for v in missing if v))
        report.add("note_kind_assumed", role, before=len(missing), after=fallback[role], file=raw.file, values=shown)
    # Elsewhere an unknown word stays as it is: the check of the schema names it.
    return pd.Series([k or fallback.get(role, v) for k, v in zip(known, values)], index=plain.index, dtype=object)
