"""The file of a backup: a zip of one file a table and a manifest; read with suspicion, for it may come from anywhere.

What is in the tables is `data.store.backup`'s matter; this room says whether a file is a backup and is whole.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from data.store.tables import METADATA
from gis.errors import Fault, InputError
from gis.progress import SILENT, Progress

FORMAT = "gridwright-store-1"
MANIFEST = "manifest.json"
_MOST_MANIFEST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class TableSum:
    """What a backup says of one table."""

    columns: Mapping[str, str]
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    Attributes
    ----------
    revision
        Migration that the tables had.
    version
        Release of gridwright that wrote it.
    created_at
        When, ISO 8601 in UTC.
    tables
        Table -> its columns with their kinds, rows, bytes and sum.
    """

    revision: str
    version: str
    created_at: str
    tables: Mapping[str, TableSum] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())


def entry_of(table: str) -> str:
    """Name of a table's part."""
    return f"tables/{table}.jsonl"


def read_manifest(path: Path) -> Manifest:
    """What a backup says of itself.

    Raises
    ------
    InputError
        ``backup_missing``, ``backup_not_one``, ``backup_format_unknown``.
    """
    with opened(path) as archive:
        return _manifest_of(archive, path)


def verify_backup(path: Path, progress: Progress = SILENT) -> Manifest:
    """Read a whole backup and compare every table with its sum.

    Raises
    ------
    InputError
        What `read_manifest` refuses; every fault found of ``backup_table_missing``, ``backup_table_damaged``,
        ``backup_table_strange``.
    """
    with opened(path) as archive:
        manifest = _manifest_of(archive, path)
        faults = [
            Fault("backup_table_strange", {"file": path.name, "layer": name})
            for name, stated in sorted(manifest.tables.items())
            if name not in METADATA.tables or not stated.columns.keys() <= set(METADATA.tables[name].columns.keys())
        ]
        progress.stage("stage_backup_verify", len(manifest.tables))
        for name, stated in manifest.tables.items():
            facts = {"file": path.name, "layer": name}
            if entry_of(name) not in archive.namelist():
                faults.append(Fault("backup_table_missing", facts))
            elif not _is_as_stated(archive, name, stated):
                faults.append(Fault("backup_table_damaged", facts))
            progress.advance()
    if faults:
        raise InputError.of(faults)
    return manifest


def opened(path: Path) -> zipfile.ZipFile:
    """Open a backup.

    Raises
    ------
    InputError
        ``backup_missing``, ``backup_not_one``.
    """
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise InputError("backup_missing", file=str(path)) from error
    except (zipfile.BadZipFile, IsADirectoryError) as error:
        raise InputError("backup_not_one", file=str(path)) from error


def _manifest_of(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        with archive.open(MANIFEST) as file:
            found = json.loads(file.read(_MOST_MANIFEST_BYTES))
        if found["format"] != FORMAT:
            raise InputError("backup_format_unknown", file=path.name, measured=str(found["format"]), allowed=FORMAT)
        tables = {str(name): TableSum(**stated) for name, stated in found["tables"].items()}
        return Manifest(str(found["revision"]), str(found["version"]), str(found["created_at"]), tables)
    except (KeyError, TypeError, ValueError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError("backup_not_one", file=str(path)) from error


def plain(manifest: Manifest) -> dict[str, Any]:
    """The manifest as it is written."""
    return {"format": FORMAT, **asdict(manifest)}


def _is_as_stated(archive: zipfile.ZipFile, name: str, stated: TableSum) -> bool:
    """Whether an entry has the bytes and the sum stated; reads no more than stated, however much it unpacks to."""
    digest, n_bytes = hashlib.sha256(), 0
    try:
        with archive.open(entry_of(name)) as file:
            while n_bytes <= stated.bytes and (block := file.read(1 << 20)):
                digest.update(block)
                n_bytes += len(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
        return False
    return n_bytes == stated.bytes and digest.hexdigest() == stated.sha256
