"""Columns of a GeoPackage as SQLite holds them: for questions that can not wait for GDAL and its tables to be loaded.

Nothing is checked and nothing mended here.  A file that is not as we write it gives `None`, and its caller goes to the
readers that know what to say about it (`data.files.plan_file`, `gis.readers`).  The file must have been identified
(`gis.readers.guard.identify`) before it is opened.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_AT_ONCE = 10_000
_SEPARATOR = 31  # a control character that stands in no id


def has_columns(path: Path, layer: str, columns: Sequence[str]) -> bool:
    """Whether there is a table with these columns."""
    try:
        with _opened(path) as file:
            return _has(file, layer, columns)
    except sqlite3.Error:
        return False


def read_columns(path: Path, layer: str, columns: Sequence[str]) -> list[list[Any]] | None:
    """Columns of a table, each a list, in the order the rows were written; ``None`` where one is missing."""
    try:
        with _opened(path) as file:
            if not _has(file, layer, columns):
                return None
            rows = file.execute(f"select {', '.join(map(_named, columns))} from {_named(layer)} order by rowid")
            found = list(zip(*rows))
    except sqlite3.Error:
        return None
    return [list(column) for column in found] if found else [[] for _ in columns]


def read_texts(path: Path, layer: str, columns: Sequence[str], kind: str) -> list[list[str]] | None:
    """Columns of text of the rows of one ``kind``, in one order; ``None`` where one has no text or is missing.

    The database joins the texts, so that not every row becomes an object on the way: for tables of very many rows.
    """
    joined = ", ".join(f"group_concat({_named(column)}, char({_SEPARATOR}))" for column in columns)
    counted = ", ".join(f"count({_named(column)})" for column in columns)
    try:
        with _opened(path) as file:
            if not _has(file, layer, (*columns, "kind")):
                return None
            found = file.execute(
                f"select count(*), {counted}, {joined} from {_named(layer)} where kind = ?", (kind,)
            ).fetchone()
    except sqlite3.Error:
        return None
    n_rows, n_texts, texts = found[0], found[1 : 1 + len(columns)], found[1 + len(columns) :]
    if not n_rows:
        return [[] for _ in columns]
    lists = [str(text).split(chr(_SEPARATOR)) for text in texts]
    return lists if {n_rows, *n_texts, *map(len, lists)} == {n_rows} else None


def read_shapes(path: Path, layer: str) -> NDArray[Any] | None:
    """Geometries of a layer in the order the rows were written."""
    import shapely

    try:
        with _opened(path) as file:
            place = "select column_name from gpkg_geometry_columns where table_name = ?"
            (column,) = file.execute(place, (layer,)).fetchone()
            rows = file.execute(f"select {_named(column)} from {_named(layer)} order by rowid")
            shapes = [_wkb(blob) for (blob,) in rows]
        return np.asarray(shapely.from_wkb(np.array(shapes, dtype=object)))
    except (sqlite3.Error, TypeError, IndexError, ValueError, shapely.GEOSException):
        return None


def read_crs(path: Path, layer: str) -> str | None:
    """What a layer is in: ``EPSG:4547`` or WKT."""
    wanted = """
        select organization, organization_coordsys_id, definition
        from gpkg_geometry_columns join gpkg_spatial_ref_sys using (srs_id) where table_name = ?
    """
    try:
        with _opened(path) as file:
            organisation, number, definition = file.execute(wanted, (layer,)).fetchone()
    except (sqlite3.Error, TypeError):
        return None
    return f"EPSG:{number}" if str(organisation).upper() == "EPSG" else str(definition)


def layer_digest(path: Path, layer: str) -> str | None:
    """A value that changes whenever anything in the rows of a layer changes."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with _opened(path) as file:
            digest.update(repr(file.execute(f"pragma table_info({_named(layer)})").fetchall()).encode())
            place = "select srs_id from gpkg_geometry_columns where table_name = ?"
            digest.update(repr(file.execute(place, (layer,)).fetchall()).encode())
            rows = file.execute(f"select * from {_named(layer)} order by rowid")
            while some := rows.fetchmany(_AT_ONCE):
                digest.update(repr(some).encode("utf-8", "surrogatepass"))
    except sqlite3.Error:
        return None
    return digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    name = f"file:{quote(str(path.resolve()))}"
    try:
        file = sqlite3.connect(f"{name}?mode=ro", uri=True)
        file.execute("select 1 from sqlite_master").fetchone()
    except sqlite3.Error:
        # Changes that wait beside the file (WAL) can only be seen where that may be opened too.
        file = sqlite3.connect(f"{name}?mode=ro&immutable=1", uri=True)
    with closing(file):
        yield file


def _has(file: sqlite3.Connection, layer: str, columns: Sequence[str]) -> bool:
    return set(columns) <= {row[1] for row in file.execute(f"pragma table_info({_named(layer)})")}


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _wkb(blob: bytes) -> bytes:
    """The WKB in a GeoPackage's geometry: behind a head whose length a flag tells."""
    if blob[:2] != b"GP":
        raise ValueError(blob[:2])
    return blob[8 + _ENVELOPE_BYTES[blob[3] >> 1 & 7] :]
