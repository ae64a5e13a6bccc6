"""Vector files as they are: every layer of a GeoPackage, Shapefile or GeoJSON, with nothing interpreted yet."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

from gis.errors import InputError
from gis.readers.encoding import decode, find_encoding, samples
from gis.readers.guard import FileKind, neutral, shapefile_parts
from gis.report import QualityReport

_FAILURES = (DataSourceError, DataLayerError, FeatureError, GeometryError, UnicodeDecodeError, RuntimeError, ValueError)


def list_layers(path: Path, kind: FileKind) -> list[str]:
    """Names of the layers of a file, in file order.

    Raises
    ------
    InputError
        ``file_damaged``.
    """
    with neutral(path, kind) as source, _plainly(path):
        return [str(name) for name in pyogrio.list_layers(source)[:, 0]]


def read_layers(
    path: Path,
    kind: FileKind,
    report: QualityReport,
    *,
    name: str | None = None,
    encoding: str | None = None,
    only: tuple[str, ...] | None = None,
) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Layers of a vector file with their own columns and CRS.

    Parameters
    ----------
    path, kind
        The file and what `gis.readers.guard.identify` said it is.
    report
        Gets ``encoding_used`` for Shapefiles.
    name
        What the user calls the file (differs from ``path`` inside a zip).
    encoding
        Declared encoding of a Shapefile's table.
    only
        Read these layers of a GeoPackage alone.

    Returns
    -------
    list of (str, GeoDataFrame)
        Layers without geometry have an all-missing geometry column.  Geometry that cannot be read is missing.

    Raises
    ------
    InputError
        ``file_damaged``; for Shapefiles the encoding faults of `gis.readers.encoding`.
    """
    file = name or path.name
    tables: list[tuple[str, gpd.GeoDataFrame]] = []
    with neutral(path, kind) as source, _plainly(path, file):
        for layer in pyogrio.list_layers(source)[:, 0]:
            if only is not None and layer not in only:
                continue
            recoding = "ISO-8859-1" if kind is FileKind.SHAPEFILE else None
            table = pyogrio.read_dataframe(source, layer=layer, encoding=recoding, on_invalid="ignore")
            expected = pyogrio.read_info(source, layer=layer, encoding=recoding)["features"]
            if expected > len(table):
                raise InputError("file_truncated", file=file, measured=f"{len(table)} rows", allowed=f"{expected} rows")
            if not isinstance(table, gpd.GeoDataFrame):
                table = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries([None] * len(table), index=table.index))
            label = Path(file).stem if layer == "source" else str(layer)
            tables.append((label, table))
    if kind is FileKind.SHAPEFILE:
        tables = [(label, _decode_table(path, table, report, file, encoding)) for label, table in tables]
    return tables


def _decode_table(
    path: Path, table: gpd.GeoDataFrame, report: QualityReport, file: str, declared: str | None
) -> gpd.GeoDataFrame:
    """Recover the raw bytes of a Shapefile's texts (read as Latin-1, which keeps every byte) and decode them."""
    geometry = table.geometry.name
    texts = [c for c in table.columns if c != geometry and not pd.api.types.is_numeric_dtype(table[c])]
    texts = [c for c in texts if table[c].map(lambda v: isinstance(v, str)).any()]
    raw = {c: [v.encode("latin-1") if isinstance(v, str) else None for v in table[c]] for c in texts}
    headers = {str(c): str(c).encode("latin-1") for c in table.columns if c != geometry}
    cpg = shapefile_parts(path).get(".cpg")
    cpg_text = cpg.read_text("ascii", errors="replace")[:40].strip("\0 \r\n") if cpg else None
    seen = [*headers.values(), *(v for values in raw.values() for v in values if v is not None)]
    encoding = find_encoding(seen, file=file, declared=declared, cpg=cpg_text or None)
    decoded = {c: [None if v is None else decode(v, encoding.name) for v in values] for c, values in raw.items()}
    for column, values in decoded.items():
        table[column] = pd.Series(np.array(values, dtype=object), index=table.index, dtype="object")
    names = {c: decode(b, encoding.name) for c, b in headers.items()}
    table = table.rename(columns=names)
    if encoding.how != "ascii":
        shown = samples(pd.DataFrame(table.drop(columns=geometry)))
        report.add("encoding_used", after=encoding.name.upper(), file=file, how=encoding.how, samples=shown)
    return table


class _plainly:
    """Turns GDAL's failures into one fault that names the user's file."""

    def __init__(self, path: Path, file: str | None = None) -> None:
        self.file = file or path.name
        self.caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        self.caught.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.caught.__exit__(None, None, None)
        if isinstance(error, UnicodeDecodeError):
            facts = {"file": self.file, "measured": str(error)[:80], "encoding": "UTF-8", "fits": "GB18030?"}
            raise InputError("encoding_wrong", **facts) from None
        if isinstance(error, _FAILURES) and not isinstance(error, InputError):
            raise InputError("file_damaged", file=self.file, measured=_reason(str(error))) from None


def _reason(text: str) -> str:
    """GDAL's message without the neutral name of the link and without the SQL it was busy with."""
    return text.split("source.")[-1].split(") failed: ")[-1].split(";")[0].strip(" .")[:160]
