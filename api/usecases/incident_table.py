"""A file of incidents as a table of texts: CSV, workbook, GeoJSON and other vector files, alone or in a zip.

Decides which column is which (the words of `gis.readers.words`, the user's own mapping first) and lets go of columns
about people before anything else sees the table.  A broken row of a CSV file costs itself and no other.  What a cell
means is decided in `api.usecases.incident_cells`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from api.csv_rows import CsvRows
from gis.errors import Fault, InputError
from gis.persons import drop_person_columns
from gis.readers.archive import unpacked
from gis.readers.columns import match_columns
from gis.readers.guard import ALLOWED, FileKind, identify
from gis.readers.tables import read_xlsx
from gis.readers.values import narrow
from gis.readers.vector import read_layers
from gis.report import QualityReport, Remark

ROLE = "incident_rows"
MOST_ROWS = 200_000
TARGETS = (
    *("id", "lon", "lat", "address", "received_at", "date", "time", "kind", "priority", "state", "level", "result"),
    *("title", "grid", "body", "assessed_at", "assigned_at", "dispatched_at", "arrived_at", "feedback_at"),
    *("verified_at", "closed_at", "cancelled_at"),
)
"""What a column of a file may be."""
_PLAIN = tuple(name for name in TARGETS if name not in ("title", "address", "body", "kind", "result"))
_NO_NAMES = tuple(name for name in TARGETS if name not in ("title", "body"))
_VECTOR = (FileKind.GEOPACKAGE, FileKind.SHAPEFILE, FileKind.GEOJSON)


@dataclass(frozen=True, slots=True)
class IncidentTable:
    """Rows of a file, as texts.

    Attributes
    ----------
    file, sheet
        As the user calls them; ``sheet`` is empty where the file is one table.
    encoding
        What a CSV file is read in; empty for others.
    numbers
        Row or line of each row, as the user counts.
    cells
        Header to texts; blanks are empty.
    columns
        Ours to theirs: which column is which.
    broken
        Position of a row that could not be read, and why.
    remarks
        Columns about people that were let go, numbers that were blanked, sheets that were passed over.
    """

    file: str
    sheet: str
    encoding: str
    numbers: tuple[int, ...]
    cells: Mapping[str, Sequence[str]]
    columns: Mapping[str, str]
    broken: Mapping[int, Fault] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    def column(self, target: str) -> Sequence[str] | None:
        """Texts of one of our columns; none where the file has none."""
        theirs = self.columns.get(target)
        return None if theirs is None else self.cells[theirs]


@dataclass(slots=True)
class _Raw:
    """A table before anything is known of its columns."""

    name: str
    table: pd.DataFrame
    broken: dict[int, Fault] = field(default_factory=dict)
    encoding: str = ""


def read_incident_table(
    path: Path,
    *,
    name: str | None = None,
    given: Mapping[str, str] | None = None,
    encoding: str | None = None,
    most_rows: int = MOST_ROWS,
) -> IncidentTable:
    """Read a file of incidents.

    Parameters
    ----------
    path
        The file; known by its content.
    name
        What the user calls it.
    given
        The user's own mapping, theirs to ours.
    encoding
        Of a CSV file; found where omitted.
    most_rows
        More are refused.

    Raises
    ------
    InputError
        ``incident_import_columns`` (no place in it), ``incident_import_column_unknown``, ``incident_import_empty``,
        ``incident_import_too_long``, ``incident_import_format``, and what the readers refuse.
    """
    file = name or path.name
    report = QualityReport()
    raws = list(_raws(path, file, identify(path), report, encoding, most_rows))
    filled = [raw for raw in raws if len(raw.table)]
    if not filled:
        raise InputError("incident_import_empty", file=file)
    raw = next((raw for raw in filled if _has_place(raw.table, given or {})), None)
    if raw is None:
        told = ", ".join(str(column) for column in filled[0].table.columns)[:160]
        raise InputError("incident_import_columns", file=file, measured=told, allowed="lon, lat / address")
    for other in filled:
        if other is not raw:
            report.add("incident_import_sheet_ignored", other.name, before=len(other.table), file=file)
    if len(raw.table) > most_rows:
        raise InputError("incident_import_too_long", file=file, measured=len(raw.table), allowed=most_rows)
    headers = [str(column) for column in raw.table.columns]
    for theirs in given or {}:
        if theirs not in headers:
            told = ", ".join(headers)[:160]
            raise InputError("incident_import_column_unknown", file=file, measured=theirs, allowed=told)
    columns = match_columns(ROLE, headers, given or {})
    if "received_at" not in columns and "date" not in columns and "time" in columns:
        columns["received_at"] = columns.pop("time")
    table = _without_people(raw.table, columns, report, file)
    columns = {ours: theirs for ours, theirs in columns.items() if theirs in table.columns}
    cells = {str(header): table[header].tolist() for header in table.columns}
    sheet = raw.name if len(raws) > 1 else ""
    numbers = tuple(int(number) for number in table.index)
    return IncidentTable(file, sheet, raw.encoding, numbers, cells, columns, raw.broken, tuple(report.remarks))


def _raws(
    path: Path, file: str, kind: FileKind, report: QualityReport, encoding: str | None, most_rows: int
) -> Iterator[_Raw]:
    if kind is FileKind.CSV:
        yield _of_csv(path, file, encoding, most_rows)
    elif kind is FileKind.XLSX:
        for sheet in read_xlsx(path, report, name=file):
            yield _Raw(sheet.name, sheet.table.fillna("").astype(str))
    elif kind in _VECTOR:
        for layer, table in read_layers(path, kind, report, name=file, encoding=encoding):
            yield _Raw(layer, _of_layer(table, file))
    elif kind is FileKind.ZIP:
        with unpacked(path) as members:
            for member, inner in members:
                found = identify(member)
                if found is not FileKind.ZIP:
                    yield from _raws(member, inner, found, report, encoding, most_rows)
    else:
        raise InputError("incident_import_format", file=file, measured=kind.value, allowed=ALLOWED)


def _of_csv(path: Path, file: str, encoding: str | None, most_rows: int) -> _Raw:
    broken: dict[int, Fault] = {}
    numbers: list[int] = []
    rows: list[list[str]] = []
    with path.open("rb") as stream:
        table = CsvRows(stream, encoding)
        headers = _unique([narrow(header) for header in table.header])
        for row in table:
            if row.fault:
                broken[len(rows)] = Fault(f"address_{row.fault}", {"row": row.line, **row.facts})
            rows.append([narrow(cell) for cell in row.cells])
            numbers.append(row.line)
            if len(rows) > most_rows:
                raise InputError("incident_import_too_long", file=file, measured=len(rows), allowed=most_rows)
        used = table.encoding
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in headers]
    frame = pd.DataFrame(dict(zip(headers, columns, strict=True)), index=numbers, dtype=object)
    return _Raw(Path(file).stem, frame, broken, used)


def _unique(headers: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    out = []
    for place, header in enumerate(headers):
        plain = header or f"column {place + 1}"
        seen[plain] = seen.get(plain, 0) + 1
        out.append(plain if seen[plain] == 1 else f"{plain} ({seen[plain]})")
    return out


def _of_layer(layer: gpd.GeoDataFrame, file: str) -> pd.DataFrame:
    """Columns as texts; points become ``lon`` and ``lat``."""
    shapes = layer.geometry
    if layer.crs is not None and shapes.notna().any():
        shapes = shapes.to_crs(4326)
    elif shapes.notna().any():
        raise InputError("crs_missing", file=file, layer="")
    data = {str(name): [_text(value) for value in layer[name]] for name in layer.columns if name != shapes.name}
    points = shapely.centroid(shapes.to_numpy())
    if shapes.notna().any():
        for column, values in (("lon", shapely.get_x(points)), ("lat", shapely.get_y(points))):
            data[column] = ["" if value != value else repr(float(value)) for value in values]
    return pd.DataFrame(data, index=range(1, len(layer) + 1), dtype=object)


def _text(value: object) -> str:
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    return narrow(str(value))


def _has_place(table: pd.DataFrame, given: Mapping[str, str]) -> bool:
    found = match_columns(ROLE, [str(column) for column in table.columns], given).keys()
    return {"lon", "lat"} <= found or "address" in found


def _without_people(table: pd.DataFrame, columns: Mapping[str, str], report: QualityReport, file: str) -> pd.DataFrame:
    places = [theirs for ours, theirs in columns.items() if ours in _NO_NAMES]
    keys = [theirs for ours, theirs in columns.items() if ours in _PLAIN]
    kept = drop_person_columns(table, report, layer="incidents", file=file, places=places, keys=keys)
    return kept.fillna("").astype(object)
