"""A store as one file: the same from PostGIS and from SQLite, so that it also moves a store from one to the other.

A backup is a zip: one file of JSON lines a table, rows in the order of their key, and ``manifest.json`` with columns,
row counts and SHA-256 sums.  It is taken in one read transaction, so it holds one state of the store while others go
on writing.  Equal stores give equal tables, byte for byte.

Not part of it: signed-in browsers (they sign in again), address indexes (they are made anew), the job engine's own
state (jobs are taken up from their table), and secrets that are not in the store.  How a restored store is judged is
`data.store.examine`'s matter.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import IO, Any

import orjson
import shapely
from psycopg import sql
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    Table,
    func,
    inspect,
    select,
    type_coerce,
)
from sqlalchemy.sql import ColumnElement, Select

from data.files.atomic import whole_file
from data.store import embedded, postgis
from data.store.backup_file import MANIFEST, Manifest, TableSum, entry_of, opened, plain
from data.store.shape import LON_LAT, Moment, Shape
from data.store.tables import METADATA
from data.store.tx import Tx
from gis.errors import InputError
from gis.progress import SILENT, Progress

LEFT_OUT = frozenset({"sessions", "address_editions", "address_names", "address_keys"})
_ROWS_AT_ONCE = 5_000
_OWNERS = ("territories", "plans", "accounts", "jobs")  # put back first: row-level security asks them about the others
_TESTS: tuple[tuple[str, type[Any]], ...] = (
    ("shape", Shape),
    ("moment", Moment),
    ("json", JSON),
    ("bool", Boolean),
    ("int", BigInteger),
    ("int", Integer),
    ("float", Float),
    ("bytes", LargeBinary),
)


def save_backup(
    tx: Tx, path: Path, *, revision: str, version: str, created_at: str, progress: Progress = SILENT
) -> Manifest:
    """Write everything that a transaction sees to one file, whole or not at all.

    Parameters
    ----------
    tx
        A transaction that reads, unconfined.
    path
        The file; only its owner may read it, because it holds what passwords and keys are compared with.
    revision, version, created_at
        For the manifest.
    progress
        Watches the tables.

    Raises
    ------
    StorageError
        ``path_is_folder``, ``folder_missing``, ``disk_full``, ``file_not_writable``.
    """
    present = set(inspect(tx.connection).get_table_names())
    wanted = [METADATA.tables[name] for name in sorted(METADATA.tables) if name in present - LEFT_OUT]
    progress.stage("stage_backup", len(wanted))
    sums: dict[str, TableSum] = {}
    with whole_file(path) as place:
        place.touch(mode=0o600)
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            for table in wanted:
                with archive.open(entry_of(table.name), "w", force_zip64=True) as file:
                    sums[table.name] = _write_table(tx, table, file)
                progress.advance()
            manifest = Manifest(revision, version, created_at, sums)
            archive.writestr(MANIFEST, json.dumps(plain(manifest), indent=1, ensure_ascii=False) + "\n")
    return manifest


def table_sums(tx: Tx) -> dict[str, str]:
    """SHA-256 of every table as a backup would hold it: equal for equal stores."""
    return {
        name: _write_table(tx, table, _Nowhere()).sha256  # type: ignore[arg-type]
        for name, table in sorted(METADATA.tables.items())
        if name not in LEFT_OUT
    }


def load_backup(tx: Tx, path: Path, manifest: Manifest, progress: Progress = SILENT) -> None:
    """Put everything of a verified backup into empty tables, inside the caller's transaction.

    Raises
    ------
    InputError
        ``backup_table_damaged``: fewer or more rows than stated.
    """
    progress.stage("stage_restore", len(manifest.tables))
    with opened(path) as archive:
        for name, stated in sorted(manifest.tables.items(), key=lambda item: (item[0] not in _OWNERS, item[0])):
            table = METADATA.tables[name]
            if table.name == "settings":
                tx.connection.execute(table.delete())  # what the migration wrote; the backup's own takes its place
            n = 0
            with archive.open(entry_of(name)) as file:
                for rows in _batches(file, list(stated.columns.values())):
                    _insert(tx, table, stated.columns, rows)
                    n += len(rows)
            if n != stated.rows:
                raise InputError("backup_table_damaged", file=path.name, layer=name)
            progress.advance()


def n_rows_present(tx: Tx) -> int:
    """Rows that a store holds beside what its migrations write: 0 says that a backup may go there."""
    return sum(
        int(tx.connection.execute(select(func.count()).select_from(table)).scalar_one())
        for name, table in sorted(METADATA.tables.items())
        if name not in {"settings"}
    )


def _kind(column: Column[Any]) -> str:
    return next((kind for kind, test in _TESTS if isinstance(column.type, test)), "text")


def _write_table(tx: Tx, table: Table, file: IO[bytes]) -> TableSum:
    present = {found["name"] for found in inspect(tx.connection).get_columns(table.name)}
    columns = {column.name: _kind(column) for column in table.columns if column.name in present}
    digest, n_bytes, n_rows = hashlib.sha256(), 0, 0
    for rows in _read(tx, table, columns):
        text = b"".join(orjson.dumps([_packed(v, k) for v, k in zip(row, columns.values())]) + b"\n" for row in rows)
        file.write(text)
        digest.update(text)
        n_bytes += len(text)
        n_rows += len(rows)
    return TableSum(columns, n_rows, n_bytes, digest.hexdigest())


def _read(tx: Tx, table: Table, columns: Mapping[str, str]) -> Iterator[Sequence[Sequence[Any]]]:
    """Rows in the order of the key, the same on both stores: texts by their bytes, not by a language."""
    wanted = select(*(_raw(tx, table.c[name], kind) for name, kind in columns.items()))
    keys = list(table.primary_key.columns)
    for part in _parts(tx, table, wanted):
        ordered = part.order_by(*(_by_bytes(tx, key) for key in keys))
        streamed = tx.connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(ordered)
        yield from streamed.partitions()


def _parts(tx: Tx, table: Table, wanted: Select[Any]) -> Iterator[Select[Any]]:
    if not _is_in_parts(table):
        yield wanted
        return
    counties = tx.connection.execute(select(table.c.county).distinct()).scalars().all()
    for county in sorted(counties, key=lambda text: str(text).encode()):
        yield wanted.where(table.c.county == county)


def _is_in_parts(table: Table) -> bool:
    return bool(table.dialect_options["postgresql"]["partition_by"])


def _by_bytes(tx: Tx, key: Column[Any]) -> ColumnElement[Any]:
    return key.collate("C") if tx.is_postgis and _kind(key) == "text" else key


def _raw(tx: Tx, column: Column[Any], kind: str) -> ColumnElement[Any]:
    if kind != "shape":
        return column
    return func.ST_AsBinary(column, type_=LargeBinary()) if tx.is_postgis else type_coerce(column, LargeBinary())


def _packed(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind in ("bytes", "shape"):
        return base64.b64encode(value).decode("ascii")
    if kind == "moment":
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if kind == "float":
        return value if math.isfinite(value) else str(value)
    if kind == "json":
        # Sorted, because PostgreSQL keeps the keys of an object in an order of its own.
        return json.loads(json.dumps(value, sort_keys=True))
    return value


def _unpacked(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind in ("bytes", "shape"):
        return base64.b64decode(value, validate=True)
    if kind == "json":
        return json.dumps(value, ensure_ascii=False)
    return float(value) if kind == "float" else value  # moments are texts that both databases read


def _batches(file: IO[bytes], kinds: Sequence[str]) -> Iterator[list[list[Any]]]:
    rows: list[list[Any]] = []
    for line in file:
        rows.append([_unpacked(value, kind) for value, kind in zip(orjson.loads(line), kinds, strict=True)])
        if len(rows) == _ROWS_AT_ONCE:
            yield rows
            rows = []
    if rows:
        yield rows


def _insert(tx: Tx, table: Table, columns: Mapping[str, str], rows: Sequence[list[Any]]) -> None:
    names = list(columns)
    shapes = {
        name: shapely.from_wkb([row[names.index(name)] for row in rows]) for name in columns if columns[name] == "shape"
    }
    if tx.is_postgis:
        _copy_in(tx, table, columns, rows, shapes)
        return
    listed, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" for _ in names)
    statement = f'insert into "{table.name}" ({listed}) values ({marks})'
    tx.connection.exec_driver_sql(statement, [tuple(row) for row in rows])
    if "geom" in shapes:
        fids = [row[names.index("fid")] for row in rows]
        embedded.add_windows(tx.connection, table.name, fids, shapes["geom"])


def _copy_in(
    tx: Tx, table: Table, columns: Mapping[str, str], rows: Sequence[list[Any]], shapes: Mapping[str, Any]
) -> None:
    names = list(columns)
    for name, geometry in shapes.items():
        place = names.index(name)
        for row, text in zip(rows, shapely.to_wkb(shapely.set_srid(geometry, LON_LAT), hex=True, include_srid=True)):
            row[place] = text
    if _is_in_parts(table):
        for county in sorted({row[names.index("county")] for row in rows}):
            postgis.ensure_parts(tx.connection, [table], county)
    raw = tx.connection.connection.driver_connection
    assert raw is not None
    words = {
        "table": sql.Identifier(table.name),
        "waiting": sql.Identifier(f"waiting_{table.name}"),
        "columns": sql.SQL(", ").join(map(sql.Identifier, names)),
    }
    # COPY is refused on a table with row-level security; and as text, so that the server itself reads every type.
    raw.execute(sql.SQL("create temporary table {waiting} (like {table}) on commit drop").format(**words))
    with raw.cursor() as cursor, cursor.copy(sql.SQL("copy {waiting} ({columns}) from stdin").format(**words)) as copy:
        for row in rows:
            copy.write_row(row)
    raw.execute(sql.SQL("insert into {table} ({columns}) select {columns} from {waiting}").format(**words))
    raw.execute(sql.SQL("drop table {waiting}").format(**words))


class _Nowhere(io.RawIOBase):
    """Takes everything and keeps nothing."""

    def write(self, block: Any) -> int:
        """Forget it."""
        return len(block)
